"""Count polls that cannot succeed, so that a client that polls while the clock stands does not run forever."""

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

from hostway_fake.clock import monotonic
from hostway_fake.exceptions import FrozenClockError
from hostway_fake.forks import renew_locks_after_fork

_MOST_TARGETS: Final = 4096
"""The number of polled targets that are kept, for each kind of count."""


_SEVERAL: Final = 2
"""The number of polls from which they are reported as stalled."""


@dataclass(frozen=True, slots=True)
class SavedPolls:
    """The counts of polls: for targets that will be finished later, and for targets that never will."""

    at: datetime | None = None
    waiting: dict[str, int] = field(default_factory=dict)
    endless: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StalledPolls:
    """Polls of something unfinished that all came at the same instant of the world's clock.

    Attributes:
        message: What happened, and how to move the clock.
        real_seconds: The real time between the first and the last poll, in seconds.
    """

    message: str
    real_seconds: float


class Polls:
    """The number of polls of each unfinished target, with a limit.

    If the clock moves, the counts of targets that will be finished later start again at 0.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = Lock()
        self._first_real = self._last_real = 0.0
        self._last: tuple[str, datetime | None] = "", None
        renew_locks_after_fork(self)
        self.forget()

    def saved(self) -> SavedPolls:
        """Return a copy of the counts, for `roll_back`."""
        with self._lock:
            return SavedPolls(self._at, dict(self._waiting), dict(self._endless))

    def roll_back(self, saved: SavedPolls) -> None:
        with self._lock:
            self._at, self._waiting, self._endless = saved.at, dict(saved.waiting), dict(saved.endless)

    def forget(self) -> None:
        """Start to count anew."""
        self.roll_back(SavedPolls())

    def stalled(self, now: datetime) -> StalledPolls | None:
        """Return the polls that came at one instant, if there were several and the clock still stands there."""
        with self._lock:
            target, due = self._last
            polls = self._waiting.get(target, 0)
            if polls < _SEVERAL or now != self._at or due is None:
                return None
            return StalledPolls(_in_vain(target, polls, now, due), self._last_real - self._first_real)

    def count(self, target: str, now: datetime, due: datetime | None) -> None:
        """Count one poll.

        Args:
            target: The target of the poll.
            now: The instant of the poll.
            due: The instant at which the target will be finished. None if it never will.

        Raises:
            FrozenClockError: If the target was polled more often than the limit allows.
        """
        with self._lock:
            real = monotonic()
            if now != self._at:
                self._at, self._waiting, self._first_real = now, {}, real
            self._last_real = real
            counts = self._endless if due is None else self._waiting
            if target not in counts and len(counts) >= _MOST_TARGETS:
                counts.clear()
            polls = counts[target] = counts.get(target, 0) + 1
            self._last = target, due
        if polls > self._limit:
            raise FrozenClockError(_in_vain(target, polls, now, due))


def _in_vain(target: str, polls: int, now: datetime, due: datetime | None) -> str:
    when = "and nothing will ever end it" if due is None else f"and it is due in {(due - now).total_seconds():g} s"
    return (
        f"{target} was polled {polls} times while unfinished: the clock stands at {now.isoformat()} {when}. Either "
        "move the clock between polls (fake.clock.advance), or let waiting move it: hand fake.sleep to the client, or "
        "wrap it in fake.patch_sleep('its.module'), or let polling move it: FakeHostway(poll_step=5)."
    )
