"""From domain values to answers: the keys and their order, links, ``Location``, error bodies."""

import json
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final

from hostway_fake.contract.errors import (
    ERROR_NAMES,
    INJECTED,
    INTERNAL,
    LIMIT_REACHED,
    REVISIONS,
    UNAUTHORIZED,
    UNAUTHORIZED_CHALLENGE,
    UNAUTHORIZED_TEXT,
)
from hostway_fake.contract.operations import Operation
from hostway_fake.contract.readings import Readings
from hostway_fake.domain.identifiers import MONTHS, in_zone
from hostway_fake.domain.refusals import MethodRefused, Refusal
from hostway_fake.domain.state import Server, Snapshot
from hostway_fake.faults.outcomes import Respond
from hostway_fake.service.messages import Answer
from hostway_fake.world import World

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _answer(world: World, status: int, media_type: str, body: bytes, *headers: tuple[str, str]) -> Answer:
    always = (
        ("Content-Type", media_type),
        ("Content-Length", str(len(body))),
        ("Date", _date(world)),
    )
    return Answer(status, (*always, *headers), body)


def empty(world: World, status: int) -> Answer:
    """A status and nothing else; a 204 has no length either."""
    length = () if status == 204 else (("Content-Length", "0"),)
    return Answer(status, (*length, ("Date", _date(world))), b"")


def _json(world: World, status: int, document: object, *headers: tuple[str, str]) -> Answer:
    body = _ENCODER.encode(document).encode()
    return _answer(world, status, "application/json; charset=UTF-8", body, *headers)


def _date(world: World) -> str:
    return _http_date(in_zone(world.clock.now(), UTC).replace(microsecond=0))


@lru_cache(maxsize=64)
def _http_date(now: datetime) -> str:
    return f"{_DAYS[now.weekday()]}, {now.day:02} {MONTHS[now.month - 1]} {now.year:04} {now:%H:%M:%S} GMT"


def _self_link(origin: str, server_id: str, snapshot_id: str) -> str:
    return f"{origin}/servers/{server_id}/snapshots/{snapshot_id}/"


def created(world: World, server_id: str, snapshot: Snapshot, origin: str) -> Answer:
    """202 with the snapshot in BUILD, and where to look for it."""
    href = _self_link(origin, server_id, snapshot.id)
    fields = _snapshot(world, snapshot, "", href)
    return _json(world, 202, {"snapshot": fields}, ("Location", href))


def one(world: World, server: Server, snapshot: Snapshot, origin: str) -> Answer:
    """200 with one snapshot."""
    fields = _snapshot(world, snapshot, server.relation_guid, _self_link(origin, server.id, snapshot.id))
    return _json(world, 200, {"snapshot": fields})


def many(world: World, server: Server, snapshots: tuple[Snapshot, ...], origin: str) -> Answer:
    """The snapshots of a server, whole, in the order of keys that the list page has."""
    readings = world.settings.readings
    listed = []
    for snapshot in snapshots:
        href = _self_link(origin, server.id, snapshot.id)
        if readings["list_self_link"] == "server":
            href = f"{origin}/servers/{server.id}/"
        fields = _snapshot(world, snapshot, server.relation_guid, href)
        status, create_time, links = fields.pop("status"), fields.pop("create_time"), fields.pop("links")
        listed.append({**fields, "status": status, "create_time": create_time, "links": links})
    return _json(world, int(readings["list_status"]), {"snapshots": listed})


def _snapshot(world: World, snapshot: Snapshot, relation_guid: str, href: str) -> dict[str, object]:
    settings = world.settings
    complete = snapshot.completed_at is not None
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "description": snapshot.description,
        "status": snapshot.status,
        "guid": snapshot.guid if complete else "",
        "parent_guid": snapshot.parent_guid,
        "relation_guid": relation_guid if complete else "",
        "create_time": _create_time(snapshot, settings.readings, settings.time_zone),
        "links": [{"href": href, "rel": "self"}],
    }


def _create_time(snapshot: Snapshot, readings: Readings, time_zone: tzinfo) -> str:
    if snapshot.completed_at is None:
        return "" if readings["pending_create_time"] == "empty" else "0000-00-00 00:00:00"
    instant = snapshot.completed_at if readings["create_time_is"] == "completed" else snapshot.requested_at
    return in_zone(instant, time_zone).isoformat(" ", "seconds")


def refused(world: World, refusal: Refusal, retry_after: int | None = None) -> Answer:
    """The provider's body for a refusal, in the world's revision; 401 is plain text."""
    error = refusal.error
    fields: dict[str, object] = {"message": error.message, "code": error.status, "details": refusal.details}
    if retry_after is None and error is LIMIT_REACHED and world.settings.readings["over_limit_retry_after"] == "on":
        fields["retryAfter"] = retry_after = 0
    headers = [("Allow", refusal.allow)] if isinstance(refusal, MethodRefused) else []
    if retry_after is not None:
        headers.append(("Retry-After", str(retry_after)))
    if error is UNAUTHORIZED:
        challenge = ("WWW-Authenticate", UNAUTHORIZED_CHALLENGE)
        return _answer(world, 401, "text/plain; charset=UTF-8", UNAUTHORIZED_TEXT.encode(), challenge, *headers)
    if world.settings.revision != REVISIONS[0]:
        fields["errorid"] = world.next_error_id()
    return _json(world, error.status, {ERROR_NAMES[error.status].name: fields}, *headers)


def injected(world: World, operation: Operation | None, respond: Respond) -> Answer:
    """The answer that a fault gives: an error as the operation's page words it, or any body at all."""
    status, retry_after = respond.status, respond.retry_after
    if respond.body is None:
        error = respond.error or (operation.failure(status) if operation else INJECTED[status])
        return refused(world, Refusal(error), retry_after)
    headers = [] if retry_after is None else [("Retry-After", str(retry_after))]
    return _answer(world, status, respond.content_type, respond.body.encode(), *headers)


def failed(world: World, error: Exception) -> Answer:
    """500, for an exception of the fake's own; on a socket only, where nothing else could tell the client."""
    return refused(world, Refusal(INTERNAL, f"{type(error).__name__}: {error}"))
