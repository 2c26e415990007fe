"""Every outcome, before and after the commit point, as every client meets it: the same on a socket and off it.

So it is on Linux; another platform may show a reset or a refused connection by another ``OSError``.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import httpcore
import httpx
import pytest
import requests

from hostway_fake import START, FakeHostway, InvalidValueError, NoWireError, ServerHandle
from hostway_fake.faults.methods import OutcomeMethods

_PATIENCE: Final = 30.0
_SHORT: Final = 0.05
"""Seconds that a client waits where nothing but real time ends a hang."""


_OF_HTTPX: Final = (httpx.TransportError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)


def _words(error: BaseException | None) -> str:
    """The classes of an exception and of those inside it, outermost first."""
    names = []
    while error is not None:
        names.append(type(error).__name__)
        inner = [argument for argument in error.args if isinstance(argument, BaseException)]
        below = error.__cause__ if isinstance(error, _OF_HTTPX) else getattr(error, "reason", None)
        error = inner[0] if inner else below
        error = error if isinstance(error, BaseException) else None
    return " < ".join(names)


class Client:
    """A client of a kind, which says what it saw of a POST or GET: a status, or the classes of the exception."""

    def __init__(self, fake: FakeHostway, url: str, on_socket: bool) -> None:
        self.fake, self.url, self.on_socket = fake, url, on_socket
        self.timeout = _PATIENCE

    def see(self, method: str, path: str, body: object = None) -> str:
        try:
            return str(self.status(method, self.url + path, body))
        except (requests.RequestException, httpx.HTTPError, aiohttp.ClientError, TimeoutError) as error:
            return _words(error)

    def status(self, method: str, url: str, body: object) -> int:
        raise NotImplementedError

    def close(self) -> None:
        """Let go of its connections."""


class Requests(Client):
    def __init__(self, fake: FakeHostway, url: str, on_socket: bool) -> None:
        super().__init__(fake, url, on_socket)
        self.session = requests.Session() if on_socket else fake.session()
        self.session.trust_env, self.session.auth = False, fake.auth
        self.close = self.session.close  # type: ignore[method-assign]

    def status(self, method: str, url: str, body: object) -> int:
        return self.session.request(method, url, json=body, timeout=self.timeout).status_code


class Httpx(Client):
    def __init__(self, fake: FakeHostway, url: str, on_socket: bool) -> None:
        super().__init__(fake, url, on_socket)
        transport = httpx.HTTPTransport() if on_socket else fake.httpx_transport()
        self.client = httpx.Client(transport=transport, auth=fake.auth)
        self.close = self.client.close  # type: ignore[method-assign]

    def status(self, method: str, url: str, body: object) -> int:
        return self.client.request(method, url, json=body, timeout=self.timeout).status_code


class AsyncHttpx(Client):
    def __init__(self, fake: FakeHostway, url: str, on_socket: bool) -> None:
        super().__init__(fake, url, on_socket)
        self.runner = asyncio.Runner()
        self.client = httpx.AsyncClient(transport=fake.async_httpx_transport(), auth=fake.auth)

    def status(self, method: str, url: str, body: object) -> int:
        return self.runner.run(self.client.request(method, url, json=body, timeout=self.timeout)).status_code

    def close(self) -> None:
        self.runner.run(self.client.aclose())
        self.runner.close()


class Aiohttp(Client):
    def __init__(self, fake: FakeHostway, url: str, on_socket: bool) -> None:
        super().__init__(fake, url, on_socket)
        self.runner = asyncio.Runner()
        self.session = self.runner.run(self.opened())

    async def opened(self) -> aiohttp.ClientSession:
        credentials = b64encode(":".join(self.fake.auth).encode()).decode()
        return aiohttp.ClientSession(headers={"Authorization": f"Basic {credentials}"})

    async def asked(self, method: str, url: str, body: object) -> int:
        timeout = aiohttp.ClientTimeout(total=self.timeout)
        async with self.session.request(method, url, json=body, timeout=timeout) as answer:
            await answer.read()
            return answer.status

    def status(self, method: str, url: str, body: object) -> int:
        return self.runner.run(self.asked(method, url, body))

    def close(self) -> None:
        self.runner.run(self.session.close())
        self.runner.close()


_WAYS: Final[dict[str, tuple[type[Client], bool]]] = {
    "requests": (Requests, False),
    "requests on a socket": (Requests, True),
    "httpx": (Httpx, False),
    "httpx async": (AsyncHttpx, False),
    "httpx on a socket": (Httpx, True),
    "aiohttp on a socket": (Aiohttp, True),
}


@contextmanager
def _reached(way: str, **options: Any) -> Iterator[tuple[Client, ServerHandle]]:
    """A client that has asked once, so that a connection is kept, and a server."""
    kind, on_socket = _WAYS[way]
    with ExitStack() as stack:
        fake = stack.enter_context(FakeHostway(**options))
        server = fake.add_server("jello614636-USOTE-0214")
        url = stack.enter_context(fake.serve()).url if on_socket else fake.url
        client = kind(fake, url, on_socket)
        stack.callback(client.close)
        assert client.see("GET", f"/servers/{server.id}/snapshots") == "200"
        yield client, server


@dataclass(frozen=True)
class Row:
    """What happens, and what each kind of client sees of it; ``saw`` is the journal's word.

    ``moved`` are the seconds by which the clock moves in process, unless the answer comes at ``bytes_per_second``;
    ``applied`` says that the effect stands on either side, because the answer arrives whole in the end.
    """

    outcome: Callable[[OutcomeMethods[Any]], object]
    requests: str
    httpx: str
    aiohttp: str
    saw: str
    moved: float = 0
    bytes_per_second: float = 0
    applied: bool = False


_RESET: Final = "ConnectionError < ProtocolError < ConnectionResetError"
_FIN: Final = "ConnectionError < ProtocolError < RemoteDisconnected"
_CUT: Final = "ChunkedEncodingError < ProtocolError < IncompleteRead"
_GARBAGE: Final = "ConnectionError < ProtocolError < BadStatusLine"
_SILENCE: Final = "ReadTimeout < ReadTimeoutError"
_READ_ERROR: Final = "ReadError < ReadError < ConnectionResetError"
_GONE: Final = "RemoteProtocolError < RemoteProtocolError"
_NO_HTTP: Final = "RemoteProtocolError < RemoteProtocolError < RemoteProtocolError"
_TIMEOUT: Final = "ReadTimeout < ReadTimeout < TimeoutError"
_BYTES: Final = 370

_TABLE: Final[dict[str, Row]] = {
    "respond": Row(lambda on: on.respond(503), "503", "503", "503", "503"),
    "respond anything": Row(lambda on: on.respond(502, body="<html>"), "502", "502", "502", "502"),
    "delay": Row(lambda on: on.delay(29), "202", "202", "202", "202", moved=29, applied=True),
    "hang": Row(lambda on: on.hang(), _SILENCE, _TIMEOUT, "TimeoutError", "hang", moved=_PATIENCE),
    "reset": Row(lambda on: on.reset(), _RESET, _READ_ERROR, "ClientOSError", "reset"),
    "empty": Row(lambda on: on.empty(), _FIN, _GONE, "ServerDisconnectedError", "empty"),
    "truncate a share": Row(lambda on: on.truncate(0.5), _CUT, _NO_HTTP, "ClientPayloadError", "truncate"),
    "truncate after bytes": Row(lambda on: on.truncate(7), _CUT, _NO_HTTP, "ClientPayloadError", "truncate"),
    "truncate at once": Row(lambda on: on.truncate(0), _CUT, _NO_HTTP, "ClientPayloadError", "truncate"),
    "malformed": Row(lambda on: on.malformed(), _GARBAGE, _NO_HTTP, "ClientResponseError", "malformed"),
    "slow body": Row(
        lambda on: on.slow_body(_BYTES), "202", "202", "202", "202", bytes_per_second=_BYTES, applied=True
    ),
    "stale connection": Row(
        lambda on: on.stale_connection(), _FIN, _GONE, "ServerDisconnectedError", "stale_connection"
    ),
}
"""The table: one row for each outcome. Those that no socket can show have tests of their own, below."""


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("outcome", _TABLE)
@pytest.mark.parametrize("way", _WAYS)
def test_the_exception_the_effect_and_the_journal(way: str, outcome: str, side: str) -> None:
    row = _TABLE[outcome]
    with _reached(way) as (client, server):
        begun = client.fake.faults.on("create_snapshot").named("mine").first(1)
        row.outcome(begun.after_commit() if side == "after" else begun)
        if outcome == "hang" and client.on_socket:
            client.timeout = _SHORT

        seen = client.see("POST", f"/servers/{server.id}/snapshots", {"snapshot": {"name": "nightly"}})

        expected = {"requests": row.requests, "httpx": row.httpx, "aiohttp": row.aiohttp}[way.split()[0]]
        done = side == "after" or row.applied
        call = client.fake.calls[-1]
        assert seen == expected
        assert [snapshot.name for snapshot in server.snapshots] == (["nightly"] if done else [])
        assert (call.effect, call.client_saw, call.rule) == ("applied" if done else "none", row.saw, "mine")
        if outcome != "hang" or not client.on_socket:
            moved = len(call.response_body) / row.bytes_per_second if row.bytes_per_second else row.moved
            assert (client.fake.clock.now() - START).total_seconds() == pytest.approx(moved, abs=1e-6)

        client.timeout = _PATIENCE
        assert client.see("GET", f"/servers/{server.id}/snapshots") == "200", "the next clean call"


@pytest.mark.parametrize("outcome", ["reset", "empty", "truncate a share", "malformed", "hang", "respond"])
@pytest.mark.parametrize("way", _WAYS)
def test_a_read_meets_the_same(way: str, outcome: str) -> None:
    row = _TABLE[outcome]
    with _reached(way) as (client, server):
        row.outcome(client.fake.faults.on("list_snapshots").first(1))
        client.timeout = _SHORT if client.on_socket else _PATIENCE

        seen = client.see("GET", f"/servers/{server.id}/snapshots")

        # aiohttp asks again by itself when a kept connection fails it before the answer to a read
        again = way.startswith("aiohttp") and outcome in ("reset", "empty")
        expected = {"requests": row.requests, "httpx": row.httpx, "aiohttp": row.aiohttp}[way.split()[0]]
        assert seen == ("200" if again else expected)
        assert client.fake.calls[1].effect == "none"


@pytest.mark.parametrize("outcome", ["reset", "empty", "malformed"])
@pytest.mark.parametrize("way", [way for way in _WAYS if not way.startswith("aiohttp")])
def test_a_head_meets_the_same(way: str, outcome: str) -> None:
    row = _TABLE[outcome]
    with _reached(way) as (client, server):
        row.outcome(client.fake.faults.on("list_snapshots").first(1))

        assert client.see("HEAD", f"/servers/{server.id}/snapshots") == getattr(row, way.split()[0])
        assert client.see("HEAD", f"/servers/{server.id}/snapshots") == "200"


@pytest.mark.parametrize("way", ["requests", "requests on a socket"])
def test_the_part_of_a_cut_body_can_be_streamed(way: str) -> None:
    with _reached(way) as (client, server):
        client.fake.faults.on().truncate(7)
        assert isinstance(client, Requests)
        answer = client.session.get(f"{client.url}/servers/{server.id}/snapshots", stream=True)
        pieces = answer.iter_content(3)

        assert [next(pieces), next(pieces)] == [b'{"s', b"nap"]
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="7 bytes read, 9 more expected"):
            list(pieces)


# What the client's own timeout decides: seen in process, and not on a socket


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("way", ["requests", "httpx", "httpx async"])
@pytest.mark.parametrize(
    ("outcome", "requests_sees", "saw"),
    [
        (lambda on: on.delay(31), _SILENCE, "timeout"),
        (lambda on: on.slow_body(0.03), "ConnectionError < ReadTimeoutError", "timeout"),
    ],
    ids=["delay", "slow body"],
)
def test_in_process_a_longer_delay_is_the_client_s_own_timeout(
    way: str, side: str, outcome: Callable[[OutcomeMethods[Any]], object], requests_sees: str, saw: str
) -> None:
    with _reached(way) as (client, server):
        begun = client.fake.faults.on("create_snapshot").first(1)
        outcome(begun.after_commit() if side == "after" else begun)

        seen = client.see("POST", f"/servers/{server.id}/snapshots", {"snapshot": {"name": "nightly"}})

        call = client.fake.calls[-1]
        assert seen == (requests_sees if way == "requests" else _TIMEOUT)
        assert len(server.snapshots) == (side == "after")
        assert (call.effect, call.client_saw) == ("applied" if side == "after" else "none", saw)
        assert (client.fake.clock.now() - START).total_seconds() == _PATIENCE


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("way", [way for way in _WAYS if "socket" in way])
@pytest.mark.parametrize(
    "outcome", [lambda on: on.delay(31), lambda on: on.slow_body(0.03)], ids=["delay", "slow body"]
)
def test_on_a_socket_a_longer_delay_moves_the_clock_and_the_answer_comes(
    way: str, side: str, outcome: Callable[[OutcomeMethods[Any]], object]
) -> None:
    """The one cell that differs: the fake cannot see the timeout of a client on a socket."""
    with _reached(way) as (client, server):
        begun = client.fake.faults.on("create_snapshot").first(1)
        outcome(begun.after_commit() if side == "after" else begun)

        assert client.see("POST", f"/servers/{server.id}/snapshots", {"snapshot": {"name": "nightly"}}) == "202"
        assert len(server.snapshots) == 1
        assert (client.fake.clock.now() - START).total_seconds() > _PATIENCE


# A refused connection: in process only


@pytest.mark.parametrize(
    ("way", "seen"),
    [
        ("requests", "ConnectionError < MaxRetryError < NewConnectionError"),
        ("httpx", "ConnectError < ConnectError < ConnectionRefusedError"),
        ("httpx async", "ConnectError < ConnectError < ConnectionRefusedError"),
    ],
)
def test_in_process_a_connection_can_be_refused(way: str, seen: str) -> None:
    with _reached(way) as (client, server):
        client.fake.faults.on("create_snapshot").first(1).unavailable()
        path, body = f"/servers/{server.id}/snapshots", {"snapshot": {"name": "nightly"}}

        assert (client.see("POST", path, body), server.snapshots) == (seen, ())
        assert (client.fake.calls[-1].effect, client.fake.calls[-1].client_saw) == ("none", "unavailable")
        assert client.see("POST", path, body) == "202"


def _refused_on_a_socket(way: str) -> None:
    with _reached(way) as (client, server):
        client.fake.faults.on("create_snapshot").unavailable()
        seen = client.see("POST", f"/servers/{server.id}/snapshots", {"snapshot": {"name": "nightly"}})
        assert (seen, server.snapshots) == ("500", ())
        assert (client.fake.calls[-1].effect, client.fake.calls[-1].client_saw) == ("none", "NoWireError")


@pytest.mark.parametrize("way", [way for way in _WAYS if "socket" in way])
def test_on_a_socket_a_refused_connection_fails_the_test(way: str) -> None:
    with pytest.raises(NoWireError, match=r"unavailable\(\) works in process only"):
        _refused_on_a_socket(way)


def test_a_refused_call_has_no_other_side(fake: FakeHostway) -> None:
    with pytest.raises(InvalidValueError, match="the service gets no request"):
        fake.faults.on().after_commit().unavailable()


# A kept connection


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("way", ["requests", "requests on a socket"])
def test_a_kept_connection_is_stale_once(way: str, side: str) -> None:
    with _reached(way) as (client, server):
        path = f"/servers/{server.id}/snapshots"
        begun = client.fake.faults.on("create_snapshot").first(1)
        (begun.after_commit() if side == "after" else begun).stale_connection()

        seen = [client.see("POST", path, {"snapshot": {"name": name}}) for name in "ab"]

        assert seen == [_FIN, "202"]
        assert [snapshot.name for snapshot in server.snapshots] == (["a", "b"] if side == "after" else ["b"])


@pytest.mark.parametrize("on_socket", [False, True])
def test_a_fresh_connection_is_not_stale(fake: FakeHostway, server: ServerHandle, on_socket: bool) -> None:
    fake.faults.on().stale_connection()
    with fake.serve() as listening:
        for _ in range(2):
            client = Requests(fake, listening.url if on_socket else fake.url, on_socket)
            assert client.see("GET", f"/servers/{server.id}/snapshots") == "200"
            client.close()

    assert fake.faults.rules[0].hits == 0


@pytest.mark.parametrize("way", ["requests", "requests on a socket"])
def test_a_connection_that_was_closed_is_not_kept(way: str) -> None:
    with _reached(way) as (client, server):
        assert isinstance(client, Requests)
        client.session.close()
        client.fake.faults.on().stale_connection()
        for _ in range(2):
            answer = client.session.get(
                f"{client.url}/servers/{server.id}/snapshots", headers={"Connection": "close"}, timeout=5
            )
            assert answer.status_code == 200

        assert client.fake.faults.rules[0].hits == 0


def test_a_thousand_timeouts_take_no_time(fake: FakeHostway, server: ServerHandle) -> None:
    fake.faults.on().hang()
    client = Requests(fake, fake.url, False)

    seen = {client.see("GET", f"/servers/{server.id}/snapshots") for _ in range(1000)}

    assert seen == {_SILENCE}
    assert (fake.clock.now() - START).total_seconds() == 30_000
    assert len(fake.calls) == 1000
    client.close()
