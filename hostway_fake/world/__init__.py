"""State: isolated accounts, each with its own clock, seed, readings, fault rules and journal."""

from hostway_fake.world.settings import Settings
from hostway_fake.world.state import Savepoint
from hostway_fake.world.values import UpcomingEvent
from hostway_fake.world.world import World
from hostway_fake.world.worlds import Worlds

__all__ = ["Savepoint", "Settings", "UpcomingEvent", "World", "Worlds"]
