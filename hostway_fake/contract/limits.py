"""The limits of the contract."""

from typing import Final

SNAPSHOTS_PER_SERVER: Final = 3
"""The number of snapshots of a server. Documented: ``ServerSnapshotCreate``, 413, "up to 3 in a server"."""

BODY_LIMIT: Final = 16 * 1024 * 1024
"""The size of a request body in bytes, 16 MiB. Ours: the pages name no limit."""

DEPTH_LIMIT: Final = 100
"""The nesting depth of a request body. Ours: the pages name no limit."""

VOLUME_LIMIT: Final = 1_000_000
"""The size of a volume in GB. Ours: the pages name no limit."""
