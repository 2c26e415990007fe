"""One connection of the thread server. The standard library parses HTTP, and the WSGI application responds.

The overridden methods support keep-alive, a prompt stop, and Hostway's error bodies.
"""

import io
import socket
from collections.abc import Callable, Iterable
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import unquote_to_bytes

from hostway_fake.contract.limits import BODY_LIMIT
from hostway_fake.faults.outcomes import Delay
from hostway_fake.service.messages import ExchangeResult, Response, WireFault
from hostway_fake.transports.http_reader import (
    BLANK,
    LINE_LIMIT,
    BodyReader,
    HeaderFields,
    HeadLines,
    ParseError,
    SocketReader,
    header_block,
    list_members,
)
from hostway_fake.transports.socket_faults import ServerStopped, break_wire

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_LINGER_BYTES: Final = 4 * BODY_LIMIT
_LINGER_SECONDS: Final = 0.5
_TLS: Final = b"\x16"
"""The first byte of a TLS handshake."""
_HEADS: Final = 16
_HEAD_LIMIT: Final = 8192


class Listener(Protocol):
    """What a connection needs of the server that accepted it."""

    app: "WSGIApplication"
    address: tuple[Any, ...]
    read_timeout: float
    idle_timeout: float | None
    scheme: str

    @property
    def authority(self) -> str:
        """The host and port, for clients that send no ``Host``."""
        ...

    def refuse(self, parse_error: str) -> ExchangeResult:
        """Return the result of a request that cannot be parsed."""
        ...

    def fail(self, error: Exception) -> Response:
        """Return the response to a request on which the application raised an exception."""
        ...

    def wait(self, seconds: float) -> object:
        """Wait in real time, but no longer than the server runs."""
        ...


_PARSED: Final = ("command", "path", "request_version", "requestline", "headers", "close_connection")
"""What the library reads in a head."""


