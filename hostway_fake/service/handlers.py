"""The handlers: one function for each operation, which parses, calls the world and renders."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, TypeVar

from hostway_fake.contract.catalogue import FLAVORS, IMAGES
from hostway_fake.contract.errors import ACTION_NOT_SUPPORTED, NOT_FOUND
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
from hostway_fake.domain import servers, snapshots
from hostway_fake.domain.model import Event, Server, Snapshot
from hostway_fake.domain.refusals import Refusal
from hostway_fake.service import parsing, rendering, responses
from hostway_fake.service.context import RequestContext
from hostway_fake.service.messages import Response


def _server_of(context: RequestContext) -> Server:
    """Return the server in the path as of now. Refuse with 404 if there is none."""
    return context.world.server(context.arguments["server_id"], context.read_at)


# Snapshots


def create_snapshot(context: RequestContext) -> Response:
    server_id = _server_of(context).id
    command = parsing.create_snapshot(context.request)
    snapshot = context.world.create_snapshot(server_id, command, context.now)
    return rendering.created(context, server_id, snapshot)


def get_snapshot(context: RequestContext) -> Response:
    server = _server_of(context)
    found = context.world.snapshot_of(server, context.arguments["snapshot_id"], context.read_at)
    snapshot = snapshots.shown(found, context.settings.readings)
    response = rendering.one(context, server, snapshot)
    _polled_snapshots(context, server, (snapshot,))
    return response


def list_snapshots(context: RequestContext) -> Response:
    server = _server_of(context)
    with_deleted = snapshots.lists_deleted(context.settings.readings)
    listed = context.world.snapshots(server, context.read_at) if with_deleted else server.snapshots
    response = rendering.many(context, server, listed)
    _polled_snapshots(context, server, listed)
    return response


def restore_snapshot(context: RequestContext) -> Response:
    server_id = _server_of(context).id
    parsing.restore_snapshot(context.request)
    context.world.restore_snapshot(server_id, context.arguments["snapshot_id"], context.now)
    return responses.empty_response(context, 202)


def delete_snapshot(context: RequestContext) -> Response:
    context.world.delete_snapshot(context.arguments["server_id"], context.arguments["snapshot_id"], context.now)
    return responses.empty_response(context, 204)


def _polled_snapshots(context: RequestContext, server: Server, read: tuple[Snapshot, ...]) -> None:
    unfinished = [snapshot.id for snapshot in read if snapshot.status is SnapshotStatus.BUILD]
    if unfinished:
        _polled(context, (server,), unfinished)


def _polled(context: RequestContext, read: Iterable[Server], unfinished: Collection[str]) -> None:
    """Record a read of unfinished resources, given by their ids."""
    plans = (planned for server in read for planned in server.plan)
    place = context.request.target.partition("?")[0]
    due = min((each.due for each in plans if each.subject in unfinished), default=None)
    context.world.record_poll(place, None if due is None else due + context.lag, context.now)


# Servers


def create_server(context: RequestContext) -> Response:
    server, password = context.world.create_server(parsing.create_server(context.request), context.now)
    return rendering.created_server(context, server, password)


def get_server(context: RequestContext) -> Response:
    server = _server_of(context)
    response = rendering.one_server(context, server)
    _polled_servers(context, (server,))
    return response


def list_servers(context: RequestContext) -> Response:
    return _listed(context, rendering.servers)


def list_servers_detail(context: RequestContext) -> Response:
    return _listed(context, rendering.servers_detail)


def _listed(context: RequestContext, render: Callable[[RequestContext, Iterable[Server]], Response]) -> Response:
    filters = parsing.filters(context.request)
    deleted = filters.status == ServerStatus.DELETED
    held = context.world.servers(context.read_at, deleted=deleted)
    response = render(context, filter(filters.show, held))
    # A client may wait for a server that is not listed yet.
    _polled_servers(context, tuple(filter(filters.fit, held)))
    return response


def _polled_servers(context: RequestContext, read: tuple[Server, ...]) -> None:
    unfinished = {server.id for server in read if server.status in servers.UNFINISHED}
    if unfinished:
        _polled(context, read, unfinished)


def update_server(context: RequestContext) -> Response:
    server_id = _server_of(context).id
    context.world.update_server(server_id, parsing.update_server(context.request), context.now)
    return rendering.one_server(context, _server_of(context))


def delete_server(context: RequestContext) -> Response:
    context.world.delete_server(context.arguments["server_id"], context.now)
    return responses.empty_response(context, 204)


def reboot_server(context: RequestContext) -> Response:
    server_id = _server_of(context).id
    parsing.reboot_server(context.request)
    return _acted(context, server_id, Event.REBOOT)


def resize_server(context: RequestContext) -> Response:
    server_id = _server_of(context).id
    return _acted(context, server_id, Event.RESIZE, parsing.resize_server(context.request))


def stop_server(context: RequestContext) -> Response:
    server_id = _server_of(context).id
    parsing.empty_action(context.request)
    return _acted(context, server_id, Event.STOP)


def start_server(context: RequestContext) -> Response:
    server_id = _server_of(context).id
    parsing.empty_action(context.request)
    return _acted(context, server_id, Event.START)


def _acted(context: RequestContext, server_id: str, event: Event, value: str = "") -> Response:
    context.world.act(server_id, event, value, context.now)
    return responses.empty_response(context, 202)


def refused_action(context: RequestContext, allow: str) -> Refusal:
    """Return the refusal of an action that does not exist."""
    try:
        _server_of(context)
        return Refusal(ACTION_NOT_SUPPORTED, ascii(parsing.action(context.request)[:60]), allow=allow)
    except Refusal as refusal:
        return refusal


# Volumes


def attach_volume(context: RequestContext) -> Response:
    server_id = _server_of(context).id
    context.world.attach_volume(server_id, *parsing.attach_volume(context.request), context.now)
    return responses.empty_response(context, 200)


def list_attachments(context: RequestContext) -> Response:
    return rendering.attachments(context, context.world.attached_volumes(_server_of(context)))


def get_attachment(context: RequestContext) -> Response:
    return rendering.one_volume(context, context.world.attached(_server_of(context), context.arguments["volume_id"]))


def detach_volume(context: RequestContext) -> Response:
    context.world.detach_volume(context.arguments["server_id"], context.arguments["volume_id"], context.now)
    return responses.empty_response(context, 204)


def create_volume(context: RequestContext) -> Response:
    return rendering.created_volume(
        context, context.world.create_volume(parsing.create_volume(context.request), context.now)
    )


def list_volumes(context: RequestContext) -> Response:
    return rendering.volumes(context, context.world.volumes())


def get_volume(context: RequestContext) -> Response:
    return rendering.one_volume(context, context.world.volume(context.arguments["volume_id"]))


def delete_volume(context: RequestContext) -> Response:
    context.world.delete_volume(context.arguments["volume_id"])
    return responses.empty_response(context, 204)


# The catalogue


def list_images(context: RequestContext) -> Response:
    return rendering.images(context, whole=False)


def list_images_detail(context: RequestContext) -> Response:
    return rendering.images(context, whole=True)


def get_image(context: RequestContext) -> Response:
    return rendering.one_image(context, _held(IMAGES, context.arguments["image_id"]))


def list_flavors(context: RequestContext) -> Response:
    return rendering.flavors(context, whole=False)


def list_flavors_detail(context: RequestContext) -> Response:
    return rendering.flavors(context, whole=True)


def get_flavor(context: RequestContext) -> Response:
    return rendering.one_flavor(context, _held(FLAVORS, context.arguments["flavor_id"]))


def list_zones(context: RequestContext) -> Response:
    return rendering.zones(context)


_Held = TypeVar("_Held")


def _held(catalogue: Mapping[str, _Held], wanted: str) -> _Held:
    if wanted not in catalogue:
        raise Refusal(NOT_FOUND)
    return catalogue[wanted]


HANDLERS: Final[Mapping[str, Callable[[RequestContext], Response]]] = {
    "create_snapshot": create_snapshot,
    "get_snapshot": get_snapshot,
    "list_snapshots": list_snapshots,
    "restore_snapshot": restore_snapshot,
    "delete_snapshot": delete_snapshot,
    "create_server": create_server,
    "get_server": get_server,
    "list_servers": list_servers,
    "list_servers_detail": list_servers_detail,
    "update_server": update_server,
    "delete_server": delete_server,
    "reboot_server": reboot_server,
    "resize_server": resize_server,
    "stop_server": stop_server,
    "start_server": start_server,
    "attach_volume": attach_volume,
    "list_attachments": list_attachments,
    "get_attachment": get_attachment,
    "detach_volume": detach_volume,
    "create_volume": create_volume,
    "list_volumes": list_volumes,
    "list_volumes_detail": list_volumes,
    "get_volume": get_volume,
    "delete_volume": delete_volume,
    "list_images": list_images,
    "list_images_detail": list_images_detail,
    "get_image": get_image,
    "list_flavors": list_flavors,
    "list_flavors_detail": list_flavors_detail,
    "get_flavor": get_flavor,
    "list_zones": list_zones,
}
"""The handler of each operation, by its name."""
