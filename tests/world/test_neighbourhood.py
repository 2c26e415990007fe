"""Any operations on any mix of servers, volumes and snapshots, under any reading: what must hold, holds after each."""

from collections.abc import Callable
from typing import Any, Final

import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from hostway_fake import READINGS, FakeHostway
from hostway_fake.contract.limits import SNAPSHOTS_PER_SERVER
from hostway_fake.domain.identifiers import SERVER_ID, SNAPSHOT_ID, VOLUME_ID

_SWITCHABLE: Final = {name: reading.values for name, reading in READINGS.items() if len(reading.values) > 1}

_ORDER: Final = {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "1"}


class Neighbourhood:
    """A client that does what it is told by numbers, to what it has seen of the fake."""

    def __init__(self, fake: FakeHostway) -> None:
        self.fake = fake
        self.session = fake.session()
        self.servers = [fake.add_server().id, fake.add_server().id]
        self.snapshots = ["snapshot_nothing"]
        self.volumes = ["hbs2012May08_61EfdIZ3Y"]
        self.create_volume(1)

    def ask(self, method: str, path: str, body: object = None) -> requests.Response:
        return self.session.request(method, self.fake.url + path, json=body)

    def server(self, number: int) -> str:
        """One of the three servers that were made last."""
        return f"/servers/{self.servers[-3:][number % len(self.servers[-3:])]}"

    def snapshot(self, number: int) -> str:
        """A snapshot that was seen, mostly of that server."""
        server = self.server(number)
        own = [name for name in self.snapshots if server.removeprefix("/servers/") in name] or self.snapshots
        return f"{server}/snapshots/{own[number // 3 % len(own)]}"

    def volume(self, number: int) -> str:
        return self.volumes[-2:][number % 2]

    def create_server(self, number: int) -> requests.Response:
        if number % 4:
            return self.create_snapshot(number)
        answer = self.ask("POST", "/servers", {"server": _ORDER if number % 5 else {}})
        if answer.status_code == 202:
            self.servers.append(answer.json()["server"]["id"])
        return answer

    def create_snapshot(self, number: int) -> requests.Response:
        answer = self.ask("POST", f"{self.server(number)}/snapshots", {"snapshot": {"name": "abcd"[number // 2 % 4]}})
        if answer.status_code == 202:
            self.snapshots.append(answer.json()["snapshot"]["id"])
        return answer

    def create_volume(self, number: int) -> requests.Response:
        answer = self.ask("POST", "/volumes", {"volume": {"size": number % 5}})
        if answer.ok:
            self.volumes.append(answer.json()["volume"]["id"])
        return answer

    def act(self, number: int) -> requests.Response:
        actions: list[dict[str, Any]] = [
            {"os-stop": None},
            {"os-start": None},
            {"reboot": {"type": "HARD"}},
            {"resize": {"flavor": {"id": str(number // 4 % 5)}}},
            {"fly": None},
        ]
        return self.ask("POST", f"{self.server(number)}/action", actions[number // 2 % len(actions)])

    def attach(self, number: int) -> requests.Response:
        body = {"volumeAttachment": {"volumeId": self.volume(number)}}
        return self.ask("POST", f"{self.server(number // 2)}/os-volume_attachments", body)

    def wait(self, number: int) -> requests.Response:
        self.fake.clock.advance((1, 10, 60)[number % 3])
        return self.ask("GET", "/servers/detail")

    def held(self) -> object:
        return self.fake.account.world.servers(), self.fake.volumes


_STEPS: Final[tuple[Callable[[Neighbourhood, int], requests.Response], ...]] = (
    Neighbourhood.create_snapshot,
    Neighbourhood.create_snapshot,
    Neighbourhood.create_server,
    Neighbourhood.create_volume,
    Neighbourhood.act,
    Neighbourhood.attach,
    Neighbourhood.wait,
    Neighbourhood.wait,
    Neighbourhood.attach,
    lambda here, number: here.ask("DELETE", here.snapshot(number)),
    lambda here, number: here.ask("POST", f"{here.snapshot(number)}/action", {"action": "restore"}),
    lambda here, number: here.ask("DELETE", here.server(number)) if number % 3 == 0 else here.wait(number),
    lambda here, number: here.ask("PUT", here.server(number), {"server": {"name": "db"}}),
    lambda here, number: here.ask("DELETE", f"{here.server(number // 2)}/os-volume_attachments/{here.volume(number)}"),
    lambda here, number: here.ask("DELETE", f"/volumes/{here.volume(number)}"),
)

_READINGS: Final = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in _SWITCHABLE.items()}
)


@settings(max_examples=150)
@given(
    readings=_READINGS,
    steps=st.lists(st.tuples(st.sampled_from(_STEPS), st.integers(0, 200)), min_size=10, max_size=40),
)
def test_what_must_hold_holds_after_each_step(
    readings: dict[str, str], steps: list[tuple[Callable[[Neighbourhood, int], requests.Response], int]]
) -> None:
    with FakeHostway(readings={**readings, "authorization": "basic"}) as fake:
        here = Neighbourhood(fake)
        for step, number in steps:
            before = here.held()
            answer = step(here, number)
            assert answer.status_code < 500
            if answer.status_code >= 400:
                assert here.held() == before, "a refusal changes nothing"
            _check(here, readings)
        _check_links(here)
        here.session.close()


def _check(here: Neighbourhood, readings: dict[str, str]) -> None:
    attached = {volume.id: volume.server_id for volume in here.fake.volumes if volume.server_id}
    held: dict[str, str] = {}
    all_count = readings.get("deleted_count") == "true"
    for server in here.fake.account.world.servers():
        counting = [each for each in server.snapshots if each.status != "DELETED" or all_count]
        assert SERVER_ID.fullmatch(server.id)
        assert all(SNAPSHOT_ID.fullmatch(each.id) for each in server.snapshots)
        assert len(counting) <= SNAPSHOTS_PER_SERVER
        assert len({each.name for each in counting}) == len(counting)
        assert all(each.status == "DELETED" for each in server.snapshots) or server.status != "DELETED"
        assert not server.volumes or server.status != "DELETED"
        held |= dict.fromkeys(server.volumes, server.id)
        guids = {server.relation_guid}
        for each in sorted(server.snapshots, key=lambda each: (each.completed_at is None, each.completed_at)):
            if each.completed_at is not None:
                assert each.parent_guid in guids, "parents come before their children, in one tree for each server"
                guids.add(each.guid)
    assert held == attached
    assert all(VOLUME_ID.fullmatch(volume.id) for volume in here.fake.volumes)


def _check_links(here: Neighbourhood) -> None:
    for status in ("ACTIVE", "BUILD", "STOPPED", "PROCESSING"):
        for server in here.ask("GET", f"/servers/detail?status={status}").json()["servers"]:
            links = [*server["links"], *server["image"]["links"], *server["flavor"]["links"]]
            for snapshot in here.session.get(f"{server['links'][0]['href']}snapshots").json()["snapshots"]:
                links += snapshot["links"]
            assert all(here.session.get(link["href"]).ok for link in links)
