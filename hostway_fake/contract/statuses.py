"""The statuses of Hostway's resources, as the API spells them."""

from enum import StrEnum


class SnapshotStatus(StrEnum):
    """The statuses of a snapshot.

    ``ServerSnapshotCreate``: "Values: 'ACTIVE', 'BUILD', 'DELETED'". There is no error status.
    """

    BUILD = "BUILD"
    ACTIVE = "ACTIVE"
    DELETED = "DELETED"


class ServerStatus(StrEnum):
    """The statuses of a server."""

    BUILD = "BUILD"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DELETED = "DELETED"
    UNKNOWN = "UNKNOWN"
    STOPPED = "STOPPED"
    PROCESSING = "PROCESSING"
