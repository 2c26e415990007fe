"""Fault rules as data: a TOML or JSON file, its schema, and the rules that it comes to."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from hostway_fake.exceptions import HostwayFakeError, InvalidValueError, WrongTypeError, invalid
from hostway_fake.faults import outcomes
from hostway_fake.faults.outcomes import Respond, Step, after_commit, before_commit, ok
from hostway_fake.faults.rules import COUNTS, FaultRule, Hits, Limit, Script, Selected, Which

_Seconds = Annotated[float, Meta(gt=0, description="seconds of the fake's clock")]
_Count = Annotated[int, Meta(ge=1)]
_Pattern = Annotated[str, Meta(description="exact, or a glob")]


class _Respond(Struct, frozen=True, forbid_unknown_fields=True):
    status: int
    retry_after: int | None = None
    body: str | None = None
    content_type: str = "text/html"


class _Delay(Struct, frozen=True, forbid_unknown_fields=True):
    seconds: float
    real: bool = False


class _SlowBody(Struct, frozen=True, forbid_unknown_fields=True):
    bytes_per_second: float
    real: bool = False


class _Step(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens: one of the words, each as in Python."""

    after_commit: bool = False
    respond: int | _Respond | UnsetType = UNSET
    delay: float | _Delay | UnsetType = UNSET
    truncate: int | float | UnsetType = UNSET
    slow_body: float | _SlowBody | UnsetType = UNSET
    hang: bool | UnsetType = UNSET
    reset: bool | UnsetType = UNSET
    empty: bool | UnsetType = UNSET
    malformed: bool | UnsetType = UNSET
    stale_connection: bool | UnsetType = UNSET
    unavailable: bool | UnsetType = UNSET


class _Rule(_Step, frozen=True, forbid_unknown_fields=True):
    """Calls, hits, and a word for what happens or a script of such words."""

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


class BuildOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """What ``fake.builds`` is told: ``once`` is its ``next``, else its ``all``."""

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
    build: tuple[BuildOrder, ...] = ()


_FLAGS: Final = ("hang", "reset", "empty", "malformed", "stale_connection", "unavailable")
_WORDS: Final = ("respond", "delay", "truncate", "slow_body", *_FLAGS)


@dataclass(frozen=True, slots=True)
class FaultScript:
    """Fault rules, oldest first, and orders for builds.

    >>> lost = {"on": "create_snapshot", "first": 1, "after_commit": True, "reset": True}
    >>> script = FaultScript.parse({"rule": [lost]})
    >>> print(script.rules[0].which, script.rules[0].what)
    create_snapshot first 1: reset after the commit point
    """

    rules: tuple[FaultRule, ...] = ()
    builds: tuple[BuildOrder, ...] = ()

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a ``.toml`` or ``.json`` file; what is wrong is raised with the file, the line and the key."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidValueError(f"{path}: cannot be read: {error}") from None
        decode: Callable[[str], Any] = json.loads if path.suffix == ".json" else tomllib.loads
        try:
            data = decode(text)
        except (ValueError, RecursionError) as error:
            raise InvalidValueError(f"{path}: {error}") from None
        return cls._checked(data, lambda place: f"{path}:{_line(text, path.suffix, place)}: {_spelled(place)}")

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """The same, from what such a file holds."""
        if not isinstance(data, Mapping):
            raise WrongTypeError(f"faults: got {data!r}, expected a mapping, a path or a FaultScript")
        return cls._checked(dict(data), _spelled)

    @classmethod
    def _checked(cls, data: object, where: "Callable[[_Place], str]") -> Self:
        try:
            file = msgspec.convert(data, _File)
        except msgspec.ValidationError as error:
            place, what = _placed(str(error))
            raise InvalidValueError(f"{where(place)}: {what}") from None
        rules = [
            *_made("rule", file.rule, _rule, where),
            *_made("outage", file.outage, _outage, where),
            *_made("limit", file.limit, _limit, where),
        ]
        return cls(tuple(rules), file.build)

    @staticmethod
    def schema() -> dict[str, Any]:
        """The JSON schema of such a file."""
        return msgspec.json.schema(_File)


_Data = TypeVar("_Data")


def _made(
    table: str, data: Iterable[_Data], make: Callable[[_Data], FaultRule], where: "Callable[[_Place], str]"
) -> Iterator[FaultRule]:
    for index, each in enumerate(data):
        try:
            yield make(each)
        except HostwayFakeError as error:
            raise InvalidValueError(f"{where((table, index))}: {error}") from None


