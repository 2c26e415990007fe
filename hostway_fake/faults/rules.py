"""Fault rules as pure values: which calls they match, on which hits they act, and what happens then."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from math import ceil
from typing import Final

from hostway_fake import checks
from hostway_fake.contract.errors import RATE_LIMITED
from hostway_fake.contract.operations import BY_NAME
from hostway_fake.domain import identifiers
from hostway_fake.exceptions import ScriptExhaustedError, WrongTypeError, invalid
from hostway_fake.faults.edits import BodyEdit
from hostway_fake.faults.outcomes import Lag, Respond, StaleConnection, Step, ok

_MILLION: Final = 10**6
_NUMBERED: Final = re.compile(r"rule [0-9]+")


@dataclass(frozen=True, slots=True)
class CallInfo:
    """The properties of a call that a rule can match.

    A property is None if the call does not have it, or if it cannot be parsed. ``reused`` tells whether the connection
    has served a request before.
    """

    operation: str | None
    server: str | None
    id: str | None
    name: str | None
    account: str
    reused: bool = False


@dataclass(frozen=True, slots=True)
class CallMatcher:
    """The calls that a rule matches. A pattern is an exact text or a glob. None matches every call."""

    operation: str | None = None
    server: str | None = None
    id: str | None = None
    name: str | None = None
    account: str | None = None

    def __post_init__(self) -> None:
        for what in ("operation", "server", "id", "name", "account"):
            if getattr(self, what) is not None and not checks.text(what, getattr(self, what)):
                raise invalid(what, "", "a text that is not empty, which nothing would match")
        if self.operation is None:
            return
        if self.operation not in BY_NAME:
            raise invalid("operation", self.operation, "one of", BY_NAME)
        operation = BY_NAME[self.operation]
        if self.server is not None and not operation.has("server_id"):
            raise invalid("server", self.server, f"none: no call of {self.operation} names a server")
        if self.id is not None and not (operation.argument or operation.is_named_in_body):
            raise invalid("id", self.id, f"none: no call of {self.operation} names the id of what it is about")
        if self.name is not None and not operation.about:
            raise invalid("name", self.name, f"none: no call of {self.operation} is about one thing")

    def matches(self, subject: CallInfo) -> bool:
        """Tell whether the matcher matches a call."""
        return (
            (self.operation is None or self.operation == subject.operation)
            and (self.server is None or glob_matches(self.server, subject.server))
            and (self.id is None or glob_matches(self.id, subject.id))
            and (self.name is None or glob_matches(self.name, subject.name))
            and (self.account is None or glob_matches(self.account, subject.account))
        )

    def __str__(self) -> str:
        narrowed = (f"{what}={getattr(self, what)!r}" for what in ("server", "id", "name", "account"))
        return ", ".join([self.operation or "any call", *(word for word in narrowed if not word.endswith("=None"))])


def glob_matches(pattern: str, text: str | None) -> bool:
    """Tell whether a text matches a pattern, exactly or as a glob."""
    return text is not None and (pattern == text or fnmatchcase(text, pattern))


COUNTS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "first": lambda n, hit: hit <= n,
    "nth": lambda n, hit: hit == n,
    "every": lambda n, hit: hit % n == 0,
    "from": lambda n, hit: hit >= n,
}
"""The ways to count. Each function tells whether a rule acts on a hit; the first hit is 1."""


@dataclass(frozen=True, slots=True)
class HitSelector:
    """The hits on which a rule acts. Every given condition must hold. Without a condition, the rule acts on every hit.

    ``count`` is a key of `COUNTS` with its number. ``between`` is in seconds since the rule was written.
    """

    count: tuple[str, int] | None = None
    between: tuple[float, float] | None = None
    probability: float | None = None

    def __post_init__(self) -> None:
        if self.count is not None:
            checks.whole(*self.count)
        if self.between is not None:
            start, end = checks.number("start", self.between[0]), checks.positive("end", self.between[1])
            if start >= end:
                raise invalid("between", self.between, "two times in seconds, the first before the second")
        if self.probability is not None:
            checks.positive("probability", self.probability, 1)

    def selects(self, hit: int, age: timedelta, number: int, seed: int) -> bool:
        """Tell whether the rule acts on a hit."""
        if self.count is not None and not COUNTS[self.count[0]](self.count[1], hit):
            return False
        if self.between is not None and not self.between[0] <= age.total_seconds() < self.between[1]:
            return False
        if self.probability is not None:
            return identifiers.draw_below(seed, f"fault {number}", hit, _MILLION) < self.probability * _MILLION
        return True

    def remaining(self, hits: int, fired: int) -> int:
        """Return the smallest number of matching calls after which the rule is finished."""
        if self.probability is not None:
            return 0
        return max(self.count[1] - hits, 0) if self.count and not self.between else int(not fired)

    def __str__(self) -> str:
        said = [f"{self.count[0]} {self.count[1]}"] if self.count else []
        said += [f"between {self.between[0]:g} and {self.between[1]:g} s"] if self.between else []
        said += [f"with probability {self.probability:g}"] if self.probability is not None else []
        return ", ".join(said) or "always"


ALWAYS: Final = HitSelector()


def _checked_step(what: str, step: object) -> None:
    if not isinstance(step, Step):
        raise WrongTypeError(f"{what}: got {step!r}, expected ok, or an outcome such as respond(503)")


@dataclass(frozen=True, slots=True)
class OnHits:
    """One step on the selected hits. A rule that is not ``expected`` may stay unused."""

    hits: HitSelector
    step: Step
    expected: bool = True

    def __post_init__(self) -> None:
        _checked_step("step", self.step)
        if self.step.outcome is None:
            raise invalid("step", str(self.step), "one that does something")

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that the rule can apply."""
        return (self.step,)

    def remaining(self, hits: int, fired: int) -> int:
        """Return how many more matching calls the rule expects."""
        return self.hits.remaining(hits, fired) if self.expected else 0

    def __str__(self) -> str:
        return f"{self.hits}: {self.step}"


