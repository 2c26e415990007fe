"""Sleeping on the fake's clock.

Theory of operation. A module waits through ``time.sleep`` and reads deadlines from ``time.monotonic``, either as
attributes of ``time`` or as names that it has imported. `patch_sleep` replaces both in the globals of the module: the
module ``time`` by a stand-in, and its functions by functions on the fake's clock. Modules that wait on behalf of a
client, such as tenacity, are patched as well while the block runs. All replaced names are restored at its end. This is
ugly, because it writes into modules of others, but it is the only way that needs no change in the client.
"""

import sys
import time as real_time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from math import inf
from types import FunctionType, ModuleType
from typing import Any, Final

from hostway_fake.clock import START
from hostway_fake.exceptions import WrongTypeError, invalid
from hostway_fake.fake.clock_control import fake_clock
from hostway_fake.world import World

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def sleeper(world: World) -> Callable[[float], None]:
    """Return a replacement for ``time.sleep`` that advances the clock of a world."""

    def sleep(seconds: float) -> None:
        clock = fake_clock(world.clock, "sleep")
        if isinstance(seconds, int | float) and not 0 <= seconds < inf:
            raise invalid("sleep", seconds, "seconds, a number that is not negative")
        clock.advance(seconds)

    return sleep


_WAITING_MODULES: Final = ("tenacity", "tenacity.nap", "urllib3.util.retry")
"""Modules that wait on behalf of a client. They are patched too if they are loaded. stamina waits through tenacity."""


class _Time:
    """Stands in for the module ``time``. Sleeping and the clocks use the fake's clock; the rest is real."""

    def __init__(self, real: Any, stand_ins: Mapping[str, Callable[..., Any]]) -> None:
        self.__dict__.update(stand_ins)
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def _stand_ins(world: World) -> dict[str, Callable[..., Any]]:
    clock = world.clock
    fake_clock(clock, "patch_sleep")

    def since(start: datetime) -> timedelta:
        return clock.now() - start

    stand_ins: dict[str, Any] = {
        "sleep": sleeper(world),
        "time": lambda: since(_EPOCH).total_seconds(),
        "time_ns": lambda: since(_EPOCH) // _MICROSECOND * 1000,
        "monotonic": lambda: since(START).total_seconds(),
        "monotonic_ns": lambda: since(START) // _MICROSECOND * 1000,
        "perf_counter": lambda: since(START).total_seconds(),
        "perf_counter_ns": lambda: since(START) // _MICROSECOND * 1000,
    }
    for name, stand_in in stand_ins.items():
        stand_in.stands_for = name
    return stand_ins


def _stands_for(value: object) -> str | None:
    """Return the name of the function of ``time`` that an outer block has replaced by a value."""
    name = vars(value).get("stands_for") if isinstance(value, FunctionType) else None
    return name if isinstance(name, str) else None


@contextmanager
def patch_sleep(world: World, module: str | ModuleType) -> Iterator[None]:
    """Make a module wait on the clock of a world. See `FakeHostway.patch_sleep`."""
    named = _loaded(module)
    waiting = [sys.modules[name] for name in _WAITING_MODULES if name in sys.modules]
    stand_ins = _stand_ins(world)
    patched = _patched(named, stand_ins)
    if not patched and "tenacity" not in sys.modules:
        raise invalid("module", named.__name__, "a module that imports time, or sleep, time or monotonic from it")
    everything = {other: _patched(other, stand_ins) for other in (*waiting, named)}
    before = [(other, name, vars(other)[name]) for other, names in everything.items() for name in names]
    try:
        for other, names in everything.items():
            vars(other).update(names)
        yield
    finally:
        for other, name, value in before:
            setattr(other, name, value)


def _loaded(module: str | ModuleType) -> ModuleType:
    if isinstance(module, ModuleType):
        return module
    if not isinstance(module, str):
        raise WrongTypeError(f"module: got {module!r}, expected a module or its name")
    try:
        return import_module(module)
    except (ImportError, TypeError, ValueError):
        raise invalid("module", module, "a module that can be imported") from None


def _patched(module: ModuleType, stand_ins: Mapping[str, Callable[..., Any]]) -> dict[str, Any]:
    """Return the replacements for ``time`` and its functions among the globals of a module, by name."""
    names = {id(getattr(real_time, name)): name for name in stand_ins}
    found: dict[str, Any] = {}
    for name, value in vars(module).items():
        if value is real_time or isinstance(value, _Time):
            found[name] = _Time(real_time, stand_ins)
        elif stood_for := names.get(id(value)) or _stands_for(value):
            found[name] = stand_ins[stood_for]
    return found
