"""The clock that is held in the hand: exact, and never back."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import START, Clock, FakeClock, InvalidValueError, WrongTypeError
from hostway_fake.clock import monotonic

_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Machine:
    """The machine's own time, moved by hand."""

    def __init__(self) -> None:
        self.nanoseconds = 7

    def read(self) -> int:
        return self.nanoseconds

    def passes(self, seconds: float) -> None:
        self.nanoseconds += round(seconds * 10**9)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr("hostway_fake.clock.clocks.monotonic_ns", machine.read)
    return machine


def test_it_begins_at_a_fixed_instant() -> None:
    assert FakeClock().now() == START == datetime(2013, 4, 12, 19, 29, tzinfo=UTC)


def test_it_is_a_clock() -> None:
    assert isinstance(FakeClock(), Clock)


def test_it_can_begin_elsewhere() -> None:
    start = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))

    now = FakeClock(start).now()

    assert (now, now.tzinfo) == (datetime(2026, 1, 1, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    ("arguments", "keywords", "moved"),
    [
        ((), {}, timedelta(0)),
        ((90,), {}, timedelta(seconds=90)),
        ((0.25,), {}, timedelta(milliseconds=250)),
        ((timedelta(days=1, microseconds=3),), {}, timedelta(days=1, microseconds=3)),
        ((), {"days": 2}, timedelta(days=2)),
        ((), {"hours": 1.5}, timedelta(minutes=90)),
        ((), {"minutes": 5}, timedelta(minutes=5)),
        ((), {"seconds": 0.000001}, timedelta(microseconds=1)),
        ((timedelta(seconds=1),), {"days": 1, "hours": 1, "minutes": 1, "seconds": 1}, timedelta(days=1, seconds=3662)),
        ((-5,), {"seconds": 5}, timedelta(0)),
    ],
)
def test_it_moves_by_all_that_is_given(arguments: tuple[Any, ...], keywords: dict[str, Any], moved: timedelta) -> None:
    clock = FakeClock()

    clock.advance(*arguments, **keywords)

    assert clock.now() - START == moved


@pytest.mark.parametrize(
    ("delta", "kind", "message"),
    [
        (-1, InvalidValueError, "advance: got '-1 s', expected a time that is not negative"),
        (
            timedelta(microseconds=-1),
            InvalidValueError,
            "advance: got '-1e-06 s', expected a time that is not negative",
        ),
        (float("nan"), InvalidValueError, "advance: got 'delta=nan', expected a finite number"),
        (float("inf"), InvalidValueError, "advance: got 'delta=inf', expected a finite number"),
        (10**400, InvalidValueError, "expected an instant before the year 10000"),
        (-(10**400), InvalidValueError, "expected a time that is not negative"),
        (10**15, InvalidValueError, "expected an instant before the year 10000"),
        ("5", WrongTypeError, "advance: got delta='5', expected a number"),
        (True, WrongTypeError, "advance: got delta=True, expected a number"),
    ],
)
def test_a_step_that_is_none_is_refused(delta: Any, kind: type[Exception], message: str) -> None:
    clock = FakeClock()

    with pytest.raises(kind) as caught:
        clock.advance(delta)

    assert message in str(caught.value)
    assert clock.now() == START


def test_going_back_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="a clock does not go back"):
        FakeClock().advance(seconds=-0.5)


def test_it_moves_to_an_instant() -> None:
    clock = FakeClock()

    clock.advance_to(datetime(2013, 4, 12, 21, 30, tzinfo=timezone(timedelta(hours=2))))

    assert clock.now() == START + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("instant", "kind", "message"),
    [
        (START - timedelta(microseconds=1), InvalidValueError, "expected an instant from 2013-04-12T19:29:00+00:00 on"),
        (datetime(2030, 1, 1), InvalidValueError, "expected an aware datetime"),  # noqa: DTZ001
        ("2030-01-01", WrongTypeError, "got '2030-01-01', expected an aware datetime"),
    ],
)
def test_an_instant_that_is_none_is_refused(instant: Any, kind: type[Exception], message: str) -> None:
    clock = FakeClock()

    with pytest.raises(kind) as caught:
        clock.advance_to(instant)

    assert message in str(caught.value)
    assert clock.now() == START


def test_many_small_steps_do_not_drift() -> None:
    clock = FakeClock()

    for _ in range(100_000):
        clock.advance(0.001)

    assert clock.now() - START == timedelta(seconds=100)


def test_steps_below_a_microsecond_add_up() -> None:
    clock = FakeClock()

    for _ in range(10):
        clock.advance(1e-7)

    assert clock.now() - START == timedelta(microseconds=1)


