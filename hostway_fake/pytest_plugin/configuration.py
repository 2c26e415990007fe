"""Checks of the configuration of pytest."""

from pathlib import Path
from tempfile import TemporaryFile

import pytest

from hostway_fake.contract.readings import read
from hostway_fake.exceptions import HostwayFakeError
from hostway_fake.pytest_plugin.watch import ALLOWABLE


def checked_allow(what: str, given: object) -> tuple[str, ...]:
    """Return the words of an option ``allow``."""
    words = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list | tuple | set) else (given,)
    for word in words:
        if word not in ALLOWABLE:
            raise pytest.UsageError(f"{what}: got {word!r}, expected some of {', '.join(ALLOWABLE)}")
    return words


def checked_readings(given: list[object]) -> dict[str, str]:
    """Return readings by name, from lines NAME=VALUE."""
    lines = [line for line in given if isinstance(line, str)]
    if len(lines) != len(given):
        raise pytest.UsageError(f"fake_hostway_readings: got {given!r}, expected lines NAME=VALUE")
    readings = dict(line.partition("=")[::2] for line in lines)
    if len(readings) != len(lines):
        raise pytest.UsageError(f"fake_hostway_readings: got {lines!r}, expected each name once")
    try:
        read(readings)
    except HostwayFakeError as error:
        raise pytest.UsageError(f"fake_hostway_readings: {error}") from None
    return readings


def cannot_be_run_under(readings: object) -> str:
    """Return the message about readings under which a test cannot be run."""
    if readings == "all" or (isinstance(readings, list | tuple) and readings):
        said = "runs a test several times. The test must name the fixture fake_hostway and be no unittest.TestCase"
        return f"fake_hostway readings: {readings!r} {said}"
    return f"fake_hostway readings: got {readings!r}, expected 'all', a list of operations, or values by name"


def checked_folder(given: str) -> Path:
    """Return the absolute path of a folder that can be written to. Create it if it does not exist."""
    if not given:
        raise pytest.UsageError("--fake-hostway-timeline: got nothing, expected a folder")
    try:
        folder = Path(given).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
        return folder
    except (OSError, ValueError) as error:
        expected = "a folder that can be written into"
        raise pytest.UsageError(f"--fake-hostway-timeline: got {given!r}, expected {expected}: {error}") from None


def checked_seed(what: str, given: str) -> int:
    """Return the seed of an option. Raise a usage error if it is not a whole number."""
    try:
        return int(given)
    except (TypeError, ValueError):
        raise pytest.UsageError(f"{what}: got {given!r}, expected a whole number") from None
