"""A reading: a question that the pages leave open, with its possible answers."""

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
    """A question that the pages leave open.

    Attributes:
        name: The name.
        question: The question, or what was chosen.
        values: The possible values, the default first.
        source: The evidence.
        operations: The operations that it concerns.
        statuses: The statuses of the responses that rely on it. Empty for all.
        methods: The methods of the requests that rely on it. Empty for all.
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
