"""What the command line makes of its arguments, in process: wrong ones exit with 2, what cannot be done with 1."""

import io
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from hostway_fake import FakeHostway
from hostway_fake.cli import main
from hostway_fake.contract.readings import READINGS

_SERVE = ("serve", "--port", "0")


class _Stopping(io.StringIO):
    """A standard output that stops the process by a signal once it is flushed."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__()
        self._number = number

    def flush(self) -> None:
        signal.raise_signal(self._number)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("srve",), "invalid choice: 'srve' (choose from"),
        (("demo", "--port", "0"), "unrecognized arguments: --port 0"),
        (("serve", "--prt", "0"), "unrecognized arguments: --prt 0"),
        (("serve", "--port", "http"), "argument --port: invalid int value: 'http'"),
        (("serve", "--build-seconds", "soon"), "argument --build-seconds: invalid float value: 'soon'"),
        (("serve", "--rate", "fast"), "argument --rate: invalid float value: 'fast'"),
        (("serve", "--server"), "argument --server: expected at least one argument"),
    ],
    ids=str,
)
def test_wrong_arguments_exit_with_two(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    told = capsys.readouterr()
    assert (caught.value.code, told.out) == (2, "")
    assert message in told.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--port", "65536"), "port: got 65536, expected a number from 0 to 65535; 0 takes a free one"),
        (("--port=-1",), "port: got -1, expected a number from 0 to 65535; 0 takes a free one"),
        (("--server", "web"), "server id: got 'web', expected account-ZONE-4 digits, such as 'jello614636-USOTE-0214'"),
        (
            ("--server", "jello614636-USOTE-0214", "jello614636-USOTE-0214"),
            "server id: got 'jello614636-USOTE-0214', expected one that this account does not have yet",
        ),
        (
            ("--user", ":secret"),
            "user: got '', expected an account of letters, digits and any of _.@- , such as 'jello614636'",
        ),
        (("--idle-timeout", "0"), "idle_timeout: got 0.0, expected a number above 0, up to 1,000,000,000"),
        (("--build-seconds=-1",), "build_seconds: got -1.0, expected a number from 0 to 1,000,000,000"),
        (("--action-seconds=-1",), "action_seconds: got -1.0, expected a number from 0 to 1,000,000,000"),
        (("--build-seconds", "nan"), "build_seconds: got nan, expected a number from 0 to 1,000,000,000"),
        (("--rate=-1",), "rate: got -1.0, expected a number from 0 (stands) to 1,000,000,000"),
        (("--rate", "nan"), "rate: got nan, expected a number from 0 (stands) to 1,000,000,000"),
        (("--reading", "list_status=204"), "reading list_status: got '204', expected one of: '200', '202'"),
        (("--reading", "list_status"), "reading: got 'list_status', expected NAME=VALUE, each name once"),
        (
            ("--reading", "lits_status=202"),
            f"reading: got 'lits_status'. Did you mean 'list_status'? hostway_fake.READINGS lists all {len(READINGS)}.",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_served_exits_with_one(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main([*_SERVE, *arguments])

    told = capsys.readouterr()
    assert (status, told.out, told.err) == (1, "", f"hostway-fake: {message}\n")


def test_the_signals_of_the_process_are_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    assert main(["serve", "--port", "0", "--server", "nonsense"]) == 1

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_user_without_a_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _Stopping(signal.SIGTERM)
    monkeypatch.setattr(sys, "stdout", shown)

    status = main([*_SERVE, "--user", "jello614636"])

    assert (status, shown.getvalue()) == (1, "")


def test_second_signal_that_waits_is_as_silent_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    class StoppingTwice(io.StringIO):
        def flush(self) -> None:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(sys, "stdout", StoppingTwice())

    assert main(_SERVE) == 0


def test_what_user_holds_is_not_told_where_it_may_be_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*_SERVE, "--user", "s3cret"]) == 1
    assert "s3cret" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("one"), "hostway-fake: ValueError: one\n"),
        (
            ExceptionGroup("in the server", [ValueError("one"), KeyError("two")]),
            "hostway-fake: ValueError: one\nhostway-fake: KeyError: 'two'\n",
        ),
    ],
    ids=["one", "several"],
)
def test_exceptions_of_the_server_are_told_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def serve(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(FakeHostway, "serve", serve)

    assert main(_SERVE) == 1
    assert capsys.readouterr().err == told


def test_a_port_that_is_taken_is_named(taken: int, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["serve", "--port", str(taken)])

    told = capsys.readouterr()
    assert (status, told.out) == (1, "")
    assert told.err.startswith("hostway-fake: ")
    assert f"cannot listen on 127.0.0.1 port {taken}: Address already in use" in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--help",), ("demo", "serve", "a stateful fake of hostway's snapshot api.")),
        (("demo", "--help"), ("hostway-fake demo",)),
        (
            ("serve", "--help"),
            (
                *("--host", "--port", "--server", "--user", "--build-seconds", "--action-seconds", "--rate"),
                *("--reading", "--idle-timeout"),
                *("127.0.0.1", "8080", "jello614636:hostway", "60"),
                *(name for name, reading in READINGS.items() if len(reading.values) > 1),
            ),
        ),
    ],
    ids=["of all", "of demo", "of serve"],
)
def test_help_is_given(arguments: tuple[str, ...], words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    told = capsys.readouterr().out.lower()
    assert caught.value.code == 0
    assert [word for word in words if word.lower() not in told] == []


def test_help_does_not_offer_a_reading_of_one_value(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "500")

    with pytest.raises(SystemExit):
        main(["serve", "--help"])

    told = capsys.readouterr().out
    assert [name for name, reading in READINGS.items() if len(reading.values) == 1 and f" {name}," in told] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("arguments", [(), ("--rate", "60")], ids=["on the system's clock", "at a rate"])
def test_serving_ends_with_a_signal(
    number: signal.Signals, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = _Stopping(number)
    monkeypatch.setattr(sys, "stdout", shown)

    status = main([*_SERVE, *arguments])

    url, user, server = shown.getvalue().splitlines()
    assert (status, user, server) == (0, "user jello614636 password hostway", "server jello614636-USOTE-0001")
    assert url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("given", [["list_status"], ["list_status=202", "list_status=200"]])
def test_a_reading_is_given_once_and_with_a_value(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "0", "--reading", *given]) == 1
    assert f"reading: got {given[-1]!r}, expected NAME=VALUE, each name once" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--keyfile", "key.pem"), "keyfile: got 'key.pem', expected --certfile as well"),
        (("--certfile", "a.pem", "--tls"), "certfile: got 'a.pem', expected either --certfile or --tls"),
        (("--certfile", "a.pem"), "certfile: got 'a.pem', expected a certificate and an unencrypted"),
        (("--certfile", "encrypted.pem"), "certfile: got 'encrypted.pem', expected a certificate and an unencrypted"),
        (("--certfile", "a.pem", "--keyfile", "b.pem"), "certfile: got 'a.pem and b.pem', expected a certificate"),
    ],
)
def test_certificate_that_cannot_be_used_is_named(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    certificate = trustme.CA().issue_cert("localhost")
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "encrypted.pem").write_bytes(secret + certificate.cert_chain_pems[0].bytes())
    monkeypatch.chdir(tmp_path)

    assert main([*_SERVE, *arguments]) == 1
    assert capsys.readouterr().err.startswith(f"hostway-fake: {said}")
