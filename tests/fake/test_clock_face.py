"""The clock of a fake, with what is planned on it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hostway_fake import START, ClockError, FakeHostway, InvalidValueError, ServerHandle


class Sundial:
    """A clock of the user's own."""

    def now(self) -> datetime:
        return START


def test_it_tells_an_aware_instant_in_utc(fake: FakeHostway) -> None:
    assert fake.clock.now() == START
    assert fake.clock.now().tzinfo is UTC


def test_a_snapshot_due_long_ago_has_the_instant_at_which_it_was_due(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(seconds=5)
    server.add_snapshot("a", status="BUILD")

    fake.clock.advance(hours=1)

    assert server.snapshots[0].completed_at == START + timedelta(seconds=5)


def test_it_goes_from_event_to_event(fake: FakeHostway, server: ServerHandle) -> None:
    for seconds in (30, 10):
        fake.builds.next(seconds=seconds)
        server.add_snapshot(str(seconds), status="BUILD")
    pending = fake.clock.pending()

    events = [fake.clock.advance_to_next(), fake.clock.advance_to_next(), fake.clock.advance_to_next()]

    assert events == [pending[0], pending[1], None]
    assert [event.due - START for event in pending] == [timedelta(seconds=10), timedelta(seconds=30)]
    assert [(event.server_id, event.status) for event in pending] == [(server.id, "ACTIVE")] * 2
    assert fake.clock.now() == START + timedelta(seconds=30)


def test_without_an_event_nothing_moves(fake: FakeHostway) -> None:
    assert fake.clock.advance_to_next() is None
    assert (fake.clock.now(), fake.clock.pending()) == (START, ())


def test_it_can_run(fake: FakeHostway) -> None:
    fake.clock.rate = 10**9
    now = fake.clock.now()

    assert fake.clock.rate == 10**9
    assert fake.clock.now() > now > START


def test_it_does_not_go_back(fake: FakeHostway) -> None:
    fake.clock.advance_to(START + timedelta(days=1))

    with pytest.raises(ValueError, match="advance_to: got"):
        fake.clock.advance_to(START)
    with pytest.raises(InvalidValueError, match="does not go back"):
        fake.clock.advance(seconds=-1)
    assert fake.clock.now() == START + timedelta(days=1)


@pytest.mark.parametrize(
    ("clock", "reason"),
    [
        ("follow", "move it with freezegun or time-machine"),
        ("system", "it is the time of the machine"),
        (Sundial(), "it is an object of your own"),
    ],
)
@pytest.mark.parametrize(
    "move",
    [
        lambda fake: fake.clock.advance(1),
        lambda fake: fake.clock.advance_to(START),
        lambda fake: fake.clock.advance_to_next(),
        lambda fake: fake.clock.rate,
        lambda fake: setattr(fake.clock, "rate", 1),
        lambda fake: fake.sleep(1),
        lambda fake: fake.patch_sleep("time").__enter__(),
        lambda fake: fake.run_until(fake.servers[0].snapshots[0].id, "ACTIVE"),
    ],
    ids=["advance", "advance_to", "advance_to_next", "rate", "set rate", "sleep", "patch_sleep", "run_until"],
)
def test_a_clock_that_is_not_the_fake_s_to_move_is_not_moved(
    clock: Any, reason: str, move: Callable[[FakeHostway], object]
) -> None:
    with FakeHostway(clock=clock, build_seconds=10**8) as fake:
        fake.add_server().add_snapshot("a", status="BUILD")

        with pytest.raises(ClockError, match=reason) as caught:
            move(fake)

    assert isinstance(caught.value, TypeError)
    assert "or use FakeHostway(clock='fake')" in str(caught.value)
