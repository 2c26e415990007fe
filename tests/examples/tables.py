"""The parts of the README that are drawn from the package's own data: ``python tests/examples/tables.py`` renews them.

Each stands between ``<!-- name -->`` and ``<!-- /name -->``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from hostway_fake import exceptions
from hostway_fake.contract.evidence import Source
from hostway_fake.contract.operations import OPERATIONS
from hostway_fake.contract.readings import READINGS
from hostway_fake.domain.lifecycle import SERVER_TRANSITIONS, TRANSITIONS
from hostway_fake.domain.model import Event
from hostway_fake.exceptions import HostwayFakeError

README: Final = Path(__file__).parents[2] / "README.md"


def operations() -> str:
    return _table(
        ("operation", "request", "success", "documented failures", "evidence"),
        (
            (
                f"`{operation.name}`",
                f"`{operation.method} {operation.path}`" + (f" `{operation.action}`" if operation.action else ""),
                str(operation.success),
                ", ".join(str(error.status) for error in operation.failures),
                _evidence(operation.source),
            )
            for operation in OPERATIONS
        ),
    )


def readings() -> str:
    return _table(
        ("reading", "question", "values, the default first", "evidence"),
        (
            (
                f"`{reading.name}`",
                reading.question,
                ", ".join(f"`{value}`" for value in reading.values),
                _evidence(reading.source),
            )
            for reading in READINGS.values()
        ),
    )


def lifecycle() -> str:
    return _diagram(TRANSITIONS, ())


def server_lifecycle() -> str:
    """Without those moves that every status has."""
    return _diagram(SERVER_TRANSITIONS, (Event.UPDATE, Event.DELETE))


def _diagram(transitions: Mapping[Any, StrEnum], but: tuple[Event, ...]) -> str:
    moves = "\n".join(
        f"    {before} --> {after}: {event}" for (before, event), after in transitions.items() if event not in but
    )
    return f"```mermaid\nstateDiagram-v2\n    [*] --> BUILD: create\n{moves}\n```"


def errors() -> str:
    return _table(
        ("exception", "also a", "when"),
        (
            (
                f"`{error.__name__}`",
                ", ".join(f"`{base.__name__}`" for base in error.__bases__[1:]) or "-",
                _told(error),
            )
            for error in vars(exceptions).values()
            if isinstance(error, type) and HostwayFakeError in error.__bases__
        ),
    )


def _told(documented: type) -> str:
    return (documented.__doc__ or "").replace("``", "`").rstrip(".")


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "operations": operations,
    "lifecycle": lifecycle,
    "server_lifecycle": server_lifecycle,
    "readings": readings,
    "errors": errors,
}


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _evidence(source: Source) -> str:
    page = f": {source.page}" if source.page else ""
    revision = f", revision {source.revision}" if source.revision else ""
    return source.evidence + page + revision


def part(text: str, name: str) -> str:
    """What stands between the marks of a part."""
    found = re.findall(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    if len(found) != 1:
        raise ValueError(f"{README.name}: found {len(found)} parts {name!r}, expected one, <!-- {name} --> to its end")
    return str(found[0])


def renewed(text: str) -> str:
    """The text with every part drawn anew."""
    for name, draw in PARTS.items():
        mark = f"<!-- {name} -->\n"
        text = text.replace(mark + part(text, name), f"{mark}{draw()}\n")
    return text


if __name__ == "__main__":
    README.write_text(renewed(README.read_text()))
