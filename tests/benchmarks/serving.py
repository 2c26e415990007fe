"""One server in a process of its own: ``python serving.py KIND`` says as JSON where it is, until its input ends."""

import base64
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, Final

from hostway_fake import FakeHostway


@dataclass(frozen=True, slots=True)
class JsonPath:
    """What to ask for: a snapshot, and who serves it."""

    url: str
    authorization: str
    process: int = 0


@contextmanager
def fake() -> Iterator[JsonPath]:
    with FakeHostway() as hostway, hostway.serve() as listening:
        server = hostway.add_server("jello614636-USOTE-0214")
        snapshot = server.add_snapshot("nightly")
        credentials = base64.b64encode(":".join(hostway.auth).encode()).decode()
        yield JsonPath(
            f"{listening.url}/servers/{server.id}/snapshots/{snapshot.id}/", f"Basic {credentials}", os.getpid()
        )


@contextmanager
def _httpserver(threaded: bool = False, muted: bool = False) -> Iterator[JsonPath]:
    with FakeHostway() as hostway:
        server = hostway.add_server("jello614636-USOTE-0214")
        url = f"{hostway.url}/servers/{server.id}/snapshots/{server.add_snapshot('nightly').id}/"
        answer = hostway.session().get(url).json()
    if muted:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
    httpserver: Any = import_module("pytest_httpserver").HTTPServer(threaded=threaded)
    httpserver.expect_request("/snapshot").respond_with_json(answer)
    with httpserver:
        yield JsonPath(httpserver.url_for("/snapshot"), "none", os.getpid())


KINDS: Final[dict[str, Callable[[], AbstractContextManager[JsonPath]]]] = {
    "hostway_fake": fake,
    "pytest-httpserver": _httpserver,
    "pytest-httpserver, its log muted": lambda: _httpserver(muted=True),
    "pytest-httpserver, threaded": lambda: _httpserver(threaded=True),
}


def main() -> None:
    with KINDS[sys.argv[1]]() as place:
        print(json.dumps(asdict(place)), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
