"""The accounts that share transports."""

from dataclasses import dataclass, field

from hostway_fake.exceptions import invalid
from hostway_fake.world.world import World


@dataclass(frozen=True, slots=True)
class Worlds:
    """The worlds behind the same transports.

    Attributes:
        default_world: The world that responds to requests with unknown credentials.
        by_account: All worlds, by the name of their account.
    """

    default_world: World
    by_account: dict[str, World] = field(default_factory=dict)

    def __post_init__(self) -> None:
        account = self.default_world.settings.account
        if self.by_account.setdefault(account, self.default_world) is not self.default_world:
            raise invalid("user", account, "a user that no other open account behind the same transports has")

    def leave(self) -> None:
        """Remove the default world. Its credentials are unknown from now on."""
        account = self.default_world.settings.account
        if self.by_account.get(account) is self.default_world:
            del self.by_account[account]
