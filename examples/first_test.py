"""The first test of the README: nothing but pytest and hostway_fake is needed."""

import requests

from hostway_fake import FakeHostway


def test_a_snapshot_becomes_active(fake_hostway: FakeHostway, fake_hostway_session: requests.Session) -> None:
    server = fake_hostway.add_server("jello614636-USOTE-0214")
    url = f"{fake_hostway.url}/servers/{server.id}/snapshots"
    created = fake_hostway_session.post(url, json={"snapshot": {"name": "nightly"}})
    assert (created.status_code, created.json()["snapshot"]["status"]) == (202, "BUILD")
    fake_hostway.clock.advance(minutes=5)
    later = fake_hostway_session.get(created.headers["Location"])
    assert later.json()["snapshot"]["status"] == "ACTIVE"
