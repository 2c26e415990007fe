"""What goes into the exchange and what comes out of it, as values: each call makes some, so the cheapest kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

from hostway_fake.contract.errors import PHRASES
from hostway_fake.faults.outcomes import Outcome

Wait = Callable[[float], object]
"""Lets so many seconds of real time pass."""


class Request(NamedTuple):
    """One request as it came: ``target`` is raw and in origin form, names of ``headers`` are lower-case.

    ``flaw`` says in a sentence what the transport could not read; the answer to it is 400. ``patience`` is for how many
    seconds the client waits, None for ever; ``reused`` whether its connection has served a request before; ``wait`` is
    there on a socket, where the client's patience is not seen; ``has_wire`` is False if there is no connection that a
    fault can break, as with the bare WSGI application.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    scheme: str = "http"
    flaw: str = ""
    patience: float | None = None
    reused: bool = False
    wait: Wait | None = None
    has_wire: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """One finished answer. ``body`` is empty for ``HEAD``, whose headers are those of ``GET``."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def reason(self) -> str:
        return PHRASES.get(self.status) or _phrase(self.status)

    def has(self, name: str) -> bool:
        """Whether there is a header of that name, spelled so."""
        return any(header == name for header, _ in self.headers)

    def without_body(self) -> "Answer":
        return replace(self, body=b"")

    def with_headers(self, headers: tuple[tuple[str, str], ...]) -> "Answer":
        """Return the same answer with ``headers`` in the place of those of the same names."""
        names = {name.lower() for name, _ in headers}
        kept = (header for header in self.headers if header[0].lower() not in names)
        return replace(self, headers=(*kept, *headers)) if headers else self


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


@dataclass(frozen=True, slots=True)
class Breakage:
    """An answer that the client does not get as it is: what the transport does instead, ``answer`` where it has a part.

    An `hostway_fake.faults.outcomes.Hang` is also what is left of a delay that is longer than the client waits.
    """

    outcome: Outcome
    answer: Answer | None = None


Exchanged = Answer | Breakage
"""What comes of a request."""


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
    if parts.scheme not in ("http", "https"):
        return target, scheme, headers
    authority = f"{parts.scheme}://{parts.netloc}"
    return target[len(authority) :] or "/", parts.scheme, {**headers, "host": parts.netloc}
