"""The volume pages: volumes created, shown, listed and deleted, attached to servers and detached."""

import re
from collections.abc import Callable
from typing import Any, Final

import pytest
import requests

from hostway_fake import FakeHostway, ServerHandle

VOLUME: Final = {
    "display_name": "data",
    "display_description": "of the shop",
    "size": 20,
    "volume_type": "standard",
    "metadata": {"contents": "junk"},
    "availability_zone": "USOTE",
}

Make = Callable[..., requests.Response]


@pytest.fixture
def make(fake: FakeHostway, session: requests.Session) -> Make:
    """Creates a volume; a keyword changes what is asked for, None leaves it out."""

    def make(**changes: Any) -> requests.Response:
        asked = {key: value for key, value in {**VOLUME, **changes}.items() if value is not None}
        return session.post(f"{fake.url}/volumes", json={"volume": asked})

    return make


@pytest.fixture
def volume(make: Make) -> str:
    return str(make().json()["volume"]["id"])


@pytest.fixture
def attachments(fake: FakeHostway, server: ServerHandle) -> str:
    return f"{fake.url}/servers/{server.id}/os-volume_attachments"


# Volumes


@pytest.mark.documented("Volume pages")
def test_a_volume_comes_back_with_what_is_added(make: Make) -> None:
    answer = make()

    created = answer.json()["volume"]
    assert answer.status_code == 202
    assert created == {
        **VOLUME,
        "status": "Pending",
        "id": created["id"],
        "snapshot_id": "",
        "attachments": [],
        "created_at": "2013-04-12T19:29:00Z",
    }
    assert list(created) == [*VOLUME, "status", "id", "snapshot_id", "attachments", "created_at"]
    assert re.fullmatch("hbs2013Apr12_[0-9A-Za-z]{9}", created["id"])


@pytest.mark.documented("Volume pages")
def test_a_get_has_no_status_and_another_time(
    fake: FakeHostway, session: requests.Session, make: Make, volume: str
) -> None:
    answer = session.get(f"{fake.url}/volumes/{volume}")

    shown = {**VOLUME, "id": volume, "snapshot_id": "", "attachments": [], "created_at": "2013-04-12 19:29:00"}
    assert (answer.status_code, answer.json()) == (200, {"volume": shown})


@pytest.mark.contradicted("Volume pages")
@pytest.mark.parametrize("path", ["volumes", "volumes/detail"])
def test_a_list_has_sizes_as_text(fake: FakeHostway, session: requests.Session, volume: str, path: str) -> None:
    one = session.get(f"{fake.url}/volumes/{volume}").json()["volume"]

    assert session.get(f"{fake.url}/{path}").json() == {"volumes": [{**one, "size": "20"}]}


@pytest.mark.documented("Volume pages")
def test_a_volume_is_deleted(fake: FakeHostway, session: requests.Session, volume: str) -> None:
    url = f"{fake.url}/volumes/{volume}"

    assert session.delete(url).status_code == 204
    assert (session.get(url).status_code, session.delete(url).status_code) == (404, 404)
    assert fake.volumes == ()


@pytest.mark.assumed("Volume pages")
def test_a_volume_that_a_server_has_is_not_deleted(
    fake: FakeHostway, session: requests.Session, server: ServerHandle
) -> None:
    volume = server.attach_volume()

    refused = session.delete(f"{fake.url}/volumes/{volume}")

    assert (refused.status_code, refused.json()["conflict"]["details"]) == (409, f"{volume} is attached")
    assert server.volumes == (volume,)


@pytest.mark.assumed("Volume pages")
@pytest.mark.parametrize(
    "changes",
    [
        {"display_name": None},
        {"display_description": None},
        {"volume_type": None},
        {"metadata": None},
        {"metadata": {}},
        {"availability_zone": None},
        {"size": 1_000_000},
        {"unknown": 1},
    ],
    ids=str,
)
def test_all_but_the_size_may_be_left_out(make: Make, changes: dict[str, Any]) -> None:
    assert make(**changes).status_code == 202


@pytest.mark.assumed("Volume pages")
@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"size": None}, "volume.size must be a whole number from 1 to 1000000, not null or absent."),
        ({"size": 0}, "volume.size must be a whole number from 1 to 1000000, not 0."),
        ({"size": -5}, "volume.size must be a whole number from 1 to 1000000, not -5."),
        ({"size": 10**70}, f"volume.size must be a whole number from 1 to 1000000, not {10**59}...."),
        ({"size": 1.5}, "volume.size must be a whole number from 1 to 1000000, not a number."),
        ({"size": True}, "volume.size must be a whole number from 1 to 1000000, not a boolean."),
        ({"size": "20"}, "volume.size must be a whole number from 1 to 1000000, not a string."),
        ({"display_name": 5}, "volume.display_name must be a string, not a number."),
        ({"metadata": []}, "volume.metadata must be an object, not an array."),
        ({"metadata": {"contents": 5}}, "volume.metadata.contents must be a string, not a number."),
        ({"availability_zone": "MARS"}, "There is no zone 'MARS'."),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_is_refused(make: Make, fake: FakeHostway, changes: dict[str, Any], details: str) -> None:
    refused = make(**changes)

    assert (refused.status_code, refused.json()["badRequest"]["details"]) == (400, details)
    assert fake.volumes == ()


