"""Rules without HTTP: which calls, which hits, and what a rule still owes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import START, InvalidValueError, ScriptExhaustedError, WrongTypeError
from hostway_fake.faults import after_commit, before_commit, ok, reset, respond, stale_connection
from hostway_fake.faults.outcomes import Respond, Step, TruncatedBody
from hostway_fake.faults.rules import (
    ActiveRule,
    CallInfo,
    CallMatcher,
    Fault,
    FaultRule,
    HitSelector,
    OnHits,
    RateLimit,
    Script,
    glob_matches,
    match_rules,
)

_SERVER: Final = "jello614636-USOTE-0214"
_CREATE: Final = CallInfo("create_snapshot", _SERVER, None, "nightly", "jello614636")
_GET: Final = CallInfo("get_snapshot", _SERVER, "snapshot_1", "nightly", "jello614636")
_LOST: Final = CallInfo(None, None, None, None, "jello614636")


def standing(what: OnHits | Script | RateLimit, which: CallMatcher | None = None, number: int = 1) -> ActiveRule:
    return ActiveRule(FaultRule(which or CallMatcher(), what, f"r{number}"), number, START)


def selected(hits: HitSelector | None = None) -> OnHits:
    return OnHits(hits or HitSelector(), reset())


def acting(rule: ActiveRule, calls: int, seconds: float = 0, seed: int = 0) -> tuple[list[int], ActiveRule]:
    """Return on which calls a rule acts, with a fixed time between them, and the rule afterwards."""
    fired = []
    for number in range(1, calls + 1):
        (rule,), fault = match_rules((rule,), _CREATE, START + timedelta(seconds=(number - 1) * seconds), seed)
        fired += [number] if fault else []
    return fired, rule


# Which calls


@pytest.mark.parametrize(
    ("which", "matching"),
    [
        (CallMatcher(), {_CREATE, _GET, _LOST}),
        (CallMatcher("create_snapshot"), {_CREATE}),
        (CallMatcher(server=_SERVER), {_CREATE, _GET}),
        (CallMatcher(server="*-0214"), {_CREATE, _GET}),
        (CallMatcher(server="*-0215"), set()),
        (CallMatcher(name="night*"), {_CREATE, _GET}),
        (CallMatcher("get_snapshot", name="nightly"), {_GET}),
        (CallMatcher(id="snapshot_?"), {_GET}),
        (CallMatcher(account="jello614636"), {_CREATE, _GET, _LOST}),
        (CallMatcher(account="j*"), {_CREATE, _GET, _LOST}),
        (CallMatcher(account="michalski275226"), set()),
    ],
    ids=lambda value: str(value) if isinstance(value, CallMatcher) else str(len(value)),
)
def test_a_rule_is_about_the_calls_that_it_names(which: CallMatcher, matching: set[CallInfo]) -> None:
    assert {subject for subject in (_CREATE, _GET, _LOST) if which.matches(subject)} == matching


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda: CallMatcher("create"),
            InvalidValueError,
            "operation: got 'create'. Did you mean 'create_volume'?",
        ),
        (
            lambda: CallMatcher("create_snapshot", id="a"),
            InvalidValueError,
            "no call of create_snapshot names the id of",
        ),
        (
            lambda: CallMatcher("list_snapshots", name="a"),
            InvalidValueError,
            "no call of list_snapshots is about one thing",
        ),
        (lambda: CallMatcher("list_servers", server="a"), InvalidValueError, "no call of list_servers names a server"),
        (lambda: CallMatcher(server=214), WrongTypeError, "server: got 214, expected a string"),  # type: ignore[arg-type]
        (lambda: CallMatcher(name=""), InvalidValueError, "name: got '', expected a text that is not empty"),
        (lambda: HitSelector(("first", 0)), InvalidValueError, "first: got 0, expected a whole number from 1"),
        (lambda: HitSelector(("nth", True)), WrongTypeError, "nth: got True, expected a whole number"),
        (lambda: HitSelector(between=(5, 5)), InvalidValueError, "between: got (5, 5), expected two times in seconds"),
        (lambda: HitSelector(between=(-1, 5)), InvalidValueError, "start: got -1, expected a number from 0"),
        (lambda: HitSelector(between=(0, 0)), InvalidValueError, "end: got 0, expected a number above 0"),
        (lambda: HitSelector(probability=0), InvalidValueError, "probability: got 0, expected a number above 0"),
        (
            lambda: HitSelector(probability=1.5),
            InvalidValueError,
            "probability: got 1.5, expected a number above 0, up to 1",
        ),
        (lambda: Script(()), InvalidValueError, "steps: got [], expected at least one step"),
        (lambda: Script((ok,)), InvalidValueError, "this script does nothing"),
        (lambda: Script((reset(),), "stop"), InvalidValueError, "then: got 'stop', expected one of: 'pass', 'repeat'"),
        (lambda: Script(("ok",)), WrongTypeError, "steps: got 'ok', expected ok, or an outcome"),  # type: ignore[arg-type]
        (lambda: RateLimit(0, 5), InvalidValueError, "calls: got 0"),
        (lambda: RateLimit(1, 4e-7), InvalidValueError, "per_seconds: got 4e-07, expected at least a microsecond"),
        (lambda: OnHits(HitSelector(), ok), InvalidValueError, "step: got 'ok', expected one that does something"),
        (lambda: Step("reset"), WrongTypeError, "outcome: got 'reset', expected one such as"),  # type: ignore[arg-type]
        (lambda: respond(502, body="\ud800"), InvalidValueError, "a string without halves of surrogate pairs"),
        (lambda: respond(502, body="a", content_type=""), InvalidValueError, "content_type: got ''"),
        (lambda: respond(503, 10**5000), InvalidValueError, "retry_after: got a number of too many digits"),
        (
            lambda: FaultRule(CallMatcher(), selected(), "\ud800"),
            InvalidValueError,
            "without halves of surrogate pairs",
        ),
        (lambda: RateLimit(5, 0), InvalidValueError, "per_seconds: got 0, expected a number above 0"),
        (lambda: FaultRule(CallMatcher(), selected(), 7), WrongTypeError, "named: got 7, expected a string"),  # type: ignore[arg-type]
        (
            lambda: respond(418),
            InvalidValueError,
            "status: got 418, expected body=, json=, or a status that has an error body",
        ),
        (lambda: respond(199, body="a"), InvalidValueError, "status: got 199, expected a whole number from 200 to 599"),
        (lambda: respond(204, body="a"), InvalidValueError, "status: got 204, expected one that may have a body"),
        (lambda: respond(304, body="a"), InvalidValueError, "status: got 304, expected one that may have a body"),
        (lambda: respond("503"), WrongTypeError, "status: got '503', expected a whole number"),  # type: ignore[arg-type]
        (lambda: respond(503, -1), InvalidValueError, "retry_after: got -1"),
        (lambda: respond(502, body=b"a"), WrongTypeError, "body: got b'a', expected a string"),  # type: ignore[arg-type]
        (lambda: respond(502, body="a", content_type="a\r\nb"), InvalidValueError, "content_type: got"),
        (lambda: before_commit.delay(0), InvalidValueError, "seconds: got 0, expected a number above 0"),
        (lambda: before_commit.delay(1, real=1), WrongTypeError, "real: got 1, expected True or False"),  # type: ignore[arg-type]
        (lambda: before_commit.truncate(1.5), InvalidValueError, "keep: got 1.5, expected a number from 0 to 1"),
        (lambda: before_commit.truncate(-1), InvalidValueError, "keep: got -1"),
        (
            lambda: before_commit.slow_body(1e-300),
            InvalidValueError,
            "bytes_per_second: got 1e-300, expected a number from",
        ),
        (lambda: before_commit.slow_body(float("nan")), InvalidValueError, "bytes_per_second: got nan"),
        (lambda: after_commit.unavailable(), InvalidValueError, "the service gets no request"),
    ],
)
def test_what_can_never_be_is_refused_when_it_is_written(
    make: Callable[[], object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as caught:
        make()

    assert message in str(caught.value)


# Which hits


@pytest.mark.parametrize(
    ("hits", "fired", "remaining"),
    [
        (HitSelector(), [1, 2, 3, 4, 5, 6, 7], [1, 0, 0]),
        (HitSelector(("first", 2)), [1, 2], [2, 1, 0]),
        (HitSelector(("nth", 3)), [3], [3, 2, 1]),
        (HitSelector(("every", 3)), [3, 6], [3, 2, 1]),
        (HitSelector(("from", 5)), [5, 6, 7], [5, 4, 3]),
        (HitSelector(between=(20, 40)), [3, 4], [1, 1, 1]),
        (HitSelector(("first", 3), between=(10, 40)), [2, 3], [1, 1, 0]),
        (HitSelector(probability=1), [1, 2, 3, 4, 5, 6, 7], [0, 0, 0]),
    ],
    ids=str,
)
def test_a_rule_acts_on_the_hits_that_it_selects(hits: HitSelector, fired: list[int], remaining: list[int]) -> None:
    """One call each ten seconds; ``between`` holds from its start up to, but not at, its end."""
    rule = standing(selected(hits))

    assert acting(rule, 7, seconds=10)[0] == fired
    assert [acting(rule, calls, seconds=10)[1].remaining for calls in range(3)] == remaining


def test_a_chance_is_drawn_by_seed_rule_and_hit() -> None:
    def drawn(number: int, seed: int) -> list[int]:
        return acting(standing(selected(HitSelector(probability=0.3)), number=number), 1000, seed=seed)[0]

    assert drawn(1, 0) == drawn(1, 0)
    assert len({tuple(drawn(number, seed)) for number in (1, 2) for seed in (0, 1)}) == 4
    assert 230 < len(drawn(1, 0)) < 370


def test_hits_are_counted_whether_or_not_another_rule_acts() -> None:
    newer, older = (
        standing(selected(HitSelector(("first", 2))), number=2),
        standing(selected(HitSelector(("nth", 3))), number=1),
    )
    rules: tuple[ActiveRule, ...] = (newer, older)
    names = []

    for _ in range(4):
        rules, fault = match_rules(rules, _CREATE, START, 0)
        names.append(fault and fault.rule)

    assert names == ["r2", "r2", "r1", None]
    assert [(rule.hits, rule.fired) for rule in rules] == [(4, 2), (4, 1)]


def test_of_two_rules_the_newest_wins_and_only_it_has_acted() -> None:
    rules, fault = match_rules((standing(selected(), number=2), standing(selected(), number=1)), _CREATE, START, 0)

    assert fault == Fault("r2", reset())
    assert [rule.fired for rule in rules] == [1, 0]


def test_a_call_that_does_not_match_is_not_counted() -> None:
    rule = standing(selected(), CallMatcher("get_snapshot"))

    assert match_rules((rule,), _CREATE, START, 0) == ((rule,), None)


@pytest.mark.parametrize("what", [OnHits(HitSelector(), stale_connection()), Script((stale_connection(),))])
def test_a_fresh_connection_is_no_match_for_a_stale_one(what: OnHits | Script) -> None:
    rule = standing(what)
    kept = CallInfo("get_snapshot", _SERVER, None, None, "jello614636", reused=True)

    assert match_rules((rule,), _GET, START, 0) == ((rule,), None)
    assert match_rules((rule,), kept, START, 0)[1] == Fault("r1", stale_connection())


# Scripts


@pytest.mark.parametrize(
    ("then", "fired"), [("pass", [2, 3]), ("repeat", [2, 3, 5, 6])], ids=["then pass", "then repeat"]
)
def test_a_script_has_a_step_for_each_hit(then: str, fired: list[int]) -> None:
    rule = standing(Script((ok, respond(500), after_commit.reset()), then))

    assert acting(rule, 7)[0] == fired
    assert [acting(rule, calls)[1].remaining for calls in range(5)] == [3, 2, 1, 0, 0]


def test_one_call_too_many_fails_the_test_if_it_is_to() -> None:
    _, rule = acting(standing(Script((ok, ok), "fail_test")), 2)

    with pytest.raises(ScriptExhaustedError, match=r"r1: call 3 \(create_snapshot\) came, but the script has 2 steps"):
        match_rules((rule,), _CREATE, START, 0)
    with pytest.raises(AssertionError, match="no operation"):
        match_rules((rule,), _LOST, START, 0)


def test_where_a_script_says_ok_an_older_rule_may_act() -> None:
    _, fault = match_rules(
        (standing(Script((ok, reset())), number=2), standing(selected(), number=1)), _CREATE, START, 0
    )

    assert fault is not None
    assert fault.rule == "r1"


# Limits


def test_a_limit_counts_and_says_when_to_come_again() -> None:
    rule = standing(RateLimit(2, 10))
    seen = []
    for second in (0, 4, 5, 9.5, 10, 11, 14):
        (rule,), fault = match_rules((rule,), _CREATE, START + timedelta(seconds=second), 0)
        outcome = fault.step.outcome if fault else None
        seen.append(outcome.retry_after if isinstance(outcome, Respond) else None)

    assert seen == [None, None, 5, 1, None, 3, None]
    assert (rule.hits, rule.fired, rule.remaining) == (7, 3, 0)


@given(st.lists(st.integers(0, 3000), max_size=40), st.integers(1, 5), st.integers(1, 10))
def test_no_span_of_time_sees_more_than_the_limit(moves: list[int], calls: int, seconds: int) -> None:
    rule, now, admitted = standing(RateLimit(calls, seconds)), START, list[Any]()
    for move in moves:
        now += timedelta(milliseconds=move)
        (rule,), fault = match_rules((rule,), _CREATE, now, 0)
        if fault is None:
            admitted.append(now)
        else:
            assert isinstance(fault.step.outcome, Respond)
            assert isinstance(fault.step.outcome.retry_after, int)
            assert 1 <= fault.step.outcome.retry_after <= seconds

    span = timedelta(seconds=seconds)
    assert all(late - early >= span for early, late in zip(admitted, admitted[calls:], strict=False))


# Words


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (FaultRule(CallMatcher(), selected()), "rule 7: any call: always: reset before the commit point"),
        (
            FaultRule(
                CallMatcher("create_snapshot", name="a*"),
                OnHits(HitSelector(("first", 1)), after_commit.reset()),
                "lost",
            ),
            "lost: create_snapshot, name='a*': first 1: reset after the commit point",
        ),
        (
            FaultRule(CallMatcher(), OnHits(HitSelector(between=(1, 2.5), probability=0.5), respond(503)), "r"),
            "r: any call: between 1 and 2.5 s, with probability 0.5: respond before the commit point",
        ),
        (FaultRule(CallMatcher(), Script((ok, reset())), "r"), "r: any call: script of 2 steps, then pass"),
        (FaultRule(CallMatcher(), RateLimit(3, 10), "r"), "r: any call: at most 3 calls in 10 s"),
    ],
)
def test_a_rule_says_what_it_is(rule: FaultRule, said: str) -> None:
    assert str(ActiveRule(rule, 7, START, 3, 2)) == f"{said} (hits 3, fired 2, remaining {rule.what.remaining(3, 2)})"


def test_a_limit_has_no_step_that_is_always_the_same() -> None:
    assert (RateLimit(3, 10).steps, selected().steps) == ((), (reset(),))


def test_the_names_of_rules_without_a_name_cannot_be_given() -> None:
    with pytest.raises(InvalidValueError, match="named: got 'rule 2', expected another"):
        FaultRule(CallMatcher(), selected(), "rule 2")
    assert FaultRule(CallMatcher(), selected(), "rule two").name == "rule two"


def test_a_step_that_does_nothing_is_ok() -> None:
    assert str(ok) == "ok"


@pytest.mark.parametrize(
    ("keep", "left"), [(0, 0), (3, 3), (9, 9), (10, 9), (99, 9), (0.0, 0), (0.5, 5), (0.99, 9), (1.0, 9)]
)
def test_a_truncated_body_is_never_whole(keep: float, left: int) -> None:
    assert TruncatedBody(keep).part(b"0123456789") == b"0123456789"[:left]


def test_of_nothing_nothing_is_left() -> None:
    assert TruncatedBody(0.5).part(b"") == b""


def test_limit_is_kept_at_the_end_of_all_time() -> None:
    now = datetime.max.replace(tzinfo=UTC)
    admitted, first = match_rules((standing(RateLimit(1, 10)),), _CREATE, now, 0)
    _, second = match_rules(admitted, _CREATE, now, 0)

    assert first is None
    assert second is not None
    assert isinstance(second.step.outcome, Respond)
    assert second.step.outcome.retry_after == 10


def test_name_that_holds_the_characters_of_a_glob_is_matched_exactly() -> None:
    assert glob_matches("nightly [1]", "nightly [1]")
    assert glob_matches("nightly [12]", "nightly 2")
    assert not glob_matches("nightly [1]", "nightly [2]")
