"""What may be asked of volumes: kept by themselves, or attached to a server, which then refuses a snapshot."""

from dataclasses import dataclass, replace

from hostway_fake.contract.catalogue import ZONES
from hostway_fake.contract.errors import NOT_FOUND, NOT_IN_CATALOGUE, VOLUME_ATTACHED, VOLUME_IN_USE
from hostway_fake.domain.model import Server, Volume
from hostway_fake.domain.refusals import Refusal


@dataclass(frozen=True, slots=True)
class CreateVolume:
    """What a client asks for; ``size`` is in GB."""

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
    """The server with a volume, and the volume that is attached to it."""
    if volume.server_id:
        raise Refusal(VOLUME_ATTACHED, volume.id)
    return replace(server, volumes=(*server.volumes, volume.id)), replace(volume, server_id=server.id, device=device)


def detach(server: Server, volume: Volume) -> tuple[Server, Volume]:
    """The server and the volume without each other."""
    left = tuple(other for other in server.volumes if other != volume.id)
    return replace(server, volumes=left), replace(volume, server_id="", device="")


def attached(server: Server, volume: Volume | None) -> Volume:
    """The volume, or the refusal of one that is not attached to the server."""
    if volume is None or volume.server_id != server.id:
        raise Refusal(NOT_FOUND)
    return volume


def check_delete(volume: Volume) -> None:
    """Refuse to delete a volume that a server has."""
    if volume.server_id:
        raise Refusal(VOLUME_IN_USE, volume.id)