@given(st.lists(st.integers(0, 10**12), max_size=20))
def test_any_split_of_a_step_is_the_whole(microseconds: list[int]) -> None:
    split, whole = FakeClock(), FakeClock()

    for step in microseconds:
        split.advance(timedelta(microseconds=step))
    whole.advance(timedelta(microseconds=sum(microseconds)))

    assert split.now() == whole.now()


@given(st.floats(0, 10**6), st.floats(0, 10**6))
def test_floats_are_taken_for_what_they_are(minutes: float, seconds: float) -> None:
    clock = FakeClock()

    clock.advance(minutes=minutes, seconds=seconds)

    exact = (60 * Fraction(minutes) + Fraction(seconds)) * 10**9
    assert clock.now() - START == timedelta(microseconds=round(exact) // 1000)


def test_it_stands_unless_told_otherwise(machine: Machine) -> None:
    clock = FakeClock()

    machine.passes(3600)

    assert (clock.rate, clock.now()) == (0, START)


@pytest.mark.parametrize("rate", [1, 60, 0.5])
def test_it_runs_at_its_rate(machine: Machine, rate: float) -> None:
    clock = FakeClock(rate=rate)

    machine.passes(10)

    assert clock.now() - START == timedelta(seconds=10 * rate)


def test_a_change_of_rate_makes_no_jump(machine: Machine) -> None:
    clock = FakeClock(rate=1)

    machine.passes(10)
    clock.rate = 60
    assert clock.now() - START == timedelta(seconds=10)

    machine.passes(1)
    clock.rate = 0
    machine.passes(1000)
    assert clock.now() - START == timedelta(seconds=70)


def test_it_is_moved_while_it_runs(machine: Machine) -> None:
    clock = FakeClock(rate=2)

    machine.passes(10)
    clock.advance(5)
    machine.passes(10)
    clock.advance_to(START + timedelta(seconds=100))
    machine.passes(1)

    assert clock.now() - START == timedelta(seconds=102)


def test_a_running_clock_does_not_go_back(machine: Machine) -> None:
    clock = FakeClock(rate=1)
    machine.passes(10)

    with pytest.raises(InvalidValueError, match="from 2013-04-12T19:29:10"):
        clock.advance_to(START + timedelta(seconds=9))


def test_it_stops_at_the_end_of_time(machine: Machine) -> None:
    clock = FakeClock(_LAST - timedelta(seconds=1), rate=1)

    machine.passes(5)

    assert clock.now() == _LAST


@pytest.mark.parametrize(
    ("rate", "kind", "message"),
    [
        (-1, InvalidValueError, "rate: got -1, expected a number from 0"),
        (float("nan"), InvalidValueError, "rate: got nan"),
        (10**10, InvalidValueError, "rate: got 10000000000"),
        ("fast", WrongTypeError, "rate: got 'fast', expected a number"),
        (True, WrongTypeError, "rate: got True, expected a number"),
    ],
)
def test_a_rate_that_is_none_is_refused(rate: Any, kind: type[Exception], message: str, machine: Machine) -> None:
    clock = FakeClock(rate=2)

    with pytest.raises(kind) as caught:
        clock.rate = rate

    assert message in str(caught.value)
    assert clock.rate == 2


@pytest.mark.parametrize(("start", "kind"), [(datetime(2013, 1, 1), InvalidValueError), (2013, WrongTypeError)])  # noqa: DTZ001
def test_a_start_that_is_none_is_refused(start: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="start: got"):
        FakeClock(start)


def test_clock_that_is_stopped_does_not_jump_back_meanwhile() -> None:
    seen: list[datetime] = []

    class WatchedClock(FakeClock):
        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if name == "_rate" and not value:
                seen.append(self.now())

    clock = WatchedClock(rate=10**9)
    clock.rate = 0

    assert seen == [clock.now()]


def test_reaching_an_instant_that_has_passed_or_is_now_moves_nothing() -> None:
    clock = FakeClock()
    clock.advance(10)
    for instant in (START, START + timedelta(seconds=10)):
        clock.reach(instant)
    assert clock.now() == START + timedelta(seconds=10)
    assert len(clock.moves) == 1


def test_clock_advances_to_the_instant_at_which_it_is() -> None:
    clock = FakeClock()
    clock.advance_to(START)
    assert clock.now() == START


def test_rate_has_a_highest_value() -> None:
    FakeClock(rate=10**9)
    with pytest.raises(InvalidValueError, match="rate: got 1000000001"):
        FakeClock(rate=10**9 + 1)


def test_log_of_moves_has_a_bound() -> None:
    clock = FakeClock()
    for _ in range(10_001):
        clock.advance(1)
    assert len(clock.moves) == 10_000


def test_monotonic_time_is_in_seconds(machine: Machine) -> None:
    machine.nanoseconds = 2_500_000_000
    assert monotonic() == 2.5
