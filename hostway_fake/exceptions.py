"""The exceptions that a test author can meet. A *client* meets the provider's own error body, never one of these."""

from collections.abc import Iterable
from typing import Final

_LISTED: Final = 8
"""The number of candidates up to which all of them are listed in a message."""
_LIST: Final = "The attribute candidates of this error"
_LISTS: Final = {"operation": "hostway_fake.contract.operations.BY_NAME", "reading": "hostway_fake.READINGS"}
"""What lists all candidates, by the name of the value."""


class HostwayFakeError(Exception):
    """The base of every exception that this package raises on purpose."""


class RealSleepWarning(UserWarning):
    """A test slept in real time while the fake's clock stood. The message says how to avoid it."""


class InvalidValueError(HostwayFakeError, ValueError):
    """A value that the fake cannot use: it names the value, what was expected and the candidates."""

    what: str
    """The name of the value, where it has one."""
    candidates: tuple[str, ...]
    """The values that are possible, where they can be listed."""

    def __init__(self, message: str, what: str = "", candidates: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.what = what
        self.candidates = candidates


class UnknownOptionError(HostwayFakeError, TypeError):
    """A keyword argument that does not exist: it names the option and the candidates."""


class WrongTypeError(HostwayFakeError, TypeError):
    """A value of a type that the fake cannot use."""


class RefusedError(HostwayFakeError, ValueError):
    """An arrangement made from Python that Hostway's own rules forbid, such as a fourth snapshot."""


class PortTakenError(HostwayFakeError, OSError):
    """The port given to ``serve`` cannot be bound; the message names it."""


class ClockError(HostwayFakeError, TypeError):
    """A clock was told to move that is not the fake's to move; the message says who moves it."""


class CannotHappenError(HostwayFakeError, ValueError):
    """What ``run_until`` was told to wait for will not happen; the message says what will."""


class FrozenClockError(HostwayFakeError, AssertionError):
    """A client polled an unfinished resource again and again, and nothing can come of it."""


class UnfinishedRuleError(HostwayFakeError, AssertionError):
    """A fault rule was begun and given no outcome; the message names it."""


class ScriptExhaustedError(HostwayFakeError, AssertionError):
    """A script with ``then="fail_test"`` met one call more than it has steps."""


class EndlessWaitError(HostwayFakeError, AssertionError):
    """A call that is made to hang was made without a timeout: it would never end."""


class NoWireError(HostwayFakeError, RuntimeError):
    """A fault cannot be shown on this way in; the message says on which it can."""


class NotCalledError(HostwayFakeError, AssertionError):
    """A call that a test expected was not made, or not as often; the message names what came nearest."""


class MisconductError(HostwayFakeError, AssertionError):
    """A client did not behave as ``fake.conduct`` asserts; the message has the calls in question."""


class ClosedFakeError(HostwayFakeError, RuntimeError):
    """A request was sent in process to a fake that is closed. The message says where it was closed."""


class BlockedHostError(HostwayFakeError):
    """Code under ``intercept(block_others=True)`` called a host that is not the fake."""


def invalid(what: str, value: object, expected: str, candidates: Iterable[str] = ()) -> InvalidValueError:
    """Return an `InvalidValueError` in the form that all of them have.

    Few candidates are listed. Of many, the one that resembles the value is suggested.

    >>> str(invalid("revision", "2014", "a known revision", ["2013-04", "2013-10"]))
    "revision: got '2014', expected a known revision: '2013-04', '2013-10'"
    >>> str(invalid("letter", "gama", "one of", ["alpha", "beta", "gamma", "delta", *"efghijklmn"]))
    "letter: got 'gama'. Did you mean 'gamma'? The attribute candidates of this error has all 14."
    """
    names = tuple(str(candidate) for candidate in candidates)
    message = f"{what}: got {shown(value)}"
    if len(names) > _LISTED:
        message += "" if expected == "one of" else f", expected {expected} {len(names)} names"
        message += f". {_suggestion(value, names)} {_LISTS.get(what, _LIST)} has all {len(names)}."
    else:
        listed = ", ".join(map(repr, names))
        message += f", expected {expected}" + (f": {listed}" if listed else "")
    return InvalidValueError(message, what, names)


def _suggestion(value: object, names: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(value if isinstance(value, str) else shown(value), names, 1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"The first of the possible values are {', '.join(map(repr, names[:3]))}."


def shown(value: object) -> str:
    """A value for people."""
    try:
        return repr(value)
    except ValueError:
        return "a number of too many digits"
