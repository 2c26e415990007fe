"""Each value of each reading that can be switched: what a client sees change, and that it sees nothing else change."""

from typing import Any, Final

import pytest
import requests

from hostway_fake import READINGS, FakeHostway, ServerHandle
from hostway_fake.contract.evidence import Evidence

_BARE: Final = "amVsbG82MTQ2MzY6aG9zdHdheQ=="

_DEFAULT: Final[dict[str, object]] = {
    "pending on create": "",
    "pending on get": "",
    "pending on list": "",
    "time on get": "2013-04-12 19:30:05",
    "time on list": "2013-04-12 19:30:05",
    "list": (200, "OK"),
    "link of a list": "/servers/{server}/snapshots/{snapshot}/",
    "volume and name": 400,
    "volume and limit": 400,
    "name and limit": 409,
    "name of a deleted one": 202,
    "place of a deleted one": 202,
    "get of a deleted one": 200,
    "list beside a deleted one": ["b"],
    "without the word Basic": 200,
    "over the limit": (None, None),
    "create of a volume": 202,
    "size in a list": "5",
}
"""What a client sees when nothing was switched."""

_CHANGES: Final[list[tuple[str, str, dict[str, object]]]] = [
    ("pending_create_time", "empty", {}),
    (
        "pending_create_time",
        "zero",
        dict.fromkeys(("pending on create", "pending on get", "pending on list"), "0000-00-00 00:00:00"),
    ),
    ("create_time_is", "completed", {}),
    ("create_time_is", "requested", dict.fromkeys(("time on get", "time on list"), "2013-04-12 19:29:05")),
    ("list_status", "200", {}),
    ("list_status", "202", {"list": (202, "Accepted")}),
    ("list_self_link", "snapshot", {}),
    ("list_self_link", "server", {"link of a list": "/servers/{server}/"}),
    ("refusal_order", "400,409,413", {}),
    ("refusal_order", "400,413,409", {"name and limit": 413}),
    ("refusal_order", "409,400,413", {"volume and name": 409}),
    ("refusal_order", "409,413,400", {"volume and name": 409, "volume and limit": 413}),
    ("refusal_order", "413,400,409", {"volume and limit": 413, "name and limit": 413}),
    ("refusal_order", "413,409,400", {"volume and name": 409, "volume and limit": 413, "name and limit": 413}),
    ("deleted_count", "false", {}),
    ("deleted_count", "true", {"name of a deleted one": 409, "place of a deleted one": 413}),
    ("deleted_visible", "get", {}),
    ("deleted_visible", "never", {"get of a deleted one": 404}),
    ("deleted_visible", "always", {"list beside a deleted one": ["a", "b"]}),
    ("authorization", "either", {}),
    ("authorization", "basic", {"without the word Basic": 401}),
    ("over_limit_retry_after", "off", {}),
    ("over_limit_retry_after", "on", {"over the limit": ("0", 0)}),
    ("volume_list_size", "text", {}),
    ("volume_list_size", "number", {"size in a list": 5}),
    ("volume_create_status", "202", {}),
    ("volume_create_status", "200", {"create of a volume": 200}),
]
"""Reading, value, and in what the client's view then differs from that of `_DEFAULT`."""


class _Client:
    """Asks a fake; each look at it takes a server of its own, lest one disturb another."""

    def __init__(self, fake: FakeHostway) -> None:
        self.fake = fake
        self.session = fake.session()

    def create(self, server: ServerHandle, name: str) -> requests.Response:
        return self.session.post(f"{self.fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": name}})

    def get(self, server: ServerHandle, snapshot_id: str, **headers: str) -> requests.Response:
        url = f"{self.fake.url}/servers/{server.id}/snapshots/{snapshot_id}"
        return self.session.get(url, headers=headers)

    def list_all(self, server: ServerHandle) -> requests.Response:
        return self.session.get(f"{self.fake.url}/servers/{server.id}/snapshots")

    def listed(self, server: ServerHandle) -> list[dict[str, Any]]:
        found = self.list_all(server).json()["snapshots"]
        assert isinstance(found, list)
        return found

    def server(self, *names: str, volume: bool = False) -> ServerHandle:
        """A server with snapshots of these names; one that begins with a minus is DELETED."""
        server = self.fake.add_server()
        for name in names:
            server.add_snapshot(name.removeprefix("-"), status="DELETED" if name.startswith("-") else "ACTIVE")
        if volume:
            server.attach_volume()
        return server


