"""The exceptions that a test author can meet. A *client* meets the provider's own error body, never one of these."""

from collections.abc import Iterable


class HostwayFakeError(Exception):
    """The base of every exception that this package raises on purpose."""


class InvalidValueError(HostwayFakeError, ValueError):
    """A value that the fake cannot use: it names the value, what was expected and the candidates."""

    what: str
    """The name of the value, where it has one."""

    def __init__(self, message: str, what: str = "") -> None:
        super().__init__(message)
        self.what = what


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
    """An `InvalidValueError` in the one form that all of them have.

    >>> str(invalid("revision", "2014", "a known revision", ["2013-04", "2013-10"]))
    "revision: got '2014', expected a known revision: '2013-04', '2013-10'"
    """
    listed = ", ".join(repr(str(candidate)) for candidate in candidates)
    return InvalidValueError(
        f"{what}: got {shown(value)}, expected {expected}" + (f": {listed}" if listed else ""), what
    )


def shown(value: object) -> str:
    """A value for people."""
    try:
        return repr(value)
    except ValueError:
        return "a number of too many digits"
