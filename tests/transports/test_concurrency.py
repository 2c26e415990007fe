"""Twenty clients at once: what is forbidden to one is forbidden to all together, whichever way they come in."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Barrier
from typing import Final

import pytest

from hostway_fake import FakeHostway

CLIENTS: Final = 20
TIMES: Final = 100

Create = Callable[[str, str], int]
"""One client's way to create: server and name in, status out."""


@contextmanager
def by_adapter(fake: FakeHostway) -> Iterator[list[Create]]:
    with ExitStack() as sessions:
        yield [_creating(sessions, fake) for _ in range(CLIENTS)]


@contextmanager
def by_socket(fake: FakeHostway) -> Iterator[list[Create]]:
    with fake.serve() as serving, ExitStack() as sessions:
        yield [_creating(sessions, fake.at(serving.url)) for _ in range(CLIENTS)]


def _creating(sessions: ExitStack, fake: FakeHostway) -> Create:
    session = sessions.enter_context(fake.session())

    def create(server_id: str, name: str) -> int:
        url = f"{fake.url}/servers/{server_id}/snapshots"
        return session.post(url, json={"snapshot": {"name": name}}).status_code

    return create


@contextmanager
def by_wsgi(fake: FakeHostway) -> Iterator[list[Create]]:
    def creating() -> Create:
        client = fake.wsgi_app.test_client()

        def create(server_id: str, name: str) -> int:
            path = f"/servers/{server_id}/snapshots"
            return client.post(path, auth=fake.auth, json={"snapshot": {"name": name}}).status_code

        return create

    yield [creating() for _ in range(CLIENTS)]


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CLIENTS) as threads:
        yield threads


@pytest.fixture(params=[by_adapter, by_socket, by_wsgi])
def clients(request: pytest.FixtureRequest, fake: FakeHostway) -> Iterator[list[Create]]:
    way: Callable[[FakeHostway], AbstractContextManager[list[Create]]] = request.param
    with way(fake) as clients:
        yield clients


def _at_once(threads: ThreadPoolExecutor, clients: list[Create], server_id: str, names: list[str]) -> Counter[int]:
    """What the clients hear that all create on one server, none before all are there."""
    barrier = Barrier(CLIENTS)

    def go(create: Create, name: str) -> int:
        barrier.wait(20)
        return create(server_id, name)

    return Counter(threads.map(go, clients, names))


@pytest.mark.parametrize(
    ("names", "statuses"),
    [
        (["nightly"] * CLIENTS, {202: 1, 409: CLIENTS - 1}),
        ([f"nightly {number}" for number in range(CLIENTS)], {202: 3, 413: CLIENTS - 3}),
    ],
    ids=["the same name", "different names"],
)
def test_no_more_are_created_than_the_rules_allow(
    names: list[str],
    statuses: dict[int, int],
    fake: FakeHostway,
    clients: list[Create],
    threads: ThreadPoolExecutor,
) -> None:
    for _ in range(TIMES):
        server = fake.add_server()

        heard = _at_once(threads, clients, server.id, names)

        assert heard == statuses
        assert len({snapshot.id for snapshot in server.snapshots}) == statuses[202]
        assert {snapshot.name for snapshot in server.snapshots} <= set(names)


def test_ids_are_never_given_twice(fake: FakeHostway, clients: list[Create], threads: ThreadPoolExecutor) -> None:
    servers = [fake.add_server() for _ in clients]
    statuses = list(threads.map(lambda create, server: create(server.id, "nightly"), clients, servers))

    snapshots = [snapshot for server in servers for snapshot in server.snapshots]
    assert statuses == [202] * CLIENTS
    assert (
        len({snapshot.id[-9:] for snapshot in snapshots}) == len({snapshot.guid for snapshot in snapshots}) == CLIENTS
    )
