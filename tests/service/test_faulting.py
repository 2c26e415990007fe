"""What a fault does on the road of a call: time that passes, answers that are rehearsed, waits that never end."""

import json
from collections.abc import Callable
from datetime import timedelta
from socket import SHUT_WR, create_connection
from threading import Thread
from time import CLOCK_MONOTONIC, clock_gettime_ns
from typing import Any

import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry, Timeout
from urllib3.exceptions import MaxRetryError, ProtocolError

from hostway_fake import START, EndlessWaitError, FakeHostway, NoWireError, ServerHandle

Create = Callable[..., requests.Response]


def passed(fake: FakeHostway) -> float:
    return (fake.clock.now() - START).total_seconds()


def url(fake: FakeHostway, server: ServerHandle) -> str:
    return f"{fake.url}/servers/{server.id}/snapshots"


# Timeouts in process


@pytest.mark.parametrize(
    ("timeout", "limit"),
    [
        (5, 5),
        (0.5, 0.5),
        ((1, 7), 7),
        ((1, None), None),
        (None, None),
        (Timeout(connect=1, read=9), 9),
        (Timeout(total=4), 4),
        (Timeout(total=4, read=2), 2),
        (Timeout(total=4, read=20), 4),
    ],
    ids=str,
)
def test_a_timeout_of_requests_is_what_is_waited(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, timeout: Any, limit: float | None
) -> None:
    fake.faults.on().delay(10)

    if limit is None:
        assert session.get(url(fake, server), timeout=timeout).status_code == 200
    else:
        with pytest.raises(requests.ReadTimeout):
            session.get(url(fake, server), timeout=timeout)

    assert passed(fake) == (10 if limit is None else limit)


@pytest.mark.parametrize(
    ("timeout", "limit"),
    [(5, 5), (None, None), (httpx.Timeout(1, read=7), 7), (httpx.Timeout(connect=1, read=None, write=1, pool=1), None)],
    ids=str,
)
def test_a_timeout_of_httpx_is_what_is_waited(
    fake: FakeHostway, server: ServerHandle, timeout: Any, limit: float | None
) -> None:
    fake.faults.on().delay(10)
    with httpx.Client(transport=fake.httpx_transport(), auth=fake.auth, timeout=timeout) as client:
        if limit is None:
            assert client.get(url(fake, server)).status_code == 200
        else:
            with pytest.raises(httpx.ReadTimeout):
                client.get(url(fake, server))

    assert passed(fake) == (10 if limit is None else limit)


