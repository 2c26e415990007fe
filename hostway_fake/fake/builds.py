"""How builds of snapshots end, and how long they take."""

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
    """How long builds of snapshots take and how they end, to order.

    What nothing was ordered for takes ``build_seconds``, and so does every build of a server.
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
        """Order one build: the next that fits ``server`` (its id) and ``name``, exact or globs.

        It takes ``seconds``, or a time drawn by the seed from a range ``(shortest, longest)``, and then is ``ends``,
        ``"ACTIVE"`` or ``"DELETED"``; or it stays in BUILD for ever. Orders are used oldest first.
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
        """Order all builds from now on that fit, as `next` does one; of several such orders the newest is used."""
        self._world.script_build(BuildRule(seconds, never, ends, server, name))
