"""Hosts that cannot be reached: each client raises in process what it raises on a real socket, and no time is lost."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final, get_args

import httpcore
import httpx
import pytest
import requests
import trustme
import urllib3
from requests.adapters import HTTPAdapter

from hostway_fake import START, FakeHostway, InvalidValueError, NoWireError
from hostway_fake.faults.outcomes import UnreachableOutcome

_OF_HTTPX: Final = (httpx.TransportError, httpcore.NetworkError, httpcore.TimeoutException)
_SHORT: Final = 0.05
_OUTCOMES: Final = sorted(kind.name for kind in get_args(UnreachableOutcome))


def _words(error: BaseException | None) -> str:
    """Return the classes of an exception and of those inside it, outermost first."""
    names = []
    while error is not None:
        names.append(type(error).__name__)
        inner = [argument for argument in error.args if isinstance(argument, BaseException)]
        below = error.__cause__ if isinstance(error, _OF_HTTPX) else getattr(error, "reason", None) or error.__cause__
        error = inner[0] if inner else below if isinstance(below, BaseException) else None
    return " < ".join(names)


def _by_requests(fake: FakeHostway | None, url: str) -> None:
    with requests.Session() if fake is None else fake.session() as session:
        session.trust_env = False
        session.get(f"{url}/servers", timeout=(_SHORT, 30))


def _by_urllib3(fake: FakeHostway | None, url: str) -> None:
    with urllib3.PoolManager() as pools, nullcontext() if fake is None else fake.intercept():
        pools.request("GET", f"{url}/servers", timeout=_SHORT, retries=0)


def _by_httpx(fake: FakeHostway | None, url: str) -> None:
    transport = httpx.HTTPTransport() if fake is None else fake.httpx_transport()
    with httpx.Client(transport=transport, timeout=httpx.Timeout(30, connect=_SHORT)) as client:
        client.get(f"{url}/servers")


def _by_async_httpx(fake: FakeHostway | None, url: str) -> None:
    async def get() -> None:
        transport = httpx.AsyncHTTPTransport() if fake is None else fake.async_httpx_transport()
        async with httpx.AsyncClient(transport=transport, timeout=httpx.Timeout(30, connect=_SHORT)) as client:
            await client.get(f"{url}/servers")

    asyncio.run(get())


Client = Callable[[FakeHostway | None, str], None]
_CLIENTS: Final[tuple[Client, ...]] = (_by_requests, _by_urllib3, _by_httpx)


def _seen(client: Client, fake: FakeHostway | None, url: str) -> str:
    with pytest.raises((requests.RequestException, urllib3.exceptions.HTTPError, httpx.TransportError)) as caught:
        client(fake, url)
    return _words(caught.value)


@contextmanager
def _unavailable(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextmanager
def _connect_timeout(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A listener that accepts nobody, and whose queue is full."""
    waiting = []
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        for _ in range(8):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
            waiting.append(client)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        for client in waiting:
            client.close()


