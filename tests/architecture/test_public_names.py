"""The package's face: its public names, each loaded when it is used, each with its docstring."""

import ast
import inspect
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

import hostway_fake

_CONSTANTS: Final = {"READINGS", "START"}
_TREE: Final = ast.parse(Path(hostway_fake.__file__).read_text())


def _told_to_type_checkers() -> dict[str, str]:
    """The names imported under ``TYPE_CHECKING``, with their homes."""
    guards = [node for node in _TREE.body if isinstance(node, ast.If)]
    imports = [node for guard in guards for node in guard.body if isinstance(node, ast.ImportFrom)]
    return {name.name: node.module or "" for node in imports for name in node.names}


def _loaded_when_used() -> dict[str, str]:
    homes: dict[str, tuple[str, ...]] = vars(hostway_fake)["_HOMES"]
    return {name: module for module, names in homes.items() for name in names}


def test_the_public_names_are_those_that_are_loaded_when_used() -> None:
    assert sorted(hostway_fake.__all__) == sorted(_loaded_when_used())


def test_the_public_names_are_those_that_type_checkers_see() -> None:
    assert _told_to_type_checkers() == _loaded_when_used()


def test_public_name_is_what_its_home_has() -> None:
    for name, home in _loaded_when_used().items():
        assert getattr(hostway_fake, name) is getattr(import_module(home), name)


def test_everything_public_has_a_docstring_of_its_own() -> None:
    """``now`` and ``default`` say all in their names; a class that has them says what they are."""
    missing = []
    for name in sorted(set(hostway_fake.__all__) - _CONSTANTS):
        value = getattr(hostway_fake, name)
        documented = vars(value).get("__doc__") or ""
        missing += [] if documented and not documented.startswith(f"{name}(") else [name]
        missing += [
            f"{name}.{word}"
            for word, member in vars(value).items()
            if not word.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
            if not (inspect.getdoc(member) or word in {"now", "default"})
        ]
    assert missing == []


def test_the_names_can_be_listed() -> None:
    assert set(hostway_fake.__all__) <= set(dir(hostway_fake))


def test_all_names_can_be_imported_at_once() -> None:
    namespace: dict[str, object] = {}

    exec("from hostway_fake import *", namespace)

    assert set(hostway_fake.__all__) <= set(namespace)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'hostway_fake' has no attribute 'FakeHostwy'$"):
        _ = hostway_fake.FakeHostwy


def test_an_unknown_name_cannot_be_imported() -> None:
    with pytest.raises(ImportError, match="cannot import name 'FakeHostwy'"):
        exec("from hostway_fake import FakeHostwy")
