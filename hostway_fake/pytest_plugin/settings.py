"""What the configuration of pytest says, checked when a run begins."""

from pathlib import Path
from tempfile import TemporaryFile

import pytest

from hostway_fake.contract.readings import read
from hostway_fake.exceptions import HostwayFakeError
from hostway_fake.pytest_plugin.watch import ALLOWABLE


def checked_allow(given: object) -> tuple[str, ...]:
    """What may be left undone."""
    words = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list | tuple | set) else (given,)
    for word in words:
        if word not in ALLOWABLE:
            raise pytest.UsageError(f"fake_hostway allow: got {word!r}, expected some of {', '.join(ALLOWABLE)}")
    return words


def checked_readings(given: list[str]) -> dict[str, str]:
    """Readings by name, from lines NAME=VALUE."""
    readings = dict(line.partition("=")[::2] for line in given)
    try:
        read(readings)
    except HostwayFakeError as error:
        raise pytest.UsageError(f"fake_hostway_readings: {error}") from None
    return readings


def checked_folder(given: str) -> None:
    """A folder to write into, which is made here if there is none."""
    try:
        Path(given).mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=given).close()
    except (OSError, ValueError) as error:
        expected = "a folder that can be written into"
        raise pytest.UsageError(f"--fake-hostway-timeline: got {given!r}, expected {expected}: {error}") from None


def checked_seed(given: str) -> int:
    try:
        return int(given)
    except ValueError:
        raise pytest.UsageError(f"fake_hostway_seed: got {given!r}, expected a whole number") from None
