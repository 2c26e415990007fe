"""Fault rules as data: TOML and JSON files, and their schema."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from hostway_fake.domain.builds import ENDS, BuildRule
from hostway_fake.exceptions import InvalidValueError, WrongTypeError, invalid, shown
from hostway_fake.faults import locations, methods
from hostway_fake.faults.durations import LogNormal
from hostway_fake.faults.locations import JsonPath, LocatedError, format_path, located
from hostway_fake.faults.outcomes import Respond, Step, ok
from hostway_fake.faults.rules import COUNTS, CallMatcher, FaultRule, HitSelector, OnHits, RateLimit, Script

_Seconds = Annotated[float, Meta(gt=0, description="seconds of the fake's clock")]
_Count = Annotated[int, Meta(ge=1)]
_Pattern = Annotated[str, Meta(description="exact, or a glob")]


class _Respond(Struct, frozen=True, forbid_unknown_fields=True):
    status: int
    retry_after: int | datetime | None = None
    body: str | None = None
    content_type: str | None = None
    headers: dict[str, str | list[str]] = {}
    http_date: bool = False
    json: Any = None


class _Delay(Struct, frozen=True, forbid_unknown_fields=True):
    seconds: float | tuple[float, float] | LogNormal
    jitter: float | None = None
    real: bool = False


class _SlowBody(Struct, frozen=True, forbid_unknown_fields=True):
    bytes_per_second: float
    real: bool = False


class _Lag(Struct, frozen=True, forbid_unknown_fields=True):
    seconds: float
    monotonic: bool = True


class _Extra(Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    value: Any


class _RenameKey(Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    new_name: str


class _Step(Struct, frozen=True, forbid_unknown_fields=True):
    """Exactly one outcome, with the arguments that its method has in Python."""

    after_commit: bool = False
    respond: int | _Respond | UnsetType = UNSET
    delay: float | tuple[float, float] | _Delay | UnsetType = UNSET
    truncate: int | float | UnsetType = UNSET
    slow_body: float | _SlowBody | UnsetType = UNSET
    hang: bool | UnsetType = UNSET
    reset: bool | UnsetType = UNSET
    empty: bool | UnsetType = UNSET
    malformed: bool | UnsetType = UNSET
    stale_connection: bool | UnsetType = UNSET
    unavailable: bool | UnsetType = UNSET
    connect_timeout: bool | UnsetType = UNSET
    dns_failure: bool | UnsetType = UNSET
    tls_failure: bool | UnsetType = UNSET
    duplicate: bool | UnsetType = UNSET
    lag: float | _Lag | UnsetType = UNSET
    change: dict[str, Any] | UnsetType = UNSET
    without: str | UnsetType = UNSET
    extra: _Extra | UnsetType = UNSET
    rename_key: _RenameKey | UnsetType = UNSET
    with_headers: dict[str, str | list[str] | None] | UnsetType = UNSET


class _Rule(_Step, frozen=True, forbid_unknown_fields=True):
    """The calls, the hits, and one outcome or a script of outcomes."""

    named: str = ""
    on: str | None = None
    server: _Pattern | None = None
    id: _Pattern | None = None
    name: _Pattern | None = None
    account: _Pattern | None = None
    first: _Count | UnsetType = UNSET
    nth: _Count | UnsetType = UNSET
    every: _Count | UnsetType = UNSET
    from_: _Count | UnsetType = msgspec.field(default=UNSET, name="from")
    between: tuple[float, float] | None = None
    probability: float | None = None
    script: tuple[Literal["ok"] | _Step, ...] | UnsetType = UNSET
    then: str = "pass"


class _Outage(_Step, frozen=True, forbid_unknown_fields=True, kw_only=True):
    start: Annotated[float, Meta(ge=0)] = 0
    seconds: _Seconds
    named: str = ""


class _Limit(Struct, frozen=True, forbid_unknown_fields=True):
    calls: _Count
    per_seconds: _Seconds
    on: str | None = None
    named: str = ""


class _Build(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule for builds: for the next one (``once``, as ``fake.builds.next``) or for all (as ``fake.builds.all``)."""

    seconds: float | tuple[float, float] | None = None
    never: bool = False
    ends: Literal["ACTIVE", "DELETED"] = "ACTIVE"
    server: _Pattern | None = None
    name: _Pattern | None = None
    once: bool = False


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    rule: tuple[_Rule, ...] = ()
    outage: tuple[_Outage, ...] = ()
    limit: tuple[_Limit, ...] = ()
    build: tuple[_Build, ...] = ()


