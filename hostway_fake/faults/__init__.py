"""What goes wrong, as values: which calls, which hits, on which side of the commit point, and what happens then.

The words that a script is written with are here; they are loaded when they are first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hostway_fake.faults.outcomes import (
        Step,
        after_commit,
        before_commit,
        delay,
        empty,
        hang,
        malformed,
        ok,
        reset,
        respond,
        slow_body,
        stale_connection,
        truncate,
        unavailable,
    )
    from hostway_fake.faults.script import FaultScript

__all__ = [
    "FaultScript",
    "Step",
    "after_commit",
    "before_commit",
    "delay",
    "empty",
    "hang",
    "malformed",
    "ok",
    "reset",
    "respond",
    "slow_body",
    "stale_connection",
    "truncate",
    "unavailable",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in __all__:
        home = "script" if name == "FaultScript" else "outcomes"
        return getattr(import_module(f"hostway_fake.faults.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
