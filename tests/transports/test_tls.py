"""TLS on a socket: who trusts it, who speaks something else, and how the wire breaks under it."""

import asyncio
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import CLOCK_MONOTONIC, clock_gettime
from typing import Any, Final

import httpx
import pytest
import requests
import trustme

from hostway_fake import FakeHostway, InvalidValueError, PortTakenError, WrongTypeError
from hostway_fake.transports.server import ThreadServer


@pytest.fixture
def secure(fake: FakeHostway) -> Iterator[ThreadServer]:
    with fake.serve(tls=True) as server:
        yield server


def trusting(server: ThreadServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca_path)


def requested(fake: FakeHostway, url: str, verify: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"{url}/servers", auth=fake.auth, verify=verify, timeout=10)


# Who trusts it


def test_requests_reaches_it(fake: FakeHostway, secure: ThreadServer) -> None:
    assert secure.url.startswith("https://127.0.0.1:")
    assert requested(fake, secure.url, secure.ca_path).json() == {"servers": []}


def test_httpx_reaches_it(fake: FakeHostway, secure: ThreadServer) -> None:
    with httpx.Client(verify=trusting(secure), auth=fake.auth, trust_env=False) as client:
        assert client.get(f"{secure.url}/servers").json() == {"servers": []}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed; `.ci/run` has it in README's blocks")
def test_curl_reaches_it(fake: FakeHostway, secure: ThreadServer) -> None:
    command = ["curl", "-sS", "--noproxy", "*", "--cacert", str(secure.ca_path), "-u", ":".join(fake.auth)]
    ran = subprocess.run([*command, f"{secure.url}/servers"], capture_output=True, text=True, timeout=20)
    assert (ran.stdout, ran.stderr) == ('{"servers":[]}', "")


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_certificate_is_for_the_loopback_names(fake: FakeHostway, secure: ThreadServer, name: str) -> None:
    with (
        socket.create_connection(secure.address) as plain,
        trusting(secure).wrap_socket(plain, server_hostname=name) as talk,
    ):
        assert talk.version() == "TLSv1.3"


