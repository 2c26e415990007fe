"""A client of Hostway's snapshots: it creates one, waits for it with a capped back-off, and names every refusal."""

import time
from dataclasses import dataclass
from typing import Any, Self

import requests


class HostwayError(Exception):
    """A request that the service refused: ``status`` is that of HTTP, the text is the service's own."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class NotSnapshottable(HostwayError):
    """400: the server has extra volumes, or the request is malformed."""


class BadCredentials(HostwayError):
    """401."""


class NotFound(HostwayError):
    """404: no such server, snapshot or account."""


class NameTaken(HostwayError):
    """409: the server has a snapshot of that name."""


class LimitReached(HostwayError):
    """413: the server has as many snapshots as it can hold."""


class SnapshotDeleted(Exception):
    """The snapshot was deleted while it was waited for."""


class DeadlinePassed(Exception):
    """The snapshot was not finished in time."""


_REFUSALS: dict[int, type[HostwayError]] = {
    400: NotSnapshottable,
    401: BadCredentials,
    404: NotFound,
    409: NameTaken,
    413: LimitReached,
}


@dataclass(frozen=True)
class Snapshot:
    """What the service says of a snapshot; ``href`` is where it is asked for."""

    id: str
    name: str
    status: str
    guid: str
    href: str

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Self:
        return cls(fields["id"], fields["name"], fields["status"], fields["guid"], fields["links"][0]["href"])


@dataclass
class SnapshotClient:
    """The snapshots of one account. ``session`` may be any `requests.Session`; it carries the credentials."""

    url: str
    session: requests.Session
    timeout: float = 10

    def create(self, server_id: str, name: str, description: str = "") -> Snapshot:
        body = {"snapshot": {"name": name, "description": description}}
        url = f"{self.url}/servers/{server_id}/snapshots"
        return Snapshot.of(self._checked(self.session.post(url, json=body, timeout=self.timeout))["snapshot"])

    def get(self, href: str) -> Snapshot:
        return Snapshot.of(self._checked(self.session.get(href, timeout=self.timeout))["snapshot"])

    def snapshots(self, server_id: str) -> list[Snapshot]:
        url = f"{self.url}/servers/{server_id}/snapshots"
        return [Snapshot.of(each) for each in self._checked(self.session.get(url, timeout=self.timeout))["snapshots"]]

    def wait(self, snapshot: Snapshot, deadline: float = 600, first: float = 1, longest: float = 30) -> Snapshot:
        """Poll until the snapshot is ACTIVE: after ``first`` seconds, then after twice as long, up to ``longest``."""
        end = time.monotonic() + deadline
        pause = first
        while snapshot.status == "BUILD":
            left = end - time.monotonic()
            if left <= 0:
                raise DeadlinePassed(f"{snapshot.id} is still in BUILD after {deadline:g} s")
            time.sleep(min(pause, left))
            pause = min(2 * pause, longest)
            snapshot = self.get(snapshot.href)
        if snapshot.status != "ACTIVE":
            raise SnapshotDeleted(snapshot.id)
        return snapshot

    def _checked(self, answer: requests.Response) -> dict[str, Any]:
        if answer.ok:
            document: dict[str, Any] = answer.json()
            return document
        raise _REFUSALS.get(answer.status_code, HostwayError)(answer.status_code, _reason(answer))


def _reason(answer: requests.Response) -> str:
    """The sentence in an error body, whatever its key; a 401 is plain text."""
    if not answer.headers.get("Content-Type", "").startswith("application/json"):
        return answer.text.partition("\n")[0]
    (error,) = answer.json().values()
    return str(error["details"] or error["message"])
