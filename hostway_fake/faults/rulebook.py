"""The fault rules that stand in a world, and what they have met."""

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
"""How many rules that were taken away can still be asked for."""


_DISCARDED: Final = 100
"""How many unused rules are kept that a savepoint or a reset has removed."""


class Rulebook:
    """The active fault rules of an account. Each is a value: what was read stays as it was.

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
        """Let these rules stand, oldest first."""
        self._rules = rules
        self._names = {rule.name for rule in rules.values()}
        self._index = Index()
        for rule in rules.values():
            self._index.add(rule.number, rule.rule.which)

    def saved(self) -> "Rulebook":
        """A copy, for `restore`."""
        with self._lock:
            other = copy(self)
            other._rules = dict(self._rules)
            other._removed = dict(self._removed)
            return other

    def roll_back(self, saved: "Rulebook") -> None:
        """Let the rules stand that stood when they were saved, with what they had met by then."""
        with self._lock:
            self.discarded += [
                rule for rule in self._rules.values() if rule.remaining and rule.number not in saved._rules
            ]
            self._put(dict(saved._rules))
            self._last_number = saved._last_number
            self._removed = dict(saved._removed)

    @property
    def last_number(self) -> int:
        """The number of the rule that was written last."""
        return self._last_number

    def __bool__(self) -> bool:
        """Tell whether any rule stands."""
        return bool(self._rules)

    @property
    def rules(self) -> tuple[ActiveRule, ...]:
        """The fault rules, newest first."""
        with self._lock:
            return tuple(reversed(self._rules.values()))

    def add(self, rule: FaultRule) -> ActiveRule:
        """Let a fault rule stand from now on."""
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
        """Take away the fault rules of these numbers, if they still stand."""
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
        """A fault rule, which may have been taken away since: then as it was at last."""
        with self._lock:
            rule = self._rules.get(number) or self._removed.get(number)
            names = [rule.name for rule in (*self._removed.values(), *self._rules.values())] if rule is None else []
        if rule is None:
            raise invalid("rule", number, "one that was neither rolled back, reset nor removed long ago", names)
        return rule

    def match(self, subject: CallInfo, now: datetime) -> Fault | None:
        """What a call meets; every rule that it matches counts it.

        A script that has no step left for it may raise `ScriptExhaustedError`, which is kept for `exhausted`.
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
        """The scripts that ran out since this was last asked: a client may have swallowed what was raised."""
        with self._lock:
            errors, self._exhausted = self._exhausted, []
            return errors
