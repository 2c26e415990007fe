"""What a server holds, read and arranged from Python; what Hostway forbids is refused there too."""

import re
from collections.abc import Callable
from typing import Any, Final

import pytest
import requests

from hostway_fake import (
    START,
    CannotHappenError,
    FakeHostway,
    HostwayFakeError,
    InvalidValueError,
    RefusedError,
    ServerHandle,
    WrongTypeError,
)

_ID: Final = "account-ZONE-4 digits, such as 'jello614636-USOTE-0214'"
_NAME: Final = "a string that is not empty, without halves of surrogate pairs"
_VOLUME: Final = "hbs2012May08_61EfdIZ3Y"
_VOLUME_ID: Final = "hbsYYYYMonDD_ and 9 letters or digits, such as 'hbs2012May08_61EfdIZ3Y'"


def _held(fake: FakeHostway) -> list[tuple[object, ...]]:
    """All that the account holds and all that is planned."""
    return [
        *((server.id, server.snapshots, server.volumes) for server in fake.servers),
        fake.clock.pending(),
        (fake.clock.now(),),
    ]


def test_a_server_says_which_it_is(server: ServerHandle) -> None:
    assert repr(server) == "<ServerHandle jello614636-USOTE-0214>"


def test_a_server_without_an_id_gets_one_in_the_documented_format(fake: FakeHostway) -> None:
    assert [fake.add_server().id for _ in range(2)] == ["jello614636-USOTE-0001", "jello614636-USOTE-0002"]


def test_an_id_that_is_drawn_passes_over_one_that_is_taken(fake: FakeHostway) -> None:
    fake.add_server("jello614636-USOTE-0002")

    assert fake.add_server().id == "jello614636-USOTE-0003"


@pytest.mark.parametrize(
    "server_id", ["jello614636-USOTE-0214", "michalski275226-AUS001-0005", "smith1234-USOTE-2012-TAMPA-0001"]
)
def test_a_server_can_bear_the_prefix_of_any_account(fake: FakeHostway, server_id: str) -> None:
    assert fake.add_server(server_id).id == server_id


@pytest.mark.parametrize(
    ("server_id", "kind"),
    [
        ("", InvalidValueError),
        ("jello614636", InvalidValueError),
        ("jello614636-USOTE-214", InvalidValueError),
        ("jello614636-USOTE-02145", InvalidValueError),
        ("jello614636-usote-0214", InvalidValueError),
        ("jello614636-USOTE-0214\n", InvalidValueError),
        ("jello/614636-USOTE-0214", InvalidValueError),
        (214, WrongTypeError),
        (b"jello614636-USOTE-0214", WrongTypeError),
    ],
)
def test_an_id_of_another_form_is_refused(fake: FakeHostway, server_id: Any, kind: type[HostwayFakeError]) -> None:
    with pytest.raises(kind) as caught:
        fake.add_server(server_id)

    assert str(caught.value) == f"server id: got {server_id!r}, expected {_ID}"
    assert fake.servers == ()


def test_an_id_is_taken_once(fake: FakeHostway, server: ServerHandle) -> None:
    server.add_snapshot("nightly")
    before = _held(fake)

    with pytest.raises(InvalidValueError, match="server id: got 'jello614636-USOTE-0214', expected one that"):
        fake.add_server(server.id)

    assert _held(fake) == before


def test_a_server_that_is_refused_leaves_the_ids_to_come_as_they_were() -> None:
    def drawn(fake: FakeHostway) -> str:
        return fake.servers[0].add_snapshot("nightly").id

    plain, refused = FakeHostway(), FakeHostway()
    for fake in (plain, refused):
        fake.add_server("jello614636-USOTE-0214")
    with pytest.raises(InvalidValueError):
        refused.add_server("jello614636-USOTE-0214")

    assert drawn(refused) == drawn(plain)


def test_servers_stand_in_the_order_in_which_they_were_added(fake: FakeHostway) -> None:
    added = [fake.add_server(f"jello614636-USOTE-000{number}").id for number in (3, 1, 2)]

    assert [server.id for server in fake.servers] == added


def test_a_fake_begins_with_nothing(fake: FakeHostway) -> None:
    assert fake.servers == ()


def test_a_server_begins_with_nothing(server: ServerHandle) -> None:
    assert (server.snapshots, server.volumes) == ((), ())


