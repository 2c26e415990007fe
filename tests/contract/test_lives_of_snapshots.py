"""What a client sees of a snapshot from its request to its end: guids, times, dates and links, in both families."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import requests

from hostway_fake import START, FakeHostway, ServerHandle

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_GUIDS: Final = ("guid", "parent_guid", "relation_guid")
_LONG: Final = "/accounts/jello614636/flexcloud"

Create = Callable[..., requests.Response]


@pytest.fixture(params=["", _LONG], ids=["short", "long"])
def base(request: pytest.FixtureRequest) -> str:
    """What goes before a path, in either family."""
    return str(request.param)


def get(fake: FakeHostway, server: ServerHandle, snapshot_id: str) -> dict[str, Any]:
    found = fake.session().get(f"{fake.url}/servers/{server.id}/snapshots/{snapshot_id}").json()["snapshot"]
    assert isinstance(found, dict)
    return found


def listed(fake: FakeHostway, server: ServerHandle, base: str = "") -> list[dict[str, Any]]:
    found = fake.session().get(f"{fake.url}{base}/servers/{server.id}/snapshots").json()["snapshots"]
    assert isinstance(found, list)
    return found


# Pending


@pytest.mark.documented("ServerSnapshotCreate", "552")
def test_guids_are_empty_on_get_and_list_too_until_it_is_active(
    fake: FakeHostway, server: ServerHandle, create: Create
) -> None:
    made = create("a").json()["snapshot"]
    fake.clock.advance(timedelta(seconds=60) - timedelta(microseconds=1))

    (in_list,) = listed(fake, server)
    for seen in (get(fake, server, made["id"]), in_list):
        assert [seen[key] for key in _GUIDS] == ["", "", ""]


@pytest.mark.assumed("ServerSnapshotCreate", "552")
def test_a_pending_one_has_no_parent_guid_beside_active_ones(fake: FakeHostway, server: ServerHandle) -> None:
    server.add_snapshot("a")
    pending = server.add_snapshot("b", status="BUILD")

    assert [get(fake, server, pending.id)[key] for key in _GUIDS] == ["", "", ""]


@pytest.mark.documented("ServerSnapshotCreate", "552")
def test_only_status_guids_and_create_time_change_on_the_way(
    fake: FakeHostway, server: ServerHandle, create: Create
) -> None:
    before = create("a", description="b").json()["snapshot"]
    fake.clock.advance(minutes=1)

    after = get(fake, server, before["id"])

    assert {key for key in before if before[key] != after[key]} == {"status", "create_time", *_GUIDS}


# Active


@pytest.mark.assumed("ServerSnapshotCreate", "552")
@pytest.mark.parametrize("days", [1, 365, 365 * 400])
def test_a_create_time_is_exact_after_a_far_jump(
    fake: FakeHostway, server: ServerHandle, create: Create, days: int
) -> None:
    made = create("a").json()["snapshot"]

    fake.clock.advance(days=days)

    assert get(fake, server, made["id"])["create_time"] == "2013-04-12 19:30:00"


@pytest.mark.assumed("ServerSnapshotCreate", "552")
def test_parents_are_those_of_small_steps_after_a_far_jump() -> None:
    def parents(*steps: int) -> list[dict[str, Any]]:
        with FakeHostway() as fake:
            server = fake.add_server("jello614636-USOTE-0214")
            for name, seconds in (("a", 30), ("b", 10), ("c", 20)):
                fake.builds.next(seconds=seconds)
                server.add_snapshot(name, status="BUILD")
            for seconds in steps:
                fake.clock.advance(seconds)
                listed(fake, server)
            return listed(fake, server)

    assert parents(10_000) == parents(10, 10, 10) == parents(15, 15)


@pytest.mark.assumed("ServerSnapshotRestore")
def test_a_deleted_snapshot_stays_the_parent(fake: FakeHostway, server: ServerHandle) -> None:
    first = server.add_snapshot("a")
    server.delete_snapshot(first.id)

    second = server.add_snapshot("b")

    assert get(fake, server, second.id)["parent_guid"] == first.guid


@pytest.mark.assumed("ServerSnapshotRestore")
@pytest.mark.parametrize("order", [{"ends": "DELETED", "seconds": 5}, {"never": True}], ids=["deleted", "never"])
def test_what_was_never_active_is_no_parent(fake: FakeHostway, server: ServerHandle, order: dict[str, Any]) -> None:
    fake.builds.next(**order)
    server.add_snapshot("a", status="BUILD")
    fake.clock.advance(minutes=5)

    found = get(fake, server, server.add_snapshot("b").id)

    assert found["parent_guid"] == found["relation_guid"] != ""


@pytest.mark.assumed("ServerSnapshotCreate", "552")
def test_parents_of_one_server_are_not_another_s(fake: FakeHostway, server: ServerHandle) -> None:
    fake.add_server().add_snapshot("a")

    found = get(fake, server, server.add_snapshot("a").id)

    assert found["parent_guid"] == found["relation_guid"]


# Deleted


@pytest.mark.assumed("ServerSnapshotGet")
def test_deleting_an_active_one_changes_its_status_only(fake: FakeHostway, server: ServerHandle) -> None:
    made = server.add_snapshot("a")
    before = get(fake, server, made.id)
    server.delete_snapshot(made.id)
    fake.clock.advance(hours=1)

    assert get(fake, server, made.id) == {**before, "status": "DELETED"}


@pytest.mark.assumed("ServerSnapshotGet")
def test_one_deleted_in_build_never_gets_guids(fake: FakeHostway, server: ServerHandle) -> None:
    made = server.add_snapshot("a", status="BUILD")
    before = get(fake, server, made.id)
    server.delete_snapshot(made.id)
    fake.clock.advance(hours=1)

    assert get(fake, server, made.id) == {**before, "status": "DELETED"}
    assert [before[key] for key in _GUIDS] == ["", "", ""]


# Dates and zones


@pytest.mark.documented("ServerSnapshotCreate", "552")
@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2013, 4, 30, 23, 59, 59, tzinfo=UTC), "2013Apr30"),
        (datetime(2013, 5, 1, tzinfo=UTC), "2013May01"),
        (datetime(2013, 12, 31, 23, 59, 59, tzinfo=UTC), "2013Dec31"),
        (datetime(2016, 2, 29, tzinfo=UTC), "2016Feb29"),
    ],
)
def test_the_day_of_an_id_is_that_of_its_request(
    fake: FakeHostway, server: ServerHandle, create: Create, instant: datetime, day: str
) -> None:
    fake.clock.advance_to(instant)
    made = create("a").json()["snapshot"]["id"]
    fake.clock.advance(days=3)

    assert re.fullmatch(rf"snapshot_{server.id}_{day}_[0-9A-Za-z]{{9}}", made)
    assert [each["id"] for each in listed(fake, server)] == [made]


@pytest.mark.assumed("ServerSnapshotCreate", "552")
@pytest.mark.parametrize(
    ("zone", "create_time", "day"),
    [
        ("UTC", "2013-04-12 19:30:00", "2013Apr12"),
        ("America/Chicago", "2013-04-12 14:30:00", "2013Apr12"),
        ("Asia/Kolkata", "2013-04-13 01:00:00", "2013Apr13"),
    ],
)
@pytest.mark.parametrize("reading", ["completed", "requested"])
def test_create_time_and_id_are_in_the_zone_of_the_fake(zone: str, create_time: str, day: str, reading: str) -> None:
    with FakeHostway(time_zone=zone, readings={"create_time_is": reading}) as fake:
        server = fake.add_server()
        fake.clock.advance_to(START + timedelta(seconds=60 if reading == "requested" else 0))
        made = server.add_snapshot("a", status="BUILD")
        fake.clock.advance(hours=1)

        assert get(fake, server, made.id)["create_time"] == create_time
        assert f"_{day}_" in made.id


@pytest.mark.assumed("ServerSnapshotCreate", "552")
def test_a_fraction_of_a_second_is_left_out(fake: FakeHostway, server: ServerHandle) -> None:
    fake.clock.advance(0.999999)

    assert get(fake, server, server.add_snapshot("a").id)["create_time"] == "2013-04-12 19:29:00"


# Seeds


@pytest.mark.assumed("ServerSnapshotCreate", "552")
def test_another_seed_changes_what_is_drawn_and_nothing_else() -> None:
    def seen(seed: int) -> dict[str, Any]:
        with FakeHostway(seed=seed) as fake:
            server = fake.add_server()
            return get(fake, server, server.add_snapshot("a").id)

    one, other = seen(1), seen(2)

    assert {key for key in one if one[key] != other[key]} == {"id", *_GUIDS, "links"}
    assert one["id"][:-9] == other["id"][:-9]
    assert all(_UUID.fullmatch(each[key]) for each in (one, other) for key in _GUIDS)


@pytest.mark.assumed("ServerSnapshotCreate", "552")
def test_ids_and_guids_are_drawn_once(fake: FakeHostway) -> None:
    made = [
        get(fake, server, server.add_snapshot(name).id)
        for server in (fake.add_server() for _ in range(20))
        for name in "abc"
    ]

    assert len({each["id"][-9:] for each in made}) == len({each["guid"] for each in made}) == 60
    assert len({each["relation_guid"] for each in made}) == 20


# Links in both families


@pytest.mark.assumed("Server action pages")
def test_location_and_links_come_back_in_the_family_of_the_request(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, base: str
) -> None:
    created = session.post(f"{fake.url}{base}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})
    href = f"{fake.url}{base}/servers/{server.id}/snapshots/{created.json()['snapshot']['id']}/"

    got = session.get(created.headers["Location"]).json()["snapshot"]
    (in_list,) = listed(fake, server, base)

    assert created.headers["Location"] == href
    assert got["links"] == in_list["links"] == [{"href": href, "rel": "self"}]


@pytest.mark.assumed("Server action pages")
def test_what_was_made_in_one_family_is_linked_in_the_other(fake: FakeHostway, server: ServerHandle) -> None:
    made = server.add_snapshot("a")

    hrefs = [listed(fake, server, base)[0]["links"][0]["href"] for base in ("", _LONG)]

    path = f"/servers/{server.id}/snapshots/{made.id}/"
    assert hrefs == [f"{fake.url}{path}", f"{fake.url}{_LONG}{path}"]


@pytest.mark.contradicted("ServerSnapshotList")
def test_a_link_to_the_server_is_in_the_family_of_the_request(base: str) -> None:
    with FakeHostway(readings={"list_self_link": "server"}) as fake:
        server = fake.add_server()
        server.add_snapshot("a")

        (found,) = listed(fake, server, base)

        assert found["links"] == [{"href": f"{fake.url}{base}/servers/{server.id}/", "rel": "self"}]


@pytest.mark.documented("ServerSnapshotCreate", "552")
@pytest.mark.parametrize("host", ["api.example", "api.example:8443", "[::1]:6543"])
def test_links_name_the_host_that_the_client_named(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, host: str
) -> None:
    url = f"{fake.url}/servers/{server.id}/snapshots"
    created = session.post(url, json={"snapshot": {"name": "a"}}, headers={"Host": host})

    href = f"http://{host}/servers/{server.id}/snapshots/{created.json()['snapshot']['id']}/"
    assert created.headers["Location"] == created.json()["snapshot"]["links"][0]["href"] == href
