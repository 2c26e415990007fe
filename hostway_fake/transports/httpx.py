"""The way in for ``httpx``, without a socket: transports that raise what httpx raises on a wire."""

from collections.abc import AsyncIterator, Iterator

import httpx

from hostway_fake.exceptions import BlockedHostError
from hostway_fake.faults.outcomes import (
    ConnectionReset,
    Hang,
    MalformedBody,
    Outcome,
    SlowBody,
    TruncatedBody,
    Unavailable,
)
from hostway_fake.service.messages import Answer, Breakage, Exchanged, Request
from hostway_fake.transports.origin import Exchange, Idle, Origin


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes in one piece, and then may fail."""

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


class _Road:
    """From an httpx request to the exchange and back, for both transports."""

    def __init__(self, origin: Origin, exchange: Exchange, retries: int) -> None:
        self._origin = origin
        self._exchange = exchange
        self._retries = retries
        self._idle = Idle()

    def ask(self, request: httpx.Request, body: bytes) -> httpx.Response:
        """The response; a refused connection is tried again, as httpx's own transports do, ``retries`` times."""
        attempt = 0
        while True:
            try:
                return _response(self._exchanged(request, body))
            except httpx.ConnectError:
                attempt += 1
                if attempt > self._retries:
                    raise

    def _exchanged(self, request: httpx.Request, body: bytes) -> Exchanged:
        url = request.url
        if Origin.of(str(url)) != self._origin:
            raise BlockedHostError(f"{request.method} {url}: this transport leads to {self._origin.header} only")
        headers: dict[str, str] = {}
        for raw_name, raw_value in request.headers.raw:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        sent = Request(
            request.method,
            url.raw_path.decode("ascii"),
            headers,
            body,
            url.scheme,
            patience=request.extensions.get("timeout", {}).get("read"),
            reused=self._idle.take(),
        )
        result = self._exchange(sent)
        if isinstance(result, Answer):
            self._idle.give_back(sent)
        return result


def _response(result: Exchanged) -> httpx.Response:
    if isinstance(result, Answer):
        return _whole(result, _Body(result.body))
    return _broken(result.outcome, result)


def _whole(answer: Answer, body: _Body) -> httpx.Response:
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": answer.reason.encode("ascii")}
    return httpx.Response(answer.status, headers=list(answer.headers), stream=body, extensions=extensions)


def _broken(outcome: Outcome, breakage: Breakage) -> httpx.Response:
    answer = breakage.answer
    match outcome:
        case TruncatedBody() if answer is not None:
            part = outcome.part(answer.body)
            said = "peer closed connection without sending complete message body"
            numbers = f"(received {len(part)} bytes, expected {len(answer.body)})"
            return _whole(answer, _Body(part, httpx.RemoteProtocolError(f"{said} {numbers}")))
        case SlowBody() if answer is not None:
            return _whole(answer, _Body(b"", httpx.ReadTimeout("The read operation timed out")))
        case Hang():
            raise httpx.ReadTimeout("The read operation timed out")
        case ConnectionReset():
            raise httpx.ReadError("Connection reset by peer")
        case MalformedBody(garbage=garbage):
            raise httpx.RemoteProtocolError(f"illegal status line: {garbage!r}")
        case Unavailable():
            raise httpx.ConnectError("Connection refused")
        case _:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")


class HostwayTransport(httpx.BaseTransport):
    """For ``httpx.Client(transport=...)``."""

    def __init__(self, origin: Origin, exchange: Exchange, retries: int = 0) -> None:
        self._road = _Road(origin, exchange, retries)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._road.ask(request, request.read())


class AsyncHostwayTransport(httpx.AsyncBaseTransport):
    """For ``httpx.AsyncClient(transport=...)``."""

    def __init__(self, origin: Origin, exchange: Exchange, retries: int = 0) -> None:
        self._road = _Road(origin, exchange, retries)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self._road.ask(request, await request.aread())