@pytest.mark.parametrize("status", ["BUILD", "ACTIVE", "DELETED"])
def test_a_snapshot_can_be_added_in_each_status(server: ServerHandle, status: str) -> None:
    snapshot = server.add_snapshot("nightly", status)

    assert (snapshot.name, snapshot.description, snapshot.status) == ("nightly", "", status)
    assert server.snapshots == (snapshot,)


def test_a_snapshot_is_added_active_unless_told_otherwise(server: ServerHandle) -> None:
    assert server.add_snapshot("nightly").status == "ACTIVE"


def test_a_snapshot_added_in_build_is_built_later(fake: FakeHostway, server: ServerHandle) -> None:
    server.add_snapshot("nightly", "BUILD")

    fake.clock.advance(minutes=1)

    assert [snapshot.status for snapshot in server.snapshots] == ["ACTIVE"]


def test_a_snapshot_made_by_a_client_is_seen(server: ServerHandle, create: Callable[..., requests.Response]) -> None:
    answer = create("nightly", description="each night").json()["snapshot"]

    assert [(each.id, each.name, each.description) for each in server.snapshots] == [
        (answer["id"], "nightly", "each night")
    ]


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((7,), WrongTypeError, "name: got 7, expected a string"),
        (("",), InvalidValueError, f"name: got '', expected {_NAME}"),
        (("\ud800",), InvalidValueError, f"name: got '\\ud800', expected {_NAME}"),
        (
            ("a", "active"),
            InvalidValueError,
            "status: got 'active', expected one of: 'BUILD', 'ACTIVE', 'DELETED'",
        ),
        (("a", None), InvalidValueError, "status: got None, expected one of: 'BUILD', 'ACTIVE', 'DELETED'"),
    ],
)
def test_a_snapshot_of_a_bad_name_or_status_is_refused(
    fake: FakeHostway, server: ServerHandle, arguments: Any, kind: type[HostwayFakeError], message: str
) -> None:
    before = _held(fake)

    with pytest.raises(kind) as caught:
        server.add_snapshot(*arguments)

    assert str(caught.value) == message
    assert _held(fake) == before


@pytest.mark.parametrize("status", ["BUILD", "ACTIVE", "DELETED"])
def test_a_fourth_snapshot_is_refused(fake: FakeHostway, server: ServerHandle, status: str) -> None:
    for name in ("first", "second", "third"):
        server.add_snapshot(name)
    before = _held(fake)

    with pytest.raises(RefusedError) as caught:
        server.add_snapshot("fourth", status)

    assert str(caught.value) == (
        "jello614636-USOTE-0214: snapshot 'fourth': Hostway would respond with 413 SnapshotLimitReached: "
        "The snapshot can be created up to 3 in a server."
    )
    assert _held(fake) == before


def test_a_name_that_is_taken_is_refused(fake: FakeHostway, server: ServerHandle) -> None:
    server.add_snapshot("nightly")
    before = _held(fake)

    with pytest.raises(
        RefusedError, match=r"409 SnapshotNameNotUnique: The snapshot name must be unique in a server\."
    ):
        server.add_snapshot("nightly")

    assert _held(fake) == before


def test_a_server_with_a_volume_refuses_a_snapshot(fake: FakeHostway, server: ServerHandle) -> None:
    server.attach_volume()
    before = _held(fake)

    with pytest.raises(RefusedError, match=r"400 ServerContainsExtraVolumes: .* contains extra volumes\.$"):
        server.add_snapshot("nightly")

    assert _held(fake) == before


def test_deleted_snapshots_do_not_count(server: ServerHandle) -> None:
    for _ in range(4):
        server.add_snapshot("nightly", "DELETED")

    assert [snapshot.status for snapshot in server.snapshots] == ["DELETED"] * 4


@pytest.mark.parametrize("status", ["BUILD", "ACTIVE"])
def test_a_snapshot_can_be_deleted_built_or_not(fake: FakeHostway, server: ServerHandle, status: str) -> None:
    server.delete_snapshot(server.add_snapshot("nightly", status).id)

    assert [snapshot.status for snapshot in server.snapshots] == ["DELETED"]
    assert fake.clock.pending() == ()