THEN: Final = ("pass", "repeat", "fail_test")


@dataclass(frozen=True, slots=True)
class Script:
    """One step for each hit in turn. ``then`` tells what follows the last step."""

    steps: tuple[Step, ...]
    then: str = "pass"

    def __post_init__(self) -> None:
        if self.then not in THEN:
            raise invalid("then", self.then, "one of", THEN)
        if not self.steps:
            raise invalid("steps", list(self.steps), "at least one step")
        for step in self.steps:
            _checked_step("steps", step)
        if self.then != "fail_test" and all(step.outcome is None for step in self.steps):
            raise invalid("steps", [str(step) for step in self.steps], "a step other than ok: this script does nothing")

    def remaining(self, hits: int, fired: int) -> int:
        """Return how many more matching calls the rule expects."""
        return max(len(self.steps) - hits, 0)

    def step(self, name: str, hit: int, subject: CallInfo) -> Step:
        """Return the step of a hit.

        Raises:
            ScriptExhaustedError: If the script has no step left and ``then`` is ``"fail_test"``.
        """
        if hit <= len(self.steps):
            return self.steps[hit - 1]
        if self.then == "fail_test":
            raise ScriptExhaustedError(
                f"{name}: call {hit} ({subject.operation or 'no operation'}) came, but the script has "
                f"{len(self.steps)} steps, and then='fail_test'"
            )
        return self.steps[(hit - 1) % len(self.steps)] if self.then == "repeat" else ok

    def __str__(self) -> str:
        return f"script of {len(self.steps)} steps, then {self.then}"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A rate limit: at most ``calls`` calls in any ``per_seconds`` seconds. Others get ``Retry-After``."""

    calls: int
    per_seconds: float

    def __post_init__(self) -> None:
        checks.whole("calls", self.calls)
        checks.positive("per_seconds", self.per_seconds)
        if not timedelta(seconds=self.per_seconds):
            raise invalid("per_seconds", self.per_seconds, "at least a microsecond")

    @property
    def steps(self) -> tuple[Step, ...]:
        """An empty tuple, because a rate limit has no fixed steps."""
        return ()

    def remaining(self, hits: int, fired: int) -> int:
        """Return how many more matching calls the rule expects."""
        return 0

    def __str__(self) -> str:
        return f"at most {self.calls} calls in {self.per_seconds:g} s"


def _check_operation(name: str | None, step: Step) -> None:
    if isinstance(step.outcome, Lag) and name not in Lag.operations:
        raise invalid("operation", name, "one that reads snapshots or servers", Lag.operations)
    if isinstance(step.outcome, BodyEdit) and name and not BY_NAME[name].has_json:
        raise invalid("outcome", step.outcome.name, f"another: a response of {name} has no JSON body")


@dataclass(frozen=True, slots=True)
class FaultRule:
    """A rule as it was written. A rule without a name gets a numbered name when it becomes active."""

    which: CallMatcher
    what: OnHits | Script | RateLimit
    name: str = ""

    def __post_init__(self) -> None:
        if _NUMBERED.fullmatch(checks.text("named", self.name)):
            raise invalid("named", self.name, "another name: names of this form are for rules without a name")
        for step in self.what.steps:
            _check_operation(self.which.operation, step)


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule that is active in a world.

    Attributes:
        rule: The rule as it was written.
        number: The number of the rule, counted from 1.
        added_at: The instant at which it became active.
        hits: The number of matching calls so far.
        fired: The number of calls on which it acted.
        admitted: The instants of the last calls that a rate limit has allowed.
    """

    rule: FaultRule
    number: int
    added_at: datetime
    hits: int = 0
    fired: int = 0
    admitted: tuple[datetime, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """The given name, or a numbered name that cannot be given to a rule."""
        return self.rule.name or f"rule {self.number}"

    @property
    def remaining(self) -> int:
        """The number of matching calls that the rule still expects. 0 if it is finished or expects none."""
        return self.rule.what.remaining(self.hits, self.fired)

    def after_call(self, subject: CallInfo, now: datetime, seed: int) -> "tuple[ActiveRule, Step | None]":
        """Return the rule after a call, and the step that it would apply to the call."""
        if not self.rule.which.matches(subject):
            return self, None
        what = self.rule.what
        hit = replace(self, hits=self.hits + 1)
        if isinstance(what, RateLimit):
            return _limited(hit, what, now)
        if isinstance(what, Script):
            step, chosen = what.step(self.name, hit.hits, subject), True
        else:
            step, chosen = what.step, what.hits.selects(hit.hits, now - self.added_at, self.number, seed)
        if isinstance(step.outcome, StaleConnection) and not subject.reused:
            return self, None
        return hit, step if chosen and step.outcome else None

    def firing(self) -> "ActiveRule":
        """Return the rule with one more call on which it acted."""
        return replace(self, fired=self.fired + 1)

    @property
    def description(self) -> str:
        """The name of the rule, which calls it matches, and what it does."""
        return f"{self.name}: {self.rule.which}: {self.rule.what}"

    def __str__(self) -> str:
        return f"{self.description} (hits {self.hits}, fired {self.fired}, remaining {self.remaining})"


def _limited(standing: ActiveRule, limit: RateLimit, now: datetime) -> tuple[ActiveRule, Step | None]:
    span = timedelta(seconds=limit.per_seconds)
    admitted = tuple(instant for instant in standing.admitted if now - instant < span)
    if len(admitted) < limit.calls:
        return replace(standing, admitted=(*admitted, now)), None
    wait = ceil((span - (now - admitted[0])).total_seconds())
    error = replace(RATE_LIMITED, details=RATE_LIMITED.details.format(str(limit)))
    return replace(standing, admitted=admitted), Step(Respond(error.status, wait, error=error))


@dataclass(frozen=True, slots=True)
class Fault:
    """The effect of the rules on a call: the name of the rule that acts, and its step."""

    rule: str
    step: Step


def match_rules(
    standing: tuple[ActiveRule, ...], subject: CallInfo, now: datetime, seed: int
) -> tuple[tuple[ActiveRule, ...], Fault | None]:
    """Return all rules after a call, newest first, and the fault. Every matching rule counts; the newest acts."""
    after = []
    fault = None
    for rule in standing:
        rule, step = rule.after_call(subject, now, seed)
        if fault is None and step is not None:
            rule, fault = rule.firing(), Fault(rule.name, step)
        after.append(rule)
    return tuple(after), fault
