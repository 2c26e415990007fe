"""How a client behaved: rules that good clients keep, over virtual stamps."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import pytest
import requests

from hostway_fake import FakeHostway, InvalidValueError, MisconductError, ServerHandle, WrongTypeError

Create = Callable[..., requests.Response]


@pytest.fixture
def poll(fake: FakeHostway, session: requests.Session, create: Create) -> Callable[[Sequence[float]], None]:
    """Reads a snapshot that takes a minute to build, after each of these waits."""

    def poll(waits: Sequence[float]) -> None:
        href = create("a").headers["Location"]
        for wait in waits:
            fake.clock.advance(wait)
            session.get(href)

    return poll


Poll = Callable[[Sequence[float]], None]


@pytest.mark.parametrize("waits", [[5], [0, 1, 2, 4], [5, 5, 5], [9, 1, 2], [0, 2, 4, 4, 4, 4]])
def test_waits_that_grow_are_backing_off(fake: FakeHostway, poll: Poll, waits: list[float]) -> None:
    poll(waits)

    fake.conduct.assert_backs_off("get_snapshot")


@pytest.mark.parametrize(
    ("waits", "said"),
    [
        ([1, 0], "get_snapshot was called again at once:"),
        ([0, 2, 1], "get_snapshot was called again after 0:00:01, which is less than the 0:00:02 before:"),
    ],
)
def test_waits_that_shrink_are_not(fake: FakeHostway, poll: Poll, waits: list[float], said: str) -> None:
    poll(waits)

    with pytest.raises(MisconductError) as caught:
        fake.conduct.assert_backs_off("get_snapshot")
    first, *calls = str(caught.value).splitlines()
    assert first == said
    assert calls == [f"  {call}" for call in fake.calls.filter("get_snapshot")]


def test_jitter_is_allowed_for(fake: FakeHostway, poll: Poll) -> None:
    poll([0, 10, 8])

    fake.conduct.assert_backs_off("get_snapshot", jitter=0.2)
    with pytest.raises(MisconductError):
        fake.conduct.assert_backs_off("get_snapshot", jitter=0.1)


def test_each_target_is_looked_at_by_itself(fake: FakeHostway, session: requests.Session) -> None:
    urls = [f"{fake.url}/servers/{fake.add_server().id}" for _ in range(2)]
    for wait in (4, 1):
        for url in urls:
            session.get(url)
            fake.clock.advance(wait)

    fake.conduct.assert_backs_off("get_server")


@pytest.mark.parametrize(("wait", "honours"), [(7, True), (8, True), (6.9, False)])
def test_retry_after_is_honoured_or_not(fake: FakeHostway, create: Create, wait: float, honours: bool) -> None:
    fake.faults.on("create_snapshot").first(1).respond(503, retry_after=7)
    create("a")
    fake.clock.advance(wait)
    create("a")

    if honours:
        fake.conduct.assert_honors_retry_after()
    else:
        with pytest.raises(MisconductError, match=r"Retry-After was 7 s, and .* sent again after 0:00:06\.9"):
            fake.conduct.assert_honors_retry_after()


def test_another_call_may_come_at_once(fake: FakeHostway, create: Create) -> None:
    fake.faults.on("create_snapshot").first(1).respond(503, retry_after=7)
    create("a")
    create("b")

    fake.conduct.assert_honors_retry_after()


@pytest.mark.parametrize("waits", [[30, 30], [60], [30, 10]])
def test_a_client_that_stops_when_done(fake: FakeHostway, poll: Poll, waits: list[float]) -> None:
    poll(waits)

    fake.conduct.assert_stops_when_done()


def test_a_client_that_does_not_stop(fake: FakeHostway, poll: Poll) -> None:
    poll([30, 30, 30])

    with pytest.raises(MisconductError, match=r"a resource was polled although it was finished:\n(.*\n){2}.*"):
        fake.conduct.assert_stops_when_done()


def test_a_client_that_does_something_looks_again(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    url = f"{fake.url}/servers/{server.id}"
    for action in ("os-stop", "os-start"):
        session.post(f"{url}/action", json={action: None})
        for wait in (5, 5):
            fake.clock.advance(wait)
            session.get(url)
    session.put(url, json={"server": {"name": "db"}})
    session.get(url)

    fake.conduct.assert_stops_when_done()
    session.get(url)
    fake.conduct.assert_stops_when_done()


def test_a_list_is_a_poll_too(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    server.add_snapshot("a", "BUILD")
    for _ in range(4):
        session.get(f"{fake.url}/servers/{server.id}/snapshots")
        fake.clock.advance(30)

    with pytest.raises(MisconductError):
        fake.conduct.assert_stops_when_done()


@pytest.mark.parametrize(
    ("waits", "rate", "keeps"), [([0, 5, 5], 5, True), ([0, 5, 4], 5, False), ([60, 1, 1], 5, True)]
)
def test_a_rate_of_polls(fake: FakeHostway, poll: Poll, waits: list[float], rate: float, keeps: bool) -> None:
    poll(waits)

    if keeps:
        fake.conduct.assert_max_poll_rate(rate)
    else:
        with pytest.raises(MisconductError, match="a resource was polled twice within 0:00:04"):
            fake.conduct.assert_max_poll_rate(rate)


@pytest.mark.parametrize("fault", ["reset", "hang", "truncate", "503"])
@pytest.mark.parametrize("looks", [False, True])
def test_a_create_that_was_lost_is_looked_for_before_it_is_sent_again(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, fault: str, looks: bool
) -> None:
    begun = fake.faults.on("create_snapshot").first(1).after_commit()
    words: dict[str, Callable[[], object]] = {
        "reset": begun.reset,
        "hang": begun.hang,
        "truncate": lambda: begun.truncate(5),
        "503": lambda: begun.respond(503),
    }
    words[fault]()
    url = f"{fake.url}/servers/{server.id}/snapshots"
    with suppress(requests.RequestException):
        session.post(url, json={"snapshot": {"name": "a"}}, timeout=5)
    if looks:
        session.get(url)
    session.post(url, json={"snapshot": {"name": "a"}}, timeout=5)

    if looks:
        fake.conduct.assert_no_blind_create_retry()
    else:
        with pytest.raises(MisconductError, match="create_snapshot was repeated without checking"):
            fake.conduct.assert_no_blind_create_retry()


def test_a_create_that_was_refused_may_be_sent_again(fake: FakeHostway, create: Create) -> None:
    create("a")
    create("a")
    create("b")

    fake.conduct.assert_no_blind_create_retry()


def test_a_create_that_the_server_asks_for_again_may_be_sent_again(fake: FakeHostway, create: Create) -> None:
    fake.faults.on("create_snapshot").first(1).respond(503, retry_after=0)
    create("a")
    create("a")

    fake.conduct.assert_no_blind_create_retry()


def test_a_look_at_another_server_is_none(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, create: Create
) -> None:
    fake.faults.on("create_snapshot").first(1).respond(503)
    create("a")
    session.get(f"{fake.url}/servers/{fake.add_server().id}/snapshots")
    create("a")

    with pytest.raises(MisconductError):
        fake.conduct.assert_no_blind_create_retry()


def test_what_was_rolled_back_plays_no_part(fake: FakeHostway, poll: Poll) -> None:
    with fake.savepoint():
        poll([0, 0])

    fake.conduct.assert_backs_off("get_snapshot", allow_none=True)


def test_answers_that_say_nothing_are_passed_over(fake: FakeHostway, session: requests.Session) -> None:
    url = f"{fake.url}/servers/nothing"
    fake.faults.on("get_server").nth(2).respond(502, body="<html>")
    for _ in range(3):
        session.get(url)
        session.get(f"{fake.url}/zone")
        session.head(f"{fake.url}/zone")

    fake.conduct.assert_stops_when_done()
    fake.conduct.assert_max_poll_rate(1)
    fake.conduct.assert_honors_retry_after(allow_none=True)


@pytest.mark.parametrize(
    ("ask", "kind", "message"),
    [
        (
            lambda conduct: conduct.assert_backs_off("poll"),
            InvalidValueError,
            "operation: got 'poll'. Examples:",
        ),
        (lambda conduct: conduct.assert_backs_off("get_server", jitter=2), InvalidValueError, "jitter: got 2"),
        (lambda conduct: conduct.assert_max_poll_rate(0), InvalidValueError, "per_seconds: got 0"),
        (lambda conduct: conduct.assert_max_poll_rate("1"), WrongTypeError, "per_seconds: got '1', expected a number"),
    ],
)
def test_what_cannot_be_asserted_is_named(
    fake: FakeHostway, ask: Callable[[Any], None], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        ask(fake.conduct)


# One call, however it is spelled

_FAMILY = "/accounts/{account}/flexcloud"


@pytest.fixture
def spelled(fake: FakeHostway) -> list[str]:
    """The base URL in the short family and the long, and the ends of one path."""
    return [fake.url, fake.url + _FAMILY.format(account=fake.auth[0])]


def test_retry_after_holds_for_every_spelling(fake: FakeHostway, session: requests.Session, spelled: list[str]) -> None:
    short, long = spelled
    fake.faults.on("list_zones").first(1).respond(503, retry_after=7)
    session.get(f"{short}/zone")
    fake.clock.advance(6)
    session.get(f"{long}/zone/?t=1")

    with pytest.raises(MisconductError, match="Retry-After was 7 s"):
        fake.conduct.assert_honors_retry_after()


def test_retry_after_holds_for_what_is_no_operation_too(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on().first(1).respond(503, retry_after=7)
    session.get(f"{fake.url}/nothing")
    session.get(f"{fake.url}/nothing/else")
    fake.conduct.assert_honors_retry_after()
    session.get(f"{fake.url}/nothing")

    with pytest.raises(MisconductError, match="Retry-After was 7 s"):
        fake.conduct.assert_honors_retry_after()


def test_lists_by_other_filters_are_other_calls(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on().respond(503)
    for query in ("?status=BUILD", "?status=ACTIVE", "/detail?status=ACTIVE"):
        session.get(f"{fake.url}/servers{query}")

    fake.conduct.assert_backs_off("list_servers")
    session.get(f"{fake.url}/servers?t=5&status=BUILD")
    with pytest.raises(MisconductError):
        fake.conduct.assert_backs_off("list_servers")


def test_a_body_written_otherwise_says_the_same(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    fake.faults.on("create_snapshot").first(1).respond(503, retry_after=7)
    url = f"{fake.url}/servers/{server.id}/snapshots"
    for body in ('{"snapshot": {"name": "a", "description": "b"}}', '{"snapshot":{"description":"b","name":"a"}}'):
        session.post(url, data=body, headers={"Content-Type": "application/json"})

    with pytest.raises(MisconductError, match="Retry-After was 7 s"):
        fake.conduct.assert_honors_retry_after()


def test_a_look_with_head_is_a_poll(fake: FakeHostway, session: requests.Session, create: Create) -> None:
    href = create("a").headers["Location"]
    session.get(href)
    fake.clock.advance(4)
    session.head(href)

    fake.conduct.assert_stops_when_done()
    with pytest.raises(MisconductError, match="a resource was polled twice within 0:00:04"):
        fake.conduct.assert_max_poll_rate(5)


def test_a_look_at_what_is_finished_with_head_is_one_too_many(
    fake: FakeHostway, session: requests.Session, poll: Poll
) -> None:
    poll([0, 60])
    session.head(fake.calls[-1].target.join((fake.url, "")))

    with pytest.raises(MisconductError, match="a resource was polled although it was finished"):
        fake.conduct.assert_stops_when_done()


_MAKING: list[tuple[str, str, dict[str, Any], str]] = [
    ("create_snapshot", "/servers/{server}/snapshots", {"snapshot": {"name": "a"}}, "/servers/{server}/snapshots/"),
    (
        "create_server",
        "/servers",
        {"server": {"name": "a", "imageRef": "2", "flavorRef": "2"}},
        "/servers/detail?status=BUILD",
    ),
    ("create_volume", "/volumes", {"volume": {"size": 1}}, "/volumes/detail"),
]


@pytest.mark.parametrize(("operation", "path", "body", "look"), _MAKING, ids=[row[0] for row in _MAKING])
@pytest.mark.parametrize("looked", ["", "503", "reset", "200"])
def test_whatever_is_created_is_looked_for_and_the_look_is_answered(
    fake: FakeHostway,
    server: ServerHandle,
    session: requests.Session,
    operation: str,
    path: str,
    body: dict[str, Any],
    look: str,
    looked: str,
) -> None:
    fake.faults.on(operation).first(1).after_commit().reset()
    path, look = (text.format(server=server.id) for text in (path, look))
    with suppress(requests.ConnectionError):
        session.post(fake.url + path, json=body)
    if looked in ("503", "reset"):
        begun = fake.faults.on().first(1)
        _ = begun.reset() if looked == "reset" else begun.respond(503)
    if looked:
        with suppress(requests.ConnectionError):
            session.get(fake.url + look)
    session.post(f"{fake.url}{_FAMILY.format(account=fake.auth[0])}{path}/", json=body)

    if looked == "200":
        fake.conduct.assert_no_blind_create_retry()
    else:
        with pytest.raises(MisconductError, match=f"{operation} was repeated without checking") as caught:
            fake.conduct.assert_no_blind_create_retry()
        assert str(caught.value).splitlines()[1:] == [f"  {call}" for call in fake.calls]


def test_a_connection_that_was_refused_carried_nothing(fake: FakeHostway, create: Create) -> None:
    fake.faults.on("create_snapshot").first(1).unavailable()
    with suppress(requests.ConnectionError):
        create("a")
    create("a")

    fake.conduct.assert_no_blind_create_retry()


def test_what_is_long_is_shortened_in_the_middle(fake: FakeHostway, session: requests.Session, create: Create) -> None:
    fake.faults.on("create_snapshot").first(1).respond(503)
    create("a")
    for _ in range(20):
        session.get(f"{fake.url}/zone")
    create("a")

    with pytest.raises(MisconductError) as caught:
        fake.conduct.assert_no_blind_create_retry()
    lines = str(caught.value).splitlines()
    assert (len(lines), lines[6]) == (12, "  ... 12 more ...")


# What clients cannot know


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fault", ["reset", "500"])
def test_a_look_after_a_lost_change_is_none_too_many(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, create: Create, after: bool, fault: str
) -> None:
    url = f"{fake.url}/servers/{server.id}/snapshots"
    create("a")
    for wait in (10, 60):
        fake.clock.advance(wait)
        session.get(url)
    begun = fake.faults.on("create_snapshot").first(1)
    begun = begun.after_commit() if after else begun
    _ = begun.reset() if fault == "reset" else begun.respond(500)
    with suppress(requests.ConnectionError):
        create("b")
    session.get(url)

    fake.conduct.assert_stops_when_done()


def test_a_create_whose_answer_took_too_long_may_be_done(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    fake.faults.on("create_snapshot").first(1).after_commit().slow_body(1)
    url = f"{fake.url}/servers/{server.id}/snapshots"
    for _ in range(2):
        with suppress(requests.RequestException):
            session.post(url, json={"snapshot": {"name": "a"}}, timeout=0.5)

    assert fake.calls[0].client_saw == "timeout"
    with pytest.raises(MisconductError):
        fake.conduct.assert_no_blind_create_retry()


_ORDER = {"server": {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "3"}}


@pytest.mark.parametrize(
    ("method", "look", "shows"),
    [
        ("GET", "", True),
        ("GET", "/detail?status=BUILD&name=web", True),
        ("GET", "?status=ACTIVE", True),
        ("GET", "?name=db", False),
        ("GET", "?status=STOPPED", False),
        ("HEAD", "", False),
    ],
)
def test_a_look_that_would_not_show_it_is_none(
    fake: FakeHostway, session: requests.Session, method: str, look: str, shows: bool
) -> None:
    fake.faults.on("create_server").first(1).after_commit().reset()
    with suppress(requests.ConnectionError):
        session.post(f"{fake.url}/servers", json=_ORDER)
    session.request(method, f"{fake.url}/servers{look}")
    session.post(f"{fake.url}/servers", json=_ORDER)

    if shows:
        fake.conduct.assert_no_blind_create_retry()
    else:
        with pytest.raises(MisconductError):
            fake.conduct.assert_no_blind_create_retry()


# Where tries end


def test_other_things_are_not_created_again(fake: FakeHostway, create: Create) -> None:
    for name in ("a", "b", "c"):
        create(name)

    fake.conduct.assert_backs_off("create_snapshot")


def test_what_is_done_is_tried_anew(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    for action in ("os-stop", "os-start"):
        session.post(f"{fake.url}/servers/{server.id}/action", json={action: None})
        for wait in (1, 2, 4, 8):
            fake.clock.advance(wait)
            session.get(f"{fake.url}/servers/{server.id}")
    fake.clock.advance(days=1)
    fake.faults.on("list_zones").nth(2).respond(503)
    for wait in (0, 86400, 1):
        fake.clock.advance(wait)
        session.get(f"{fake.url}/zone")

    fake.conduct.assert_backs_off("get_server")
    fake.conduct.assert_backs_off("list_zones")
    fake.conduct.assert_backs_off("stop_server")


def test_what_failed_is_to_be_backed_off_from(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on("list_zones").first(2).respond(503)
    for wait in (0, 2, 1):
        fake.clock.advance(wait)
        session.get(f"{fake.url}/zone")

    with pytest.raises(MisconductError, match="list_zones was called again after 0:00:01, which is less than the"):
        fake.conduct.assert_backs_off("list_zones")


def test_a_wait_is_from_what_came_of_a_call_to_the_next(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on("list_zones").first(1).hang()
    fake.faults.on("list_zones").respond(503)
    for wait in (0, 5, 6):
        fake.clock.advance(wait)
        with suppress(requests.Timeout):
            session.get(f"{fake.url}/zone", timeout=30)

    fake.conduct.assert_backs_off("list_zones")


def test_answers_that_take_ever_longer_are_no_waits_of_the_client(
    fake: FakeHostway, session: requests.Session, create: Create
) -> None:
    fake.builds.next(never=True)
    fake.faults.on("get_snapshot").nth(2).delay(5)
    href = create("a").headers["Location"]
    for wait in (0, 8, 4):
        fake.clock.advance(wait)
        session.get(href)

    with pytest.raises(MisconductError, match="after 0:00:04, which is less than the 0:00:08"):
        fake.conduct.assert_backs_off("get_snapshot")


def test_a_wait_that_was_asked_for_is_none_of_the_client_s(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on("list_zones").respond(503)
    fake.faults.on("list_zones").first(1).respond(503, retry_after=60)
    for wait in (0, 60, 5, 6):
        fake.clock.advance(wait)
        session.get(f"{fake.url}/zone")

    fake.conduct.assert_backs_off("list_zones")


@pytest.mark.parametrize("lost", [False, True])
def test_a_change_of_the_client_s_own_is_looked_at_at_once(
    fake: FakeHostway, session: requests.Session, create: Create, lost: bool
) -> None:
    href = create("a").headers["Location"]
    for _ in range(2):
        session.get(href)
        fake.clock.advance(20)
    session.get(href)
    if lost:
        fake.faults.on("delete_snapshot").first(1).after_commit().reset()
    with suppress(requests.ConnectionError):
        session.delete(href)
    session.get(href)

    fake.conduct.assert_backs_off("get_snapshot")
    fake.conduct.assert_max_poll_rate(20)


@pytest.mark.parametrize("found", [True, False])
def test_a_look_at_one_of_them_is_none(
    fake: FakeHostway, session: requests.Session, create: Create, found: bool
) -> None:
    href = create("a").headers["Location"]
    fake.faults.on("create_snapshot").first(1).after_commit().reset()
    with suppress(requests.ConnectionError):
        create("b")
    session.get(href if found else href + "x")
    create("b")

    with pytest.raises(MisconductError):
        fake.conduct.assert_no_blind_create_retry()


@pytest.mark.parametrize("operation", [["a"], {}, None, 5])
def test_an_operation_is_a_text(fake: FakeHostway, operation: Any) -> None:
    for ask in (fake.conduct.assert_backs_off, fake.calls.assert_called):
        with pytest.raises(WrongTypeError, match=r"operation: got .*, expected a string"):
            ask(operation)


def test_waits_that_never_grow_back_off_from_nothing(fake: FakeHostway, poll: Poll) -> None:
    poll([0, 5, 5, 5])

    fake.conduct.assert_backs_off("get_snapshot", jitter=0.1)
    with pytest.raises(MisconductError, match="get_snapshot was called again after 0:00:05 each time"):
        fake.conduct.assert_backs_off("get_snapshot")


@pytest.mark.parametrize(("waits", "stops"), [([100], True), ([100, 1], False), ([100, 1, 1], False)])
def test_who_created_it_knows_that_it_was_not_finished(
    fake: FakeHostway, poll: Poll, waits: list[float], stops: bool
) -> None:
    poll(waits)

    if stops:
        fake.conduct.assert_stops_when_done()
    else:
        with pytest.raises(MisconductError, match="a resource was polled although it was finished"):
            fake.conduct.assert_stops_when_done()


def test_wait_that_the_server_asked_for_excuses_no_later_wait(fake: FakeHostway, poll: Poll) -> None:
    fake.faults.on("get_snapshot").nth(1).respond(503, retry_after=7)
    poll([1, 7, 5, 0])

    with pytest.raises(MisconductError, match="get_snapshot was called again at once"):
        fake.conduct.assert_backs_off("get_snapshot")


def test_create_that_was_refused_excuses_no_later_blind_retry(fake: FakeHostway, create: Create) -> None:
    create("a")
    create("a")
    fake.faults.on("create_snapshot", name="b").first(1).after_commit().reset()
    with suppress(requests.ConnectionError):
        create("b")
    create("b")

    with pytest.raises(MisconductError, match="create_snapshot was repeated without checking"):
        fake.conduct.assert_no_blind_create_retry()


def test_snapshot_that_was_listed_unfinished_may_be_read_twice(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    """Each way of reading is judged by itself, and only a create makes a client know an id."""
    snapshot = server.add_snapshot("a", "BUILD")
    session.get(f"{fake.url}/servers/{server.id}/snapshots")
    fake.clock.advance(60)
    for _ in range(2):
        session.get(f"{fake.url}/servers/{server.id}/snapshots/{snapshot.id}")

    fake.conduct.assert_stops_when_done()


def test_finished_state_that_the_client_did_not_see_is_no_reason_to_stop(
    fake: FakeHostway, poll: Poll, session: requests.Session
) -> None:
    poll([1])
    href = fake.calls[-1].target
    fake.clock.advance(60)
    fake.faults.on("get_snapshot").first(1).after_commit().reset()
    with pytest.raises(requests.ConnectionError):
        session.get(fake.url + href)
    session.get(fake.url + href)

    fake.conduct.assert_stops_when_done()


@pytest.mark.parametrize(
    ("bodies", "is_blind"),
    [
        ([{"name": "a"}, {"name": "a", "description": "again"}], True),
        ([{"name": "a"}, {"name": "b"}], False),
        ([{"description": "x"}, {"description": "y"}], False),
        ([{"description": "x"}, {"description": "x"}], True),
    ],
)
def test_create_is_the_same_by_its_name_or_without_one_by_its_body(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, bodies: list[dict[str, str]], is_blind: bool
) -> None:
    fake.faults.on("create_snapshot").respond(500)
    for body in bodies:
        session.post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": body})

    if is_blind:
        with pytest.raises(MisconductError, match="repeated without checking"):
            fake.conduct.assert_no_blind_create_retry()
    else:
        fake.conduct.assert_no_blind_create_retry()


@pytest.mark.parametrize(("calls", "lines"), [(9, 9), (10, 10), (11, 11), (12, 11), (50, 11)])
def test_many_calls_are_shown_in_part(fake: FakeHostway, session: requests.Session, calls: int, lines: int) -> None:
    fake.faults.on().respond(500)
    for _ in range(calls):
        session.get(f"{fake.url}/zone")
        fake.clock.advance(1)

    with pytest.raises(MisconductError) as caught:
        fake.conduct.assert_backs_off("list_zones")
    shown = str(caught.value).splitlines()[1:]
    assert len(shown) == lines
    assert [line for line in shown if "more" in line] == ([f"  ... {calls - 10} more ..."] if calls > 10 else [])


def test_only_the_operation_in_question_is_judged(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on("list_zones").respond(500)
    for _ in range(3):
        session.get(f"{fake.url}/zone")

    fake.conduct.assert_backs_off("get_snapshot", allow_none=True)
    with pytest.raises(MisconductError):
        fake.conduct.assert_backs_off("list_zones")


def test_query_that_an_operation_does_not_know_makes_no_other_call(
    fake: FakeHostway, session: requests.Session
) -> None:
    fake.faults.on("list_zones").respond(500)
    for number in range(3):
        session.get(f"{fake.url}/zone?name={number}")

    with pytest.raises(MisconductError, match="list_zones was called again at once"):
        fake.conduct.assert_backs_off("list_zones")


def test_retry_after_that_the_client_did_not_see_excuses_nothing() -> None:
    with FakeHostway(readings={"over_limit_retry_after": "on"}) as fake, fake.session() as session:
        server = fake.add_server()
        for name in ("x", "y", "z"):
            server.add_snapshot(name)
        fake.faults.on("create_snapshot").after_commit().truncate(0.5)
        for _ in range(2):
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                session.post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})
        assert dict(fake.calls[-1].response_headers)["Retry-After"] == "0"

        with pytest.raises(MisconductError, match="create_snapshot was called again at once"):
            fake.conduct.assert_backs_off("create_snapshot")


def test_empty_list_does_not_say_that_something_is_finished(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    snapshot = server.add_snapshot("a", "BUILD")
    session.get(f"{fake.url}/servers/{server.id}/snapshots")
    server.delete_snapshot(snapshot.id)
    for _ in range(3):
        session.get(f"{fake.url}/servers/{server.id}/snapshots")

    fake.conduct.assert_stops_when_done()


_ASSERTIONS: Final[dict[str, Callable[..., object]]] = {
    "get_snapshot was never called": lambda conduct, **options: conduct.assert_backs_off("get_snapshot", **options),
    "no response had Retry-After": lambda conduct, **options: conduct.assert_honors_retry_after(**options),
    "nothing was created": lambda conduct, **options: conduct.assert_no_blind_create_retry(**options),
}


@pytest.mark.parametrize("nothing", _ASSERTIONS)
def test_assertion_fails_if_there_is_nothing_to_judge(
    nothing: str, fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    for _ in range(20):
        session.get(f"{fake.url}/servers/{server.id}/snapshots")

    _ASSERTIONS[nothing](fake.conduct, allow_none=True)
    with pytest.raises(MisconductError, match=f"^{nothing}, so .* Calls: list_snapshots 20 times"):
        _ASSERTIONS[nothing](fake.conduct)


@pytest.mark.parametrize("name", ["assert_stops_when_done", "assert_max_poll_rate"])
def test_assertion_about_polls_fails_if_nothing_was_read(name: str, fake: FakeHostway) -> None:
    arguments = (1,) if name == "assert_max_poll_rate" else ()

    getattr(fake.conduct, name)(*arguments, allow_none=True)
    with pytest.raises(MisconductError, match=r"^nothing was read, so there are no calls to check. Calls: none"):
        getattr(fake.conduct, name)(*arguments)
