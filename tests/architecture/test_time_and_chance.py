"""What only one module may ask for: time and chance. Read from the source, not from what runs."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import hostway_fake

_PACKAGE: Final = Path(hostway_fake.__file__).parent
_SOURCES: Final = sorted(_PACKAGE.rglob("*.py"))
_NAMES: Final = [path.relative_to(_PACKAGE).as_posix() for path in _SOURCES]

_CHANCE: Final = {"random", "secrets", "uuid.uuid1", "uuid.uuid4", "os.urandom"}
_TIME: Final = {"time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
_MAY_ASK_FOR_TIME: Final = {"clock/clocks.py", "clock/machine.py", "fake/patch_sleep.py"}
_READ: Final = tuple(zip(_NAMES, _SOURCES, strict=True))


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


def test_package_is_read() -> None:
    assert {"clock/clocks.py", "fake/hostway.py", "domain/identifiers.py"} <= set(_NAMES)


def test_no_module_asks_for_chance() -> None:
    assert {name: found for name, source in _READ if (found := set(_asked_for(source)) & _CHANCE)} == {}


def test_only_the_clocks_ask_for_time() -> None:
    assert {name for name, source in _READ if set(_asked_for(source)) & _TIME} == _MAY_ASK_FOR_TIME
