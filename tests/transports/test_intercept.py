"""Interception: every session of the process reaches the fake, keeps its own ways, and is let go afterwards."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from threading import Barrier
from typing import Any, Final

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from hostway_fake import START, BlockedHostError, FakeHostway, HostwayFakeError

NOTHING: Final = "/nothing"
ORIGINAL: Final = HTTPAdapter.get_connection_with_tls_context


@pytest.fixture
def other() -> Iterator[FakeHostway]:
    """Another host, on a socket; where requests' own way to it is what is asked about."""
    with FakeHostway(auth=("other1", "other")) as other, other.serve() as serving:
        yield other.at(serving.url)


@pytest.fixture(autouse=True)
def _nothing_remains() -> Iterator[None]:
    yield
    assert HTTPAdapter.get_connection_with_tls_context is ORIGINAL


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


def test_requests_is_patched_only_inside(fake: FakeHostway) -> None:
    with fake.intercept():
        assert HTTPAdapter.get_connection_with_tls_context is not ORIGINAL

    assert HTTPAdapter.get_connection_with_tls_context is ORIGINAL


def test_requests_is_restored_after_an_exception(fake: FakeHostway) -> None:
    with pytest.raises(ZeroDivisionError), fake.intercept():
        raise ZeroDivisionError

    assert HTTPAdapter.get_connection_with_tls_context is ORIGINAL


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
