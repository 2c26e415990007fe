"""The house words, and what only one room may ask for: time and chance. Read from the source, not from what runs."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import hostway_fake

_PACKAGE: Final = Path(hostway_fake.__file__).parent
_SOURCES: Final = sorted(_PACKAGE.rglob("*.py"))
_NAMES: Final = [path.relative_to(_PACKAGE).as_posix() for path in _SOURCES]

_NO_WORDS: Final = {"mock", "simulator", "tick", "chaos", "behavior", "manager", "utils", "util", "helpers", "helper"}
_NO_WORDS_FOR_MODULES: Final = _NO_WORDS | {"common", "base", "misc", "managers"}
_CHANCE: Final = {"random", "secrets", "uuid.uuid1", "uuid.uuid4", "os.urandom"}
_TIME: Final = {"time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
_MAY_ASK_FOR_TIME: Final = {"clock.py", "waiting.py"}


def _asked_for(source: Path) -> Iterator[str]:
    """What a module imports, and the attributes that it takes by name."""
    for node in ast.walk(ast.parse(source.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{name.name}" for name in names)
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name):
                yield f"{owner}.{name}"


def _defined(source: Path) -> Iterator[str]:
    """The names of a module's classes and functions, in words."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ClassDef):
            yield "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in node.name)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def test_the_package_is_read() -> None:
    assert {"clock.py", "fake.py", "domain/identifiers.py"} <= set(_NAMES)


@pytest.mark.parametrize("name", _NAMES)
def test_a_module_is_named_for_what_it_holds(name: str) -> None:
    words = set(name.removesuffix(".py").replace("/", "_").split("_"))

    assert not words & _NO_WORDS_FOR_MODULES


@pytest.mark.parametrize("source", _SOURCES, ids=_NAMES)
def test_names_are_made_of_house_words(source: Path) -> None:
    words = {word for name in _defined(source) for word in name.split("_")}

    assert not words & _NO_WORDS


@pytest.mark.parametrize("source", _SOURCES, ids=_NAMES)
def test_no_module_asks_for_chance(source: Path) -> None:
    assert not set(_asked_for(source)) & _CHANCE


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(source, id=name)
        for source, name in zip(_SOURCES, _NAMES, strict=True)
        if name not in _MAY_ASK_FOR_TIME
    ],
)
def test_a_module_that_is_not_the_clocks_does_not_ask_for_time(source: Path) -> None:
    assert not set(_asked_for(source)) & _TIME


@pytest.mark.parametrize("name", sorted(_MAY_ASK_FOR_TIME))
def test_what_may_ask_for_time_does(name: str) -> None:
    assert set(_asked_for(_PACKAGE / name)) & _TIME


@pytest.mark.parametrize("source", _SOURCES, ids=_NAMES)
def test_a_module_says_what_lives_in_it(source: Path) -> None:
    opening = ast.get_docstring(ast.parse(source.read_text()))

    assert opening
    assert opening[-1] in ".!"
