"""The way in for any client: a real socket, served by a thread for each connection."""

import os
import socket
from contextlib import suppress
from threading import Event, Lock, Thread, current_thread
from typing import TYPE_CHECKING, Any, Final

from hostway_fake.exceptions import PortTakenError, ScriptExhaustedError, invalid
from hostway_fake.service import answers
from hostway_fake.service.exchange import exchange
from hostway_fake.service.messages import Answer, Exchanged, Request
from hostway_fake.transports.breaking import ServerStopped
from hostway_fake.transports.connection import Connection
from hostway_fake.world import Worlds

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_BACKLOG: Final = 128


class ThreadServer:
    """A server that listens from its making on, in the thread that made it, until `stop`.

    ``app`` answers for ``worlds``; what never reaches it, such as bytes that are not HTTP, is answered by the exchange.
    ``failures`` are the exceptions that were raised in its threads.
    """

    def __init__(self, app: "WSGIApplication", worlds: Worlds, host: str, port: int, read_timeout: float) -> None:
        self.app = app
        self._worlds = worlds
        self.read_timeout = read_timeout
        self.failures: list[Exception] = []
        self._listener = _listen(host, port)
        self.address: tuple[Any, ...] = self._listener.getsockname()
        self._stopping = Event()
        self._lock = Lock()
        self._talks: dict[Thread, socket.socket] = {}
        self._thread = Thread(target=self._accept, name=f"hostway-fake {self.authority}", daemon=True)
        self._thread.start()

    @property
    def authority(self) -> str:
        """Host and port, as in a URL."""
        host, port = self.address[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def url(self) -> str:
        """Where it listens, without a trailing slash."""
        return f"http://{self.authority}"

    def refuse(self, flaw: str) -> Exchanged:
        """What comes of a request that cannot be read."""
        return exchange(self._worlds, Request("", "", {}, flaw=flaw, wait=self.wait))

    def wait(self, seconds: float) -> None:
        """Let real time pass; the server's stopping ends it, and raises `ServerStopped`."""
        if self._stopping.wait(seconds):
            raise ServerStopped

    def fail(self, error: Exception) -> Answer:
        """The answer where the application raised, which `failures` keeps, unless the world does."""
        if not isinstance(error, ScriptExhaustedError):
            self.failures.append(error)
        return answers.failed(self._worlds.home, error)

    def raise_failures(self, but: type[Exception] | tuple[()] = ()) -> None:
        """Raise what was raised in its threads since the last time, ``but`` for some: one as it is, more as a group."""
        failures, self.failures = self.failures, []
        for world in tuple(self._worlds.by_account.values()):
            failures += world.rulebook.exhausted()[:1]
        failures = [failure for failure in failures if not isinstance(failure, but)]
        if failures:
            raise failures[0] if len(failures) == 1 else ExceptionGroup("in the server", failures)

    def stop(self) -> None:
        """Stop listening, end every connection, wait for the threads. A second call does nothing."""
        with self._lock:
            if self._stopping.is_set():
                return
            self._stopping.set()
        self._wake()
        self._thread.join()
        self._listener.close()
        with self._lock:
            talks = dict(self._talks)
        for connection in talks.values():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in talks:
            if thread is not current_thread():
                thread.join()

    def _wake(self) -> None:
        """A connection to itself ends the wait for one."""
        host, port = self.address[:2]
        with suppress(OSError):
            socket.create_connection(({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port), 1).close()

    def _accept(self) -> None:
        while True:
            connection, peer = self._listener.accept()
            if self._stopping.is_set():
                connection.close()
                return
            thread = Thread(target=self._talk, args=(connection, peer), daemon=True)
            with self._lock:
                self._talks[thread] = connection
            thread.start()

    def _talk(self, connection: socket.socket, peer: Any) -> None:
        try:
            with connection, suppress(OSError):
                Connection(connection, peer, self)
        except Exception as error:
            self.failures.append(error)
        finally:
            with self._lock:
                self._talks.pop(current_thread(), None)


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
