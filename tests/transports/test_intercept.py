"""Interception: every session of the process reaches the fake, keeps its own ways, and is let go afterwards."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from textwrap import dedent
from threading import Barrier
from typing import Any, Final

import httpx
import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from hostway_fake import START, BlockedHostError, FakeHostway, HostwayFakeError, WrongTypeError
from hostway_fake.transports import intercept as interception

NOTHING: Final = "/nothing"
PATCHED: Final = (
    (HTTPAdapter, "get_connection_with_tls_context"),
    (requests.Session, "get_adapter"),
    (urllib3.PoolManager, "connection_from_host"),
    (urllib3.ProxyManager, "connection_from_host"),
    (httpx.Client, "_transport_for_url"),
    (httpx.AsyncClient, "_transport_for_url"),
    (httpx.HTTPTransport, "handle_request"),
    (httpx.AsyncHTTPTransport, "handle_async_request"),
)
ORIGINALS: Final = [vars(owner)[name] for owner, name in PATCHED]


def current() -> list[object]:
    """Return the methods that are in place now where interception patches."""
    return [vars(owner)[name] for owner, name in PATCHED]


@pytest.fixture
def other() -> Iterator[FakeHostway]:
    """Another host, on a socket; where requests' own way to it is what is asked about."""
    with FakeHostway(auth=("other1", "other")) as other, other.serve() as serving:
        yield other.at(serving.url)


@pytest.fixture(autouse=True)
def _nothing_remains() -> Iterator[None]:
    yield
    assert current() == ORIGINALS


def account_asked(session: Any, url: str, *fakes: FakeHostway) -> list[str]:
    """Whose credentials are taken at a URL: 404 comes after 401."""
    return [fake.auth[0] for fake in fakes if session.get(url + NOTHING, auth=fake.auth).status_code == 404]


def test_a_session_made_before_reaches_the_fake(fake: FakeHostway) -> None:
    with requests.Session() as session, fake.intercept():
        assert session.get(fake.url + NOTHING, auth=fake.auth).status_code == 404


def test_a_session_made_inside_reaches_the_fake(fake: FakeHostway) -> None:
    with fake.intercept(), requests.Session() as session:
        assert session.get(fake.url + NOTHING, auth=fake.auth).status_code == 404


def test_functions_of_the_module_reach_the_fake(fake: FakeHostway) -> None:
    server = fake.add_server()
    with fake.intercept():
        url = f"{fake.url}/servers/{server.id}/snapshots"
        created = requests.post(url, auth=fake.auth, json={"snapshot": {"name": "nightly"}}, timeout=5)
        later = requests.get(created.headers["Location"], auth=fake.auth, timeout=5)

    assert (created.status_code, later.status_code) == (202, 200)
    assert [snapshot.name for snapshot in server.snapshots] == ["nightly"]


def test_the_block_is_given_the_fake(fake: FakeHostway) -> None:
    with fake.intercept() as given:
        assert given is fake


@pytest.mark.parametrize("url", ["https://api.hostway.test", "http://api.hostway.test:8080", "http://[::1]:8080"])
def test_every_base_url_is_intercepted(url: str) -> None:
    with FakeHostway(url=url) as fake, fake.intercept(block_others=True):
        assert requests.get(url + NOTHING, auth=fake.auth, timeout=5).status_code == 404


def test_a_session_keeps_its_own_retries(fake: FakeHostway) -> None:
    retry = Retry(2, status_forcelist=[404], raise_on_status=False, backoff_factor=1)
    with requests.Session() as session, fake.intercept():
        session.mount("http://", HTTPAdapter(max_retries=retry))
        patient: Any = session.get(fake.url + NOTHING, auth=fake.auth).raw
        hasty: Any = requests.get(fake.url + NOTHING, auth=fake.auth, timeout=5).raw

    assert [len(patient.retries.history), len(hasty.retries.history)] == [2, 0]
    assert fake.clock.now() - START == timedelta(seconds=2)