@contextmanager
def _dns_failure(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A resolver that knows no host: a test must not depend on the resolver of the machine."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown)
        yield "http://nothing.invalid"


@contextmanager
def _tls_failure(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server with the certificate of an unknown authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with FakeHostway() as other, other.serve(ssl_context=context) as server:
        yield server.url


_REAL: Final = {
    "unavailable": _unavailable,
    "connect_timeout": _connect_timeout,
    "dns_failure": _dns_failure,
    "tls_failure": _tls_failure,
}


@pytest.mark.parametrize("outcome", _OUTCOMES)
@pytest.mark.parametrize("client", _CLIENTS)
def test_client_raises_what_it_raises_on_a_real_socket(
    client: Client, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _REAL[outcome](monkeypatch) as url:
        real = _seen(client, None, url)
    with FakeHostway(url="https://api.hostway.test") as fake:
        getattr(fake.faults.on().first(1), outcome)()

        assert _seen(client, fake, fake.url) == real
        assert (fake.calls.last.effect, fake.calls.last.client_saw) == ("none", outcome)


@pytest.mark.parametrize("outcome", _OUTCOMES)
def test_async_client_raises_what_the_other_raises(outcome: str) -> None:
    seen = []
    for client in (_by_httpx, _by_async_httpx):
        with FakeHostway(url="https://api.hostway.test") as fake:
            getattr(fake.faults.on(), outcome)()
            seen.append(_seen(client, fake, fake.url))

    assert seen[0] == seen[1]


@pytest.mark.parametrize("client", [*_CLIENTS, _by_async_httpx])
def test_connect_timeout_moves_the_clock_by_that_of_the_client(client: Client) -> None:
    with FakeHostway() as fake:
        fake.faults.on().first(1).connect_timeout()
        _seen(client, fake, fake.url)

        assert (fake.clock.now() - START).total_seconds() == _SHORT


@pytest.mark.parametrize("timeout", [None, (None, 30)])
def test_client_without_a_connect_timeout_waits_as_long_as_its_system(fake: FakeHostway, timeout: Any) -> None:
    fake.faults.on("list_servers").connect_timeout()

    with pytest.raises(requests.ConnectTimeout, match=r"timed out. \(connect timeout=None\)"):
        fake.session().get(f"{fake.url}/servers", timeout=timeout)
    assert (fake.clock.now() - START).total_seconds() == 127


@pytest.mark.parametrize("outcome", ["unavailable", "connect_timeout", "dns_failure"])
def test_retries_of_connections_are_those_of_the_libraries(outcome: str) -> None:
    with FakeHostway() as fake, requests.Session() as session:
        session.mount(fake.url, HTTPAdapter(max_retries=urllib3.Retry(connect=2, read=0, status=0)))
        fake.mount(session)
        getattr(fake.faults.on("list_servers").first(2), outcome)()

        assert session.get(f"{fake.url}/servers", auth=fake.auth, timeout=1).status_code == 200
        assert [call.client_saw for call in fake.calls] == [outcome, outcome, "200"]


@pytest.mark.parametrize("outcome", _OUTCOMES)
def test_httpx_retries_failed_connections(outcome: str) -> None:
    with FakeHostway(url="https://api.hostway.test") as fake:
        getattr(fake.faults.on("list_servers").first(2), outcome)()
        with httpx.Client(transport=fake.httpx_transport(retries=2), auth=fake.auth) as client:
            assert client.get(f"{fake.url}/servers").status_code == 200


@pytest.mark.parametrize("outcome", _OUTCOMES)
def test_service_gets_no_request(fake: FakeHostway, outcome: str) -> None:
    with FakeHostway(url="https://api.hostway.test") as fake:
        server = fake.add_server()
        getattr(fake.faults.on("delete_server").first(1), outcome)()
        with pytest.raises(requests.ConnectionError):
            fake.session().delete(f"{fake.url}/servers/{server.id}", timeout=1)

        assert server.status == "ACTIVE"


@pytest.mark.parametrize("outcome", _OUTCOMES)
def test_unreachable_host_has_no_other_side(fake: FakeHostway, outcome: str) -> None:
    with pytest.raises(InvalidValueError, match="the service gets no request"):
        getattr(fake.faults.on().after_commit(), outcome)()


def _on_a_socket(outcome: str) -> None:
    with FakeHostway() as fake, fake.serve() as server:
        getattr(fake.faults.on("list_servers"), outcome)()
        requests.get(f"{server.url}/servers", auth=fake.auth, timeout=10)


@pytest.mark.parametrize("outcome", _OUTCOMES)
def test_unreachable_host_works_in_process_only(outcome: str) -> None:
    with pytest.raises(NoWireError, match=rf"{outcome}\(\) works in process only"):
        _on_a_socket(outcome)


def test_tls_failure_needs_https(fake: FakeHostway) -> None:
    fake.faults.on("list_servers").tls_failure()

    with pytest.raises(NoWireError, match=r"tls_failure\(\) needs a fake with an https URL"):
        fake.session().get(f"{fake.url}/servers")


@pytest.mark.parametrize("outcome", _OUTCOMES)
def test_wsgi_application_has_no_connection_to_fail(outcome: str) -> None:
    with FakeHostway(url="https://api.hostway.test") as fake:
        getattr(fake.faults.on(), outcome)()
        with pytest.raises(NoWireError, match=outcome):
            fake.wsgi_app.test_client().get("/servers", base_url="https://api.hostway.test")
