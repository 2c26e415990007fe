"""freezegun and time-machine: the following clock follows them, the fake's own ignores them, and nothing hangs."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any, Final

import pytest
import time_machine
from freezegun import freeze_time

from hostway_fake import START, FakeHostway, ServerHandle

_THEN: Final = datetime(2026, 1, 31, 23, 59, 30, tzinfo=UTC)
_CREATED_BY_FOLLOWING: Final = "2026-02-01 00:00:30"
_CREATED_BY_THE_FAKE: Final = "2013-04-12 19:30:00"

Tick = Callable[[float], None]


@contextmanager
def _freezegun() -> Iterator[Tick]:
    with freeze_time(_THEN) as frozen:
        yield lambda seconds: frozen.move_to(datetime.now(UTC) + timedelta(seconds=seconds))


@contextmanager
def _time_machine() -> Iterator[Tick]:
    with time_machine.travel(_THEN, tick=False) as traveller:
        yield lambda seconds: traveller.shift(seconds)


class Way:
    """A client of a fake, in process or on a socket, that is asked in a thread lest it hang the test."""

    def __init__(self, fake: FakeHostway, server: ServerHandle) -> None:
        self.fake, self.server, self.session = fake, server, fake.session()

    def list(self) -> list[dict[str, Any]]:
        found: list[list[dict[str, Any]]] = []

        def ask() -> None:
            with self.session.get(f"{self.fake.url}/servers/{self.server.id}/snapshots") as answer:
                found.append(answer.json()["snapshots"])

        asking = Thread(target=ask, daemon=True)
        asking.start()
        asking.join(5)
        assert found, "it hangs"
        return found[0]


@pytest.mark.parametrize("freezer", [_freezegun, _time_machine])
@pytest.mark.parametrize("started", ["before", "after"])
@pytest.mark.parametrize("reached", ["adapter", "socket"])
@pytest.mark.parametrize("clock", ["follow", "fake"])
def test_times_are_right_and_nothing_hangs(
    freezer: Callable[[], AbstractContextManager[Tick]], started: str, reached: str, clock: str
) -> None:
    with ExitStack() as stack:
        if started == "after":
            tick = stack.enter_context(freezer())
        fake = stack.enter_context(FakeHostway(clock=clock))
        socket = ExitStack()
        face = fake.at(socket.enter_context(fake.serve()).url) if reached == "socket" else fake
        if started == "before":
            tick = stack.enter_context(freezer())
        server = fake.add_server()
        server.add_snapshot("a", status="BUILD")
        way = Way(face, server)
        assert [snapshot["status"] for snapshot in way.list()] == ["BUILD"]

        tick(3600)
        if clock == "follow":
            assert [snapshot["create_time"] for snapshot in way.list()] == [_CREATED_BY_FOLLOWING]
            tick(-3600)
            assert [snapshot["status"] for snapshot in way.list()] == ["BUILD"]
        else:
            assert fake.clock.now() == START
            fake.clock.advance(3600)
            assert [snapshot["create_time"] for snapshot in way.list()] == [_CREATED_BY_THE_FAKE]

        way.session.close()
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        socket.close()
        assert time.clock_gettime_ns(time.CLOCK_MONOTONIC) - before < 10**9


@pytest.mark.parametrize("freezer", [_freezegun, _time_machine])
def test_time_that_is_set_free_shows_what_is_so_by_then(freezer: Callable[[], AbstractContextManager[Tick]]) -> None:
    with FakeHostway(clock="follow") as fake, freezer() as tick:
        tick(86_400)
        server = fake.add_server()
        with freezer():
            server.add_snapshot("a", status="BUILD")
            assert [(snapshot.status, snapshot.requested_at) for snapshot in server.snapshots] == [("BUILD", _THEN)]

        assert [snapshot.completed_at for snapshot in server.snapshots] == [_THEN + timedelta(minutes=1)]
        assert fake.clock.pending() == ()
