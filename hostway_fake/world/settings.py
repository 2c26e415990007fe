"""The constant properties of a world."""

from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo

from hostway_fake.contract.readings import Readings


@dataclass(frozen=True, slots=True)
class Settings:
    """The properties of a world that never change."""

    account: str
    password: str
    seed: int
    revision: str
    readings: Readings
    build_time: timedelta
    action_time: timedelta = timedelta(seconds=10)
    time_zone: tzinfo = UTC
    poll_step: timedelta | None = None
    poll_limit: int = 1000
    journal_size: int = 10_000
    journal_bytes: int = 64 * 1024 * 1024
    remember_deleted: int = 10_000
