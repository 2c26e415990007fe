"""The table of operations, and how a raw request target finds its row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from hostway_fake.contract.errors import (
    EXTRA_VOLUMES,
    INJECTED,
    LIMIT_REACHED,
    NAME_TAKEN,
    NOT_FOUND,
    NOT_RESTORABLE,
    UNAUTHORIZED,
    ProviderError,
)
from hostway_fake.contract.evidence import (
    CREATE_PAGE,
    CREATE_REVISION,
    GET_PAGE,
    LIST_PAGE,
    RESTORE_PAGE,
    VOLUME_PAGES,
    Source,
    assumed,
    documented,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One row: what the client sends, what success looks like, and which failures the page documents.

    ``path`` is without the account part: it is served as it stands and below each of `BASES`.
    """

    name: str
    method: str
    path: str
    success: int
    failures: tuple[ProviderError, ...]
    source: Source
    also: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths of it: the pages spell some in two ways, and both are served."""
        return (self.path, self.also) if self.also else (self.path,)

    def failure(self, status: int) -> ProviderError:
        """The error of a status, as the page of this operation words it where it does."""
        return next((error for error in self.failures if error.status == status), INJECTED[status])

    def has(self, argument: str) -> bool:
        """Whether the path names a ``server_id`` or a ``snapshot_id``."""
        return f"{{{argument}}}" in self.path


_SNAPSHOTS = "/servers/{server_id}/snapshots"

_SNAPSHOT = _SNAPSHOTS + "/{snapshot_id}"
_CREATE_FAILURES = (EXTRA_VOLUMES, NAME_TAKEN, LIMIT_REACHED)
_READ_FAILURES = (UNAUTHORIZED, NOT_FOUND)

OPERATIONS: Final = (
    Operation("create_snapshot", "POST", _SNAPSHOTS, 202, _CREATE_FAILURES, documented(CREATE_PAGE, CREATE_REVISION)),
    Operation("list_snapshots", "GET", _SNAPSHOTS, 200, _READ_FAILURES, documented(LIST_PAGE)),
    Operation("get_snapshot", "GET", _SNAPSHOT, 200, _READ_FAILURES, documented(GET_PAGE)),
    Operation(
        "restore_snapshot",
        "POST",
        _SNAPSHOT + "/action",
        202,
        (NOT_RESTORABLE, UNAUTHORIZED, NOT_FOUND),
        documented(RESTORE_PAGE),
        also=_SNAPSHOT + "/actions",
    ),
    Operation("delete_snapshot", "DELETE", _SNAPSHOT, 204, _READ_FAILURES, assumed(VOLUME_PAGES)),
)

BY_NAME: Final[Mapping[str, Operation]] = {operation.name: operation for operation in OPERATIONS}

BASES: Final = ("", "/accounts/{account_id}/flexcloud")
"""The two path families. Both are always served; links come back in the one that the request used."""


@dataclass(frozen=True, slots=True)
class Match:
    """A path that exists: its operations by method, the arguments in it, and the account where it names one."""

    operations: Mapping[str, Operation]
    arguments: Mapping[str, str]
    account: str | None

    @property
    def base(self) -> str:
        """The family of the path, to be put before links."""
        return (
            "" if self.account is None else BASES[1].format(account_id=quote(self.account, safe="", errors="replace"))
        )

    @property
    def allow(self) -> str:
        """The value of ``Allow``: every method that the path answers."""
        methods = set(self.operations)
        return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))

    def operation(self, method: str) -> Operation | None:
        """The operation behind a method; ``HEAD`` is answered as ``GET``."""
        return self.operations.get("GET" if method == "HEAD" else method)


@dataclass(frozen=True, slots=True)
class _Route:
    """A path of the table in segments: a literal, or the name of an argument."""

    segments: tuple[tuple[bool, str], ...]
    operations: Mapping[str, Operation]

    def arguments(self, segments: list[str]) -> dict[str, str] | None:
        found = {}
        for (is_argument, word), segment in zip(self.segments, segments, strict=True):
            if is_argument:
                found[word] = segment
            elif word != segment:
                return None
        return found


def _routes(operations: tuple[Operation, ...]) -> dict[int, list[_Route]]:
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        for path in operation.paths:
            by_path.setdefault(path, {})[operation.method] = operation
    by_length: dict[int, list[_Route]] = {}
    for path, methods in by_path.items():
        words = path.split("/")[1:]
        segments = tuple((word.startswith("{"), word.strip("{}")) for word in words)
        by_length.setdefault(len(words), []).append(_Route(segments, methods))
    return by_length


_ROUTES: Final = _routes(OPERATIONS)


def resolve(target: str) -> Match | None:
    """Find the path of a raw target in origin form, or nothing.

    Segments are decoded one by one, so ``%2F`` is no separator; one trailing slash is ignored; ``//`` and ``..`` match
    nothing. The query plays no part.

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
            return Match(route.operations, arguments, account)
    return None
