"""Locations in a fault file, and the line numbers of these locations, for error messages."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any, Final

from hostway_fake.exceptions import HostwayFakeError, InvalidValueError

JsonPath = tuple[str | int, ...]
"""Keys and indices, from the root to the value."""


_DEEPEST: Final = 8
"""The depth of the deepest location that a valid file has."""


_LONG: Final = 100
"""The number of lines above which only the first line of a TOML value is recorded."""

_ENDS: Final = ("]", '"""', "'''")
"""How the last line of a long value begins."""


class LocatedError(Exception):
    """An error at a location of the file."""

    def __init__(self, location: JsonPath, said: str) -> None:
        super().__init__(said)
        self.location = location


@contextmanager
def located(*location: str | int, keys: Callable[[str], str] = lambda _: "") -> Iterator[None]:
    """Add a location to errors that the block raises. ``keys`` maps an argument to its key, or to ""."""
    try:
        yield
    except LocatedError as wrong:
        raise LocatedError((*location, *wrong.location), str(wrong)) from None
    except HostwayFakeError as error:
        key = keys(error.what) if isinstance(error, InvalidValueError) else ""
        raise LocatedError((*location, key) if key else location, str(error)) from None


def format_path(location: JsonPath) -> str:
    """Return a location as text.

    >>> format_path(("rule", 1, "script", 0))
    'rule[1].script[0]'
    """
    return "".join(map(_spelled, location)).lstrip(".") or "the file"


def _spelled(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if part.isprintable() else f".{part!a}"


def is_json(path: PurePath) -> bool:
    """Tell whether a file is JSON, by its suffix. Other files are TOML."""
    return path.suffix.lower() == ".json"


def parse_json(text: str) -> Any:
    """Parse JSON. Refuse an object with two equal keys, because the second would replace the first."""
    return json.loads(text, object_pairs_hook=_without_doubles)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise ValueError(f"the key {twice!r} occurs twice")
    return held


def line(text: str, path: PurePath, location: JsonPath) -> int:
    """Return the line on which a location begins. If it is not recorded, return the line of the nearest parent."""
    lines = _json_lines(text) if is_json(path) else _toml_lines(text)
    while location and location not in lines:
        location = location[:-1]
    return lines.get(location, 1)


def _toml_lines(text: str) -> dict[JsonPath, int]:
    """Return the first line of each location in a valid TOML file."""
    lines: dict[JsonPath, int] = {}
    latest: dict[JsonPath, int] = {}
    table: JsonPath = ()
    for number, statement in _statements(text):
        if statement[0].lstrip().startswith("["):
            table = _table(tomllib.loads("\n".join(statement)), latest)
            lines.setdefault(table, number)
        else:
            _note_values(lines, table, number, statement)
    return lines


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield table headers, comments and key-value pairs with their line numbers. Each is valid TOML by itself."""
    first, statement = 1, list[str]()
    for number, each in enumerate(text.split("\n"), 1):
        statement.append(each)
        if len(statement) > _LONG and not each.lstrip().startswith(_ENDS):
            continue  # trying each line of a long value would take quadratic time
        if _loaded("\n".join(statement)) is not None:
            yield first, statement
            first, statement = number + 1, []


def _loaded(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except ValueError:
        return None


def _table(header: Any, latest: dict[JsonPath, int]) -> JsonPath:
    """Return the location of a table header. ``latest`` has the last index of each array of tables."""
    table: JsonPath = ()
    while header:
        ((key, header),) = header.items()
        table = (*table, key)
        if isinstance(header, list):
            latest[table] = latest.get(table, -1) + 1
            header = None
        if table in latest:
            table = (*table, latest[table])
    return table


def _note_values(lines: dict[JsonPath, int], table: JsonPath, number: int, statement: list[str]) -> None:
    """Record the lines of a value and of everything in it. An array may span several lines.

    For a very long value, only its first line is recorded.
    """
    if len(statement) > _LONG:
        statement = ["\n".join(statement)]
    noted = 0
    for end in range(1, len(statement) + 1):
        held = _loaded("\n".join(statement[:end]) + ("" if end == len(statement) else "\n]"))
        if held is not None:
            for location in _places(held):
                lines.setdefault((*table, *location), number + noted)
            noted = end


def _places(value: object, depth: int = _DEEPEST) -> Iterator[JsonPath]:
    """Yield the locations of everything in a value."""
    held = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in held if depth else ():
        yield (key,)
        yield from ((key, *rest) for rest in _places(each, depth - 1))


_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


def _json_lines(text: str) -> dict[JsonPath, int]:
    lines: dict[JsonPath, int] = {}
    location: list[str | int] = []
    objects: list[bool] = []
    pending = ""
    number, counted = 1, 0
    for token in _TOKEN.finditer(text):
        word, number = token[0], number + text.count("\n", counted, token.start())
        counted = token.start()
        inside_object = bool(objects) and objects[-1]
        if word in "{[":
            lines.setdefault(tuple(location), number)
            objects.append(word == "{")
            location.append("" if word == "{" else 0)
        elif word in "}]":
            objects.pop()
            location.pop()
        elif word == ":":
            location[-1] = json.loads(pending)
            lines[tuple(location)] = number
        elif word == "," and not inside_object:
            location[-1] = int(location[-1]) + 1
        else:
            pending = word
    return lines
