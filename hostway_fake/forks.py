"""Locks in forked processes. A lock that was held during the fork would never be released there."""

import os
from collections.abc import Callable
from threading import Lock
from typing import Any, Final
from weakref import WeakSet

_LOCK: Final = type(Lock())
_OWNERS: Final[WeakSet[Any]] = WeakSet()


def renew_locks_after_fork(owner: object) -> None:
    """Give ``owner`` new locks in each process that is forked from this one."""
    _OWNERS.add(owner)


def _renew_locks() -> None:
    for owner in tuple(_OWNERS):
        vars(owner).update({name: Lock() for name, held in vars(owner).items() if isinstance(held, _LOCK)})


def after_fork(act: Callable[[], None]) -> None:
    """Call ``act`` in each process that is forked from this one, if the system can fork."""
    getattr(os, "register_at_fork", lambda **_: None)(after_in_child=act)


after_fork(_renew_locks)
