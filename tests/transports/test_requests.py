"""The requests adapter: the same as on a socket, as far as requests and urllib3 can tell, and without waiting."""

import copy
import io
import json
import pickle
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from hostway_fake import START, FakeHostway, ServerHandle, WrongTypeError
from hostway_fake.service.messages import Request, Response
from hostway_fake.transports.in_process import Origin
from hostway_fake.transports.requests import HostwayAdapter
from hostway_fake.transports.urllib3 import Pool

SNAPSHOTS: Final = "/servers/jello614636-USOTE-0214/snapshots"
BODY: Final = b'{"snapshot":{"name":"nightly"}}'


@pytest.fixture
def plain(fake: FakeHostway) -> Iterator[requests.Session]:
    """A session of the code under test, not of the fake."""
    with requests.Session() as session:
        session.auth = fake.auth
        yield session


def no_wait(seconds: float) -> None:
    """Where waiting is not what is asked about."""


def retried(answer: requests.Response) -> tuple[Any, ...]:
    """What urllib3 remembers of the attempts before this answer."""
    retries: Any = answer.raw.retries
    history: tuple[Any, ...] = retries.history
    return history


def counting(
    statuses: list[int], wait: Callable[[float], None] | None, *headers: tuple[str, str]
) -> tuple[Pool, list[Request]]:
    """A pool that answers these statuses in turn, with these headers, and the requests that it was asked."""
    left, asked = iter(statuses), list[Request]()

    def exchange(request: Request) -> Response:
        asked.append(request)
        return Response(next(left), (("Content-Length", "0"), *headers), b"")

    return Pool(Origin.from_url("http://api.hostway.test"), exchange, wait), asked


def through(pool: Pool, max_retries: int | Retry = 0) -> requests.Session:
    session = requests.Session()
    session.mount("http://api.hostway.test/", HostwayAdapter(pool, max_retries))
    return session


def names(server: ServerHandle) -> list[str]:
    return [snapshot.name for snapshot in server.snapshots]


# Retries


def test_a_mounted_session_reaches_the_fake(fake: FakeHostway, server: ServerHandle, plain: requests.Session) -> None:
    fake.mount(plain)

    assert plain.post(fake.url + SNAPSHOTS, data=BODY).status_code == 202
    assert names(server) == ["nightly"]


@pytest.mark.parametrize("status", [404, 413])
def test_retries_are_counted_out(status: int) -> None:
    pool, asked = counting([status] * 4, no_wait)
    retry = Retry(3, status_forcelist=[404, 413], allowed_methods=None)

    with through(pool, retry) as session, pytest.raises(requests.exceptions.RetryError) as raised:
        session.post("http://api.hostway.test/a", data=BODY)

    assert f"too many {status} error responses" in str(raised.value)
    assert [request.body for request in asked] == [BODY] * 4


def test_retries_end_with_the_first_answer_that_will_do() -> None:
    pool, asked = counting([413, 404, 202], no_wait)

    with through(pool, Retry(5, status_forcelist=[404, 413], allowed_methods=["POST"])) as session:
        answer = session.post("http://api.hostway.test/a", data=BODY)

    assert answer.status_code == 202
    assert len(asked) == 3
    assert [(entry.method, entry.status) for entry in retried(answer)] == [("POST", 413), ("POST", 404)]


def test_methods_that_are_not_allowed_are_not_retried() -> None:
    pool, asked = counting([404], no_wait)

    with through(pool, Retry(5, status_forcelist=[404], allowed_methods=["GET"])) as session:
        assert session.post("http://api.hostway.test/a").status_code == 404

    assert len(asked) == 1


def test_statuses_that_are_not_listed_are_not_retried(fake: FakeHostway, plain: requests.Session) -> None:
    fake.mount(plain, Retry(5, status_forcelist=[503]))

    answer = plain.get(fake.url + "/nothing")

    assert answer.status_code == 404
    assert retried(answer) == ()
    assert fake.clock.now() == START


def test_the_last_answer_comes_back_where_retry_does_not_raise(fake: FakeHostway, plain: requests.Session) -> None:
    fake.mount(plain, Retry(2, status_forcelist=[404], raise_on_status=False))

    answer = plain.get(fake.url + "/nothing")

    assert answer.json()["itemNotFound"]["code"] == 404
    assert len(retried(answer)) == 2


