"""What a reading is: a question that the pages leave open."""

import re
from dataclasses import dataclass
from typing import Final

from hostway_fake.contract.evidence import Source
from hostway_fake.contract.operations import BY_NAME

CREATE = ("create_snapshot",)
GET = ("get_snapshot",)
LIST = ("list_snapshots",)
SHOWING = GET + LIST
RESTORE = ("restore_snapshot",)
DELETE = ("delete_snapshot",)
SERVER_CREATE = ("create_server",)
SERVER_SHOWING = ("get_server", "list_servers_detail", "update_server")
SERVER_LISTS = ("list_servers", "list_servers_detail")
ACTIONS = ("reboot_server", "resize_server", "stop_server", "start_server")
VOLUME_CREATE = ("create_volume",)
VOLUME_LISTS = ("list_volumes", "list_volumes_detail")
ALL = tuple(BY_NAME)
CREATING = CREATE + SERVER_CREATE + VOLUME_CREATE
WITH_BODY = (*CREATING, *RESTORE, "update_server", *ACTIONS, "attach_volume")
CATALOGUE = tuple(name for name in BY_NAME if re.search("_(image|flavor|zone)", name))
OK: Final = (200, 202)
"""The statuses of success."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One question that the pages leave open.

    ``values`` are its possible answers, the default first; ``operations`` are those that can meet it, and ``statuses``
    those of the answers that rely on it, ``methods`` those of the requests, where they are not all.
    """

    name: str
    question: str
    values: tuple[str, ...]
    source: Source
    operations: tuple[str, ...]
    statuses: tuple[int, ...] = ()
    methods: tuple[str, ...] = ()

    @property
    def default(self) -> str:
        return self.values[0]
