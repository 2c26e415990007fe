"""The transports for httpx, without a socket."""

import asyncio
import copy
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from hostway_fake import BlockedHostError, FakeHostway, InvalidValueError, ServerHandle, WrongTypeError


@pytest.fixture
def client(fake: FakeHostway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=fake.url, auth=fake.auth, transport=fake.httpx_transport()) as client:
        yield client


def test_an_exchange_is_that_of_any_other_way_in(fake: FakeHostway, server: ServerHandle, client: httpx.Client) -> None:
    created = client.post(f"/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})
    fake.clock.advance(60)
    shown = client.get(created.headers["Location"])

    assert (created.status_code, created.reason_phrase, created.http_version) == (202, "Accepted", "HTTP/1.1")
    assert shown.json()["snapshot"]["status"] == "ACTIVE"
    assert shown.content == fake.session().get(created.headers["Location"]).content


def test_the_same_exchange_is_awaited(fake: FakeHostway, server: ServerHandle) -> None:
    async def main() -> tuple[int, str, bytes]:
        async def body() -> AsyncIterator[bytes]:
            yield b'{"snapshot": '
            yield b'{"name": "a"}}'

        async with httpx.AsyncClient(transport=fake.async_httpx_transport(), auth=fake.auth) as client:
            created = await client.post(f"{fake.url}/servers/{server.id}/snapshots", content=body())
            async with client.stream("GET", created.headers["Location"]) as streamed:
                pieces = [piece async for piece in streamed.aiter_bytes()]
        return created.status_code, streamed.reason_phrase, b"".join(pieces)

    status, reason, body = asyncio.run(main())

    assert (status, reason, b'"BUILD"' in body) == (202, "OK", True)


def test_a_body_can_be_streamed_both_ways(server: ServerHandle, client: httpx.Client) -> None:
    def body() -> Iterator[bytes]:
        yield b'{"snapshot": '
        yield b'{"name": "a"}}'

    path = f"/servers/{server.id}/snapshots"
    assert client.post(path, content=body()).status_code == 202
    with client.stream("GET", path) as streamed:
        assert b"".join(streamed.iter_bytes(10)).startswith(b'{"snapshots":[')


def test_a_head_has_no_body(server: ServerHandle, client: httpx.Client) -> None:
    answer = client.head(f"/servers/{server.id}/snapshots")

    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "16")


def test_headers_that_come_twice_are_one(fake: FakeHostway, client: httpx.Client) -> None:
    client.get("/nothing", headers=[("X", "a"), ("X", "b")])

    assert fake.calls[0].headers["x"] == "a,b"


@pytest.mark.parametrize("url", ["http://elsewhere.test/", "https://api.hostway.test/", "http://api.hostway.test:81/"])
def test_it_leads_to_the_fake_only(fake: FakeHostway, client: httpx.Client, url: str) -> None:
    with pytest.raises(BlockedHostError, match=f"GET {url}: this transport leads to api.hostway.test only"):
        client.get(url)
    assert fake.calls == ()


@pytest.mark.parametrize(("retries", "refused", "seen"), [(0, 1, 1), (2, 2, 3), (2, 3, 3), (5, 3, 4)])
def test_a_refused_connection_is_tried_again_as_often_as_told(
    fake: FakeHostway, server: ServerHandle, retries: int, refused: int, seen: int
) -> None:
    rule = fake.faults.on().first(refused).unavailable()
    with httpx.Client(transport=fake.httpx_transport(retries=retries), auth=fake.auth) as client:
        if retries < refused:
            with pytest.raises(httpx.ConnectError):
                client.get(f"{fake.url}/servers/{server.id}/snapshots")
        else:
            assert client.get(f"{fake.url}/servers/{server.id}/snapshots").status_code == 200

    assert rule.hits == seen


def test_nothing_else_is_tried_again(fake: FakeHostway) -> None:
    rule = fake.faults.on().reset()
    with (
        httpx.Client(transport=fake.httpx_transport(retries=5), auth=fake.auth) as client,
        pytest.raises(httpx.ReadError),
    ):
        client.get(f"{fake.url}/nothing")

    assert rule.hits == 1


@pytest.mark.parametrize("retries", [-1, 1.5])
def test_retries_are_a_whole_number(fake: FakeHostway, retries: int) -> None:
    for make in (fake.httpx_transport, fake.async_httpx_transport):
        with pytest.raises((InvalidValueError, TypeError), match="retries: got"):
            make(retries=retries)


def test_secrets_in_the_url_of_a_blocked_call_are_masked(client: httpx.Client) -> None:
    with pytest.raises(BlockedHostError) as caught:
        client.get("http://user:s3cret@other.test/?token=s3cret")
    assert "s3cret" not in str(caught.value)


# Copies


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copy_of_a_transport_reaches_the_same_fake(fake: FakeHostway, copied: Callable[[Any], Any]) -> None:
    async def ask() -> int:
        async with httpx.AsyncClient(transport=copied(fake.async_httpx_transport()), auth=fake.auth) as client:
            return (await client.get(f"{fake.url}/servers")).status_code

    with httpx.Client(transport=copied(fake.httpx_transport()), auth=fake.auth) as client:
        assert client.get(f"{fake.url}/servers").status_code == 200
    assert asyncio.run(ask()) == 200
    assert len(fake.calls) == 2


def test_copy_of_a_transport_keeps_its_retries_and_has_connections_of_its_own(fake: FakeHostway) -> None:
    transport = fake.httpx_transport(retries=1)
    fake.faults.on().first(1).unavailable()
    with httpx.Client(transport=copy.copy(transport), auth=fake.auth) as client:
        assert client.get(f"{fake.url}/servers").status_code == 200
    stale = fake.faults.on().stale_connection()
    with httpx.Client(transport=copy.copy(transport), auth=fake.auth) as client:
        assert client.get(f"{fake.url}/servers").status_code == 200
    assert stale.hits == 0


def test_pickling_a_transport_says_how_another_process_reaches_the_fake(fake: FakeHostway) -> None:
    for transport in (fake.httpx_transport(), fake.async_httpx_transport()):
        with pytest.raises(WrongTypeError, match=r"use fake\.serve\(\) to reach the fake from another process"):
            pickle.dumps(transport)
