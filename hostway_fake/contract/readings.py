"""All readings by name, and the values that are in force for an account."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from hostway_fake.contract.fixed_readings import FIXED
from hostway_fake.contract.operations import BY_NAME
from hostway_fake.contract.reading import Reading
from hostway_fake.contract.switchable_readings import SWITCHABLE
from hostway_fake.exceptions import WrongTypeError, invalid

__all__ = ["DEFAULTS", "READINGS", "Reading", "Readings", "others", "read"]

Readings = Mapping[str, str]
"""The value of every reading by name. Read-only."""

_TABLE: Final = (*SWITCHABLE, *FIXED)
READINGS: Final[Mapping[str, Reading]] = MappingProxyType({reading.name: reading for reading in _TABLE})
"""All readings by name."""

DEFAULTS: Final[Readings] = MappingProxyType({reading.name: reading.default for reading in _TABLE})


def _text(value: object, values: tuple[str, ...]) -> str:
    if isinstance(value, bool):
        words = ("true", "on") if value else ("false", "off")
        return next((word for word in words if word in values), str(value))
    return str(value) if isinstance(value, int) else value if isinstance(value, str) else ""


def read(choices: Mapping[str, str | int | bool] | None) -> Readings:
    """Return all readings, with ``choices`` in place of defaults.

    >>> read({"list_status": 202})["list_status"]
    '202'
    >>> read({"list_status": 204})
    Traceback (most recent call last):
    hostway_fake.exceptions.InvalidValueError: reading list_status: got 204, expected one of: '200', '202'
    """
    if choices is None:
        return DEFAULTS
    if not isinstance(choices, Mapping):
        raise WrongTypeError(f"readings: got {choices!r}, expected a mapping of names to values")
    chosen = dict(DEFAULTS)
    for name, value in choices.items():
        if name not in READINGS:
            raise invalid("reading", name, "one of", READINGS)
        values = READINGS[name].values
        text = _text(value, values)
        if text not in values:
            raise invalid(f"reading {name}", value, "one of", values)
        chosen[name] = text
    return MappingProxyType(chosen)


def others(operations: Iterable[str] | None = None) -> tuple[tuple[str, str], ...]:
    """Return the non-default values that the operations can meet, with their readings. None means any operation.

    >>> others(["delete_snapshot"])
    (('authorization', 'basic'),)
    """
    if operations is None:
        wanted = set(BY_NAME)
    elif isinstance(operations, str):
        raise WrongTypeError(f"operations: got {operations!r}, expected a list of their names")
    else:
        wanted = set(operations)
    for name in wanted - set(BY_NAME):
        raise invalid("operation", name, "one of", BY_NAME)
    met = (reading for reading in READINGS.values() if wanted & set(reading.operations))
    return tuple((reading.name, value) for reading in met for value in reading.values[1:])