def _times(client: _Client) -> dict[str, object]:
    server = client.server()
    client.fake.clock.advance(5)
    made = client.create(server, "a").json()["snapshot"]

    def times(when: str) -> dict[str, object]:
        one = client.get(server, made["id"]).json()["snapshot"]
        (listed,) = client.listed(server)
        return {f"{when} on get": one["create_time"], f"{when} on list": listed["create_time"]}

    pending = {"pending on create": made["create_time"], **times("pending")}
    client.fake.clock.advance(hours=1)
    return {**pending, **times("time")}


def _refusals(client: _Client) -> dict[str, object]:
    return {
        "volume and name": client.create(client.server("a", volume=True), "a").status_code,
        "volume and limit": client.create(client.server("a", "b", "c", volume=True), "d").status_code,
        "name and limit": client.create(client.server("a", "b", "c"), "a").status_code,
        "name of a deleted one": client.create(client.server("-a"), "a").status_code,
        "place of a deleted one": client.create(client.server("-a", "b", "c"), "d").status_code,
    }


def _rest(client: _Client) -> dict[str, object]:
    server = client.server("-a", "b")
    gone, stays = server.snapshots
    listed = client.list_all(server)
    *_, link = (each["links"][0]["href"] for each in listed.json()["snapshots"])
    over = client.create(client.server("a", "b", "c"), "d")
    bare = _Client(client.fake)
    bare.session.auth = None
    return {
        "list": (listed.status_code, listed.reason),
        "link of a list": link.removeprefix(client.fake.url)
        .replace(stays.id, "{snapshot}")
        .replace(server.id, "{server}"),
        "get of a deleted one": client.get(server, gone.id).status_code,
        "list beside a deleted one": [each["name"] for each in client.listed(server)],
        "without the word Basic": bare.get(server, stays.id, Authorization=_BARE).status_code,
        "over the limit": (over.headers.get("Retry-After"), over.json()["overLimit"].get("retryAfter")),
    }


def _volumes(client: _Client) -> dict[str, object]:
    created = client.session.post(f"{client.fake.url}/volumes", json={"volume": {"size": 5}})
    listed = client.session.get(f"{client.fake.url}/volumes").json()["volumes"]
    return {"create of a volume": created.status_code, "size in a list": listed[-1]["size"]}


@pytest.mark.parametrize(("name", "value", "changes"), _CHANGES, ids=[f"{row[0]}={row[1]}" for row in _CHANGES])
def test_a_value_changes_what_it_says_and_nothing_else(name: str, value: str, changes: dict[str, object]) -> None:
    with FakeHostway(readings={name: value}) as fake:
        client = _Client(fake)

        assert {**_times(client), **_refusals(client), **_rest(client), **_volumes(client)} == {**_DEFAULT, **changes}


def test_the_table_holds_every_value_that_can_be_switched() -> None:
    switchable = [(each.name, value) for each in READINGS.values() if len(each.values) > 1 for value in each.values]

    assert [(name, value) for name, value, _ in _CHANGES] == switchable


def test_every_view_is_changed_by_a_value() -> None:
    assert {view for _, _, changes in _CHANGES for view in changes} == set(_DEFAULT)


@pytest.mark.parametrize(
    ("name", "evidence", "page"),
    [
        ("pending_create_time", Evidence.CONTRADICTED, "ServerSnapshotCreate"),
        ("list_status", Evidence.CONTRADICTED, "ServerSnapshotList"),
        ("list_self_link", Evidence.CONTRADICTED, "ServerSnapshotList"),
        ("list_request", Evidence.CONTRADICTED, "ServerSnapshotList"),
        ("authorization", Evidence.CONTRADICTED, "ServerSnapshotCreate"),
        ("volume_list_size", Evidence.CONTRADICTED, "Volume pages"),
    ],
)
def test_what_the_pages_contradict_is_named_so(name: str, evidence: Evidence, page: str) -> None:
    assert (READINGS[name].source.evidence, READINGS[name].source.page) == (evidence, page)


def test_all_the_other_readings_are_assumed() -> None:
    contradicted = {name for name, each in READINGS.items() if each.source.evidence is Evidence.CONTRADICTED}

    assert len(contradicted) == 6
    assert {READINGS[name].source.evidence for name in set(READINGS) - contradicted} == {Evidence.ASSUMED}
