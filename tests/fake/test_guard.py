"""Polling in vain: the guard that ends a loop which could never end."""

from typing import Any

import pytest
import requests

from hostway_fake import FakeHostway, FrozenClockError, ServerHandle


def pending(fake: FakeHostway, server: ServerHandle, **order: Any) -> str:
    """The URL of a snapshot in BUILD."""
    fake.builds.next(**order)
    return f"{fake.url}/servers/{server.id}/snapshots/{server.add_snapshot('a', status='BUILD').id}"


def poll(session: requests.Session, url: str, times: int) -> None:
    for _ in range(times):
        session.get(url)


def test_a_thousand_polls_pass_and_one_more_does_not(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    url = pending(fake, server)
    poll(session, url, 1000)

    with pytest.raises(FrozenClockError):
        session.get(url)


def test_it_fails_a_test_as_an_assertion_does() -> None:
    assert issubclass(FrozenClockError, AssertionError)


@pytest.mark.parametrize(("order", "when"), [({}, "it is due in 60 s"), ({"never": True}, "nothing will ever end it")])
def test_it_says_where_the_clock_stands_and_what_to_do(order: dict[str, Any], when: str) -> None:
    with FakeHostway(poll_limit=1) as fake, fake.session() as session:
        url = pending(fake, fake.add_server(), **order)
        session.get(url)

        with pytest.raises(FrozenClockError) as caught:
            session.get(url)

    said = str(caught.value)
    assert "the clock stands at 2013-04-12T19:29:00+00:00" in said
    assert when in said
    assert [
        way for way in ("fake.clock.advance", "fake.sleep", "fake.patch_sleep", "poll_step") if way not in said
    ] == []


def test_how_many_polls_pass_is_an_option() -> None:
    with FakeHostway(poll_limit=3) as fake, fake.session() as session:
        url = pending(fake, fake.add_server())
        poll(session, url, 3)

        with pytest.raises(FrozenClockError, match="was polled 4 times"):
            session.get(url)


def test_a_list_is_guarded_too() -> None:
    with FakeHostway(poll_limit=3) as fake, fake.session() as session:
        url = pending(fake, fake.add_server()).rpartition("/")[0]
        poll(session, url, 3)

        with pytest.raises(FrozenClockError):
            session.get(url)


def test_a_clock_that_moved_begins_anew() -> None:
    with FakeHostway(poll_limit=3) as fake, fake.session() as session:
        url = pending(fake, fake.add_server())
        for _ in range(5):
            poll(session, url, 3)
            fake.clock.advance(1)

        assert session.get(url).json()["snapshot"]["status"] == "BUILD"


def test_a_moving_clock_does_not_help_what_never_ends() -> None:
    with FakeHostway(poll_limit=3) as fake, fake.session() as session:
        url = pending(fake, fake.add_server(), never=True)
        for _ in range(3):
            session.get(url)
            fake.clock.advance(1)

        with pytest.raises(FrozenClockError, match="nothing will ever end it"):
            session.get(url)


def test_what_is_finished_can_be_read_for_ever() -> None:
    with FakeHostway(poll_limit=3) as fake, fake.session() as session:
        url = pending(fake, fake.add_server())
        fake.clock.advance(60)

        poll(session, url, 10)

        assert session.get(url).json()["snapshot"]["status"] == "ACTIVE"


def test_each_place_is_counted_for_itself() -> None:
    with FakeHostway(poll_limit=3) as fake, fake.session() as session:
        urls = [pending(fake, fake.add_server()) for _ in range(2)]

        for url in urls * 3:
            session.get(url)

        for url in urls:
            with pytest.raises(FrozenClockError):
                session.get(url)


def test_on_a_socket_the_client_is_told_and_the_test_fails_all_the_same() -> None:
    fake = FakeHostway(poll_limit=3)
    answers = []

    with pytest.raises(FrozenClockError, match="was polled 4 times"), fake, fake.serve() as server:  # noqa: PT012
        url = pending(fake.at(server.url), fake.add_server())
        with fake.at(server.url).session() as session:
            answers = [session.get(url) for _ in range(4)]  # a client that looks at no status

    assert [answer.status_code for answer in answers] == [200, 200, 200, 500]
    fault = answers[-1].json()["computeFault"]
    assert (fault["code"], "the clock stands at" in fault["details"]) == (500, True)
