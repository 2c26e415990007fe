"""urllib3's pool and connection, without a socket: the exchange with the fake takes the place of the wire.

Theory of operation. `Pool` is a `urllib3.HTTPConnectionPool` whose connections are `_Connection`. urllib3 does with it
all that it does on a socket: retries, redirects, exceptions, decoding. For a response that will not be retried, `Pool`
skips urllib3's ``urlopen`` and returns the response at once, which is about a quarter faster.

All private parts of urllib3 that this project relies on are in this module. A test fails when a new version changes
one of them.
"""

import errno
import io
import os
from collections.abc import Iterable, Mapping
from copy import copy
from http.client import BadStatusLine, RemoteDisconnected
from inspect import signature
from logging import DEBUG, getLogger
from threading import local
from types import FunctionType, ModuleType
from typing import Any, ClassVar, Final, assert_never

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPHeaderDict, HTTPResponse, Retry, Timeout, connectionpool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ProtocolError
from urllib3.util.request import body_to_chunks

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
from hostway_fake.service.messages import ExchangeResult, Request, Response, Wait, WireFault, origin_form
from hostway_fake.transports.in_process import Exchange, IdleConnections, Origin
from hostway_fake.transports.unreachable import error_for
from hostway_fake.transports.wire_response import SilentBody, WireResponse

_VERSION: Final[Mapping[str, Any]] = (
    {"version_string": "HTTP/1.1"} if "version_string" in signature(HTTPResponse.__init__).parameters else {}
)
"""The version for urllib3's log. urllib3-future, which can replace urllib3, does not accept this argument."""
_MALFORMED: Final[type[Exception]] = BadStatusLine if _VERSION else ProtocolError
"""The exception for a malformed status line. urllib3-future does not parse with http.client."""


class _Response(HTTPResponse):
    """A response that `Pool.urlopen` returns without calling urllib3's ``urlopen``."""

    @property
    def connection(self) -> Any:
        """Return the connection until the body is read, then None."""
        return None if self.closed else self._connection


