"""The way in for ``requests``, without a socket: below urllib3, so that retries and exceptions are the real ones."""

import errno
import io
import os
from collections.abc import Generator, Iterable, Mapping
from copy import copy
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected
from threading import local
from typing import Any, ClassVar, Never, assert_never

from requests import PreparedRequest, Session
from requests import Request as RequestsRequest
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPResponse, Retry, Timeout
from urllib3.exceptions import NewConnectionError
from urllib3.util.request import body_to_chunks

from hostway_fake.exceptions import WrongTypeError
from hostway_fake.faults.outcomes import (
    ConnectionReset,
    Delay,
    EmptyResponse,
    Hang,
    MalformedBody,
    Outcome,
    Respond,
    SlowBody,
    StaleConnection,
    TruncatedBody,
    Unavailable,
)
from hostway_fake.service.messages import Answer, Breakage, Exchanged, Request, Wait, origin_form
from hostway_fake.transports.origin import Exchange, Idle, Origin


class _Response(HTTPResponse):
    """A response whose body is in memory: asked for in pieces that hold all of it, it comes in one."""

    def stream(self, amt: int | None = 65536, decode_content: bool | None = None) -> Generator[bytes, None, None]:
        if amt is not None and amt < (self.length_remaining or 0):
            yield from super().stream(amt, decode_content)
        elif data := self.read(decode_content=decode_content):
            yield data


class _Cut(io.BytesIO):
    """The body of a connection that was closed in the middle of it."""

    def __init__(self, part: bytes, missing: int) -> None:
        super().__init__(part)
        self._missing = missing

    def read(self, amt: int | None = None) -> bytes:
        data = super().read(amt)
        if amt is None or amt < 0:
            raise IncompleteRead(data, self._missing)
        return data


class _Silent(io.BytesIO):
    """The body of a connection on which nothing more comes."""

    def read(self, amt: int | None = None) -> bytes:
        raise TimeoutError("timed out")


class _Connection:
    """What the pool takes for a connection. The exchange happens while the client waits for the response."""

    is_verified = True
    is_connected = True
    is_closed = False  # so that urllib3 hands over the read timeout before it waits
    proxy = None
    proxy_is_verified = None
    has_connected_to_proxy = False
    timeout: float | None = None

    def __init__(self, origin: Origin, exchange: Exchange, idle: Idle) -> None:
        self._scheme = origin.scheme
        self._host = origin.header
        self.host, self.port = origin.host, origin.port
        self._exchange = exchange
        self._idle = idle
        self._sent: tuple[str, str, dict[str, str], bytes, str] | None = None
        self._result: Exchanged | None = None
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
    ) -> None:
        if self._sent is not None:
            return  # it was sent already, and its answer waits
        sent = {"host": self._host}
        for name, value in (headers or {}).items():
            if not (isinstance(value, str) and value.isascii() and isinstance(name, str)):
                name, value = _text(name), _text(value)
            sent[name.lower()] = value
        target, scheme, sent = origin_form(url, self._scheme, sent)
        payload = body if isinstance(body, bytes) else _joined(body, method) if body is not None else b""
        self._sent = (method, target, sent, payload, scheme)
        self._options = {
            "preload_content": preload_content,
            "decode_content": decode_content,
            "enforce_content_length": enforce_content_length,
            "request_method": method,
            "request_url": url,
        }

    def exchanged(self) -> Exchanged:
        """What comes of the request, which is exchanged once."""
        if self._result is None:
            assert self._sent is not None
            patience = self.timeout if isinstance(self.timeout, int | float) else None
            request = Request(*self._sent, patience=patience, reused=self._idle.take())
            self._result = self._exchange(request)
            if isinstance(self._result, Answer):
                self._idle.give_back(request)
        return self._result

    def getresponse(self) -> HTTPResponse:
        result = self.exchanged()
        if isinstance(result, Answer):
            return self.response(result)
        return self._broken(result.outcome, result)

    def _broken(self, outcome: Outcome, breakage: Breakage) -> HTTPResponse:
        answer = breakage.answer
        match outcome:
            case TruncatedBody() if answer is not None:
                part = outcome.part(answer.body)
                return self._response(HTTPResponse, answer, _Cut(part, len(answer.body) - len(part)))
            case SlowBody() if answer is not None:
                return self._response(HTTPResponse, answer, _Silent())
            case Hang():
                raise TimeoutError("timed out")
            case ConnectionReset():
                raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            case MalformedBody(garbage=garbage):
                raise BadStatusLine(garbage.decode("latin-1"))
            case Unavailable():
                refused = ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
                raise NewConnectionError(self, f"Failed to establish a new connection: {refused}") from refused  # type: ignore[arg-type]
            case EmptyResponse() | StaleConnection() | TruncatedBody() | SlowBody() | Respond() | Delay():
                raise RemoteDisconnected("Remote end closed connection without response")
            case _ as unknown:
                assert_never(unknown)

    def response(self, answer: Answer) -> HTTPResponse:
        return self._response(_Response, answer, io.BytesIO(answer.body))

    def _response(self, kind: type[HTTPResponse], answer: Answer, body: io.BytesIO) -> HTTPResponse:
        return kind(
            body=body,
            headers=dict(answer.headers),
            status=answer.status,
            version=11,
            version_string="HTTP/1.1",
            reason=answer.reason,
            **self._options,
        )

    def connect(self) -> None:
        """There is nothing to connect to."""

    def close(self) -> None:
        """There is nothing to close."""