def test_a_pool_of_urllib3_is_asked_with_a_plain_number(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on().delay(10)
    adapter = session.get_adapter(f"{fake.url}/")
    assert isinstance(adapter, HTTPAdapter)
    pool: Any = adapter.get_connection_with_tls_context(requests.Request("GET", fake.url).prepare(), verify=True)

    with pytest.raises(MaxRetryError, match="Read timed out"):
        pool.urlopen("GET", "/nothing", retries=Retry(0), timeout=4)

    assert passed(fake) == 4


@pytest.mark.parametrize("read", [lambda raw: raw.read(), lambda raw: b"".join(raw.stream(None))])
def test_a_cut_body_is_missed_however_it_is_read(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, read: Callable[[Any], bytes]
) -> None:
    fake.faults.on().truncate(0.5)
    answer = session.get(url(fake, server), stream=True)

    with pytest.raises(ProtocolError, match="IncompleteRead"):
        read(answer.raw)


def test_a_delay_of_just_the_timeout_is_in_time(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    fake.faults.on().delay(10)

    assert session.get(url(fake, server), timeout=10).status_code == 200


def test_a_call_that_would_hang_for_ever_is_named(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on().hang()

    with pytest.raises(EndlessWaitError, match="GET /nothing is made to hang, and was made without a timeout"):
        session.get(f"{fake.url}/nothing")
    assert passed(fake) == 0


def test_a_delay_before_the_commit_point_is_before_the_snapshot(
    fake: FakeHostway, server: ServerHandle, create: Create
) -> None:
    fake.faults.on("create_snapshot").delay(10)

    create("a")

    assert server.snapshots[0].requested_at == START + timedelta(seconds=10)


def test_a_delay_after_it_is_after_the_snapshot(fake: FakeHostway, server: ServerHandle, create: Create) -> None:
    fake.faults.on("create_snapshot").after_commit().delay(10)

    create("a")

    assert (server.snapshots[0].requested_at, passed(fake)) == (START, 10)


@pytest.mark.parametrize("clock", ["follow", "system"])
def test_in_process_a_clock_that_is_not_the_fake_s_is_not_moved_and_not_waited_for(clock: str) -> None:
    before = clock_gettime_ns(CLOCK_MONOTONIC)
    with FakeHostway(clock=clock) as fake, fake.session() as session:
        fake.faults.on().nth(1).delay(10)
        fake.faults.on().nth(2).hang()
        assert session.get(f"{fake.url}/nothing", timeout=20).status_code == 404
        with pytest.raises(requests.ReadTimeout):
            session.get(f"{fake.url}/nothing", timeout=20)

    assert clock_gettime_ns(CLOCK_MONOTONIC) - before < 5 * 10**9


# Answers before the commit point


@pytest.mark.parametrize("seed", [0, 1])
def test_a_rehearsed_answer_is_the_one_that_would_have_been_given(seed: int) -> None:
    with FakeHostway(seed=seed) as fake, fake.session() as session:
        server = fake.add_server()
        fake.faults.on("create_snapshot").first(1).truncate(0.9)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.post(url(fake, server), json={"snapshot": {"name": "a"}})
        rehearsed = fake.calls[-1].response_body
        assert (server.snapshots, fake.clock.pending()) == ((), ())

        assert session.post(url(fake, server), json={"snapshot": {"name": "a"}}).content == rehearsed


def test_a_rehearsed_poll_moves_no_clock() -> None:
    with FakeHostway(poll_step=5) as fake, fake.session() as session:
        server = fake.add_server()
        server.add_snapshot("a", status="BUILD")
        fake.faults.on().first(1).truncate(0)

        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(url(fake, server))

        assert passed(fake) == 0


def test_where_there_is_no_body_to_cut_nothing_comes(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    fake.faults.on().truncate(0.5)

    with pytest.raises(requests.ConnectionError, match="Remote end closed connection without response"):
        session.head(url(fake, server))
    assert (fake.calls[-1].client_saw, fake.calls[-1].rule) == ("truncate", "rule 1")


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("on_socket", [False, True], ids=["in process", "on a socket"])
def test_an_answer_without_a_body_is_cut_on_either_side(
    side: str, on_socket: bool, fake: FakeHostway, server: ServerHandle
) -> None:
    snapshot = server.add_snapshot("a")
    begun = fake.faults.on("delete_snapshot")
    (begun.after_commit() if side == "after" else begun).truncate(0.5)
    with fake.serve() as listening:
        reached = fake.at(listening.url) if on_socket else fake
        with reached.session() as session, pytest.raises(requests.ConnectionError):
            session.delete(f"{url(reached, server)}/{snapshot.id}", timeout=5)

    assert server.snapshots[0].status == ("DELETED" if side == "after" else "ACTIVE")
    assert fake.calls[-1].effect == ("applied" if side == "after" else "none")


def test_an_answer_without_a_body_is_not_slow_and_is_done(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    snapshot = server.add_snapshot("a")
    fake.faults.on().slow_body(0.001)

    assert session.delete(f"{url(fake, server)}/{snapshot.id}", timeout=1).status_code == 204
    assert server.snapshots[0].status == "DELETED"
    assert (fake.calls[-1].effect, fake.calls[-1].client_saw) == ("applied", "204")


def test_a_head_has_no_slow_body(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    fake.faults.on().slow_body(0.001)

    assert session.head(url(fake, server), timeout=1).status_code == 200


# Answers that are injected


@pytest.mark.parametrize(
    ("status", "name", "message"),
    [
        (400, "badRequest", "ServerContainsExtraVolumes"),
        (403, "forbidden", "forbidden"),
        (404, "itemNotFound", "Resource not found"),
        (405, "badMethod", "Method not allowed"),
        (409, "conflict", "SnapshotNameNotUnique"),
        (413, "overLimit", "SnapshotLimitReached"),
        (415, "badMediaType", "Unsupported media type"),
        (500, "computeFault", "Compute fault"),
        (503, "serviceUnavailable", "Service unavailable"),
    ],
)
@pytest.mark.parametrize("revision", ["2013-04", "2013-10"])
def test_an_error_has_the_provider_s_body(status: int, name: str, message: str, revision: str) -> None:
    with FakeHostway(revision=revision) as fake, fake.session() as session:
        server = fake.add_server()
        fake.faults.on("create_snapshot").respond(status)

        answer = session.post(url(fake, server), json={"snapshot": {"name": "a"}})

        fields = answer.json()[name]
        assert (answer.status_code, fields["code"], fields["message"]) == (status, status, message)
        assert ("errorid" in fields) == (revision == "2013-10")
        assert "Retry-After" not in answer.headers
        assert server.snapshots == ()


@pytest.mark.parametrize(("status", "message"), [(409, "Conflict"), (413, "Over limit"), (400, "Bad request")])
def test_an_error_that_no_page_words_for_an_operation_is_worded_by_us(
    fake: FakeHostway, session: requests.Session, status: int, message: str
) -> None:
    fake.faults.on().respond(status)

    ((fields),) = session.get(f"{fake.url}/nothing").json().values()
    assert fields == {"message": message, "code": status, "details": ""}


def test_an_injected_401_is_plain_text(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on().respond(401, retry_after=1)

    answer = session.get(f"{fake.url}/nothing")

    assert (answer.status_code, answer.headers["Retry-After"]) == (401, "1")
    assert answer.text.startswith("401 Unauthorized\n\n")


@pytest.mark.parametrize(
    ("status", "reason"),
    [(200, "OK"), (418, "I'm a Teapot"), (502, "Bad Gateway"), (599, "Unknown"), (204, "No Content")],
)
def test_anything_can_be_answered(fake: FakeHostway, session: requests.Session, status: int, reason: str) -> None:
    body = "" if status == 204 else "<h1>é</h1>"
    fake.faults.on().respond(status, retry_after=0, body=body, content_type="text/html; charset=UTF-8")

    answer = session.get(f"{fake.url}/nothing")

    assert answer.status_code == status
    assert answer.reason.lower() == reason.lower()
    assert (answer.text, answer.headers["Content-Type"]) == (body, "text/html; charset=UTF-8")
    assert answer.headers["Retry-After"] == "0"


def test_an_injected_answer_to_head_has_no_body(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on().respond(503)

    answer = session.head(f"{fake.url}/nothing")

    assert (answer.status_code, answer.content, answer.headers["Content-Length"] > "0") == (503, b"", True)


@pytest.mark.parametrize(("given", "header"), [(None, "0"), (5, "5")])
def test_retry_after_is_given_once(given: int | None, header: str) -> None:
    with FakeHostway(readings={"over_limit_retry_after": "on"}) as fake, fake.session() as session:
        server = fake.add_server()
        fake.faults.on("create_snapshot").respond(413, retry_after=given)

        answer = session.post(url(fake, server), json={"snapshot": {"name": "a"}})

        assert answer.headers["Retry-After"] == header


# On a socket


def test_a_real_delay_really_waits(fake: FakeHostway, server: ServerHandle) -> None:
    fake.faults.on().delay(0.02, real=True)
    with fake.serve() as listening, fake.at(listening.url).session() as session:
        before = clock_gettime_ns(CLOCK_MONOTONIC)
        assert session.get(f"{listening.url}/servers/{server.id}/snapshots").status_code == 200
        assert clock_gettime_ns(CLOCK_MONOTONIC) - before >= 20_000_000
    assert passed(fake) == 0


def test_a_real_slow_body_really_waits(fake: FakeHostway, server: ServerHandle) -> None:
    fake.faults.on().slow_body(1000, real=True)
    with fake.serve() as listening, fake.at(listening.url).session() as session:
        before = clock_gettime_ns(CLOCK_MONOTONIC)
        assert session.get(f"{listening.url}/servers/{server.id}/snapshots").json() == {"snapshots": []}
        assert clock_gettime_ns(CLOCK_MONOTONIC) - before >= 16_000_000
    assert fake.calls[-1].client_saw == "slow_body"


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_call_that_is_really_delayed_stands_in_the_journal_though_the_server_stops(
    side: str, fake: FakeHostway, server: ServerHandle
) -> None:
    begun = fake.faults.on("create_snapshot")
    (begun.after_commit() if side == "after" else begun).delay(30, real=True)
    with fake.serve() as listening, fake.at(listening.url).session() as session, pytest.raises(requests.ReadTimeout):
        session.post(url(fake.at(listening.url), server), json={"snapshot": {"name": "a"}}, timeout=0.05)

    done = side == "after"
    assert len(server.snapshots) == done
    assert [(call.effect, call.client_saw) for call in fake.calls] == [("applied" if done else "none", "delay")]


def test_a_retry_stands_after_the_call_that_was_really_delayed(fake: FakeHostway, server: ServerHandle) -> None:
    fake.faults.on("create_snapshot").first(1).after_commit().delay(0.2, real=True)
    with fake.serve() as listening, fake.at(listening.url).session() as session:
        asked = url(fake.at(listening.url), server)
        with pytest.raises(requests.ReadTimeout):
            session.post(asked, json={"snapshot": {"name": "a"}}, timeout=0.05)
        assert session.post(asked, json={"snapshot": {"name": "a"}}, timeout=5).status_code == 409

    seen = [(call.number, call.effect, call.client_saw) for call in fake.calls]
    assert seen == [(1, "applied", "delay"), (2, "refused", "409")]


def test_after_a_real_delay_the_answer_comes_and_the_connection_is_kept(
    fake: FakeHostway, server: ServerHandle
) -> None:
    fake.faults.on("create_snapshot").after_commit().delay(0.01, real=True)
    with fake.serve() as listening, httpx.Client(base_url=listening.url, auth=fake.auth, trust_env=False) as client:
        created = client.post(f"/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})
        assert (created.status_code, created.headers.get("Connection")) == (202, None)


def test_on_the_system_s_clock_a_delay_is_real() -> None:
    with FakeHostway(clock="system") as fake, fake.serve() as listening, fake.at(listening.url).session() as session:
        fake.faults.on().delay(0.02)
        before = clock_gettime_ns(CLOCK_MONOTONIC)
        session.get(f"{listening.url}/nothing")
        assert clock_gettime_ns(CLOCK_MONOTONIC) - before >= 20_000_000


def test_a_hang_hears_whatever_the_client_still_says(fake: FakeHostway) -> None:
    fake.faults.on().hang()
    with fake.serve() as listening, create_connection(listening.address[:2]) as talk:
        talk.sendall(b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")
        while not fake.faults.rules[0].hits:
            pass
        talk.sendall(b"hello?")
        talk.settimeout(0.05)
        with pytest.raises(TimeoutError):
            talk.recv(100)
        talk.settimeout(None)
        talk.shutdown(SHUT_WR)
        assert talk.recv(100) == b""


@pytest.mark.parametrize("outcome", [lambda on: on.delay(600, real=True), lambda on: on.hang()], ids=["delay", "hang"])
def test_no_wait_keeps_the_server_from_stopping(fake: FakeHostway, outcome: Callable[[Any], object]) -> None:
    outcome(fake.faults.on())
    seen: list[str] = []

    def ask(url: str) -> None:
        try:
            requests.get(f"{url}/nothing", auth=fake.auth)
        except requests.ConnectionError as error:
            seen.append(type(error).__name__)

    with fake.serve() as listening:
        asking = Thread(target=ask, args=(listening.url,))
        asking.start()
        while not fake.faults.rules[0].hits:
            pass
    asking.join(10)

    assert seen == ["ConnectionError"]


def test_what_cannot_be_read_meets_the_rules_of_the_house_too(fake: FakeHostway) -> None:
    fake.faults.on().empty()
    with fake.serve() as listening, create_connection(listening.address[:2]) as talk:
        talk.sendall(b"garbage\r\n\r\n")
        assert talk.recv(100) == b""


# Without a wire


@pytest.mark.parametrize("outcome", [lambda on: on.reset(), lambda on: on.truncate(1), lambda on: on.malformed()])
def test_the_bare_application_has_no_wire_to_break(
    fake: FakeHostway, server: ServerHandle, outcome: Callable[[Any], object]
) -> None:
    outcome(fake.faults.on())
    client = fake.wsgi_app.test_client()

    with pytest.raises(NoWireError, match=r"needs a connection, .* use fake\.serve\(\)"):
        client.get(f"/servers/{server.id}/snapshots", auth=fake.auth)


def test_the_bare_application_can_show_an_answer(fake: FakeHostway) -> None:
    fake.faults.on().respond(503)

    assert fake.wsgi_app.test_client().get("/nothing", auth=fake.auth).status_code == 503


def test_truncated_error_and_the_error_after_it_have_ids_of_their_own() -> None:
    with FakeHostway(revision="2013-10") as fake, fake.session() as session:
        fake.faults.on("get_server").first(1).truncate(0.9)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(f"{fake.url}/servers/none")
        assert session.get(f"{fake.url}/servers/none").status_code == 404
        first, second = (json.loads(call.response_body)["itemNotFound"]["errorid"] for call in fake.calls)
        assert first != second


@pytest.mark.parametrize("outcome", [lambda on: on.reset(), lambda on: on.empty(), lambda on: on.malformed()])
def test_fault_before_the_commit_point_leaves_no_answer_in_the_journal(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, outcome: Callable[[Any], object]
) -> None:
    outcome(fake.faults.on())
    with pytest.raises(requests.ConnectionError):
        session.get(url(fake, server))

    assert (fake.calls[-1].response_body, fake.calls[-1].response_headers) == (b"", ())


def test_scripted_answer_to_a_head_has_no_body(fake: FakeHostway, server: ServerHandle) -> None:
    fake.faults.on().respond(503, body="later")
    with httpx.Client(transport=fake.httpx_transport(), auth=fake.auth) as client:
        assert client.head(url(fake, server)).content == b""
    assert fake.calls[-1].response_body == b""


@pytest.mark.parametrize(("timeout", "effect"), [(0.5, "applied"), (0.75, "applied"), (0.4, "none")])
def test_slow_body_is_of_a_call_that_was_done_if_its_first_byte_comes_in_time(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, timeout: float, effect: str
) -> None:
    fake.faults.on().slow_body(2)
    try:
        session.post(url(fake, server), json={"snapshot": {"name": "a"}}, timeout=timeout)
    except requests.RequestException:
        assert effect == "none"

    assert fake.calls[-1].effect == effect
    assert len(server.snapshots) == (effect == "applied")
