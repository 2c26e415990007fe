"""State: isolated accounts, each with its clock, seed and readings, its fault rules and its journal."""

from hostway_fake.world.settings import Settings
from hostway_fake.world.state import Savepoint
from hostway_fake.world.values import UpcomingEvent
from hostway_fake.world.world import World
from hostway_fake.world.worlds import Worlds

__all__ = ["Savepoint", "Settings", "UpcomingEvent", "World", "Worlds"]
