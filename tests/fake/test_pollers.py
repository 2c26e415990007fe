"""Real pollers need no change: each passes, or gives up at its deadline, through each of the ways that claims it."""

import asyncio
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
import requests
import tenacity
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from hostway_fake import START, FakeHostway

Status = Callable[[], str]
_HOUR: Final = 3600


@pytest.fixture
def pollers(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("pollers_under_test")
    source = Path(__file__).with_name("pollers.py")
    exec(compile(source.read_text(), source, "exec"), vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.fixture(params=["in process", "on a socket"])
def reached(request: pytest.FixtureRequest) -> Iterator[FakeHostway]:
    with FakeHostway(poll_limit=10_000) as fake:
        if request.param == "in process":
            yield fake
        else:
            with fake.serve() as server:
                yield fake.at(server.url)


def asked(fake: FakeHostway, **order: Any) -> Status:
    """How a client asks for the status of a snapshot whose build was ordered so."""
    fake.builds.next(**order)
    server = fake.add_server()
    session = fake.session()
    url = f"{fake.url}/servers/{server.id}/snapshots/{server.add_snapshot('a', status='BUILD').id}"

    def status() -> str:
        with session.get(url) as answer:
            return str(answer.json()["snapshot"]["status"])

    return status


def passed(fake: FakeHostway) -> float:
    return (fake.clock.now() - START).total_seconds()


_PATCHED: Final = ("counting_sleeps", "by_deadline", "by_tenacity", "by_stamina")


@pytest.mark.parametrize("poller", _PATCHED)
def test_a_patched_poller_waits(reached: FakeHostway, pollers: ModuleType, poller: str) -> None:
    status = asked(reached, seconds=600)

    with reached.patch_sleep(pollers):
        getattr(pollers, poller)(status)

    assert 600 <= passed(reached) < 700


@pytest.mark.parametrize("poller", _PATCHED)
def test_a_patched_poller_gives_up_at_its_deadline(reached: FakeHostway, pollers: ModuleType, poller: str) -> None:
    status = asked(reached, never=True)

    with reached.patch_sleep(pollers), pytest.raises(TimeoutError):
        getattr(pollers, poller)(status)

    assert _HOUR - 60 <= passed(reached) <= _HOUR + 60


def test_a_poller_that_is_handed_a_sleep_waits(reached: FakeHostway, pollers: ModuleType) -> None:
    pollers.handed_a_sleep(asked(reached, seconds=600), reached.sleep)

    assert passed(reached) == 600


def test_a_poller_that_is_handed_a_sleep_gives_up(reached: FakeHostway, pollers: ModuleType) -> None:
    with pytest.raises(TimeoutError):
        pollers.handed_a_sleep(asked(reached, never=True), reached.sleep)

    assert passed(reached) == _HOUR


def test_a_poller_that_is_handed_an_async_sleep_waits(reached: FakeHostway, pollers: ModuleType) -> None:
    asyncio.run(pollers.handed_an_async_sleep(asked(reached, seconds=600), reached.async_sleep))

    assert passed(reached) == 600


def test_a_poller_that_is_handed_an_async_sleep_gives_up(reached: FakeHostway, pollers: ModuleType) -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(pollers.handed_an_async_sleep(asked(reached, never=True), reached.async_sleep))

    assert passed(reached) == _HOUR


@pytest.mark.parametrize("way", ["in process", "on a socket"])
def test_polling_itself_moves_the_clock(way: str, pollers: ModuleType) -> None:
    with FakeHostway(poll_step=20) as fake, fake.serve() as server:
        reached = fake if way == "in process" else fake.at(server.url)

        pollers.handed_a_sleep(asked(reached, seconds=600), sleep=lambda _: None)

        assert passed(fake) == 600


@pytest.mark.parametrize("way", ["in process", "on a socket"])
def test_polling_itself_lets_a_poller_give_up(way: str, pollers: ModuleType) -> None:
    with FakeHostway(poll_step=5) as fake, fake.serve() as server:
        reached = fake if way == "in process" else fake.at(server.url)

        with pytest.raises(TimeoutError):
            pollers.handed_a_sleep(asked(reached, never=True), sleep=lambda _: None)

        assert passed(fake) == _HOUR


def handed_to_tenacity(fake: FakeHostway) -> tenacity.Retrying:
    return tenacity.Retrying(
        sleep=fake.sleep,
        wait=tenacity.wait_fixed(5),
        stop=tenacity.stop_after_attempt(10),
        retry=tenacity.retry_if_result(lambda status: status != "ACTIVE"),
    )


def test_tenacity_that_is_handed_a_sleep_waits(reached: FakeHostway) -> None:
    assert handed_to_tenacity(reached)(asked(reached, seconds=20)) == "ACTIVE"
    assert passed(reached) == 20


def test_tenacity_that_is_handed_a_sleep_gives_up(reached: FakeHostway) -> None:
    with pytest.raises(tenacity.RetryError):
        handed_to_tenacity(reached)(asked(reached, never=True))

    assert passed(reached) == 9 * 5


_RETRY: Final = Retry(4, backoff_factor=10, status_forcelist=[404])


@pytest.fixture(params=["in process, without asking", "on a socket, patched"])
def retrying(
    request: pytest.FixtureRequest, fake: FakeHostway, pollers: ModuleType
) -> Iterator[tuple[requests.Session, str]]:
    """A session that waits and tries again as urllib3 does, and the URL that it reaches the fake at."""
    with requests.Session() as session, ExitStack() as stack:
        session.auth, session.trust_env = fake.auth, False
        if request.param == "in process, without asking":
            fake.mount(session, max_retries=_RETRY)
            yield session, fake.url
        else:
            server = stack.enter_context(fake.serve())
            stack.enter_context(fake.patch_sleep(pollers))
            session.mount(server.url, HTTPAdapter(max_retries=_RETRY))
            yield session, server.url


def test_urllib3_waits_on_the_fake_s_clock(fake: FakeHostway, retrying: tuple[requests.Session, str]) -> None:
    session, url = retrying
    server = fake.add_server()
    fake.faults.on("list_snapshots").first(3).respond(404)

    with session.get(f"{url}/servers/{server.id}/snapshots") as answer:
        assert (answer.status_code, answer.json()) == (200, {"snapshots": []})

    assert passed(fake) == 0 + 20 + 40


def test_urllib3_gives_up_after_its_last_attempt(fake: FakeHostway, retrying: tuple[requests.Session, str]) -> None:
    session, url = retrying

    with pytest.raises(requests.exceptions.RetryError):
        session.get(f"{url}/nothing")

    assert passed(fake) == 0 + 20 + 40 + 80


def test_the_pollers_are_whole_programs() -> None:
    assert callable(runpy.run_path(str(Path(__file__).with_name("pollers.py")))["counting_sleeps"])
