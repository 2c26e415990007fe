"""Rules for builds: how long a build takes and how it ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Final

from hostway_fake import checks
from hostway_fake.domain import identifiers
from hostway_fake.domain.model import Event
from hostway_fake.exceptions import invalid

ENDS: Final[Mapping[str, Event]] = {"ACTIVE": Event.COMPLETE, "DELETED": Event.DELETE}
"""The event at the end of a build, by the status after it."""


@dataclass(frozen=True, slots=True)
class BuildRule:
    """A rule for builds.

    Attributes:
        seconds: The length of a build in virtual seconds, or a range to draw it from. None for the default.
        never: Whether the build never ends.
        ends: The status after the build.
        server: The server id, exact or a glob. None for any.
        name: The name of the snapshot, exact or a glob. None for any.
        once: Whether the rule holds for the first matching build only.
    """

    seconds: float | tuple[float, float] | None = None
    never: bool = False
    ends: str = "ACTIVE"
    server: str | None = None
    name: str | None = None
    once: bool = False

    def __post_init__(self) -> None:
        if self.ends not in ENDS:
            raise invalid("ends", self.ends, "one of", ENDS)
        if checks.flag("never", self.never) and (self.seconds is not None or self.ends != "ACTIVE"):
            raise invalid("never", self.never, "neither seconds nor ends with it: such a build has no end")
        for what, pattern in (("server", self.server), ("name", self.name)):
            if pattern is not None:
                checks.text(what, pattern)
        match self.seconds:
            case None:
                pass
            case (low, high):
                if checks.number("seconds", low) > checks.number("seconds", high):
                    raise invalid("seconds", self.seconds, "the shortest before the longest")
            case _:
                checks.number("seconds", self.seconds)

    def matches(self, server_id: str, name: str) -> bool:
        return _glob_matches(self.server, server_id) and _glob_matches(self.name, name)


def _glob_matches(pattern: str | None, text: str) -> bool:
    return pattern is None or pattern == text or fnmatchcase(text, pattern)


def choose(rules: tuple[BuildRule, ...], server_id: str, name: str) -> BuildRule | None:
    """Return the rule for a new snapshot: the oldest rule for one build, or else the newest rule for all."""
    met = [rule for rule in rules if rule.matches(server_id, name)]
    once = [rule for rule in met if rule.once]
    return once[0] if once else met[-1] if met else None


def spent(rules: tuple[BuildRule, ...], rule: BuildRule) -> tuple[BuildRule, ...]:
    """Return the rules that remain after one was used."""
    if not rule.once:
        return rules
    place = next(index for index, other in enumerate(rules) if other is rule)
    return rules[:place] + rules[place + 1 :]


def outcome(rule: BuildRule, usual: timedelta, seed: int, number: int) -> tuple[tuple[timedelta, Event], ...]:
    """Return the events of a build, each with its delay. ``usual`` is the default length of a build."""
    if rule.never:
        return ()
    match rule.seconds:
        case None:
            after = usual
        case (low, high):
            after, longest = timedelta(seconds=low), timedelta(seconds=high)
            steps = (longest - after) // timedelta(microseconds=1)
            after += timedelta(microseconds=identifiers.draw_below(seed, "build", number, steps + 1))
        case seconds:
            after = timedelta(seconds=seconds)
    return ((after, ENDS[rule.ends]),)
