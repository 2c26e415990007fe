"""Running to the very event that a test waits for."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest

from hostway_fake import START, CannotHappenError, FakeHostway, InvalidValueError, ServerHandle


def test_it_runs_to_the_very_instant(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(seconds=42.5)
    snapshot = server.add_snapshot("a", status="BUILD")

    active = fake.run_until(snapshot.id, "ACTIVE")

    assert (active.status, active.completed_at) == ("ACTIVE", START + timedelta(seconds=42.5))
    assert fake.clock.now() == START + timedelta(seconds=42.5)


def test_what_is_so_already_moves_nothing(fake: FakeHostway, server: ServerHandle) -> None:
    snapshot = server.add_snapshot("a")

    assert fake.run_until(snapshot.id, "ACTIVE").status == "ACTIVE"
    assert fake.clock.now() == START


def test_what_is_so_already_asks_nothing_of_the_clock() -> None:
    with FakeHostway(clock="follow") as fake:
        snapshot = fake.add_server().add_snapshot("a")

        assert fake.run_until(snapshot.id, "ACTIVE").status == "ACTIVE"


def test_it_finds_a_build_that_ends_deleted(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(seconds=5, ends="DELETED")

    assert fake.run_until(server.add_snapshot("a", status="BUILD").id, "DELETED").status == "DELETED"


@pytest.mark.parametrize(
    ("order", "status", "said"),
    [
        ({"never": True}, "ACTIVE", "it is BUILD, and nothing is planned for it"),
        (
            {"seconds": 5, "ends": "DELETED"},
            "ACTIVE",
            "it is BUILD, and it will be DELETED at 2013-04-12T19:29:05+00:00",
        ),
        ({"seconds": 5}, "DELETED", "it is BUILD, and it will be ACTIVE at 2013-04-12T19:29:05+00:00"),
    ],
)
def test_what_cannot_happen_is_told_with_what_will(
    fake: FakeHostway, server: ServerHandle, order: dict[str, bool], status: str, said: str
) -> None:
    fake.builds.next(**order)  # type: ignore[arg-type]
    snapshot = server.add_snapshot("a", status="BUILD")

    with pytest.raises(CannotHappenError) as caught:
        fake.run_until(snapshot.id, status)

    assert str(caught.value).startswith(f"{snapshot.id} will not become {status}: {said}")
    assert fake.clock.now() == START


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHostway]:
    """A fake on whose clock a second passes with each look at it."""
    seconds = count()
    monkeypatch.setattr("hostway_fake.clock.clocks.monotonic_ns", lambda: next(seconds) * 10**9)
    with FakeHostway() as fake:
        fake.clock.rate = 1
        yield fake


@pytest.mark.parametrize("tenths", range(5, 120, 5))
def test_on_a_running_clock_what_has_come_about_meanwhile_is_so(running: FakeHostway, tenths: int) -> None:
    running.builds.next(seconds=tenths / 10)

    assert running.run_until(running.add_server().add_snapshot("a", status="BUILD").id, "ACTIVE").status == "ACTIVE"


@pytest.mark.parametrize("tenths", range(5, 120, 5))
def test_on_a_running_clock_the_next_event_may_have_passed(running: FakeHostway, tenths: int) -> None:
    running.builds.next(seconds=tenths / 10)
    server = running.add_server()
    server.add_snapshot("a", status="BUILD")

    running.clock.advance_to_next()

    assert running.clock.advance_to_next() is None
    assert server.snapshots[0].status == "ACTIVE"


def test_the_past_does_not_come_back(fake: FakeHostway, server: ServerHandle) -> None:
    snapshot = server.add_snapshot("a")

    with pytest.raises(CannotHappenError, match="it is ACTIVE, and nothing is planned"):
        fake.run_until(snapshot.id, "BUILD")


def test_an_unknown_status_is_refused(fake: FakeHostway, server: ServerHandle) -> None:
    with pytest.raises(InvalidValueError, match="status: got 'READY', expected one of: 'BUILD', 'ACTIVE', 'DELETED'"):
        fake.run_until(server.add_snapshot("a").id, "READY")


def test_an_unknown_snapshot_is_refused(fake: FakeHostway) -> None:
    with pytest.raises(InvalidValueError, match="snapshot id: got 'nowhere', expected a snapshot of this account"):
        fake.run_until("nowhere", "ACTIVE")
