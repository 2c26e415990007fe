"""Time: the only module that may ask the machine what time it is. Rules are handed instants and never see a clock."""

from datetime import UTC, datetime, timedelta
from threading import Lock
from time import CLOCK_REALTIME, clock_gettime_ns
from typing import Final, Protocol, runtime_checkable

from hostway_fake.exceptions import WrongTypeError, invalid

START: Final = datetime(2013, 4, 12, 19, 29, tzinfo=UTC)
"""Where a `FakeClock` begins: the minute of the mission page's revision."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@runtime_checkable
class Clock(Protocol):
    """Whatever tells the time of a world, as an aware datetime in UTC."""

    def now(self) -> datetime: ...


class FakeClock:
    """A clock that stands still until it is told to move.

    >>> clock = FakeClock()
    >>> clock.advance(minutes=5)
    >>> clock.now() - START
    datetime.timedelta(seconds=300)
    """

    def __init__(self, start: datetime = START) -> None:
        self._now = _aware(start)
        self._lock = Lock()

    def now(self) -> datetime:
        return self._now

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

        Going back raises `hostway_fake.InvalidValueError`, which is a `ValueError`; nothing moves then.
        """
        step = _step(delta, days, hours, minutes, seconds)
        with self._lock:
            try:
                self._now += step
            except OverflowError:
                raise invalid("advance", str(step), "an instant before the year 10000") from None


class SystemClock:
    """The machine's own time, for the standalone server. Freezing libraries do not reach it."""

    def now(self) -> datetime:
        return _EPOCH + timedelta(microseconds=clock_gettime_ns(CLOCK_REALTIME) // 1000)


def _aware(instant: datetime) -> datetime:
    if not isinstance(instant, datetime) or instant.tzinfo is None:
        raise invalid("instant", instant, "an aware datetime, such as datetime(2013, 4, 12, tzinfo=UTC)")
    return instant.astimezone(UTC)


def _step(delta: timedelta | float | None, days: float, hours: float, minutes: float, seconds: float) -> timedelta:
    try:
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if isinstance(delta, timedelta):
            step += delta
        elif delta is not None:
            step += timedelta(seconds=delta)
    except TypeError:
        raise WrongTypeError(f"advance: got {delta!r}, expected a timedelta or a number of seconds") from None
    except (OverflowError, ValueError):
        raise invalid("advance", delta, "a finite time") from None
    if step < timedelta(0):
        raise invalid("advance", str(step), "a time that is not negative: a clock does not go back")
    return step
