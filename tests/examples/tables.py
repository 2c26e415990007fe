"""The parts of the documentation that are drawn from the package's own data.

``python tests/examples/tables.py`` renews them. Each part stands between ``<!-- name -->`` and ``<!-- /name -->``.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

import requests

from hostway_fake import Call, Calls, FakeHostway, exceptions, pytest_plugin
from hostway_fake.cli import commands as cli
from hostway_fake.contract.evidence import Source
from hostway_fake.contract.operations import OPERATIONS
from hostway_fake.contract.readings import READINGS
from hostway_fake.domain.lifecycle import SERVER_TRANSITIONS, TRANSITIONS
from hostway_fake.domain.model import Event
from hostway_fake.exceptions import HostwayFakeError
from hostway_fake.fake.options import OPTIONS
from hostway_fake.faults.methods import OutcomeMethods

ROOT: Final = Path(__file__).parents[2]


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
    return _transitions(TRANSITIONS, ())


def server_lifecycle() -> str:
    """Without the events that are possible in every status."""
    return _transitions(SERVER_TRANSITIONS, (Event.UPDATE, Event.DELETE))


def _transitions(transitions: Mapping[Any, StrEnum], but: tuple[Event, ...]) -> str:
    rows = [(f"`{before}`", event, f"`{after}`") for (before, event), after in transitions.items() if event not in but]
    return _table(("status", "event", "next status"), rows)


def errors() -> str:
    return _table(
        ("exception", "also a", "when"),
        (
            (
                f"`{error.__name__}`",
                ", ".join(f"`{base.__name__}`" for base in error.__bases__[1:]) or "-",
                _as_markdown(error.__doc__ or "").rstrip("."),
            )
            for error in vars(exceptions).values()
            if isinstance(error, type) and HostwayFakeError in error.__bases__
        ),
    )


def options() -> str:
    defaults = FakeHostway.__init__.__kwdefaults__ or {}
    meanings = dict(_items(FakeHostway, "Args"))
    return _table(
        ("option", "default", "meaning"),
        ((f"`{name}`", f"`{_default(defaults[name])}`", meanings[name]) for name in OPTIONS),
    )


def call_fields() -> str:
    return _table(("field", "meaning"), ((f"`{name}`", meaning) for name, meaning in _items(Call, "Attributes")))


def call_properties() -> str:
    rows = (
        (f"`{name}`", _summary(member))
        for name, member in vars(Call).items()
        if isinstance(member, property) and not name.startswith("_")
    )
    return _table(("property", "meaning"), rows)


def filter_keys() -> str:
    return _table(("key", "meaning"), ((f"`{name}`", meaning) for name, meaning in _items(Calls.filter, "Args")))


def outcomes() -> str:
    methods = {name: each for name, each in vars(OutcomeMethods).items() if not name.startswith("_")}
    rows = ((f"`{name}{_signature(method)}`", _summary(method)) for name, method in methods.items())
    return _table(("outcome", "what happens"), rows)


def serve_options() -> str:
    parser = cli.parser()
    (commands,) = (action for action in parser._actions if hasattr(action, "choices") and action.choices)
    serve: Any = dict(commands.choices or {})["serve"]
    rows = []
    for action in serve._actions[1:]:
        names = " ".join(filter(None, (action.option_strings[0], action.metavar)))
        rows.append((f"`{names}`", action.help.replace("%(default)s", f"`{action.default}`")))
    return _table(("option", "meaning"), rows)


def fixtures() -> str:
    home = import_module("hostway_fake.pytest_plugin.fixtures")
    rows = []
    for name in pytest_plugin.__all__:
        function = getattr(getattr(home, name), "__wrapped__", None) or getattr(home, name)
        rows.append((f"`{name}`", _summary(inspect.unwrap(getattr(function, "_fixture_function", function)))))
    return _table(("fixture", "value"), rows)


def timeline() -> str:
    with FakeHostway() as fake, fake.session() as session:
        server = fake.add_server("jello614636-USOTE-0214")
        url = f"{fake.url}/servers/{server.id}/snapshots"
        fake.faults.on("create_snapshot").first(1).named("lost response").after_commit().reset()
        for _ in range(2):
            with suppress(requests.ConnectionError):
                session.post(url, json={"snapshot": {"name": "nightly"}})
            fake.clock.advance(5)
        session.get(url)
        fake.run_until(server.snapshot("nightly").id, "ACTIVE")
        return f"```text\n{fake.timeline()}\n```"


class _Recorder:
    """Takes what the plugin adds to pytest's parser."""

    def __init__(self) -> None:
        self.options: list[tuple[str, str]] = []
        self.settings: list[tuple[str, str]] = []

    def getgroup(self, name: str) -> "_Recorder":
        return self

    def addoption(self, name: str, *, help: str, metavar: str = "", **_: object) -> None:  # noqa: A002  # pytest's name
        self.options.append((f"`{name} {metavar}".rstrip() + "`", help))

    def addini(self, name: str, help: str, **_: object) -> None:  # noqa: A002  # pytest's name
        self.settings.append((f"`{name}`", help))


