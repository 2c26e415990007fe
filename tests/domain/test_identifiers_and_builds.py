"""Ids in the provider's formats, the draws behind them, and builds to order."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import InvalidValueError, WrongTypeError
from hostway_fake.domain import builds, identifiers
from hostway_fake.domain.builds import BuildRule
from hostway_fake.domain.model import Event

_DAYS = st.datetimes(timezones=st.just(UTC))


@given(seed=st.integers(), number=st.integers(0), day=_DAYS)
def test_ids_have_their_formats(seed: int, number: int, day: datetime) -> None:
    server = identifiers.server_id("jello614636", "USOTE", number % 10**8)

    assert identifiers.SERVER_ID.fullmatch(server)
    assert identifiers.SNAPSHOT_ID.fullmatch(identifiers.snapshot_id(seed, number, server, day))
    assert identifiers.VOLUME_ID.fullmatch(identifiers.volume_id(seed, number, day))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", identifiers.uuid(seed, "guid", number))


@pytest.mark.parametrize(
    "pattern_and_sample",
    [
        (identifiers.SNAPSHOT_ID, "snapshot_jello614636-USOTE-0214_2012Jul19_m5yf9Bz8a"),
        (identifiers.SERVER_ID, "michalski275226-AUS001-0005"),
        (identifiers.VOLUME_ID, "hbs2012May08_61EfdIZ3Y"),
        (identifiers.ACCOUNT_ID, "jello614636"),
    ],
)
def test_the_samples_of_the_pages_have_them_too(pattern_and_sample: tuple[re.Pattern[str], str]) -> None:
    pattern, sample = pattern_and_sample

    assert pattern.fullmatch(sample)


def test_a_draw_depends_on_seed_purpose_and_number_only() -> None:
    draws = {
        identifiers.uuid(seed, purpose, number) for seed in (0, 1) for purpose in ("guid", "error") for number in (1, 2)
    }

    assert len(draws) == 8
    assert identifiers.uuid(0, "guid", 1) == identifiers.uuid(0, "guid", 1)


def test_server_ids_go_on_after_ten_thousand() -> None:
    ids = [identifiers.server_id("jello614636", "USOTE", number) for number in (1, 9_999, 10_000, 20_001)]

    assert ids == [
        "jello614636-USOTE-0001",
        "jello614636-USOTE-9999",
        "jello614636-USOTE1-0000",
        "jello614636-USOTE2-0001",
    ]


@given(st.integers(1, 10**6), st.integers(0))
def test_a_draw_lies_below_its_limit(limit: int, number: int) -> None:
    assert 0 <= identifiers.draw_below(7, "build", number, limit) < limit


@pytest.mark.parametrize(
    ("check", "good", "bad", "what"),
    [
        (identifiers.checked_account, "jello614636", "jello/614636", "user"),
        (identifiers.checked_server_id, "jello614636-USOTE-2012-TAMPA-0214", "jello614636-0214", "server id"),
        (identifiers.checked_volume_id, "hbs2012May08_61EfdIZ3Y", "hbs2012May8_61EfdIZ3Y", "volume id"),
    ],
)
def test_an_id_is_checked(check: Any, good: str, bad: str, what: str) -> None:
    assert check(good) == good
    with pytest.raises(InvalidValueError, match=re.escape(f"{what}: got {bad!r}, expected ")):
        check(bad)
    with pytest.raises(InvalidValueError):
        check(good + "\n")
    with pytest.raises(WrongTypeError, match=f"{what}: got 7, expected "):
        check(7)


# Builds


_USUAL: Final = timedelta(minutes=1)


def rule(seconds: float = 1, *, longest: float | None = None, once: bool = False, **narrowed: Any) -> BuildRule:
    return BuildRule(seconds if longest is None else (seconds, longest), once=once, **narrowed)


def test_without_rules_nothing_is_chosen() -> None:
    assert builds.choose((), "server", "name") is None
    assert builds.choose((rule(name="other"),), "server", "name") is None


def test_the_oldest_for_one_comes_before_the_newest_for_all() -> None:
    rules = (rule(1), rule(2, once=True), rule(3, once=True), rule(4))

    assert builds.choose(rules, "server", "name") is rules[1]
    assert builds.choose(builds.spent(builds.spent(rules, rules[1]), rules[2]), "server", "name") is rules[3]


def test_of_two_equal_rules_one_is_spent() -> None:
    rules = (rule(once=True), rule(once=True))

    assert builds.spent(rules, rules[1]) == rules[:1]
    assert builds.spent(rules, rule()) is rules


def test_a_build_without_an_end_has_no_outcome() -> None:
    assert builds.outcome(BuildRule(never=True), _USUAL, 0, 1) == ()


def test_a_build_of_which_nothing_is_said_takes_as_long_as_others() -> None:
    assert builds.outcome(BuildRule(), _USUAL, 0, 1) == ((_USUAL, Event.COMPLETE),)
    assert builds.outcome(BuildRule(ends="DELETED"), _USUAL, 0, 1) == ((_USUAL, Event.DELETE),)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0))
def test_a_range_is_drawn_within_its_bounds(shortest: int, more: int, number: int) -> None:
    ranged = rule(shortest, longest=shortest + more)

    ((after, event),) = builds.outcome(ranged, _USUAL, 3, number)

    assert timedelta(seconds=shortest) <= after <= timedelta(seconds=shortest + more)
    assert event is Event.COMPLETE
    assert builds.outcome(ranged, _USUAL, 3, number) == ((after, event),)


@pytest.mark.parametrize("hours", [-12, 12])
def test_instant_at_the_end_of_time_is_the_last_that_a_zone_can_show(hours: int) -> None:
    end = datetime.max.replace(tzinfo=UTC) if hours > 0 else datetime.min.replace(tzinfo=UTC)
    assert identifiers.in_zone(end, timezone(timedelta(hours=hours))) == end.replace(tzinfo=None)


def test_drawn_build_time_reaches_both_ends_of_its_range() -> None:
    def drawn(low: float, high: float) -> list[float]:
        rule = BuildRule(seconds=(low, high))
        found = (builds.outcome(rule, timedelta(60), 0, number)[0][0] for number in range(100))
        return [after.total_seconds() for after in found]

    assert set(drawn(1, 1.000001)) == {1, 1.000001}
    assert set(drawn(2, 2)) == {2}
    assert max(drawn(0, 100)) > 90


def test_draws_are_below_their_limit_and_reach_it() -> None:
    assert {identifiers.draw_below(0, "x", number, 3) for number in range(50)} == {0, 1, 2}
