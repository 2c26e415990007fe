"""What the plugin costs a run that does not use it, and what its fixtures add to each test."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryDirectory
from typing import Final

from tables import Samples, Table, ratios, rounds, spread, verdict

_TESTS: Final = 2000
_ALONE: Final = "pytest alone"
_PLUGINS: Final = {
    _ALONE: (),
    "hostway_fake": ("-p", "hostway_fake.pytest_plugin"),
    "requests-mock": ("-p", "requests_mock.contrib._pytest_plugin"),
    "pytest-httpserver": ("-p", "pytest_httpserver.pytest_plugin"),
}
_FIXTURES: Final = {
    "fake_hostway": 100,
    "nothing": 0,
    "fake_hostway_server": 200,
    "requests_mock": 0,
    "responses": 0,
    "httpserver": 0,
}
"""Each with the microseconds that are its target, 0 for none."""

_CONFTEST: Final = """
import json
from collections import defaultdict
from pathlib import Path
from time import process_time_ns

import pytest
import responses as library

SPENT = defaultdict(list)


@pytest.fixture(scope="session")
def one():
    return None


@pytest.fixture(scope="session")
def other():
    return None


@pytest.fixture(scope="session")
def another():
    return None


@pytest.fixture
def nothing(pytestconfig, one, other, another):
    yield


@pytest.fixture
def responses():
    with library.RequestsMock() as mocked:
        yield mocked


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    start = process_time_ns()
    try:
        return (yield)
    finally:
        SPENT[item.name.partition("__")[2]].append((process_time_ns() - start) / 1000)


def pytest_sessionfinish():
    Path(__file__).with_name("spent.json").write_text(json.dumps(SPENT))
"""
"""Times every test from before its fixtures are made until they are gone.

The fixture `nothing` does nothing, with as many fixtures that can be overridden as `fake_hostway` has.
"""


def measure(count: int) -> list[Table]:
    with TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "empty").mkdir()
        (folder / "empty" / "test_empty.py").write_text("def test_nothing():\n    pass\n")
        (folder / "many").mkdir()
        return [_unused(count, folder / "empty"), _added(folder / "many")]


def _pytest(folder: Path, alone: bool, *arguments: str) -> float:
    """Processor milliseconds of a run, without the plugins that happen to be installed if ``alone``."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), *arguments]
    surroundings = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1" if alone else "",
        "PYTHONDONTWRITEBYTECODE": "",  # a user compiles a plugin once, and not in every run
        "PYTHONPYCACHEPREFIX": str(folder.parent / "compiled"),
    }
    before = _children()
    finished = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(finished.stdout + finished.stderr)
    return (_children() - before) * 1e3


def _children() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _unused(count: int, folder: Path) -> Table:
    installed, blocked = "hostway_fake among all that is installed", "all that is installed, -p no:hostway_fake"
    contestants: dict[str, Callable[[], float]] = {
        **{name: partial(_pytest, folder, True, *plugin) for name, plugin in _PLUGINS.items()},
        blocked: partial(_pytest, folder, False, "-p", "no:hostway_fake"),
        installed: partial(_pytest, folder, False),
    }
    samples = rounds(count, contestants)
    floors = {name: samples[blocked if name in (blocked, installed) else _ALONE] for name in contestants}
    table = Table(
        "A plugin that is not used",
        "pytest on one empty test, processor time of the process. Medians with quartiles; ratios are of the same "
        "round, to pytest alone; the last is to the one before it.",
        ("contestant", "ms", "ratio", "target"),
    )
    for name in contestants:
        mine = name in ("hostway_fake", installed)
        table.rows.append(_unused_row(name, samples[name], floors[name], mine))
    return table


def _unused_row(name: str, values: Samples, floor: Samples, mine: bool) -> tuple[str, ...]:
    ratio = ratios(values, floor)
    target = verdict(statistics.median(ratio), "<=", 1.05) if mine else ""
    return name, spread(values, ".0f"), spread(ratio, ".3f"), target


def _added(folder: Path) -> Table:
    (folder / "conftest.py").write_text(_CONFTEST)
    tests = (
        f"def test_{number}__{fixture}({fixture}):\n    pass\n"
        for number in range(_TESTS)
        for fixture in ("", *_FIXTURES)
    )
    (folder / "test_many.py").write_text("\n".join(tests))
    plugins = [argument for plugin in _PLUGINS.values() for argument in plugin]
    _pytest(folder, True, *plugins, "test_many.py")
    spent = json.loads((folder / "spent.json").read_text())
    empty = statistics.median(spent.pop(""))
    table = Table(
        "What a fixture adds to a test",
        f"{_TESTS:,} empty tests with each fixture and as many without one, in turns in one run; processor time from "
        f"before its setup to after its teardown. An empty test takes {empty:.0f} µs. Medians with quartiles.",
        ("fixture", "µs added", "target"),
    )
    for fixture, target in _FIXTURES.items():
        added = [value - empty for value in spent[fixture]]
        met = verdict(statistics.median(added), "<=", target, " µs") if target else ""
        table.rows.append((f"`{fixture}`", spread(added, ".0f"), met))
    return table
