"""The table of operations, and the match of a request target with its row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote

from hostway_fake.contract.errors import (
    ACTION_NOT_SUPPORTED,
    ALREADY_REBOOTING,
    EXTRA_VOLUMES,
    INJECTED,
    LIMIT_REACHED,
    NAME_TAKEN,
    NOT_FOUND,
    NOT_RESIZABLE,
    NOT_RESTORABLE,
    PROFILE_UNAVAILABLE,
    SAME_FLAVOR,
    STATUS_CHANGING,
    UNAUTHORIZED,
    VOLUME_ATTACHED,
    ProviderError,
)
from hostway_fake.contract.evidence import (
    ACTION_PAGES,
    ATTACH_PAGE,
    CREATE_PAGE,
    CREATE_REVISION,
    FLAVOR_PAGES,
    GET_PAGE,
    IMAGE_PAGES,
    LIST_PAGE,
    RESTORE_PAGE,
    SERVER_PAGES,
    VOLUME_PAGES,
    ZONE_PAGE,
    Source,
    assumed,
    documented,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the API.

    Attributes:
        name: The name, such as ``create_snapshot``.
        method: The HTTP method.
        path: The path without the account part. It is served as it is and below each of `BASES`.
        success: The status of success.
        failures: The errors that the page documents.
        source: The evidence.
        about: The kind of resource that a call is about, such as ``snapshot``. Empty for lists.
        also: Another spelling of the path.
        action: The key in the body that selects the operation, if several have the same path and method.
        is_named_in_body: Whether the body contains the id of the resource.
    """

    name: str
    method: str
    path: str
    success: int
    failures: tuple[ProviderError, ...]
    source: Source
    about: str = ""
    also: str = ""
    action: str = ""
    is_named_in_body: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """The path and its other spelling, if there is one."""
        return (self.path, self.also) if self.also else (self.path,)

    def failure(self, status: int) -> ProviderError:
        """Return the error of a status, as the page of this operation words it if it does."""
        return next((error for error in self.failures if error.status == status), INJECTED[status])

    @property
    def argument(self) -> str:
        """The argument in the path that is the id of the resource. Empty if there is none."""
        argument = f"{self.about}_id"
        return argument if self.has(argument) else ""

    @property
    def has_json(self) -> bool:
        """True if a successful response has a JSON body."""
        return not (self.method == "DELETE" or self.path.endswith("/action") or self.is_named_in_body)

    def has(self, argument: str) -> bool:
        """Tell whether the path contains an argument, such as ``server_id``."""
        return f"{{{argument}}}" in self.path


_SERVERS = "/servers"
_SERVER = _SERVERS + "/{server_id}"
_SNAPSHOTS = _SERVER + "/snapshots"
_SNAPSHOT = _SNAPSHOTS + "/{snapshot_id}"
_ATTACHMENTS = _SERVER + "/os-volume_attachments"
_ATTACHMENT = _ATTACHMENTS + "/{volume_id}"
_VOLUMES = "/volumes"
_VOLUME = _VOLUMES + "/{volume_id}"

_CREATE_FAILURES = (EXTRA_VOLUMES, NAME_TAKEN, LIMIT_REACHED)
_READ_FAILURES = (UNAUTHORIZED, NOT_FOUND)

_PAGE = documented(SERVER_PAGES)
_ACTIONS = documented(ACTION_PAGES)
_ATTACHING = documented(ATTACH_PAGE)
_KEEPING = documented(VOLUME_PAGES)


def _snapshot(name: str, method: str, path: str, success: int, source: Source, **more: Any) -> Operation:
    return Operation(name, method, path, success, more.pop("failures", _READ_FAILURES), source, "snapshot", **more)


def _server(name: str, method: str, path: str, success: int, source: Source, **more: Any) -> Operation:
    return Operation(name, method, path, success, more.pop("failures", _READ_FAILURES), source, "server", **more)


def _action(name: str, action: str, *failures: ProviderError) -> Operation:
    failures = (*failures, ACTION_NOT_SUPPORTED)
    return _server(name, "POST", _SERVER + "/action", 202, _ACTIONS, failures=failures, action=action)


def _volume(name: str, method: str, path: str, success: int, source: Source, **more: Any) -> Operation:
    return Operation(name, method, path, success, more.pop("failures", _READ_FAILURES), source, "volume", **more)


def _list(name: str, path: str, source: Source) -> Operation:
    return Operation(name, "GET", path, 200, _READ_FAILURES, source)


