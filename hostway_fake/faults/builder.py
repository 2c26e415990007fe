"""Writing fault rules in Python: ``fake.faults.on("create_snapshot").first(2).respond(503)``."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Never

from hostway_fake import checks
from hostway_fake.exceptions import InvalidValueError, UnfinishedRuleError, WrongTypeError, invalid
from hostway_fake.faults.methods import OutcomeMethods, on_side, respond
from hostway_fake.faults.outcomes import Lag, Outcome, Step
from hostway_fake.faults.rulebook import Rulebook
from hostway_fake.faults.rules import ALWAYS, ActiveRule, CallMatcher, FaultRule, HitSelector, OnHits, RateLimit, Script
from hostway_fake.suggestions import Suggests, suggests_keywords

DOWN: Final = respond(503)
"""The default of `Faults.outage`."""

_SUGGESTIONS: Final = suggests_keywords(server_id="server", snapshot="name or id", snapshot_id="id", user="account")


class RuleHandle(Suggests):
    """A fault rule that was written. After its removal, it keeps its last counts."""

    def __init__(self, rulebook: Rulebook, active: ActiveRule) -> None:
        self._rulebook = rulebook
        self._number = active.number
        self.name: str = active.name

    @property
    def _rule(self) -> ActiveRule:
        return self._rulebook.rule(self._number)

    @property
    def hits(self) -> int:
        """The number of calls that matched the rule, whether or not another rule acted on them."""
        return self._rule.hits

    @property
    def fired(self) -> int:
        """The number of calls on which the rule acted."""
        return self._rule.fired

    @property
    def remaining(self) -> int:
        """The number of matching calls still expected. With the pytest plugin, a test fails if it is not 0."""
        return self._rule.remaining

    def remove(self) -> None:
        """Remove the rule. A second call does nothing."""
        self._rulebook.remove((self._number,))

    def __repr__(self) -> str:
        return f"<RuleHandle {self}>"

    def __str__(self) -> str:
        try:
            return str(self._rule)
        except InvalidValueError:
            return f"{self.name}: rolled back or reset"

    if not TYPE_CHECKING:  # a type checker knows the attributes

        def __getattr__(self, name: str) -> Never:
            if not name.startswith("_") and hasattr(RuleBuilder, name):
                hint = f"say .{name}(...) before the outcome, as in .first(2).respond(503)"
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}: {hint}")
            super().__getattr__(name)


@dataclass(frozen=True, repr=False)
class RuleBuilder(OutcomeMethods[RuleHandle], Suggests):
    """A rule that is being written. An outcome such as ``respond(503)`` completes it.

    A builder is immutable: each method returns a new one. First select the hits (``first``, ``nth``, ``every``,
    ``from_``, ``between``, ``with_probability``) and the side of the commit point (``before_commit``,
    ``after_commit``). Then call one outcome method.
    """

    faults: "Faults"
    which: CallMatcher
    hits: HitSelector = ALWAYS
    is_after_commit: bool | None = None
    name: str = ""

    def named(self, name: str) -> "RuleBuilder":
        """Give the rule a name. The list of rules and the journal show it."""
        self.faults.forget(self)
        return self._but(name=checks.text("named", name))

    def first(self, n: int) -> "RuleBuilder":
        """Act on the first ``n`` matching calls."""
        return self._counting("first", n)

    def nth(self, n: int) -> "RuleBuilder":
        """Act only on the ``n``-th matching call, counted from 1."""
        return self._counting("nth", n)

    def every(self, n: int) -> "RuleBuilder":
        """Act on every ``n``-th matching call."""
        return self._counting("every", n)

    def from_(self, n: int) -> "RuleBuilder":
        """Act on the ``n``-th matching call and on all later ones."""
        return self._counting("from", n)

    def between(self, start: float, end: float) -> "RuleBuilder":
        """Act on matching calls in a span of time.

        Args:
            start: The start of the span, in virtual seconds from now.
            end: The end of the span, in virtual seconds from now. A call at this instant is not included.
        """
        return self._once("between", self.hits.between, (start, end))

    def with_probability(self, probability: float) -> "RuleBuilder":
        """Act on a share of the matching calls, above 0 and up to 1, drawn from the seed of the fake."""
        self.faults.forget(self)
        return self._once("probability", self.hits.probability, checks.positive("probability", probability, 1))

    def before_commit(self) -> "RuleBuilder":
        """Act before the call has an effect. This is the default."""
        return self._but(is_after_commit=False)

    def after_commit(self) -> "RuleBuilder":
        """Act after the call has changed the state. Most outcomes do not let the client know that it has."""
        return self._but(is_after_commit=True)

    def _counting(self, word: str, n: int) -> "RuleBuilder":
        if self.hits.count is not None:
            self.faults.forget(self)
            raise invalid(word, n, f"one way of counting: the rule has {self.hits} already")
        return self._selecting(count=(word, n))

    def _once(self, word: str, before: object, value: object) -> "RuleBuilder":
        if before is not None:
            self.faults.forget(self)
            raise invalid(word, value, f"it only once: the rule has {before} already")
        return self._selecting(**{word: value})

    def _selecting(self, **values: object) -> "RuleBuilder":
        self.faults.forget(self)
        return self._but(hits=replace(self.hits, **values))  # type: ignore[arg-type]  # HitSelector checks them

    def _but(self, **values: object) -> "RuleBuilder":
        self.faults.forget(self)
        return self.faults.begin(replace(self, **values))  # type: ignore[arg-type]  # each caller passes its own field

    def _finish(self, kind: Callable[..., Outcome], *values: object) -> RuleHandle:
        self.faults.forget(self)
        step = on_side(kind(*values), self.is_after_commit)
        return self.faults.write(FaultRule(self.which, OnHits(self.hits, step), self.name))

    def __repr__(self) -> str:
        return f"<RuleBuilder {self}>"

    def __str__(self) -> str:
        return f"{self.name or 'a rule'}: {self.which}: {self.hits}"


class Faults(Suggests):
    """The fault rules of a fake. Every matching rule counts a call. Only the newest that selects it acts."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._begun: list[RuleBuilder] = []

    @_SUGGESTIONS
    def on(
        self,
        operation: str | None = None,
        *,
        server: str | None = None,
        id: str | None = None,  # noqa: A002  # the agreed name
        name: str | None = None,
        account: str | None = None,
    ) -> RuleBuilder:
        """Begin a rule for the calls of an operation.

        ``operation`` is an exact name. The other values are exact or globs. A call that has no such attribute, or
        whose body is invalid, does not match.

        Args:
            operation: The name of the operation. Default: any call.
            server: The server id in the path.
            id: The id of the snapshot, server or volume.
            name: The name of the snapshot, server or volume.
            account: The account in the path.

        Returns:
            The builder of the rule.

        Raises:
            InvalidValueError: If no call can match.

        Example:
            >>> from hostway_fake import FakeHostway
            >>> with FakeHostway() as fake:
            ...     rule = fake.faults.on("list_servers").first(1).respond(503)
            ...     statuses = [fake.session().get(f"{fake.url}/servers").status_code for _ in range(2)]
            >>> statuses, rule.fired
            ([503, 200], 1)
        """
        return self.begin(RuleBuilder(self, CallMatcher(operation, server, id, name, account)))

    @_SUGGESTIONS
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
    ) -> RuleHandle:
        """Write a rule with one step for each matching call in turn.

        Args:
            operation: The name of the operation. None for any call.
            steps: Steps from `hostway_fake.faults`, such as ``ok``, ``respond(503)``, ``after_commit.reset()``.
            then: What follows the last step: ``"pass"`` lets calls pass, ``"repeat"`` repeats the script, and
                ``"fail_test"`` raises `hostway_fake.ScriptExhaustedError`.
            server: As in `on`.
            id: As in `on`.
            name: As in `on`.
            account: As in `on`.
            named: The name of the rule.
        """
        which = CallMatcher(operation, server, id, name, account)
        if not isinstance(steps, Iterable):
            raise WrongTypeError(f"steps: got {steps!r}, expected a list of ok and outcomes such as respond(503)")
        return self.write(FaultRule(which, Script(tuple(steps), then), named))

    def outage(self, start: float, seconds: float, step: Step = DOWN, *, named: str = "") -> RuleHandle:
        """Write a rule that acts on every call in a span of time.

        Args:
            start: The start of the outage, in virtual seconds from now.
            seconds: The length of the outage, in virtual seconds.
            step: What happens. Default: a response with status 503.
            named: The name of the rule.
        """
        end = checks.number("start", start) + checks.positive("seconds", seconds)
        return self.write(FaultRule(CallMatcher(), OnHits(HitSelector(between=(start, end)), step), named))

    def lag_reads(self, seconds: float, operations: Iterable[str], monotonic: bool) -> tuple[RuleHandle, ...]:
        """Write the rules of `hostway_fake.FakeHostway.consistency`."""
        if isinstance(operations, str) or not isinstance(operations, Iterable):
            raise WrongTypeError(f"operations: got {operations!r}, expected a list of names")
        what = OnHits(ALWAYS, Step(Lag(seconds, monotonic)), expected=False)
        rules = [FaultRule(CallMatcher(each), what, f"consistency {each}") for each in dict.fromkeys(operations)]
        earlier = {f"consistency {each}" for each in Lag.operations}
        self._rulebook.remove([active.number for active in self._rulebook.rules if active.name in earlier])
        return tuple(self.write(rule) for rule in rules)

    def limit(self, calls: int, per_seconds: float, *, operation: str | None = None, named: str = "") -> RuleHandle:
        """Write a rate limit. Calls above it get a response with status 413 and ``Retry-After``.

        Args:
            calls: How many calls are allowed in any span of ``per_seconds``.
            per_seconds: The length of the span, in virtual seconds.
            operation: The name of the operation. Default: any call.
            named: The name of the rule.
        """
        return self.write(FaultRule(CallMatcher(operation), RateLimit(calls, per_seconds), named))

    @property
    def rules(self) -> tuple[RuleHandle, ...]:
        """The active rules, newest first."""
        return tuple(RuleHandle(self._rulebook, active) for active in self._rulebook.rules)

    def remove(self, name: str) -> None:
        """Remove a rule by its name.

        Raises:
            InvalidValueError: If there is no active rule of that name.
        """
        numbers = {rule.name: rule.number for rule in self._rulebook.rules}
        if name not in numbers:
            raise invalid("name", name, "one of the rules", numbers)
        self._rulebook.remove((numbers[name],))

    def clear(self) -> None:
        """Remove all rules, also unfinished ones, and forget that a script was exhausted."""
        self._rulebook.remove([rule.number for rule in self._rulebook.rules])
        self._rulebook.exhausted()
        self._begun.clear()

    def saved(self) -> list[RuleBuilder]:
        """Return the unfinished rules, for `roll_back`."""
        return list(self._begun)

    def roll_back(self, saved: list[RuleBuilder]) -> None:
        """Return to the unfinished rules of an earlier moment."""
        self._begun = list(saved)

    def check(self) -> None:
        """Raise an error that a client may have swallowed, or that a test may have overlooked. `close` calls it.

        Raises:
            ScriptExhaustedError: If a script with ``then="fail_test"`` got one call too many.
            UnfinishedRuleError: If a rule was begun and given no outcome.
        """
        exhausted = self._rulebook.exhausted()
        if exhausted:
            raise exhausted[0]
        unfinished = self.unfinished()
        self._begun.clear()
        if unfinished:
            raise unfinished

    def unfinished(self, but: Collection[RuleBuilder] = ()) -> UnfinishedRuleError | None:
        """Return the error about unfinished rules, except for some. Return None if there are none."""
        begun = "; ".join(str(rule) for rule in self._begun if not any(rule is other for other in but))
        message = f"begun, but given no outcome such as .respond(503) or .reset(): {begun}"
        return UnfinishedRuleError(message) if begun else None

    def begin(self, begun: RuleBuilder) -> RuleBuilder:
        """Note that a rule is unfinished."""
        self._begun.append(begun)
        return begun

    def forget(self, begun: RuleBuilder) -> None:
        """Note that a rule was continued or refused."""
        self._begun = [other for other in self._begun if other is not begun]

    def write(self, rule: FaultRule) -> RuleHandle:
        """Make a rule active."""
        if not isinstance(rule, FaultRule):
            raise WrongTypeError(f"rule: got {rule!r}, expected a FaultRule")
        return RuleHandle(self._rulebook, self._rulebook.add(rule))