def _text(value: str | bytes) -> str:
    """A header as the wire carries it: what does not fit into Latin-1 fails as it fails there."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if not text.isascii():
        text.encode("latin-1")
    return text


def _joined(body: Any, method: str) -> bytes:
    chunks: Iterable[Any] = body_to_chunks(body, method, 65536).chunks or ()
    return b"".join(chunk.encode() if isinstance(chunk, str) else bytes(chunk) for chunk in chunks)


class _WaitingHere(Retry):
    """Retries that wait by a function of ours, for ``Retry-After`` and to back off."""

    _wait: ClassVar[list[Wait]]

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        asked = self.get_retry_after(response) if self.respect_retry_after_header and response else None
        self._wait[0](asked or self.get_backoff_time())


class Pool(HTTPConnectionPool):
    """urllib3's own pool, whose connections end at the exchange."""

    def __init__(self, origin: Origin, exchange: Exchange, wait: Wait | None) -> None:
        self._wait = wait
        self.origin: Origin = origin
        self.exchange = exchange
        self._idle = Idle()
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
        """An answer that nobody will retry goes straight back; with all else urllib3 does what it always does."""
        if not (isinstance(retries, Retry) and (body is None or isinstance(body, bytes))):
            return super().urlopen(method, url, body, headers, self._waiting_here(retries), *more, **options)
        connection = _Connection(self.origin, self.exchange, self._idle)
        connection.request(method, url, body, headers, preload_content=False, decode_content=False)
        connection.timeout = _read_timeout(options.get("timeout"))
        answer = connection.exchanged()
        if isinstance(answer, Breakage) or retries.is_retry(method, answer.status, answer.has("Retry-After")):
            self._begun.connection = connection
            return super().urlopen(method, url, body, headers, self._waiting_here(retries), *more, **options)
        response = connection.response(answer)
        response.retries = retries
        return response

    def close(self) -> None:
        """Forget the connections that are kept; the pool can be used again."""
        self._idle.forget()

    def another(self) -> "Pool":
        """A pool to the same fake, with connections of its own."""
        return Pool(self.origin, self.exchange, self._wait)

    def _waiting_here(self, retries: Any) -> Any:
        """The same retries, but that their waiting passes on the fake's clock."""
        if self._wait is None or not isinstance(retries, Retry) or isinstance(retries, _WaitingHere):
            return retries
        kind = type(retries)
        retries = copy(retries)
        retries.__class__ = type(kind.__name__, (_WaitingHere, kind), {"_wait": [self._wait]})
        return retries

    def _get_conn(self, timeout: float | None = None) -> Any:
        begun = self._begun.__dict__.pop("connection", None)
        return begun or _Connection(self.origin, self.exchange, self._idle)

    def _put_conn(self, conn: Any) -> None:
        """There is nothing to keep."""

    def _validate_conn(self, conn: Any) -> None:
        """There is no certificate."""


def _read_timeout(timeout: Any) -> Any:
    """For how long a client waits for an answer, as urllib3 reckons it."""
    if not isinstance(timeout, Timeout):
        return timeout
    if timeout.total is None:
        return timeout.read_timeout
    given = (timeout.total, timeout._read)
    return min((limit for limit in given if isinstance(limit, int | float)), default=None)


class HostwayAdapter(HTTPAdapter):
    """A `requests` adapter to be mounted on a session."""

    def __init__(self, pool: Pool, max_retries: int | Retry = 0) -> None:
        super().__init__(max_retries=max_retries)
        self._pool = pool
        self.prefixes: tuple[str, ...] = pool.origin.prefixes

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        return self._pool

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        return request.path_url

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """There is no certificate."""

    def close(self) -> None:
        self._pool.close()

    def __copy__(self) -> "HostwayAdapter":
        return HostwayAdapter(self._pool.another(), self.max_retries)

    def __deepcopy__(self, memo: object) -> "HostwayAdapter":
        """Return an adapter to the same fake, with connections of its own."""
        return copy(self)

    def __reduce_ex__(self, protocol: object) -> Never:
        raise WrongTypeError("an adapter to a fake cannot be pickled: another process reaches the fake by fake.serve()")


class HostwaySession(Session):
    """A session that knows that nothing of the machine takes part, and spares itself the merging of what is empty."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def get_adapter(self, url: str) -> BaseAdapter:
        """The adapter for a URL, whatever credentials stand in it."""
        scheme, slashes, rest = url.partition("://")
        authority, slash, path = rest.partition("/")
        return super().get_adapter(scheme + slashes + authority.rpartition("@")[2] + slash + path)

    def prepare_request(self, request: RequestsRequest) -> PreparedRequest:
        headers, params = request.headers, request.params
        request.headers = headers or None  # requests merges an empty dict at length, and None at once;
        request.params = params or (None if self.params else "")  # it encodes one at length, and no text at once
        try:
            return super().prepare_request(request)
        finally:
            request.headers, request.params = headers, params

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        if self.trust_env or self.proxies:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        return {
            "proxies": proxies or {},
            "stream": self.stream if stream is None else stream,
            "verify": self.verify if verify is None else verify,
            "cert": self.cert if cert is None else cert,
        }
