"""Outcomes: what a fault does to a call, as frozen values."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from hostway_fake import checks
from hostway_fake.contract.errors import INJECTED, ProviderError
from hostway_fake.exceptions import InvalidValueError, WrongTypeError, invalid
from hostway_fake.faults import durations
from hostway_fake.faults.durations import Seconds
from hostway_fake.faults.edits import BodyEdit

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
        retry_after: The value of ``Retry-After``: seconds, or an instant. None for no such header.
        body: The body. None for Hostway's error body.
        content_type: The media type of ``body``.
        error: The exact error, if neither the status nor the operation determines it.
        headers: Names and values of headers. They replace headers of the same name.
        http_date: Whether ``Retry-After`` is an HTTP date. An instant always is.
    """

    name: ClassVar[str] = "respond"
    status: int
    retry_after: int | datetime | None = None
    body: str | None = None
    content_type: str = "text/html"
    error: ProviderError | None = None
    headers: tuple[tuple[str, str], ...] = ()
    http_date: bool = False

    def __post_init__(self) -> None:
        checks.whole("status", self.status, 200, 599)
        if self.body is None and self.status not in INJECTED:
            raise invalid("status", self.status, "body=, json=, or a status that has an error body", map(str, INJECTED))
        if self.body is not None and checks.text("body", self.body) and self.status in (204, 304):
            raise invalid("status", self.status, "one that may have a body")
        media_type = checks.text("content_type", self.content_type)
        if not (media_type and media_type.isprintable() and media_type.isascii()):
            raise invalid("content_type", self.content_type, "a media type, such as 'text/html'")
        _check_retry_after(self.retry_after)
        if checks.flag("http_date", self.http_date) and self.retry_after is None:
            raise invalid("http_date", self.http_date, "retry_after to be given too")
        _check_headers(self.headers)


def _check_retry_after(value: object) -> None:
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise invalid("retry_after", value, "a datetime with a time zone")
    elif value is not None:
        checks.whole("retry_after", value, 0)


def _check_headers(headers: Iterable[tuple[object, object]]) -> None:
    for name, value in headers:
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


@dataclass(frozen=True, slots=True)
class Delay:
    """A late response. The delay passes on the fake's clock, or on a socket in ``real`` time."""

    name: ClassVar[str] = "delay"
    seconds: Seconds
    real: bool = False

    def __post_init__(self) -> None:
        durations.check(self.seconds)
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
    """A reused connection that is closed before the status line. A call on a new connection does not match."""

    name: ClassVar[str] = "stale_connection"


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A refused connection."""

    name: ClassVar[str] = "unavailable"


@dataclass(frozen=True, slots=True)
class WithHeaders:
    """The true response with other headers. Headers of the same name are replaced, and ``removed`` ones are missing."""

    name: ClassVar[str] = "with_headers"
    headers: tuple[tuple[str, str], ...]
    removed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_headers((*self.headers, *((name, "") for name in self.removed)))
        if not (self.headers or self.removed):
            raise invalid("headers", {}, "at least one header")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A request that reaches the service twice. The client receives the second response."""

    name: ClassVar[str] = "duplicate"


@dataclass(frozen=True, slots=True)
class ConnectTimeout:
    """No answer to the attempt to connect: the client waits until its connect timeout."""

    name: ClassVar[str] = "connect_timeout"


@dataclass(frozen=True, slots=True)
class DnsFailure:
    """A host name that cannot be resolved."""

    name: ClassVar[str] = "dns_failure"


@dataclass(frozen=True, slots=True)
class TlsFailure:
    """A server certificate that the client does not trust."""

    name: ClassVar[str] = "tls_failure"


UnreachableOutcome = Unavailable | ConnectTimeout | DnsFailure | TlsFailure
"""The outcomes for a request that never reaches the service. In process only, because a server cannot cause them."""

WireOutcome = (
    Delay
    | Hang
    | ConnectionReset
    | EmptyResponse
    | TruncatedBody
    | MalformedBody
    | SlowBody
    | StaleConnection
    | UnreachableOutcome
)
"""The outcomes that a transport shows to its client."""


@dataclass(frozen=True, slots=True)
class Lag:
    """A read of an earlier state: the account as it was ``seconds`` ago, or at an instant since then."""

    name: ClassVar[str] = "lag"
    operations: ClassVar[tuple[str, ...]] = (
        "list_snapshots",
        "get_snapshot",
        "list_servers",
        "list_servers_detail",
        "get_server",
    )
    seconds: float
    monotonic: bool = True

    def __post_init__(self) -> None:
        checks.positive("seconds", self.seconds)
        checks.flag("monotonic", self.monotonic)


OutcomeWithoutSide = Duplicate | BodyEdit | WithHeaders | Lag
"""The outcomes that need the effect of the call, and so have no side of the commit point."""

Outcome = WireOutcome | Respond | OutcomeWithoutSide


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome of one call, before or after the commit point. Without an outcome, the call passes."""

    outcome: Outcome | None
    after_commit: bool = False

    def __post_init__(self) -> None:
        if self.outcome is not None and not isinstance(self.outcome, Outcome):
            raise WrongTypeError(f"outcome: got {self.outcome!r}, expected one such as Respond(503)")
        if self.after_commit and isinstance(self.outcome, UnreachableOutcome):
            raise invalid("outcome", self.outcome.name, "another after the commit point: the service gets no request")
        if self.after_commit and isinstance(self.outcome, OutcomeWithoutSide):
            raise without_side(self.outcome)

    def __str__(self) -> str:
        if self.outcome is None:
            return "ok"
        if isinstance(self.outcome, OutcomeWithoutSide):
            return self.outcome.name
        return f"{self.outcome.name} {'after' if self.after_commit else 'before'} the commit point"


def without_side(outcome: Outcome) -> InvalidValueError:
    """Return the error for an outcome that was put on a side of the commit point."""
    return invalid("outcome", outcome.name, "it without before_commit and after_commit")


ok: Final = Step(None)
"""The call passes."""
