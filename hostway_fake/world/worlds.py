"""The accounts that share the ways in."""

from dataclasses import dataclass, field

from hostway_fake.exceptions import invalid
from hostway_fake.world.world import World


@dataclass(frozen=True, slots=True)
class Worlds:
    """The worlds behind the same ways in, by account, and the one at home here: it answers whom nobody knows."""

    default_world: World
    by_account: dict[str, World] = field(default_factory=dict)

    def __post_init__(self) -> None:
        account = self.default_world.settings.account
        if self.by_account.setdefault(account, self.default_world) is not self.default_world:
            raise invalid("user", account, "one that no other open fake behind these ways in has")

    def leave(self) -> None:
        """Take the home world away; its credentials are unknown from here on."""
        account = self.default_world.settings.account
        if self.by_account.get(account) is self.default_world:
            del self.by_account[account]