def test_a_body_that_is_read_once_is_not_retried_with_nothing() -> None:
    """urllib3 rewinds what it can."""
    pool, asked = counting([413, 202], no_wait)

    with through(pool, Retry(1, status_forcelist=[413], allowed_methods=None)) as session:
        session.post("http://api.hostway.test/a", data=io.BytesIO(BODY))

    assert [request.body for request in asked] == [BODY, BODY]


def test_a_retried_create_is_refused_as_on_a_socket(
    fake: FakeHostway, server: ServerHandle, plain: requests.Session
) -> None:
    for name in "abc":
        server.add_snapshot(name)
    fake.mount(plain, Retry(2, status_forcelist=[413], allowed_methods=None, raise_on_status=False))

    assert plain.post(fake.url + SNAPSHOTS, data=BODY).status_code == 413
    assert names(server) == ["a", "b", "c"]


# Waiting


@pytest.mark.parametrize(("factor", "seconds"), [(0, 0), (1, 0 + 2 + 4 + 8), (0.1, 1.4)])
def test_backing_off_passes_on_the_fake_s_clock(
    factor: float, seconds: float, fake: FakeHostway, plain: requests.Session
) -> None:
    fake.mount(plain, Retry(4, status_forcelist=[404], backoff_factor=factor))

    with pytest.raises(requests.exceptions.RetryError):
        plain.get(fake.url + "/nothing")

    assert fake.clock.now() - START == timedelta(seconds=seconds)


def test_backing_off_lets_a_build_end(fake: FakeHostway, plain: requests.Session, server: ServerHandle) -> None:
    snapshot = server.add_snapshot("nightly", "BUILD")
    fake.mount(plain, Retry(8, status_forcelist=[404], backoff_factor=1, raise_on_status=False))
    with fake.session() as session:
        session.post(fake.url + SNAPSHOTS, json={"snapshot": {"name": "second"}})

    plain.get(fake.url + "/nothing")

    finished = server.snapshots[0]
    assert (finished.id, finished.status) == (snapshot.id, "ACTIVE")


def test_retry_after_passes_on_the_fake_s_clock() -> None:
    waited: list[float] = []
    pool, _ = counting([413, 413, 202], waited.append, ("Retry-After", "7"))

    with through(pool, Retry(2, backoff_factor=1, status_forcelist=[413])) as session:
        assert session.get("http://api.hostway.test/a").status_code == 202

    assert waited == [7, 7]


def test_retry_after_may_be_disregarded() -> None:
    waited: list[float] = []
    pool, _ = counting([413, 413, 202], waited.append, ("Retry-After", "7"))
    retry = Retry(2, backoff_factor=1, status_forcelist=[413], respect_retry_after_header=False)

    with through(pool, retry) as session:
        assert session.get("http://api.hostway.test/a").status_code == 202

    assert waited == [2]


@pytest.mark.parametrize("respect", [True, False])
def test_a_limit_with_retry_after_is_retried_where_that_is_respected(respect: bool) -> None:
    """413 with ``Retry-After`` is retried even where no status is listed."""
    with FakeHostway(readings={"over_limit_retry_after": "on"}) as fake, requests.Session() as plain:
        server = fake.add_server("jello614636-USOTE-0214")
        for name in "abc":
            server.add_snapshot(name)
        plain.auth = fake.auth
        fake.mount(plain, Retry(2, allowed_methods=None, raise_on_status=False, respect_retry_after_header=respect))
        answer = plain.post(fake.url + SNAPSHOTS, data=BODY)

        assert (answer.status_code, answer.headers["Retry-After"]) == (413, "0")
        assert len(retried(answer)) == (2 if respect else 0)
        assert fake.clock.now() == START


def test_a_limit_without_retry_after_is_not_retried(
    fake: FakeHostway, server: ServerHandle, plain: requests.Session
) -> None:
    for name in "abc":
        server.add_snapshot(name)
    fake.mount(plain, Retry(2, allowed_methods=None))

    assert retried(plain.post(fake.url + SNAPSHOTS, data=BODY)) == ()


class TunedRetry(Retry):
    """As the code under test may have one."""

    def get_backoff_time(self) -> float:
        return 3.0


def test_a_retry_of_the_client_s_own_kind_keeps_its_ways(fake: FakeHostway, plain: requests.Session) -> None:
    fake.mount(plain, TunedRetry(2, status_forcelist=[404], raise_on_status=False))

    answer = plain.get(fake.url + "/nothing")

    assert isinstance(answer.raw.retries, TunedRetry)
    assert fake.clock.now() - START == timedelta(seconds=6)


