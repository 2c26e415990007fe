"""The examples, each in a process and a folder of its own, with every warning an error."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

_EXAMPLES: Final = Path(__file__).parents[2] / "examples"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The examples in another place than the checkout."""
    return Path(shutil.copytree(_EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__")))


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, env=outer, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("folder", "arguments", "tests"),
    [("downstream", (), 14), (".", ("first_test.py",), 1)],
    ids=["the downstream project", "the first test"],
)
def test_an_example_passes_on_its_own(copy: Path, folder: str, arguments: tuple[str, ...], tests: int) -> None:
    ran = _pytest(copy / folder, *arguments)

    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    assert f"{tests} passed" in ran.stdout


def test_the_downstream_project_fails_when_its_client_is_wrong(copy: Path) -> None:
    client = copy / "downstream" / "snapclient.py"
    client.write_text(client.read_text().replace("409: NameTaken", "409: NotFound"))

    ran = _pytest(copy / "downstream", "-p", "no:randomly")

    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "1 failed, 13 passed" in ran.stdout
