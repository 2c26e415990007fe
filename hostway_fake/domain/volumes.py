"""The rules for volumes. A server with an attached volume refuses new snapshots."""

from dataclasses import dataclass, replace

from hostway_fake.contract.catalogue import ZONES
from hostway_fake.contract.errors import NOT_FOUND, NOT_IN_CATALOGUE, VOLUME_ATTACHED, VOLUME_IN_USE
from hostway_fake.domain.model import Server, Volume
from hostway_fake.domain.refusals import Refusal


@dataclass(frozen=True, slots=True)
class CreateVolume:
    """The command of ``create_volume``. ``size`` is in GB."""

    name: str
    description: str
    size: int
    type: str
    contents: str
    zone: str


def check_create(command: CreateVolume) -> None:
    """Refuse a zone that is not in the catalogue."""
    if command.zone not in ZONES:
        raise Refusal(NOT_IN_CATALOGUE, f"There is no zone {command.zone[:60]!a}.")


def attach(server: Server, volume: Volume, device: str) -> tuple[Server, Volume]:
    """Return the server and the volume, attached to each other. Refuse if the volume is attached already."""
    if volume.server_id:
        raise Refusal(VOLUME_ATTACHED, volume.id)
    return replace(server, volumes=(*server.volumes, volume.id)), replace(volume, server_id=server.id, device=device)


def detach(server: Server, volume: Volume) -> tuple[Server, Volume]:
    """Return the server and the volume, detached from each other."""
    left = tuple(other for other in server.volumes if other != volume.id)
    return replace(server, volumes=left), replace(volume, server_id="", device="")


def attached(server: Server, volume: Volume | None) -> Volume:
    """Return the volume. Refuse if it is not attached to the server."""
    if volume is None or volume.server_id != server.id:
        raise Refusal(NOT_FOUND)
    return volume


def check_delete(volume: Volume) -> None:
    """Refuse to delete an attached volume."""
    if volume.server_id:
        raise Refusal(VOLUME_IN_USE, volume.id)
