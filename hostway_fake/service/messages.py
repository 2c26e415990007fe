"""What goes into the exchange and what comes out of it, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from hostway_fake.contract.errors import PHRASES


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came: ``target`` is raw and in origin form, names of ``headers`` are lower-case.

    ``flaw`` says in a sentence what the transport could not read; the answer to it is 400.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    scheme: str = "http"
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One finished answer. ``body`` is empty for ``HEAD``, whose headers are those of ``GET``."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def reason(self) -> str:
        return PHRASES[self.status]

    def has(self, name: str) -> bool:
        """Whether there is a header of that name, spelled so."""
        return any(header == name for header, _ in self.headers)

    def without_body(self) -> "Answer":
        return replace(self, body=b"")


def origin_form(target: str, scheme: str, headers: dict[str, str]) -> tuple[str, str, dict[str, str]]:
    """Target, scheme and headers with the scheme and host of an absolute target (a proxy's) moved where they belong.

    >>> origin_form("http://api.hostway.test/servers?a=b", "http", {})
    ('/servers?a=b', 'http', {'host': 'api.hostway.test'})
    """
    if target.startswith("/") or "://" not in target:
        return target, scheme, headers
    try:
        parts = urlsplit(target)
    except ValueError:
        return target, scheme, headers
    authority = f"{parts.scheme}://{parts.netloc}"
    return target[len(authority) :] or "/", parts.scheme, {**headers, "host": parts.netloc}
