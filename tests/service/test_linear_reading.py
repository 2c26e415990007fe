"""All that reads what a client sends takes time in proportion to it: twice the text, about twice the time."""

from collections.abc import Callable
from contextlib import suppress
from socket import SHUT_WR, create_connection, socket
from threading import Thread
from time import process_time
from typing import Final

import pytest

from hostway_fake import FakeHostway
from hostway_fake.journal.secrets import is_secret, masked_body, masked_headers, masked_url
from hostway_fake.service.exchange import _credentials, exchange
from hostway_fake.service.messages import Request, origin_form
from hostway_fake.service.parsing import content_length
from hostway_fake.world import Worlds

_AUTHORIZATION: Final = "Basic amVsbG82MTQ2MzY6aG9zdHdheQ=="
_HEAD: Final = b"POST /volumes HTTP/1.1\r\nHost: a\r\nAuthorization: Basic amVsbG82MTQ2MzY6aG9zdHdheQ==\r\n"
_CHUNKED: Final = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_READERS: dict[str, tuple[int, Callable[[int], object]]] = {
    "URL with one long value": (200_000, lambda size: masked_url("?=" + "a" * size)),
    "URL with one long name": (200_000, lambda size: masked_url("?" + "a" * size)),
    "URL of question marks": (200_000, lambda size: masked_url("?" * size)),
    "URL of semicolons": (200_000, lambda size: masked_url(";" * size + "=")),
    "URL of slashes": (200_000, lambda size: masked_url("/" * size + "@")),
    "URL of colons": (200_000, lambda size: masked_url("/a:" * (size // 3) + "@")),
    "URL without an end of its credentials": (200_000, lambda size: masked_url("@//" + "a" * size)),
    "header name of secret words": (100_000, lambda size: is_secret("pass" * size + "x")),
    "header name that nearly ends a secret word": (100_000, lambda size: is_secret("sig" + "!" * size + "x")),
    "referer": (200_000, lambda size: masked_headers({"referer": "?=" + "a" * size})),
    "JSON of secrets": (200_000, lambda size: masked_body(b"[" + b'{"pass": 1},' * (size // 12) + b"1]")),
    "body that is no JSON": (2_000_000, lambda size: masked_body(b'"pass' + b"\\" * size)),
    "credentials": (200_000, lambda size: _credentials.__wrapped__("Basic " + "YTph" * (size // 4))),
    "credentials of colons": (200_000, lambda size: _credentials.__wrapped__("Basic " + "Ojo6" * (size // 4))),
    "credentials that are spaces": (200_000, lambda size: _credentials.__wrapped__("Basic" + " " * size + "!")),
    "Content-Length of zeros": (200_000, lambda size: content_length("0" * size + "1")),
    "absolute target": (200_000, lambda size: origin_form("http://" + "a" * size, "http", {})),
}


@pytest.mark.parametrize(("size", "read"), _READERS.values(), ids=_READERS)
def test_reading_takes_time_in_proportion_to_the_text(size: int, read: Callable[[int], object]) -> None:
    assert _is_linear(size, read)


@pytest.mark.parametrize("piece", [b"[", b"[],", b'"",[', b"[{}],", b'"\\'], ids=repr)
def test_parsing_a_body_takes_time_in_proportion_to_it(piece: bytes) -> None:
    with FakeHostway() as fake:
        server = fake.add_server()
        worlds: Worlds = fake.account.worlds

        def post(size: int) -> None:
            body = b'{"snapshot": [' + piece * (size // len(piece))
            headers = {"host": "api.hostway.test", "authorization": _AUTHORIZATION}
            exchange(worlds, Request("POST", f"/servers/{server.id}/snapshots", headers, body))

        assert _is_linear(1_000_000, post)


# On a socket


_ON_A_SOCKET: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "chunks of one byte": (6_000, lambda size: _CHUNKED + b"1\r\na\r\n" * size + b"0\r\n\r\n"),
    "chunk extensions": (8_000, lambda size: _CHUNKED + b"1;" * size + b"\r\n"),
    "trailers": (6_000, lambda size: _CHUNKED + b"0\r\n" + b"a: b\r\n" * size + b"\r\n"),
    "long header line": (20_000, lambda size: _HEAD + b"A: " + b"a" * size + b"\r\n\r\n"),
    "header line of carriage returns": (20_000, lambda size: _HEAD + b"A: " + b"\r" * size + b"\r\n\r\n"),
    "pipelined requests": (200, lambda size: b"GET /zone HTTP/1.1\r\nHost: a\r\n\r\n" * size),
}


@pytest.mark.parametrize(("size", "sent"), _ON_A_SOCKET.values(), ids=_ON_A_SOCKET)
def test_reading_a_request_from_a_socket_takes_time_in_proportion_to_it(
    size: int, sent: Callable[[int], bytes]
) -> None:
    with FakeHostway() as fake, fake.serve() as server:

        def talk(size: int) -> None:
            with create_connection(server.address) as connection:
                sender = Thread(target=_send, args=(connection, sent(size)))
                sender.start()
                with suppress(OSError):
                    while connection.recv(1 << 16):
                        pass
                sender.join()

        assert _is_linear(size, talk)


def _send(connection: socket, data: bytes) -> None:
    with suppress(OSError):  # what the server refuses it does not read to its end
        connection.sendall(data)
        connection.shutdown(SHUT_WR)


def _is_linear(size: int, read: Callable[[int], object]) -> bool:
    """Return whether twice the size takes at most 2.5 times as long, in the best of several attempts.

    Work that grows with the square of the size takes four times as long in every attempt.
    """
    return any(_seconds(read, 2 * size) <= 2.5 * max(_seconds(read, size), 0.001) for _ in range(10))


def _seconds(read: Callable[[int], object], size: int) -> float:
    begin = process_time()
    read(size)
    return process_time() - begin
