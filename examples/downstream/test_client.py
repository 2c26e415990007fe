"""The client against the fake: in process, on a socket, and in no time."""

from collections.abc import Iterator

import pytest
import requests
from snapclient import (
    BadCredentials,
    DeadlinePassed,
    HostwayError,
    LimitReached,
    NameTaken,
    NotFound,
    NotSnapshottable,
    SnapshotClient,
    SnapshotDeleted,
)

from hostway_fake import FakeHostway, ServerHandle


@pytest.fixture
def server(fake_hostway: FakeHostway) -> ServerHandle:
    return fake_hostway.add_server()


@pytest.fixture
def client(fake_hostway: FakeHostway, fake_hostway_session: requests.Session) -> SnapshotClient:
    return SnapshotClient(fake_hostway.url, fake_hostway_session)


@pytest.fixture
def waiting(fake_hostway: FakeHostway) -> Iterator[FakeHostway]:
    """The fake, while the client waits on its clock."""
    with fake_hostway.patch_sleep("snapclient"):
        yield fake_hostway


def test_a_new_snapshot_is_in_build_without_a_guid(client: SnapshotClient, server: ServerHandle) -> None:
    snapshot = client.create(server.id, "nightly")

    assert (snapshot.name, snapshot.status, snapshot.guid) == ("nightly", "BUILD", "")


def test_the_list_shows_what_was_created(client: SnapshotClient, server: ServerHandle) -> None:
    created = [client.create(server.id, name) for name in ("monday", "tuesday")]

    assert client.snapshots(server.id) == created


# Waiting


def test_waiting_ends_with_the_build(client: SnapshotClient, server: ServerHandle, waiting: FakeHostway) -> None:
    waiting.builds.next(seconds=90)

    snapshot = client.wait(client.create(server.id, "nightly"))

    assert snapshot.status == "ACTIVE"
    assert snapshot.guid == server.snapshots[0].guid


def test_the_back_off_doubles_up_to_its_cap(client: SnapshotClient, server: ServerHandle, waiting: FakeHostway) -> None:
    waiting.builds.next(seconds=100)
    start = waiting.clock.now()

    client.wait(client.create(server.id, "nightly"))

    pauses = (1, 2, 4, 8, 16, 30, 30, 30)  # 91 s is too early, 121 s is not
    assert (waiting.clock.now() - start).total_seconds() == sum(pauses)


def test_a_build_that_never_ends_meets_the_deadline(
    client: SnapshotClient, server: ServerHandle, waiting: FakeHostway
) -> None:
    waiting.builds.next(never=True)
    start = waiting.clock.now()

    with pytest.raises(DeadlinePassed, match="still in BUILD after 45 s"):
        client.wait(client.create(server.id, "nightly"), deadline=45)

    assert (waiting.clock.now() - start).total_seconds() == 45


def test_a_snapshot_deleted_while_building_is_told_apart(
    client: SnapshotClient, server: ServerHandle, waiting: FakeHostway
) -> None:
    waiting.builds.next(seconds=20, ends="DELETED")

    with pytest.raises(SnapshotDeleted):
        client.wait(client.create(server.id, "nightly"))


def test_waiting_for_what_is_active_takes_no_time(
    client: SnapshotClient, server: ServerHandle, waiting: FakeHostway
) -> None:
    snapshot = client.create(server.id, "nightly")
    waiting.run_until(snapshot.id, "ACTIVE")
    before = waiting.clock.now()

    client.wait(client.get(snapshot.href))

    assert waiting.clock.now() == before


# Refusals


def test_a_server_with_an_extra_volume_is_refused(client: SnapshotClient, server: ServerHandle) -> None:
    server.attach_volume()

    with pytest.raises(NotSnapshottable, match=r"400: .*contains extra volumes"):
        client.create(server.id, "nightly")

    assert server.snapshots == ()


def test_a_wrong_password_is_refused(client: SnapshotClient, server: ServerHandle, fake_hostway: FakeHostway) -> None:
    client.session.auth = (fake_hostway.auth[0], "wrong")

    with pytest.raises(BadCredentials, match="401 Unauthorized"):
        client.create(server.id, "nightly")

    assert server.snapshots == ()


def test_an_unknown_server_is_not_found(client: SnapshotClient) -> None:
    with pytest.raises(NotFound, match="404: Resource not found"):
        client.snapshots("nobody1-USOTE-0001")


def test_a_name_that_is_taken_is_refused(client: SnapshotClient, server: ServerHandle) -> None:
    client.create(server.id, "nightly")

    with pytest.raises(NameTaken, match=r"409: .*must be unique"):
        client.create(server.id, "nightly")

    assert len(server.snapshots) == 1


def test_a_fourth_snapshot_is_refused(client: SnapshotClient, server: ServerHandle) -> None:
    for name in ("a", "b", "c"):
        server.add_snapshot(name)

    with pytest.raises(LimitReached, match=r"413: .*up to 3"):
        client.create(server.id, "d")

    assert [snapshot.name for snapshot in server.snapshots] == ["a", "b", "c"]


def test_any_other_refusal_keeps_its_status(client: SnapshotClient, fake_hostway: FakeHostway) -> None:
    with fake_hostway.add_account("other1", "secret"), pytest.raises(HostwayError) as refusal:
        client.get(f"{fake_hostway.url}/accounts/other1/flexcloud/servers/other1-USOTE-0001/snapshots")

    assert refusal.value.status == 403


# The same, on a socket


def test_a_session_of_its_own_goes_over_the_socket(fake_hostway_server: FakeHostway, server: ServerHandle) -> None:
    fake_hostway_server.builds.next(seconds=90)
    with requests.Session() as session, fake_hostway_server.patch_sleep("snapclient"):
        session.auth = fake_hostway_server.auth
        client = SnapshotClient(fake_hostway_server.url, session)

        snapshot = client.wait(client.create(server.id, "nightly"))

    assert snapshot.href.startswith(fake_hostway_server.url)
    assert server.snapshots[0].status == snapshot.status == "ACTIVE"
