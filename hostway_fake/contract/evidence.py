"""The evidence for facts, and the pages of Hostway's documentation that they come from."""

from dataclasses import dataclass
from enum import StrEnum


class Evidence(StrEnum):
    """How well Hostway's documentation supports a fact."""

    DOCUMENTED = "documented"
    """A page says so."""
    CONTRADICTED = "contradicted"
    """Two pages disagree. One value is the default; the other can be switched on where it matters."""
    ASSUMED = "assumed"
    """The pages are silent. The value is our choice."""
    OURS = "ours"
    """It is a limit or an aid of the fake itself, not about Hostway."""


@dataclass(frozen=True, slots=True)
class Source:
    """The evidence of a fact, its page, and the revision of the page if it is known."""

    evidence: Evidence
    page: str = ""
    revision: str = ""


CREATE_PAGE = "ServerSnapshotCreate"
GET_PAGE = "ServerSnapshotGet"
LIST_PAGE = "ServerSnapshotList"
RESTORE_PAGE = "ServerSnapshotRestore"
SERVER_PAGES = "Server pages"
VOLUME_PAGES = "Volume pages"
ATTACH_PAGE = "Volume attachment pages"
ZONE_PAGE = "Zone"
ERROR_PAGES = "Faults"
ACTION_PAGES = "Server action pages"
IMAGE_PAGES = "Image pages"
FLAVOR_PAGES = "Flavor pages"

CREATE_REVISION = "552"


def documented(page: str, revision: str = "") -> Source:
    return Source(Evidence.DOCUMENTED, page, revision)


def contradicted(page: str, revision: str = "") -> Source:
    return Source(Evidence.CONTRADICTED, page, revision)


def assumed(page: str = "", revision: str = "") -> Source:
    return Source(Evidence.ASSUMED, page, revision)


OURS = Source(Evidence.OURS)