def test_the_client_s_retry_is_left_as_it_was(fake: FakeHostway, plain: requests.Session) -> None:
    retry = Retry(2, status_forcelist=[404], raise_on_status=False)
    fake.mount(plain, retry)

    plain.get(fake.url + "/nothing")

    assert (type(retry), retry.total, retry.history) == (Retry, 2, ())


def test_where_the_clock_is_the_machine_s_retry_waits_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", slept.append)
    with FakeHostway(clock="system") as fake, requests.Session() as plain:
        plain.auth = fake.auth
        fake.mount(plain, Retry(3, status_forcelist=[404], backoff_factor=1, raise_on_status=False))
        answer = plain.get(fake.url + "/nothing")

    assert type(answer.raw.retries) is Retry
    assert slept == [2, 4]


# What requests gives and takes


def test_redirects_are_left_to_the_client(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    answer = session.post(fake.url + SNAPSHOTS, data=BODY, allow_redirects=True)

    assert (answer.status_code, answer.history, answer.is_redirect) == (202, [], False)
    assert session.get(fake.url + SNAPSHOTS + "/", allow_redirects=False).status_code == 200


def test_an_answer_with_all_its_trimmings(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    answer = session.post(fake.url + SNAPSHOTS + "?a=b", data=BODY)

    assert answer.url == answer.request.url == fake.url + SNAPSHOTS + "?a=b"
    assert (answer.request.method, answer.request.body) == ("POST", BODY)
    assert (answer.ok, answer.reason, answer.encoding) == (True, "Accepted", "UTF-8")
    assert answer.elapsed >= timedelta(0)
    assert answer.raw.version == 11
    assert answer.headers["content-length"] == str(len(answer.content))


def test_raise_for_status_raises_requests_own(fake: FakeHostway, session: requests.Session) -> None:
    answer = session.get(fake.url + "/nothing")

    with pytest.raises(
        requests.HTTPError, match=r"404 Client Error: Not Found for url: http://api\.hostway\.test/nothing"
    ):
        answer.raise_for_status()


def _pieces(answer: requests.Response, size: int) -> list[bytes]:
    pieces = list[bytes]()
    while piece := answer.raw.read(size):
        pieces.append(piece)
    return pieces


READERS: Final[dict[str, Callable[[requests.Response], bytes]]] = {
    "content": lambda answer: answer.content,
    "iter_content of one": lambda answer: b"".join(answer.iter_content(1)),
    "iter_content of seven": lambda answer: b"".join(answer.iter_content(7)),
    "iter_content of much": lambda answer: b"".join(answer.iter_content(1 << 20)),
    "iter_content as it comes": lambda answer: b"".join(answer.iter_content(None)),
    "iter_lines": lambda answer: b"\n".join(answer.iter_lines()) + b"\n",
    "raw.read": lambda answer: answer.raw.read(),
    "raw.read in pieces": lambda answer: b"".join(_pieces(answer, 5)),
    "raw.stream": lambda answer: b"".join(answer.raw.stream()),
}


@pytest.mark.timeout(5)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("over_socket", [False, True], ids=["in process", "on a socket"])
def test_a_streamed_body_is_read_in_every_way(
    read: Callable[[requests.Response], bytes], over_socket: bool, fake: FakeHostway
) -> None:
    with fake.serve() as serving, (fake.at(serving.url) if over_socket else fake).session() as session:
        url = (serving.url if over_socket else fake.url) + SNAPSHOTS
        whole = session.get(url, auth=("nobody", "")).content
        with session.get(url, auth=("nobody", ""), stream=True) as answer:
            body = read(answer)

            assert body == whole
            assert answer.raw.read() == b""
    assert whole.startswith(b"401 Unauthorized\n")


def test_pieces_have_the_size_that_was_asked_for(fake: FakeHostway, session: requests.Session) -> None:
    with session.get(fake.url + "/nothing", stream=True) as answer:
        sizes = {len(piece) for piece in list(answer.iter_content(10))[:-1]}

    assert sizes == {10}


def test_an_empty_body_has_no_pieces(fake: FakeHostway, session: requests.Session) -> None:
    with session.head(fake.url + "/nothing", stream=True) as answer:
        assert list(answer.iter_content(10)) == []

    assert int(answer.headers["Content-Length"]) > 0


def test_a_stream_may_be_closed_unread(fake: FakeHostway, session: requests.Session) -> None:
    session.get(fake.url + "/nothing", stream=True).close()

    assert session.get(fake.url + "/nothing").status_code == 404


def test_hooks_are_called(fake: FakeHostway, session: requests.Session) -> None:
    seen: list[int] = []

    def hook(answer: requests.Response, *_: Any, **__: Any) -> None:
        seen.append(answer.status_code)

    session.get(fake.url + "/nothing", hooks={"response": hook})

    assert seen == [404]


@pytest.mark.parametrize("timeout", [None, 0.001, 5, (1, 2), (None, 0.001), (3.05, None)])
def test_timeouts_are_taken(timeout: Any, fake: FakeHostway, session: requests.Session) -> None:
    assert session.get(fake.url + "/nothing", timeout=timeout).status_code == 404


@pytest.mark.parametrize("retries", [0, Retry(1, status_forcelist=[404], raise_on_status=False)])
def test_timeouts_that_are_none_are_refused_by_urllib3(retries: Any) -> None:
    pool, asked = counting([404, 404], None)

    with through(pool, retries) as session, pytest.raises(ValueError, match="Invalid timeout"):
        session.get("http://api.hostway.test/a", timeout=(1, 2, 3))  # type: ignore[arg-type]

    assert asked == []


def test_cookies_are_left_alone(fake: FakeHostway, session: requests.Session) -> None:
    session.cookies.set("theirs", "1")

    answer = session.get(fake.url + "/nothing")

    assert answer.request.headers["Cookie"] == "theirs=1"
    assert dict(answer.cookies) == {}
    assert dict(session.cookies) == {"theirs": "1"}


def test_a_prepared_request_is_sent(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    request = requests.Request("POST", fake.url + SNAPSHOTS, data=BODY, auth=fake.auth)

    assert session.send(session.prepare_request(request)).status_code == 202
    assert session.send(request.prepare()).status_code == 409


def test_a_session_s_parameters_are_sent() -> None:
    pool, asked = counting([200, 200], None)
    with through(pool) as session:
        session.params = {"a": "b"}
        session.get("http://api.hostway.test/x")
        session.get("http://api.hostway.test/x", params={"c": "d e"})

    assert [request.target for request in asked] == ["/x?a=b", "/x?a=b&c=d+e"]


def test_a_session_of_the_fake_keeps_its_own_parameters(fake: FakeHostway, session: requests.Session) -> None:
    session.params = {"a": "b"}

    urls = [session.get(fake.url + "/x").url, session.get(fake.url + "/x", params={"c": "d"}).url]

    assert urls == [fake.url + "/x?a=b", fake.url + "/x?a=b&c=d"]


# Bodies and headers

BODIES: Final[dict[str, Callable[[], Any]]] = {
    "bytes": lambda: BODY,
    "text": lambda: BODY.decode(),
    "bytearray": lambda: bytearray(BODY),
    "file": lambda: io.BytesIO(BODY),
    "file of text": lambda: io.StringIO(BODY.decode()),
    "generator": lambda: (BODY[at : at + 3] for at in range(0, len(BODY), 3)),
    "generator of text": lambda: iter([BODY.decode()]),
    "generator with empty pieces": lambda: iter([b"", BODY, b""]),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("over_socket", [False, True], ids=["in process", "on a socket"])
def test_every_kind_of_body_arrives(
    body: Callable[[], Any], over_socket: bool, fake: FakeHostway, server: ServerHandle
) -> None:
    with fake.serve() as serving, (fake.at(serving.url) if over_socket else fake).session() as session:
        answer = session.post((serving.url if over_socket else fake.url) + SNAPSHOTS, data=body())

    assert answer.status_code == 202
    assert names(server) == ["nightly"]


def test_an_empty_generator_is_an_empty_body() -> None:
    pool, asked = counting([200], None)
    with through(pool) as session:
        session.post("http://api.hostway.test/a", data=iter(()))

    assert asked[0].body == b""


@pytest.mark.parametrize(
    ("body", "header", "value"),
    [
        (BODY, "content-length", str(len(BODY))),
        (iter([BODY]), "transfer-encoding", "chunked"),
        (None, "content-length", "0"),
    ],
)
def test_the_framing_is_that_of_requests(body: Any, header: str, value: str) -> None:
    pool, asked = counting([200], None)
    with through(pool) as session:
        session.post("http://api.hostway.test/a", data=body)

    assert asked[0].headers[header] == value


def test_a_length_that_lies_is_refused_as_on_a_socket(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    prepared = session.prepare_request(requests.Request("POST", fake.url + SNAPSHOTS, data=BODY))
    prepared.headers["Content-Length"] = "100"

    answer = session.send(prepared)

    assert answer.json()["badRequest"]["details"] == f"The body ended after {len(BODY)} of 100 bytes."
    assert names(server) == []


def test_names_and_values_of_headers_may_be_bytes() -> None:
    pool, asked = counting([200], None)
    headers: Any = {b"X-Name": b"caf\xe9", "X-Other": b"plain", "X-Text": "caf\xe9"}
    with through(pool) as session:
        session.get("http://api.hostway.test/a", headers=headers)

    sent = asked[0].headers
    assert (sent["x-name"], sent["x-other"], sent["x-text"]) == ("caf\xe9", "plain", "caf\xe9")


@pytest.mark.parametrize("over_socket", [False, True], ids=["in process", "on a socket"])
def test_a_header_beyond_latin_1_fails_as_on_a_wire(over_socket: bool, fake: FakeHostway, server: ServerHandle) -> None:
    with fake.serve() as serving, (fake.at(serving.url) if over_socket else fake).session() as session:
        url = (serving.url if over_socket else fake.url) + SNAPSHOTS
        with pytest.raises(UnicodeEncodeError, match="latin-1"):
            session.post(url, data=BODY, headers={"X-Mood": "\N{SNOWMAN}"})

    assert names(server) == []


def test_a_host_of_the_client_s_own_is_in_the_links(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    answer = session.post(fake.url + SNAPSHOTS, data=BODY, headers={"Host": "other.test:81"})

    assert answer.headers["Location"].startswith("http://other.test:81/servers/")


# Base URLs


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://api.hostway.test", "http://api.hostway.test"),
        ("http://api.hostway.test", "http://api.hostway.test:80"),
        ("http://api.hostway.test:80", "http://api.hostway.test"),
        ("http://api.hostway.test/", "HTTP://API.Hostway.test"),
        ("https://api.hostway.test", "https://api.hostway.test"),
        ("https://api.hostway.test", "https://api.hostway.test:443"),
        ("https://api.hostway.test:443", "https://api.hostway.test"),
        ("http://API.hostway.test", "http://api.hostway.test"),
        ("http://api.hostway.test:8080", "http://api.hostway.test:8080"),
        ("https://api.hostway.test:80", "https://api.hostway.test:80"),
        ("http://127.0.0.1:6543", "http://127.0.0.1:6543"),
        ("http://[::1]:6543", "http://[::1]:6543"),
        ("http://[::1]", "http://[::1]"),
        ("http://[::1]", "http://[::1]:80"),
    ],
)
def test_every_base_url_is_reached(url: str, asked: str) -> None:
    with FakeHostway(url=url) as fake, fake.session() as session:
        fake.add_server("jello614636-USOTE-0214")
        answer = session.post(asked + SNAPSHOTS, data=BODY)
        later = session.get(answer.headers["Location"])

    assert answer.headers["Location"].startswith(
        f"{Origin.from_url(asked).scheme}://{Origin.from_url(asked).header}/servers/"
    )
    assert later.status_code == 200


@pytest.mark.parametrize(
    "other", ["http://api.hostway.test:81", "https://api.hostway.test", "http://api.hostway.test.evil"]
)
def test_other_origins_are_not_reached(other: str, fake: FakeHostway, session: requests.Session) -> None:
    adapter = session.get_adapter(other + "/servers")

    assert type(adapter) is HTTPAdapter


@pytest.mark.parametrize("auth", [("jello614636", "hostway"), ("jello614636", "p@ss/w?rd:"), ("jello614636", "é")])
def test_credentials_in_the_url_lead_to_the_fake(auth: tuple[str, str]) -> None:
    """A session of the fake takes anybody's, one that it is mounted on those of its account."""
    user, password = (quote(each, safe="") for each in auth)
    with FakeHostway(auth=auth) as fake, fake.session() as session, requests.Session() as mounted:
        fake.mount(mounted)
        url = f"{fake.url}/zone?a=x@y".replace("://", f"://{user}:{password}@")
        assert session.get(url).status_code == 200
        assert session.get(f"{fake.url}/zone".replace("://", "://a:b@")).status_code == 200
        if fake.auth[1].isascii():  # requests takes others for Latin-1
            session.auth = None
            assert [each.get(url).status_code for each in (session, mounted)] == [200, 200]
            assert session.get(f"{fake.url}/zone".replace("://", "://a:b@")).status_code == 401


def test_certificates_play_no_part() -> None:
    with FakeHostway(url="https://api.hostway.test") as fake, requests.Session() as plain:
        fake.mount(plain)
        answer = plain.get(fake.url + "/nothing", verify="/no/such/bundle", auth=fake.auth)

    assert answer.status_code == 404


# Proxies and the environment


@pytest.fixture
def _proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_proxied")
@pytest.mark.parametrize("url", ["http://api.hostway.test", "https://api.hostway.test"])
def test_a_proxy_of_the_machine_is_not_asked(url: str) -> None:
    with FakeHostway(url=url) as fake, requests.Session() as plain, fake.session() as session:
        plain.auth = fake.auth
        fake.mount(plain)
        fake.add_server("jello614636-USOTE-0214")
        answer = plain.post(url + SNAPSHOTS, data=BODY)

        assert answer.headers["Location"].startswith(url + "/servers/")
        assert session.get(answer.headers["Location"]).status_code == 200


@pytest.mark.usefixtures("_proxied")
def test_a_proxy_of_the_machine_is_not_asked_on_a_socket_either(fake: FakeHostway) -> None:
    with fake.serve() as serving, fake.at(serving.url).session() as session:
        assert session.get(serving.url + "/nothing").status_code == 404


@pytest.mark.parametrize("place", ["session", "call"])
def test_a_session_with_proxies_reaches_the_fake(place: str, fake: FakeHostway, session: requests.Session) -> None:
    proxies = {"http": "http://127.0.0.1:9"}
    if place == "session":
        session.proxies = proxies

    answer = session.get(fake.url + "/nothing", proxies=None if place == "session" else proxies)

    assert answer.json()["itemNotFound"]["code"] == 404


def test_a_session_that_trusts_the_environment_reads_it(
    fake: FakeHostway, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle")
    session.trust_env = True

    settings = session.merge_environment_settings(fake.url, {}, None, None, None)

    assert settings["verify"] == "/no/such/bundle"


def test_settings_of_the_call_go_before_those_of_the_session(fake: FakeHostway, session: requests.Session) -> None:
    session.stream, session.verify, session.cert = True, "a", "b"

    assert session.merge_environment_settings(fake.url, {}, None, None, None) == {
        "proxies": {},
        "stream": True,
        "verify": "a",
        "cert": "b",
    }
    assert session.merge_environment_settings(fake.url, None, False, "c", "d") == {
        "proxies": {},
        "stream": False,
        "verify": "c",
        "cert": "d",
    }


def test_an_absolute_target_is_taken_apart(fake: FakeHostway, server: ServerHandle) -> None:
    """As an adapter of the client's own may pass it on for a proxy's sake."""

    class Proxied(HostwayAdapter):
        def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
            return str(request.url)

    with fake.session() as session:
        session.mount(fake.url, Proxied(fake._pool()))
        answer = session.post(fake.url + SNAPSHOTS, data=BODY)

    assert answer.headers["Location"].startswith(fake.url + SNAPSHOTS)


def test_netrc_plays_no_part(fake: FakeHostway, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))

    with fake.session() as session:
        assert session.get(fake.url + "/nothing").status_code == 404


# The session that the fake hands out


def test_a_session_knows_who_asks_and_trusts_nothing_else(fake: FakeHostway, session: requests.Session) -> None:
    assert session.auth == fake.auth
    assert session.trust_env is False


def test_each_session_is_its_own(fake: FakeHostway) -> None:
    with fake.session() as first, fake.session() as second:
        first.headers["X-Mine"] = "1"
        assert "X-Mine" not in second.headers


def test_a_session_of_the_served_face_goes_over_the_socket(fake: FakeHostway, server: ServerHandle) -> None:
    with fake.serve() as serving:
        face = fake.at(serving.url)
        with face.session() as session:
            answer = session.post(face.url + SNAPSHOTS, data=BODY)
    with face.session() as session, pytest.raises(requests.ConnectionError):
        session.get(face.url + SNAPSHOTS)

    assert answer.headers["Location"].startswith(serving.url)
    assert names(server) == ["nightly"]


def test_the_served_face_is_the_same_world(fake: FakeHostway) -> None:
    with fake.serve() as serving:
        face = fake.at(serving.url)
        face.add_server("jello614636-USOTE-0214").add_snapshot("nightly")
        face.clock.advance(7)

        assert (face.url, fake.url) == (serving.url, "http://api.hostway.test")
        assert [handle.id for handle in fake.servers] == ["jello614636-USOTE-0214"]
        assert fake.clock.now() == face.clock.now() == START + timedelta(seconds=7)


def test_the_served_face_may_be_mounted_too(fake: FakeHostway, plain: requests.Session) -> None:
    """Then it is the socket's address that needs no socket."""
    with fake.serve() as serving:
        face = fake.at(serving.url)
    face.mount(plain)

    assert plain.get(face.url + "/nothing").status_code == 404


def test_an_exception_of_the_fake_s_own_reaches_the_test() -> None:
    with FakeHostway(poll_limit=1) as fake, fake.session() as session:
        server = fake.add_server("jello614636-USOTE-0214")
        server.add_snapshot("nightly", "BUILD")
        session.get(fake.url + SNAPSHOTS)
        with pytest.raises(AssertionError, match="was polled 2 times while unfinished"):
            session.get(fake.url + SNAPSHOTS)


def test_an_exchange_happens_once_for_each_request() -> None:
    pool, asked = counting([413, 202], no_wait)
    with through(pool, Retry(1, status_forcelist=[413])) as session:
        session.get("http://api.hostway.test/a")

    assert len(asked) == 2


def test_a_json_body_is_the_same_in_process_and_on_a_socket(fake: FakeHostway, server: ServerHandle) -> None:
    with fake.serve() as serving, fake.session() as near, fake.at(serving.url).session() as far:
        answers = [
            session.post(url + SNAPSHOTS, json={"snapshot": {"name": "n\xe4chtlich"}})
            for session, url in ((near, fake.url), (far, serving.url))
        ]

    assert [answer.status_code for answer in answers] == [202, 409]
    assert json.loads(answers[0].request.body or b"") == {"snapshot": {"name": "n\xe4chtlich"}}


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copy_of_a_session_reaches_the_same_fake(copied: Callable[[requests.Session], requests.Session]) -> None:
    with FakeHostway() as fake, fake.session() as session, copied(session) as other:
        adapter = copied(session.get_adapter(fake.url))  # type: ignore[arg-type]
        assert other.get(f"{fake.url}/servers").status_code == 200
        other.mount("http://", adapter)  # type: ignore[arg-type]
        assert other.get(f"{fake.url}/servers").status_code == 200
        assert len(fake.calls) == 2


def test_pickling_a_session_says_how_another_process_reaches_the_fake() -> None:
    told = r"use fake\.serve\(\) to reach the fake from another process"
    with FakeHostway() as fake, fake.session() as session, pytest.raises(WrongTypeError, match=told):
        pickle.dumps(session)


# The response below requests


def raw_surface(response: requests.Response) -> dict[str, object]:
    """What can be asked of a raw response without a wire in hand."""
    raw: Any = response.raw
    asked = {
        name: getattr(raw, name)()
        for name in ("isclosed", "readable", "seekable", "writable", "supports_chunked_reads", "tell", "geturl")
    }
    asked |= {
        name: getattr(raw, name)
        for name in ("closed", "status", "reason", "version", "version_string", "length_remaining", "chunked", "msg")
    }
    names = ("decode_content", "auto_close", "enforce_content_length", "code", "url", "data")
    asked |= {name: getattr(raw, name, "no such attribute") for name in names}
    asked |= {"is connected": raw.connection is not None, "headers": sorted(key for key in raw.headers)}
    asked |= {"retries": str(raw.retries), "none": raw.headers.get("Nothing", "none")}
    try:
        raw.fileno()
        asked["fileno"] = "given"
    except OSError as error:
        asked["fileno"] = "given" if isinstance(error, io.UnsupportedOperation) else "closed"  # in memory there is none
    except AttributeError:
        asked["fileno"] = "closed"
    return asked


def read_whole(raw: Any) -> object:
    return raw.read()


def read_in_pieces(raw: Any) -> object:
    return list(raw.stream(100))


def read_a_part(raw: Any) -> object:
    return raw.read(10)


def read_into(raw: Any) -> object:
    return raw.readinto(bytearray(10))


def drained(raw: Any) -> object:
    return raw.drain_conn()


def closed(raw: Any) -> object:
    return raw.close()


def released(raw: Any) -> object:
    return raw.release_conn()


def unread(raw: Any) -> object:
    return None


@pytest.mark.parametrize("use", [read_whole, read_in_pieces, read_a_part, read_into, drained, closed, released, unread])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize("stream", [True, False])
def test_raw_response_is_that_of_a_socket(
    method: str, stream: bool, use: Callable[[Any], object], fake: FakeHostway, server: ServerHandle
) -> None:
    found = []
    body = {"snapshot": {"name": "nightly"}} if method == "POST" else None
    with fake.serve() as served:
        for at in (fake, fake.at(served.url)):
            with fake.savepoint(), at.session() as session:
                snapshot = "" if method == "POST" else "/" + server.add_snapshot("a").id
                response = session.request(
                    method,
                    at.url + SNAPSHOTS + snapshot,
                    json=body,
                    stream=stream,
                    headers={"Host": "api.hostway.test"},
                )
                before = raw_surface(response) if stream else None
                read = use(response.raw)
                found.append((before, read, raw_surface(response), response.raw.read()))
                response.close()
    in_process, wired = found
    assert in_process == wired


def test_cookies_of_an_answer_reach_the_session() -> None:
    pool, _ = counting([200, 200], None, ("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Path=/"))
    with through(pool) as session:
        session.mount("http://api.hostway.test/", HostwayAdapter(pool))
        answer = session.get("http://api.hostway.test/a")
        assert dict(session.cookies) == dict(answer.cookies) == {"a": "1", "b": "2"}
        assert session.get("http://api.hostway.test/a").request.headers["Cookie"] == "a=1; b=2"


# Retries of the user's own


@pytest.mark.parametrize("is_intercepted", [True, False])
@pytest.mark.parametrize("word", ["sleep", "sleep_for_retry", "_sleep_backoff"])
def test_retry_of_the_user_s_own_is_asked_to_sleep(word: str, is_intercepted: bool, fake: FakeHostway) -> None:
    asked = []

    def slept(retry: Retry, *response: object) -> bool:
        asked.append(word)
        return True

    kind = type("Own", (Retry,), {word: slept})
    retry: Retry = kind(total=1, backoff_factor=60, status_forcelist=[503], allowed_methods=None)
    after = 7 if word != "_sleep_backoff" else None
    fake.faults.on("list_servers").first(1).respond(503, retry_after=after)
    with requests.Session() as session:
        session.auth = fake.auth
        session.mount(fake.url, HTTPAdapter(max_retries=retry))
        if is_intercepted:
            with fake.intercept():
                assert session.get(f"{fake.url}/servers").status_code == 200
        else:
            fake.mount(session)
            assert session.get(f"{fake.url}/servers").status_code == 200
    assert asked == [word]
    assert fake.clock.now() == START


def test_retry_of_the_user_s_own_that_does_not_override_sleeping_waits_on_the_fake_s_clock(fake: FakeHostway) -> None:
    class Own(Retry):
        def sleep(self, response: Any = None) -> None:
            super().sleep(response)

    fake.faults.on("list_servers").first(1).respond(503, retry_after=7)
    with requests.Session() as session:
        session.auth = fake.auth
        fake.mount(session, max_retries=Own(total=1, status_forcelist=[503]))
        assert session.get(f"{fake.url}/servers").status_code == 200
    assert fake.clock.now() == START + timedelta(seconds=7)


def test_mounting_keeps_the_retries_of_the_adapter_that_was_there(fake: FakeHostway) -> None:
    with requests.Session() as session:
        session.auth = fake.auth
        session.mount("http://", HTTPAdapter(max_retries=Retry(5)))
        fake.mount(session)
        fake.mount(session)
        adapter: Any = session.get_adapter(f"{fake.url}/")
        assert adapter.max_retries.total == 5
        fake.mount(session, max_retries=0)
        adapter = session.get_adapter(f"{fake.url}/")
        assert adapter.max_retries.total == 0


def test_request_that_threads_share_is_not_changed(fake: FakeHostway) -> None:
    seen = []

    class WatchedFake(requests.Request):
        def __setattr__(self, name: str, value: object) -> None:
            seen.append(name)
            super().__setattr__(name, value)

    request = WatchedFake("GET", f"{fake.url}/servers")
    seen.clear()
    with fake.session() as session:
        assert session.send(session.prepare_request(request)).status_code == 200
    assert seen == []
    assert request.headers == {}
