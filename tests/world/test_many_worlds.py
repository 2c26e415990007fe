"""Many at once: worlds that do not see each other, and calls in one world that came in some order."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count, permutations
from threading import Barrier
from typing import Any, NamedTuple

import pytest
import requests

from hostway_fake import FakeHostway

_WORLDS = 64
_SERVER = "jello614636-USOTE-0214"


# Worlds


def _play(face: FakeHostway, number: int) -> list[tuple[str, int, bytes]]:
    """A client of its own account: what it saw of each call, whatever the host in it."""
    face.add_server(_SERVER)
    face.faults.on("list_snapshots").every(2).respond(503)
    face.faults.on("create_snapshot", name="b").first(1).after_commit().reset()
    seen = []
    with face.session() as session:
        for step in range(12):
            method, path, body = _call(number + step)
            try:
                answer = session.request(method, face.url + path, json=body, timeout=20)
            except requests.ConnectionError as error:
                seen.append((type(error).__name__, 0, b""))
            else:
                seen.append((method, answer.status_code, answer.content.replace(face.url.encode(), b"")))
            face.clock.advance(number % 7)
    return seen


def _call(number: int) -> tuple[str, str, Any]:
    snapshots = f"/servers/{_SERVER}/snapshots"
    calls: list[tuple[str, str, Any]] = [
        ("POST", snapshots, {"snapshot": {"name": "abcd"[number // 5 % 4]}}),
        ("GET", snapshots, None),
        ("POST", "/volumes", {"volume": {"size": 1}}),
        ("POST", f"/servers/{_SERVER}/action", {"os-stop": None}),
        ("GET", "/servers/detail", None),
    ]
    return calls[number % len(calls)]


def _account(number: int) -> str:
    return f"account{number}"


def test_many_worlds_on_one_server_do_not_see_each_other() -> None:
    with ExitStack() as stack:
        house = stack.enter_context(FakeHostway(auth=("house", "house")))
        url = stack.enter_context(house.serve()).url
        together = [house.add_account(_account(number), "x", seed=number) for number in range(_WORLDS)]
        with ThreadPoolExecutor(_WORLDS) as pool:
            seen = list(pool.map(_play, (fake.at(url) for fake in together), range(_WORLDS)))

        for number in range(_WORLDS):
            alone = stack.enter_context(FakeHostway(auth=(_account(number), "x"), seed=number))
            assert _play(alone, number) == seen[number]
            assert [str(call) for call in alone.calls] == [str(call) for call in together[number].calls]
            assert _state(alone) == _state(together[number])
        assert house.calls == ()


def _state(fake: FakeHostway) -> dict[str, Any]:
    return {key: value for key, value in fake.to_dict().items() if key not in ("url", "digest")}


def test_whom_nobody_knows_is_told_so_by_the_house() -> None:
    with FakeHostway() as house, house.add_account("michalski275226", "secret") as other, house.session() as session:
        session.auth = ("nobody1", "x")
        assert session.get(f"{house.url}/servers").status_code == 401
        assert (len(house.calls), len(other.calls)) == (1, 0)


# One world


class Done(NamedTuple):
    """A call, when it was begun and ended among all others, and what its client saw."""

    thread: int
    call: tuple[str, str, Any]
    begun: int
    ended: int
    status: int


_CALLS: list[list[tuple[str, str, Any]]] = [
    [("POST", "/servers/{}/snapshots", {"snapshot": {"name": "a"}}), ("GET", "/servers/{}/snapshots", None)],
    [("POST", "/servers/{}/snapshots", {"snapshot": {"name": "a"}}), ("DELETE", "/servers/{}", None)],
    [("POST", "/servers/{}/action", {"os-stop": None}), ("POST", "/servers/{}/snapshots", {"snapshot": {"name": "b"}})],
]


def _history(fake: FakeHostway) -> list[Done]:
    """What came of calls in three threads, as they met."""
    fake.add_server(_SERVER)
    clock, barrier = count(), Barrier(len(_CALLS))

    def run(thread: int) -> list[Done]:
        done = []
        with fake.session() as session:
            barrier.wait(20)
            for method, path, body in _CALLS[thread]:
                begun = next(clock)
                answer = session.request(method, fake.url + path.format(_SERVER), json=body)
                done.append(Done(thread, (method, path, body), begun, next(clock), answer.status_code))
        return done

    with ThreadPoolExecutor(len(_CALLS)) as pool:
        return [each for done in pool.map(run, range(len(_CALLS))) for each in done]


def _orders(history: list[Done]) -> Iterator[Sequence[Done]]:
    """All orders in which no call stands before one that had ended when it began."""
    for order in permutations(history):
        if all(order[later].ended > order[earlier].begun for later in range(len(order)) for earlier in range(later)):
            yield order


def _is_explained(order: Sequence[Done], names: list[str]) -> bool:
    """Whether one client that made the calls in that order would have seen the same."""
    with FakeHostway() as fake, fake.session() as session:
        server = fake.add_server(_SERVER)
        for done in order:
            method, path, body = done.call
            if session.request(method, fake.url + path.format(_SERVER), json=body).status_code != done.status:
                return False
        return sorted(snapshot.name for snapshot in server.snapshots) == names


@pytest.mark.parametrize("round_", range(20))
def test_concurrent_calls_have_an_order_that_explains_them(round_: int) -> None:
    with FakeHostway() as fake:
        history = _history(fake)
        names = sorted(snapshot.name for snapshot in fake.servers[0].snapshots)

    assert any(_is_explained(order, names) for order in _orders(history)), history
