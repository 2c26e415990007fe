"""The values that go into the exchange and come out of it. Each call makes some, so they are cheap to make."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

from hostway_fake.contract.errors import PHRASES
from hostway_fake.faults.outcomes import WireOutcome

Wait = Callable[[float], object]
"""Waits for a number of real seconds."""


class Request(NamedTuple):
    """A request as a transport received it.

    Attributes:
        method: The method, as sent.
        target: The raw target in origin form: path and query.
        headers: The headers, with names in lower case.
        body: The body.
        scheme: ``"http"`` or ``"https"``.
        parse_error: A sentence about what the transport could not parse. The response is then 400.
        read_timeout: Seconds that the client waits for a response. None if it waits forever, or on a socket, where the
            server cannot know it.
        connect_timeout: Seconds that the client waits for a connection. None if it waits as long as its system does.
        reused: Whether the connection has served a request before.
        wait: Waits in real time. Set on a socket only.
        has_wire: Whether there is a connection that a fault can break. False for the bare WSGI application.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    scheme: str = "http"
    parse_error: str = ""
    read_timeout: float | None = None
    connect_timeout: float | None = None
    reused: bool = False
    wait: Wait | None = None
    has_wire: bool = True


@dataclass(frozen=True, slots=True)
class Response:
    """A finished response. ``body`` is empty for ``HEAD``; the headers are those of ``GET``."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def reason(self) -> str:
        return PHRASES.get(self.status) or _phrase(self.status)

    def has(self, name: str) -> bool:
        """Tell whether there is a header with exactly this name."""
        return any(header == name for header, _ in self.headers)

    def without_body(self) -> "Response":
        return replace(self, body=b"")

    def with_headers(self, headers: tuple[tuple[str, str], ...], removed: tuple[str, ...] = ()) -> "Response":
        """Return the response with some headers replaced or removed."""
        if not (headers or removed):
            return self
        names = {name.lower() for name in (*removed, *(name for name, _ in headers))}
        kept = (header for header in self.headers if header[0].lower() not in names)
        return replace(self, headers=(*kept, *headers))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


@dataclass(frozen=True, slots=True)
class WireFault:
    """What the transport does instead of sending a response.

    ``response`` is the finished response, if the outcome sends a part of it. ``seconds`` is the length of a delay in
    real time. A delay that is longer than the client's timeout becomes a `hostway_fake.faults.outcomes.Hang`.
    """

    outcome: WireOutcome
    response: Response | None = None
    seconds: float = 0


ExchangeResult = Response | WireFault
"""The result of a request."""


def origin_form(target: str, scheme: str, headers: dict[str, str]) -> tuple[str, str, dict[str, str]]:
    """Return target, scheme and headers of a request. The scheme and host of an absolute target are moved into them.

    >>> origin_form("http://api.hostway.test/servers?a=b", "http", {})
    ('/servers?a=b', 'http', {'host': 'api.hostway.test'})
    """
    if target.startswith("/") or "://" not in target:
        return target, scheme, headers
    try:
        parts = urlsplit(target)
    except ValueError:
        return target, scheme, headers
    if parts.scheme not in ("http", "https"):
        return target, scheme, headers
    authority = f"{parts.scheme}://{parts.netloc}"
    return target[len(authority) :] or "/", parts.scheme, {**headers, "host": parts.netloc}
