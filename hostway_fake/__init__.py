"""A stateful fake of Hostway's server-snapshot HTTP API, for tests and demos.

Names are loaded when they are first used, so that an installed but unused plugin costs nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hostway_fake.clock import START, Clock, FakeClock, FollowingClock, SystemClock
    from hostway_fake.contract.evidence import Evidence
    from hostway_fake.contract.readings import READINGS, Reading
    from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
    from hostway_fake.domain.model import Snapshot, Volume
    from hostway_fake.exceptions import (
        BlockedHostError,
        CannotHappenError,
        ClockError,
        ClosedFakeError,
        EndlessWaitError,
        FrozenClockError,
        HostwayFakeError,
        InvalidValueError,
        MisconductError,
        NotCalledError,
        NoWireError,
        PortTakenError,
        RealSleepWarning,
        RefusedError,
        ScriptExhaustedError,
        UnfinishedRuleError,
        UnknownOptionError,
        WrongTypeError,
    )
    from hostway_fake.fake import FakeHostway
    from hostway_fake.fake.server_handle import ServerHandle
    from hostway_fake.journal.calls import Call, Effect
    from hostway_fake.journal.reliance import Reliance
    from hostway_fake.journal.sequence import Calls
    from hostway_fake.journal.timeline import Timeline, TimelineEntry
    from hostway_fake.world import UpcomingEvent

__all__ = [
    "READINGS",
    "START",
    "BlockedHostError",
    "Call",
    "Calls",
    "CannotHappenError",
    "Clock",
    "ClockError",
    "ClosedFakeError",
    "Effect",
    "EndlessWaitError",
    "Evidence",
    "FakeClock",
    "FakeHostway",
    "FollowingClock",
    "FrozenClockError",
    "HostwayFakeError",
    "InvalidValueError",
    "MisconductError",
    "NoWireError",
    "NotCalledError",
    "PortTakenError",
    "Reading",
    "RealSleepWarning",
    "RefusedError",
    "Reliance",
    "ScriptExhaustedError",
    "ServerHandle",
    "ServerStatus",
    "Snapshot",
    "SnapshotStatus",
    "SystemClock",
    "Timeline",
    "TimelineEntry",
    "UnfinishedRuleError",
    "UnknownOptionError",
    "UpcomingEvent",
    "Volume",
    "WrongTypeError",
]

_HOMES = {
    "hostway_fake.clock": ("START", "Clock", "FakeClock", "FollowingClock", "SystemClock"),
    "hostway_fake.contract.evidence": ("Evidence",),
    "hostway_fake.contract.readings": ("READINGS", "Reading"),
    "hostway_fake.contract.statuses": ("ServerStatus", "SnapshotStatus"),
    "hostway_fake.domain.model": ("Snapshot", "Volume"),
    "hostway_fake.exceptions": (
        "BlockedHostError",
        "CannotHappenError",
        "ClockError",
        "ClosedFakeError",
        "ClosedFakeError",
        "EndlessWaitError",
        "FrozenClockError",
        "HostwayFakeError",
        "InvalidValueError",
        "MisconductError",
        "NoWireError",
        "NotCalledError",
        "PortTakenError",
        "RealSleepWarning",
        "RefusedError",
        "ScriptExhaustedError",
        "UnfinishedRuleError",
        "UnknownOptionError",
        "WrongTypeError",
    ),
    "hostway_fake.fake": ("FakeHostway",),
    "hostway_fake.fake.server_handle": ("ServerHandle",),
    "hostway_fake.journal.calls": ("Call", "Effect"),
    "hostway_fake.journal.reliance": ("Reliance",),
    "hostway_fake.journal.sequence": ("Calls",),
    "hostway_fake.journal.timeline": ("TimelineEntry", "Timeline"),
    "hostway_fake.world": ("UpcomingEvent",),
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            from importlib import import_module

            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
