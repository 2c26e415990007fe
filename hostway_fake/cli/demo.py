"""The tour of ``hostway-fake demo``: the documented requests and errors on a real socket, checked on the way."""

from dataclasses import dataclass
from typing import Any

import requests
from rich.console import Console
from rich.json import JSON
from rich.panel import Panel

from hostway_fake.contract.errors import ERROR_NAMES, EXTRA_VOLUMES, LIMIT_REACHED, NAME_TAKEN, ProviderError
from hostway_fake.fake import FakeHostway

_SERVER = "jello614636-USOTE-0214"
_KEYS = ["id", "name", "description", "status", "guid", "parent_guid", "relation_guid", "create_time", "links"]


def run(console: Console) -> bool:
    """Run the tour. Return False if a response differs from the documentation."""
    with FakeHostway() as fake, fake.serve() as server:
        return _Tour(console, fake.at(server.url)).run()


@dataclass
class _Tour:
    console: Console
    fake: FakeHostway
    surprises: int = 0

    def run(self) -> bool:
        fake, server = self.fake, self.fake.add_server(_SERVER)
        self._say(f"hostway_fake listens on {fake.url}; the account is {fake.auth[0]}, its server is {server.id}.")

        self._say("A snapshot is created asynchronously: 202, BUILD, empty GUIDs.")
        created = self._create(_SERVER, "fitnesse snapshot", "fitnesse test snapshot")
        snapshot = _document(created).get("snapshot", {})
        self._expect(created.status_code == 202, "202 Accepted")
        self._expect(list(snapshot) == _KEYS, "the nine keys in the order of the page")
        self._expect(snapshot.get("status") == "BUILD", "status BUILD")
        self._expect(not any(snapshot.get(key, "?") for key in _KEYS[4:8]), "empty GUIDs and create_time")
        location = created.headers.get("Location", "")
        self._expect(location == snapshot.get("links", [{}])[0].get("href"), "Location is the self link")

        self._say("Polled at once, it is still being built. The fake's clock stands still.")
        self._expect(self._status(location) == "BUILD", "still BUILD")

        self._say("The clock is ours: five minutes pass, in no time.")
        fake.clock.advance(minutes=5)
        self._expect(self._status(location) == "ACTIVE", "ACTIVE after five minutes")

        self._say("A name is unique in a server: 409.")
        self._refused(self._create(_SERVER, "fitnesse snapshot"), NAME_TAKEN)

        self._say("A server holds three snapshots: the fourth is 413.")
        for name in ("second", "third"):
            self._expect(self._create(_SERVER, name).status_code == 202, f"{name}: 202 Accepted")
        self._refused(self._create(_SERVER, "fourth"), LIMIT_REACHED)

        self._say("A server with an extra volume cannot be snapshotted: 400. Detached, it can.")
        other = fake.add_server()
        volume = other.attach_volume()
        self._refused(self._create(other.id, "first"), EXTRA_VOLUMES)
        other.detach_volume(volume)
        self._expect(self._create(other.id, "first").status_code == 202, "202 once the volume is detached")

        self._say(
            f"Answers that were not as documented: {self.surprises}." if self.surprises else "All was as documented."
        )
        return not self.surprises

    def _create(self, server_id: str, name: str, description: str = "") -> requests.Response:
        body = {"snapshot": {"name": name, "description": description}}
        return self._ask("POST", f"{self.fake.url}/servers/{server_id}/snapshots", body)

    def _status(self, location: str) -> object:
        return _document(self._ask("GET", location)).get("snapshot", {}).get("status") if location else None

    def _ask(self, method: str, url: str, body: object = None) -> requests.Response:
        with self.fake.session() as session:
            response = session.request(method, url, json=body)
        self.console.print(f"[bold cyan]{method}[/] {url}", soft_wrap=True)
        if body is not None:
            self.console.print(JSON.from_data(body, indent=None), soft_wrap=True)
        self.console.print(f"[bold]{response.status_code} {response.reason}[/]")
        if "Location" in response.headers:
            self.console.print(f"[dim]Location: {response.headers['Location']}[/]", soft_wrap=True)
        self.console.print(JSON(response.text) if _document(response) else response.text, soft_wrap=True)
        return response

    def _refused(self, response: requests.Response, error: ProviderError) -> None:
        body = _document(response).get(ERROR_NAMES[error.status].name, {})
        said = response.status_code == body.get("code") == error.status and body.get("details") == error.details
        self._expect(said, f"{error.status}: {error.details}")

    def _expect(self, held: bool, what: str) -> None:
        self.surprises += not held
        self.console.print(
            f"[green]  as documented: {what}[/]" if held else f"[bold red]  NOT as documented: {what}[/]"
        )

    def _say(self, text: str) -> None:
        self.console.print(Panel(text, expand=False))


def _document(response: requests.Response) -> dict[str, Any]:
    """Return the object in a response, or an empty one."""
    try:
        document = response.json()
    except requests.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