class _Connection:
    """The pool's connection. The exchange happens when the client waits for the response."""

    is_verified = True
    is_connected = True
    is_closed = False  # so that urllib3 sets the read timeout before it waits
    proxy = None
    proxy_is_verified = None
    has_connected_to_proxy = False
    timeout: float | None = None
    # urllib3-future asks for these too
    is_multiplexed = is_saturated = False
    is_idle = True
    conn_info = None
    _http_vsn_str = "HTTP/1.1"

    def __init__(self, origin: Origin, exchange: Exchange, idle: IdleConnections) -> None:
        self._scheme = origin.scheme
        self._host = origin.header
        self.host, self.port = origin.host, origin.port
        self._exchange = exchange
        self._idle = idle
        self._sent: tuple[str, str, dict[str, str], bytes, str] | None = None
        self._connect_timeout: float | None = None
        self._result: ExchangeResult | None = None
        self._options: dict[str, Any] = {}

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str | bytes] | None = None,
        *,
        chunked: bool = False,
        preload_content: bool = True,
        decode_content: bool = True,
        enforce_content_length: bool = True,
        **_: Any,
    ) -> None:
        if self._sent is not None:
            return  # the request was sent already, and its response is ready
        sent = {"host": self._host}
        for name, value in (headers or {}).items():
            if not (isinstance(value, str) and value.isascii() and isinstance(name, str)):
                name, value = _text(name), _text(value)
            sent[name.lower()] = value
        target, scheme, sent = origin_form(url, self._scheme, sent)
        payload = body if isinstance(body, bytes) else _joined(body, method) if body is not None else b""
        self._sent = (method, target, sent, payload, scheme)
        self._connect_timeout = self.timeout if isinstance(self.timeout, int | float) else None
        self._options = {
            "preload_content": preload_content,
            "decode_content": decode_content,
            "enforce_content_length": enforce_content_length,
            "request_method": method,
            "request_url": url,
        }

    def exchanged(self) -> ExchangeResult:
        """Return the result of the request. It is exchanged once."""
        if self._result is None:
            assert self._sent is not None
            read_timeout = self.timeout if isinstance(self.timeout, int | float) else None
            waits = read_timeout, self._connect_timeout
            request = Request(*self._sent, "", *waits, reused=self._idle.take())
            self._result = self._exchange(request)
            if isinstance(self._result, Response):
                self._idle.give_back(request)
        return self._result

    def getresponse(self, **_: Any) -> HTTPResponse:
        result = self.exchanged()
        if isinstance(result, Response):
            return self.response(result)
        return self._broken(result.outcome, result)

    def _broken(self, outcome: WireOutcome, breakage: WireFault) -> HTTPResponse:
        response = breakage.response
        match outcome:
            case TruncatedBody() if response is not None:
                return self._response(HTTPResponse, response, io.BytesIO(outcome.part(response.body)))
            case SlowBody() if response is not None:
                return self._response(HTTPResponse, response, SilentBody())
            case Hang():
                raise TimeoutError("timed out")
            case ConnectionReset():
                raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            case MalformedBody(garbage=garbage):
                raise _MALFORMED(garbage.decode("latin-1"))
            case Unavailable():
                refused = error_for(outcome)
                message = f"Failed to establish a new connection: {refused}"
                raise NewConnectionError(self, message) from refused  # type: ignore[arg-type]  # as urllib3's own
            case ConnectTimeout():
                message = f"Connection to {self.host} timed out. (connect timeout={self._connect_timeout})"
                raise ConnectTimeoutError(self, message) from error_for(outcome)
            case DnsFailure():
                unknown_host = error_for(outcome)
                raise NameResolutionError(self.host, self, unknown_host) from unknown_host  # type: ignore[arg-type]  # as above
            case TlsFailure():
                raise error_for(outcome)
            case EmptyResponse() | StaleConnection() | TruncatedBody() | SlowBody() | Delay():
                raise RemoteDisconnected("Remote end closed connection without response")
            case _ as unknown:
                assert_never(unknown)

    def response(self, response: Response) -> HTTPResponse:
        return self._response(_Response, response, io.BytesIO(response.body))

    def _response(self, kind: type[HTTPResponse], response: Response, body: io.BytesIO) -> HTTPResponse:
        wire = WireResponse(response, self._options["request_method"], body)
        return kind(
            body=wire,
            headers=HTTPHeaderDict(response.headers),
            status=response.status,
            version=11,
            reason=response.reason,
            original_response=wire if kind is HTTPResponse or _sets_cookies(response) else None,
            **_VERSION,
            **self._options,
        )

    def connect(self) -> None:
        """Do nothing: there is no connection to open."""

    def close(self) -> None:
        """Do nothing: there is no connection to close."""


def _sets_cookies(response: Response) -> bool:
    """Tell whether a response sets cookies. requests spends 8 % of a call on this search."""
    return any(name.lower() == "set-cookie" for name, _ in response.headers)


