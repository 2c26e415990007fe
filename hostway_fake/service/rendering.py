"""JSON bodies of responses: keys and their order, links, ``Location``."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Final
from urllib.parse import quote

from hostway_fake.contract.catalogue import FLAVORS, IMAGES, ZONES, Flavor, Image
from hostway_fake.contract.readings import Readings
from hostway_fake.contract.statuses import ServerStatus
from hostway_fake.domain import identifiers
from hostway_fake.domain.identifiers import in_zone
from hostway_fake.domain.model import Server, Snapshot, Volume
from hostway_fake.service.context import RequestContext
from hostway_fake.service.messages import Response
from hostway_fake.service.responses import json_response
from hostway_fake.world import Settings


def _links(href: str) -> list[dict[str, str]]:
    return [{"href": href, "rel": "self"}]


# Snapshots


def _snapshot_href(origin: str, server_id: str, snapshot_id: str) -> str:
    return f"{origin}/servers/{server_id}/snapshots/{snapshot_id}/"


def created(context: RequestContext, server_id: str, snapshot: Snapshot) -> Response:
    """Return 202 with a snapshot in BUILD and its ``Location``."""
    href = _snapshot_href(context.origin, server_id, snapshot.id)
    fields = _snapshot(context.settings, snapshot, "", href)
    return json_response(context, 202, {"snapshot": fields}, ("Location", href))


def one(context: RequestContext, server: Server, snapshot: Snapshot) -> Response:
    """Return 200 with a snapshot."""
    fields = _snapshot(
        context.settings, snapshot, server.relation_guid, _snapshot_href(context.origin, server.id, snapshot.id)
    )
    return json_response(context, 200, {"snapshot": fields})


def many(context: RequestContext, server: Server, snapshots: tuple[Snapshot, ...]) -> Response:
    """Return the snapshots of a server, with all keys in the order of the list page."""
    readings = context.settings.readings
    listed = []
    for snapshot in snapshots:
        href = _snapshot_href(context.origin, server.id, snapshot.id)
        if readings["list_self_link"] == "server":
            href = _server_href(context.origin, server.id)
        fields = _snapshot(context.settings, snapshot, server.relation_guid, href)
        status, create_time, links = fields.pop("status"), fields.pop("create_time"), fields.pop("links")
        listed.append({**fields, "status": status, "create_time": create_time, "links": links})
    return json_response(context, int(readings["list_status"]), {"snapshots": listed})


def _snapshot(settings: Settings, snapshot: Snapshot, relation_guid: str, href: str) -> dict[str, object]:
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
        "links": _links(href),
    }


def _create_time(snapshot: Snapshot, readings: Readings, time_zone: tzinfo) -> str:
    if snapshot.completed_at is None:
        return "" if readings["pending_create_time"] == "empty" else "0000-00-00 00:00:00"
    instant = snapshot.completed_at if readings["create_time_is"] == "completed" else snapshot.requested_at
    return in_zone(instant, time_zone).isoformat(" ", "seconds")


# Servers


def _server_href(origin: str, server_id: str) -> str:
    return f"{origin}/servers/{server_id}/"


def created_server(context: RequestContext, server: Server, password: str) -> Response:
    """Return 202 with a server in BUILD, the password of its administrator, and its ``Location``."""
    fields = {**_server(context.settings, server, context.origin), "adminPass": password}
    return json_response(context, 202, {"server": fields}, ("Location", _server_href(context.origin, server.id)))


def one_server(context: RequestContext, server: Server) -> Response:
    """Return 200 with a server."""
    return json_response(context, 200, {"server": _server(context.settings, server, context.origin)})


def servers(context: RequestContext, listed: Iterable[Server]) -> Response:
    """Return servers with id, zone and link only."""
    brief = [
        {"id": server.id, "zone": server.zone, "links": _links(_server_href(context.origin, server.id))}
        for server in listed
    ]
    return json_response(context, 200, {"servers": brief})


def servers_detail(context: RequestContext, listed: Iterable[Server]) -> Response:
    """Return servers with all keys."""
    return json_response(
        context, 200, {"servers": [_server(context.settings, server, context.origin) for server in listed]}
    )


_PROGRESS: Final[Mapping[ServerStatus, int]] = {ServerStatus.BUILD: 0, ServerStatus.PROCESSING: 50}


def _server(settings: Settings, server: Server, origin: str) -> dict[str, object]:
    built = server.completed_at is not None
    public, private = identifiers.addresses(server.number)
    image, flavor = IMAGES[server.image], FLAVORS[server.flavor]
    return {
        "status": server.status,
        "updated": _instant(server.updated_at, settings.time_zone),
        "hostId": identifiers.host(settings.seed, server.number, server.zone) if built else "",
        "addresses": {
            "public": [{"version": 4, "addr": public}] if built else [],
            "private": [{"version": 4, "addr": private}] if built else [],
        },
        "links": _links(_server_href(origin, server.id)),
        "image": {"name": image.name, "links": _links(_image_href(origin, image)), "id": image.id},
        "userId": settings.account,
        "flavor": {"name": flavor.name, "links": _links(_flavor_href(origin, flavor)), "id": int(flavor.id)},
        "id": server.id,
        "name": server.name,
        "created": _instant(server.completed_at, settings.time_zone) or "",
        "tenantId": None,
        "accessIPv4": public if built else None,
        "accessIPv6": None,
        "progress": _PROGRESS.get(server.status, 100),
        "metadata": {},
    }


def _instant(instant: datetime | None, time_zone: tzinfo) -> str | None:
    return None if instant is None else in_zone(instant, time_zone).isoformat("T", "seconds")


# Volumes


def created_volume(context: RequestContext, volume: Volume) -> Response:
    """Return 202 with a volume, which is pending."""
    instant = in_zone(volume.created_at, UTC).isoformat("T", "seconds") + "Z"
    fields = _volume(volume, volume.size)
    fields = {**fields, "status": "Pending", "id": volume.id, "snapshot_id": "", "attachments": []}
    status = int(context.settings.readings["volume_create_status"])
    return json_response(context, status, {"volume": {**fields, "created_at": instant}})


def one_volume(context: RequestContext, volume: Volume) -> Response:
    """Return 200 with a volume."""
    return json_response(context, 200, {"volume": _kept_volume(context.settings, volume, volume.size)})


def volumes(context: RequestContext, listed: Iterable[Volume]) -> Response:
    """Return volumes with all keys. The reading says whether their size is text or a number."""
    as_text = context.settings.readings["volume_list_size"] == "text"
    shown = [_kept_volume(context.settings, volume, str(volume.size) if as_text else volume.size) for volume in listed]
    return json_response(context, 200, {"volumes": shown})


def _kept_volume(settings: Settings, volume: Volume, size: int | str) -> dict[str, object]:
    created_at = in_zone(volume.created_at, settings.time_zone).isoformat(" ", "seconds")
    attachments = [_attachment(volume)] if volume.server_id else []
    fields = {**_volume(volume, size), "id": volume.id, "snapshot_id": "", "attachments": attachments}
    return {**fields, "created_at": created_at}


def _volume(volume: Volume, size: int | str) -> dict[str, object]:
    return {
        "display_name": volume.name,
        "display_description": volume.description,
        "size": size,
        "volume_type": volume.type,
        "metadata": {"contents": volume.contents},
        "availability_zone": volume.zone,
    }


def attachments(context: RequestContext, listed: Iterable[Volume]) -> Response:
    """Return the attachments of a server."""
    return json_response(context, 200, {"volumeAttachments": [_attachment(volume) for volume in listed]})


def _attachment(volume: Volume) -> dict[str, str]:
    return {"device": volume.device, "serverId": volume.server_id, "id": volume.id, "volumeId": volume.id}


# The catalogue


def _image_href(origin: str, image: Image) -> str:
    return f"{origin}/images/{quote(image.id, safe='')}/"


def _flavor_href(origin: str, flavor: Flavor) -> str:
    return f"{origin}/flavors/{flavor.id}/"


def _image_brief(image: Image, origin: str) -> dict[str, object]:
    return {"name": image.name, "links": _links(_image_href(origin, image)), "id": image.id}


def _image(image: Image, origin: str) -> dict[str, object]:
    return {**_image_brief(image, origin), "status": image.status, "type": image.type}


def _flavor_brief(flavor: Flavor, origin: str) -> dict[str, object]:
    return {"name": flavor.name, "links": _links(_flavor_href(origin, flavor)), "id": flavor.id}


def _flavor(flavor: Flavor, origin: str) -> dict[str, object]:
    size = {"vcpu": flavor.vcpu, "ram": flavor.ram, "disk": flavor.disk}
    return {"name": flavor.name, "links": _links(_flavor_href(origin, flavor)), **size, "id": flavor.id}


def images(context: RequestContext, *, whole: bool) -> Response:
    show = _image if whole else _image_brief
    return json_response(context, 200, {"images": [show(image, context.origin) for image in IMAGES.values()]})


def one_image(context: RequestContext, image: Image) -> Response:
    return json_response(context, 200, {"image": _image(image, context.origin)})


def flavors(context: RequestContext, *, whole: bool) -> Response:
    show = _flavor if whole else _flavor_brief
    return json_response(context, 200, {"flavors": [show(flavor, context.origin) for flavor in FLAVORS.values()]})


def one_flavor(context: RequestContext, flavor: Flavor) -> Response:
    return json_response(context, 200, {"flavor": _flavor(flavor, context.origin)})


def zones(context: RequestContext) -> Response:
    """Return the zones, under the name of the account."""
    listed = [{"zone": zone.name, "location": zone.location} for zone in ZONES.values()]
    return json_response(context, 200, {context.settings.account: listed})
