"""Faults: rules, outcomes, scripts in files, the builder and the rulebook.

The steps of a script, such as ``respond(503)``, are exported here. They are loaded on first use.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hostway_fake.faults.durations import lognormal
    from hostway_fake.faults.methods import (
        after_commit,
        before_commit,
        change,
        connect_timeout,
        delay,
        dns_failure,
        duplicate,
        empty,
        extra,
        hang,
        lag,
        malformed,
        rename_key,
        reset,
        respond,
        slow_body,
        stale_connection,
        tls_failure,
        truncate,
        unavailable,
        with_headers,
        without,
    )
    from hostway_fake.faults.outcomes import Step, ok
    from hostway_fake.faults.script import FaultScript

__all__ = [
    "FaultScript",
    "Step",
    "after_commit",
    "before_commit",
    "change",
    "connect_timeout",
    "delay",
    "dns_failure",
    "duplicate",
    "empty",
    "extra",
    "hang",
    "lag",
    "lognormal",
    "malformed",
    "ok",
    "rename_key",
    "reset",
    "respond",
    "slow_body",
    "stale_connection",
    "tls_failure",
    "truncate",
    "unavailable",
    "with_headers",
    "without",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in __all__:
        homes = {"FaultScript": "script", "Step": "outcomes", "lognormal": "durations", "ok": "outcomes"}
        return getattr(import_module(f"hostway_fake.faults.{homes.get(name, 'methods')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
