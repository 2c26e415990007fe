"""Libraries in the same process that stand in for requests, urllib3 or the socket: all reach their own."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import reload
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import requests
import requests_mock
import responses
import respx
import urllib3
import vcr  # type: ignore[import-untyped]  # it has no type information
from pytest_httpx import HTTPXMock
from pytest_socket import disable_socket, enable_socket
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPConnectionPool

from hostway_fake import FakeHostway
from hostway_fake.transports import requests as transport
from hostway_fake.transports.urllib3 import defined_in

ELSEWHERE = "https://elsewhere.example.com/a"


@contextmanager
def mocked_by_responses(folder: Path) -> Iterator[None]:
    with responses.RequestsMock() as mock:
        mock.get(ELSEWHERE, body="mocked")
        yield


@contextmanager
def mocked_by_requests_mock(folder: Path) -> Iterator[None]:
    with requests_mock.Mocker() as mock:
        mock.get(ELSEWHERE, text="mocked")
        yield


@contextmanager
def recorded_by_vcr(folder: Path) -> Iterator[None]:
    cassette = folder / "cassette.yaml"
    cassette.write_text(
        f"version: 1\ninteractions:\n- request: {{method: GET, uri: '{ELSEWHERE}', body: null, headers: {{}}}}\n"
        "  response: {status: {code: 200, message: OK}, headers: {}, body: {string: mocked}}\n"
    )
    with vcr.use_cassette(str(cassette), record_mode="none", allow_playback_repeats=True):
        yield


MOCKS = [mocked_by_responses, mocked_by_requests_mock, recorded_by_vcr]


def own(fake: FakeHostway) -> requests.Session:
    return fake.session()


def mounted(fake: FakeHostway) -> requests.Session:
    session = requests.Session()
    session.auth = fake.auth
    fake.mount(session)
    return session


@pytest.mark.parametrize("made", [own, mounted])
@pytest.mark.parametrize("mock", MOCKS)
@pytest.mark.parametrize("is_made_inside", [True, False])
def test_session_reaches_the_fake_and_mocks_reach_theirs(
    made: Callable[[FakeHostway], requests.Session],
    mock: Callable[[Path], AbstractContextManager[None]],
    is_made_inside: bool,
    fake: FakeHostway,
    tmp_path: Path,
) -> None:
    session = made(fake)
    with mock(tmp_path):
        session = made(fake) if is_made_inside else session
        assert session.get(f"{fake.url}/servers").json() == {"servers": []}
        assert session.get(ELSEWHERE).text == "mocked"
        assert requests.get(ELSEWHERE, timeout=5).text == "mocked"
    assert session.get(f"{fake.url}/servers").json() == {"servers": []}


class Marking(HTTPAdapter):
    """An adapter of the user's own kind."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        request.headers["X-Marked"] = "yes"
        return super().send(request, *args, **options)


@contextmanager
def intercepted_inside(mock: AbstractContextManager[None], fake: FakeHostway) -> Iterator[None]:
    with mock, fake.intercept():
        yield


@contextmanager
def intercepted_outside(mock: AbstractContextManager[None], fake: FakeHostway) -> Iterator[None]:
    with fake.intercept(), mock:
        yield


@contextmanager
def mocked_by_respx(folder: Path) -> Iterator[None]:
    with respx.mock(assert_all_called=False) as mock:
        mock.get(ELSEWHERE).respond(text="mocked")
        yield


Nesting = Callable[[AbstractContextManager[None], FakeHostway], AbstractContextManager[None]]


@pytest.mark.parametrize("mock", MOCKS)
@pytest.mark.parametrize("nested", [intercepted_inside, intercepted_outside])
def test_interception_works_in_and_around_mocks_of_requests(
    mock: Callable[[Path], AbstractContextManager[None]], nested: Nesting, fake: FakeHostway, tmp_path: Path
) -> None:
    before = requests.Session()
    with nested(mock(tmp_path), fake), requests.Session() as marking:
        marking.mount("http://", Marking())
        for session in (before, requests, marking):
            assert session.get(f"{fake.url}/servers", auth=fake.auth, timeout=5).json() == {"servers": []}
        assert before.get(ELSEWHERE).text == "mocked"
        assert requests.get(ELSEWHERE, timeout=5).text == "mocked"
        assert urllib3.request("GET", f"{fake.url}/servers", headers={"Authorization": "x"}).status == 401
    assert [call.headers.get("x-marked") for call in fake.calls] == [None, None, "yes", None]


