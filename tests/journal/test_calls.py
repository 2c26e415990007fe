"""The journal: every call, what it did, and what the client saw."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, get_args

import httpx
import pytest
import requests

from hostway_fake import (
    Call,
    Effect,
    EndlessWaitError,
    FakeHostway,
    FrozenClockError,
    ScriptExhaustedError,
    ServerHandle,
)
from hostway_fake.faults import ok, reset, respond
from hostway_fake.faults.outcomes import UnreachableOutcome, WireOutcome
from hostway_fake.journal.calls import UNREACHED, WITHOUT_STATUS

Create = Callable[..., requests.Response]


def last(fake: FakeHostway) -> tuple[str, str, str | None, str | None]:
    call = fake.calls[-1]
    return call.effect, call.client_saw, call.operation, call.rule


def test_a_call_that_is_carried_out_is_applied(fake: FakeHostway, create: Create) -> None:
    create("a")

    assert last(fake) == ("applied", "202", "create_snapshot", None)


def test_a_call_that_is_refused_is_refused(fake: FakeHostway, server: ServerHandle, create: Create) -> None:
    server.add_snapshot("a")
    create("a")

    assert last(fake) == ("refused", "409", "create_snapshot", None)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_has_no_effect(fake: FakeHostway, server: ServerHandle, session: requests.Session, method: str) -> None:
    session.request(method, f"{fake.url}/servers/{server.id}/snapshots")

    assert last(fake) == ("none", "200", "list_snapshots", None)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "operation"),
    [
        ("GET", "/nothing", {}, "404", None),
        ("PUT", "/servers/jello614636-USOTE-0214/snapshots", {}, "405", None),
        ("POST", "/servers/jello614636-USOTE-0214/snapshots", {"Content-Type": "text/plain"}, "415", "create_snapshot"),
        ("GET", "/servers/jello614636-USOTE-0214/snapshots", {"Authorization": "Basic x"}, "401", None),
        ("GET", "/servers/jello614636-USOTE-0214/snapshots", {"Host": "a b"}, "400", None),
        ("GET", "/accounts/nobody1/flexcloud/servers/a/snapshots", {}, "404", "list_snapshots"),
    ],
)
def test_what_a_client_should_not_have_sent_is_refused(
    fake: FakeHostway,
    server: ServerHandle,
    session: requests.Session,
    method: str,
    path: str,
    headers: dict[str, str],
    status: str,
    operation: str | None,
) -> None:
    if "Authorization" in headers:
        session.auth = None
    session.request(method, fake.url + path, headers=headers)

    assert last(fake) == ("refused", status, operation, None)


@pytest.mark.parametrize(("side", "effect"), [("before", "none"), ("after", "applied")])
def test_a_fault_leaves_both_truths(fake: FakeHostway, create: Create, side: str, effect: str) -> None:
    begun = fake.faults.on().named("lost")
    (begun.after_commit() if side == "after" else begun).reset()

    with pytest.raises(requests.ConnectionError):
        create("a")

    assert last(fake) == (effect, "reset", "create_snapshot", "lost")
    assert (b'"BUILD"' in fake.calls[-1].response_body) == (side == "after")


def test_a_refusal_that_a_fault_hides_is_still_one(fake: FakeHostway, server: ServerHandle, create: Create) -> None:
    server.attach_volume()
    fake.faults.on().after_commit().respond(503)

    create("a")

    assert last(fake) == ("refused", "503", "create_snapshot", "rule 1")


def test_a_call_has_what_was_asked_and_what_was_answered(
    fake: FakeHostway, server: ServerHandle, create: Create
) -> None:
    fake.clock.advance(1.5)
    answer = create("a")

    (call,) = fake.calls
    assert isinstance(call, Call)
    assert (call.number, call.at, call.method, call.server) == (1, fake.clock.now(), "POST", server.id)
    assert (call.target, call.body) == (f"/servers/{server.id}/snapshots", b'{"snapshot": {"name": "a"}}')
    assert (call.response_body, call.headers["content-type"]) == (answer.content, "application/json")
    assert str(call) == (f"2013-04-12 19:29:01.500 POST /servers/{server.id}/snapshots create_snapshot applied 202")
    assert repr(call) == f"<Call 1 {call}>"
    assert call.effect is Effect.APPLIED


def test_a_call_that_is_none_says_so(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on().respond(503)
    session.get(f"{fake.url}/nothing")

    assert str(fake.calls[0]) == "2013-04-12 19:29:00.000 GET /nothing no operation none 503 [rule 1]"


def test_what_is_raised_in_the_test_is_a_call_too(server: ServerHandle) -> None:
    with FakeHostway(poll_limit=1) as fake, fake.session() as session:
        there = fake.add_server()
        there.add_snapshot("a", status="BUILD")
        url = f"{fake.url}/servers/{there.id}/snapshots"
        session.get(url)
        with pytest.raises(FrozenClockError):
            session.get(url)
        fake.faults.script(None, [ok], "fail_test")
        session.head(f"{fake.url}/nothing")
        with pytest.raises(ScriptExhaustedError):
            session.head(f"{fake.url}/nothing")
        fake.faults.clear()
        fake.faults.on("create_snapshot").after_commit().hang()
        with pytest.raises(EndlessWaitError, match=f"POST /servers/{there.id}/snapshots is made to hang"):
            session.post(url, json={"snapshot": {"name": "b"}})

        assert [(call.effect, call.client_saw) for call in fake.calls] == [
            ("none", "200"),
            ("none", "FrozenClockError"),
            ("refused", "404"),
            ("none", "ScriptExhaustedError"),
            ("applied", "EndlessWaitError"),
        ]
        assert len(there.snapshots) == 2


def test_the_journal_forgets_the_oldest() -> None:
    with FakeHostway(journal_size=3) as fake, fake.session() as session:
        for number in range(5):
            session.get(f"{fake.url}/{number}")

        assert [(call.number, call.target) for call in fake.calls] == [(3, "/2"), (4, "/3"), (5, "/4")]


def test_all_outcomes_can_be_looked_for() -> None:
    """The journal knows nothing of faults, and has their words as its own."""
    assert {*WITHOUT_STATUS} == {kind.name for kind in get_args(WireOutcome)} | {"timeout"}


def test_requests_that_never_reach_the_service_are_known() -> None:
    assert {*UNREACHED} == {kind.name for kind in get_args(UnreachableOutcome)}


def test_calls_of_many_threads_are_all_there_in_their_order(fake: FakeHostway, server: ServerHandle) -> None:
    def ask(number: int) -> None:
        with fake.session() as session:
            session.get(f"{fake.url}/{number}")

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(ask, range(200)))

    assert [call.number for call in fake.calls] == list(range(1, 201))
    assert {call.target for call in fake.calls} == {f"/{number}" for number in range(200)}


def journal(way: str) -> list[str]:
    """What some calls under some rules leave behind."""
    with FakeHostway(seed=7) as fake, fake.serve() as listening:
        server = fake.add_server("jello614636-USOTE-0214")
        url = listening.url if way == "socket" else fake.url
        client: Any
        if way == "httpx":
            client = httpx.Client(transport=fake.httpx_transport(), auth=fake.auth)
        else:
            client = (fake.at(url) if way == "socket" else fake).session()
        fake.faults.on().with_probability(0.3).reset()
        fake.faults.on().with_probability(0.3).after_commit().truncate(0.5)
        fake.faults.script("create_snapshot", [ok, respond(500), reset()], "repeat")
        with client:
            for number in range(30):
                fake.clock.advance(1)
                path = f"{url}/servers/{server.id}/snapshots"
                with suppress(requests.RequestException, httpx.HTTPError):
                    client.post(path, json={"snapshot": {"name": f"n{number % 4}"}})
                with suppress(requests.RequestException, httpx.HTTPError):
                    client.get(path)
        return [str(call) for call in fake.calls]


def test_the_same_seed_and_script_leave_the_same_journal_on_every_way_in() -> None:
    adapter = journal("adapter")

    assert adapter == journal("adapter") == journal("httpx") == journal("socket")
    assert len(adapter) == 60
    assert {"[rule 1]", "[rule 2]", "[rule 3]"} <= {line[line.find("[") :] for line in adapter}


def test_journal_forgets_the_oldest_calls_when_their_bodies_take_too_many_bytes() -> None:
    with FakeHostway(journal_bytes=5_000) as fake, fake.session() as session:
        for number in range(10):
            session.post(f"{fake.url}/nothing/{number}", data=b"x" * 1_000)
        assert [call.target for call in fake.calls] == [f"/nothing/{number}" for number in range(6, 10)]
        session.post(f"{fake.url}/nothing", data=b"x" * 10_000)
        assert [call.target for call in fake.calls] == ["/nothing"]
        fake.reset()
        session.get(f"{fake.url}/servers")
        session.get(f"{fake.url}/servers")
        assert len(fake.calls) == 2
