"""Checks of values that a test author passes."""

from hostway_fake.exceptions import WrongTypeError, invalid

MAX_SECONDS = 10**9
"""The longest time, in seconds."""


def whole(what: str, value: object, low: int = 1, high: int = MAX_SECONDS) -> int:
    """Return a whole number within bounds. Raise an error that names the value otherwise."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongTypeError(f"{what}: got {value!r}, expected a whole number")
    if not low <= value <= high:
        raise invalid(what, value, f"a whole number from {low} to {high:,}")
    return value


def number(what: str, value: object, high: float = MAX_SECONDS) -> float:
    """Return a finite number from 0. Raise an error that names the value otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongTypeError(f"{what}: got {value!r}, expected a number")
    if not 0 <= value <= high:
        raise invalid(what, value, f"a number from 0 to {high:,}")
    return value


def positive(what: str, value: object, high: float = MAX_SECONDS) -> float:
    """Return a finite number above 0. Raise an error that names the value otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongTypeError(f"{what}: got {value!r}, expected a number")
    if not 0 < value <= high:
        raise invalid(what, value, f"a number above 0, up to {high:,}")
    return value


def flag(what: str, value: object) -> bool:
    """Return a bool. Raise an error that names the value otherwise."""
    if not isinstance(value, bool):
        raise WrongTypeError(f"{what}: got {value!r}, expected True or False")
    return value


def is_text(value: str) -> bool:
    """Tell whether a string can be encoded as UTF-8."""
    return value == value.encode(errors="ignore").decode()


def text(what: str, value: object) -> str:
    """Return a string that can be encoded as UTF-8. Raise an error that names the value otherwise."""
    if not isinstance(value, str):
        raise WrongTypeError(f"{what}: got {value!r}, expected a string")
    if not is_text(value):
        raise invalid(what, value, "a string without halves of surrogate pairs")
    return value
