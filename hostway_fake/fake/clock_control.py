"""The clock of a fake as its user moves it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from hostway_fake.clock import Clock, FakeClock, FollowingClock, SystemClock
from hostway_fake.exceptions import CannotHappenError, ClockError, invalid
from hostway_fake.suggestions import Suggests, suggests_keywords
from hostway_fake.world import UpcomingEvent, World

_MOVERS: Final = {
    FollowingClock: "it follows datetime.now(UTC): move it with freezegun or time-machine",
    SystemClock: "it is the machine's own time",
}


def fake_clock(clock: Clock, what: str) -> FakeClock:
    """The clock, if it is ours to move; else `ClockError` with the reason."""
    if isinstance(clock, FakeClock):
        return clock
    reason = _MOVERS.get(type(clock), "it is a clock of your own: move it yourself")
    raise ClockError(f"{what} cannot move {type(clock).__name__}: {reason}, or use FakeHostway(clock='fake')")


class WorldClock(Suggests):
    """The clock of a fake, and what is planned on it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        """The instant, an aware datetime in UTC."""
        return self._world.clock.now()

    @suggests_keywords(minute="minutes", second="seconds", hour="hours", day="days", weeks="days")
    def advance(
        self,
        delta: timedelta | float | None = None,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> None:
        """Move forward by ``delta`` (a timedelta, or seconds) and the keywords together.

        All that falls due happens, each at its own time. Going back raises `hostway_fake.InvalidValueError`, which is a
        `ValueError`; a clock that is not the fake's to move raises `hostway_fake.ClockError`.
        """
        clock = fake_clock(self._world.clock, "advance")
        clock.advance(delta, days=days, hours=hours, minutes=minutes, seconds=seconds)

    def advance_to(self, instant: datetime) -> None:
        """Move forward to an aware datetime; raises as `advance` does."""
        fake_clock(self._world.clock, "advance_to").advance_to(instant)

    def advance_to_next(self) -> UpcomingEvent | None:
        """Move forward to the next planned event and return it; without one nothing moves, and None is returned."""
        clock = fake_clock(self._world.clock, "advance_to_next")
        event = self._world.next_event()
        if event is not None:
            clock.reach(event.due)
        return event

    def pending(self) -> tuple[UpcomingEvent, ...]:
        """What will happen and when, soonest first."""
        return self._world.pending()

    @property
    def rate(self) -> float:
        """Seconds by which it moves of itself in a real one; 0 stands still. A change makes no jump."""
        return fake_clock(self._world.clock, "rate").rate

    @rate.setter
    def rate(self, rate: float) -> None:
        fake_clock(self._world.clock, "rate").rate = rate


def run_until(world: World, subject: str, status: str, statuses: type[StrEnum]) -> None:
    """Advance exactly to the event that gives a snapshot or server its status; see `FakeHostway.run_until`."""
    if status not in tuple(statuses):
        raise invalid("status", status, "one of", statuses)
    if world.find(subject).status == status:
        return
    clock = fake_clock(world.clock, "run_until")
    coming = [event for event in world.pending() if event.subject == subject]
    event = next((event for event in coming if event.status == status), None)
    if event is not None:
        clock.reach(event.due)
        return
    found = world.find(subject).status
    if found != status:  # on a running clock it may have come about meanwhile
        will = "; ".join(f"it will be {event.status} at {event.due.isoformat()}" for event in coming)
        raise CannotHappenError(
            f"{subject} will not become {status}: it is {found}, and "
            + (will or "nothing is planned for it (a build that never ends, or all that was has happened)")
        )
