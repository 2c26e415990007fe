"""A request with its account, its operation and its instant."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from hostway_fake.contract.operations import Operation
from hostway_fake.domain.refusals import Refusal
from hostway_fake.service.messages import Request
from hostway_fake.world import Settings, World

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class RequestContext(NamedTuple):
    """A request with what was found for it.

    The clock is read once, so that ids, headers and the journal agree.

    Attributes:
        world: The world that responds.
        request: The request.
        now: The instant at which the request arrived, or at which its delay ended.
        operation: The operation. None if there is none.
        arguments: The arguments in the path.
        account: The account in the path, or that of the credentials.
        origin: The part of links before the path.
        refusal: Why the request has no operation.
        lag: How old the state is that a read shows.
    """

    world: World
    request: Request
    now: datetime
    operation: Operation | None = None
    arguments: Mapping[str, str] = _NONE
    account: str = ""
    origin: str = ""
    refusal: Refusal | None = None
    lag: timedelta = timedelta(0)

    @property
    def read_at(self) -> datetime:
        """The instant of the state that a read shows."""
        return self.now - self.lag if self.lag else self.now

    @property
    def settings(self) -> Settings:
        """The settings of the world."""
        return self.world.settings

    def later(self) -> "RequestContext":
        """Return the same context with the current instant, after a delay."""
        return self._replace(now=self.world.clock.now())
