"""A server on a real socket, with one thread for each connection.

The accepting thread waits for the listener and for one end of a socket pair that exists from the start, so stopping
needs no new file descriptor and no connection. A server that is never stopped stops when the interpreter exits. While
the interpreter finalizes, no thread is joined, because daemon threads no longer run. A forked process closes its copies
of the sockets: the server belongs to the parent.
"""

import atexit
import os
import selectors
import socket
import ssl
import sys
from contextlib import suppress
from threading import Event, Lock, Thread, current_thread
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from hostway_fake.exceptions import PortTakenError, ScriptExhaustedError, invalid
from hostway_fake.forks import after_fork
from hostway_fake.service import responses
from hostway_fake.service.exchange import exchange
from hostway_fake.service.messages import ExchangeResult, Request, Response
from hostway_fake.transports.connection import Connection
from hostway_fake.transports.socket_faults import ServerStopped
from hostway_fake.transports.tls import TemporaryAuthority, complete_handshake, send_close_notify
from hostway_fake.world import Worlds

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_BACKLOG: Final = 1024
_FAILURES: Final = 100
"""How many exceptions a server keeps for its end."""

_SHORTAGE_SECONDS: Final = 0.05
"""How long the server waits when the process has no descriptor or thread left for a connection."""

_RUNNING: Final[WeakSet["ThreadServer"]] = WeakSet()
"""The servers whose sockets a forked process closes."""


