"""One function for each operation: parse, ask the world, render."""

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from hostway_fake.contract.catalogue import FLAVORS, IMAGES
from hostway_fake.contract.errors import ACTION_NOT_SUPPORTED, NOT_FOUND
from hostway_fake.contract.operations import OPERATIONS, Operation
from hostway_fake.contract.states import SnapshotStatus
from hostway_fake.domain import servers, snapshots
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.state import Event, Server, Snapshot
from hostway_fake.service import answers, parsing, rendering
from hostway_fake.service.messages import Answer, Request
from hostway_fake.world import World

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Call(NamedTuple):
    """A request whose world is known, and whose operation is, unless ``refusal`` says why not.

    ``origin`` is what goes before the path of a link, ``account`` the one that the request is about.
    """

    world: World
    request: Request
    operation: Operation | None = None
    arguments: Mapping[str, str] = _NONE
    account: str = ""
    origin: str = ""
    refusal: Refusal | None = None


def _server_of(call: Call) -> Server:
    """The server in the path as of now, or the refusal 404."""
    return call.world.server(call.arguments["server_id"])


# Snapshots


def create_snapshot(call: Call) -> Answer:
    server_id = _server_of(call).id
    command = parsing.create_snapshot(call.request)
    snapshot = call.world.create_snapshot(server_id, command)
    return rendering.created(call.world, server_id, snapshot, call.origin)


def get_snapshot(call: Call) -> Answer:
    server = _server_of(call)
    snapshot = snapshots.shown(server, call.arguments["snapshot_id"], call.world.settings.readings)
    answer = rendering.one(call.world, server, snapshot, call.origin)
    _polled_snapshots(call, server, (snapshot,))
    return answer


def list_snapshots(call: Call) -> Answer:
    server = _server_of(call)
    listed = snapshots.listed(server, call.world.settings.readings)
    answer = rendering.many(call.world, server, listed, call.origin)
    _polled_snapshots(call, server, listed)
    return answer


def restore_snapshot(call: Call) -> Answer:
    server_id = _server_of(call).id
    parsing.restore_snapshot(call.request)
    call.world.restore_snapshot(server_id, call.arguments["snapshot_id"])
    return answers.empty(call.world, 202)


def delete_snapshot(call: Call) -> Answer:
    call.world.delete_snapshot(call.arguments["server_id"], call.arguments["snapshot_id"])
    return answers.empty(call.world, 204)


def _polled_snapshots(call: Call, server: Server, read: tuple[Snapshot, ...]) -> None:
    unfinished = [snapshot.id for snapshot in read if snapshot.status is SnapshotStatus.BUILD]
    if unfinished:
        _polled(call, (server,), unfinished)


def _polled(call: Call, read: Iterable[Server], unfinished: Collection[str]) -> None:
    """A client has read what is not finished, by the ids of it."""
    plans = (planned for server in read for planned in server.plan)
    place = call.request.target.partition("?")[0]
    call.world.polled(place, min((each.due for each in plans if each.subject in unfinished), default=None))


# Servers


def create_server(call: Call) -> Answer:
    server, password = call.world.create_server(parsing.create_server(call.request))
    return rendering.created_server(call.world, server, password, call.origin)


def get_server(call: Call) -> Answer:
    server = _server_of(call)
    answer = rendering.one_server(call.world, server, call.origin)
    _polled_servers(call, (server,))
    return answer


def list_servers(call: Call) -> Answer:
    return _listed(call, rendering.servers)


def list_servers_detail(call: Call) -> Answer:
    return _listed(call, rendering.servers_detail)


def _listed(call: Call, render: Callable[[World, Iterable[Server], str], Answer]) -> Answer:
    filters = parsing.filters(call.request)
    held = call.world.servers()
    answer = render(call.world, filter(filters.show, held), call.origin)
    _polled_servers(call, tuple(filter(filters.fit, held)))  # one that is not listed yet may be what is waited for
    return answer


def _polled_servers(call: Call, read: tuple[Server, ...]) -> None:
    unfinished = {server.id for server in read if server.status in servers.UNFINISHED}
    if unfinished:
        _polled(call, read, unfinished)


