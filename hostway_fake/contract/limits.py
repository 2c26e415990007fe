"""The numbers of the contract."""

from typing import Final

SNAPSHOTS_PER_SERVER: Final = 3
"""``ServerSnapshotCreate``, 413: "up to 3 in a server". DOCUMENTED."""

BODY_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of a request body, 16 MiB. Ours: the pages name no limit."""

DEPTH_LIMIT: Final = 100
"""Objects and arrays inside each other in a request body. Ours: the pages name no limit."""

VOLUME_LIMIT: Final = 1_000_000
"""GB of a volume. Ours: the pages name no limit."""
