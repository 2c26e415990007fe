"""Clocks. Only this package reads the time of the machine. Rules get instants as arguments."""

import datetime as machine
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from threading import Lock
from typing import Final, NamedTuple, Protocol, runtime_checkable

from hostway_fake.bounded import BoundedLog
from hostway_fake.clock.machine import monotonic_ns, realtime_ns
from hostway_fake.exceptions import WrongTypeError, invalid
from hostway_fake.forks import renew_locks_after_fork

START: Final = datetime(2013, 4, 12, 19, 29, tzinfo=UTC)
"""The instant at which a `FakeClock` starts: 12 April 2013, 19:29 UTC."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000_000
_MOVES: Final = 10_000
_LATEST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1) * 1000


@runtime_checkable
class Clock(Protocol):
    """A clock of a world: an object with a method ``now()`` that returns an aware datetime in UTC."""

    def now(self) -> datetime:
        """Return the current instant, as an aware datetime in UTC."""
        ...


Moves = BoundedLog[tuple[datetime, datetime]]
"""The moves of a clock, each as the instant before and the instant after."""


class SavedClock(NamedTuple):
    """The state of a `FakeClock`: its time, its rate, and its log of moves with a mark."""

    nanoseconds: int
    rate: Fraction
    moves: Moves
    mark: int

    def without_moves(self) -> "SavedClock":
        """Return the same state with an empty log of moves."""
        return self._replace(moves=Moves(_MOVES), mark=0)


class FakeClock:
    """A clock that moves when it is told to, and by itself at ``rate`` seconds a second.

    It counts whole nanoseconds, so that many small steps do not drift. Libraries that freeze or move the time of the
    machine have no effect on it.

    Args:
        start: The first instant, an aware datetime.
        rate: How many seconds it moves in one real second. 0 means that it stands.

    >>> clock = FakeClock()
    >>> clock.advance(minutes=5)
    >>> clock.now() - START
    datetime.timedelta(seconds=300)
    """

    def __init__(self, start: datetime = START, rate: float = 0) -> None:
        self._lock = Lock()
        renew_locks_after_fork(self)
        self._moves = Moves(_MOVES)
        self._set(_nanoseconds(_aware("start", start)), _checked_rate(rate))

    def _set(self, nanoseconds: int, rate: Fraction) -> None:
        self._nanoseconds = nanoseconds
        self._since = monotonic_ns()
        self._now = _instant(nanoseconds)
        self._rate = rate  # assigned last: `now` reads it without the lock

    def now(self) -> datetime:
        """Return the current instant."""
        if not self._rate:
            return self._now
        with self._lock:
            return _instant(self._running())

    @property
    def moves(self) -> tuple[tuple[datetime, datetime], ...]:
        """The last 10,000 moves of the clock, each as the instant before and the instant after."""
        with self._lock:
            return tuple(self._moves)

    def saved(self) -> SavedClock:
        """Return the current state, for `roll_back`."""
        with self._lock:
            return SavedClock(self._running(), self._rate, self._moves, self._moves.mark)

    def roll_back(self, saved: SavedClock) -> None:
        """Return to a saved state."""
        with self._lock:
            self._set(saved.nanoseconds, saved.rate)
            self._moves = saved.moves
            self._moves.roll_back(saved.mark)

    def _running(self) -> int:
        """Return the nanoseconds by now. The lock is held."""
        if not self._rate:
            return self._nanoseconds
        passed = monotonic_ns() - self._since
        return min(self._nanoseconds + int(passed * self._rate), _LATEST)

    @property
    def rate(self) -> float:
        """The seconds by which the clock moves in one real second. Setting the rate does not move the clock."""
        return float(self._rate)

    @rate.setter
    def rate(self, rate: float) -> None:
        checked = _checked_rate(rate)
        with self._lock:
            self._set(self._running(), checked)

    def advance(
        self,
        delta: timedelta | float | None = None,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> None:
        """Move the clock forward. All arguments are added up.

        Args:
            delta: A timedelta, or a number of seconds.
            days: A number of days.
            hours: A number of hours.
            minutes: A number of minutes.
            seconds: A number of seconds.

        Raises:
            InvalidValueError: If the clock would go back. It does not move then.
        """
        step = _step(delta, days, hours, minutes, seconds)
        with self._lock:
            self._move(self._running() + step, "advance", _told(step))

    def reach(self, instant: datetime) -> None:
        """Move the clock forward to an aware datetime. Do nothing if a running clock is beyond it already."""
        target = _nanoseconds(_aware("reach", instant))
        with self._lock:
            if target > self._running():
                self._move(target, "reach", instant)

    def advance_to(self, instant: datetime) -> None:
        """Move the clock forward to an aware datetime.

        Raises:
            InvalidValueError: If the clock would go back. It does not move then.
        """
        target = _nanoseconds(_aware("advance_to", instant))
        with self._lock:
            now = self._running()
            if target < now:
                raise invalid("advance_to", instant.isoformat(), f"an instant from {_instant(now).isoformat()} on")
            self._move(target, "advance_to", instant)

    def _move(self, nanoseconds: int, what: str, value: object) -> None:
        if nanoseconds > _LATEST:
            raise invalid(what, value, "an instant before the year 10000")
        before = _instant(self._running())
        self._set(nanoseconds, self._rate)
        self._moves.append((before, self._now))


class SystemClock:
    """The time of the machine. freezegun does not change it."""

    def now(self) -> datetime:
        """Return the current instant."""
        return _instant(realtime_ns())


class FollowingClock:
    """The time that ``datetime.now(UTC)`` returns. Whatever freezes or moves that, moves the fake.

    It may go back. The state is then that of the earlier instant.
    """

    def now(self) -> datetime:
        """Return the current instant."""
        # The result is a plain datetime, even if freezegun has replaced the class.
        return _EPOCH + (machine.datetime.now(UTC) - _EPOCH)


CLOCKS: Final[Mapping[str, Callable[[], Clock]]] = {"fake": FakeClock, "follow": FollowingClock, "system": SystemClock}
"""The clocks by the value of the option ``clock``."""


def monotonic() -> float:
    """Return real seconds for deadlines. Libraries that freeze or move time have no effect on them."""
    return monotonic_ns() / _SECOND


def _instant(nanoseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _nanoseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1) * 1000


def _aware(what: str, instant: object) -> datetime:
    if not isinstance(instant, datetime):
        raise WrongTypeError(f"{what}: got {instant!r}, expected an aware datetime")
    if instant.tzinfo is None:
        raise invalid(what, instant, "an aware datetime, such as datetime(2013, 4, 12, tzinfo=UTC)")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise invalid(what, instant.isoformat(), "an instant from the year 1 to the year 9999 in UTC") from None


def _checked_rate(rate: object) -> Fraction:
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        raise WrongTypeError(f"rate: got {rate!r}, expected a number")
    if not 0 <= rate <= 10**9:
        raise invalid("rate", rate, "a number from 0 (stands) to 1,000,000,000")
    return Fraction(rate)


def _step(delta: timedelta | float | None, days: float, hours: float, minutes: float, seconds: float) -> int:
    """Return a step in nanoseconds. Floats are exact, and the sum is rounded once."""
    if isinstance(delta, timedelta):
        exact: int | Fraction = Fraction(delta // timedelta(microseconds=1), 1_000_000)
    else:
        exact = _exact("delta", 0 if delta is None else delta)
    exact += 86_400 * _exact("days", days) + 3_600 * _exact("hours", hours) + 60 * _exact("minutes", minutes)
    step = round((exact + _exact("seconds", seconds)) * _SECOND)
    if step < 0:
        raise invalid("advance", _told(step), "a time that is not negative: a clock does not go back")
    return step


def _told(step: int) -> str:
    """Return a step as text, in seconds. Clip it to the largest float."""
    return f"{max(min(step, 10**300), -(10**300)) / _SECOND:g} s"


def _exact(what: str, value: object) -> int | Fraction:
    """Return an int unchanged and a float as a Fraction, with which arithmetic is about ten times slower."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongTypeError(f"advance: got {what}={value!r}, expected a number")
    try:
        return value if isinstance(value, int) else Fraction(value)
    except (OverflowError, ValueError):
        raise invalid("advance", f"{what}={value!r}", "a finite number") from None
