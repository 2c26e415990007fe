"""The clock that polling moves, for who asks for it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from hostway_fake import START, ClockError, FakeHostway, ServerHandle


@pytest.fixture
def stepping() -> Iterator[FakeHostway]:
    with FakeHostway(poll_step=25) as fake:
        yield fake


def passed(fake: FakeHostway) -> float:
    return (fake.clock.now() - START).total_seconds()


def snapshots(fake: FakeHostway, server: ServerHandle) -> str:
    return f"{fake.url}/servers/{server.id}/snapshots"


def test_a_read_of_something_unfinished_moves_time(stepping: FakeHostway) -> None:
    server = stepping.add_server()
    snapshot = server.add_snapshot("a", status="BUILD")

    with stepping.session() as session:
        statuses: list[str] = []
        while statuses[-1:] != ["ACTIVE"]:
            statuses.append(session.get(f"{snapshots(stepping, server)}/{snapshot.id}").json()["snapshot"]["status"])

    assert statuses == ["BUILD", "BUILD", "BUILD", "ACTIVE"]
    assert passed(stepping) == 60


def test_a_step_does_not_pass_the_next_event(stepping: FakeHostway) -> None:
    server = stepping.add_server()
    server.add_snapshot("a", status="BUILD")
    stepping.builds.next(seconds=10)
    stepping.add_server().add_snapshot("b", status="BUILD")

    with stepping.session() as session:
        moves = []
        for _ in range(3):
            session.get(snapshots(stepping, server))
            moves.append(passed(stepping))

    assert moves == [10, 35, 60]


def test_a_step_is_whole_where_nothing_is_to_come(stepping: FakeHostway) -> None:
    server = stepping.add_server()
    stepping.builds.next(never=True)
    server.add_snapshot("a", status="BUILD")

    with stepping.session() as session:
        session.get(snapshots(stepping, server))

    assert passed(stepping) == 25


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_list_of_something_unfinished_moves_time(stepping: FakeHostway, method: str) -> None:
    server = stepping.add_server()
    server.add_snapshot("a", status="BUILD")

    with stepping.session() as session:
        session.request(method, snapshots(stepping, server))

    assert passed(stepping) == 25


def test_nothing_else_moves_time(stepping: FakeHostway) -> None:
    server = stepping.add_server()
    with stepping.session() as session:
        url = snapshots(stepping, server)
        session.post(url, json={"snapshot": {"name": "a"}})
        stepping.clock.advance(60)
        session.get(url)
        session.get(f"{url}/nothing")
        server.snapshots  # noqa: B018

    assert passed(stepping) == 60


def test_without_asking_reading_moves_nothing(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    server.add_snapshot("a", status="BUILD")

    session.get(snapshots(fake, server))

    assert fake.clock.now() - START == timedelta(0)


@pytest.mark.parametrize("clock", ["follow", "system"])
def test_it_is_refused_for_a_clock_that_is_not_the_fake_s(clock: Any) -> None:
    with pytest.raises(ClockError, match="poll_step cannot move"):
        FakeHostway(clock=clock, poll_step=5)
