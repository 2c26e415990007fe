"""The whole neighbourhood in one story, with plain ``requests``: on every transport, family, and revision."""

import pytest
import requests

from hostway_fake import FakeHostway

ORDER = {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "3", "zone": "AUS001"}


@pytest.mark.parametrize("revision", ["2013-04", "2013-10"])
@pytest.mark.parametrize("base", ["", "/accounts/jello614636/flexcloud"])
@pytest.mark.parametrize("on_socket", [False, True], ids=["in process", "on a socket"])
def test_a_server_lives_is_snapshotted_and_dies(on_socket: bool, base: str, revision: str) -> None:
    with FakeHostway(revision=revision) as fake, fake.serve() as listening:
        reached = fake.at(listening.url) if on_socket else fake
        with reached.session() as session:
            _live(fake, session, reached.url + base, revision)


def _live(fake: FakeHostway, session: requests.Session, url: str, revision: str) -> None:
    created = session.post(f"{url}/servers", json={"server": ORDER})
    server = created.headers["Location"]
    assert (created.status_code, created.json()["server"]["status"]) == (202, "BUILD")
    assert server.startswith(url)
    assert session.get(f"{url}/servers").json() == {"servers": []}

    fake.clock.advance(minutes=1)
    assert session.get(server).json()["server"]["status"] == "ACTIVE"
    assert [each["zone"] for each in session.get(f"{url}/servers").json()["servers"]] == ["AUS001"]

    volume = session.post(f"{url}/volumes", json={"volume": {"size": 5}}).json()["volume"]["id"]
    attachment = {"volumeAttachment": {"volumeId": volume, "device": "/dev/test"}}
    assert session.post(f"{server}os-volume_attachments", json=attachment).status_code == 200
    assert session.post(f"{server}os-volume_attachments", json=attachment).status_code == 409
    refused = session.post(f"{server}snapshots", json={"snapshot": {"name": "a"}})
    assert (refused.status_code, "errorid" in refused.json()["badRequest"]) == (400, revision == "2013-10")
    assert session.delete(f"{server}os-volume_attachments/{volume}").status_code == 204

    snapshots = []
    for name in ("a", "b", "c"):
        answer = session.post(f"{server}snapshots", json={"snapshot": {"name": name}})
        assert answer.status_code == 202
        snapshots.append(answer.headers["Location"])
        fake.clock.advance(minutes=1)
    assert session.post(f"{server}snapshots", json={"snapshot": {"name": "d"}}).status_code == 413

    first = session.get(snapshots[0]).json()["snapshot"]
    assert session.post(f"{snapshots[0]}action", json={"action": "restore"}).status_code == 202
    assert session.delete(snapshots[1]).status_code == 204
    fourth = session.post(f"{server}snapshots", json={"snapshot": {"name": "d"}})
    assert fourth.status_code == 202
    fake.clock.advance(minutes=1)
    assert session.get(fourth.headers["Location"]).json()["snapshot"]["parent_guid"] == first["guid"]

    for action, while_it_runs, then in (("os-stop", "PROCESSING", "STOPPED"), ("os-start", "PROCESSING", "ACTIVE")):
        assert session.post(f"{server}action", json={action: None}).status_code == 202
        assert session.get(server).json()["server"]["status"] == while_it_runs
        fake.clock.advance(seconds=10)
        assert session.get(server).json()["server"]["status"] == then

    assert session.delete(server).status_code == 204
    for href in (server, *snapshots):
        assert session.get(href).status_code == 404
    assert session.get(f"{url}/servers").json() == {"servers": []}
    assert {call.client_saw for call in fake.calls} <= {"200", "202", "204", "400", "404", "409", "413"}
