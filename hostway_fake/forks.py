"""Locks in a process that was forked: there, nobody is left who would release one that was held."""

import os
from threading import Lock
from typing import Any, Final
from weakref import WeakSet

_OWNERS: Final[WeakSet[Any]] = WeakSet()


def renew_lock_after_fork(owner: object) -> None:
    """Give ``owner`` a fresh ``_lock`` in each process that is forked from this one, for as long as ``owner`` lives."""
    _OWNERS.add(owner)


def _renew_locks() -> None:
    for owner in tuple(_OWNERS):
        owner._lock = Lock()


if hasattr(os, "register_at_fork"):  # where processes can be forked
    os.register_at_fork(after_in_child=_renew_locks)
