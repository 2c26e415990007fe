"""Places in what a file holds, and the lines on which they stand: so that what is wrong can be named."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any, Final

from hostway_fake.exceptions import HostwayFakeError, InvalidValueError

Place = tuple[str | int, ...]
"""Keys and indices, from the outermost in."""


_DEEPEST: Final = 8
"""No file has anything at a place that is deeper."""


_LONG: Final = 100
"""Lines of a TOML value above which the lines of what is in it are not looked for."""

_ENDS: Final = ("]", '"""', "'''")
"""How the last line of a long value begins."""


class Wrong(Exception):
    """Something is wrong at a place."""

    def __init__(self, place: Place, said: str) -> None:
        super().__init__(said)
        self.place = place


@contextmanager
def at(*place: str | int, keys: Callable[[str], str] = lambda _: "") -> Iterator[None]:
    """Name the place of what is wrong in the block; ``keys`` gives the key of a named value, or nothing."""
    try:
        yield
    except Wrong as wrong:
        raise Wrong((*place, *wrong.place), str(wrong)) from None
    except HostwayFakeError as error:
        key = keys(error.what) if isinstance(error, InvalidValueError) else ""
        raise Wrong((*place, key) if key else place, str(error)) from None


def spelled(place: Place) -> str:
    """A place for people.

    >>> spelled(("rule", 1, "script", 0))
    'rule[1].script[0]'
    """
    return "".join(map(_spelled, place)).lstrip(".") or "the file"


def _spelled(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if part.isprintable() else f".{part!a}"


def is_json(path: PurePath) -> bool:
    """Whether a file is JSON by its name; else it is TOML."""
    return path.suffix.lower() == ".json"


def line(text: str, path: PurePath, place: Place) -> int:
    """The line on which a place begins, or the nearest around it that has a line of its own."""
    lines = _json_lines(text) if is_json(path) else _toml_lines(text)
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _toml_lines(text: str) -> dict[Place, int]:
    """By place, the line on which it begins. The text is known to be TOML."""
    lines: dict[Place, int] = {}
    latest: dict[Place, int] = {}
    table: Place = ()
    for number, statement in _statements(text):
        if statement[0].lstrip().startswith("["):
            table = _table(tomllib.loads("\n".join(statement)), latest)
            lines.setdefault(table, number)
        else:
            _note_values(lines, table, number, statement)
    return lines


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """The headers, comments and pairs of key and value, each the fewest lines that are TOML by themselves."""
    first, statement = 1, list[str]()
    for number, each in enumerate(text.split("\n"), 1):
        statement.append(each)
        if len(statement) > _LONG and not each.lstrip().startswith(_ENDS):
            continue  # to try each line of a long value would take the square of its length
        if _loaded("\n".join(statement)) is not None:
            yield first, statement
            first, statement = number + 1, []


def _loaded(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except ValueError:
        return None


def _table(header: Any, latest: dict[Place, int]) -> Place:
    """The place of a header, given what it holds by itself; ``latest`` has the last index of each array of tables."""
    table: Place = ()
    while header:
        ((key, header),) = header.items()
        table = (*table, key)
        if isinstance(header, list):
            latest[table] = latest.get(table, -1) + 1
            header = None
        if table in latest:
            table = (*table, latest[table])
    return table


def _note_values(lines: dict[Place, int], table: Place, number: int, statement: list[str]) -> None:
    """Note the line of a value and of all in it; an array may go over several lines.

    A long value has one line, on which it begins.
    """
    if len(statement) > _LONG:
        statement = ["\n".join(statement)]
    noted = 0
    for end in range(1, len(statement) + 1):
        held = _loaded("\n".join(statement[:end]) + ("" if end == len(statement) else "\n]"))
        if held is not None:
            for place in _places(held):
                lines.setdefault((*table, *place), number + noted)
            noted = end


def _places(value: object, depth: int = _DEEPEST) -> Iterator[Place]:
    """The places of all that a value holds."""
    held = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in held if depth else ():
        yield (key,)
        yield from ((key, *rest) for rest in _places(each, depth - 1))


_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


def _json_lines(text: str) -> dict[Place, int]:
    lines: dict[Place, int] = {}
    place: list[str | int] = []
    objects: list[bool] = []
    pending = ""
    number, counted = 1, 0
    for token in _TOKEN.finditer(text):
        word, number = token[0], number + text.count("\n", counted, token.start())
        counted = token.start()
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