class Connection(BaseHTTPRequestHandler):
    """One connection. Each response is sent at once and has ``Content-Length``."""

    protocol_version = "HTTP/1.1"
    MessageClass = HeaderFields
    disable_nagle_algorithm = True
    rfile: io.BufferedReader
    raw_requestline: bytes
    requestline: str
    headers: HTTPMessage
    close_connection: bool

    def __init__(self, connection: socket.socket, peer: Any, server: Listener) -> None:
        self._server = server
        self._unread = False
        self._expects_continue = False
        self._reused = False
        self._broken: list[WireFault] = []
        self.is_broken: bool = False
        self._heads: dict[bytes, dict[str, Any]] = {}
        super().__init__(connection, peer, server)  # type: ignore[arg-type]  # it is only stored

    def setup(self) -> None:
        super().setup()
        self._reader = SocketReader(self.connection, self._server.read_timeout, self._server.idle_timeout)
        self.rfile = io.BufferedReader(self._reader, 1 << 16)

    def handle_one_request(self) -> None:
        self._expects_continue = False
        self.command = ""
        self._reader.rest()
        try:
            self._converse()
        except OSError:  # the client went away, or stopped in the middle of a head
            self.close_connection = True

    def _converse(self) -> None:
        self.rfile.peek()  # waits for the first byte, which may have come with the previous request
        self._reader.is_idle = False
        if self.rfile.peek().startswith(_TLS):
            self._refuse_tls()
            return
        self.raw_requestline = self.rfile.readline(LINE_LIMIT + 1)
        if len(self.raw_requestline) > LINE_LIMIT:
            self.requestline = ""
            self._refuse("The request line is too long.")
            return
        if not self.raw_requestline:
            self.close_connection = True
            return
        if not self.raw_requestline.strip(b"\r\n"):
            self.close_connection = False  # an empty line before a request is skipped
            return
        if not self.raw_requestline.split():
            self.requestline = ""
            self._refuse("The request line is empty.")
            return
        try:
            if not self.parse_request():
                return
            if self.request_version == "HTTP/0.9":
                raise ParseError("The request line names no version of HTTP.")
            environ = self._environ(self._body())
        except ParseError as parse_error:
            self._refuse(str(parse_error))
            return
        self._respond(environ)
        self._reused = True

    def parse_request(self) -> bool:
        """Parse the head, or reuse the result for an equal head.

        The result depends on the bytes of the head only. Clients send the same heads again and again, and the library
        parses slowly.
        """
        is_current = self.raw_requestline.split()[2:] == [b"HTTP/1.1"]
        # An HTTP/0.9 request ends here: do not wait for more bytes.
        fields = header_block(self.rfile.peek()) if is_current else b""
        head = self.raw_requestline + fields
        parsed = self._heads.get(head)
        if parsed is not None:
            self.rfile.read(len(fields))
            vars(self).update(parsed)
            return True
        if not self._parsed():
            return False
        if self.headers.defects or self.headers.get_payload():
            # The library has not parsed the lines after it as headers.
            raise ParseError("A header is not a name, a colon and a value.")
        if "close" in list_members(",".join(self.headers.get_all("Connection", ()))):
            self.close_connection = True
        if fields and len(head) <= _HEAD_LIMIT and not self._expects_continue:
            if len(self._heads) == _HEADS:
                self._heads.clear()
            self._heads[head] = {name: getattr(self, name) for name in _PARSED}
        return True

    def _parsed(self) -> bool:
        """Let the library parse a head. Skip a head that ends too early, which the library accepts."""
        lines = HeadLines(self.rfile, self.raw_requestline)
        self.rfile = lines  # type: ignore[assignment]  # the library reads the head line by line
        try:
            if not super().parse_request():
                return False
        finally:
            self.rfile = lines.rfile
        if lines.has_bare_cr:
            raise ParseError("A line of the head holds a carriage return that does not end it.")
        if self._reader.is_over:
            self.close_connection = True
        return not self._reader.is_over

    def handle_expect_100(self) -> bool:
        self._expects_continue = True
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what the library cannot parse. Omit the text in brackets, which may quote a secret."""
        self._refuse(f"{message}".partition(" (")[0] + ".")

    def _refuse(self, parse_error: str) -> None:
        """Let the exchange respond to a request that cannot be parsed, and close the connection."""
        self.close_connection = self._unread = True
        result = self._server.refuse(parse_error)
        if isinstance(result, WireFault):
            self._break(result)
        else:
            self._send(result)

    def _refuse_tls(self) -> None:
        """Close a connection on which the client speaks TLS: it would not understand a response."""
        self.close_connection = True
        self._linger()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Log nothing."""

    # The body and the response

    def _body(self) -> bytes:
        """Return the whole body. A body over the limit is not read and counts as empty; the connection then closes."""
        reader = BodyReader(self.rfile, self.headers, self._send_continue)
        body = reader.read()
        if reader.is_unread:
            self.close_connection = self._unread = True
        return body

    def _send_continue(self) -> None:
        if self._expects_continue:
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _environ(self, body: bytes) -> "WSGIEnvironment":
        target = self.requestline.split()[1]
        path, _, query = target.partition("?")
        host, port = self._server.address[:2]
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1") if "%" in path else path,
            "QUERY_STRING": query,
            "RAW_URI": target,
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self._server.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "hostway_fake.reused": self._reused,
            "hostway_fake.wait": self._server.wait,
            "hostway_fake.break": self._broken.append,
        }
        for name, value in self.headers.raw_items():
            if "_" in name:
                continue  # WSGI could not distinguish it from a name with a hyphen
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            value = value.strip(BLANK)
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        if self.request_version == "HTTP/1.0":
            environ.setdefault("HTTP_HOST", self._server.authority)
        return environ

    def _respond(self, environ: "WSGIEnvironment") -> None:
        head: list[Any] = []
        written: list[bytes] = []

        def start_response(*started: Any) -> Callable[[bytes], object]:
            head[:] = started
            return written.append

        try:
            body = b"".join((*self._server.app(environ, start_response), *written))
        except ServerStopped:
            raise
        except Exception as error:
            self.close_connection = True
            self._send(self._server.fail(error))
            return
        if self._broken:
            self._break(self._broken.pop())
        else:
            self._write(self._head(head[0], head[1]) + body)

    def _head(self, status: str, headers: Iterable[tuple[str, str]]) -> bytes:
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        if self.close_connection:
            lines.append("Connection: close")
        elif self.request_version == "HTTP/1.0":
            lines.append("Connection: keep-alive")
        return "\r\n".join((*lines, "\r\n")).encode("latin-1")

    def _head_of(self, response: Response) -> bytes:
        return self._head(f"{response.status} {response.reason}", response.headers)

    def _send(self, response: Response) -> None:
        self._write(self._head_of(response) + (b"" if self.command == "HEAD" else response.body))

    def _write(self, response: bytes) -> None:
        self.connection.sendall(response)
        if self._unread:
            self._linger()

    def _break(self, breakage: WireFault) -> None:
        if isinstance(breakage.outcome, Delay) and breakage.response is not None:
            self._server.wait(breakage.seconds)
            self._send(breakage.response)
            return
        self.close_connection = self.is_broken = True
        break_wire(self.connection, breakage, self._head_of, self._server.wait)

    def _linger(self) -> None:
        """Read for a while what the client still sends. Closing at once would reset the connection too early."""
        self.connection.shutdown(socket.SHUT_WR)
        self._reader.drain(_LINGER_SECONDS)
        left, buffer = _LINGER_BYTES, bytearray(1 << 16)
        while left > 0 and (received := self._reader.readinto(buffer)):
            left -= received