@pytest.mark.parametrize("nested", [intercepted_inside, intercepted_outside])
def test_connections_are_used_again_while_requests_is_mocked(
    nested: Nesting, fake: FakeHostway, tmp_path: Path
) -> None:
    stale = fake.faults.on().stale_connection()
    with nested(mocked_by_responses(tmp_path), fake), requests.Session() as session:
        requests.get(ELSEWHERE, timeout=5)
        session.get(f"{fake.url}/servers", auth=fake.auth)
        with pytest.raises(requests.ConnectionError):
            session.get(f"{fake.url}/servers", auth=fake.auth)
    assert stale.hits == 1


@pytest.mark.parametrize("nested", [intercepted_inside, intercepted_outside])
def test_adapter_that_is_none_of_requests_own_is_asked_while_requests_is_mocked(
    nested: Nesting, fake: FakeHostway, tmp_path: Path
) -> None:
    class Own(BaseAdapter):
        def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
            response = requests.Response()
            response.status_code = 299
            response.request = request
            return response

        def close(self) -> None: ...

    with nested(mocked_by_responses(tmp_path), fake), requests.Session() as session:
        requests.get(ELSEWHERE, timeout=5)
        session.mount("http://", Own())
        assert session.get(f"{fake.url}/servers").status_code == 299


@pytest.mark.parametrize("mock", MOCKS)
@pytest.mark.parametrize("nested", [intercepted_inside, intercepted_outside])
@pytest.mark.parametrize("made", [own, mounted])
def test_session_of_another_fake_still_reaches_that_one_while_requests_is_mocked(
    made: Callable[[FakeHostway], requests.Session],
    nested: Nesting,
    mock: Callable[[Path], AbstractContextManager[None]],
    fake: FakeHostway,
    tmp_path: Path,
) -> None:
    with FakeHostway(auth=("other1", "other")) as other, made(other) as session, nested(mock(tmp_path), fake):
        requests.get(ELSEWHERE, timeout=5)
        assert session.get(f"{fake.url}/servers").status_code == 200
    assert (len(other.calls), len(fake.calls)) == (1, 0)


@pytest.mark.parametrize("nested", [intercepted_inside, intercepted_outside])
def test_interception_works_in_and_around_respx(nested: Nesting, fake: FakeHostway, tmp_path: Path) -> None:
    with nested(mocked_by_respx(tmp_path), fake):
        assert httpx.get(f"{fake.url}/servers", auth=fake.auth).json() == {"servers": []}
        assert httpx.get(ELSEWHERE).text == "mocked"


def test_transport_for_httpx_reaches_the_fake_beside_respx(fake: FakeHostway, tmp_path: Path) -> None:
    transport = fake.httpx_transport()
    with mocked_by_respx(tmp_path), httpx.Client(transport=transport, auth=fake.auth) as client:
        assert client.get(f"{fake.url}/servers").json() == {"servers": []}
        assert httpx.get(ELSEWHERE).text == "mocked"


@pytest.fixture
def intercepted(fake: FakeHostway) -> Iterator[None]:
    with fake.intercept(block_others=True):
        yield


async def listed(fake: FakeHostway) -> list[int]:
    async with httpx.AsyncClient(auth=fake.auth) as client:
        return [
            httpx.get(f"{fake.url}/servers", auth=fake.auth).status_code,
            (await client.get(f"{fake.url}/servers")).status_code,
        ]


def test_interception_works_around_pytest_httpx(intercepted: None, httpx_mock: HTTPXMock, fake: FakeHostway) -> None:
    httpx_mock.add_response(url=ELSEWHERE, text="mocked")
    assert httpx.get(ELSEWHERE).text == "mocked"
    assert asyncio.run(listed(fake)) == [200, 200]


def test_interception_works_in_pytest_httpx(httpx_mock: HTTPXMock, intercepted: None, fake: FakeHostway) -> None:
    httpx_mock.add_response(url=ELSEWHERE, text="mocked")
    assert httpx.get(ELSEWHERE).text == "mocked"
    assert asyncio.run(listed(fake)) == [200, 200]