def _recorded() -> _Recorder:
    recorder: Any = _Recorder()
    pytest_plugin.pytest_addoption(recorder)
    return recorder  # type: ignore[no-any-return]  # it stands in for pytest's parser


def pytest_options() -> str:
    return _table(("option", "meaning"), _recorded().options)


def pytest_settings() -> str:
    return _table(("setting", "meaning"), _recorded().settings)


class Part(NamedTuple):
    """A part of a page of the reference, or of the README, and the function that draws it."""

    page: str
    draw: Callable[[], str]


PARTS: Final[Mapping[str, Part]] = {
    "timeline": Part("", timeline),
    "operations": Part("operations", operations),
    "lifecycle": Part("operations", lifecycle),
    "server_lifecycle": Part("operations", server_lifecycle),
    "readings": Part("readings", readings),
    "errors": Part("exceptions", errors),
    "options": Part("options", options),
    "call_fields": Part("calls", call_fields),
    "call_properties": Part("calls", call_properties),
    "filter_keys": Part("calls", filter_keys),
    "outcomes": Part("outcomes", outcomes),
    "serve_options": Part("command-line", serve_options),
    "fixtures": Part("pytest", fixtures),
    "pytest_options": Part("pytest", pytest_options),
    "pytest_settings": Part("pytest", pytest_settings),
}


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _evidence(source: Source) -> str:
    page = f": {source.page}" if source.page else ""
    revision = f", revision {source.revision}" if source.revision else ""
    return source.evidence + page + revision


def _as_markdown(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def _summary(documented: Any) -> str:
    return _as_markdown((inspect.getdoc(documented) or "").partition("\n\n")[0].replace("\n", " "))


def _items(documented: Any, section: str) -> Iterator[tuple[str, str]]:
    """Yield the names and meanings in a section of a docstring."""
    text = (inspect.getdoc(documented) or "").partition(f"\n{section}:\n")[2]
    block = re.match(r"(?:    .*\n?|\n)*", text)
    assert block is not None
    for name, meaning in re.findall(r"^    (\w+): (.*(?:\n        .*)*)", block[0], re.MULTILINE):
        yield name, _as_markdown(re.sub(r"\s+", " ", meaning))


def _default(value: object) -> str:
    return str(value).upper() if repr(value).startswith("datetime") else repr(value)


def _signature(method: Any) -> str:
    parameters = [each.replace(annotation=each.empty) for each in inspect.signature(method).parameters.values()][1:]
    return str(inspect.Signature(parameters))


def page(name: str) -> Path:
    """Return the path of the page that has a part."""
    return ROOT / "docs" / "reference" / f"{PARTS[name].page}.md" if PARTS[name].page else ROOT / "README.md"


def part(text: str, name: str) -> str:
    """Return what stands between the marks of a part."""
    found = re.findall(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    if len(found) != 1:
        raise ValueError(f"found {len(found)} parts {name!r}, expected one, from <!-- {name} --> to <!-- /{name} -->")
    return str(found[0])


def renewed(text: str, name: str) -> str:
    """Return a text with a part drawn anew."""
    mark = f"<!-- {name} -->\n"
    return text.replace(mark + part(text, name), f"{mark}{PARTS[name].draw()}\n")


if __name__ == "__main__":
    for each in PARTS:
        page(each).write_text(renewed(page(each).read_text(), each))
