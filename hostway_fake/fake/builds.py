"""Rules for builds: how long they take and how they end."""

from typing import Final

from hostway_fake.domain.builds import BuildRule
from hostway_fake.suggestions import Suggests, suggests_keywords
from hostway_fake.world import World

_SUGGESTIONS: Final = suggests_keywords(
    fail='ends="DELETED"',
    fails='ends="DELETED"',
    error='ends="DELETED"',
    stuck="never=True",
    forever="never=True",
    after="seconds",
)


class Builds(Suggests):
    """Rules for the builds of snapshots: how long they take and how they end.

    A build without a rule takes ``build_seconds``. So does every build of a server.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    @_SUGGESTIONS
    def next(
        self,
        *,
        seconds: float | tuple[float, float] | None = None,
        never: bool = False,
        ends: str = "ACTIVE",
        server: str | None = None,
        name: str | None = None,
    ) -> None:
        """Add a rule for the next matching build. Each rule is used once, the oldest first.

        Args:
            seconds: How long the build takes, in virtual seconds; or a range ``(shortest, longest)`` from which the
                seed draws.
            never: Whether the snapshot stays in BUILD forever.
            ends: The status after the build, ``"ACTIVE"`` or ``"DELETED"``.
            server: The server id, exact or a glob. Default: any.
            name: The name of the snapshot, exact or a glob. Default: any.
        """
        self._world.script_build(BuildRule(seconds, never, ends, server, name, once=True))

    @_SUGGESTIONS
    def all(
        self,
        *,
        seconds: float | tuple[float, float] | None = None,
        never: bool = False,
        ends: str = "ACTIVE",
        server: str | None = None,
        name: str | None = None,
    ) -> None:
        """Add a rule for all matching builds from now on. The newest matching rule is used. See `next`."""
        self._world.script_build(BuildRule(seconds, never, ends, server, name))