def _text(value: str | bytes) -> str:
    """Return a header as a wire carries it. Raise the same error as a socket if it is not Latin-1."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if not text.isascii():
        text.encode("latin-1")
    return text


def _joined(body: Any, method: str) -> bytes:
    chunks: Iterable[Any] = body_to_chunks(body, method, 65536).chunks or ()
    return b"".join(chunk.encode() if isinstance(chunk, str) else bytes(chunk) for chunk in chunks)


class _WaitingHere(Retry):
    """Retries that wait by a function of ours. `Retry.sleep` calls these two methods."""

    _wait: ClassVar[list[Wait]]

    def sleep_for_retry(self, response: BaseHTTPResponse) -> bool:
        asked = self.get_retry_after(response)
        if asked:
            self._wait[0](asked)
        return bool(asked)

    def _sleep_backoff(self) -> None:
        backoff = self.get_backoff_time()
        if backoff > 0:
            self._wait[0](backoff)


_LOG: Final = getLogger("urllib3.connectionpool")


def defined_in(function: Any, module: ModuleType) -> Any:
    """Return a function if its module defines it, or None if another library has replaced it."""
    is_plain = type(function) is FunctionType
    return function if is_plain and function.__code__.co_filename == module.__file__ else None


_URLOPEN: Final = defined_in(vars(HTTPConnectionPool)["urlopen"], connectionpool)


class Pool(HTTPConnectionPool):
    """A urllib3 pool whose connections lead to the exchange."""

    def __init__(self, origin: Origin, exchange: Exchange, wait: Wait | None) -> None:
        self._wait = wait
        self.origin: Origin = origin
        self.exchange = exchange
        self._idle = IdleConnections()
        self._begun = local()
        super().__init__(self.origin.host, self.origin.port)
        self.scheme: str = self.origin.scheme

    def urlopen(  # type: ignore[override]
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Any = None,
        retries: Any = None,
        *more: Any,
        **options: Any,
    ) -> BaseHTTPResponse:
        """Return a response that will not be retried. Leave every other request to urllib3.

        urllib3 also handles the request if its debug log is on, or if a library for tracing has replaced ``urlopen``.
        """
        if (
            HTTPConnectionPool.urlopen is not _URLOPEN
            or _LOG.isEnabledFor(DEBUG)
            or not (isinstance(retries, Retry) and (body is None or isinstance(body, bytes)))
        ):
            return super().urlopen(method, url, body, headers, self._waiting_here(retries), *more, **options)
        connection = _Connection(self.origin, self.exchange, self._idle)
        timeout = options.get("timeout")
        connection.timeout = Timeout.resolve_default_timeout(_connect_timeout(timeout))
        connection.request(method, url, body, headers, preload_content=False, decode_content=False)
        connection.timeout = _read_timeout(timeout)
        result = connection.exchanged()
        if isinstance(result, WireFault) or retries.is_retry(method, result.status, result.has("Retry-After")):
            self._begun.connection = connection
            return super().urlopen(method, url, body, headers, self._waiting_here(retries), *more, **options)
        response = connection.response(result)
        response.retries = retries
        # as urllib3 does; the stubs expect its own connection
        response._connection, response._pool = connection, self  # type: ignore[assignment]
        return response

    def close(self) -> None:
        """Forget the kept connections. The pool can be used again."""
        self._idle.forget()

    def clone(self) -> "Pool":
        """Return a pool that leads to the same fake and keeps connections of its own."""
        return Pool(self.origin, self.exchange, self._wait)

    def _waiting_here(self, retries: Any) -> Any:
        """Return the same retries, except that they wait on the fake's clock.

        `_WaitingHere` comes after the user's class, so the user's overrides take precedence.
        """
        if self._wait is None or not isinstance(retries, Retry) or isinstance(retries, _WaitingHere):
            return retries
        kind = type(retries)
        retries = copy(retries)
        bases = (_WaitingHere,) if kind is Retry else (kind, _WaitingHere)
        retries.__class__ = type(kind.__name__, bases, {"_wait": [self._wait]})
        return retries

    def _get_conn(self, timeout: float | None = None, **_: Any) -> Any:
        begun = self._begun.__dict__.pop("connection", None)
        return begun or _Connection(self.origin, self.exchange, self._idle)

    def _put_conn(self, conn: Any) -> None:
        """Do nothing: no connection is kept."""

    def _validate_conn(self, conn: Any) -> None:
        """Do nothing: there is no certificate."""


def _connect_timeout(timeout: Any) -> Any:
    return timeout.connect_timeout if isinstance(timeout, Timeout) else timeout


def _read_timeout(timeout: Any) -> Any:
    """Return for how long a client waits for a response, computed as urllib3 does."""
    if not isinstance(timeout, Timeout):
        return timeout
    if timeout.total is None:
        return timeout.read_timeout
    given = (timeout.total, timeout._read)
    return min((limit for limit in given if isinstance(limit, int | float)), default=None)
