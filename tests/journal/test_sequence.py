"""The calls of a journal: looked through, asserted on, and without secrets."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from hostway_fake import START, Calls, FakeHostway, InvalidValueError, NotCalledError, ServerHandle, WrongTypeError

Create = Callable[..., requests.Response]


@pytest.fixture
def calls(fake: FakeHostway, server: ServerHandle, session: requests.Session, create: Create) -> Calls:
    """Two creates, one of them refused, a read a minute later, and what is no operation."""
    made = create("nightly").headers["Location"]
    create("nightly")
    fake.clock.advance(60)
    session.get(made)
    session.get(f"{fake.url}/nothing")
    return fake.calls


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({}, [1, 2, 3, 4]),
        ({"operation": "create_snapshot"}, [1, 2]),
        ({"operation": "delete_snapshot"}, []),
        ({"server": "jello614636-USOTE-0214"}, [1, 2, 3]),
        ({"name": "nightly"}, [1, 2, 3]),
        ({"name": "other"}, []),
        ({"effect": "refused"}, [2, 4]),
        ({"outcome": "202"}, [1]),
        ({"operation": "create_snapshot", "effect": "refused", "outcome": "409"}, [2]),
        ({"since": START + timedelta(seconds=1)}, [3, 4]),
        ({"until": START}, [1, 2]),
        ({"since": START + timedelta(seconds=60), "until": START + timedelta(seconds=60)}, [3, 4]),
    ],
    ids=str,
)
def test_calls_are_filtered(calls: Calls, asked: dict[str, Any], numbers: list[int]) -> None:
    found = calls.filter(**asked)

    assert [call.number for call in found] == numbers
    assert type(found) is Calls


@pytest.mark.parametrize(
    ("asked", "kind", "message"),
    [
        ({"operation": "create"}, InvalidValueError, "operation: got 'create'. Did you mean 'create_volume'?"),
        ({"effect": "done"}, InvalidValueError, "effect: got 'done', expected one of: 'applied', 'refused', 'none'"),
        ({"server": 5}, WrongTypeError, "server: got 5, expected a string"),
        (
            {"since": START + timedelta(seconds=1), "until": START},
            InvalidValueError,
            r"until: got '2013-04-12T19:29:00\+00:00', expected an instant from 2013-04-12T19:29:01\+00:00 on",
        ),
        ({"outcome": 202}, WrongTypeError, "outcome: got 202, expected a string"),
        (
            {"outcome": "299x"},
            InvalidValueError,
            "outcome: got '299x', expected a status such as '202', or one of",
        ),
        ({"outcome": "respond"}, InvalidValueError, "outcome: got 'respond'"),
        ({"since": 5}, WrongTypeError, "since: got 5, expected an aware datetime"),
        ({"until": datetime(2013, 4, 12)}, WrongTypeError, "until: got datetime.datetime"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_asked_is_named(
    calls: Calls, asked: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        calls.filter(**asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"operation": "create_snapshot"},
        {"operation": "create_snapshot", "times": 2},
        {"operation": "create_snapshot", "times": 1, "effect": "applied", "name": "nightly"},
        {"operation": "delete_snapshot", "times": 0},
        {"operation": "get_snapshot", "outcome": "200", "server": "jello614636-USOTE-0214"},
    ],
    ids=str,
)
def test_what_was_called_is_so(calls: Calls, asked: dict[str, Any]) -> None:
    calls.assert_called(**asked)


def test_what_was_not_called_is_told_with_what_came_nearest(calls: Calls) -> None:
    with pytest.raises(NotCalledError) as caught:
        calls.assert_called("create_snapshot", times=1, name="nihgtly", effect="applied")

    lines = str(caught.value).splitlines()
    assert lines[0] == "create_snapshot with name='nihgtly', effect='applied' was called 0 times, expected 1"
    assert lines[1] == "the closest calls:"
    assert lines[2].endswith("create_snapshot applied 202: name is 'nightly', not 'nihgtly'")
    assert lines[3].endswith("409: name is 'nightly', not 'nihgtly'; effect is 'refused', not 'applied'")
    assert len(lines) == 5


def test_what_was_called_too_often_is_listed(calls: Calls) -> None:
    with pytest.raises(NotCalledError) as caught:
        calls.assert_called("create_snapshot", times=1)

    lines = str(caught.value).splitlines()
    assert lines[0] == "create_snapshot was called 2 times, expected 1"
    assert [line.split()[-1] for line in lines[1:]] == ["202", "409"]


def test_without_calls_that_is_said(fake: FakeHostway) -> None:
    with pytest.raises(NotCalledError, match="expected at least once\n  there were no calls at all"):
        fake.calls.assert_called("create_snapshot")


@pytest.mark.parametrize("times", [-1, 1.5, True])
def test_how_often_is_a_whole_number(calls: Calls, times: Any) -> None:
    with pytest.raises((InvalidValueError, WrongTypeError), match=f"times: got {times!r}"):
        calls.assert_called("create_snapshot", times=times)


# Names


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"snapshot": {"name": "a"}}', "a"),
        (b'{"server": {"name": "a"}}', "a"),
        (b'{"volume": {"display_name": "a"}}', "a"),
        (b'{"snapshot": {"name": 5}}', None),
        (b'{"snapshot": []}', None),
        (b"[]", None),
        (b"", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
)
def test_the_name_stands_in_the_body(fake: FakeHostway, session: requests.Session, body: bytes, name: str) -> None:
    session.post(f"{fake.url}/nothing", data=body)

    assert fake.calls[0].name == name


@pytest.mark.parametrize(
    ("path", "id_"),
    [
        ("/volumes/hbs2012May08_61EfdIZ3Y", "hbs2012May08_61EfdIZ3Y"),
        ("/servers/a%20b/", "a b"),
        ("/images/x?a=/b", "x"),
        ("/servers", None),
        ("/nothing", None),
        ("/accounts/nobody1/flexcloud/servers/a/snapshots/b", "b"),
    ],
)
def test_the_id_stands_in_the_path(fake: FakeHostway, session: requests.Session, path: str, id_: str | None) -> None:
    session.get(fake.url + path)

    assert fake.calls[0].id == id_


# Secrets


@pytest.mark.parametrize("given", ["s3cret", 's3"cr\\et', None])
@pytest.mark.parametrize("on_socket", [False, True], ids=["in process", "on a socket"])
def test_no_secret_stands_in_the_journal(given: str | None, on_socket: bool) -> None:
    order = {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "1"}
    with FakeHostway(auth=("jello614636", "pa55w0rd")) as fake, fake.serve() as listening:
        face = fake.at(listening.url) if on_socket else fake
        session, url = face.session(), face.url
        answer = session.post(f"{url}/servers", json={"server": order | ({"adminPass": given} if given else {})})
        session.close()

    (call,) = fake.calls
    password = answer.json()["server"]["adminPass"]
    assert password == given or given is None
    assert call.headers["authorization"] == "***"
    assert b'"adminPass":"***"' in call.response_body
    assert (b'"adminPass": "***"' in call.body) == bool(given)
    assert password not in repr(tuple(call)).replace("\\\\", "\\")
    assert fake.auth[1] not in repr(tuple(call))


def test_a_call_without_credentials_shows_none(fake: FakeHostway, session: requests.Session) -> None:
    session.auth = None
    session.get(f"{fake.url}/servers")

    assert "authorization" not in fake.calls[0].headers


def test_a_part_of_calls_is_calls(calls: Calls) -> None:
    assert calls[1:].filter("create_snapshot") == (calls[1],)
    assert isinstance(calls[:2], Calls)


def test_calls_are_found_by_status(fake: FakeHostway, create: Callable[[str], object]) -> None:
    for name in ("a", "a", "b"):
        create(name)

    assert [call.status for call in fake.calls] == [202, 409, 202]
    assert [call.name for call in fake.calls.filter("create_snapshot", status=202)] == ["a", "b"]
    fake.calls.assert_called("create_snapshot", status=409, times=1)


def test_call_without_a_response_has_no_status(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.on("list_zones").reset()
    with pytest.raises(requests.ConnectionError):
        session.get(f"{fake.url}/zone")

    assert fake.calls.last.status is None


def test_calls_are_counted(fake: FakeHostway, create: Callable[[str], object]) -> None:
    for name in ("a", "a", "b"):
        create(name)

    assert fake.calls.count() == 3
    assert fake.calls.count("create_snapshot", effect="applied") == 2
    assert fake.calls.count(status=503) == 0


def test_last_of_no_calls_says_so(fake: FakeHostway) -> None:
    with pytest.raises(NotCalledError, match="there were no calls at all"):
        _ = fake.calls.last


def test_status_and_outcome_exclude_each_other(fake: FakeHostway) -> None:
    with pytest.raises(InvalidValueError, match="status: got 202, expected either status or outcome"):
        fake.calls.filter(status=202, outcome="202")
