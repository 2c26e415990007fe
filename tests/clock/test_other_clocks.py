"""The clocks that others move."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from freezegun import freeze_time

from hostway_fake import START, Clock, FakeClock, FollowingClock, SystemClock


@pytest.mark.parametrize("kind", [FollowingClock, SystemClock])
def test_it_is_a_clock_that_tells_utc(kind: type[FollowingClock | SystemClock]) -> None:
    clock = kind()

    assert isinstance(clock, Clock)
    assert clock.now().tzinfo is UTC


def test_the_system_s_clock_reads_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hostway_fake.clock.clocks.realtime_ns", lambda: 1_365_794_940_000_001_999)

    assert SystemClock().now() == START + timedelta(microseconds=1)


def test_the_system_s_clock_tells_the_date() -> None:
    assert abs(SystemClock().now() - FollowingClock().now()) < timedelta(minutes=1)


def test_the_following_clock_follows_freezegun_forward_and_back() -> None:
    clock = FollowingClock()

    with freeze_time("2026-01-01") as frozen:
        assert clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
        frozen.tick(5)
        assert clock.now() == datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)
        frozen.move_to("2025-12-31")
        assert clock.now() == datetime(2025, 12, 31, tzinfo=UTC)


def test_the_following_clock_follows_time_machine_forward_and_back() -> None:
    clock = FollowingClock()

    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False) as traveller:
        assert clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
        traveller.shift(-5)
        assert clock.now() == datetime(2025, 12, 31, 23, 59, 55, tzinfo=UTC)


@pytest.mark.parametrize("rate", [0, 1])
@pytest.mark.parametrize("other", [freeze_time("2030-01-01"), time_machine.travel(datetime(2030, 1, 1, tzinfo=UTC))])
def test_the_fake_clock_is_not_moved_by_others(rate: float, other: AbstractContextManager[object]) -> None:
    clock = FakeClock(rate=rate)

    with other:
        assert START <= clock.now() < START + timedelta(minutes=1)
        assert START <= FakeClock(rate=rate).now() < START + timedelta(minutes=1)
