"""The clock of a fake, as a test reads and moves it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from hostway_fake.clock import Clock, FakeClock, FollowingClock, SystemClock
from hostway_fake.exceptions import CannotHappenError, ClockError, invalid
from hostway_fake.suggestions import Suggests, suggests_keywords
from hostway_fake.world import UpcomingEvent, World

_MOVERS: Final = {
    FollowingClock: "it follows datetime.now(UTC), so move it with freezegun or time-machine",
    SystemClock: "it is the time of the machine",
}


def fake_clock(clock: Clock, what: str) -> FakeClock:
    """Return the clock if it is a `FakeClock`. Raise `ClockError` with the reason otherwise."""
    if isinstance(clock, FakeClock):
        return clock
    reason = _MOVERS.get(type(clock), "it is an object of your own, so move it yourself")
    raise ClockError(f"{what} cannot move {type(clock).__name__}: {reason}, or use FakeHostway(clock='fake')")


class WorldClock(Suggests):
    """The clock of a fake, and the events that are planned on it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        """Return the current instant, an aware datetime in UTC."""
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
        """Move the clock forward. Each event that falls due happens at its own time.

        All arguments are added up.

        Args:
            delta: A timedelta, or a number of seconds.
            days: A number of days.
            hours: A number of hours.
            minutes: A number of minutes.
            seconds: A number of seconds.

        Raises:
            InvalidValueError: If the clock would go back.
            ClockError: If the clock cannot be moved by the fake.
        """
        clock = fake_clock(self._world.clock, "advance")
        clock.advance(delta, days=days, hours=hours, minutes=minutes, seconds=seconds)

    def advance_to(self, instant: datetime) -> None:
        """Move the clock forward to an aware datetime. Same errors as `advance`."""
        fake_clock(self._world.clock, "advance_to").advance_to(instant)

    def advance_to_next(self) -> UpcomingEvent | None:
        """Move the clock forward to the next planned event.

        Returns:
            The event. None if nothing is planned; the clock does not move then.
        """
        clock = fake_clock(self._world.clock, "advance_to_next")
        event = self._world.next_event()
        if event is not None:
            clock.reach(event.due)
        return event

    def pending(self) -> tuple[UpcomingEvent, ...]:
        """Return the events that will change a status, earliest first."""
        return self._world.pending()

    @property
    def rate(self) -> float:
        """The seconds by which the clock moves in one real second. 0 stops it. A new rate does not move the clock."""
        return fake_clock(self._world.clock, "rate").rate

    @rate.setter
    def rate(self, rate: float) -> None:
        fake_clock(self._world.clock, "rate").rate = rate


def run_until(world: World, subject: str, status: str, statuses: type[StrEnum]) -> None:
    """Advance exactly to the event after which a snapshot or server has a status. See `FakeHostway.run_until`."""
    if status not in tuple(statuses):
        raise invalid("status", status, "one of", statuses)
    if world.find(subject).status == status:
        return
    clock = fake_clock(world.clock, "run_until")
    upcoming = [event for event in world.pending() if event.subject == subject]
    event = next((event for event in upcoming if event.status == status), None)
    if event is not None:
        clock.reach(event.due)
        return
    found = world.find(subject).status
    if found != status:  # on a running clock, the event may have happened meanwhile
        will = "; ".join(f"it will be {event.status} at {event.due.isoformat()}" for event in upcoming)
        raise CannotHappenError(
            f"{subject} will not become {status}: it is {found}, and "
            + (will or "nothing is planned for it: its build never ends, or all of its events have happened")
        )
