"""Waiting for calls of clients in other threads, in real time."""

import asyncio
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest
import requests
import trio

from hostway_fake import Calls, FakeHostway, InvalidValueError, NotCalledError, WrongTypeError


@contextmanager
def _client(fake: FakeHostway, *paths: str) -> Iterator[Event]:
    """Request paths in another thread as soon as the event is set."""
    begin = Event()

    def run() -> None:
        begin.wait(10)
        with fake.session() as session:
            for path in paths:
                session.get(f"{fake.url}{path}")

    thread = Thread(target=run)
    thread.start()
    try:
        yield begin
    finally:
        begin.set()
        thread.join()


def test_wait_for_returns_when_enough_calls_came(fake: FakeHostway) -> None:
    with _client(fake, "/zone", "/servers", "/flavors", "/servers") as begin:
        begin.set()
        found = fake.calls.wait_for("list_servers", times=2, timeout=10)

    assert [call.number for call in found] == [2, 4]
    assert type(found) is Calls


def test_wait_for_counts_earlier_calls(fake: FakeHostway) -> None:
    fake.session().get(f"{fake.url}/servers")

    assert len(fake.calls.wait_for("list_servers", timeout=10)) == 1
    assert len(fake.calls.filter("list_servers")) == 1


def test_wait_for_matches_attributes(fake: FakeHostway) -> None:
    with _client(fake, "/servers/none", "/servers/none/snapshots", "/servers/other") as begin:
        begin.set()
        (call,) = fake.calls.wait_for("get_server", server="other", status=404, effect="refused", timeout=10)

    assert call.number == 3


def test_wait_for_hears_clients_on_a_socket(fake: FakeHostway) -> None:
    with fake.serve() as server:
        thread = Thread(target=requests.get, args=(f"{server.url}/servers",), kwargs={"auth": fake.auth, "timeout": 10})
        thread.start()
        assert fake.calls.wait_for("list_servers", timeout=10).last.status == 200
        thread.join()


def test_wait_for_raises_with_the_calls_that_came(fake: FakeHostway) -> None:
    session = fake.session()
    session.get(f"{fake.url}/servers")
    session.get(f"{fake.url}/zone")

    with pytest.raises(NotCalledError, match=r"^after 0\.01 s: list_servers was called 1 times, expected 2\n  2013"):
        fake.calls.wait_for("list_servers", times=2, timeout=0.01)
    with pytest.raises(NotCalledError, match=r"get_server was called 0 times.*\nthe closest calls:\n"):
        fake.calls.wait_for("get_server", timeout=0.01)


def test_wait_for_outlasts_a_reset(fake: FakeHostway) -> None:
    fake.session().get(f"{fake.url}/zone")
    fake.reset()
    with _client(fake, "/servers") as begin:
        begin.set()
        assert len(fake.calls.wait_for("list_servers", timeout=10)) == 1


def test_waiters_do_not_disturb_each_other(fake: FakeHostway) -> None:
    waited: list[int] = []
    threads = [
        Thread(target=lambda n=n: waited.append(len(fake.calls.wait_for("list_servers", times=n, timeout=10))))
        for n in (1, 2, 3)
    ]
    for thread in threads:
        thread.start()
    for _ in range(3):
        fake.session().get(f"{fake.url}/servers")
    for thread in threads:
        thread.join()

    assert max(waited) == 3
    assert len(waited) == 3


@pytest.mark.parametrize("run", [asyncio.run, trio.run])
def test_async_wait_for_lets_other_tasks_run(fake: FakeHostway, run: Any) -> None:
    async def wait() -> int:
        with _client(fake, "/servers") as begin:
            begin.set()
            return len(await fake.calls.async_wait_for("list_servers", timeout=10))

    assert run(wait) == 1 if run is trio.run else run(wait()) == 1


@pytest.mark.parametrize(
    ("operation", "others", "error", "said"),
    [
        ("list_serverz", {}, InvalidValueError, "operation: got 'list_serverz'"),
        (7, {}, WrongTypeError, "operation: got 7"),
        ("list_servers", {"times": 0}, InvalidValueError, "times: got 0"),
        ("list_servers", {"timeout": 0}, InvalidValueError, "timeout: got 0"),
        ("list_servers", {"timeout": 10**9}, InvalidValueError, "timeout: got 1000000000"),
        ("list_servers", {"effect": "done"}, InvalidValueError, "effect: got 'done'"),
    ],
)
def test_wait_for_rejects_what_no_call_can_be(
    fake: FakeHostway, operation: Any, others: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=f"^{said}"):
        fake.calls.wait_for(operation, **others)


def test_recorded_calls_can_be_pickled(fake: FakeHostway) -> None:
    fake.session().get(f"{fake.url}/servers")

    assert pickle.loads(pickle.dumps(fake.calls)) == fake.calls
