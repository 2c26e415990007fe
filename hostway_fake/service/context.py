"""A request together with its account, its operation and its instant."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from hostway_fake.contract.operations import Operation
from hostway_fake.domain.refusals import Refusal
from hostway_fake.service.messages import Request
from hostway_fake.world import Settings, World

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class RequestContext(NamedTuple):
    """A request, its world and its operation, unless ``refusal`` says why there is none.

    ``now`` is the instant at which the request arrived, or at which its delay ended. The clock is asked once, so that
    ids, headers and the journal agree. ``origin`` is the part of a link before the path. ``account`` is the account
    that the request is about.
    """

    world: World
    request: Request
    now: datetime
    operation: Operation | None = None
    arguments: Mapping[str, str] = _NONE
    account: str = ""
    origin: str = ""
    refusal: Refusal | None = None

    @property
    def settings(self) -> Settings:
        """The settings of the world."""
        return self.world.settings

    def later(self) -> "RequestContext":
        """Return the same context with the current instant, after a delay."""
        return self._replace(now=self.world.clock.now())
