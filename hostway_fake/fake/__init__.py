"""What users hold: a fake, its servers, its clock, its builds."""

from hostway_fake.fake.hostway import FakeHostway
from hostway_fake.fake.server_handle import ServerHandle

__all__ = ["FakeHostway", "ServerHandle"]
