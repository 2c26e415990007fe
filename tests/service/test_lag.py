"""Reads that lag behind: they show the account as it was, and writes use the present."""

from typing import Any, Final

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from hostway_fake import FakeHostway, InvalidValueError, UnfinishedRuleError, WrongTypeError
from hostway_fake.faults import lag
from hostway_fake.faults.outcomes import Lag

SERVER: Final = "jello614636-USOTE-0214"


def _create(session: requests.Session, url: str, name: str) -> requests.Response:
    return session.post(url, json={"snapshot": {"name": name}})


def _names(answer: requests.Response) -> list[str]:
    return [snapshot["name"] for snapshot in answer.json()["snapshots"]]


@pytest.fixture
def url(fake: FakeHostway) -> str:
    return f"{fake.url}/servers/{fake.add_server(SERVER).id}/snapshots"


def test_location_of_a_create_is_404_until_the_lag_is_over(fake: FakeHostway, url: str) -> None:
    fake.faults.on("get_snapshot").lag(5)
    session = fake.session()
    location = _create(session, url, "a").headers["Location"]

    seen = []
    for _ in range(3):
        seen.append(session.get(location).status_code)
        fake.clock.advance(4)

    assert seen == [404, 404, 200]
    assert [call.effect for call in fake.calls] == ["applied", "refused", "refused", "none"]


def test_list_lags_but_a_create_uses_the_present(fake: FakeHostway, url: str) -> None:
    fake.faults.on("list_snapshots").lag(5)
    session = fake.session()
    _create(session, url, "a")

    assert _names(session.get(url)) == []
    assert _create(session, url, "a").status_code == 409


def test_deleted_snapshot_is_still_listed(fake: FakeHostway, url: str) -> None:
    session = fake.session()
    location = _create(session, url, "a").headers["Location"]
    fake.clock.advance(100)
    session.delete(location)
    fake.faults.on("list_snapshots").lag(5)

    assert _names(session.get(url)) == ["a"]
    fake.clock.advance(5)
    assert _names(session.get(url)) == []


def test_status_lags(fake: FakeHostway, url: str) -> None:
    session = fake.session()
    location = _create(session, url, "a").headers["Location"]
    fake.faults.on("get_snapshot").lag(5)
    fake.clock.advance(62)

    assert session.get(location).json()["snapshot"]["status"] == "BUILD"
    fake.clock.advance(3)
    assert session.get(location).json()["snapshot"]["status"] == "ACTIVE"


def test_servers_lag(fake: FakeHostway, url: str) -> None:
    fake.clock.advance(60)
    session = fake.session()
    order = {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "1"}
    created = session.post(f"{fake.url}/servers", json={"server": order}).json()["server"]["id"]
    fake.consistency(5)

    assert session.get(f"{fake.url}/servers/{created}").status_code == 404
    fake.clock.advance(5)
    assert session.get(f"{fake.url}/servers/{created}").json()["server"]["status"] == "BUILD"


def test_poll_of_a_lagging_status_waits_until_it_shows(fake: FakeHostway, url: str) -> None:
    location = _create(fake.session(), url, "a").headers["Location"]
    fake.faults.on("get_snapshot").lag(5)
    fake.clock.advance(60)
    for _ in range(3):
        fake.session().get(location)

    stalled = fake.account.world.stalled_polls()

    assert stalled is not None
    assert "it is due in 5 s" in stalled.message


def test_lag_goes_back_no_further_than_time_does(fake: FakeHostway, url: str) -> None:
    fake.faults.on("list_snapshots").lag(10**9)

    assert fake.session().get(url).status_code == 200


def test_replicas_let_a_list_go_back_in_time() -> None:
    def seen(seed: int) -> list[int]:
        with FakeHostway(seed=seed) as fake, fake.session() as session:
            url = f"{fake.url}/servers/{fake.add_server(SERVER).id}/snapshots"
            fake.clock.advance(60)
            fake.faults.on("list_snapshots").lag(10, monotonic=False)
            for name in "abc":
                _create(session, url, name)
                fake.clock.advance(3)
            return [len(_names(session.get(url))) for _ in range(12)]

    assert seen(7) == seen(7)
    assert any(earlier > later for earlier, later in zip(seen(7), seen(7)[1:], strict=False))


def test_consistency_lags_every_read_and_is_not_expected(fake: FakeHostway, url: str) -> None:
    rules = fake.consistency(5)
    _create(fake.session(), url, "a")

    assert _names(fake.session().get(url)) == []
    assert [rule.remaining for rule in rules] == [0] * len(Lag.operations)
    fake.faults.check()


