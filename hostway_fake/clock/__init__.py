"""The clocks of a world."""

from hostway_fake.clock.clocks import (
    CLOCKS,
    START,
    Clock,
    FakeClock,
    FollowingClock,
    SavedClock,
    SystemClock,
    monotonic,
)

__all__ = ["CLOCKS", "START", "Clock", "FakeClock", "FollowingClock", "SavedClock", "SystemClock", "monotonic"]
