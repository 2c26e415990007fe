"""How a test makes things go wrong: rules for faults begun, written, listed and taken away."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Never

from hostway_fake import checks
from hostway_fake.exceptions import InvalidValueError, UnfinishedRuleError, WrongTypeError, invalid
from hostway_fake.faults.outcomes import Outcome, OutcomeMethods, Step, before_commit
from hostway_fake.faults.rulebook import Rulebook
from hostway_fake.faults.rules import ALWAYS, ActiveRule, CallMatcher, FaultRule, HitSelector, OnHits, RateLimit, Script

DOWN: Final = before_commit.respond(503)
"""What an outage is, if nothing else is said."""


class Rule:
    """A fault rule that was written: what it has met, and the means to take it away.

    One that was taken away still says what it had met until then.
    """

    def __init__(self, rulebook: Rulebook, standing: ActiveRule) -> None:
        self._rulebook = rulebook
        self._number = standing.number
        self.name: str = standing.name

    @property
    def _standing(self) -> ActiveRule:
        return self._rulebook.rule(self._number)

    @property
    def hits(self) -> int:
        """How many calls matched since it was written, whether or not another rule acted on them."""
        return self._standing.hits

    @property
    def fired(self) -> int:
        """How many calls it did something to."""
        return self._standing.fired

    @property
    def remaining(self) -> int:
        """How many matching calls at least must still come before it has done what it was written for."""
        return self._standing.remaining

    def remove(self) -> None:
        """Take it away. A second time does nothing."""
        self._rulebook.remove((self._number,))

    def __repr__(self) -> str:
        return f"<Rule {self}>"

    if not TYPE_CHECKING:  # a type checker knows the attributes that there are

        def __getattr__(self, name: str) -> Never:
            said = f"{type(self).__name__!r} object has no attribute {name!r}"
            if not name.startswith("_") and hasattr(RuleBuilder, name):
                said += f": say .{name}(...) before the outcome, as in .first(2).respond(503)"
            raise AttributeError(said, name=name, obj=self)

    def __str__(self) -> str:
        try:
            return str(self._standing)
        except InvalidValueError:
            return f"{self.name}: rolled back or reset"


@dataclass(frozen=True)
class RuleBuilder(OutcomeMethods[Rule]):
    """A rule that was begun: say which hits, on which side of the commit point, and what happens then.

    It stands once its outcome is said, and is never changed: each word gives another one.
    """

    faults: "Faults"
    which: CallMatcher
    hits: HitSelector = ALWAYS
    is_after_commit: bool = False
    name: str = ""

    def named(self, name: str) -> "RuleBuilder":
        """Give the rule a name, by which it is listed and stands in the journal."""
        self.faults.forget(self)
        return self._but(name=checks.text("named", name))

    def first(self, n: int) -> "RuleBuilder":
        """Act on the first ``n`` matching calls."""
        return self._counting("first", n)

    def nth(self, n: int) -> "RuleBuilder":
        """Act on the ``n``-th matching call only."""
        return self._counting("nth", n)

    def every(self, n: int) -> "RuleBuilder":
        """Act on every ``n``-th matching call."""
        return self._counting("every", n)

    def from_(self, n: int) -> "RuleBuilder":
        """Act on the ``n``-th matching call and all that follow."""
        return self._counting("from", n)

    def between(self, start: float, end: float) -> "RuleBuilder":
        """Act on matching calls from ``start`` up to, but not at, ``end``: virtual seconds from now."""
        return self._once("between", self.hits.between, (start, end))

    def with_probability(self, probability: float) -> "RuleBuilder":
        """Act on a share of the matching calls, drawn from the seed of the fake."""
        self.faults.forget(self)
        return self._once("probability", self.hits.probability, checks.positive("probability", probability, 1))

    def before_commit(self) -> "RuleBuilder":
        """Nothing has happened when the fault acts. This is so unless told otherwise."""
        return self._but(is_after_commit=False)

    def after_commit(self) -> "RuleBuilder":
        """The call has had its effect when the fault acts, and the client never hears of it."""
        return self._but(is_after_commit=True)

    def _counting(self, word: str, n: int) -> "RuleBuilder":
        if self.hits.count is not None:
            self.faults.forget(self)
            raise invalid(word, n, f"one way of counting, and {self.hits} was said already")
        return self._hitting(count=(word, n))

    def _once(self, word: str, before: object, said: object) -> "RuleBuilder":
        if before is not None:
            self.faults.forget(self)
            raise invalid(word, said, f"to be said once, and {before} was said already")
        return self._hitting(**{word: said})

    def _hitting(self, **said: object) -> "RuleBuilder":
        self.faults.forget(self)
        return self._but(hits=replace(self.hits, **said))  # type: ignore[arg-type]  # Hits looks at them

    def _but(self, **said: object) -> "RuleBuilder":
        self.faults.forget(self)
        return self.faults.begin(replace(self, **said))  # type: ignore[arg-type]

    def _finish(self, kind: Callable[..., Outcome], *values: object) -> Rule:
        self.faults.forget(self)
        step = Step(kind(*values), self.is_after_commit)
        return self.faults.write(FaultRule(self.which, OnHits(self.hits, step), self.name))

    def __str__(self) -> str:
        return f"{self.name or 'a rule'}: {self.which}: {self.hits}"


class Faults:
    """The fault rules of a fake. Each call meets the newest rule that acts on it; every rule it matches counts it."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._begun: list[RuleBuilder] = []

    def on(
        self,
        operation: str | None = None,
        *,
        server: str | None = None,
        id: str | None = None,  # noqa: A002  # the agreed name
        name: str | None = None,
        account: str | None = None,
    ) -> RuleBuilder:
        """Begin a rule for the calls of an operation, by its name in the contract, or of any.

        ``server`` (an id in the path), ``id`` and ``name`` (of the snapshot, server or volume that it is about) and
        ``account`` narrow it, exact or as globs; a call that has no such thing, or whose body cannot be read, does not
        match.
        """
        return self.begin(RuleBuilder(self, CallMatcher(operation, server, id, name, account)))

    def script(
        self,
        operation: str | None,
        steps: Iterable[Step],
        then: str = "pass",
        *,
        server: str | None = None,
        id: str | None = None,  # noqa: A002  # the agreed name
        name: str | None = None,
        account: str | None = None,
        named: str = "",
    ) -> Rule:
        """A step for each matching call in turn: ``ok``, ``respond(503)``, ``after_commit.reset()``...

        They are in `hostway_fake.faults`. After the last, calls ``"pass"``, or the script is ``"repeat"``ed, or one
        more call raises `hostway_fake.ScriptExhaustedError` (``"fail_test"``).
        """
        which = CallMatcher(operation, server, id, name, account)
        if not isinstance(steps, Iterable):
            raise WrongTypeError(f"steps: got {steps!r}, expected a list of ok and outcomes such as respond(503)")
        return self.write(FaultRule(which, Script(tuple(steps), then), named))

    def outage(self, start: float, seconds: float, step: Step = DOWN, *, named: str = "") -> Rule:
        """Let every call meet a step, 503 if nothing is said, from ``start`` seconds on for so many virtual seconds."""
        end = checks.number("start", start) + checks.positive("seconds", seconds)
        return self.write(FaultRule(CallMatcher(), OnHits(HitSelector(between=(start, end)), step), named))

    def limit(self, calls: int, per_seconds: float, *, operation: str | None = None, named: str = "") -> Rule:
        """Answer so many calls in any span of so many virtual seconds; the others get 413 and ``Retry-After``."""
        return self.write(FaultRule(CallMatcher(operation), RateLimit(calls, per_seconds), named))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that stand, newest first."""
        return tuple(Rule(self._rulebook, standing) for standing in self._rulebook.rules)

    def remove(self, name: str) -> None:
        """Take the rule of that name away."""
        standing = {rule.name: rule.number for rule in self._rulebook.rules}
        if name not in standing:
            raise invalid("name", name, "one of the rules", standing)
        self._rulebook.remove((standing[name],))

    def clear(self) -> None:
        """Take all rules away, also those that were begun only; a script that ran out is forgiven."""
        self._rulebook.remove([rule.number for rule in self._rulebook.rules])
        self._rulebook.exhausted()
        self._begun.clear()

    def saved(self) -> list[RuleBuilder]:
        """The rules that are begun only, for `restore`."""
        return list(self._begun)

    def roll_back(self, saved: list[RuleBuilder]) -> None:
        self._begun = list(saved)

    def check(self) -> None:
        """Raise what a client may have swallowed, or a test forgotten; closing the fake asks.

        `hostway_fake.ScriptExhaustedError` where a script with ``then="fail_test"`` ran out,
        `hostway_fake.UnfinishedRuleError` where a rule was begun and given no outcome.
        """
        exhausted = self._rulebook.exhausted()
        if exhausted:
            raise exhausted[0]
        unfinished = self.unfinished()
        self._begun.clear()
        if unfinished:
            raise unfinished

    def unfinished(self, but: Collection[RuleBuilder] = ()) -> UnfinishedRuleError | None:
        """What is to be said of rules that were begun and given no outcome, if there are any."""
        begun = "; ".join(str(rule) for rule in self._begun if not any(rule is other for other in but))
        said = f"begun, but given no outcome such as .respond(503) or .reset(): {begun}"
        return UnfinishedRuleError(said) if begun else None

    def begin(self, begun: RuleBuilder) -> RuleBuilder:
        """Remember that a rule was begun."""
        self._begun.append(begun)
        return begun

    def forget(self, begun: RuleBuilder) -> None:
        """It was gone on with, or refused."""
        self._begun = [other for other in self._begun if other is not begun]

    def write(self, rule: FaultRule) -> Rule:
        """Let a rule stand from now on."""
        if not isinstance(rule, FaultRule):
            raise WrongTypeError(f"rule: got {rule!r}, expected a FaultRule")
        return Rule(self._rulebook, self._rulebook.add(rule))
