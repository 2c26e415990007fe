"""Without a socket: a client creates a snapshot, polls it twice, lets the clock move and polls it again."""

import io
import json
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from time import process_time
from typing import Any, Final

import httpx
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from tables import Samples, Table, ratios, rounds, spread, verdict

from hostway_fake import FakeHostway

_TURNS: Final = 25
_REQUESTS: Final = 4
_SERVER: Final = "jello614636-USOTE-0214"
_ID: Final = f"snapshot_{_SERVER}_2012Jul19_m5yf9Bz8a"


def _collection(url: str, server_id: str) -> str:
    return f"{url}/servers/{server_id}/snapshots"


_POST_URL: Final = _collection("http://api.hostway.test", _SERVER)
_GET_URL: Final = f"{_POST_URL}/{_ID}/"
_BODY: Final = json.dumps(
    {
        "snapshot": {
            "id": _ID,
            "name": "nightly",
            "description": "",
            "status": "BUILD",
            "guid": "",
            "parent_guid": "",
            "relation_guid": "",
            "create_time": "",
            "links": [{"href": _GET_URL, "rel": "self"}],
        }
    }
).encode()
_HEADERS: Final = {"Content-Type": "application/json; charset=UTF-8", "Location": _GET_URL}


def _work(client: Any, url: str, advance: Callable[[int], object]) -> None:
    created = client.post(url, json={"snapshot": {"name": "nightly"}})
    assert created.json()["snapshot"]["status"] == "BUILD"
    place = created.headers["Location"]
    for _ in range(_REQUESTS - 2):
        assert client.get(place).json()["snapshot"]["status"] == "BUILD"
    advance(60)
    assert client.get(place).json()["snapshot"]["id"]


def _timed(client: Any, urls: list[str], advance: Callable[[int], object] = abs) -> float:
    """Processor microseconds for each request; a canned answer has no clock to ``advance``."""
    start = process_time()
    for url in urls:
        _work(client, url, advance)
    return (process_time() - start) / len(urls) / _REQUESTS * 1e6


class _Nothing(BaseAdapter):
    """Does nothing: what is left is what requests itself costs."""

    def __init__(self) -> None:
        super().__init__()
        self._response = requests.Response()
        self._response.status_code = 200
        self._response._content = _BODY
        self._response.headers = CaseInsensitiveDict(_HEADERS)
        self._response.encoding = "utf-8"
        self._response.raw = io.BytesIO()
        self._response.url = _POST_URL

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self._response.request = request
        return self._response

    def close(self) -> None:
        pass


def _session(adapter: BaseAdapter, auth: tuple[str, str] | None = None) -> requests.Session:
    session = requests.Session()
    session.mount("http://", adapter)
    session.auth = auth
    return session


def _canned(session: requests.Session) -> Callable[[], float]:
    return lambda: _timed(session, [_POST_URL] * _TURNS)


def _requests_mock() -> BaseAdapter:
    adapter: Any = import_module("requests_mock").Adapter()
    adapter.register_uri("POST", _POST_URL, content=_BODY, headers=_HEADERS, status_code=202)
    adapter.register_uri("GET", _GET_URL, content=_BODY, headers=_HEADERS)
    registered: BaseAdapter = adapter
    return registered


@contextmanager
def _responses() -> Iterator[None]:
    with import_module("responses").RequestsMock() as mocked:
        location = {"Location": _GET_URL}
        mocked.add("POST", _POST_URL, _BODY, status=202, headers=location, content_type=_HEADERS["Content-Type"])
        mocked.add("GET", _GET_URL, _BODY, content_type=_HEADERS["Content-Type"])
        yield


def _under_responses(session: requests.Session) -> Callable[[], float]:
    def measure() -> float:
        with _responses():
            return _timed(session, [_POST_URL] * _TURNS)

    return measure


@contextmanager
def _respx() -> Iterator[None]:
    with import_module("respx").mock() as mocked:
        mocked.post(_POST_URL).respond(202, content=_BODY, headers=_HEADERS)
        mocked.get(_GET_URL).respond(200, content=_BODY, headers=_HEADERS)
        yield


def _under_respx(client: httpx.Client) -> Callable[[], float]:
    def measure() -> float:
        with _respx():
            return _timed(client, [_POST_URL] * _TURNS)

    return measure


def _stateful(make: Callable[[FakeHostway], Any]) -> Callable[[], float]:
    """Every turn has a server of its own, which is made outside the measurement."""
    fake = FakeHostway()
    client, numbers = make(fake), count(1)

    def measure() -> float:
        servers = [fake.add_server(f"{fake.auth[0]}-S{next(numbers)}-0001") for _ in range(_TURNS)]
        return _timed(client, [_collection(fake.url, server.id) for server in servers], fake.clock.advance)

    return measure


def _mounted(fake: FakeHostway) -> requests.Session:
    session = requests.Session()
    session.auth = fake.auth
    fake.mount(session)
    return session


def _with_httpx(fake: FakeHostway) -> httpx.Client:
    return httpx.Client(transport=fake.httpx_transport(), auth=fake.auth)


def measure(count: int) -> list[Table]:
    auth = ("jello614636", "hostway")
    floor = "requests alone: a default session, an adapter that does nothing"
    mine, mounted = "hostway_fake, `fake.session()`", "hostway_fake, mounted on a default session"
    transport = "hostway_fake, `fake.httpx_transport()`"
    canned = "responses, canned"
    samples = rounds(
        count,
        {
            floor: _canned(_session(_Nothing())),
            "the same with credentials": _canned(_session(_Nothing(), auth)),
            mine: _stateful(FakeHostway.session),
            mounted: _stateful(_mounted),
            transport: _stateful(_with_httpx),
            canned: _under_responses(requests.Session()),
            "responses, canned, with credentials": _under_responses(_session(requests.adapters.HTTPAdapter(), auth)),
            "requests-mock, canned": _canned(_session(_requests_mock())),
            "requests-mock, canned, with credentials": _canned(_session(_requests_mock(), auth)),
            "respx, canned": _under_respx(httpx.Client()),
        },
    )
    table = Table(
        "In process, per request",
        "Create, poll twice, advance the clock, poll; processor time. Medians with quartiles; ratios are of the "
        "same round. The fake is the only one that keeps state, and sends credentials because it checks them.",
        ("contestant", "µs", "times requests alone", "target"),
    )
    most = {mine: 0.75, mounted: 1.45, transport: 0.72}
    targets = {
        name: verdict(statistics.median(ratios(samples[name], samples[floor])), "<=", most[name]) for name in most
    }
    for name, values in samples.items():
        table.rows.append(_row(name, values, samples[floor], targets.get(name, "")))
    return [table]


def _row(name: str, values: Samples, floor: Samples, target: str) -> tuple[str, ...]:
    return name, spread(values, ".0f"), spread(ratios(values, floor)), target
