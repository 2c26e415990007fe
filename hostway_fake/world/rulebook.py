"""The fault rules that stand in a world, and what they have met."""

from collections.abc import Collection
from copy import copy
from datetime import datetime
from threading import Lock
from typing import Final

from hostway_fake.clock import Clock
from hostway_fake.exceptions import ScriptExhaustedError, invalid
from hostway_fake.faults import rules
from hostway_fake.faults.rules import Fault, FaultRule, Standing, Subject
from hostway_fake.forks import renew_locks_after_fork

_REMEMBERED: Final = 1000
"""How many rules that were taken away can still be asked for."""


class Rulebook:
    """Rules are written, met by calls, and taken away; each is a value, so that what was read stays as it was."""

    def __init__(self, clock: Clock, seed: int, rules: tuple[Standing, ...] = (), written: int = 0) -> None:
        self._clock = clock
        self._seed = seed
        self._lock = Lock()
        renew_locks_after_fork(self)
        self._rules = rules  # newest first
        self._removed: dict[int, Standing] = {}
        self._exhausted: list[ScriptExhaustedError] = []
        self._written = written

    def saved(self) -> "Rulebook":
        """A copy, for `restore`."""
        with self._lock:
            other = copy(self)
            other._removed, other._exhausted = dict(self._removed), list(self._exhausted)
            return other

    def restore(self, saved: "Rulebook") -> None:
        """Let the rules stand that stood when they were saved, with what they had met by then."""
        with self._lock:
            self._rules, self._written = saved._rules, saved._written
            self._removed, self._exhausted = dict(saved._removed), list(saved._exhausted)

    @property
    def written(self) -> int:
        """The number of the rule that was written last."""
        return self._written

    @property
    def rules(self) -> tuple[Standing, ...]:
        """The fault rules, newest first."""
        return self._rules

    def add(self, rule: FaultRule) -> Standing:
        """Let a fault rule stand from now on."""
        with self._lock:
            standing = Standing(rule, self._written + 1, self._clock.now())
            if standing.name in (other.name for other in self._rules):
                raise invalid("named", standing.name, "one that no other rule has")
            self._rules = (standing, *self._rules)
            self._written = standing.number
            return standing

    def remove(self, numbers: Collection[int]) -> None:
        """Take away the fault rules of these numbers, if they still stand."""
        with self._lock:
            self._removed |= {rule.number: rule for rule in self._rules if rule.number in numbers}
            for number in [*self._removed][:-_REMEMBERED]:
                del self._removed[number]
            self._rules = tuple(rule for rule in self._rules if rule.number not in numbers)

    def rule(self, number: int) -> Standing:
        """A fault rule, which may have been taken away since: then as it was at last."""
        with self._lock:
            known = {**self._removed, **{rule.number: rule for rule in self._rules}}
        if number not in known:
            raise invalid(
                "rule",
                number,
                "one that was neither rolled back, reset nor removed long ago",
                (rule.name for rule in known.values()),
            )
        return known[number]

    def meet(self, subject: Subject, now: datetime) -> Fault | None:
        """What a call meets; every rule that it matches counts it.

        A script that has no step left for it may raise `ScriptExhaustedError`, which is kept for `exhausted`.
        """
        with self._lock:
            try:
                self._rules, fault = rules.meet(self._rules, subject, now, self._seed)
            except ScriptExhaustedError as error:
                self._exhausted.append(error)
                raise
            return fault

    def exhausted(self) -> list[ScriptExhaustedError]:
        """The scripts that ran out since this was last asked: a client may have swallowed what was raised."""
        with self._lock:
            errors, self._exhausted = self._exhausted, []
            return errors
