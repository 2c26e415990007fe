"""5,000 random requests over three transports: the bytes of the answers and the state behind them are the same."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from http.client import HTTPConnection
from io import BytesIO
from random import Random
from typing import Any, Final
from urllib.parse import quote, urlsplit

import pytest
import requests

from hostway_fake import FakeHostway
from hostway_fake.contract.catalogue import FLAVORS, IMAGES
from hostway_fake.contract.operations import OPERATIONS

REQUESTS: Final = 5_000
WORLDS: Final = 5
HOST: Final = "api.hostway.test"
OF_THE_WIRE: Final = {"server", "connection"}
NAMES: Final[Sequence[Any]] = (
    "a",
    "b",
    "nightly",
    "",
    " ",
    "é",
    "\u2028",
    "x" * 300,
    "<b>",
    "a/b",
    7,
    None,
    True,
    [],
    {},
)
TYPES: Final = (
    "application/json",
    "application/json; charset=utf-8",
    "Accept: application/json",
    "multipart/form-data; boundary=x",
    "multipart/mixed",
    "message/rfc822",
    "text/plain",
    "",
    "é",
)
GARBAGE: Final = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff",
    b"[" * 300,
    b'{"snapshot": 1}',
    b"1e999",
    b"--x\r\n\r\n--x--",
    b"NaN",
)
PIECES: Final = ("%2F", "%00", "%C3%A9", "%zz", "..", ".", "", "//", ";a=b", "é", "{}", "a b", "?a=b", "?")
QUERIES: Final = ("", "", "", "?name=a", "?status=BUILD", "?limit=1&marker=x", "?" + "a=b&" * 40, "?%ff", "?a;b")
METHODS: Final = ("GET", "GET", "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "BREW")

KNOWN: Final = ("jello614636-USOTE-0001", "jello614636-USOTE-0002", "none")

Heard = tuple[int, str, list[tuple[str, str]], bytes]
Ask = Callable[[requests.PreparedRequest], Heard]


def heard(status: int, reason: str, headers: Sequence[tuple[str, str]], body: bytes) -> Heard:
    kept = [(name.lower(), value) for name, value in headers if name.lower() not in OF_THE_WIRE]
    return status, reason, kept, body


class Requests:
    """Random requests, which know of the ids that answers have shown."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._ids = [*KNOWN]

    def learn(self, body: bytes) -> None:
        """Remember the ids in an answer."""
        if b'"id"' in body:
            (things,) = json.loads(body).values()
            self._ids += [each["id"] for each in (things if isinstance(things, list) else [things])][:3]
            self._ids = [*KNOWN, *self._ids[len(KNOWN) :][-9:]]

    def draw(self) -> requests.PreparedRequest:
        choice = self._random.choice
        operation = choice(OPERATIONS)
        method = operation.method if self._random.random() < 0.7 else choice(METHODS)
        prepared = requests.Request(method, f"http://{HOST}/", headers=dict(self._headers())).prepare()
        prepared.url = f"http://{HOST}{self._target(operation.paths)}"
        body = self._body(operation.name) if method != "GET" or self._random.random() < 0.1 else b""
        prepared.prepare_body(body, None)
        return prepared

    def _target(self, paths: Sequence[str]) -> str:
        choice = self._random.choice
        base = choice(("", "", "/accounts/jello614636/flexcloud", "/accounts/other1/flexcloud", "/accounts"))
        segments = choice(paths).split("/")
        path = "/".join(choice(self._ids) if segment.startswith("{") else segment for segment in segments)
        if self._random.random() < 0.1:
            place = self._random.randrange(1, len(path) + 1)
            path = path[:place] + choice(PIECES) + path[place:]
        return quote(base + path, safe="/%?=;{}") + choice(("", "", "/")) + choice(QUERIES)

    def _headers(self) -> Iterator[tuple[str, str]]:
        right, chance = "Basic amVsbG82MTQ2MzY6aG9zdHdheQ==", self._random.random()
        authorization = self._random.choice(("", "Basic", "Basic !", "Bearer x", right[6:], right.lower()))
        yield "Authorization", right if chance < 0.9 else authorization
        yield "Content-Type", "application/json" if chance < 0.6 else self._random.choice(TYPES)
        if chance < 0.2:
            yield "X-Trace", self._random.choice(("", "a,b", "é", "x" * 500))

    def _body(self, operation: str) -> bytes:
        choice, chance = self._random.choice, self._random.random()
        if chance < 0.15:
            return choice(GARBAGE)
        name = choice(NAMES) if chance < 0.3 else f"n{self._random.randrange(50)}"
        order = {"name": name, "flavorRef": choice(list(FLAVORS)), "imageRef": choice(list(IMAGES))}
        bodies: dict[str, dict[str, Any]] = {
            "create_snapshot": {"snapshot": {"name": name, "description": choice(NAMES[:9])}},
            "restore_snapshot": {"action": choice(("restore", "restore", "reset"))},
            "create_server": {"server": order},
            "update_server": {"server": {"name": name}},
            "create_volume": {"volume": {"display_name": name, "size": choice((20, 20, -1, "20"))}},
            "attach_volume": {"volumeAttachment": {"volumeId": choice(self._ids)}},
            "reboot_server": {"reboot": {"type": choice(("SOFT", "HARD", "soft"))}},
            "resize_server": {"resize": {"flavor": {"id": choice(list(FLAVORS))}}},
            "stop_server": {"os-stop": choice((None, None, {}))},
            "start_server": {"os-start": choice((None, None, {}))},
        }
        return json.dumps(bodies.get(operation) or choice(list(bodies.values()))).encode()


