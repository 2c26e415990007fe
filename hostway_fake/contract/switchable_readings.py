"""The readings that have several values: contradictions of the pages, and open points that matter to clients."""

from itertools import permutations
from typing import Final

from hostway_fake.contract.evidence import (
    CREATE_PAGE,
    CREATE_REVISION,
    GET_PAGE,
    LIST_PAGE,
    VOLUME_PAGES,
    assumed,
    contradicted,
)
from hostway_fake.contract.reading import (
    ALL,
    CREATE,
    LIST,
    OK,
    SHOWING,
    VOLUME_CREATE,
    VOLUME_LISTS,
    Reading,
)

SWITCHABLE: Final = (
    Reading(
        "pending_create_time",
        "create_time while BUILD: the page's rule says an empty string, its sample 0000-00-00 00:00:00",
        ("empty", "zero"),
        contradicted(CREATE_PAGE, CREATE_REVISION),
        CREATE + SHOWING,
        OK,
    ),
    Reading(
        "create_time_is",
        "create_time is the instant at which the snapshot became ACTIVE, or at which it was requested",
        ("completed", "requested"),
        assumed(CREATE_PAGE, CREATE_REVISION),
        SHOWING,
        OK,
    ),
    Reading(
        "list_status",
        "the status of a list: 200 as every other reading operation, or the 202 of the page's heading",
        ("200", "202"),
        contradicted(LIST_PAGE),
        LIST,
        OK,
    ),
    Reading(
        "list_self_link",
        "the self link in a list shows the snapshot, or the server as in the page's sample",
        ("snapshot", "server"),
        contradicted(LIST_PAGE),
        LIST,
        OK,
    ),
    Reading(
        "refusal_order",
        "the order in which extra volumes (400), the name (409) and the limit (413) are looked at",
        tuple(",".join(order) for order in permutations(("400", "409", "413"))),
        assumed(CREATE_PAGE, CREATE_REVISION),
        CREATE,
        (400, 409, 413),
    ),
    Reading(
        "deleted_count",
        "a DELETED snapshot counts towards the limit and holds its name",
        ("false", "true"),
        assumed(CREATE_PAGE, CREATE_REVISION),
        CREATE,
        (202, 409, 413),
    ),
    Reading(
        "deleted_visible",
        "a DELETED snapshot is shown by get only, by neither get nor list, or by both",
        ("get", "never", "always"),
        assumed(GET_PAGE),
        SHOWING,
        (200, 202, 404),
    ),
    Reading(
        "authorization",
        "Authorization is Basic with or without the word (old and new pages), or with the word only",
        ("either", "basic"),
        contradicted(CREATE_PAGE, CREATE_REVISION),
        ALL,
    ),
    Reading(
        "over_limit_retry_after",
        "the 413 of the limit carries retryAfter and Retry-After: 0, as in Nova",
        ("off", "on"),
        assumed(CREATE_PAGE, CREATE_REVISION),
        CREATE,
        (413,),
    ),
    Reading(
        "volume_list_size",
        "the size of a volume in a list is a text, as the sample has it, or a number as it is on get",
        ("text", "number"),
        contradicted(VOLUME_PAGES),
        VOLUME_LISTS,
        OK,
    ),
    Reading(
        "volume_create_status",
        "the status of creating a volume",
        ("202", "200"),
        assumed(VOLUME_PAGES),
        VOLUME_CREATE,
        OK,
    ),
)