def test_consistency_replaces_what_was_set_before(fake: FakeHostway) -> None:
    fake.consistency(5)
    (rule,) = fake.consistency(7, ["get_snapshot"], monotonic=False)

    assert [each.name for each in fake.faults.rules] == [rule.name] == ["consistency get_snapshot"]


def test_later_rule_acts_in_place_of_consistency(fake: FakeHostway, url: str) -> None:
    fake.consistency(5)
    fake.faults.on("list_snapshots").first(1).respond(503)

    assert fake.session().get(url).status_code == 503


@pytest.mark.parametrize(
    ("seconds", "operations", "error", "said"),
    [
        (0, Lag.operations, InvalidValueError, "seconds: got 0, expected a number above 0"),
        ("5", Lag.operations, WrongTypeError, "seconds: got '5'"),
        (
            5,
            ["delete_snapshot"],
            InvalidValueError,
            "operation: got 'delete_snapshot', expected one that reads",
        ),
        (5, ["list_snapshotz"], InvalidValueError, "operation: got 'list_snapshotz'"),
        (5, None, WrongTypeError, "operations: got None, expected a list of names"),
        (5, [7], WrongTypeError, "operation: got 7"),
        (5, "get_server", WrongTypeError, "operations: got 'get_server', expected a list of names"),
    ],
)
def test_consistency_that_is_refused_leaves_the_earlier_one(
    fake: FakeHostway, seconds: Any, operations: Any, error: type[Exception], said: str
) -> None:
    before = fake.consistency(5)

    with pytest.raises(error, match=f"^{said}"):
        fake.consistency(seconds, operations)

    assert {rule.name for rule in fake.faults.rules} == {rule.name for rule in before}


@pytest.mark.parametrize("operation", [None, "create_snapshot", "get_volume", "list_flavors"])
def test_lag_refuses_operations_without_an_earlier_state(fake: FakeHostway, operation: str | None) -> None:
    with pytest.raises(
        InvalidValueError, match="expected one that reads snapshots or servers: 'list_snapshots', 'get_snap"
    ):
        fake.faults.on(operation).lag(5)

    fake.faults.check()


def test_outage_refuses_to_lag(fake: FakeHostway) -> None:
    with pytest.raises(InvalidValueError, match="expected one that reads snapshots or servers"):
        fake.faults.outage(0, 5, lag(5))


def test_lag_has_no_side(fake: FakeHostway) -> None:
    with pytest.raises(InvalidValueError, match="expected it without before_commit and after_commit"):
        fake.faults.on("get_server").after_commit().lag(5)


def test_rules_that_lag_survive_a_dump(fake: FakeHostway) -> None:
    fake.consistency(5)
    fake.faults.on("get_server").lag(7.5, monotonic=False)

    with FakeHostway.from_dict(fake.to_dict()) as again:
        assert again.to_dict() == fake.to_dict()
        again.faults.clear()
    fake.faults.clear()


def test_begun_rule_is_unfinished_until_it_lags(fake: FakeHostway) -> None:
    fake.faults.on("get_server")
    with pytest.raises(UnfinishedRuleError):
        fake.faults.check()


_WRITES: Final = st.lists(st.tuples(st.sampled_from(("create", "delete", "wait")), st.sampled_from("abc")), max_size=20)


def _play(writes: list[tuple[str, str]], lagging: float) -> tuple[list[int], list[object]]:
    """Write between the seconds of a run, and read at each second. Return the statuses of the writes, and the reads."""
    statuses, reads = [], []
    with FakeHostway(seed=7, build_seconds=9) as fake, fake.session() as session:
        url = f"{fake.url}/servers/{fake.add_server(SERVER).id}/snapshots"
        if lagging:
            fake.consistency(lagging)
        for word, name in [*writes, *[("wait", "")] * 12]:
            fake.clock.advance(0.5)
            if word == "create":
                statuses.append(_create(session, url, name).status_code)
            elif word == "delete":
                found = [each.id for each in fake.servers[0].snapshots if each.name == name]
                statuses += [session.delete(f"{url}/{each}").status_code for each in found]
            fake.clock.advance(0.5)
            reads.append(session.get(url).json()["snapshots"])
    return statuses, reads


@settings(max_examples=50, deadline=None)
@given(_WRITES, st.integers(1, 40))
def test_read_with_lag_equals_the_earlier_read_without_lag(writes: list[tuple[str, str]], lagging: int) -> None:
    statuses, reads = _play(writes, 0)
    statuses_behind, reads_behind = _play(writes, lagging)

    assert statuses_behind == statuses
    assert reads_behind == ([[]] * lagging + reads)[: len(reads)]
