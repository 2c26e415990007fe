"""A world as plain data, which can be written to a file, read again, and continued.

The data does not contain the journal, the timeline and unfinished fault rules.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from hashlib import blake2b
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from hostway_fake.clock import CLOCKS, Clock, FakeClock
from hostway_fake.domain.builds import BuildRule
from hostway_fake.domain.model import Server, Snapshot, Volume
from hostway_fake.exceptions import HostwayFakeError, InvalidValueError, WrongTypeError, invalid, shown
from hostway_fake.faults.outcomes import Outcome, Step
from hostway_fake.faults.rulebook import Rulebook
from hostway_fake.faults.rules import ActiveRule, CallMatcher, FaultRule, HitSelector, OnHits, RateLimit, Script
from hostway_fake.journal.secrets import masked_url
from hostway_fake.world import Savepoint, World
from hostway_fake.world.polls import SavedPolls
from hostway_fake.world.server_store import ServerStore

VERSION: Final = 1
"""Of the form of what is dumped; another is refused."""
NOTE: Final = "holds the credentials of the account"

_MICROSECOND: Final = timedelta(microseconds=1)


class _Clock(Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    nanoseconds: int = 0
    rate: tuple[int, int] = (0, 1)


class _Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """A fault rule. ``what`` and its outcomes contain the name of their kind."""

    which: CallMatcher
    what: dict[str, Any]
    name: str
    number: int
    added_at: datetime
    hits: int
    fired: int
    admitted: tuple[datetime, ...]


class _Deleted(Struct, frozen=True, forbid_unknown_fields=True):
    """A DELETED snapshot of a server, or a DELETED server."""

    server_id: str
    server: Server | None
    snapshot: Snapshot | None


class _Dump(Struct, frozen=True, forbid_unknown_fields=True):
    hostway_fake: int
    note: str
    url: str
    account: str
    password: str
    seed: int
    revision: str
    readings: dict[str, str]
    build_microseconds: int
    action_microseconds: int
    time_zone: str | float
    poll_step_microseconds: int | None
    poll_limit: int
    journal_size: int
    journal_bytes: int
    clock: _Clock
    remember_deleted: int
    servers: tuple[Server, ...]
    deleted: tuple[_Deleted, ...]
    servers_added: int
    volumes: tuple[Volume, ...]
    builds: tuple[BuildRule, ...]
    sequence: int
    errors: int
    polls: SavedPolls
    rules: tuple[_Rule, ...]
    last_rule_number: int
    digest: str


@dataclass(frozen=True)
class Loaded:
    """The content of a dump: options of `FakeHostway`, and the state to restore."""

    options: dict[str, Any]
    state: Savepoint


def dump(world: World, url: str, state: Savepoint | None = None) -> dict[str, Any]:
    """Return a world as plain data with a digest, in its current state or in a saved one."""
    settings, saved = world.settings, state or world.savepoint_with_deleted()
    rulebook = saved.rulebook
    held = {
        "hostway_fake": VERSION,
        "note": NOTE,
        "url": url,
        "account": settings.account,
        "password": settings.password,
        "seed": settings.seed,
        "revision": settings.revision,
        "readings": dict(settings.readings),
        "build_microseconds": settings.build_time // _MICROSECOND,
        "action_microseconds": settings.action_time // _MICROSECOND,
        "time_zone": _zone(settings.time_zone),
        "poll_step_microseconds": None if settings.poll_step is None else settings.poll_step // _MICROSECOND,
        "poll_limit": settings.poll_limit,
        "journal_size": settings.journal_size,
        "journal_bytes": settings.journal_bytes,
        "remember_deleted": settings.remember_deleted,
        "clock": _clock(world.clock, saved),
        "servers": [_plain(server) for server in saved.servers.servers.values()],
        "deleted": [_plain(_deleted(server_id, held)) for server_id, held in saved.servers.deleted],
        "servers_added": saved.added,
        "volumes": [_plain(volume) for volume in saved.volumes.values()],
        "builds": [_plain(build) for build in saved.builds],
        "sequence": saved.sequence,
        "errors": saved.errors,
        "polls": _plain(saved.polls),
        "rules": [_rule(rule) for rule in rulebook.rules],
        "last_rule_number": rulebook.last_number,
    }
    try:
        data: dict[str, Any] = json.loads(json.dumps(held))
    except ValueError as error:  # an integer has too many digits
        raise InvalidValueError(f"world: cannot be written down: {error}") from None
    return {**data, "digest": _digest(data)}


def _digest(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _deleted(server_id: str, held: Server | Snapshot) -> _Deleted:
    return _Deleted(server_id, held, None) if isinstance(held, Server) else _Deleted(server_id, None, held)


def _plain(value: object) -> Any:
    """Return a value as plain data. The result does not change if it is loaded and dumped again."""
    data = msgspec.to_builtins(value)
    return msgspec.to_builtins(msgspec.convert(data, type(value))) if is_dataclass(value) else data


def _zone(zone: tzinfo) -> str | float:
    if zone is UTC:
        return "UTC"
    if isinstance(zone, ZoneInfo) and zone.key:
        return zone.key
    if isinstance(zone, timezone):
        return zone.utcoffset(None).total_seconds()
    raise WrongTypeError(f"time_zone: got {zone!r}, which cannot be written down; expected one of zoneinfo or datetime")


def _clock(clock: Clock, saved: Savepoint) -> dict[str, Any]:
    kind = next((name for name, made in CLOCKS.items() if type(clock) is made), None)
    if kind is None:
        raise WrongTypeError(f"clock: got {clock!r}, which cannot be written down; expected one of {', '.join(CLOCKS)}")
    at = (saved.clock.nanoseconds, saved.clock.rate.as_integer_ratio()) if saved.clock else ()
    data: dict[str, Any] = _plain(_Clock(kind, *at))
    return data


# Fault rules


_OUTCOMES: Final[Mapping[str, type[Outcome]]] = {kind.name: kind for kind in get_args(Outcome)}


def _rule(standing: ActiveRule) -> dict[str, Any]:
    rule = standing.rule
    return {
        "which": _plain(rule.which),
        "what": _what(rule.what),
        "name": rule.name,
        "number": standing.number,
        "added_at": _plain(standing.added_at),
        "hits": standing.hits,
        "fired": standing.fired,
        "admitted": _plain(standing.admitted),
    }


def _what(what: OnHits | Script | RateLimit) -> dict[str, Any]:
    if isinstance(what, OnHits):
        return {"kind": "selected", "hits": _plain(what.hits), "step": _step(what.step), "expected": what.expected}
    if isinstance(what, Script):
        return {"kind": "script", "steps": [_step(step) for step in what.steps], "then": what.then}
    return {"kind": "limit", "calls": what.calls, "per_seconds": what.per_seconds}


def _step(step: Step) -> dict[str, Any]:
    outcome = None if step.outcome is None else {"name": step.outcome.name, **_plain(step.outcome)}
    return {"outcome": outcome, "after_commit": step.after_commit}


def _standing(data: _Rule) -> ActiveRule:
    rule = FaultRule(data.which, _made(data.what), data.name)
    return ActiveRule(rule, data.number, data.added_at, data.hits, data.fired, data.admitted)


def _made(data: Mapping[str, Any]) -> OnHits | Script | RateLimit:
    match data["kind"]:
        case "selected":
            return OnHits(msgspec.convert(data["hits"], HitSelector), _made_step(data["step"]), data["expected"])
        case "script":
            return Script(tuple(_made_step(step) for step in data["steps"]), data["then"])
        case "limit":
            return RateLimit(data["calls"], data["per_seconds"])
        case kind:
            raise invalid("kind", kind, "one of", ("selected", "script", "limit"))


def _made_step(data: Mapping[str, Any]) -> Step:
    outcome = data["outcome"]
    made = None if outcome is None else msgspec.convert(outcome, _OUTCOMES[outcome["name"]])
    return Step(made, data["after_commit"])


# Reading


def load(data: object) -> Loaded:
    """Return the content of a dump. The caller checks the digest: it dumps the loaded world and compares."""
    if not isinstance(data, Mapping):
        raise WrongTypeError(f"world: got a {type(data).__name__}, expected what to_dict() returns")
    if data.get("hostway_fake") != VERSION:
        raise InvalidValueError(
            f"world.hostway_fake: got {_told(data.get('hostway_fake'))}, expected version {VERSION}"
        )
    try:
        _check_plain(data, "world")
    except RecursionError:
        raise InvalidValueError("world: nested too deeply") from None
    try:
        return _loaded(msgspec.convert(dict(data), _Dump))
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        raise InvalidValueError(f"world{place.rstrip('`')}: {said}") from None
    except HostwayFakeError as error:
        raise InvalidValueError(f"world: {error}") from None
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise InvalidValueError(f"world: {type(error).__name__}: {error}") from None


def _check_plain(data: object, place: str) -> None:
    """Refuse a value that JSON cannot contain, and name its location."""
    match data:
        case Mapping():
            for key, value in data.items():
                if not isinstance(key, str):
                    raise InvalidValueError(f"{place}: got a key that is a {type(key).__name__}, expected a string")
                _check_plain(value, f"{place}.{key}")
        case list():
            for number, value in enumerate(data):
                _check_plain(value, f"{place}[{number}]")
        case None | bool() | int() | float() | str():
            pass
        case _:
            raise InvalidValueError(f"{place}: got a {type(data).__name__}, expected what JSON holds")


def _loaded(held: _Dump) -> Loaded:
    if held.clock.kind not in CLOCKS:
        raise invalid("clock.kind", held.clock.kind, "one of", CLOCKS)
    clock = CLOCKS[held.clock.kind]()
    _ = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=held.clock.nanoseconds // 1000)  # or there is none
    options = {
        "url": held.url,
        "auth": (held.account, held.password),
        "seed": held.seed,
        "revision": held.revision,
        "readings": held.readings,
        "clock": clock,
        "build_seconds": held.build_microseconds / 10**6,
        "action_seconds": held.action_microseconds / 10**6,
        "poll_step": None if held.poll_step_microseconds is None else held.poll_step_microseconds / 10**6,
        "poll_limit": held.poll_limit,
        "journal_size": held.journal_size,
        "journal_bytes": held.journal_bytes,
        "remember_deleted": held.remember_deleted,
        "time_zone": _made_zone(held.time_zone),
    }
    store = ServerStore(held.remember_deleted, held.journal_size)
    for server in held.servers:
        store.keep(server)
    for each in held.deleted:
        dead = each.server or each.snapshot
        if dead is not None:
            store.deleted.add(each.server_id, dead)
    moved = FakeClock().saved()._replace(nanoseconds=held.clock.nanoseconds, rate=Fraction(*held.clock.rate))
    state = Savepoint(
        servers=store.savepoint(),
        volumes={volume.id: volume for volume in held.volumes},
        builds=held.builds,
        sequence=held.sequence,
        added=held.servers_added,
        errors=held.errors,
        clock=moved if isinstance(clock, FakeClock) else None,
        polls=held.polls,
        rulebook=Rulebook(clock, held.seed, tuple(map(_standing, held.rules)), held.last_rule_number),
        calls=0,
    )
    return Loaded(options, state)


def _made_zone(zone: str | float) -> tzinfo:
    if zone == "UTC":
        return UTC
    return ZoneInfo(zone) if isinstance(zone, str) else timezone(timedelta(seconds=zone))


def check_same(given: Any, again: Any, place: str = "world") -> None:
    """Raise `hostway_fake.InvalidValueError` with the first place at which two dumps differ."""
    if isinstance(given, dict) and isinstance(again, dict):
        for key in sorted({*given, *again}, key=lambda key: (key == "digest", str(key))):
            if (key in given) != (key in again):
                raise InvalidValueError(f"{place}.{key}: {'unknown' if key in given else 'it is missing'}")
            check_same(given[key], again[key], f"{place}.{key}")
    elif isinstance(given, list) and isinstance(again, list) and len(given) == len(again):
        for number, (one, other) in enumerate(zip(given, again, strict=True)):
            check_same(one, other, f"{place}[{number}]")
    elif given != again or type(given) is not type(again):
        expected = "another digest: the data was changed" if place == "world.digest" else _told(again)
        raise InvalidValueError(f"{place}: got {_told(given)}, expected {expected}")


def _told(value: object) -> str:
    """Return a value for a message. A container is described by its type only, because it may contain a secret."""
    if isinstance(value, str):
        return repr(masked_url(value))
    return f"a {type(value).__name__}" if isinstance(value, Mapping | list) else shown(value)
