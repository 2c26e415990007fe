"""The statuses of Hostway's resources, spelled as on the wire."""

from enum import StrEnum


class SnapshotStatus(StrEnum):
    """``ServerSnapshotCreate``: "Values: 'ACTIVE', 'BUILD', 'DELETED'". There is no error state."""

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