@pytest.mark.parametrize("is_deleted", [False, True], ids=["that is not there", "that is deleted already"])
def test_a_snapshot_cannot_be_deleted(fake: FakeHostway, server: ServerHandle, is_deleted: bool) -> None:
    snapshot_id = server.add_snapshot("nightly", "DELETED").id if is_deleted else "nightly"
    before = _held(fake)

    with pytest.raises(
        RefusedError, match=rf"^{server.id}: '{snapshot_id}': Hostway would respond with 404 Resource not found$"
    ):
        server.delete_snapshot(snapshot_id)

    assert _held(fake) == before


def test_a_snapshot_of_another_server_cannot_be_deleted(fake: FakeHostway, server: ServerHandle) -> None:
    snapshot = fake.add_server().add_snapshot("nightly")
    before = _held(fake)

    with pytest.raises(RefusedError):
        server.delete_snapshot(snapshot.id)

    assert _held(fake) == before


def test_a_volume_without_an_id_gets_one_in_the_documented_format(server: ServerHandle) -> None:
    volume = server.attach_volume()

    assert volume.startswith("hbs2013Apr12_")
    assert len(volume) == len(_VOLUME)
    assert server.volumes == (volume,)


def test_a_volume_is_attached_by_its_id(server: ServerHandle) -> None:
    assert (server.attach_volume(_VOLUME), server.volumes) == (_VOLUME, (_VOLUME,))


@pytest.mark.parametrize(
    ("volume_id", "kind"),
    [
        ("", InvalidValueError),
        ("hbs", InvalidValueError),
        ("hbs2012May08_61EfdIZ3", InvalidValueError),
        (7, WrongTypeError),
    ],
)
def test_a_volume_id_of_another_form_is_refused(
    server: ServerHandle, volume_id: Any, kind: type[HostwayFakeError]
) -> None:
    with pytest.raises(kind) as caught:
        server.attach_volume(volume_id)

    assert str(caught.value) == f"volume id: got {volume_id!r}, expected {_VOLUME_ID}"
    assert server.volumes == ()


def test_a_volume_is_attached_once(server: ServerHandle) -> None:
    server.attach_volume(_VOLUME)

    with pytest.raises(RefusedError, match=f"409 VolumeAlreadyAttached: {_VOLUME} is already attached$"):
        server.attach_volume(_VOLUME)

    assert server.volumes == (_VOLUME,)


def test_a_volume_that_is_detached_no_longer_forbids_snapshots(server: ServerHandle) -> None:
    server.detach_volume(server.attach_volume())

    assert server.add_snapshot("nightly").status == "ACTIVE"
    assert server.volumes == ()


def test_a_volume_that_is_not_attached_is_named_with_those_that_are(server: ServerHandle) -> None:
    server.attach_volume(_VOLUME)

    with pytest.raises(InvalidValueError) as caught:
        server.detach_volume("hbs2012May08_000000000")

    assert str(caught.value) == (
        "volume id: got 'hbs2012May08_000000000', expected one attached to jello614636-USOTE-0214: "
        "'hbs2012May08_61EfdIZ3Y'"
    )
    assert server.volumes == (_VOLUME,)


def test_a_volume_is_detached_once(server: ServerHandle) -> None:
    volume = server.attach_volume()
    server.detach_volume(volume)

    with pytest.raises(InvalidValueError, match="volume id: got "):
        server.detach_volume(volume)

    assert server.volumes == ()


# What is done to a server


@pytest.mark.parametrize(
    ("do", "status", "before"),
    [
        (lambda server: server.reboot(), "ACTIVE", "ACTIVE"),
        (lambda server: server.resize("4"), "ACTIVE", "ACTIVE"),
        (lambda server: server.stop(), "STOPPED", "ACTIVE"),
        (lambda server: server.start(), "ACTIVE", "STOPPED"),
    ],
)
def test_what_is_done_from_python_takes_its_time(
    fake: FakeHostway, do: Callable[[ServerHandle], None], status: str, before: str
) -> None:
    server = fake.add_server(status=before)

    do(server)

    assert server.status == "PROCESSING"
    (event,) = fake.clock.pending()
    assert (event.server_id, event.snapshot_id, event.subject, event.status) == (server.id, "", server.id, status)
    server.run_until(status)
    assert server.status == status
    assert (fake.clock.now() - START).total_seconds() == 10


def test_what_is_forbidden_from_python_says_so(fake: FakeHostway, server: ServerHandle) -> None:
    with pytest.raises(RefusedError, match=f"{server.id}: start: Hostway would respond with 409 WrongServerStatus"):
        server.start()
    with pytest.raises(RefusedError, match="400 SameFlavor"):
        server.resize(server.flavor)
    server.delete()
    with pytest.raises(RefusedError, match="delete: Hostway would respond with 404 Resource not found"):
        server.delete()
    assert (server.status, fake.servers[0].id) == ("DELETED", server.id)