OPERATIONS: Final = (
    _snapshot(
        "create_snapshot",
        "POST",
        _SNAPSHOTS,
        202,
        documented(CREATE_PAGE, CREATE_REVISION),
        failures=_CREATE_FAILURES,
    ),
    _list("list_snapshots", _SNAPSHOTS, documented(LIST_PAGE)),
    _snapshot("get_snapshot", "GET", _SNAPSHOT, 200, documented(GET_PAGE)),
    _snapshot(
        "restore_snapshot",
        "POST",
        _SNAPSHOT + "/action",
        202,
        documented(RESTORE_PAGE),
        failures=(NOT_RESTORABLE, *_READ_FAILURES),
        also=_SNAPSHOT + "/actions",
    ),
    _snapshot("delete_snapshot", "DELETE", _SNAPSHOT, 204, assumed(VOLUME_PAGES)),
    _server("create_server", "POST", _SERVERS, 202, _PAGE, failures=(UNAUTHORIZED,)),
    _list("list_servers", _SERVERS, _PAGE),
    _list("list_servers_detail", _SERVERS + "/detail", _PAGE),
    _server("get_server", "GET", _SERVER, 200, _PAGE),
    _server("update_server", "PUT", _SERVER, 200, assumed(SERVER_PAGES)),
    _server("delete_server", "DELETE", _SERVER, 204, assumed(SERVER_PAGES)),
    _action("reboot_server", "reboot", ALREADY_REBOOTING),
    _action("resize_server", "resize", SAME_FLAVOR, NOT_RESIZABLE, PROFILE_UNAVAILABLE),
    _action("stop_server", "os-stop", STATUS_CHANGING),
    _action("start_server", "os-start", STATUS_CHANGING),
    _volume("attach_volume", "POST", _ATTACHMENTS, 200, _ATTACHING, failures=(VOLUME_ATTACHED,), is_named_in_body=True),
    _list("list_attachments", _ATTACHMENTS, _ATTACHING),
    _volume("get_attachment", "GET", _ATTACHMENT, 200, _ATTACHING),
    _volume("detach_volume", "DELETE", _ATTACHMENT, 204, _ATTACHING),
    _volume("create_volume", "POST", _VOLUMES, 202, assumed(VOLUME_PAGES), failures=(UNAUTHORIZED,)),
    _list("list_volumes", _VOLUMES, _KEEPING),
    _list("list_volumes_detail", _VOLUMES + "/detail", _KEEPING),
    _volume("get_volume", "GET", _VOLUME, 200, _KEEPING),
    _volume("delete_volume", "DELETE", _VOLUME, 204, _KEEPING),
    _list("list_images", "/images", documented(IMAGE_PAGES)),
    _list("list_images_detail", "/images/detail", documented(IMAGE_PAGES)),
    Operation("get_image", "GET", "/images/{image_id}", 200, _READ_FAILURES, documented(IMAGE_PAGES), "image"),
    _list("list_flavors", "/flavors", documented(FLAVOR_PAGES)),
    _list("list_flavors_detail", "/flavors/detail", documented(FLAVOR_PAGES)),
    Operation("get_flavor", "GET", "/flavors/{flavor_id}", 200, _READ_FAILURES, documented(FLAVOR_PAGES), "flavor"),
    _list("list_zones", "/zone", documented(ZONE_PAGE)),
)

BY_NAME: Final[Mapping[str, Operation]] = {operation.name: operation for operation in OPERATIONS}

BASES: Final = ("", "/accounts/{account_id}/flexcloud")
"""The two path families. Both are always served. Links use the family of the request."""


SERVER_FILTERS: Final = ("name", "status", "image", "zone")
"""The keys in the query of a list of servers. No other operation has a query."""

Methods = Mapping[str, Mapping[str, Operation]]
"""The operations of a path by method, then by the action in the body, which is empty if there is only one operation."""


@dataclass(frozen=True, slots=True)
class Match:
    """A path that matches: its operations, its arguments, and the account if it contains one."""

    methods: Methods
    arguments: Mapping[str, str]
    account: str | None

    @property
    def base(self) -> str:
        """The part of links before the path: that of the family."""
        return (
            "" if self.account is None else BASES[1].format(account_id=quote(self.account, safe="", errors="replace"))
        )

    @property
    def allow(self) -> str:
        """The value of ``Allow``: the methods of the path."""
        methods = set(self.methods)
        return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))

    def operations(self, method: str) -> Mapping[str, Operation]:
        """Return the operations of a method, by action. ``HEAD`` has those of ``GET``."""
        return self.methods.get("GET" if method == "HEAD" else method, {})


@dataclass(frozen=True, slots=True)
class _Route:
    """A path of the table, split into segments: literals and arguments."""

    segments: tuple[tuple[bool, str], ...]
    methods: Methods

    def arguments(self, segments: list[str]) -> dict[str, str] | None:
        found = {}
        for (is_argument, word), segment in zip(self.segments, segments, strict=True):
            if is_argument:
                found[word] = segment
            elif word != segment:
                return None
        return found


def _routes(operations: tuple[Operation, ...]) -> dict[int, list[_Route]]:
    """Return the paths by their number of segments, literals before arguments, so that ``detail`` is not an id."""
    by_path: dict[str, dict[str, dict[str, Operation]]] = {}
    for operation in operations:
        for path in operation.paths:
            by_path.setdefault(path, {}).setdefault(operation.method, {})[operation.action] = operation
    by_length: dict[int, list[_Route]] = {}
    for path, methods in by_path.items():
        words = path.split("/")[1:]
        segments = tuple((word.startswith("{"), word.strip("{}")) for word in words)
        by_length.setdefault(len(words), []).append(_Route(segments, methods))
    return {length: sorted(routes, key=lambda route: route.segments) for length, routes in by_length.items()}


_ROUTES: Final = _routes(OPERATIONS)


def resolve(target: str) -> Match | None:
    """Return the match of a raw target in origin form, or None.

    Segments are decoded one by one, so ``%2F`` does not separate them. One trailing slash is ignored. ``//`` and ``..``
    match nothing. The query is ignored.

    >>> resolve("/servers/jello614636-USOTE-0214/snapshots/").arguments
    {'server_id': 'jello614636-USOTE-0214'}
    >>> resolve("//servers") is None
    True
    """
    path = target.partition("?")[0]
    first, *segments = path.split("/")
    if first or not segments:
        return None
    if segments[-1] == "":
        segments.pop()
    if "" in segments:
        return None
    if "%" in path:
        segments = [unquote(segment) for segment in segments]
    if ".." in segments or "." in segments:
        return None
    account = None
    if len(segments) > 3 and segments[0] == "accounts" and segments[2] == "flexcloud":
        account, segments = segments[1], segments[3:]
    for route in _ROUTES.get(len(segments), ()):
        arguments = route.arguments(segments)
        if arguments is not None:
            return Match(route.methods, arguments, account)
    return None