class ThreadServer:
    """A server that listens from its creation until `stop`.

    ``app`` responds for ``worlds``. The exchange responds to what never reaches the application, such as bytes that are
    not HTTP. ``failures`` contains the first exceptions of its threads. ``tls`` is an SSL context of the user,
    or a certificate authority, which `stop` discards.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        worlds: Worlds,
        host: str,
        port: int,
        read_timeout: float,
        idle_timeout: float | None = None,
        tls: TemporaryAuthority | ssl.SSLContext | None = None,
    ) -> None:
        self.app = app
        self._worlds = worlds
        self.read_timeout = read_timeout
        self.idle_timeout = idle_timeout
        self._authority = tls if isinstance(tls, TemporaryAuthority) else None
        self._tls = tls.context if isinstance(tls, TemporaryAuthority) else tls
        self.scheme = "http" if tls is None else "https"
        self.failures: list[Exception] = []
        try:
            self._listener = _listen(host, port)
        except BaseException:
            if self._authority:
                self._authority.discard()
            raise
        self._listener.setblocking(False)
        self.address: tuple[Any, ...] = self._listener.getsockname()
        self._wakened, self._waker = socket.socketpair()
        self._stopping = Event()
        self._lock = Lock()
        self._connections: dict[Thread, socket.socket] = {}
        self._thread = Thread(target=self._accept, name=f"hostway-fake {self.authority}", daemon=True)
        self._thread.start()
        _RUNNING.add(self)
        atexit.register(self.stop)

    @property
    def authority(self) -> str:
        """The host and port, as in a URL."""
        host, port = self.address[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def url(self) -> str:
        """The URL of the server, without a trailing slash."""
        return f"{self.scheme}://{self.authority}"

    @property
    def ca_path(self) -> str | None:
        """The path of the CA file, or None unless ``serve(tls=True)`` created one. `stop` deletes the file."""
        return self._authority.path if self._authority else None

    def refuse(self, parse_error: str) -> ExchangeResult:
        """Return the result of a request that cannot be parsed."""
        return exchange(self._worlds, Request("", "", {}, parse_error=parse_error, wait=self.wait))

    def wait(self, seconds: float) -> None:
        """Wait in real time. Raise `ServerStopped` when the server stops."""
        if self._stopping.wait(seconds):
            raise ServerStopped

    def fail(self, error: Exception) -> Response:
        """Return the response after an exception of the application. Keep the exception, unless the world keeps it."""
        if not isinstance(error, ScriptExhaustedError):
            self._keep(error)
        return responses.internal_error_response(self._worlds.default_world, error)

    def _keep(self, error: Exception) -> None:
        if len(self.failures) < _FAILURES:
            self.failures.append(error)

    def raise_failures(self, but: type[Exception] | tuple[()] = ()) -> None:
        """Raise the exceptions of the threads since the last call, except ``but``: one as it is, several as a group."""
        failures, self.failures = self.failures, []
        for world in tuple(self._worlds.by_account.values()):
            failures += world.rulebook.exhausted()[:1]
        failures = [failure for failure in failures if not isinstance(failure, but)]
        if failures:
            raise failures[0] if len(failures) == 1 else ExceptionGroup("in the server", failures)

    def stop(self) -> None:
        """Stop listening, close every connection, and wait for the threads. A second call does nothing.

        While the interpreter finalizes, it does nothing either, because no thread would end.
        """
        if sys.is_finalizing():
            return
        with self._lock:
            if self._stopping.is_set():
                return
            self._stopping.set()
        atexit.unregister(self.stop)
        self._waker.send(b"\0")
        self._thread.join()
        for each in (self._listener, self._wakened, self._waker):
            each.close()
        if self._authority:
            self._authority.discard()
        with self._lock:
            connections = dict(self._connections)
        for connection in connections.values():
            with suppress(OSError):  # the raw socket: another thread uses the TLS state
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in connections:
            if thread is not current_thread():
                thread.join()

    def leave_to_parent(self) -> None:
        """Close this process's copies of the sockets. The clients notice nothing, because the parent serves them."""
        self._lock, self._stopping = Lock(), Event()
        self._stopping.set()
        for each in (self._listener, self._wakened, self._waker, *self._connections.values()):
            with suppress(OSError):
                socket.close(each.detach())
        self._connections.clear()

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakened, selectors.EVENT_READ)
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                try:
                    self._accept_waiting()
                except BlockingIOError:
                    pass  # the client has gone, or the server was woken
                except (OSError, RuntimeError):  # no file descriptor is left, or a test forbids sockets
                    self._stopping.wait(_SHORTAGE_SECONDS)

    def _accept_waiting(self) -> None:
        """Accept all waiting connections. Serve each in a thread of its own."""
        while not self._stopping.is_set():
            self._start_thread(*self._listener.accept())

    def _start_thread(self, connection: socket.socket, peer: Any) -> None:
        """Start the thread of a connection. If no thread can be started, wait until one has ended."""
        connection.setblocking(True)
        thread = Thread(target=self._serve_connection, args=(connection, peer), daemon=True)
        with self._lock:
            self._connections[thread] = connection
        while not self._stopping.is_set():
            with suppress(RuntimeError):
                thread.start()
                return
            self._stopping.wait(_SHORTAGE_SECONDS)
        with self._lock, connection:
            del self._connections[thread]

    def _serve_connection(self, connection: socket.socket, peer: Any) -> None:
        try:
            with suppress(OSError), self._secured(connection) as connection:
                if isinstance(connection, ssl.SSLSocket) and not complete_handshake(connection, self.read_timeout):
                    return
                if not Connection(connection, peer, self).is_broken:
                    send_close_notify(connection)
                connection.shutdown(socket.SHUT_RDWR)  # a forked process may hold it open
        except Exception as error:
            self._keep(error)
        finally:
            with self._lock:
                self._connections.pop(current_thread(), None)

    def _secured(self, connection: socket.socket) -> socket.socket:
        """Wrap a connection in TLS if this server uses it. Do not start the handshake."""
        if self._tls is None:
            return connection
        with self._lock, connection:
            secured = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            self._connections[current_thread()] = secured
        return secured


def _listen(host: str, port: int) -> socket.socket:
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
        raise invalid("port", port, "a number from 0 to 65535; 0 takes a free one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        number = error.errno or 0
        said = os.strerror(number) if number > 0 else error.strerror or error
        raise PortTakenError(error.errno, f"cannot listen on {host} port {port}: {said}") from None


def _leave_all_to_parent() -> None:
    for server in tuple(_RUNNING):
        server.leave_to_parent()


after_fork(_leave_all_to_parent)
