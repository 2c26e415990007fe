"""The rules of creating a snapshot, without HTTP."""

from dataclasses import replace
from typing import Final

import pytest

from hostway_fake import START
from hostway_fake.contract.readings import DEFAULTS, read
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
from hostway_fake.domain import snapshots, volumes
from hostway_fake.domain.model import Server, Snapshot, Volume
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.snapshots import CreateSnapshot

_VOLUME: Final = Volume("hbs2012May08_61EfdIZ3Y", START)


def holding(*names: str, status: SnapshotStatus = SnapshotStatus.ACTIVE) -> Server:
    made = tuple(Snapshot(f"id-{name}", name, "", START, f"guid-{name}", status) for name in names)
    return Server("jello614636-USOTE-0214", "relation", "relation", snapshots=made)


def refusal(server: Server, name: str = "a", **readings: str) -> int:
    """The status with which a create is refused, 0 if it is not."""
    try:
        snapshots.check_create(server, server.snapshots, CreateSnapshot(name), read(readings))
    except Refusal as refused:
        return refused.error.status
    return 0


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        (ServerStatus.BUILD, 409),
        (ServerStatus.DELETED, 404),
        (ServerStatus.ACTIVE, 0),
        (ServerStatus.STOPPED, 0),
        (ServerStatus.SUSPENDED, 0),
        (ServerStatus.UNKNOWN, 0),
        (ServerStatus.PROCESSING, 0),
    ],
)
def test_a_server_of_any_status_but_two_can_be_snapshotted(status: ServerStatus, refused: int) -> None:
    assert refusal(replace(holding(), status=status)) == refused


def test_a_server_that_is_not_ready_says_so() -> None:
    with pytest.raises(Refusal, match=r"409 ServerNotReady: The server is in status BUILD\."):
        snapshots.check_create(replace(holding(), status=ServerStatus.BUILD), (), CreateSnapshot("a"), DEFAULTS)


@pytest.mark.parametrize(("names", "refused"), [("", 0), ("bc", 0), ("bcd", 413), ("a", 409), ("abc", 409)])
def test_a_name_and_a_place_must_be_free(names: str, refused: int) -> None:
    assert refusal(holding(*names)) == refused


@pytest.mark.parametrize("value", ["false", "true"])
def test_what_is_deleted_counts_as_the_reading_says(value: str) -> None:
    assert snapshots.counts_deleted(read({"deleted_count": value})) == (value == "true")


def test_a_volume_forbids_it() -> None:
    assert refusal(volumes.attach(holding(), _VOLUME, "")[0]) == 400


@pytest.mark.parametrize("order", ["400,409,413", "409,413,400", "413,400,409"])
def test_the_reading_says_which_refusal_comes_first(order: str) -> None:
    full, _ = volumes.attach(holding(*"abc"), _VOLUME, "")

    assert str(refusal(full, refusal_order=order)) == order[:3]


@pytest.mark.parametrize(
    ("value", "get", "listed"), [("get", True, False), ("never", False, False), ("always", True, True)]
)
def test_what_is_deleted_is_shown_as_the_reading_says(value: str, get: bool, listed: bool) -> None:
    (deleted,), readings = holding("a", status=SnapshotStatus.DELETED).snapshots, read({"deleted_visible": value})

    assert snapshots.lists_deleted(readings) == listed
    if get:
        assert snapshots.shown(deleted, readings) is deleted
    else:
        with pytest.raises(Refusal, match="404"):
            snapshots.shown(deleted, readings)


def test_what_is_not_there_is_not_shown() -> None:
    with pytest.raises(Refusal, match="404"):
        snapshots.shown(None, DEFAULTS)


def test_a_volume_is_attached_once_and_detached_once() -> None:
    server, volume = volumes.attach(holding(), _VOLUME, "/dev/test")
    assert volumes.attached(server, volume) is volume
    with pytest.raises(Refusal, match=f"409 VolumeAlreadyAttached: {volume.id} is already attached"):
        volumes.attach(server, volume, "/dev/test")

    assert volumes.detach(server, volume) == (holding(), _VOLUME)
    for other in (None, _VOLUME):
        with pytest.raises(Refusal, match="404"):
            volumes.attached(server, other)


def test_a_volume_that_a_server_has_is_not_deleted() -> None:
    _, volume = volumes.attach(holding(), _VOLUME, "")

    volumes.check_delete(_VOLUME)
    with pytest.raises(Refusal, match=f"409 VolumeInUse: {volume.id} is attached"):
        volumes.check_delete(volume)
