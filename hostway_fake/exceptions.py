"""The exceptions that a test author gets. Clients get Hostway's error bodies instead."""

from collections.abc import Iterable
from typing import Final

_LISTED: Final = 10
"""The number of candidates up to which all of them are listed in a message."""
_LIST: Final = "`error.candidates`"
_LISTS: Final = {"operation": "hostway_fake.contract.operations.BY_NAME", "reading": "hostway_fake.READINGS"}
"""The objects that list all possible values, by the name of the value."""


class HostwayFakeError(Exception):
    """The base class of the exceptions of this package."""


class RealSleepWarning(UserWarning):
    """A test slept in real time while the fake's clock stood. The message says how to avoid it."""


class InvalidValueError(HostwayFakeError, ValueError):
    """A value is invalid. The message has the value, what was expected, and the candidates."""

    what: str
    """The name of the value, if it has one."""
    candidates: tuple[str, ...]
    """The possible values, if they can be listed."""

    def __init__(self, message: str, what: str = "", candidates: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.what = what
        self.candidates = candidates


class UnknownOptionError(HostwayFakeError, TypeError):
    """A keyword argument does not exist. The message has the nearest one."""


class WrongTypeError(HostwayFakeError, TypeError):
    """A value has the wrong type."""


class RefusedError(HostwayFakeError, ValueError):
    """A test arranges what Hostway's rules forbid, such as a fourth snapshot."""


class PortTakenError(HostwayFakeError, OSError):
    """The port given to ``serve`` cannot be bound. The message has the port."""


class ClockError(HostwayFakeError, TypeError):
    """The clock cannot be moved by the fake. The message says who moves it."""


class CannotHappenError(HostwayFakeError, ValueError):
    """A snapshot or server will not have the status of ``run_until``. The message says what will happen."""


class FrozenClockError(HostwayFakeError, AssertionError):
    """A client polled something unfinished too often while the clock stood. The message says how to move the clock."""


class UnfinishedRuleError(HostwayFakeError, AssertionError):
    """A fault rule was begun and given no outcome. The message has the rule."""


class ScriptExhaustedError(HostwayFakeError, AssertionError):
    """A script with ``then="fail_test"`` got one call more than it has steps."""


class EndlessWaitError(HostwayFakeError, AssertionError):
    """A request hangs and has no timeout, so it would never end."""


class NoWireError(HostwayFakeError, RuntimeError):
    """A transport cannot show a fault. The message says which ones can."""


class NotCalledError(HostwayFakeError, AssertionError):
    """An expected call was not made, or not as often. The message has the nearest calls."""


class MisconductError(HostwayFakeError, AssertionError):
    """A client did not behave as ``fake.conduct`` asserts. The message has the calls."""


class ClosedFakeError(HostwayFakeError, RuntimeError):
    """A request was sent in process to a closed fake. The message says where it was closed."""


class BlockedHostError(HostwayFakeError):
    """A client called another host under ``intercept(block_others=True)``."""


def invalid(what: str, value: object, expected: str, candidates: Iterable[str] = ()) -> InvalidValueError:
    """Return an `InvalidValueError` in the form that all of them have.

    Few candidates are listed. Of many, the one that resembles the value is suggested.

    >>> str(invalid("revision", "2014", "a known revision", ["2013-04", "2013-10"]))
    "revision: got '2014', expected a known revision: '2013-04', '2013-10'"
    >>> str(invalid("letter", "gama", "one of", ["alpha", "beta", "gamma", "delta", *"efghijklmn"]))
    "letter: got 'gama'. Did you mean 'gamma'? `error.candidates` lists all 14."
    """
    names = tuple(str(candidate) for candidate in candidates)
    message = f"{what}: got {shown(value)}"
    if len(names) > _LISTED:
        message += "" if expected == "one of" else f", expected {expected}"
        message += f". {_suggestion(value, names)} {_LISTS.get(what, _LIST)} lists all {len(names)}."
    else:
        listed = ", ".join(map(repr, names))
        message += f", expected {expected}" + (f": {listed}" if listed else "")
    return InvalidValueError(message, what, names)


def _suggestion(value: object, names: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(value if isinstance(value, str) else shown(value), names, 1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Examples: {', '.join(map(repr, names[:3]))}."


def shown(value: object) -> str:
    """Return the `repr` of a value that may be an integer of too many digits."""
    try:
        return repr(value)
    except ValueError:
        return "a number of too many digits"
