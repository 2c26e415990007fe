"""All that reads what a client sends takes time in proportion to it: twice the text, about twice the time."""

from collections.abc import Callable
from time import process_time
from typing import Final

import pytest

from hostway_fake import FakeHostway
from hostway_fake.journal.secrets import is_secret, masked_body, masked_headers, masked_url
from hostway_fake.service.exchange import exchange
from hostway_fake.service.messages import Request, origin_form
from hostway_fake.world import Worlds

_AUTHORIZATION: Final = "Basic amVsbG82MTQ2MzY6aG9zdHdheQ=="
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
    "absolute target": (200_000, lambda size: origin_form("http://" + "a" * size, "http", {})),
}


@pytest.mark.parametrize(("size", "read"), _READERS.values(), ids=_READERS)
def test_reading_takes_time_in_proportion_to_the_text(size: int, read: Callable[[int], object]) -> None:
    assert _is_linear(size, read)


@pytest.mark.parametrize("piece", [b"[", b"[],", b'"",[', b"[{}],", b'"\\'], ids=repr)
def test_parsing_a_body_takes_time_in_proportion_to_it(piece: bytes) -> None:
    with FakeHostway() as fake:
        server = fake.add_server()
        worlds: Worlds = fake._worlds

        def post(size: int) -> None:
            body = b'{"snapshot": [' + piece * (size // len(piece))
            headers = {"host": "api.hostway.test", "authorization": _AUTHORIZATION}
            exchange(worlds, Request("POST", f"/servers/{server.id}/snapshots", headers, body))

        assert _is_linear(1_000_000, post)


def _is_linear(size: int, read: Callable[[int], object]) -> bool:
    """Return whether twice the size takes at most 2.5 times as long, in the best of several attempts.

    Work that grows with the square of the size takes four times as long in every attempt.
    """
    return any(_seconds(read, 2 * size) <= 2.5 * max(_seconds(read, size), 0.001) for _ in range(10))


def _seconds(read: Callable[[int], object], size: int) -> float:
    begin = process_time()
    read(size)
    return process_time() - begin