def update_server(call: Call) -> Answer:
    server_id = _server_of(call).id
    call.world.update_server(server_id, parsing.update_server(call.request))
    return rendering.one_server(call.world, _server_of(call), call.origin)


def delete_server(call: Call) -> Answer:
    call.world.delete_server(call.arguments["server_id"])
    return answers.empty(call.world, 204)


def reboot_server(call: Call) -> Answer:
    server_id = _server_of(call).id
    parsing.reboot_server(call.request)
    return _acted(call, server_id, Event.REBOOT)


def resize_server(call: Call) -> Answer:
    server_id = _server_of(call).id
    return _acted(call, server_id, Event.RESIZE, parsing.resize_server(call.request))


def stop_server(call: Call) -> Answer:
    server_id = _server_of(call).id
    parsing.empty_action(call.request)
    return _acted(call, server_id, Event.STOP)


def start_server(call: Call) -> Answer:
    server_id = _server_of(call).id
    parsing.empty_action(call.request)
    return _acted(call, server_id, Event.START)


def _acted(call: Call, server_id: str, event: Event, value: str = "") -> Answer:
    call.world.act(server_id, event, value)
    return answers.empty(call.world, 202)


def refused_action(call: Call, allow: str) -> Refusal:
    """Why a server is not acted on, where no operation is what the body asks for."""
    try:
        _server_of(call)
        return Refusal(ACTION_NOT_SUPPORTED, ascii(parsing.action(call.request)[:60]), allow=allow)
    except Refusal as refusal:
        return refusal


# Volumes


def attach_volume(call: Call) -> Answer:
    server_id = _server_of(call).id
    call.world.attach_volume(server_id, *parsing.attach_volume(call.request))
    return answers.empty(call.world, 200)


def list_attachments(call: Call) -> Answer:
    return rendering.attachments(call.world, call.world.attached_volumes(_server_of(call)))


def get_attachment(call: Call) -> Answer:
    return rendering.one_volume(call.world, call.world.attached(_server_of(call), call.arguments["volume_id"]))


def detach_volume(call: Call) -> Answer:
    call.world.detach_volume(call.arguments["server_id"], call.arguments["volume_id"])
    return answers.empty(call.world, 204)


def create_volume(call: Call) -> Answer:
    return rendering.created_volume(call.world, call.world.create_volume(parsing.create_volume(call.request)))


def list_volumes(call: Call) -> Answer:
    return rendering.volumes(call.world, call.world.volumes())


list_volumes_detail = list_volumes


def get_volume(call: Call) -> Answer:
    return rendering.one_volume(call.world, call.world.volume(call.arguments["volume_id"]))


def delete_volume(call: Call) -> Answer:
    call.world.delete_volume(call.arguments["volume_id"])
    return answers.empty(call.world, 204)


# The catalogue


def list_images(call: Call) -> Answer:
    return rendering.images(call.world, call.origin, whole=False)


def list_images_detail(call: Call) -> Answer:
    return rendering.images(call.world, call.origin, whole=True)


def get_image(call: Call) -> Answer:
    return rendering.one_image(call.world, _held(IMAGES, call.arguments["image_id"]), call.origin)


def list_flavors(call: Call) -> Answer:
    return rendering.flavors(call.world, call.origin, whole=False)


def list_flavors_detail(call: Call) -> Answer:
    return rendering.flavors(call.world, call.origin, whole=True)


def get_flavor(call: Call) -> Answer:
    return rendering.one_flavor(call.world, _held(FLAVORS, call.arguments["flavor_id"]), call.origin)


def list_zones(call: Call) -> Answer:
    return rendering.zones(call.world)


_Held = TypeVar("_Held")


def _held(catalogue: Mapping[str, _Held], wanted: str) -> _Held:
    if wanted not in catalogue:
        raise Refusal(NOT_FOUND)
    return catalogue[wanted]


HANDLERS: Final[Mapping[str, Callable[[Call], Answer]]] = {
    operation.name: globals()[operation.name] for operation in OPERATIONS
}
"""Every operation of the table by its name: the function that is called so."""