def test_a_server_that_was_made_over_http_is_found(fake: FakeHostway) -> None:
    order = {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "1"}
    created = fake.session().post(f"{fake.url}/servers", json={"server": order}).json()["server"]

    found = fake.server(created["id"])

    assert (found.name, found.status, found.flavor) == ("web", "BUILD", "1")
    found.run_until("ACTIVE")
    assert found.status == "ACTIVE"
    with pytest.raises(CannotHappenError, match=f"{found.id} will not become STOPPED: it is ACTIVE"):
        found.run_until("STOPPED")
    with pytest.raises(InvalidValueError, match="status: got 'DONE', expected one of: 'BUILD', 'ACTIVE', 'SUSPENDED'"):
        found.run_until("DONE")
    with pytest.raises(
        InvalidValueError, match=f"server id: got 'nothing', expected one of this account: '{found.id}'"
    ):
        fake.server("nothing")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"status": "BUILD"}, "status: got 'BUILD', expected one of: 'ACTIVE', 'STOPPED', 'SUSPENDED', 'UNKNOWN'"),
        ({"flavor": "99"}, "flavor: got '99', expected one of: '1', '2', '3', '4'"),
    ],
)
def test_a_server_is_arranged_in_a_status_in_which_it_rests(
    fake: FakeHostway, options: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidValueError, match=message):
        fake.add_server(**options)
    assert fake.servers == ()


def test_volumes_say_where_they_are(fake: FakeHostway, server: ServerHandle) -> None:
    volume_id = server.attach_volume()
    assert [(volume.id, volume.server_id) for volume in fake.volumes] == [(volume_id, server.id)]

    server.detach_volume(volume_id)
    other = fake.add_server()
    other.attach_volume(volume_id)

    assert [(volume.id, volume.server_id) for volume in fake.volumes] == [(volume_id, other.id)]
    with pytest.raises(RefusedError, match="409 VolumeAlreadyAttached"):
        server.attach_volume(volume_id)


def test_a_deleted_server_takes_no_volume(fake: FakeHostway, server: ServerHandle) -> None:
    server.delete()

    with pytest.raises(RefusedError, match="404 Resource not found"):
        server.attach_volume()
    assert fake.volumes == ()


@pytest.mark.parametrize("flavor", [3, None, [], 2.0])
def test_a_flavor_is_named_by_a_text(fake: FakeHostway, server: ServerHandle, flavor: Any) -> None:
    for use in (lambda: server.resize(flavor), lambda: fake.add_server(flavor=flavor)):
        with pytest.raises(WrongTypeError, match=f"flavor: got {re.escape(repr(flavor))}, expected a string"):
            use()


def test_a_handle_is_equal_to_another_of_the_same_server(fake: FakeHostway, server: ServerHandle) -> None:
    assert server == fake.server(server.id) == fake.servers[0]
    assert server in {*fake.servers}
    assert server != fake.add_server()
    assert server != server.id
    with fake.add_account("michalski275226", "secret") as other:
        assert server != other.add_server(server.id)
    with pytest.raises(AttributeError):
        server.id = "another"  # type: ignore[misc]  # it is read-only


def test_after_ten_thousand_servers_the_zone_is_what_it_was(fake: FakeHostway) -> None:
    for _ in range(10_000):
        last = fake.account.world.add_server(None)
    assert (last.id, last.zone) == ("jello614636-USOTE1-0000", "USOTE")


def test_snapshot_is_found_by_name_or_id(server: ServerHandle) -> None:
    first, second = server.add_snapshot("a"), server.add_snapshot("b")

    assert server.snapshot("a") == first
    assert server.snapshot(second.id) == second


def test_of_snapshots_with_one_name_the_newest_is_found(server: ServerHandle) -> None:
    server.delete_snapshot(server.add_snapshot("a").id)
    newest = server.add_snapshot("a")

    assert server.snapshot("a") == newest


def test_snapshot_that_does_not_exist_is_named(server: ServerHandle) -> None:
    server.add_snapshot("nightly")

    with pytest.raises(InvalidValueError, match=f"snapshot: got 'weekly', expected one of {server.id}: 'nightly'"):
        server.snapshot("weekly")