_OUTCOMES: Final = {each.name: each.type for each in msgspec.structs.fields(_Step) if each.name != "after_commit"}
_FLAGS: Final = tuple(name for name, kind in _OUTCOMES.items() if kind == bool | UnsetType)


@dataclass(frozen=True, slots=True)
class FaultScript:
    """Fault rules, oldest first, and rules for builds.

    The order is: rules, outages, limits. If several select the same call, the last one acts.

    >>> lost = {"on": "create_snapshot", "first": 1, "after_commit": True, "reset": True}
    >>> script = FaultScript.parse({"rule": [lost]})
    >>> print(script.rules[0].which, script.rules[0].what)
    create_snapshot first 1: reset after the commit point
    """

    rules: tuple[FaultRule, ...] = ()
    builds: tuple[BuildRule, ...] = ()

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a fault file: JSON if its suffix is ``.json``, otherwise TOML.

        Raises:
            InvalidValueError: If the file is invalid. The message contains the file, the line and the key.
        """
        if not isinstance(path, str | PathLike) or not path:
            raise WrongTypeError(f"faults: got {path!r}, expected the path of a TOML or JSON file")
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            named = str(path).encode(errors="backslashreplace").decode()
            raise InvalidValueError(f"{named}: cannot be read: {error}") from None
        decode: Callable[[str], Any] = locations.parse_json if locations.is_json(path) else tomllib.loads
        try:
            data = decode(text)
        except (ValueError, RecursionError) as error:
            raise InvalidValueError(f"{path}: {error}") from None
        try:
            return cls._checked(data)
        except LocatedError as wrong:
            line = locations.line(text, path, wrong.location)
            raise InvalidValueError(f"{path}:{line}: {format_path(wrong.location)}: {wrong}") from None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Return the rules in the data of a fault file.

        Raises:
            InvalidValueError: If the data is invalid. The message contains the key.
        """
        if not isinstance(data, Mapping):
            raise WrongTypeError(f"faults: got {data!r}, expected a mapping, a path or a FaultScript")
        try:
            return cls._checked(dict(data))
        except LocatedError as wrong:
            raise InvalidValueError(f"{format_path(wrong.location)}: {wrong}") from None

    @classmethod
    def _checked(cls, data: object) -> Self:
        try:
            file = msgspec.convert(data, _File)
        except UnicodeEncodeError:
            raise LocatedError((), "a key holds half of a surrogate pair") from None
        except msgspec.ValidationError as error:
            location, said = _located(str(error))
            raise LocatedError(location, (_got(data, location) if said.startswith("expected") else "") + said) from None
        rules: dict[JsonPath, FaultRule] = {}
        names: set[str] = set()
        for table, make in _RULES.items():
            for index, each in enumerate(getattr(file, table)):
                with located(table, index, keys=partial(_key, each)):
                    rule = rules[table, index] = make(each)
                    if rule.name in names:
                        raise invalid("named", rule.name, "one that no other rule has")
                    names |= {rule.name} - {""}
        builds = []
        for index, build in enumerate(file.build):
            with located("build", index, keys=partial(_key, build)):
                builds.append(BuildRule(**msgspec.structs.asdict(build)))
        return cls(tuple(rules.values()), tuple(builds))

    @staticmethod
    def schema() -> dict[str, Any]:
        """Return the JSON schema of fault files."""
        return msgspec.json.schema(_File)


_KEYS: Final = {"operation": "on", "steps": "script"}
"""The arguments in Python whose key has another name."""


def _key(data: Struct, what: str) -> str:
    """Return the key of a wrong argument, or an empty string if the table has no such key."""
    key = _KEYS.get(what, what)
    if what in ("start", "end") and isinstance(data, _Rule):
        key = "between"
    if what == "end" and isinstance(data, _Outage):
        key = "seconds"
    return key if key in data.__struct_fields__ else ""


