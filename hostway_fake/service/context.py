"""What is known of a request once its account and its operation are found."""

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

    ``now`` is the instant at which the request arrived or, if it was delayed, at which the delay ended: the clock is
    asked once, so that ids, headers and the journal agree. ``origin`` is what goes before the path of a link,
    ``account`` the one that the request is about.
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
        """Return the same after time has passed."""
        return self._replace(now=self.world.clock.now())
