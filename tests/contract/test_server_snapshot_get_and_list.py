"""The pages ``ServerSnapshotGet`` and ``ServerSnapshotList``."""

from typing import Any, Final

import pytest
import requests

from hostway_fake import FakeHostway, ServerHandle

_ONE: Final = ["id", "name", "description", "status", "guid", "parent_guid", "relation_guid", "create_time", "links"]
_OF_A_LIST: Final = [*_ONE[:3], "guid", "parent_guid", "relation_guid", "status", "create_time", "links"]


def url(fake: FakeHostway, server: ServerHandle, *more: str) -> str:
    return "/".join([f"{fake.url}/servers/{server.id}/snapshots", *more])


def listed(fake: FakeHostway, server: ServerHandle) -> list[dict[str, Any]]:
    with fake.session() as session:
        found = session.get(url(fake, server)).json()["snapshots"]
    assert isinstance(found, list)
    return found


@pytest.mark.documented("ServerSnapshotGet")
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("base", ["", "/accounts/jello614636/flexcloud"])
def test_get_shows_one_snapshot(fake: FakeHostway, server: ServerHandle, base: str, slash: str) -> None:
    made = server.add_snapshot("a")

    answer = fake.session().get(f"{fake.url}{base}/servers/{server.id}/snapshots/{made.id}{slash}")

    assert (answer.status_code, answer.history, list(answer.json())) == (200, [], ["snapshot"])
    fields = answer.json()["snapshot"]
    assert list(fields) == _ONE
    assert (fields["id"], fields["guid"]) == (made.id, made.guid)
    assert fields["links"][0]["href"] == f"{fake.url}{base}/servers/{server.id}/snapshots/{made.id}/"


@pytest.mark.documented("ServerSnapshotGet")
@pytest.mark.parametrize(
    "path", ["/servers/{server}/snapshots/nothing", "/servers/jello614636-USOTE-9999/snapshots/{id}"]
)
def test_get_of_what_is_not_there_is_404(fake: FakeHostway, server: ServerHandle, path: str) -> None:
    made = server.add_snapshot("a")

    answer = fake.session().get(fake.url + path.format(server=server.id, id=made.id))

    assert answer.status_code == 404


@pytest.mark.documented("ServerSnapshotGet")
def test_get_of_another_server_s_snapshot_is_404(fake: FakeHostway, server: ServerHandle) -> None:
    other = fake.add_server().add_snapshot("a")

    assert fake.session().get(url(fake, server, other.id)).status_code == 404


@pytest.mark.documented("ServerSnapshotGet")
@pytest.mark.parametrize("path", ["snapshots", "snapshots/nothing"])
def test_get_and_list_without_credentials_are_401(fake: FakeHostway, server: ServerHandle, path: str) -> None:
    with requests.Session() as session:
        fake.mount(session)

        assert session.get(f"{fake.url}/servers/{server.id}/{path}").status_code == 401


@pytest.mark.documented("ServerSnapshotList")
def test_list_shows_whole_snapshots_in_its_own_order_of_keys(fake: FakeHostway, server: ServerHandle) -> None:
    server.add_snapshot("a")
    server.add_snapshot("b", status="BUILD")

    found = listed(fake, server)

    assert [list(each) for each in found] == [_OF_A_LIST, _OF_A_LIST]
    assert [(each["name"], each["status"]) for each in found] == [("a", "ACTIVE"), ("b", "BUILD")]


@pytest.mark.documented("ServerSnapshotList")
def test_a_list_has_the_same_values_as_a_get(fake: FakeHostway, server: ServerHandle) -> None:
    made = server.add_snapshot("a")

    one = fake.session().get(url(fake, server, made.id)).json()["snapshot"]

    assert listed(fake, server) == [one]


@pytest.mark.documented("ServerSnapshotList")
def test_a_list_may_be_empty(fake: FakeHostway, server: ServerHandle) -> None:
    answer = fake.session().get(url(fake, server))

    assert (answer.status_code, answer.json()) == (200, {"snapshots": []})


@pytest.mark.documented("ServerSnapshotList")
def test_a_list_of_no_server_is_404(fake: FakeHostway) -> None:
    assert fake.session().get(f"{fake.url}/servers/jello614636-USOTE-9999/snapshots").status_code == 404


@pytest.mark.contradicted("ServerSnapshotList")
def test_a_list_is_asked_of_the_collection(fake: FakeHostway, server: ServerHandle) -> None:
    made = server.add_snapshot("a")

    assert "snapshots" in fake.session().get(url(fake, server)).json()
    assert "snapshots" not in fake.session().get(url(fake, server, made.id)).json()


@pytest.mark.contradicted("ServerSnapshotList")
@pytest.mark.parametrize(("value", "status"), [("200", 200), (202, 202)])
def test_the_status_of_a_list_is_200_or_that_of_the_heading(value: Any, status: int) -> None:
    with FakeHostway(readings={"list_status": value}) as fake:
        assert fake.session().get(url(fake, fake.add_server())).status_code == status


@pytest.mark.contradicted("ServerSnapshotList")
@pytest.mark.parametrize(("value", "shown"), [("snapshot", "/snapshots/{id}/"), ("server", "/")])
def test_the_self_link_in_a_list_shows_the_snapshot_or_the_server(value: str, shown: str) -> None:
    with FakeHostway(readings={"list_self_link": value}) as fake:
        server = fake.add_server()
        made = server.add_snapshot("a")

        (found,) = listed(fake, server)

        href = f"{fake.url}/servers/{server.id}{shown.format(id=made.id)}"
        assert found["links"] == [{"href": href, "rel": "self"}]
        assert (
            fake.session()
            .get(url(fake, server, made.id))
            .json()["snapshot"]["links"][0]["href"]
            .endswith(f"{made.id}/")
        )


@pytest.mark.assumed("ServerSnapshotGet")
@pytest.mark.parametrize(
    ("value", "got", "names"), [("get", 200, ["b"]), ("never", 404, ["b"]), ("always", 200, ["a", "b"])]
)
def test_a_deleted_snapshot_is_shown_as_the_reading_says(value: str, got: int, names: list[str]) -> None:
    with FakeHostway(readings={"deleted_visible": value}) as fake:
        server = fake.add_server()
        gone = server.add_snapshot("a", status="DELETED")
        server.add_snapshot("b")

        assert fake.session().get(url(fake, server, gone.id)).status_code == got
        assert [each["name"] for each in listed(fake, server)] == names