def test_an_adapter_of_the_client_s_own_kind_keeps_its_ways(fake: FakeHostway) -> None:
    class Marking(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
            request.headers["Authorization"] = "Basic amVsbG82MTQ2MzY6aG9zdHdheQ=="
            return super().send(request, *args, **kwargs)

    with requests.Session() as session, fake.intercept():
        session.mount("http://", Marking())
        assert session.get(fake.url + NOTHING).status_code == 404


def test_a_proxy_of_the_machine_is_not_asked(fake: FakeHostway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = fake.add_server()
    with fake.intercept():
        url = f"{fake.url}/servers/{server.id}/snapshots"
        answer = requests.post(url, auth=fake.auth, json={"snapshot": {"name": "nightly"}}, timeout=5)

    assert answer.headers["Location"].startswith(url)


def test_a_mounted_session_still_reaches_its_own_fake(fake: FakeHostway) -> None:
    with FakeHostway(auth=("other1", "other")) as other, other.session() as session, fake.intercept():
        assert account_asked(session, fake.url, fake, other) == ["other1"]


# httpx and urllib3


async def asked_by_httpx(url: str, auth: tuple[str, str]) -> int:
    async with httpx.AsyncClient(auth=auth) as client:
        return (await client.get(url)).status_code


class Wrapping(httpx.BaseTransport):
    """A transport of the user's own, which leaves the network to the one of httpx."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


def asked_by_a_client(url: str, auth: tuple[str, str], transport: httpx.BaseTransport | None = None) -> int:
    with httpx.Client(auth=auth, transport=transport) as client:
        return client.get(url).status_code


def asked_by_a_manager(manager: urllib3.PoolManager, url: str, auth: tuple[str, str]) -> int:
    with manager:
        return manager.request("GET", url, headers=basic(auth)).status


CLIENTS: Final[dict[str, Callable[[str, tuple[str, str]], int]]] = {
    "httpx.get": lambda url, auth: httpx.get(url, auth=auth).status_code,
    "httpx.Client": asked_by_a_client,
    "httpx.Client with a transport": lambda url, auth: asked_by_a_client(url, auth, Wrapping()),
    "httpx.AsyncClient": lambda url, auth: asyncio.run(asked_by_httpx(url, auth)),
    "urllib3.PoolManager": lambda url, auth: asked_by_a_manager(urllib3.PoolManager(), url, auth),
    "urllib3.ProxyManager": lambda url, auth: asked_by_a_manager(urllib3.ProxyManager("http://127.0.0.1:9"), url, auth),
}


def basic(auth: tuple[str, str]) -> dict[str, str]:
    return dict(urllib3.make_headers(basic_auth=":".join(auth)))


@pytest.fixture(params=[*CLIENTS])
def ask(request: pytest.FixtureRequest) -> Callable[[str, tuple[str, str]], int]:
    return CLIENTS[request.param]


@pytest.mark.parametrize("url", ["http://api.hostway.test", "https://api.hostway.test:8443", "http://[::1]:8080"])
def test_client_of_another_library_reaches_the_fake(ask: Callable[[str, tuple[str, str]], int], url: str) -> None:
    with FakeHostway(url=url) as fake:
        with fake.intercept():
            assert ask(url + NOTHING, fake.auth) == 404
        assert len(fake.calls) == 1


@pytest.mark.parametrize("ask", [CLIENTS[name] for name in CLIENTS if name != "urllib3.ProxyManager"])
def test_client_of_another_library_still_reaches_other_hosts(
    ask: Callable[[str, tuple[str, str]], int], fake: FakeHostway, other: FakeHostway
) -> None:
    with fake.intercept():
        assert ask(other.url + NOTHING, other.auth) == 404
    assert (len(fake.calls), len(other.calls)) == (0, 1)


def test_client_of_another_library_is_blocked_on_demand(
    ask: Callable[[str, tuple[str, str]], int], fake: FakeHostway, other: FakeHostway
) -> None:
    told = rf"^(GET )?{other.url}({NOTHING})?: only api\.hostway\.test may be called under intercept"
    with fake.intercept(block_others=True), pytest.raises(BlockedHostError, match=told):
        ask(other.url + NOTHING, other.auth)
    assert other.calls == ()


def test_transport_of_httpx_keeps_its_retries(fake: FakeHostway) -> None:
    fake.faults.on().first(2).unavailable()
    with fake.intercept(), httpx.Client(transport=httpx.HTTPTransport(retries=2), auth=fake.auth) as client:
        assert client.get(fake.url + NOTHING).status_code == 404


def test_retries_of_urllib3_wait_on_the_clock_of_the_fake(fake: FakeHostway) -> None:
    fake.faults.on().first(2).unavailable()
    with fake.intercept():
        retries = Retry(3, backoff_factor=1)
        assert urllib3.request("GET", fake.url + NOTHING, headers=basic(fake.auth), retries=retries).status == 404
    assert fake.clock.now() - START == timedelta(seconds=2)


def test_connections_of_one_client_are_used_again(fake: FakeHostway) -> None:
    stale = fake.faults.on().nth(1).stale_connection()
    with fake.intercept(), httpx.Client(auth=fake.auth) as client:
        assert client.get(fake.url + NOTHING).status_code == 404
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(fake.url + NOTHING)
    assert stale.hits == 1


@pytest.mark.parametrize("url", ["http://[::1", "http://h:99999/", "http://"])
def test_what_is_no_url_is_left_to_the_client(fake: FakeHostway, url: str) -> None:
    def told(ask: Callable[[], object]) -> list[type[Exception]]:
        try:
            ask()
        except Exception as error:
            return [type(error)]
        return []

    def all_told() -> list[list[type[Exception]]]:
        asks = (lambda: requests.get(url, timeout=1), lambda: httpx.get(url), lambda: urllib3.request("GET", url))
        return [told(ask) for ask in asks]

    outside = all_told()
    with fake.intercept():
        assert all_told() == outside


def test_httpx_is_not_imported_for_the_sake_of_interception_and_is_covered_when_it_is_imported_inside() -> None:
    program = """
        import sys
        from hostway_fake import FakeHostway

        with FakeHostway() as fake:
            with fake.intercept():
                assert "httpx" not in sys.modules
            assert [type(finder).__name__ for finder in sys.meta_path].count("_WhenImported") == 0
            with fake.intercept(), fake.intercept():
                import httpx
                assert httpx.get(fake.url + "/servers", auth=fake.auth).status_code == 200
            original = httpx.HTTPTransport.handle_request
            with fake.intercept():
                assert httpx.get(fake.url + "/servers", auth=fake.auth).status_code == 200
            assert httpx.HTTPTransport.handle_request is original
            assert original.__module__.startswith("httpx.")
        """
    subprocess.run([sys.executable, "-W", "error", "-c", dedent(program)], check=True, timeout=60)


def test_httpx_that_is_imported_after_the_block_is_not_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    program = """
        import sys
        from hostway_fake import FakeHostway

        with FakeHostway() as fake:
            with fake.intercept():
                hook = next(each for each in sys.meta_path if type(each).__name__ == "_WhenImported")
            sys.meta_path.insert(0, hook)  # as if the import had begun inside
            import httpx
            assert httpx.HTTPTransport.handle_request.__module__.startswith("httpx.")
            assert hook not in sys.meta_path
        """
    subprocess.run([sys.executable, "-W", "error", "-c", dedent(program)], check=True, timeout=60)


def test_finder_for_httpx_leaves_other_modules_and_a_missing_httpx_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = interception._WhenImported()
    assert finder.find_spec("json") is None
    monkeypatch.setattr(interception, "find_spec", lambda name: None)
    assert finder.find_spec("httpx") is None


def test_get_adapter_of_one_session_can_be_replaced_inside(fake: FakeHostway) -> None:
    with requests.Session() as session, fake.intercept():
        own = HTTPAdapter()
        session.get_adapter = lambda url: own  # type: ignore[method-assign]  # as requests-mock does
        assert session.get_adapter("http://a.test/") is own
        del session.get_adapter
        assert session.get_adapter("http://a.test/") is session.adapters["http://"]
        assert account_asked(session, fake.url, fake) == ["jello614636"]


# Other hosts


def test_other_hosts_are_left_alone(fake: FakeHostway, other: FakeHostway) -> None:
    with requests.Session() as session, fake.intercept():
        assert account_asked(session, other.url, fake, other) == ["other1"]
        assert account_asked(session, fake.url, fake, other) == ["jello614636"]


def test_other_hosts_are_blocked_on_demand(fake: FakeHostway, other: FakeHostway) -> None:
    server = other.add_server()
    url = f"{other.url}/servers/{server.id}/snapshots"
    expected = f"^POST {url}: only api.hostway.test may be called under intercept\\(block_others=True\\)$"

    with fake.intercept(block_others=True), pytest.raises(BlockedHostError, match=expected) as raised:
        requests.post(url, auth=other.auth, json={"snapshot": {"name": "nightly"}}, timeout=5)

    assert isinstance(raised.value, HostwayFakeError)
    assert server.snapshots == ()


def test_the_fake_is_not_blocked(fake: FakeHostway) -> None:
    with fake.intercept(block_others=True):
        assert requests.get(fake.url + NOTHING, auth=fake.auth, timeout=5).status_code == 404


@pytest.mark.parametrize(
    "other_origin", ["http://api.hostway.test:81", "https://api.hostway.test", "http://hostway.test"]
)
def test_another_origin_of_the_same_name_is_another_host(other_origin: str, fake: FakeHostway) -> None:
    with fake.intercept(block_others=True), pytest.raises(BlockedHostError, match=f"^GET {other_origin}/nothing: "):
        requests.get(other_origin + NOTHING, timeout=5)


def test_the_port_of_the_allowed_host_is_named() -> None:
    with (
        FakeHostway(url="http://[::1]:8080") as fake,
        fake.intercept(block_others=True),
        pytest.raises(BlockedHostError, match=r": only \[::1\]:8080 may be called"),
    ):
        requests.get("http://a.test/", timeout=5)


def test_other_hosts_are_free_again_after_the_block(fake: FakeHostway, other: FakeHostway) -> None:
    with requests.Session() as session:
        with fake.intercept(block_others=True), pytest.raises(BlockedHostError):
            session.get(other.url + NOTHING)

        assert account_asked(session, other.url, other) == ["other1"]


def test_other_hosts_are_blocked_or_not(fake: FakeHostway) -> None:
    with pytest.raises(WrongTypeError, match="block_others: got 'no', expected True or False"):
        fake.intercept(block_others="no").__enter__()  # type: ignore[arg-type]  # the mistake


def test_every_host_that_may_be_called_is_named(fake: FakeHostway) -> None:
    told = r"only b\.test, api\.hostway\.test may be called"
    with (
        FakeHostway(url="http://b.test") as other,
        fake.intercept(block_others=True),
        other.intercept(),
        pytest.raises(BlockedHostError, match=told),
    ):
        requests.get("http://c.test/", timeout=5)


# Nests


@pytest.fixture
def second() -> Iterator[FakeHostway]:
    with FakeHostway(auth=("second2", "second"), url="http://second.test") as second:
        yield second


@pytest.fixture
def same_url() -> Iterator[FakeHostway]:
    with FakeHostway(auth=("third3", "third")) as same_url:
        yield same_url


def test_two_urls_are_intercepted_at_once(fake: FakeHostway, second: FakeHostway) -> None:
    with fake.intercept(), second.intercept():
        assert account_asked(requests, fake.url, fake, second) == ["jello614636"]
        assert account_asked(requests, second.url, fake, second) == ["second2"]


@pytest.mark.parametrize(("outer_blocks", "inner_blocks"), [(True, False), (False, True), (True, True)])
def test_blocking_spares_the_other_interceptions(
    outer_blocks: bool, inner_blocks: bool, fake: FakeHostway, second: FakeHostway
) -> None:
    with fake.intercept(block_others=outer_blocks), second.intercept(block_others=inner_blocks):
        assert account_asked(requests, fake.url, fake) == ["jello614636"]
        assert account_asked(requests, second.url, second) == ["second2"]
        with pytest.raises(BlockedHostError):
            requests.get("http://a.test/", timeout=5)


def test_of_the_same_url_the_innermost_is_asked_first(fake: FakeHostway, same_url: FakeHostway) -> None:
    with fake.intercept():
        with same_url.intercept():
            assert account_asked(requests, fake.url, fake, same_url) == ["third3"]
        assert account_asked(requests, fake.url, fake, same_url) == ["jello614636"]


def test_one_fake_may_be_intercepted_twice(fake: FakeHostway) -> None:
    with fake.intercept():
        with fake.intercept(block_others=True):
            pass
        assert account_asked(requests, fake.url, fake) == ["jello614636"]


def test_blocks_may_end_out_of_order(fake: FakeHostway, second: FakeHostway, same_url: FakeHostway) -> None:
    first, inner, last = fake.intercept(), same_url.intercept(), second.intercept()
    for entered in (first, inner, last):
        entered.__enter__()
    first.__exit__(None, None, None)
    asked = [account_asked(requests, url, fake, same_url, second) for url in (fake.url, second.url)]
    last.__exit__(None, None, None)
    asked.append(account_asked(requests, fake.url, fake, same_url, second))
    inner.__exit__(None, None, None)

    assert asked == [["third3"], ["second2"], ["third3"]]


# Afterwards


def test_libraries_are_patched_only_inside(fake: FakeHostway) -> None:
    with fake.intercept():
        assert not any(now is original for now, original in zip(current(), ORIGINALS, strict=True))

    assert current() == ORIGINALS


def test_libraries_are_restored_after_an_exception(fake: FakeHostway) -> None:
    with pytest.raises(ZeroDivisionError), fake.intercept():
        raise ZeroDivisionError

    assert current() == ORIGINALS


def test_patch_that_another_library_has_wrapped_stays_and_does_nothing(
    fake: FakeHostway, other: FakeHostway, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        with fake.intercept(block_others=True):
            wrapped = HTTPAdapter.get_connection_with_tls_context
            patched.setattr(
                HTTPAdapter, "get_connection_with_tls_context", lambda *args, **options: wrapped(*args, **options)
            )
        assert account_asked(requests, other.url, other) == ["other1"]
        with fake.intercept():
            assert account_asked(requests, fake.url, fake) == ["jello614636"]
            assert account_asked(requests, other.url, other) == ["other1"]
        patched.undo()
        assert account_asked(requests, other.url, other) == ["other1"]
    HTTPAdapter.get_connection_with_tls_context = ORIGINALS[0]  # type: ignore[method-assign]  # undo the wrapped patch


def test_a_session_used_inside_is_let_go(other: FakeHostway, fake: FakeHostway) -> None:
    """The same URL is the real host's again."""
    with FakeHostway(url=other.url) as near, requests.Session() as session:
        with near.intercept():
            inside = account_asked(session, other.url, near, other)
        outside = account_asked(session, other.url, near, other)

    assert (inside, outside) == (["jello614636"], ["other1"])


# Threads


def test_other_threads_are_intercepted_too(fake: FakeHostway) -> None:
    with fake.intercept(), ThreadPoolExecutor(1) as thread:
        assert thread.submit(account_asked, requests, fake.url, fake).result() == ["jello614636"]


def test_threads_may_enter_and_leave_at_once() -> None:
    barrier = Barrier(8)

    def enter_and_leave(number: int) -> set[tuple[str, ...]]:
        asked = set()
        with FakeHostway(url=f"http://host{number}.test", auth=(f"user{number}", "password")) as fake:
            barrier.wait(20)
            for _ in range(50):
                with fake.intercept():
                    asked.add(tuple(account_asked(requests, fake.url, fake)))
        return asked

    with ThreadPoolExecutor(8) as threads:
        asked = list(threads.map(enter_and_leave, range(8)))

    assert asked == [{(f"user{number}",)} for number in range(8)]


def test_many_may_be_active_at_once() -> None:
    with ExitStack() as active:
        fakes = [
            active.enter_context(FakeHostway(url=f"http://host{number}.test", auth=(f"user{number}", "password")))
            for number in range(20)
        ]
        for fake in fakes:
            active.enter_context(fake.intercept())
        asked = [account_asked(requests, fake.url, *fakes) for fake in fakes]

    assert asked == [[f"user{number}"] for number in range(20)]
