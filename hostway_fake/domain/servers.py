"""The rules for servers. Each function refuses, or returns the server with what is planned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hostway_fake.contract.catalogue import FLAVORS, IMAGES, ZONES
from hostway_fake.contract.errors import (
    ALREADY_REBOOTING,
    NOT_FOUND,
    NOT_IN_CATALOGUE,
    NOT_RESIZABLE,
    SAME_FLAVOR,
    SERVER_NOT_READY,
    STATUS_CHANGING,
    WRONG_STATUS,
)
from hostway_fake.contract.statuses import ServerStatus
from hostway_fake.domain import lifecycle
from hostway_fake.domain.lifecycle import SERVER_TRANSITIONS
from hostway_fake.domain.model import Event, ScheduledEvent, Server
from hostway_fake.domain.refusals import Refusal

SHOWN: Final = (ServerStatus.ACTIVE, ServerStatus.STOPPED)
"""The statuses that a list shows if the query has none."""
UNFINISHED: Final = (ServerStatus.BUILD, ServerStatus.PROCESSING)


@dataclass(frozen=True, slots=True)
class CreateServer:
    """The command of ``create_server``. An empty ``password`` means that one is drawn."""

    name: str
    image: str
    flavor: str
    zone: str
    password: str = ""


def check_create(command: CreateServer) -> None:
    """Refuse an image, flavor or zone that is not in the catalogue."""
    for what, value, held in (
        ("image", command.image, IMAGES),
        ("flavor", command.flavor, FLAVORS),
        ("zone", command.zone, ZONES),
    ):
        if value not in held:
            raise Refusal(NOT_IN_CATALOGUE, f"There is no {what} {value[:60]!a}.")


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list of servers. None means any."""

    name: str | None = None
    status: str | None = None
    image: str | None = None
    zone: str | None = None

    def fit(self, server: Server) -> bool:
        """Tell whether a server matches all filters except for its status."""
        return (
            self.name in (None, server.name) and self.image in (None, server.image) and self.zone in (None, server.zone)
        )

    def show(self, server: Server) -> bool:
        """Tell whether a list shows a server. Without a status in the query, it shows ACTIVE and STOPPED servers."""
        return self.fit(server) and (server.status in SHOWN if self.status is None else server.status == self.status)


_ENDS: Final[Mapping[Event, Mapping[ServerStatus, Event]]] = {
    Event.REBOOT: {ServerStatus.ACTIVE: Event.RUN},
    Event.RESIZE: {ServerStatus.ACTIVE: Event.RUN, ServerStatus.STOPPED: Event.REST},
    Event.STOP: {ServerStatus.ACTIVE: Event.REST},
    Event.START: {ServerStatus.STOPPED: Event.RUN},
}
"""The actions by the status in which they are possible, each with the event at its end."""


def act(server: Server, order: int, instant: datetime, done: datetime, event: Event, value: str) -> Server:
    """Return the server with an action that runs from ``instant`` until ``done``."""
    status = require_live(server).status
    if status in UNFINISHED:
        again = event is server.doing is Event.REBOOT
        raise Refusal(ALREADY_REBOOTING if again else STATUS_CHANGING)
    if (status, event) not in SERVER_TRANSITIONS:
        raise Refusal(WRONG_STATUS, status)
    if event is Event.RESIZE:
        _check_resize(server, value)
    end = _ENDS[event][status]
    begins = ScheduledEvent(instant, order, server.id, event)
    return lifecycle.plan(server, begins, ScheduledEvent(done, order + 1, server.id, end, value))


def _check_resize(server: Server, flavor: str) -> None:
    if flavor not in FLAVORS:
        raise Refusal(NOT_IN_CATALOGUE, f"There is no flavor {flavor[:60]!a}.")
    if flavor == server.flavor:
        raise Refusal(SAME_FLAVOR)
    if FLAVORS[flavor].disk < FLAVORS[server.flavor].disk:
        raise Refusal(NOT_RESIZABLE)


def update(server: Server, order: int, instant: datetime, name: str) -> Server:
    """Return the server with another name."""
    return lifecycle.plan(require_live(server), ScheduledEvent(instant, order, server.id, Event.UPDATE, name))


def delete(server: Server, order: int, instant: datetime) -> Server:
    """Return the server and its snapshots as deleted. This is possible in every status."""
    return lifecycle.plan(require_live(server), ScheduledEvent(instant, order, server.id, Event.DELETE))


def require_live(server: Server) -> Server:
    """Return the server. Refuse if it is DELETED."""
    if server.status is ServerStatus.DELETED:
        raise Refusal(NOT_FOUND)
    return server


def require_ready(server: Server) -> None:
    """Refuse if the server is in BUILD."""
    if server.status is ServerStatus.BUILD:
        raise Refusal(SERVER_NOT_READY, server.status)
