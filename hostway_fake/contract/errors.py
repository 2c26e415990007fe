"""The errors of the API: name, status, reason phrase and texts. No other module contains them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hostway_fake.contract.evidence import (
    ACTION_PAGES,
    ATTACH_PAGE,
    CREATE_PAGE,
    CREATE_REVISION,
    ERROR_PAGES,
    OURS,
    RESTORE_PAGE,
    SERVER_PAGES,
    VOLUME_PAGES,
    ZONE_PAGE,
    Source,
    assumed,
    documented,
)

_CREATE = documented(CREATE_PAGE, CREATE_REVISION)
_NOVA = assumed("OpenStack Nova, which the API imitates")

PHRASES: Final[Mapping[int, str]] = {
    200: "OK",
    202: "Accepted",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Request entity too large",
    415: "Unsupported Media Type",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
"""The reason phrase of each status. That of 413 is spelled as on the page."""

REVISIONS: Final = ("2013-04", "2013-10")
"""The revisions of the error bodies. The later one adds ``errorid``."""


@dataclass(frozen=True, slots=True)
class ErrorName:
    """The key that contains an error body, with the evidence for it."""

    name: str
    source: Source


ERROR_NAMES: Final[Mapping[int, ErrorName]] = {
    400: ErrorName("badRequest", _NOVA),
    403: ErrorName("forbidden", documented(ZONE_PAGE, "June 2013")),
    404: ErrorName("itemNotFound", documented(ERROR_PAGES)),
    405: ErrorName("badMethod", _NOVA),
    409: ErrorName("conflict", documented(ATTACH_PAGE)),
    413: ErrorName("overLimit", _NOVA),
    415: ErrorName("badMediaType", _NOVA),
    500: ErrorName("computeFault", _NOVA),
    503: ErrorName("serviceUnavailable", _NOVA),
}
"""401 is not in this table: its body is plain text, see `UNAUTHORIZED_TEXT`."""


@dataclass(frozen=True, slots=True)
class ProviderError:
    """An error of the API. ``details`` may contain ``{}`` for the invalid part of the request."""

    status: int
    message: str
    details: str
    source: Source


UNAUTHORIZED: Final = ProviderError(401, "Unauthorized", "", documented("the 401 samples of several pages"))
UNAUTHORIZED_TEXT: Final = (
    "401 Unauthorized\n"
    "\n"
    "This server could not verify that you are authorized to\n"
    "access the document you requested.  Either you supplied the\n"
    "wrong credentials (e.g., bad password), or your browser\n"
    "does not understand how to supply the credentials required.\n"
)
"""The body of a 401, plain text."""
UNAUTHORIZED_CHALLENGE: Final = 'Basic realm="Hostway"'
"""The ``WWW-Authenticate`` header of a 401. Assumed: RFC 9110 requires the header."""

EXTRA_VOLUMES: Final = ProviderError(
    400,
    "ServerContainsExtraVolumes",
    "The snapshot cannot be created because the server contains extra volumes.",
    _CREATE,
)
NAME_TAKEN: Final = ProviderError(
    409, "SnapshotNameNotUnique", "The snapshot name must be unique in a server.", _CREATE
)
LIMIT_REACHED: Final = ProviderError(
    413, "SnapshotLimitReached", "The snapshot can be created up to 3 in a server.", _CREATE
)
FORBIDDEN: Final = ProviderError(403, "forbidden", "", documented(ZONE_PAGE, "June 2013"))
NOT_FOUND: Final = ProviderError(404, "Resource not found", "", documented(ERROR_PAGES))
METHOD_NOT_ALLOWED: Final = ProviderError(405, "Method not allowed", "{}", _NOVA)
SERVER_NOT_READY: Final = ProviderError(409, "ServerNotReady", "The server is in status {}.", assumed())
UNSUPPORTED_MEDIA: Final = ProviderError(
    415, "Unsupported media type", "The body must be application/json, not {}.", _NOVA
)
NOT_RESTORABLE: Final = ProviderError(400, "SnapshotNotActive", "An error occurred.", assumed(RESTORE_PAGE))
BAD_BODY: Final = ProviderError(400, "Malformed request body", "{}", _NOVA)
BAD_HTTP: Final = ProviderError(400, "Malformed HTTP request", "{}", OURS)
BODY_TOO_LARGE: Final = ProviderError(413, "Request body too large", "The request body may hold up to {} bytes.", OURS)
INTERNAL: Final = ProviderError(500, "Internal error of the fake", "{}", OURS)
RATE_LIMITED: Final = ProviderError(413, "Rate limit exceeded", "Too many: {}.", assumed())
VOLUME_ATTACHED: Final = ProviderError(409, "VolumeAlreadyAttached", "{} is already attached", documented(ATTACH_PAGE))
VOLUME_IN_USE: Final = ProviderError(409, "VolumeInUse", "{} is attached", assumed(VOLUME_PAGES))
NOT_IN_CATALOGUE: Final = ProviderError(400, "NotInCatalogue", "{}", assumed(SERVER_PAGES))

_ACTION = documented(ACTION_PAGES)
ALREADY_REBOOTING: Final = ProviderError(409, "AlreadyRebooting", "Already rebooting.", _ACTION)
STATUS_CHANGING: Final = ProviderError(409, "StatusChanging", "Another change of status runs.", _ACTION)
WRONG_STATUS: Final = ProviderError(409, "WrongServerStatus", "This cannot be done to a server that is {}.", assumed())
SAME_FLAVOR: Final = ProviderError(400, "SameFlavor", "The server has this flavor already.", _ACTION)
NOT_RESIZABLE: Final = ProviderError(403, "NotResizable", "The server cannot be resized to this flavor.", _ACTION)
PROFILE_UNAVAILABLE: Final = ProviderError(503, "ProfileUnavailable", "The profile is unavailable.", _ACTION)
ACTION_NOT_SUPPORTED: Final = ProviderError(405, "ActionNotSupported", "{} is no action of a server.", _ACTION)

INJECTED: Final[Mapping[int, ProviderError]] = {
    400: ProviderError(400, "Bad request", "", _NOVA),
    401: UNAUTHORIZED,
    403: FORBIDDEN,
    404: NOT_FOUND,
    405: ProviderError(405, "Method not allowed", "", _NOVA),
    409: ProviderError(409, "Conflict", "", _NOVA),
    413: ProviderError(413, "Over limit", "", _NOVA),
    415: ProviderError(415, "Unsupported media type", "", _NOVA),
    500: ProviderError(500, "Compute fault", "", _NOVA),
    503: ProviderError(503, "Service unavailable", "", _NOVA),
}
"""The error of a scripted response, for statuses that the page of the operation does not document."""
