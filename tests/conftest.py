"""What most tests need: a fake, a server in it, and a client that asks it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from hypothesis import settings

from hostway_fake import FakeHostway, ServerHandle

settings.register_profile("suite", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("suite")


@pytest.fixture
def fake() -> Iterator[FakeHostway]:
    with FakeHostway() as fake:
        yield fake


@pytest.fixture
def server(fake: FakeHostway) -> ServerHandle:
    return fake.add_server("jello614636-USOTE-0214")


@pytest.fixture
def session(fake: FakeHostway) -> Iterator[requests.Session]:
    with fake.session() as session:
        yield session


@pytest.fixture
def create(server: ServerHandle, fake: FakeHostway, session: requests.Session) -> Callable[..., requests.Response]:
    """Ask for a snapshot of ``server``: ``create("nightly")``, ``create("nightly", description="...")``."""

    def create(name: str, **fields: Any) -> requests.Response:
        url = f"{fake.url}/servers/{server.id}/snapshots"
        return session.post(url, json={"snapshot": {"name": name, **fields}})

    return create