def test_transport_for_httpx_reaches_the_fake_beside_pytest_httpx(httpx_mock: HTTPXMock, fake: FakeHostway) -> None:
    with httpx.Client(transport=fake.httpx_transport(), auth=fake.auth) as client:
        assert client.get(f"{fake.url}/servers").json() == {"servers": []}


@pytest.mark.vcr
@pytest.mark.block_network
def test_pytest_recording_neither_records_nor_blocks_what_reaches_the_fake(fake: FakeHostway) -> None:
    with fake.session() as session, fake.intercept():
        for get in (session.get, requests.get, httpx.get):
            assert get(f"{fake.url}/servers", auth=fake.auth, timeout=5).json() == {"servers": []}
    with socket.socket() as blocked, pytest.raises(RuntimeError, match="Network is disabled"):
        blocked.connect(("127.0.0.1", 9))


@pytest.mark.parametrize("mock", [mocked_by_responses, mocked_by_requests_mock])
def test_send_of_a_session_of_the_user_s_own_kind_is_called(
    mock: Callable[[Path], AbstractContextManager[None]], fake: FakeHostway
) -> None:
    sent = []

    class Counting(requests.Session):
        def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            sent.append(request.url)
            return super().send(request, **options)

    with Counting() as session:
        session.auth = fake.auth
        fake.mount(session)
        session.get(f"{fake.url}/servers")
    assert sent == [f"{fake.url}/servers"]


def test_transport_that_is_imported_while_requestsis_mocked_finds_the_real_methods(tmp_path: Path) -> None:
    found = (transport.ADAPTER_SEND, transport._SESSION_SEND)
    with mocked_by_responses(tmp_path):
        again = transport._pristine(requests.adapters, "HTTPAdapter", "send")
        assert again.__code__ == found[0].__code__
        requests.get(ELSEWHERE, timeout=5)
    with mocked_by_requests_mock(tmp_path):
        again = transport._pristine(requests.sessions, "Session", "send")
        assert again.__code__ == found[1].__code__


def test_no_socket_is_needed_in_process(fake: FakeHostway) -> None:
    disable_socket()
    try:
        with pytest.warns(UserWarning, match="tried to use socket"), pytest.raises(RuntimeError):
            socket.socket()
        with fake.session() as session:
            assert session.get(f"{fake.url}/servers").status_code == 200
        with fake.intercept():
            assert requests.get(f"{fake.url}/servers", auth=fake.auth, timeout=5).status_code == 200
    finally:
        enable_socket()


# Those who look on


def test_urllib3_logs_a_request_in_process_as_on_a_socket(fake: FakeHostway, caplog: pytest.LogCaptureFixture) -> None:
    def logged(session: requests.Session, url: str) -> list[str]:
        caplog.clear()
        session.get(f"{url}/servers")
        lines = [record.getMessage() for record in caplog.records if record.name == "urllib3.connectionpool"]
        return [line.split(" ", 1)[1] for line in lines if line.startswith("http://")]

    caplog.set_level("DEBUG", "urllib3")
    with fake.session() as session, fake.serve() as served, fake.at(served.url).session() as wired:
        assert logged(session, fake.url) == logged(wired, served.url) == ['"GET /servers HTTP/1.1" 200 14']


def test_wrapper_of_urlopen_sees_a_request_in_process(fake: FakeHostway, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    urlopen = HTTPConnectionPool.urlopen

    def traced(pool: HTTPConnectionPool, method: str, url: str, *args: Any, **options: Any) -> Any:
        answer = urlopen(pool, method, url, *args, **options)
        seen.append((method, url, answer.status))
        return answer

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", traced)
    with fake.session() as session:
        assert session.get(f"{fake.url}/servers").json() == {"servers": []}
    assert seen == [("GET", "/servers", 200)]
    assert len(fake.calls) == 1


def test_urlopen_that_was_wrapped_before_is_not_taken_for_urllib3_s() -> None:
    def wrapped() -> None: ...

    module = ModuleType("module")
    module.__file__ = __file__
    assert defined_in(wrapped, module) is wrapped
    assert defined_in(reload, module) is None
    assert defined_in(object(), module) is None
