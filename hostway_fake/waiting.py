"""How a test waits without waiting: the face of the clock, builds to order, sleeping on the fake's time."""

import sys
import time as real_time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import import_module
from math import inf
from types import FunctionType, ModuleType
from typing import Any, Final

from hostway_fake.clock import START, Clock, FakeClock, FollowingClock, SystemClock
from hostway_fake.domain.builds import BuildRule
from hostway_fake.exceptions import CannotHappenError, ClockError, WrongTypeError, invalid
from hostway_fake.world import Pending, World

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MOVERS: Final = {
    FollowingClock: "it follows datetime.now(UTC): move it with freezegun or time-machine",
    SystemClock: "it is the machine's own time",
}


def fake_clock(clock: Clock, what: str) -> FakeClock:
    """The clock, if it is ours to move; else `ClockError` with the reason."""
    if isinstance(clock, FakeClock):
        return clock
    reason = _MOVERS.get(type(clock), "it is a clock of your own: move it yourself")
    raise ClockError(f"{what} cannot move {type(clock).__name__}: {reason}, or use FakeHostway(clock='fake')")


class WorldClock:
    """The clock of a fake, and what is planned on it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        """The instant, an aware datetime in UTC."""
        return self._world.clock.now()

    def advance(
        self,
        delta: timedelta | float | None = None,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> None:
        """Move forward by ``delta`` (a timedelta, or seconds) and the keywords together.

        All that falls due happens, each at its own time. Going back raises `hostway_fake.InvalidValueError`, which is a
        `ValueError`; a clock that is not the fake's to move raises `hostway_fake.ClockError`.
        """
        clock = fake_clock(self._world.clock, "advance")
        clock.advance(delta, days=days, hours=hours, minutes=minutes, seconds=seconds)

    def advance_to(self, instant: datetime) -> None:
        """Move forward to an aware datetime; raises as `advance` does."""
        fake_clock(self._world.clock, "advance_to").advance_to(instant)

    def advance_to_next(self) -> Pending | None:
        """Move forward to the next planned event and return it; without one nothing moves, and None is returned."""
        clock = fake_clock(self._world.clock, "advance_to_next")
        event = self._world.next_event()
        if event is not None:
            clock.reach(event.due)
        return event

    def pending(self) -> tuple[Pending, ...]:
        """What will happen and when, soonest first."""
        return self._world.pending()

    @property
    def rate(self) -> float:
        """Seconds by which it moves of itself in a real one; 0 stands still. A change makes no jump."""
        return fake_clock(self._world.clock, "rate").rate

    @rate.setter
    def rate(self, rate: float) -> None:
        fake_clock(self._world.clock, "rate").rate = rate


class Builds:
    """How long builds of snapshots take and how they end, to order.

    What nothing was ordered for takes ``build_seconds``, and so does every build of a server.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def next(
        self,
        *,
        seconds: float | tuple[float, float] | None = None,
        never: bool = False,
        ends: str = "ACTIVE",
        server: str | None = None,
        name: str | None = None,
    ) -> None:
        """Order one build: the next that fits ``server`` (its id) and ``name``, exact or globs.

        It takes ``seconds``, or a time drawn by the seed from a range ``(shortest, longest)``, and then is ``ends``,
        ``"ACTIVE"`` or ``"DELETED"``; or it stays in BUILD for ever. Orders are used oldest first.
        """
        self._world.script_build(BuildRule(seconds, never, ends, server, name, once=True))

    def all(
        self,
        *,
        seconds: float | tuple[float, float] | None = None,
        never: bool = False,
        ends: str = "ACTIVE",
        server: str | None = None,
        name: str | None = None,
    ) -> None:
        """Order all builds from now on that fit, as `next` does one; of several such orders the newest is used."""
        self._world.script_build(BuildRule(seconds, never, ends, server, name))


def run_until(world: World, subject: str, status: str, statuses: type[StrEnum]) -> None:
    """Advance exactly to the event that gives a snapshot or server its status; see `FakeHostway.run_until`."""
    if status not in tuple(statuses):
        raise invalid("status", status, "one of", statuses)
    if world.find(subject).status == status:
        return
    clock = fake_clock(world.clock, "run_until")
    coming = [event for event in world.pending() if event.subject == subject]
    event = next((event for event in coming if event.status == status), None)
    if event is not None:
        clock.reach(event.due)
        return
    found = world.find(subject).status
    if found != status:  # on a running clock it may have come about meanwhile
        will = "; ".join(f"it will be {event.status} at {event.due.isoformat()}" for event in coming)
        raise CannotHappenError(
            f"{subject} will not become {status}: it is {found}, and "
            + (will or "nothing is planned for it (a build that never ends, or all that was has happened)")
        )


# Sleeping


def sleeper(world: World) -> Callable[[float], None]:
    """What ``time.sleep`` is to a client, on the world's clock."""

    def sleep(seconds: float) -> None:
        clock = fake_clock(world.clock, "sleep")
        if isinstance(seconds, int | float) and not 0 <= seconds < inf:
            raise invalid("sleep", seconds, "seconds, a number that is not negative")
        clock.advance(seconds)

    return sleep


_KIN: Final = ("tenacity", "tenacity.nap", "urllib3.util.retry")
"""Modules that wait on behalf of a client: patched with it where they are loaded. stamina waits through tenacity."""


class _Time:
    """Stands in for the module ``time``: what waits and tells the time runs on the fake's clock, the rest is real."""

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
    """The function of ``time`` in whose place an outer block has put a value."""
    name = vars(value).get("stands_for") if isinstance(value, FunctionType) else None
    return name if isinstance(name, str) else None


@contextmanager
def patch_sleep(world: World, module: str | ModuleType) -> Iterator[None]:
    """Let a module wait on the world's clock; see `FakeHostway.patch_sleep`."""
    named = _loaded(module)
    kin = [sys.modules[name] for name in _KIN if name in sys.modules]
    stand_ins = _stand_ins(world)
    patched = _patched(named, stand_ins)
    if not patched and "tenacity" not in sys.modules:
        raise invalid("module", named.__name__, "a module that imports time, or sleep, time or monotonic from it")
    everything = {other: _patched(other, stand_ins) for other in (*kin, named)}
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
    """By name, what takes the place of the module ``time`` and of its functions among the module's globals."""
    names = {id(getattr(real_time, name)): name for name in stand_ins}
    found: dict[str, Any] = {}
    for name, value in vars(module).items():
        if value is real_time or isinstance(value, _Time):
            found[name] = _Time(real_time, stand_ins)
        elif stood_for := names.get(id(value)) or _stands_for(value):
            found[name] = stand_ins[stood_for]
    return found
