"""A call as the journal keeps it."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from hostway_fake.contract.operations import BY_NAME, resolve
from hostway_fake.suggestions import Suggests

UNREACHED: Final = ("unavailable", "connect_timeout", "dns_failure", "tls_failure")
"""The values of ``client_saw`` for a request that never reached the service."""

WITHOUT_STATUS: Final = (
    "delay",
    "hang",
    "reset",
    "empty",
    "truncate",
    "malformed",
    "slow_body",
    "stale_connection",
    *UNREACHED,
    "timeout",
)
"""The values of ``client_saw`` for a client that received no status."""


class Effect(StrEnum):
    """What a call did to the state, whatever the client saw."""

    APPLIED = "applied"
    """It changed the state."""
    REFUSED = "refused"
    """It was refused, by Hostway's rules or because the request is invalid."""
    NONE = "none"
    """It was a read, or a fault acted before the commit point."""


class Call(NamedTuple):
    """A call: what was requested, what it did, and what the client saw.

    Secrets are masked in all fields.

    Attributes:
        number: The number of the call in its account, from 1.
        at: The instant at which the request arrived, on the clock of the account.
        operation: The name of the operation. None if the request matches none.
        method: The HTTP method.
        target: Path and query, as sent.
        effect: What the call did to the state, whatever the client saw.
        client_saw: The status that the client received, such as ``"202"``; or the name of the fault that kept it from
            receiving one, such as ``"reset"``; or ``"timeout"``, if the response took longer than the client waited;
            or the name of an exception that was raised in the test. ``"delay"`` and ``"slow_body"`` are responses
            that took real time on a socket, where the fake cannot know whether the client waited.
        rule: The name of the fault rule that acted on the call.
        server: The server id in the path.
        headers: The headers of the request, with names in lower case.
        body: The body of the request.
        response_body: The body of the response, even if the client did not receive it.
        responded_at: The instant at which the client knew the result.
        response_headers: The headers of the response.
        rolled_back: Whether a savepoint has undone the effect.
    """

    number: int
    at: datetime
    operation: str | None
    method: str
    target: str
    effect: Effect
    client_saw: str
    rule: str | None
    server: str | None
    headers: Mapping[str, str]
    body: bytes
    response_body: bytes
    responded_at: datetime
    response_headers: tuple[tuple[str, str], ...] = ()
    rolled_back: bool = False

    @property
    def status(self) -> int | None:
        """The status that the client received. None if it received none."""
        return int(self.client_saw) if self.client_saw.isdigit() else None

    @property
    def raised(self) -> bool:
        """Whether the call ended with an exception of the fake, which is raised in the test."""
        return self.client_saw.endswith("Error")

    @property
    def name(self) -> str | None:
        """The name of the snapshot, server or volume in the request, or else in the response."""
        return _named(self.body) or _named(self.response_body)

    @property
    def id(self) -> str | None:
        """The id of the snapshot, server or volume in the path."""
        match = resolve(self.target)
        operation = BY_NAME.get(self.operation or "")
        return match.arguments.get(operation.argument) if match and operation else None

    def __str__(self) -> str:
        """Return the call as one line. It is the same for all transports."""
        rule = f" [{self.rule}]" if self.rule else ""
        at = self.at.isoformat(" ", "milliseconds").removesuffix("+00:00")
        operation = self.operation or "no operation"
        undone = " (rolled back)" if self.rolled_back else ""
        asked = printable(f"{self.method} {self.target}")
        return f"{at} {asked} {operation} {self.effect} {self.client_saw}{rule}{undone}"

    def __repr__(self) -> str:
        return f"<Call {self.number} {self}>"


Call.__getattr__ = vars(Suggests)["__getattr__"]  # type: ignore[attr-defined]  # a NamedTuple has no other base

_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
"""Control characters, which a terminal might obey, in a form that it prints."""


def printable(text: str) -> str:
    """Return a text with its control characters escaped."""
    return text.translate(_CONTROLS)


_NAMES: Final = {"snapshot": "name", "server": "name", "volume": "display_name"}


def _named(body: bytes) -> str | None:
    try:
        held = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for kind, key in _NAMES.items():
        thing = held.get(kind) if isinstance(held, dict) else None
        name = thing.get(key) if isinstance(thing, dict) else None
        if isinstance(name, str):
            return name
    return None