def _step(data: _Step, default: Step | None = None) -> Step:
    said = [word for word in _OUTCOMES if getattr(data, word) is not UNSET]
    if not said and default is not None:
        return default
    if len(said) != 1:
        raise InvalidValueError(f"got {' and '.join(said) or 'no outcome'}, expected one of: {', '.join(_OUTCOMES)}")
    (word,) = said
    value = getattr(data, word)
    make: Callable[..., Step] = getattr(methods.after_commit if data.after_commit else methods, word)
    with located(word):
        if word not in _FLAGS:
            return make(**msgspec.structs.asdict(value)) if isinstance(value, Struct) else make(value)
        if value is not True:
            raise invalid(word, value, "true")
        return make()


def _rule(data: _Rule) -> FaultRule:
    which = CallMatcher(data.on, data.server, data.id, data.name, data.account)
    counts = {word: getattr(data, "from_" if word == "from" else word) for word in COUNTS}
    said = [(word, n) for word, n in counts.items() if n is not UNSET]
    if data.script is not UNSET:
        beside = [word for word, _ in said]
        beside += [word for word in ("between", "probability") if getattr(data, word) is not None]
        beside += [word for word in _OUTCOMES if getattr(data, word) is not UNSET]
        beside += ["after_commit"] if data.after_commit else []
        if beside:
            raise InvalidValueError(
                f"got {' and '.join(beside)} beside a script, which says itself on which hits it acts, and how"
            )
        steps = []
        for index, step in enumerate(data.script):
            with located("script", index):
                steps.append(ok if step == "ok" else _step(step))
        return FaultRule(which, Script(tuple(steps), data.then), data.named)
    if data.then != "pass":
        raise invalid("then", data.then, "a script to be given too")
    if len(said) > 1:
        raise InvalidValueError(f"got {' and '.join(word for word, _ in said)}, expected one way of counting")
    hits = HitSelector(said[0] if said else None, data.between, data.probability)
    return FaultRule(which, OnHits(hits, _step(data)), data.named)


def _outage(data: _Outage) -> FaultRule:
    hits = HitSelector(between=(data.start, data.start + data.seconds))
    return FaultRule(CallMatcher(), OnHits(hits, _step(data, Step(Respond(503), data.after_commit))), data.named)


def _limit(data: _Limit) -> FaultRule:
    return FaultRule(CallMatcher(data.on), RateLimit(data.calls, data.per_seconds), data.named)


_RULES: Final[Mapping[str, Callable[[Any], FaultRule]]] = {"rule": _rule, "outage": _outage, "limit": _limit}
"""The tables of a file that contain rules, in the order of their rules."""


# Messages of the validator

_AT: Final = re.compile(r"(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>.*)`)?", re.DOTALL)
_UNKNOWN: Final = re.compile(r"unknown field `(.*)`", re.DOTALL)


def _located(message: str) -> tuple[JsonPath, str]:
    """Return the location that a message of the validator names, and what the message says about it."""
    match = _AT.fullmatch(message)
    assert match is not None
    path = (match["path"] or "").partition("[...]")[0]  # the validator does not name the key of a mapping
    location: list[str | int] = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]
    if match["key"]:
        return tuple(location), "a key of it is not a string"
    if unknown := _UNKNOWN.search(match["what"]):
        known = _known(location)
        return (*location, unknown[1]), f"got an unknown key, expected one of: {', '.join(known)}"
    said = match["what"][0].lower() + match["what"][1:]
    if said.startswith("invalid enum value"):
        said = "expected 'ok' or a table" if "script" in location else "expected one of: " + ", ".join(map(repr, ENDS))
    return tuple(location), said.rpartition(", got `")[0] or said


def _got(data: Any, location: JsonPath) -> str:
    """Return the value at a location, as the beginning of a message."""
    for part in location:
        data = data[part]
    value = shown(data)
    return f"got {value if len(value) <= 60 else value[:57] + '...'}, "


def _known(location: list[str | int]) -> list[str]:
    tables: dict[object, type[Struct]] = {"rule": _Rule, "outage": _Outage, "limit": _Limit, "build": _Build}
    words: dict[object, type[Struct]] = {
        "respond": _Respond,
        "delay": _Delay,
        "slow_body": _SlowBody,
        "lag": _Lag,
        "extra": _Extra,
        "rename_key": _RenameKey,
        "script": _Step,
    }
    names = [part for part in location if isinstance(part, str)]
    kind = words.get(names[-1], tables.get(names[0], _File)) if names else _File
    return [field.encode_name for field in msgspec.structs.fields(kind)]
