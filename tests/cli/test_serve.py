"""The standalone server, in a process of its own, talked to over its socket."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import trustme

_SERVER = "jello614636-USOTE-0214"


@dataclass
class Served:
    """A running server: its process, and what it said first."""

    process: subprocess.Popen[str]
    url: str
    account: str
    servers: list[str]

    def stop(self, number: signal.Signals) -> tuple[int, str, str]:
        """Exit status and the rest of what it said; a server that does not end fails the test."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err


Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server: ``serve("--rate", "60", servers=2)`` reads the lines of as many servers."""
    processes: list[subprocess.Popen[str]] = []

    def serve(*arguments: str, servers: int = 1) -> Served:
        command = [sys.executable, "-m", "hostway_fake", "serve", "--port", "0", *arguments]
        buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        process = subprocess.Popen(
            command, env=buffered, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        processes.append(process)
        assert process.stdout is not None
        url, account, *others = [process.stdout.readline().rstrip("\n") for _ in range(2 + servers)]
        return Served(process, url, account, others)

    yield serve
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def client() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.auth = ("jello614636", "hostway")
        yield session


def test_the_first_lines_say_where_and_whose_it_is(serve: Serve) -> None:
    served = serve()

    assert served.url.startswith("http://127.0.0.1:")
    assert (served.account, served.servers) == (
        "user jello614636 password hostway",
        ["server jello614636-USOTE-0001"],
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_without_a_word(serve: Serve, number: signal.Signals) -> None:
    assert serve().stop(number) == (0, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_connections_open(serve: Serve, number: signal.Signals, client: requests.Session) -> None:
    served = serve()
    parts = urlsplit(served.url)
    assert client.get(f"{served.url}/").status_code == 404  # and the connection is kept
    with socket.create_connection((parts.hostname, parts.port), 10) as half_way:
        half_way.sendall(b"GET / HTTP/1.1\r\nHost: ")

        assert served.stop(number) == (0, "", "")


def test_a_snapshot_is_built_while_the_clock_runs(serve: Serve, client: requests.Session) -> None:
    served = serve("--server", _SERVER, "--build-seconds", "1000", "--rate", "1000000")

    created = client.post(f"{served.url}/servers/{_SERVER}/snapshots", json={"snapshot": {"name": "nightly"}})
    polled = iter(lambda: client.get(created.headers["Location"]).json()["snapshot"]["status"], "ACTIVE")

    assert (created.status_code, created.json()["snapshot"]["status"]) == (202, "BUILD")
    assert set(polled) <= {"BUILD"}


def test_a_snapshot_stays_in_build_as_long_as_it_was_told(serve: Serve, client: requests.Session) -> None:
    served = serve("--server", _SERVER, "--build-seconds", "100000")

    created = client.post(f"{served.url}/servers/{_SERVER}/snapshots", json={"snapshot": {"name": "nightly"}})

    assert client.get(created.headers["Location"]).json()["snapshot"]["status"] == "BUILD"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--server", _SERVER, "michalski275226-AUS001-0005"),
        ("--server", _SERVER, "--server", "michalski275226-AUS001-0005"),
    ],
    ids=["at once", "one by one"],
)
def test_several_servers_can_be_named(serve: Serve, client: requests.Session, arguments: tuple[str, ...]) -> None:
    served = serve(*arguments, servers=2)

    assert served.servers == [f"server {_SERVER}", "server michalski275226-AUS001-0005"]
    for line in served.servers:
        answer = client.get(f"{served.url}/servers/{line.removeprefix('server ')}/snapshots")
        assert (answer.status_code, answer.json()) == (200, {"snapshots": []})


def test_a_user_can_be_named(serve: Serve, client: requests.Session) -> None:
    served = serve("--user", "michalski275226:a:b", "--server", _SERVER)
    url = f"{served.url}/servers/{_SERVER}/snapshots"

    assert served.account == "user michalski275226"
    assert client.get(url).status_code == 401
    assert client.get(url, auth=("michalski275226", "a:b")).status_code == 200


def test_readings_can_be_chosen(serve: Serve, client: requests.Session) -> None:
    served = serve(
        *("--server", _SERVER, "--reading", "list_status=202", "pending_create_time=zero"),
        *("--reading", "refusal_order=413,409,400"),
    )
    url = f"{served.url}/servers/{_SERVER}/snapshots"

    created = client.post(url, json={"snapshot": {"name": "nightly"}})

    assert created.json()["snapshot"]["create_time"] == "0000-00-00 00:00:00"
    assert client.get(url).status_code == 202


def test_idle_connection_is_closed_after_the_time_that_was_told(serve: Serve) -> None:
    parts = urlsplit(serve("--idle-timeout", "0.01").url)

    with socket.create_connection((parts.hostname, parts.port), 10) as idle:
        assert idle.recv(1) == b""


def test_a_wrong_command_ends_the_process_with_its_status() -> None:
    ran = subprocess.run([sys.executable, "-m", "hostway_fake"], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("usage: hostway-fake ")


def test_polling_in_vain_is_answered_for_as_long_as_a_client_likes(serve: Serve, client: requests.Session) -> None:
    served = serve("--rate", "0")
    snapshots = f"{served.url}/servers/{_SERVER[:-4]}0001/snapshots"
    location = client.post(snapshots, json={"snapshot": {"name": "a"}}).headers["Location"]

    statuses = {client.get(location).status_code for _ in range(1_100)}

    assert statuses == {200}
    assert served.stop(signal.SIGTERM) == (0, "", "")


def test_tls_by_an_authority_of_its_own_prints_the_file_to_trust(serve: Serve, client: requests.Session) -> None:
    served = serve("--tls", servers=2)
    word, path = served.servers.pop().split()

    assert word == "ca"
    client.verify = path
    assert served.url.startswith("https://")
    assert client.get(f"{served.url}/servers").status_code == 200
    assert served.stop(signal.SIGTERM) == (0, "", "")
    assert not Path(path).exists()


def test_tls_with_a_certificate_that_is_given(serve: Serve, client: requests.Session, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    for number, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(tmp_path / "cert.pem", append=number > 0)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    served = serve("--certfile", str(tmp_path / "cert.pem"), "--keyfile", str(tmp_path / "key.pem"))

    client.verify = str(tmp_path / "ca.pem")
    assert client.get(f"{served.url}/servers").status_code == 200
    assert served.stop(signal.SIGTERM) == (0, "", "")


def test_two_signals_at_once_stop_the_server_and_do_not_hang_it(serve: Serve) -> None:
    for _ in range(3):
        served = serve()
        served.process.send_signal(signal.SIGTERM)
        status, _, told = served.stop(signal.SIGINT)
        assert (status, told) == (0, "")
