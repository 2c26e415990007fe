"""Notes where code looks up the host of a fake: a client that is not connected to the fake does so.

A client that reaches a fake in process never resolves its host name. So ``socket.getaddrinfo`` is wrapped while fakes
are in use, and a lookup of such a host is mentioned in the report of a test that fails.
"""

import socket
from collections import deque
from pathlib import Path
from sys import _getframe
from types import FrameType
from typing import Any, Final
from urllib.parse import urlsplit

_NOTED: Final = 3
"""The number of lookups that are kept for each test."""


class Lookups:
    """The lookups of the hosts of fakes in the current test.

    Args:
        root: The directory of the project. The innermost caller in it is noted.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._urls: dict[str, str] = {}
        self._original: Any = socket.getaddrinfo
        self._installed: Any = self._getaddrinfo
        self.noted: deque[str] = deque(maxlen=_NOTED)
        socket.getaddrinfo = self._installed

    def remove(self) -> None:
        """Restore ``socket.getaddrinfo``, unless something else has wrapped it meanwhile."""
        if socket.getaddrinfo is self._installed:
            socket.getaddrinfo = self._original

    def expect(self, url: str) -> None:
        """Note lookups of the host of a URL from now on."""
        self._urls[urlsplit(url).hostname or ""] = url

    def _getaddrinfo(self, host: Any, *args: Any, **options: Any) -> Any:
        url = self._urls.get(host) if isinstance(host, str) else None
        if url is not None:
            self.noted.append(f"A request to {url} was attempted{self._where()}.")
        return self._original(host, *args, **options)

    def _where(self) -> str:
        frame: FrameType | None = _getframe(2)
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(self._root) and "site-packages" not in path.parts:
                return f" in {path.relative_to(self._root)}, line {frame.f_lineno}"
            frame = frame.f_back
        return ""
