"""A client that nobody here wrote: keystoneauth1 with HTTP Basic, on a socket, walks the neighbourhood."""

from collections.abc import Iterator
from typing import Any

import pytest
from keystoneauth1.adapter import Adapter
from keystoneauth1.exceptions import BadRequest, Conflict, NotFound, RequestEntityTooLarge, Unauthorized
from keystoneauth1.http_basic import HTTPBasicAuth
from keystoneauth1.session import Session

from hostway_fake import FakeHostway


@pytest.fixture
def client(fake: FakeHostway) -> Iterator[Any]:
    with fake.serve() as listening:
        user, password = fake.auth
        session = Session(auth=HTTPBasicAuth(username=user, password=password))
        session.session.trust_env = False
        yield Adapter(session, endpoint_override=listening.url)
        session.session.close()


def test_it_walks_servers_actions_attachments_and_snapshots(fake: FakeHostway, client: Any) -> None:
    order = {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "3"}
    created = client.post("/servers", json={"server": order})
    assert created.status_code == 202
    server = f"/servers/{created.json()['server']['id']}"
    fake.clock.advance(minutes=1)
    assert client.get(server).json()["server"]["status"] == "ACTIVE"
    assert len(client.get("/servers").json()["servers"]) == 1

    client.post(f"{server}/action", json={"os-stop": None})
    with pytest.raises(Conflict):
        client.post(f"{server}/action", json={"os-start": None})
    fake.clock.advance(seconds=10)
    assert client.get(server).json()["server"]["status"] == "STOPPED"

    volume = client.post("/volumes", json={"volume": {"size": 5}}).json()["volume"]["id"]
    assert client.post(f"{server}/os-volume_attachments", json={"volumeAttachment": {"volumeId": volume}}).ok
    with pytest.raises(BadRequest):
        client.post(f"{server}/snapshots", json={"snapshot": {"name": "a"}})
    assert client.delete(f"{server}/os-volume_attachments/{volume}").status_code == 204

    for name in "abc":
        made = client.post(f"{server}/snapshots", json={"snapshot": {"name": name}})
    with pytest.raises(RequestEntityTooLarge):
        client.post(f"{server}/snapshots", json={"snapshot": {"name": "d"}})
    fake.clock.advance(minutes=1)
    assert client.get(made.headers["Location"]).json()["snapshot"]["status"] == "ACTIVE"

    assert client.delete(server).status_code == 204
    with pytest.raises(NotFound):
        client.get(made.headers["Location"])


def test_its_wrong_password_is_told(fake: FakeHostway, client: Any) -> None:
    client.session.auth.password = "wrong"

    with pytest.raises(Unauthorized):
        client.get("/servers")
