"""Every contradiction and assumption of the pages: its name, its possible readings, the default, the evidence.

A reading with one value is a choice of ours that cannot be switched; it stands here lest it be taken for documented.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import permutations
from types import MappingProxyType
from typing import Final

from hostway_fake.contract.evidence import (
    ACTION_PAGES,
    ATTACH_PAGE,
    CREATE_PAGE,
    CREATE_REVISION,
    ERROR_PAGES,
    GET_PAGE,
    IMAGE_PAGES,
    LIST_PAGE,
    RESTORE_PAGE,
    SERVER_PAGES,
    VOLUME_PAGES,
    Source,
    assumed,
    contradicted,
)
from hostway_fake.contract.operations import BY_NAME
from hostway_fake.exceptions import WrongTypeError, invalid

Readings = Mapping[str, str]
"""The value of every reading by name: what rules and rendering are given. Read-only."""

_CREATE = ("create_snapshot",)
_GET = ("get_snapshot",)
_LIST = ("list_snapshots",)
_SHOWING = _GET + _LIST
_RESTORE = ("restore_snapshot",)
_DELETE = ("delete_snapshot",)
_SERVER_CREATE = ("create_server",)
_SERVER_SHOWING = ("get_server", "list_servers_detail", "update_server")
_SERVER_LISTS = ("list_servers", "list_servers_detail")
_ACTIONS = ("reboot_server", "resize_server", "stop_server", "start_server")
_VOLUME_CREATE = ("create_volume",)
_VOLUME_LISTS = ("list_volumes", "list_volumes_detail")
_ALL = tuple(BY_NAME)
_CREATING = _CREATE + _SERVER_CREATE + _VOLUME_CREATE
_WITH_BODY = (*_CREATING, *_RESTORE, "update_server", *_ACTIONS, "attach_volume")
_CATALOGUE = tuple(name for name in BY_NAME if re.search("_(image|flavor|zone)", name))


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


_OK: Final = (200, 202)

_TABLE: Final = (
    # What can be switched.
    Reading(
        "pending_create_time",
        "create_time while BUILD: the page's rule says an empty string, its sample 0000-00-00 00:00:00",
        ("empty", "zero"),
        contradicted(CREATE_PAGE, CREATE_REVISION),
        _CREATE + _SHOWING,
        _OK,
    ),
    Reading(
        "create_time_is",
        "create_time is the instant at which the snapshot became ACTIVE, or at which it was requested",
        ("completed", "requested"),
        assumed(CREATE_PAGE, CREATE_REVISION),
        _SHOWING,
        _OK,
    ),
    Reading(
        "list_status",
        "the status of a list: 200 as every other reading operation, or the 202 of the page's heading",
        ("200", "202"),
        contradicted(LIST_PAGE),
        _LIST,
        _OK,
    ),
    Reading(
        "list_self_link",
        "the self link in a list shows the snapshot, or the server as in the page's sample",
        ("snapshot", "server"),
        contradicted(LIST_PAGE),
        _LIST,
        _OK,
    ),
    Reading(
        "refusal_order",
        "the order in which extra volumes (400), the name (409) and the limit (413) are looked at",
        tuple(",".join(order) for order in permutations(("400", "409", "413"))),
        assumed(CREATE_PAGE, CREATE_REVISION),
        _CREATE,
        (400, 409, 413),
    ),
    Reading(
        "deleted_count",
        "a DELETED snapshot counts towards the limit and holds its name",
        ("false", "true"),
        assumed(CREATE_PAGE, CREATE_REVISION),
        _CREATE,
        (202, 409, 413),
    ),
    Reading(
        "deleted_visible",
        "a DELETED snapshot is shown by get only, by neither get nor list, or by both",
        ("get", "never", "always"),
        assumed(GET_PAGE),
        _SHOWING,
        (200, 202, 404),
    ),
    Reading(
        "authorization",
        "Authorization is Basic with or without the word (old and new pages), or with the word only",
        ("either", "basic"),
        contradicted(CREATE_PAGE, CREATE_REVISION),
        _ALL,
    ),
    Reading(
        "over_limit_retry_after",
        "the 413 of the limit carries retryAfter and Retry-After: 0, as in Nova",
        ("off", "on"),
        assumed(CREATE_PAGE, CREATE_REVISION),
        _CREATE,
        (413,),
    ),
    Reading(
        "volume_list_size",
        "the size of a volume in a list is a text, as the sample has it, or a number as it is on get",
        ("text", "number"),
        contradicted(VOLUME_PAGES),
        _VOLUME_LISTS,
        _OK,
    ),
    Reading(
        "volume_create_status",
        "the status of creating a volume",
        ("202", "200"),
        assumed(VOLUME_PAGES),
        _VOLUME_CREATE,
        _OK,
    ),
    # What we chose for good.
    Reading(
        "delete",
        "DELETE deletes a snapshot, built or not, and answers 204; a second time is 404",
        ("204",),
        assumed(VOLUME_PAGES),
        _DELETE,
        (204, 404),
    ),
    Reading(
        "restore_paths",
        "a restore is posted to /action or /actions: the pages spell it in both ways",
        ("both",),
        assumed(RESTORE_PAGE),
        _RESTORE,
        (202, 400, 404),
    ),
    Reading(
        "restore_in_build",
        "the 400 of the page is a snapshot in BUILD; a DELETED one is 404, which comes after what is wrong in the body",
        ("400",),
        assumed(RESTORE_PAGE),
        _RESTORE,
        (400, 404),
    ),
    Reading(
        "both_path_families",
        "paths below /accounts/{account_id}/flexcloud are served beside the short ones, whatever the revision",
        ("served",),
        assumed(ACTION_PAGES),
        _ALL,
    ),
    Reading(
        "trailing_slash",
        "a path is the same with and without a trailing slash, without a redirect",
        ("ignored",),
        assumed(CREATE_PAGE, CREATE_REVISION),
        _ALL,
    ),
    Reading(
        "list_request",
        "the heading of the list page repeats the path of get, a slip; a list is asked of the collection",
        ("collection",),
        contradicted(LIST_PAGE),
        _LIST,
        _OK,
    ),
    Reading(
        "location",
        "Location equals the href of the self link",
        ("self_link",),
        assumed(CREATE_PAGE, CREATE_REVISION),
        _CREATE + _SERVER_CREATE,
        (202,),
    ),
    Reading(
        "guids",
        "guids are lower-case UUIDs; relation_guid is one for each server",
        ("uuid",),
        assumed(CREATE_PAGE, CREATE_REVISION),
        _SHOWING,
        _OK,
    ),
    Reading(
        "parent_guid",
        "the guid of the last snapshot to become ACTIVE, or of the last one restored; relation_guid for the first",
        ("disk",),
        assumed(RESTORE_PAGE),
        _SHOWING,
        _OK,
    ),
    Reading(
        "refusals_before_the_rules",
        "what is no HTTP 400, 401, path and account 404 or 403, 405, server 404, 415, body 400, server status 409",
        ("in_this_order",),
        assumed(CREATE_PAGE, CREATE_REVISION),
        _ALL,
        (400, 401, 403, 404, 405, 409, 415),
    ),
    Reading(
        "extra_volume",
        "an extra volume is any volume attached to the server",
        ("attached",),
        assumed(VOLUME_PAGES),
        _CREATE,
        (400,),
    ),
    Reading(
        "name_case",
        "names that differ in case only are different names",
        ("sensitive",),
        assumed(CREATE_PAGE, CREATE_REVISION),
        _CREATE,
        (202, 409),
    ),
    Reading(
        "request_fields",
        "name is required and not empty; description is empty when absent; unknown keys are ignored",
        ("lenient",),
        assumed(CREATE_PAGE, CREATE_REVISION),
        _CREATE,
        (202, 400),
    ),
    Reading(
        "request_media_type",
        "application/json with any parameters, the page's malformed spelling and no type are taken; others are 415",
        ("json_or_none",),
        assumed(CREATE_PAGE, CREATE_REVISION),
        _WITH_BODY,
        (200, 202, 415),
    ),
    Reading(
        "server_status",
        "a server in any status but BUILD (409) and DELETED (404) can be snapshotted",
        ("any_but_build_and_deleted",),
        assumed(CREATE_PAGE, CREATE_REVISION),
        _CREATE,
        (202, 404, 409),
    ),
    Reading(
        "server_pending",
        "a server in BUILD has no addresses, no hostId, no created and progress 0; created is when it became ACTIVE",
        ("empty",),
        assumed(SERVER_PAGES),
        _SERVER_CREATE + _SERVER_SHOWING,
        _OK,
    ),
    Reading(
        "server_fields",
        "name, imageRef and flavorRef are required; zone is USOTE when absent; a reference is an id, or ends in one",
        ("lenient",),
        assumed(SERVER_PAGES),
        _SERVER_CREATE,
        (202, 400),
    ),
    Reading(
        "not_in_catalogue",
        "an unknown image, flavor or zone is 400",
        ("400",),
        assumed(SERVER_PAGES),
        ("create_server", "resize_server", "create_volume"),
        (400,),
    ),
    Reading(
        "server_update",
        "PUT changes the name, and answers 200 with the server; updated is null until then, and until an action ends",
        ("200",),
        assumed(SERVER_PAGES),
        ("update_server",),
        _OK,
    ),
    Reading(
        "server_delete",
        "DELETE is 204 in any status and takes the snapshots along; the server is 404 from then on, its volumes free",
        ("204",),
        assumed(SERVER_PAGES),
        ("delete_server",),
        (204, 404),
    ),
    Reading(
        "server_list_filters",
        "without a status to look for, a list shows ACTIVE and STOPPED servers that fit the other filters",
        ("unless_status",),
        assumed(SERVER_PAGES),
        _SERVER_LISTS,
        _OK,
    ),
    Reading(
        "action_status",
        "an action shows as PROCESSING, with progress 50; during one, any other is 409; so is one in the wrong status",
        ("processing",),
        assumed(ACTION_PAGES),
        _ACTIONS,
        (202, 409),
    ),
    Reading(
        "resize_refused",
        "the server that cannot be resized is one whose disk would shrink",
        ("smaller_disk",),
        assumed(ACTION_PAGES),
        ("resize_server",),
        (202, 403),
    ),
    Reading(
        "action_body",
        "the body holds one action; an unknown one is the page's 405",
        ("one",),
        assumed(ACTION_PAGES),
        _ACTIONS,
        (202, 400),
    ),
    Reading(
        "volume_fields",
        "size is required, a whole number of GB; the others are texts, empty when absent",
        ("lenient",),
        assumed(VOLUME_PAGES),
        _VOLUME_CREATE,
        (200, 202, 400),
    ),
    Reading(
        "volume_in_use",
        "a volume that is attached cannot be deleted: 409",
        ("409",),
        assumed(VOLUME_PAGES),
        ("delete_volume",),
        (204, 409),
    ),
    Reading(
        "attachment_id",
        "the id of an attachment is the volume's; device is empty when absent; a server in BUILD takes none: 409",
        ("volume_id",),
        assumed(ATTACH_PAGE),
        ("attach_volume", "list_attachments", "get_attachment", "detach_volume"),
    ),
    Reading(
        "catalogue",
        "which images, flavors and zones there are beyond the samples, and that lists hold name, links and id only",
        ("ours",),
        assumed(IMAGE_PAGES),
        _CATALOGUE,
        _OK,
    ),
    Reading(
        "error_names",
        "badRequest, badMethod, overLimit, badMediaType, computeFault and serviceUnavailable are Nova's",
        ("nova",),
        assumed(ERROR_PAGES),
        _ALL,
        (400, 405, 413, 415),
    ),
    Reading(
        "unauthorized_challenge",
        "a 401 carries WWW-Authenticate",
        ("basic_realm",),
        assumed(ERROR_PAGES),
        _ALL,
        (401,),
    ),
    Reading(
        "response_media_type",
        "JSON is sent as application/json; charset=UTF-8",
        ("utf-8",),
        assumed(ERROR_PAGES),
        _ALL,
    ),
    Reading(
        "head_and_options",
        "HEAD answers as GET without a body; OPTIONS is 405",
        ("get_and_405",),
        assumed(),
        _ALL,
        methods=("HEAD", "OPTIONS"),
    ),
    Reading(
        "raw_target",
        "paths are matched on the raw target, decoded segment by segment; // and .. match nothing",
        ("by_segment",),
        assumed(),
        _ALL,
    ),
)

READINGS: Final[Mapping[str, Reading]] = MappingProxyType({reading.name: reading for reading in _TABLE})
"""All readings by name."""

DEFAULTS: Final[Readings] = MappingProxyType({reading.name: reading.default for reading in _TABLE})


def _text(value: object, values: tuple[str, ...]) -> str:
    if isinstance(value, bool):
        words = ("true", "on") if value else ("false", "off")
        return next((word for word in words if word in values), str(value))
    return str(value) if isinstance(value, int) else value if isinstance(value, str) else ""


def read(choices: Mapping[str, str | int | bool] | None) -> Readings:
    """All readings, with ``choices`` in place of the defaults.

    >>> read({"list_status": 202})["list_status"]
    '202'
    >>> read({"list_status": 204})
    Traceback (most recent call last):
    hostway_fake.exceptions.InvalidValueError: reading list_status: got 204, expected one of: '200', '202'
    """
    if choices is None:
        return DEFAULTS
    if not isinstance(choices, Mapping):
        raise WrongTypeError(f"readings: got {choices!r}, expected a mapping of names to values")
    chosen = dict(DEFAULTS)
    for name, value in choices.items():
        if name not in READINGS:
            raise invalid("reading", name, "one of", READINGS)
        values = READINGS[name].values
        text = _text(value, values)
        if text not in values:
            raise invalid(f"reading {name}", value, "one of", values)
        chosen[name] = text
    return MappingProxyType(chosen)


def others(operations: Iterable[str] | None = None) -> tuple[tuple[str, str], ...]:
    """Every value that is no default, with its reading, of the readings that these operations, or any, can meet.

    >>> others(["delete_snapshot"])
    (('authorization', 'basic'),)
    """
    if operations is None:
        wanted = set(BY_NAME)
    elif isinstance(operations, str):
        raise WrongTypeError(f"operations: got {operations!r}, expected a list of their names")
    else:
        wanted = set(operations)
    for name in wanted - set(BY_NAME):
        raise invalid("operation", name, "one of", BY_NAME)
    met = (reading for reading in READINGS.values() if wanted & set(reading.operations))
    return tuple((reading.name, value) for reading in met for value in reading.values[1:])
