"""Volumes attached to a server: what makes it refuse a snapshot."""

from dataclasses import replace

from hostway_fake.contract.errors import NOT_FOUND, VOLUME_ATTACHED
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.state import Server


def attach(server: Server, volume_id: str) -> Server:
    if volume_id in server.volumes:
        raise Refusal(VOLUME_ATTACHED, volume_id)
    return replace(server, volumes=(*server.volumes, volume_id))


def detach(server: Server, volume_id: str) -> Server:
    if volume_id not in server.volumes:
        raise Refusal(NOT_FOUND)
    return replace(server, volumes=tuple(other for other in server.volumes if other != volume_id))
