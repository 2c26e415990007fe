"""How long a snapshot is built and how that ends: rules that a test wrote, and which of them a new snapshot meets."""

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase

from hostway_fake.domain import identifiers
from hostway_fake.domain.state import Event


@dataclass(frozen=True, slots=True)
class BuildRule:
    """``shortest`` and ``longest`` are equal for a fixed time; ``event`` is None for a build that never ends.

    ``server`` and ``name`` are exact or globs, None for any; ``once`` is spent by the first build it meets.
    """

    shortest: timedelta
    longest: timedelta
    event: Event | None
    server: str | None
    name: str | None
    once: bool

    def meets(self, server_id: str, name: str) -> bool:
        return _fits(self.server, server_id) and _fits(self.name, name)


def _fits(pattern: str | None, text: str) -> bool:
    return pattern is None or pattern == text or fnmatchcase(text, pattern)


def choose(rules: tuple[BuildRule, ...], server_id: str, name: str) -> BuildRule | None:
    """The rule for a new snapshot: the oldest of those for one build, else the newest of those for all."""
    met = [rule for rule in rules if rule.meets(server_id, name)]
    once = [rule for rule in met if rule.once]
    return once[0] if once else met[-1] if met else None


def spent(rules: tuple[BuildRule, ...], rule: BuildRule) -> tuple[BuildRule, ...]:
    """The rules that are left when ``rule`` was met."""
    if not rule.once:
        return rules
    place = next(index for index, other in enumerate(rules) if other is rule)
    return rules[:place] + rules[place + 1 :]


def outcome(rule: BuildRule, seed: int, number: int) -> tuple[tuple[timedelta, Event], ...]:
    """What will happen to the snapshot, and how long after its request."""
    if rule.event is None:
        return ()
    after = rule.shortest
    if rule.longest > rule.shortest:
        steps = (rule.longest - rule.shortest) // timedelta(microseconds=1)
        after += timedelta(microseconds=identifiers.draw_below(seed, "build", number, steps + 1))
    return ((after, rule.event),)
