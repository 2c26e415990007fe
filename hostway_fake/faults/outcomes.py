"""Outcomes: what a fault does to a call, as frozen values, and the methods that create them."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from typing import ClassVar, Final, Generic, TypeVar

from hostway_fake import checks
from hostway_fake.contract.errors import INJECTED, ProviderError
from hostway_fake.exceptions import WrongTypeError, invalid

_SLOWEST: Final = 1e-6
"""One byte in eleven days."""
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"(?:[!-~\xa1-\xff](?:[ \t!-~\xa0-\xff]*[!-~\xa1-\xff])?)?")
_OF_THE_TRANSPORT: Final = ("content-length", "transfer-encoding", "connection")


@dataclass(frozen=True, slots=True)
class Respond:
    """A scripted response: Hostway's error body for a status, or any body.

    Attributes:
        status: The status code.
        retry_after: The value of ``Retry-After``, in seconds. None for no such header.
        body: The body. None for Hostway's error body.
        content_type: The media type of ``body``.
        error: The exact error, if neither the status nor the operation determines it.
        headers: Names and values of headers. They replace headers of the same name.
    """

    name: ClassVar[str] = "respond"
    status: int
    retry_after: int | None = None
    body: str | None = None
    content_type: str = "text/html"
    error: ProviderError | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        checks.whole("status", self.status, 200, 599)
        if self.body is None and self.status not in INJECTED:
            raise invalid("status", self.status, "one with an error body, or a body beside it", map(str, INJECTED))
        if self.body is not None and checks.text("body", self.body) and self.status in (204, 304):
            raise invalid("status", self.status, "one that may have a body")
        media_type = checks.text("content_type", self.content_type)
        if not (media_type and media_type.isprintable() and media_type.isascii()):
            raise invalid("content_type", self.content_type, "a media type, such as 'text/html'")
        if self.retry_after is not None:
            checks.whole("retry_after", self.retry_after, 0)
        for name, value in self.headers:
            _check_header(name, value)


def _check_header(name: object, value: object) -> None:
    if not (isinstance(name, str) and _TOKEN.fullmatch(name)):
        raise invalid("headers", name, "a valid header name, such as 'Set-Cookie'")
    if name.lower() in _OF_THE_TRANSPORT:
        raise invalid("headers", name, f"a header other than {', '.join(_OF_THE_TRANSPORT)}: the transport sets these")
    if not (isinstance(value, str) and _HEADER_VALUE.fullmatch(value)):
        raise invalid(
            "headers", value, f"a string of printable Latin-1 characters, or a list of such strings, for {name}"
        )


def _pairs(headers: object) -> tuple[tuple[str, str], ...]:
    """Return headers as pairs. A list of values yields one pair for each value."""
    if not isinstance(headers, Mapping):
        raise WrongTypeError(f"headers: got {headers!r}, expected a mapping of names to values")
    values = {name: value if isinstance(value, list | tuple) else [value] for name, value in headers.items()}
    return tuple((name, each) for name, several in values.items() for each in several)


def _json_body(data: object, body: object) -> str:
    if body is not None:
        raise invalid("json", data, "no body beside it")
    try:
        return dumps(data, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise invalid("json", data, f"data that JSON can contain ({error})") from None


@dataclass(frozen=True, slots=True)
class Delay:
    """A late response. The delay passes on the fake's clock, or on a socket in ``real`` time."""

    name: ClassVar[str] = "delay"
    seconds: float
    real: bool = False

    def __post_init__(self) -> None:
        checks.positive("seconds", self.seconds)
        checks.flag("real", self.real)


@dataclass(frozen=True, slots=True)
class Hang:
    """No response: the client waits until its timeout."""

    name: ClassVar[str] = "hang"


@dataclass(frozen=True, slots=True)
class ConnectionReset:
    """A TCP reset before the status line."""

    name: ClassVar[str] = "reset"


@dataclass(frozen=True, slots=True)
class EmptyResponse:
    """A connection that is closed before the status line."""

    name: ClassVar[str] = "empty"


@dataclass(frozen=True, slots=True)
class TruncatedBody:
    """A complete head, and a body that ends early. ``keep`` is a number of bytes (int) or a share (float)."""

    name: ClassVar[str] = "truncate"
    keep: int | float

    def __post_init__(self) -> None:
        if isinstance(self.keep, float):
            checks.number("keep", self.keep, 1)
        else:
            checks.whole("keep", self.keep, 0)

    def part(self, body: bytes) -> bytes:
        """Return the part of a body that is sent, which is never all of it."""
        kept = int(len(body) * self.keep) if isinstance(self.keep, float) else self.keep
        return body[: max(0, min(kept, len(body) - 1))]


@dataclass(frozen=True, slots=True)
class MalformedBody:
    """Bytes that are not HTTP."""

    name: ClassVar[str] = "malformed"
    garbage: ClassVar[bytes] = b"\x00\xff*** this is not HTTP ***\r\n"


@dataclass(frozen=True, slots=True)
class SlowBody:
    """A body that arrives byte by byte. Time passes as in `Delay`."""

    name: ClassVar[str] = "slow_body"
    bytes_per_second: float
    real: bool = False

    def __post_init__(self) -> None:
        if checks.positive("bytes_per_second", self.bytes_per_second) < _SLOWEST:
            raise invalid("bytes_per_second", self.bytes_per_second, f"a number from {_SLOWEST} on")
        checks.flag("real", self.real)


