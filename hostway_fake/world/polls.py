"""The guard: a client that polls in vain, on a clock that nobody moves, would do so for ever."""

from datetime import datetime
from threading import Lock
from typing import Final

from hostway_fake.exceptions import FrozenClockError
from hostway_fake.forks import renew_locks_after_fork

_PLACES: Final = 4096
"""How many polled places are remembered."""


class Polls:
    """How often each place was polled in vain, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = Lock()
        renew_locks_after_fork(self)
        self._counted: dict[str, tuple[datetime, int]] = {}

    def saved(self) -> dict[str, tuple[datetime, int]]:
        """What was counted, for `restore`."""
        with self._lock:
            return dict(self._counted)

    def restore(self, saved: dict[str, tuple[datetime, int]]) -> None:
        with self._lock:
            self._counted = dict(saved)

    def count(self, place: str, now: datetime, due: datetime | None) -> None:
        """One more poll of what is ``due`` then, or never; one too many raises `FrozenClockError`."""
        with self._lock:
            before, polls = self._counted.get(place, (now, 0))
            polls = polls + 1 if due is None or before == now else 1
            if len(self._counted) >= _PLACES:
                self._counted.clear()
            self._counted[place] = (now, polls)
        if polls > self._limit:
            raise FrozenClockError(_in_vain(place, polls, now, due))


def _in_vain(place: str, polls: int, now: datetime, due: datetime | None) -> str:
    when = "and nothing will ever end it" if due is None else f"and it is due in {(due - now).total_seconds():g} s"
    return (
        f"{place} was polled {polls} times while unfinished: the clock stands at {now.isoformat()} {when}. Either move "
        "the clock between polls (fake.clock.advance), or let waiting move it: hand fake.sleep to the client, or wrap "
        "it in fake.patch_sleep('its.module'), or let polling move it: FakeHostway(poll_step=5)."
    )
