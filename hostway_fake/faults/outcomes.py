"""What can happen to a call, as frozen values, and the words that make them. The transports break the wire."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, TypeVar

from hostway_fake import checks
from hostway_fake.contract.errors import INJECTED, ProviderError
from hostway_fake.exceptions import WrongTypeError, invalid

_SLOWEST: Final = 1e-6
"""A byte in eleven days."""
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"(?:[!-~\xa1-\xff](?:[ \t!-~\xa0-\xff]*[!-~\xa1-\xff])?)?")
_OF_THE_TRANSPORT: Final = ("content-length", "transfer-encoding", "connection")


@dataclass(frozen=True, slots=True)
class Respond:
    """Another answer: the provider's error of that status, or any ``body`` at all.

    ``error`` is the very error where neither the status nor the operation says which. ``headers`` take the place of
    headers of the same name.
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


@dataclass(frozen=True, slots=True)
class Delay:
    """The answer, later: on the fake's clock, or on a socket in ``real`` time."""

    name: ClassVar[str] = "delay"
    seconds: float
    real: bool = False

    def __post_init__(self) -> None:
        checks.positive("seconds", self.seconds)
        checks.flag("real", self.real)


@dataclass(frozen=True, slots=True)
class Hang:
    """Nothing more, for as long as the client waits."""

    name: ClassVar[str] = "hang"


@dataclass(frozen=True, slots=True)
class ConnectionReset:
    """RST before the status line."""

    name: ClassVar[str] = "reset"


@dataclass(frozen=True, slots=True)
class EmptyResponse:
    """FIN before the status line."""

    name: ClassVar[str] = "empty"


@dataclass(frozen=True, slots=True)
class TruncatedBody:
    """The finished answer with its ``Content-Length``, but not all of its body: so many bytes, or a share of it."""

    name: ClassVar[str] = "truncate"
    keep: int | float

    def __post_init__(self) -> None:
        if isinstance(self.keep, float):
            checks.number("keep", self.keep, 1)
        else:
            checks.whole("keep", self.keep, 0)

    def part(self, body: bytes) -> bytes:
        """What is left of a body: always less than all of it."""
        kept = int(len(body) * self.keep) if isinstance(self.keep, float) else self.keep
        return body[: max(0, min(kept, len(body) - 1))]


@dataclass(frozen=True, slots=True)
class MalformedBody:
    """Garbage where HTTP was expected."""

    name: ClassVar[str] = "malformed"
    garbage: ClassVar[bytes] = b"\x00\xff*** this is not HTTP ***\r\n"


@dataclass(frozen=True, slots=True)
class SlowBody:
    """The answer, its body byte by byte: on the fake's clock, or on a socket in ``real`` time."""

    name: ClassVar[str] = "slow_body"
    bytes_per_second: float
    real: bool = False

    def __post_init__(self) -> None:
        if checks.positive("bytes_per_second", self.bytes_per_second) < _SLOWEST:
            raise invalid("bytes_per_second", self.bytes_per_second, f"a number from {_SLOWEST} on")
        checks.flag("real", self.real)


@dataclass(frozen=True, slots=True)
class StaleConnection:
    """FIN before the status line, on a connection that has served a request before; another is no match."""

    name: ClassVar[str] = "stale_connection"


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A refused connection. In process only: a socket that refuses has never heard the call."""

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
    """What happens to one call, and on which side of the commit point; without an outcome the call passes."""

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
    """The words for what happens: each makes one outcome of its arguments, checked."""

    @abstractmethod
    def _finish(self, kind: Callable[..., Outcome], *values: object) -> T_co:
        """What the words give: something with an outcome of that kind and those values."""

    def respond(
        self,
        status: int,
        retry_after: int | None = None,
        *,
        body: str | None = None,
        content_type: str = "text/html",
        headers: Mapping[str, str | Sequence[str]] | None = None,
    ) -> T_co:
        """Answer with the provider's own error body of a status, and ``Retry-After`` in whole seconds if given.

        With ``body`` any status from 200 to 599 and any text can be sent, as an odd proxy does. ``headers`` are sent in
        place of those of the same name; a list of values sends a header several times, as ``Set-Cookie``.
        """
        pairs = () if headers is None else _pairs(headers)
        return self._finish(Respond, status, retry_after, body, content_type, None, pairs)

    def delay(self, seconds: float, *, real: bool = False) -> T_co:
        """Answer later. In process a client whose own timeout is shorter meets it, at once, and the clock moves by it.

        On a socket the fake's clock moves and the answer comes; ``real`` makes it really wait there.
        """
        return self._finish(Delay, seconds, real)

    def hang(self) -> T_co:
        """Say nothing, until the client's timeout.

        In process a client without one would wait for ever, and `hostway_fake.EndlessWaitError` is raised.
        """
        return self._finish(Hang)

    def reset(self) -> T_co:
        """Reset the connection before the status line."""
        return self._finish(ConnectionReset)

    def empty(self) -> T_co:
        """Close the connection before the status line."""
        return self._finish(EmptyResponse)

    def truncate(self, keep: int | float) -> T_co:
        """Close the connection in the body: after so many bytes (int), or a share of it (float from 0.0 to 1.0).

        Never all of it is sent; where there is no body to cut, the connection is closed before the status line. Before
        the commit point it is the answer that the operation would have given.
        """
        return self._finish(TruncatedBody, keep)

    def malformed(self) -> T_co:
        """Send garbage instead of HTTP."""
        return self._finish(MalformedBody)

    def slow_body(self, bytes_per_second: float, *, real: bool = False) -> T_co:
        """Send the body byte by byte; a client that waits less than that for a byte meets its timeout in the body.

        How long it takes is up to the length of the body, and links in it hold the host that the client used.
        """
        return self._finish(SlowBody, bytes_per_second, real)

    def stale_connection(self) -> T_co:
        """Close a kept connection when it is used again, after the request was read. On a fresh one nothing matches.

        In process a connection counts as kept as soon as its answer has come, though a client may still read the body.
        """
        return self._finish(StaleConnection)

    def unavailable(self) -> T_co:
        """Refuse the connection. In process only."""
        return self._finish(Unavailable)


class _Steps(OutcomeMethods[Step]):
    """The words, for the steps of a script on one side of the commit point."""

    def __init__(self, after_commit: bool) -> None:
        self._after_commit = after_commit

    def _finish(self, kind: Callable[..., Outcome], *values: object) -> Step:
        return Step(kind(*values), self._after_commit)


before_commit: Final = _Steps(after_commit=False)
"""``before_commit.respond(503)``: nothing has happened."""
after_commit: Final = _Steps(after_commit=True)
"""``after_commit.reset()``: it is done, and the client never hears."""
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
