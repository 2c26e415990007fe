"""The thread server from its start to its end: shortages, forks, and an interpreter that exits while it runs."""

import errno
import multiprocessing
import socket
import subprocess
import sys
from collections.abc import Iterator
from threading import Event, Thread
from threading import enumerate as running_threads
from typing import Any
from weakref import WeakSet

import pytest

from hostway_fake import FakeHostway
from hostway_fake.transports import server as server_module
from hostway_fake.transports.server import ThreadServer

_LEFT_OPEN = """
from contextlib import ExitStack
from hostway_fake import FakeHostway
stack = ExitStack()
fake = FakeHostway()
server = stack.enter_context(fake.serve())
"""

_IN_A_CYCLE = """
from hostway_fake import FakeHostway
class Node: pass
node = Node()
node.itself = node
node.serving = FakeHostway().serve()
node.server = node.serving.__enter__()
del node
"""


@pytest.fixture
def fake() -> Iterator[FakeHostway]:
    with FakeHostway() as fake:
        yield fake


def _is_answered(fake: FakeHostway, server: ThreadServer) -> bool:
    session = fake.at(server.url).session()
    with session:
        return session.get(f"{server.url}/servers", timeout=10).status_code == 200


@pytest.mark.parametrize("program", [_LEFT_OPEN, _IN_A_CYCLE], ids=["left open", "in a reference cycle"])
def test_interpreter_exits_in_silence_while_a_server_runs(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_stopping_joins_nothing_while_the_interpreter_finalises(
    fake: FakeHostway, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake.serve() as server:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "is_finalizing", lambda: True)
            server.stop()
        assert _is_answered(fake, server)


def test_server_goes_on_after_a_shortage_of_descriptors(fake: FakeHostway, monkeypatch: pytest.MonkeyPatch) -> None:
    accept, shortages = socket.socket.accept, iter([OSError(errno.EMFILE, "Too many open files")])

    def accept_after_a_shortage(listener: socket.socket) -> tuple[socket.socket, Any]:
        for shortage in shortages:
            raise shortage
        return accept(listener)

    with fake.serve() as server:
        monkeypatch.setattr(socket.socket, "accept", accept_after_a_shortage)
        assert _is_answered(fake, server)
        assert next(shortages, None) is None


def test_connection_waits_until_a_shortage_of_threads_is_over(
    fake: FakeHostway, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortages = iter([RuntimeError("can't start new thread")] * 2)

    class ScarceThread(Thread):
        def start(self) -> None:
            for shortage in shortages:
                raise shortage
            super().start()

    with fake.serve() as server:
        monkeypatch.setattr(server_module, "Thread", ScarceThread)
        assert _is_answered(fake, server)
        assert next(shortages, None) is None


def test_stopping_ends_a_connection_for_which_there_is_no_thread(
    fake: FakeHostway, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = Event()

    class NoThread(Thread):
        def start(self) -> None:
            tried.set()
            raise RuntimeError("can't start new thread")

    with fake.serve() as server:
        monkeypatch.setattr(server_module, "Thread", NoThread)
        with socket.create_connection(server.address[:2], 10) as client:
            assert tried.wait(10)
            server.stop()
            assert client.recv(1) == b""


def test_hundreds_of_clients_may_connect_at_once(fake: FakeHostway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connect that does not fit into the queue is tried again by the client's system after a second."""
    create_server, lengths = socket.create_server, []

    def recorded(*arguments: Any, backlog: int, **options: Any) -> socket.socket:
        lengths.append(backlog)
        return create_server(*arguments, backlog=backlog, **options)

    monkeypatch.setattr(socket, "create_server", recorded)
    with fake.serve():
        assert min(lengths) >= 400


def test_server_stops_where_a_test_has_taken_sockets_away(fake: FakeHostway, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no sockets in this test")

    with fake.serve() as server:
        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "socket", refuse)
    assert not any(thread.name == f"hostway-fake {server.authority}" for thread in running_threads())


def test_server_keeps_a_bounded_number_of_exceptions(fake: FakeHostway) -> None:
    with fake.serve() as server:
        for number in range(300):
            server.fail(ValueError(str(number)))
        assert [str(error) for error in server.failures] == [str(number) for number in range(100)]
        server.failures.clear()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_process_leaves_the_connections_to_its_parent(fake: FakeHostway) -> None:
    with fake.serve() as server, fake.at(server.url).session() as session:
        assert session.get(f"{server.url}/servers").status_code == 200
        with Forked(server.stop):
            assert session.get(f"{server.url}/servers").status_code == 200
    with socket.create_server(server.address[:2]) as again:
        assert again.getsockname() == server.address


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_client_sees_the_end_of_its_connection_while_a_forked_process_lives(fake: FakeHostway) -> None:
    with fake.serve() as server, socket.create_connection(server.address[:2], 10) as client:
        client.sendall(b"GET /servers HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 401")
        with Forked(lambda: None):
            server.stop()
            assert client.recv(1) == b""


class Forked:
    """Run something in a forked process, which then lives to the end of the block."""

    def __init__(self, run: Any) -> None:
        context = multiprocessing.get_context("fork")
        self._done, self._over = context.Event(), context.Event()
        self._process = context.Process(target=self._live, args=(run,))

    def _live(self, run: Any) -> None:
        run()
        self._done.set()
        self._over.wait(30)

    def __enter__(self) -> None:
        self._process.start()
        assert self._done.wait(30)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._process.join(30)
        assert self._process.exitcode == 0


def test_leaving_to_the_parent_closes_every_socket(fake: FakeHostway, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake.serve() as server:
        copy = object.__new__(ThreadServer)
        pairs = [socket.socketpair() for _ in range(2)]
        (copy._listener, copy._wakened), (copy._waker, talk) = pairs
        copy._connections = {Thread(): talk}
        monkeypatch.setattr(server_module, "_RUNNING", WeakSet([copy]))
        server_module._leave_all_to_parent()
        copy.stop()
        assert [each.fileno() for pair in pairs for each in pair] == [-1] * 4
        assert _is_answered(fake, server)
        assert isinstance(copy._stopping, Event)