def test_session_through_it_trusts_it_and_links_are_secure(fake: FakeHostway, secure: ThreadServer) -> None:
    server = fake.add_server()
    face = fake.at(secure.url)
    with face.session() as session:
        created = session.post(f"{secure.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})
        assert created.headers["Location"].startswith(f"{secure.url}/")
        assert session.get(created.headers["Location"]).status_code == 200
    assert face.ca_path == secure.ca_path
    assert fake.ca_path is None
    with face.add_account("other1", "other").session() as session:
        assert session.get(f"{secure.url}/servers").status_code == 200
    assert face.add_account("other2", "other", url="http://other.test").ca_path is None


def test_authority_that_nobody_told_of_is_not_trusted(fake: FakeHostway, secure: ThreadServer) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requested(fake, secure.url, True)
    assert requested(fake, secure.url, secure.ca_path).status_code == 200
    with fake.at(secure.url, ca_path="/nowhere.pem").session() as session, pytest.raises(OSError, match="nowhere"):
        session.get(f"{secure.url}/servers")


def test_file_of_the_authority_goes_with_the_server(fake: FakeHostway) -> None:
    with fake.serve(tls=True) as server:
        path = Path(str(server.ca_path))
        assert path.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert not path.exists()


def test_file_of_the_authority_goes_if_the_port_is_taken(
    fake: FakeHostway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for tls in (True, False):
        with (
            socket.create_server(("127.0.0.1", 0)) as taken,
            pytest.raises(PortTakenError),
            fake.serve(port=taken.getsockname()[1], tls=tls),
        ):
            pass
    assert list(tmp_path.iterdir()) == []


def test_context_of_the_user_is_spoken_with(fake: FakeHostway, tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with fake.serve(ssl_context=context) as server:
        assert server.ca_path is None
        assert requested(fake, server.url, str(tmp_path / "ca.pem")).status_code == 200


def test_options_that_contradict_each_other_or_are_none_are_refused(fake: FakeHostway) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with (
        pytest.raises(InvalidValueError, match="tls: got True, expected either tls=True or ssl_context"),
        fake.serve(tls=True, ssl_context=context),
    ):
        pass
    with pytest.raises(WrongTypeError, match="tls: got 1, expected True or False"), fake.serve(tls=1):  # type: ignore[arg-type]  # the mistake
        pass
    with (
        pytest.raises(InvalidValueError, match=r"ssl_context: got .*, expected a server-side context"),
        fake.serve(ssl_context=ssl.create_default_context()),
    ):
        pass
    with pytest.raises(WrongTypeError, match="ssl_context: got 'x'"), fake.serve(ssl_context="x"):  # type: ignore[arg-type]  # the mistake
        pass


def test_missing_library_is_named_with_the_way_to_install_it(
    fake: FakeHostway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(ImportError, match=r"pip install 'hostway-fake\[tls\]'"), fake.serve(tls=True):
        pass


# Who speaks something else


def test_plain_client_gets_a_clean_end_and_the_server_lives_on(fake: FakeHostway, secure: ThreadServer) -> None:
    with socket.create_connection(secure.address, 10) as plain:
        plain.sendall(b"GET /servers HTTP/1.1\r\nHost: a\r\n\r\n" + b"x" * 100_000)
        while plain.recv(1 << 16):
            pass
    with pytest.raises(requests.ConnectionError):
        requested(fake, secure.url.replace("https", "http"), True)
    assert requested(fake, secure.url, secure.ca_path).status_code == 200


def test_tls_client_of_a_plain_server_gets_a_clean_end_at_once(fake: FakeHostway) -> None:
    with fake.serve(read_timeout=30) as server:
        begin = clock_gettime(CLOCK_MONOTONIC)
        with pytest.raises(requests.exceptions.SSLError):
            requested(fake, server.url.replace("http", "https"), True)
        assert clock_gettime(CLOCK_MONOTONIC) - begin < 10
        with socket.create_connection(server.address, 10) as plain:
            plain.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500)
            assert plain.recv(1) == b""
        assert requested(fake, server.url, True).status_code == 200
    assert all(call.operation == "list_servers" for call in fake.calls)


def test_client_that_falls_silent_in_the_handshake_is_let_go(fake: FakeHostway) -> None:
    with fake.serve(tls=True, read_timeout=0.05) as server, socket.create_connection(server.address, 10) as silent:
        assert silent.recv(1) == b""


def test_client_that_is_gone_before_the_handshake_is_no_failure_of_the_server(fake: FakeHostway) -> None:
    with fake.serve(tls=True) as server:
        for _ in range(20):
            gone = socket.create_connection(server.address, 10)
            gone.sendall(b"x" * 1000)
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            gone.close()
        assert requested(fake, server.url, server.ca_path).status_code == 200


def test_server_stops_at_once_with_open_and_half_open_connections(fake: FakeHostway) -> None:
    begin = clock_gettime(CLOCK_MONOTONIC)
    with fake.serve(tls=True, read_timeout=30) as server:
        half = socket.create_connection(server.address, 10)
        plain = socket.create_connection(server.address, 10)
        whole = trusting(server).wrap_socket(plain, server_hostname="localhost")
        whole.sendall(b"GET /servers HTTP/1.1\r\nHost: a\r\n\r\n")
        assert whole.recv(12) == b"HTTP/1.1 401"
    assert clock_gettime(CLOCK_MONOTONIC) - begin < 10
    for connection in (half, whole):
        connection.close()


def test_ordinary_end_is_announced_so_that_no_client_takes_it_for_an_attack(secure: ThreadServer) -> None:
    with (
        socket.create_connection(secure.address, 10) as plain,
        trusting(secure).wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as talk,
    ):
        talk.sendall(b"GET /servers HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        while talk.recv(1 << 16):
            pass


# How the wire breaks


SEEN: Final[dict[str, tuple[Callable[[Any], object], str, str]]] = {
    "reset": (lambda on: on.reset(), "RemoteDisconnected", "RemoteProtocolError"),
    "empty": (lambda on: on.empty(), "RemoteDisconnected", "RemoteProtocolError"),
    "truncate": (lambda on: on.truncate(0.5), "IncompleteRead", "RemoteProtocolError"),
    "malformed": (lambda on: on.malformed(), "BadStatusLine", "RemoteProtocolError"),
    "hang": (lambda on: on.hang(), "TimeoutError", "TimeoutError"),
    "stale_connection": (lambda on: on.stale_connection(), "RemoteDisconnected", "RemoteProtocolError"),
    "slow_body": (lambda on: on.slow_body(1000), "", ""),
    "respond": (lambda on: on.respond(503), "", ""),
}
"""By outcome, the name of the innermost exception that requests and httpx raise."""


def innermost(error: BaseException) -> str:
    """Return the name of the exception at the bottom of one that a client raised."""
    while True:
        below = next((each for each in error.args if isinstance(each, BaseException)), None)
        below = below or getattr(error, "reason", None) or error.__cause__
        if not isinstance(below, Exception):
            return type(error).__name__
        error = below


def seen_by(ask: Callable[[], object]) -> str:
    try:
        ask()
    except Exception as error:
        return innermost(error)
    return ""


@pytest.mark.parametrize("word", SEEN)
def test_each_client_sees_a_fault_under_tls_as_the_table_says(
    fake: FakeHostway, secure: ThreadServer, word: str
) -> None:
    outcome, *expected = SEEN[word]

    def by_requests() -> None:
        with fake.at(secure.url).session() as session:
            session.get(f"{secure.url}/zone", timeout=10)
            outcome(fake.faults.on("list_servers"))
            session.get(f"{secure.url}/servers", timeout=0.2 if word == "hang" else 10)

    def by_httpx() -> None:
        with httpx.Client(verify=trusting(secure), auth=fake.auth, trust_env=False) as client:
            client.get(f"{secure.url}/zone")
            outcome(fake.faults.on("list_servers"))
            client.get(f"{secure.url}/servers", timeout=0.2 if word == "hang" else 10)

    seen = []
    for way in (by_requests, by_httpx):
        fake.faults.clear()
        seen.append(seen_by(way))
    assert seen == expected


def test_reset_below_tls_is_one_to_asyncio(fake: FakeHostway, secure: ThreadServer) -> None:
    """OpenSSL in blocking sockets of Python takes it for the end, and asyncio reads below OpenSSL."""
    fake.faults.on().reset()

    async def ask() -> None:
        host, port = secure.address[:2]
        reader, writer = await asyncio.open_connection(host, port, ssl=trusting(secure))
        writer.write(b"GET /servers HTTP/1.1\r\nHost: a\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

    asyncio.run(ask())
