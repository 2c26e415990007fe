"""Evidence: which behaviors calls relied on, and how well each is founded."""

import pytest
import requests

from hostway_fake import Evidence, FakeHostway, Reliance


def test_without_calls_nothing_was_relied_on(fake: FakeHostway) -> None:
    assert fake.evidence() == ()


def test_a_success_relies_on_its_operation_and_what_it_meets(fake: FakeHostway, session: requests.Session) -> None:
    for _ in range(2):
        session.get(f"{fake.url}/volumes")

    relied = {each.behavior: each for each in fake.evidence()}

    assert relied["list_volumes"] == Reliance("list_volumes", Evidence.DOCUMENTED, "Volume pages", 2)
    assert relied["volume_list_size"] == Reliance("volume_list_size", Evidence.CONTRADICTED, "Volume pages", 2)
    assert "volume_create_status" not in relied


def test_a_refusal_relies_on_its_error_and_not_on_the_operation(fake: FakeHostway, session: requests.Session) -> None:
    session.get(f"{fake.url}/volumes/nothing")

    behaviors = [each.behavior for each in fake.evidence()]

    assert behaviors[0] == "404 Resource not found"
    assert "get_volume" not in behaviors


def test_a_call_without_an_operation_relies_on_what_all_have(fake: FakeHostway, session: requests.Session) -> None:
    session.auth = None
    session.get(f"{fake.url}/servers")

    behaviors = {each.behavior for each in fake.evidence()}

    assert {"401 Unauthorized", "unauthorized_challenge", "authorization"} <= behaviors
    assert "server_list_filters" not in behaviors


def test_an_injected_answer_relies_on_nothing(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on().respond(503)
    session.get(f"{fake.url}/servers")

    assert fake.evidence() == ()


def test_what_was_rehearsed_only_was_not_relied_on(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on().truncate(0)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"{fake.url}/servers")

    assert fake.evidence() == ()


def test_the_best_founded_stands_first(fake: FakeHostway, session: requests.Session) -> None:
    session.get(f"{fake.url}/servers")

    labels = [each.label for each in fake.evidence()]

    assert labels == sorted(labels, key=list(Evidence).index)


def test_accounts_have_evidence_of_their_own(fake: FakeHostway) -> None:
    with fake.add_account("michalski275226", "secret") as other:
        other.session().get(f"{other.url}/servers")

        assert (len(fake.evidence()), len(other.evidence()) > 0) == (0, True)


@pytest.mark.parametrize(
    ("method", "path", "relied"),
    [("HEAD", "zone", True), ("HEAD", "nothing", True), ("OPTIONS", "zone", True), ("PATCH", "zone", False)],
)
def test_head_and_options_are_relied_on_by_those_who_use_them(
    fake: FakeHostway, session: requests.Session, method: str, path: str, relied: bool
) -> None:
    session.request(method, f"{fake.url}/{path}")

    assert ("head_and_options" in {each.behavior for each in fake.evidence()}) == relied