def _step(data: _Step, default: Step | None = None) -> Step:
    said = [word for word in _WORDS if getattr(data, word) is not UNSET]
    if not said and default is not None:
        return default
    if len(said) != 1:
        raise InvalidValueError(f"got {' and '.join(said) or 'no outcome'}, expected one of: {', '.join(_WORDS)}")
    (word,) = said
    value = getattr(data, word)
    make = getattr(after_commit if data.after_commit else before_commit, word)
    if word in _FLAGS:
        if value is not True:
            raise InvalidValueError(f"{word}: got {value!r}, expected true")
        made = make()
    else:
        made = make(**msgspec.structs.asdict(value)) if isinstance(value, Struct) else make(value)
    assert isinstance(made, outcomes.Step)
    return made


def _rule(data: _Rule) -> FaultRule:
    which = Which(data.on, data.server, data.id, data.name, data.account)
    counts = {word: getattr(data, "from_" if word == "from" else word) for word in COUNTS}
    said = [(word, n) for word, n in counts.items() if n is not UNSET]
    if data.script is not UNSET:
        beside = (*said, data.between, data.probability, data.after_commit or None)
        if any(each is not None for each in beside) or any(getattr(data, word) is not UNSET for word in _WORDS):
            raise InvalidValueError(
                "a script says itself which hits it acts on, and how; nothing else may stand beside it"
            )
        steps = tuple(ok if step == "ok" else _step(step) for step in data.script)
        return FaultRule(which, Script(steps, data.then), data.named)
    if data.then != "pass":
        raise invalid("then", data.then, "a script beside it")
    if len(said) > 1:
        raise InvalidValueError(f"got {' and '.join(word for word, _ in said)}, expected one way of counting")
    hits = Hits(said[0] if said else None, data.between, data.probability)
    return FaultRule(which, Selected(hits, _step(data)), data.named)


def _outage(data: _Outage) -> FaultRule:
    hits = Hits(between=(data.start, data.start + data.seconds))
    return FaultRule(Which(), Selected(hits, _step(data, Step(Respond(503), data.after_commit))), data.named)


def _limit(data: _Limit) -> FaultRule:
    return FaultRule(Which(data.on), Limit(data.calls, data.per_seconds), data.named)


# Where something is wrong

_Place = tuple[str | int, ...]
_AT: Final = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_UNKNOWN: Final = re.compile(r"unknown field `(.*?)`")


def _placed(message: str) -> tuple[_Place, str]:
    """The place that the validator names, and what it says about it."""
    match = _AT.fullmatch(message)
    assert match is not None
    place: list[str | int] = [
        int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", match["path"] or "")
    ]
    unknown = _UNKNOWN.search(match["what"])
    if unknown:
        known = _known(place)
        return (*place, unknown[1]), f"got an unknown key, expected one of: {', '.join(known)}"
    return tuple(place), match["what"][0].lower() + match["what"][1:]


def _known(place: list[str | int]) -> list[str]:
    tables: dict[object, type[Struct]] = {"rule": _Rule, "outage": _Outage, "limit": _Limit, "build": BuildOrder}
    words: dict[object, type[Struct]] = {"respond": _Respond, "delay": _Delay, "slow_body": _SlowBody, "script": _Step}
    names = [part for part in place if isinstance(part, str)]
    kind = words.get(names[-1], tables.get(names[0], _File)) if names else _File
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def _spelled(place: _Place) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".") or "the file"


def _line(text: str, suffix: str, place: _Place) -> int:
    """The line on which a place begins, or the nearest around it that has a line of its own."""
    places = _json_lines(text) if suffix == ".json" else _toml_lines(text)
    while place and place not in places:
        place = place[:-1]
    return places.get(place, 1)


def _toml_lines(text: str) -> dict[_Place, int]:
    lines: dict[_Place, int] = {}
    counts: dict[str, int] = {}
    table: _Place = ()
    for number, line in enumerate(text.split("\n"), 1):
        if header := re.match(r"\s*\[\[\s*(\w+)\s*\]\]", line):
            index = counts[header[1]] = counts.get(header[1], -1) + 1
            table = (header[1], index)
            lines[table] = number
        elif key := re.match(r"""\s*["']?([\w-]+)["']?\s*=""", line):
            lines.setdefault((*table, key[1]), number)
    return lines


_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


def _json_lines(text: str) -> dict[_Place, int]:
    lines: dict[_Place, int] = {}
    place: list[str | int] = []
    objects: list[bool] = []
    pending = ""
    for token in _TOKEN.finditer(text):
        word, number = token[0], text.count("\n", 0, token.start()) + 1
        inside_object = bool(objects) and objects[-1]
        if word in "{[":
            lines.setdefault(tuple(place), number)
            objects.append(word == "{")
            place.append("" if word == "{" else 0)
        elif word in "}]":
            objects.pop()
            place.pop()
        elif word == ":":
            place[-1] = json.loads(pending)
            lines[tuple(place)] = number
        elif word == "," and not inside_object:
            place[-1] = int(place[-1]) + 1
        else:
            pending = word
    return lines
