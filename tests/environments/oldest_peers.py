"""The lowest promised versions of the optional peers, tried by `.ci/run` in an environment of its own."""

import asyncio
from importlib.metadata import version
from typing import Any

import httpx
import pytest

from hostway_fake import FakeHostway


def listed(fake: FakeHostway, **options: Any) -> int:
    with httpx.Client(auth=fake.auth, **options) as client:
        return client.get(f"{fake.url}/servers").status_code


async def listed_async(fake: FakeHostway, **options: Any) -> int:
    async with httpx.AsyncClient(auth=fake.auth, **options) as client:
        return (await client.get(f"{fake.url}/servers")).status_code


def test_versions_are_the_lowest() -> None:
    versions = {name: version(name) for name in ("httpx", "pytest", "trustme")}
    assert versions == {"httpx": "0.27.0", "pytest": "8.0.0", "trustme": "1.1.0"}


def test_transports_reach_the_fake(fake_hostway: FakeHostway) -> None:
    assert listed(fake_hostway, transport=fake_hostway.httpx_transport()) == 200
    assert asyncio.run(listed_async(fake_hostway, transport=fake_hostway.async_httpx_transport())) == 200


def test_interception_reaches_the_fake(fake_hostway: FakeHostway) -> None:
    with fake_hostway.intercept(block_others=True):
        assert httpx.get(f"{fake_hostway.url}/servers", auth=fake_hostway.auth).status_code == 200
        assert listed(fake_hostway) == 200
        assert asyncio.run(listed_async(fake_hostway)) == 200


def test_faults_raise_what_httpx_raises(fake_hostway: FakeHostway) -> None:
    fake_hostway.faults.on().nth(1).unavailable()
    fake_hostway.faults.on().nth(2).reset()
    fake_hostway.faults.on().nth(3).truncate(0.5)
    fake_hostway.faults.on().nth(4).hang()
    with httpx.Client(auth=fake_hostway.auth, transport=fake_hostway.httpx_transport()) as client:
        for error in (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout):
            with pytest.raises(error):
                client.get(f"{fake_hostway.url}/servers")


@pytest.mark.fake_hostway(tls=True)
def test_socket_speaks_tls(fake_hostway_server: FakeHostway) -> None:
    with fake_hostway_server.session() as session:
        assert session.get(f"{fake_hostway_server.url}/servers").status_code == 200
