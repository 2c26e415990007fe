"""Imports go down only, and every module has its floor."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import hostway_fake

_CHECKOUT: Final = Path(__file__).parents[2]
_PACKAGE: Final = Path(hostway_fake.__file__).parent


def _contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text())
    contracts: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return contracts


def test_the_contracts_of_the_floors_are_kept() -> None:
    linter = Path(sys.executable).parent / "lint-imports"

    ran = subprocess.run([linter, "--no-cache"], cwd=_CHECKOUT, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{len(_contracts())} kept, 0 broken" in ran.stdout


def test_every_module_is_on_one_floor() -> None:
    rooms = [room for floor in _contracts()[0]["layers"] for room in floor.split(" | ")]
    modules = {path.stem for path in _PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert sorted(rooms) == sorted(modules - {"__init__"})
