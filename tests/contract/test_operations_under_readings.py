"""Where a reading changes what an operation answers, the table of readings names that operation."""

import pytest

from hostway_fake import READINGS, FakeHostway
from hostway_fake.contract.operations import BY_NAME

_ORDER = {"server": {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "1"}}


def answers_of_all_operations(**readings: str) -> list[tuple[str, int, bytes]]:
    """Call each operation once or twice, while snapshots and servers are unfinished and when they are finished."""
    with FakeHostway(readings=readings) as fake, fake.session() as session:
        server = fake.add_server("jello614636-USOTE-0214")
        url = f"{fake.url}/servers/{server.id}"
        held = server.add_snapshot("held")
        deleted = server.add_snapshot("deleted", "DELETED")

        def made(path: str, body: object) -> str:
            ((_, fields),) = session.post(path, json=body).json().items()
            return str(fields["id"])

        def call(method: str, path: str, body: object = None) -> None:
            session.request(method, path, json=body)

        snapshot = made(f"{url}/snapshots", {"snapshot": {"name": "made"}})
        created = made(f"{fake.url}/servers", _ORDER)
        volume = made(f"{fake.url}/volumes", {"volume": {"size": 5}})
        for _ in range(2):
            for path in ("", "/snapshots", f"/snapshots/{snapshot}", f"/snapshots/{deleted.id}"):
                call("GET", url + path)
            for path in ("/servers", "/servers/detail", f"/servers/{created}", "/volumes", "/volumes/detail"):
                call("GET", fake.url + path)
            call("PUT", f"{fake.url}/servers/{created}", {"server": {"name": "db"}})
            fake.clock.advance(60)
        for path in (
            "images",
            "images/detail",
            "images/debian_lenny_template",
            "flavors",
            "flavors/detail",
            "flavors/1",
        ):
            call("GET", f"{fake.url}/{path}")
        call("GET", f"{fake.url}/zone")
        session.post(f"{url}/snapshots/{held.id}/action", json={"action": "restore"})
        call("DELETE", f"{url}/snapshots/{held.id}")
        attachment = {"volumeAttachment": {"volumeId": volume, "device": "/dev/test"}}
        call("POST", f"{url}/os-volume_attachments", attachment)
        call("POST", f"{url}/snapshots", {"snapshot": {"name": "deleted"}})
        for path in ("", f"/{volume}"):
            call("GET", f"{url}/os-volume_attachments{path}")
        call("GET", f"{fake.url}/volumes/{volume}")
        call("DELETE", f"{url}/os-volume_attachments/{volume}")
        call("DELETE", f"{fake.url}/volumes/{volume}")
        call("POST", f"{url}/snapshots", {"snapshot": {"name": "made"}})
        actions = (
            {"reboot": {"type": "SOFT"}},
            {"os-stop": None},
            {"resize": {"flavor": {"id": "4"}}},
            {"os-start": None},
        )
        for action in actions:
            call("POST", f"{url}/action", action)
            fake.clock.advance(60)
        call("DELETE", url)
        return [(call.operation or "", int(call.client_saw), call.response_body) for call in fake.calls]


_DEFAULT = answers_of_all_operations()


def test_every_operation_is_called() -> None:
    succeeded = {operation for operation, status, _ in _DEFAULT if status < 300}
    assert set(BY_NAME) - succeeded == set()


@pytest.mark.parametrize(
    ("name", "value"), [(reading.name, value) for reading in READINGS.values() for value in reading.values[1:]]
)
def test_reading_names_every_operation_whose_answer_it_changes(name: str, value: str) -> None:
    other = answers_of_all_operations(**{name: value})
    changed = {before[0] for before, after in zip(_DEFAULT, other, strict=True) if before != after}
    assert changed <= set(READINGS[name].operations)


def test_operation_knows_whether_its_response_has_json() -> None:
    with_json = {operation for operation, status, body in _DEFAULT if status < 300 and body}

    assert {name for name, operation in BY_NAME.items() if operation.has_json} == with_json
