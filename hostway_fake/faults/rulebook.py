"""The active fault rules of a world, and which calls they have matched."""

from collections import deque
from collections.abc import Collection
from copy import copy
from datetime import datetime
from threading import Lock
from typing import Final

from hostway_fake.clock import Clock
from hostway_fake.exceptions import ScriptExhaustedError, invalid
from hostway_fake.faults import rules
from hostway_fake.faults.index import Index
from hostway_fake.faults.rules import ActiveRule, CallInfo, Fault, FaultRule
from hostway_fake.forks import renew_locks_after_fork

_REMEMBERED: Final = 1000
"""How many removed rules keep their counts."""


_DISCARDED: Final = 100
"""How many unused rules are kept that a savepoint or a reset has removed."""


class Rulebook:
    """The active fault rules of an account. Rules are immutable: one that was read does not change later.

    Attributes:
        discarded: The last rules that a savepoint or a reset removed although they waited for more calls.
    """

    def __init__(self, clock: Clock, seed: int, rules: tuple[ActiveRule, ...] = (), last_number: int = 0) -> None:
        self._clock = clock
        self._seed = seed
        self._lock = Lock()
        renew_locks_after_fork(self)
        self._put({rule.number: rule for rule in reversed(rules)})
        self._removed: dict[int, ActiveRule] = {}
        self._exhausted: list[ScriptExhaustedError] = []
        self.discarded: deque[ActiveRule] = deque(maxlen=_DISCARDED)
        self._last_number = last_number

    def _put(self, rules: dict[int, ActiveRule]) -> None:
        """Make these the active rules, oldest first."""
        self._rules = rules
        self._names = {rule.name for rule in rules.values()}
        self._index = Index()
        for rule in rules.values():
            self._index.add(rule.number, rule.rule.which)

    def saved(self) -> "Rulebook":
        """Return a copy, for `roll_back`."""
        with self._lock:
            other = copy(self)
            other._rules = dict(self._rules)
            other._removed = dict(self._removed)
            return other

    def roll_back(self, saved: "Rulebook") -> None:
        """Return to the rules of a copy, with the counts that they had then."""
        with self._lock:
            self.discarded += [
                rule for rule in self._rules.values() if rule.remaining and rule.number not in saved._rules
            ]
            self._put(dict(saved._rules))
            self._last_number = saved._last_number
            self._removed = dict(saved._removed)

    @property
    def last_number(self) -> int:
        """The number of the newest rule."""
        return self._last_number

    def __bool__(self) -> bool:
        """Tell whether there are active rules."""
        return bool(self._rules)

    @property
    def rules(self) -> tuple[ActiveRule, ...]:
        """The active rules, newest first."""
        with self._lock:
            return tuple(reversed(self._rules.values()))

    def add(self, rule: FaultRule) -> ActiveRule:
        """Make a rule active."""
        with self._lock:
            standing = ActiveRule(rule, self._last_number + 1, self._clock.now())
            if standing.name in self._names:
                raise invalid("named", standing.name, "one that no other rule has")
            self._rules[standing.number] = standing
            self._names.add(standing.name)
            self._index.add(standing.number, rule.which)
            self._last_number = standing.number
            return standing

    def remove(self, numbers: Collection[int]) -> None:
        """Remove rules by their numbers. Numbers of inactive rules are ignored."""
        with self._lock:
            for number in numbers:
                rule = self._rules.pop(number, None)
                if rule is not None:
                    self._names.discard(rule.name)
                    self._index.remove(number, rule.rule.which)
                    self._removed[number] = rule
            for number in [*self._removed][:-_REMEMBERED]:
                del self._removed[number]

    def rule(self, number: int) -> ActiveRule:
        """Return a rule by its number. A removed rule keeps its last counts."""
        with self._lock:
            rule = self._rules.get(number) or self._removed.get(number)
            names = [rule.name for rule in (*self._removed.values(), *self._rules.values())] if rule is None else []
        if rule is None:
            raise invalid("rule", number, "one that was neither rolled back, reset nor removed long ago", names)
        return rule

    def match(self, subject: CallInfo, now: datetime) -> Fault | None:
        """Return the fault that acts on a call, or None. Every rule that matches counts the call.

        Raises:
            ScriptExhaustedError: If a script with ``then="fail_test"`` has no step left. `exhausted` returns it too.
        """
        with self._lock:
            candidates = tuple(self._rules[number] for number in self._index.candidates(subject))
            try:
                after, fault = rules.match_rules(candidates, subject, now, self._seed)
            except ScriptExhaustedError as error:
                self._exhausted.append(error)
                raise
            self._rules.update((rule.number, rule) for rule in after)
            return fault

    def exhausted(self) -> list[ScriptExhaustedError]:
        """Return the new errors about exhausted scripts. A client may have swallowed them."""
        with self._lock:
            errors, self._exhausted = self._exhausted, []
            return errors