def test_the_time_of_creation_is_in_utc_where_it_says_so_and_else_in_the_zone_of_the_fake() -> None:
    with FakeHostway(time_zone="America/Chicago") as fake, fake.session() as session:
        made = session.post(f"{fake.url}/volumes", json={"volume": VOLUME}).json()["volume"]
        kept = session.get(f"{fake.url}/volumes/{made['id']}").json()["volume"]

    assert (made["created_at"], kept["created_at"]) == ("2013-04-12T19:29:00Z", "2013-04-12 14:29:00")


# Attachments


@pytest.mark.documented("Volume attachment pages")
def test_a_volume_is_attached_and_listed(
    session: requests.Session, server: ServerHandle, volume: str, attachments: str
) -> None:
    asked = {"volumeAttachment": {"volumeId": volume, "device": "/dev/test"}}

    answer = session.post(attachments, json=asked)

    assert (answer.status_code, answer.content) == (200, b"")
    held = {"device": "/dev/test", "serverId": server.id, "id": volume, "volumeId": volume}
    assert session.get(attachments).json() == {"volumeAttachments": [held]}
    assert server.volumes == (volume,)


@pytest.mark.documented("Volume attachment pages")
def test_one_attachment_is_shown_as_the_volume(
    fake: FakeHostway, session: requests.Session, server: ServerHandle, volume: str, attachments: str
) -> None:
    session.post(attachments, json={"volumeAttachment": {"volumeId": volume}})

    shown = session.get(f"{attachments}/{volume}").json()

    assert shown == session.get(f"{fake.url}/volumes/{volume}").json()
    held = {"device": "", "serverId": server.id, "id": volume, "volumeId": volume}
    assert shown["volume"]["attachments"] == [held]


@pytest.mark.documented("Volume attachment pages")
@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_a_volume_is_attached_once(
    fake: FakeHostway, session: requests.Session, server: ServerHandle, attachments: str, is_elsewhere: bool
) -> None:
    volume = (fake.add_server() if is_elsewhere else server).attach_volume()
    before = server.volumes

    refused = session.post(attachments, json={"volumeAttachment": {"volumeId": volume}})

    assert refused.json() == {
        "conflict": {"message": "VolumeAlreadyAttached", "code": 409, "details": f"{volume} is already attached"}
    }
    assert server.volumes == before


@pytest.mark.documented("Volume attachment pages")
def test_a_volume_is_detached_and_is_free(
    fake: FakeHostway, session: requests.Session, server: ServerHandle, attachments: str
) -> None:
    volume = server.attach_volume()

    assert session.delete(f"{attachments}/{volume}").status_code == 204

    assert server.volumes == ()
    assert fake.volumes[0].server_id == ""
    for method in ("GET", "DELETE"):
        assert session.request(method, f"{attachments}/{volume}").status_code == 404


@pytest.mark.documented("ServerSnapshotCreate", "552")
def test_an_extra_volume_comes_and_goes_over_http(
    fake: FakeHostway, session: requests.Session, server: ServerHandle, volume: str, attachments: str
) -> None:
    url, asked = f"{fake.url}/servers/{server.id}/snapshots", {"snapshot": {"name": "nightly"}}
    session.post(attachments, json={"volumeAttachment": {"volumeId": volume}})

    refused = session.post(url, json=asked)
    session.delete(f"{attachments}/{volume}")

    assert (refused.status_code, session.post(url, json=asked).status_code) == (400, 202)


@pytest.mark.assumed("Volume attachment pages")
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_another_server_has_is_not_here(
    fake: FakeHostway, session: requests.Session, attachments: str, method: str
) -> None:
    other = fake.add_server()
    volume = other.attach_volume()

    assert session.request(method, f"{attachments}/{volume}").status_code == 404
    assert other.volumes == (volume,)


@pytest.mark.assumed("Volume attachment pages")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"volumeAttachment": {"volumeId": "hbs2012May08_61EfdIZ3Y"}}, 404),
        ({"volumeAttachment": {"volumeId": ""}}, 400),
        ({"volumeAttachment": {}}, 400),
        ({"volumeAttachment": {"volumeId": "x", "device": 5}}, 400),
        ({}, 400),
    ],
    ids=str,
)
def test_what_cannot_be_attached_changes_nothing(
    session: requests.Session, server: ServerHandle, attachments: str, body: Any, status: int
) -> None:
    assert session.post(attachments, json=body).status_code == status
    assert server.volumes == ()


@pytest.mark.assumed("Volume attachment pages")
def test_a_server_in_build_takes_no_volume(fake: FakeHostway, session: requests.Session, volume: str) -> None:
    order = {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "1"}
    href = session.post(f"{fake.url}/servers", json={"server": order}).headers["Location"]

    refused = session.post(f"{href}os-volume_attachments", json={"volumeAttachment": {"volumeId": volume}})

    assert (refused.status_code, refused.json()["conflict"]["message"]) == (409, "ServerNotReady")
    assert fake.volumes[0].server_id == ""
