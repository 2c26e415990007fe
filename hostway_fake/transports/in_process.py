"""The shared parts of the transports without a socket: the origin of a base URL, and the kept connections."""

from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Never, Self
from urllib.parse import urlsplit

from hostway_fake.exceptions import BlockedHostError, WrongTypeError
from hostway_fake.journal.secrets import masked_url
from hostway_fake.service.messages import ExchangeResult, Request

Exchange = Callable[[Request], ExchangeResult]
"""A request in, what comes of it out: the exchange with its worlds filled in."""

OnBlocked = Callable[[BlockedHostError], object]
"""A callback that receives each `BlockedHostError` before it is raised."""

_PORTS: Final = {"http": 80, "https": 443}
_MOST: Final = 10


@dataclass(frozen=True, slots=True)
class Origin:
    """The scheme, host and port of a base URL, normalized for comparison."""

    scheme: str
    host: str
    port: int

    @classmethod
    def from_url(cls, url: str) -> "Origin":
        parts = urlsplit(url)
        return cls.from_parts(parts.scheme, parts.hostname or "", parts.port)

    @classmethod
    def from_parts(cls, scheme: str, host: str, port: int | None) -> "Origin":
        """Return the origin of a scheme, a host and a port. Without a port, the default of the scheme holds."""
        return cls(scheme, host, port or _PORTS.get(scheme, 0))

    @property
    def header(self) -> str:
        """The ``Host`` header that a client sends."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS.get(self.scheme) else f"{host}:{self.port}"

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The prefixes at which a session mounts the adapter, with and without the default port."""
        plain = f"{self.scheme}://{self.header}/"
        host = self.header if self.port == _PORTS.get(self.scheme) else ""
        return (plain, f"{self.scheme}://{host}:{self.port}/") if host else (plain,)


class IdleConnections:
    """The connections that a client keeps for reuse. Only their number matters."""

    def __init__(self) -> None:
        self._kept: deque[None] = deque(maxlen=_MOST)

    def take(self) -> bool:
        """Take a kept connection. Return False if there is none."""
        try:
            self._kept.pop()
        except IndexError:
            return False
        return True

    def give_back(self, request: Request) -> None:
        """Keep a connection after its use, unless the client asked to close it."""
        if "close" not in request.headers.get("connection", "").lower():
            self._kept.append(None)

    def forget(self) -> None:
        """Close all kept connections."""
        self._kept.clear()


class InProcess:
    """A transport or adapter that can be copied but not pickled, because the fake lives in this process."""

    @abstractmethod
    def clone(self) -> Self:
        """Return a copy that leads to the same fake and keeps connections of its own."""

    def __copy__(self) -> Self:
        return self.clone()

    def __deepcopy__(self, memo: object) -> Self:
        return self.clone()

    def __reduce_ex__(self, protocol: object) -> Never:
        raise WrongTypeError(
            f"{type(self).__name__} cannot be pickled: use fake.serve() to reach the fake from another process"
        )


def blocked_host_error(method: str, url: str, why: str, on_blocked: OnBlocked) -> BlockedHostError:
    """Return the error for a request to another host, with secrets masked. Call ``on_blocked`` with it."""
    error = BlockedHostError(f"{method} {masked_url(url)}".strip() + f": {why}")
    on_blocked(error)
    return error
