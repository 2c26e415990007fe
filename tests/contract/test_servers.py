"""The server pages: servers created, shown, listed, renamed and deleted over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
import requests

from hostway_fake import START, FakeHostway, ServerHandle

IMAGE: Final = "20GB_Ubuntu 10.10 x64 R1soft"
ORDER: Final = {
    "name": "web",
    "imageRef": "http://api.hostway.test/images/20GB_Ubuntu%2010.10%20x64%20R1soft/",
    "flavorRef": "http://api.hostway.test/flavors/3/",
    "securityGroupRef": "http://api.hostway.test/security-groups/1/",
    "adminPass": "s3cret",
    "zone": "USOTE",
}

Post = Callable[..., requests.Response]


@pytest.fixture
def order(fake: FakeHostway, session: requests.Session) -> Post:
    """Creates a server; a keyword changes what is asked for, None leaves it out."""

    def order(**changes: Any) -> requests.Response:
        asked = {key: value for key, value in {**ORDER, **changes}.items() if value is not None}
        return session.post(f"{fake.url}/servers", json={"server": asked})

    return order


# Create


@pytest.mark.documented("Server pages")
def test_a_server_is_created_in_build_and_found_at_its_location(order: Post, session: requests.Session) -> None:
    created = order()

    server = created.json()["server"]
    assert created.status_code == 202
    assert created.headers["Location"] == server["links"][0]["href"]
    assert (server["status"], server["created"], server["hostId"], server["progress"]) == ("BUILD", "", "", 0)
    assert session.get(created.headers["Location"]).json()["server"] == {
        key: value for key, value in server.items() if key != "adminPass"
    }


@pytest.mark.documented("Server pages")
@pytest.mark.parametrize("given", ["s3cret", None])
def test_a_password_is_generated_when_it_is_left_out(order: Post, given: str | None) -> None:
    password = order(adminPass=given).json()["server"]["adminPass"]

    assert password == given or (given is None and len(password) == 12 and password.isalnum())


def test_generated_passwords_differ_and_come_again_from_the_same_seed() -> None:
    def passwords(seed: int) -> list[str]:
        with FakeHostway(seed=seed) as fake, fake.session() as session:
            asked = {key: value for key, value in ORDER.items() if key != "adminPass"}
            answers = [session.post(f"{fake.url}/servers", json={"server": asked}) for _ in range(3)]
            return [answer.json()["server"]["adminPass"] for answer in answers]

    assert passwords(1) == passwords(1)
    assert len({*passwords(1), *passwords(2)}) == 6


@pytest.mark.documented("Server pages")
def test_the_keys_are_those_of_the_sample(order: Post, fake: FakeHostway, session: requests.Session) -> None:
    href = order().headers["Location"]
    fake.clock.advance(minutes=1)

    server = session.get(href).json()["server"]

    assert list(server) == [
        "status",
        "updated",
        "hostId",
        "addresses",
        "links",
        "image",
        "userId",
        "flavor",
        "id",
        "name",
        "created",
        "tenantId",
        "accessIPv4",
        "accessIPv6",
        "progress",
        "metadata",
    ]
    assert server["image"] == {
        "name": "Ubuntu 10.10 x64",
        "links": [{"href": f"{fake.url}/images/20GB_Ubuntu%2010.10%20x64%20R1soft/", "rel": "self"}],
        "id": IMAGE,
    }
    assert server["flavor"] == {
        "name": "1024MB Server3",
        "links": [{"href": f"{fake.url}/flavors/3/", "rel": "self"}],
        "id": 3,
    }
    assert (server["userId"], server["tenantId"], server["updated"], server["metadata"]) == (
        fake.auth[0],
        None,
        None,
        {},
    )
    assert server["links"] == [{"href": href, "rel": "self"}]


@pytest.mark.assumed("Server pages")
def test_a_server_becomes_active_on_the_clock(order: Post, fake: FakeHostway, session: requests.Session) -> None:
    created = order().json()["server"]
    fake.clock.advance(seconds=60)

    server = session.get(f"{fake.url}/servers/{created['id']}").json()["server"]

    assert (server["status"], server["progress"], server["created"]) == ("ACTIVE", 100, "2013-04-12T19:30:00")
    assert server["hostId"].endswith("-usote.hyperv.hostway")
    public, private = server["addresses"]["public"], server["addresses"]["private"]
    assert [each["version"] for each in (*public, *private)] == [4, 4]
    assert server["accessIPv4"] == public[0]["addr"]
    assert created["addresses"] == {"public": [], "private": []}
    assert created["accessIPv4"] is None


@pytest.mark.documented("Server pages")
@pytest.mark.parametrize("zone", ["USOTE", "AUS001", "USOTE-2012-TAMPA"])
def test_an_id_has_account_zone_and_number(order: Post, fake: FakeHostway, zone: str) -> None:
    ids = [order(zone=zone).json()["server"]["id"] for _ in range(2)]

    assert ids == [f"{fake.auth[0]}-{zone}-0001", f"{fake.auth[0]}-{zone}-0002"]


@pytest.mark.assumed("Server pages")
@pytest.mark.parametrize(
    "changes",
    [
        {"imageRef": IMAGE},
        {"imageRef": "/images/debian_lenny_template"},
        {"flavorRef": "1"},
        {"flavorRef": 1},
        {"zone": None},
        {"securityGroupRef": None},
        {"unknown": {"a": 1}},
    ],
    ids=str,
)
def test_what_is_lenient_is_taken(order: Post, changes: dict[str, Any]) -> None:
    assert order(**changes).status_code == 202


@pytest.mark.assumed("Server pages")
@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"name": None}, "server.name must be a string, not null or absent."),
        ({"name": ""}, "server.name must not be empty."),
        ({"name": ["a"]}, "server.name must be a string, not an array."),
        ({"imageRef": None}, "server.imageRef must be a string, not null or absent."),
        ({"imageRef": "windows"}, "There is no image 'windows'."),
        ({"imageRef": "http://api.hostway.test/images/"}, "There is no image 'images'."),
        ({"flavorRef": None}, "server.flavorRef must be a string, not null or absent."),
        ({"flavorRef": True}, "server.flavorRef must be a string, not a boolean."),
        ({"flavorRef": -1}, "server.flavorRef must be a string, not a number."),
        ({"flavorRef": "99"}, "There is no flavor '99'."),
        ({"flavorRef": ""}, "server.flavorRef must not be empty."),
        ({"zone": "MARS"}, "There is no zone 'MARS'."),
        ({"zone": 5}, "server.zone must be a string, not a number."),
        ({"securityGroupRef": 7}, "server.securityGroupRef must be a string, not a number."),
        ({"adminPass": ""}, "server.adminPass must not be empty."),
        ({"adminPass": 5}, "server.adminPass must be a string, not a number."),
    ],
    ids=str,
)
def test_what_cannot_be_ordered_is_refused(
    order: Post, fake: FakeHostway, changes: dict[str, Any], details: str
) -> None:
    refused = order(**changes)

    assert (refused.status_code, refused.json()["badRequest"]["details"]) == (400, details)
    assert fake.servers == ()


@pytest.mark.assumed("Server pages")
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"server": []}', b"\xff", b"NaN"])
def test_a_body_that_is_none_is_refused(fake: FakeHostway, session: requests.Session, body: bytes) -> None:
    assert session.post(f"{fake.url}/servers", data=body).status_code == 400
    assert fake.servers == ()


def test_a_server_in_build_cannot_be_snapshotted(order: Post, fake: FakeHostway, session: requests.Session) -> None:
    href = order().headers["Location"]
    snapshot = {"snapshot": {"name": "nightly"}}

    assert session.post(f"{href}snapshots", json=snapshot).status_code == 409
    fake.clock.advance(minutes=1)
    assert session.post(f"{href}snapshots", json=snapshot).status_code == 202


# Get and list


@pytest.mark.documented("Server pages")
def test_a_list_says_id_zone_and_links(fake: FakeHostway, session: requests.Session, server: ServerHandle) -> None:
    listed = session.get(f"{fake.url}/servers")

    href = f"{fake.url}/servers/{server.id}/"
    assert (listed.status_code, listed.json()) == (
        200,
        {"servers": [{"id": server.id, "zone": "USOTE", "links": [{"href": href, "rel": "self"}]}]},
    )


@pytest.mark.documented("Server pages")
def test_a_detailed_list_shows_them_whole(fake: FakeHostway, session: requests.Session, server: ServerHandle) -> None:
    one = session.get(f"{fake.url}/servers/{server.id}").json()["server"]

    assert session.get(f"{fake.url}/servers/detail").json() == {"servers": [one]}


@pytest.fixture
def fleet(fake: FakeHostway, order: Post) -> dict[str, str]:
    """Ids of servers by their status."""
    ids = {status: fake.add_server(status=status).id for status in ("ACTIVE", "STOPPED", "SUSPENDED", "UNKNOWN")}
    deleted = fake.add_server("michalski275226-AUS001-0005")
    deleted.delete()
    processing = fake.add_server()
    processing.reboot()
    built = order(name="new", imageRef="debian_lenny_template", zone="AUS001").json()["server"]["id"]
    return {**ids, "DELETED": deleted.id, "PROCESSING": processing.id, "BUILD": built}


@pytest.mark.documented("Server pages")
@pytest.mark.parametrize("path", ["", "/detail"])
def test_without_a_filter_only_active_and_stopped_servers_are_listed(
    fake: FakeHostway, session: requests.Session, fleet: dict[str, str], path: str
) -> None:
    listed = [each["id"] for each in session.get(f"{fake.url}/servers{path}").json()["servers"]]

    assert listed == [fleet["ACTIVE"], fleet["STOPPED"]]


@pytest.mark.documented("Server pages")
@pytest.mark.parametrize("path", ["", "/detail"])
def test_a_filter_finds_every_status(
    fake: FakeHostway, session: requests.Session, fleet: dict[str, str], path: str
) -> None:
    for status, server_id in fleet.items():
        listed = session.get(f"{fake.url}/servers{path}", params={"status": status}).json()["servers"]
        assert [each["id"] for each in listed] == [server_id]


@pytest.mark.documented("Server pages")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=BUILD&name=new", True),
        ("status=BUILD&name=old", False),
        ("status=BUILD&name=", False),
        ("status=BUILD&zone=AUS001", True),
        ("status=BUILD&zone=USOTE", False),
        ("status=BUILD&image=debian_lenny_template", True),
        ("status=BUILD&image=20GB_Ubuntu%2010.10%20x64%20R1soft", False),
        ("zone=AUS001", False),
        ("status=ACTIVE&status=BUILD", True),
        ("status=nothing", False),
        ("unknown=1&status=BUILD", True),
    ],
)
def test_filters_narrow_a_list(
    fake: FakeHostway, session: requests.Session, fleet: dict[str, str], query: str, found: bool
) -> None:
    listed = [each["id"] for each in session.get(f"{fake.url}/servers?{query}").json()["servers"]]

    assert (fleet["BUILD"] in listed) == found


@pytest.mark.documented("Server pages")
@pytest.mark.parametrize("path", ["nothing", "jello614636-USOTE-9999", "%C3%A9"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_server_is_404(fake: FakeHostway, session: requests.Session, path: str, method: str) -> None:
    assert session.request(method, f"{fake.url}/servers/{path}").status_code == 404


# Update


@pytest.mark.assumed("Server pages")
def test_a_server_is_renamed(fake: FakeHostway, session: requests.Session, server: ServerHandle) -> None:
    fake.clock.advance(5)
    url = f"{fake.url}/servers/{server.id}"

    answer = session.put(url, json={"server": {"name": "db"}})

    assert (answer.status_code, answer.json()["server"]["name"]) == (200, "db")
    assert answer.json()["server"]["updated"] == "2013-04-12T19:29:05"
    assert session.get(url).json() == answer.json()
    assert server.name == "db"


@pytest.mark.assumed("Server pages")
@pytest.mark.parametrize("body", [{}, {"server": {}}, {"server": {"name": ""}}, {"server": {"name": 5}}, []])
def test_a_name_that_is_none_changes_nothing(
    fake: FakeHostway, session: requests.Session, server: ServerHandle, body: Any
) -> None:
    assert session.put(f"{fake.url}/servers/{server.id}", json=body).status_code == 400
    assert server.name == server.id


# Delete


@pytest.mark.assumed("Server pages")
def test_a_deleted_server_takes_its_snapshots_along_and_frees_its_volumes(
    fake: FakeHostway, session: requests.Session, server: ServerHandle
) -> None:
    kept, building = server.add_snapshot("a"), server.add_snapshot("b", "BUILD")
    volume = server.attach_volume()
    url = f"{fake.url}/servers/{server.id}"

    answer = session.delete(url)

    assert (answer.status_code, answer.content) == (204, b"")
    assert {snapshot.status for snapshot in server.snapshots} == {"DELETED"}
    assert fake.clock.pending() == ()
    assert session.get(f"{fake.url}/volumes/{volume}").json()["volume"]["attachments"] == []
    for path in ("", "/snapshots", f"/snapshots/{kept.id}", f"/snapshots/{building.id}", "/os-volume_attachments"):
        assert session.get(url + path).status_code == 404
    fake.clock.advance(hours=1)
    assert {snapshot.status for snapshot in server.snapshots} == {"DELETED"}


@pytest.mark.assumed("Server pages")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "", None),
        ("PUT", "", {"server": {"name": "a"}}),
        ("POST", "/snapshots", {"snapshot": {"name": "a"}}),
        ("POST", "/snapshots/x/action", {"action": "restore"}),
        ("DELETE", "/snapshots/x", None),
        ("POST", "/action", {"os-stop": None}),
        ("POST", "/action", {"fly": None}),
        ("POST", "/os-volume_attachments", {"volumeAttachment": {"volumeId": "hbs2012May08_61EfdIZ3Y"}}),
        ("DELETE", "/os-volume_attachments/x", None),
    ],
)
def test_a_deleted_server_is_404_for_everything(
    fake: FakeHostway, session: requests.Session, server: ServerHandle, method: str, path: str, body: Any
) -> None:
    server.delete()

    answer = session.request(method, f"{fake.url}/servers/{server.id}{path}", json=body)

    assert answer.status_code == 404
    assert server.status == "DELETED"


@pytest.mark.assumed("Server pages")
@pytest.mark.parametrize("status", ["BUILD", "ACTIVE", "STOPPED", "SUSPENDED", "UNKNOWN", "PROCESSING"])
def test_a_server_can_be_deleted_in_any_status(
    fake: FakeHostway, session: requests.Session, fleet: dict[str, str], status: str
) -> None:
    assert session.delete(f"{fake.url}/servers/{fleet[status]}").status_code == 204

    fake.clock.advance(hours=1)
    assert fake.server(fleet[status]).status == "DELETED"


# Time


def test_polling_a_server_moves_a_clock_that_steps() -> None:
    with FakeHostway(poll_step=25) as fake, fake.session() as session:
        href = session.post(f"{fake.url}/servers", json={"server": ORDER}).headers["Location"]
        polls = 1
        while session.get(href).json()["server"]["status"] == "BUILD":
            polls += 1
        assert (polls, fake.clock.now() - START) == (4, timedelta(seconds=60))


@pytest.mark.parametrize("path", ["servers", "servers/detail", "servers?status=ACTIVE"])
def test_waiting_for_a_server_in_a_list_moves_a_clock_that_steps(path: str) -> None:
    with FakeHostway(poll_step=25) as fake, fake.session() as session:
        session.post(f"{fake.url}/servers", json={"server": ORDER})
        polls = 1
        while not session.get(f"{fake.url}/{path}").json()["servers"]:
            polls += 1
        assert polls == 4


def test_the_times_of_a_server_are_in_the_zone_of_the_fake() -> None:
    with FakeHostway(time_zone="America/Chicago") as fake, fake.session() as session:
        href = session.post(f"{fake.url}/servers", json={"server": ORDER}).headers["Location"]
        fake.clock.advance(60)
        assert session.get(href).json()["server"]["created"] == "2013-04-12T14:30:00"