def in_process(session: requests.Session) -> Ask:
    def ask(request: requests.PreparedRequest) -> Heard:
        answer = session.send(request, allow_redirects=False)
        return heard(answer.status_code, answer.reason, [*answer.headers.items()], answer.content)

    return ask


def on_a_socket(connection: HTTPConnection) -> Ask:
    def ask(request: requests.PreparedRequest) -> Heard:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        connection.putrequest(request.method or "", request.path_url, skip_host=True, skip_accept_encoding=True)
        for name, value in (("Host", HOST), *request.headers.items()):
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders(body)
        answer = connection.getresponse()
        return heard(answer.status, answer.reason, answer.getheaders(), answer.read())

    return ask


def through_wsgi(app: Any) -> Ask:
    def ask(request: requests.PreparedRequest) -> Heard:
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        path, _, query = request.path_url.partition("?")
        environ = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "RAW_URI": request.path_url,
            "SERVER_NAME": HOST,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": HOST,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": BytesIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        started: list[Any] = []
        answer = b"".join(app(environ, lambda *given: started.extend(given)))
        status, _, reason = started[0].partition(" ")
        return heard(int(status), reason, started[1], answer)

    return ask


@pytest.mark.parametrize("seed", range(WORLDS))
def test_random_requests_are_answered_alike_over_every_way_in(seed: int) -> None:
    drawn = Requests(seed)
    with ExitStack() as stack:
        fakes = [stack.enter_context(FakeHostway(seed=seed)) for _ in range(3)]
        session = stack.enter_context(fakes[0].session())
        session.auth = None
        url = urlsplit(stack.enter_context(fakes[1].serve()).url)
        connection = HTTPConnection(url.hostname or "", url.port)
        stack.callback(connection.close)
        ways = (in_process(session), on_a_socket(connection), through_wsgi(fakes[2].wsgi_app))
        for fake in fakes:
            fake.add_server(KNOWN[0])
            full = fake.add_server(KNOWN[1])
            for name in ("x", "y", "z"):
                full.add_snapshot(name)
            fake.add_account("other1", "other")
            fake.faults.on("get_server").every(7).respond(503, retry_after=2)
            fake.faults.on("list_servers").every(11).delay(1)
        statuses = set()
        for number in range(REQUESTS // WORLDS):
            request = drawn.draw()
            answers = [ask(request) for ask in ways]
            assert answers[1] == answers[0] == answers[2], (
                number,
                request.method,
                request.url,
                request.headers,
                request.body,
            )
            statuses.add(answers[0][0])
            drawn.learn(answers[0][3])
            for fake in fakes:
                fake.clock.advance(number % 30)
        journals = [[call._replace(headers={}) for call in fake.calls] for fake in fakes]

    assert journals[1] == journals[0] == journals[2]
    assert fakes[1].to_dict() == fakes[0].to_dict() == fakes[2].to_dict()
    assert statuses >= {200, 202, 204, 400, 401, 403, 404, 405, 503}
