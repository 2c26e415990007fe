"""Transports for ``httpx``, without a socket. They raise the exceptions that httpx raises on a socket."""

import errno
import os
from collections.abc import AsyncIterator, Iterator
from typing import Self, TypeVar, assert_never

import h11
import httpcore
import httpx

from hostway_fake.faults.outcomes import (
    ConnectionReset,
    ConnectTimeout,
    Delay,
    DnsFailure,
    EmptyResponse,
    Hang,
    MalformedBody,
    SlowBody,
    StaleConnection,
    TlsFailure,
    TruncatedBody,
    Unavailable,
    WireOutcome,
)
from hostway_fake.service.messages import ExchangeResult, Request, Response, WireFault
from hostway_fake.transports.in_process import (
    Exchange,
    IdleConnections,
    InProcess,
    OnBlocked,
    Origin,
    blocked_host_error,
)
from hostway_fake.transports.unreachable import error_for

_Error = TypeVar("_Error", bound=Exception)


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that arrives in one piece. After it, reading may fail."""

    def __init__(self, data: bytes, error: httpx.TransportError | None = None) -> None:
        self._data = data
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield self._data
        if self._error is not None:
            raise self._error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


class _Exchanger:
    """The exchange for an httpx request, for both transports."""

    def __init__(self, origin: Origin, exchange: Exchange, retries: int, on_blocked: OnBlocked) -> None:
        self.arguments = origin, exchange, retries, on_blocked
        self._origin = origin
        self._exchange = exchange
        self._retries = retries
        self._on_blocked = on_blocked
        self._idle = IdleConnections()

    def ask(self, request: httpx.Request, body: bytes) -> httpx.Response:
        """Return the response. Retry a failed connection ``retries`` times, as httpx's own transports do."""
        attempt = 0
        while True:
            try:
                return _response(self._exchanged(request, body))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                attempt += 1
                if attempt > self._retries:
                    raise

    def _exchanged(self, request: httpx.Request, body: bytes) -> ExchangeResult:
        url = request.url
        if Origin.from_parts(url.scheme, url.host, url.port) != self._origin:
            why = f"this transport leads to {self._origin.header} only"
            raise blocked_host_error(request.method, str(url), why, self._on_blocked)
        headers: dict[str, str] = {}
        for raw_name, raw_value in request.headers.raw:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        timeouts = request.extensions.get("timeout", {})
        sent = Request(
            request.method,
            url.raw_path.decode("ascii"),
            headers,
            body,
            url.scheme,
            read_timeout=timeouts.get("read"),
            connect_timeout=timeouts.get("connect"),
            reused=self._idle.take(),
        )
        result = self._exchange(sent)
        if isinstance(result, Response):
            self._idle.give_back(sent)
        return result


def _response(result: ExchangeResult) -> httpx.Response:
    if isinstance(result, Response):
        return _whole(result, _Body(result.body))
    return _broken(result.outcome, result)


def _whole(response: Response, body: _Body) -> httpx.Response:
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": response.reason.encode("ascii")}
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    return httpx.Response(response.status, headers=headers, stream=body, extensions=extensions)


def _broken(outcome: WireOutcome, breakage: WireFault) -> httpx.Response:
    response = breakage.response
    match outcome:
        case TruncatedBody() if response is not None:
            part = outcome.part(response.body)
            said = "peer closed connection without sending complete message body"
            numbers = f"(received {len(part)} bytes, expected {len(response.body)})"
            return _whole(response, _Body(part, _no_http(f"{said} {numbers}")))
        case SlowBody() if response is not None:
            return _whole(response, _Body(b"", _failed(httpx.ReadTimeout, TimeoutError("timed out"))))
        case Hang():
            raise _failed(httpx.ReadTimeout, TimeoutError("timed out"))
        case ConnectionReset():
            raise _failed(httpx.ReadError, OSError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))
        case MalformedBody():
            raise _no_http("illegal request line")
        case ConnectTimeout():
            raise _failed(httpx.ConnectTimeout, error_for(outcome))
        case Unavailable() | DnsFailure() | TlsFailure():
            raise _failed(httpx.ConnectError, error_for(outcome))
        case EmptyResponse() | StaleConnection() | TruncatedBody() | SlowBody() | Delay():
            below = httpcore.RemoteProtocolError("Server disconnected without sending a response.")
            raise _caused(httpx.RemoteProtocolError(str(below)), below)
        case _ as unknown:
            assert_never(unknown)


def _failed(kind: type[httpx.TransportError], cause: Exception) -> httpx.TransportError:
    """Return the exception that httpx raises on a socket, with the same chain: httpcore's exception, and its cause."""
    below = _caused(getattr(httpcore, kind.__name__)(str(cause)), cause)
    return _caused(kind(str(cause)), below)


def _no_http(said: str) -> httpx.TransportError:
    return _failed(httpx.RemoteProtocolError, h11.RemoteProtocolError(said))


def _caused(error: _Error, cause: Exception) -> _Error:
    error.__cause__ = cause
    return error


class _Transport(InProcess):
    def __init__(self, origin: Origin, exchange: Exchange, retries: int, on_blocked: OnBlocked) -> None:
        self._exchanger = _Exchanger(origin, exchange, retries, on_blocked)

    def clone(self) -> Self:
        return type(self)(*self._exchanger.arguments)


class HostwayTransport(_Transport, httpx.BaseTransport):
    """A transport to the fake for ``httpx.Client(transport=...)``."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._exchanger.ask(request, request.read())


class AsyncHostwayTransport(_Transport, httpx.AsyncBaseTransport):
    """A transport to the fake for ``httpx.AsyncClient(transport=...)``."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self._exchanger.ask(request, await request.aread())