@dataclass(frozen=True, slots=True)
class StaleConnection:
    """A kept connection that is closed before the status line. A call on a new connection does not match."""

    name: ClassVar[str] = "stale_connection"


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A refused connection. In process only, because no request reaches a socket that refuses connections."""

    name: ClassVar[str] = "unavailable"


Outcome = (
    Respond
    | Delay
    | Hang
    | ConnectionReset
    | EmptyResponse
    | TruncatedBody
    | MalformedBody
    | SlowBody
    | StaleConnection
    | Unavailable
)


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome of one call, before or after the commit point. Without an outcome, the call passes."""

    outcome: Outcome | None
    after_commit: bool = False

    def __post_init__(self) -> None:
        if self.outcome is not None and not isinstance(self.outcome, Outcome):
            raise WrongTypeError(f"outcome: got {self.outcome!r}, expected one such as Respond(503)")
        if self.after_commit and isinstance(self.outcome, Unavailable):
            raise invalid("outcome", "unavailable", "another after the commit point: a refused call was never heard")

    def __str__(self) -> str:
        if self.outcome is None:
            return "ok"
        return f"{self.outcome.name} {'after' if self.after_commit else 'before'} the commit point"


T_co = TypeVar("T_co", covariant=True)


class OutcomeMethods(ABC, Generic[T_co]):
    """The methods that create outcomes. Each checks its arguments."""

    @abstractmethod
    def _finish(self, kind: Callable[..., Outcome], *values: object) -> T_co:
        """Return the result of an outcome method, from the kind of outcome and its values."""

    def respond(
        self,
        status: int,
        retry_after: int | None = None,
        *,
        body: str | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str | Sequence[str]] | None = None,
        json: object = None,
    ) -> T_co:
        """Respond with a status and Hostway's error body for it, or with another body.

        Args:
            status: The status code. Without ``body`` and ``json``, one for which Hostway has an error body.
            retry_after: The value of ``Retry-After``, in seconds. Default: no such header.
            body: The body, with any status from 200 to 599.
            content_type: The media type of the body. Default: ``text/html``, or ``application/json`` with ``json``.
            headers: Headers to send. They replace those of the same name. A list of values sends several headers.
            json: The body as plain data, in place of ``body``.

        Raises:
            InvalidValueError: If no such response can be sent.
        """
        pairs = () if headers is None else _pairs(headers)
        if content_type is None:
            content_type = "text/html" if json is None else "application/json"
        if json is not None:
            body = _json_body(json, body)
        return self._finish(Respond, status, retry_after, body, content_type, None, pairs)

    def delay(self, seconds: float, *, real: bool = False) -> T_co:
        """Send the response late.

        In process, a client with a shorter read timeout gets its timeout error at once, and the fake's clock moves by
        that timeout. On a socket, the fake's clock moves and the response is sent at once.

        Args:
            seconds: The delay, in virtual seconds.
            real: On a socket, wait in real time.
        """
        return self._finish(Delay, seconds, real)

    def hang(self) -> T_co:
        """Send no response. The client waits until its read timeout.

        In process, a client without a read timeout would wait forever: `hostway_fake.EndlessWaitError` is raised.
        """
        return self._finish(Hang)

    def reset(self) -> T_co:
        """Reset the TCP connection before the status line."""
        return self._finish(ConnectionReset)

    def empty(self) -> T_co:
        """Close the connection before the status line."""
        return self._finish(EmptyResponse)

    def truncate(self, keep: int | float) -> T_co:
        """Close the connection in the middle of the body.

        At least one byte is missing. If there is no body, the connection is closed before the status line. Before the
        commit point, the body is that of the response that the operation would have sent.

        Args:
            keep: The number of bytes to send (int), or the share of the body to send (float from 0.0 to 1.0).
        """
        return self._finish(TruncatedBody, keep)

    def malformed(self) -> T_co:
        """Send bytes that are not HTTP."""
        return self._finish(MalformedBody)

    def slow_body(self, bytes_per_second: float, *, real: bool = False) -> T_co:
        """Send the body byte by byte.

        A client whose read timeout is shorter than the pause between two bytes gets a timeout error in the body.

        Args:
            bytes_per_second: The number of bytes in a virtual second.
            real: On a socket, wait in real time.
        """
        return self._finish(SlowBody, bytes_per_second, real)

    def stale_connection(self) -> T_co:
        """Close a kept connection when a client uses it again, after the request was read.

        A call on a new connection does not match. In process, a connection is kept as soon as its response has arrived,
        even if the client has not read the body yet.
        """
        return self._finish(StaleConnection)

    def unavailable(self) -> T_co:
        """Refuse the connection. In process only: no request reaches a socket that refuses connections."""
        return self._finish(Unavailable)


class _Steps(OutcomeMethods[Step]):
    """The outcome methods for the steps of a script, on one side of the commit point."""

    def __init__(self, after_commit: bool) -> None:
        self._after_commit = after_commit

    def _finish(self, kind: Callable[..., Outcome], *values: object) -> Step:
        return Step(kind(*values), self._after_commit)


before_commit: Final = _Steps(after_commit=False)
"""``before_commit.respond(503)``: the call has no effect."""
after_commit: Final = _Steps(after_commit=True)
"""``after_commit.reset()``: the call has had its effect, but the client does not learn of it."""
ok: Final = Step(None)
"""The call passes."""

respond: Final = before_commit.respond
delay: Final = before_commit.delay
hang: Final = before_commit.hang
reset: Final = before_commit.reset
empty: Final = before_commit.empty
truncate: Final = before_commit.truncate
malformed: Final = before_commit.malformed
slow_body: Final = before_commit.slow_body
stale_connection: Final = before_commit.stale_connection
unavailable: Final = before_commit.unavailable
