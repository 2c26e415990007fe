"""One function for each operation: parse, ask the world, render."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from hostway_fake.contract.operations import Operation
from hostway_fake.contract.states import SnapshotStatus
from hostway_fake.domain import snapshots
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.state import Server, Snapshot
from hostway_fake.service import parsing, rendering
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


def create_snapshot(call: Call) -> Answer:
    server_id = call.arguments["server_id"]
    call.world.require_server(server_id)
    command = parsing.create_snapshot(call.request)
    snapshot = call.world.create_snapshot(server_id, command)
    return rendering.created(call.world, server_id, snapshot, call.origin)


def get_snapshot(call: Call) -> Answer:
    server = call.world.server(call.arguments["server_id"])
    snapshot = snapshots.shown(server, call.arguments["snapshot_id"], call.world.settings.readings)
    answer = rendering.one(call.world, server, snapshot, call.origin)
    _polled(call, server, (snapshot,))
    return answer


def list_snapshots(call: Call) -> Answer:
    server = call.world.server(call.arguments["server_id"])
    listed = snapshots.listed(server, call.world.settings.readings)
    answer = rendering.many(call.world, server, listed, call.origin)
    _polled(call, server, listed)
    return answer


def restore_snapshot(call: Call) -> Answer:
    server_id, snapshot_id = call.arguments["server_id"], call.arguments["snapshot_id"]
    call.world.require_server(server_id)
    parsing.restore_snapshot(call.request)
    call.world.restore_snapshot(server_id, snapshot_id)
    return rendering.empty(call.world, 202)


def delete_snapshot(call: Call) -> Answer:
    call.world.delete_snapshot(call.arguments["server_id"], call.arguments["snapshot_id"])
    return rendering.empty(call.world, 204)


def _polled(call: Call, server: Server, read: tuple[Snapshot, ...]) -> None:
    unfinished = [snapshot.id for snapshot in read if snapshot.status is SnapshotStatus.BUILD]
    if unfinished:
        call.world.polled(call.request.target, server, unfinished)


HANDLERS: Final[Mapping[str, Callable[[Call], Answer]]] = {
    handler.__name__: handler
    for handler in (create_snapshot, get_snapshot, list_snapshots, restore_snapshot, delete_snapshot)
}
"""Every operation of the table by its name."""
