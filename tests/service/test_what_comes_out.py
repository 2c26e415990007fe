"""What comes out of the exchange: refusals, headers, any document, and what faults leave of a call."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import START, EndlessWaitError, FakeHostway, FrozenClockError, NoWireError, ServerHandle
from hostway_fake.contract.statuses import ServerStatus
from hostway_fake.faults.outcomes import Hang, SlowBody
from hostway_fake.journal.calls import Effect
from hostway_fake.service import responses
from hostway_fake.service.exchange import exchange
from hostway_fake.service.messages import ExchangeResult, Request, Response, WireFault

_PATH: Final = "/servers/jello614636-USOTE-0214/snapshots"
_GOOD: Final = b'{"snapshot": {"name": "d"}}'
_HEADERS: Final = {"host": "api.hostway.test", "authorization": "Basic amVsbG82MTQ2MzY6aG9zdHdheQ=="}


def put(fake: FakeHostway, method: str = "GET", target: str = _PATH, body: bytes = b"", **more: Any) -> ExchangeResult:
    """What comes of one request; ``more`` are fields of it."""
    headers = {**_HEADERS, **more.pop("headers", {})}
    return exchange(fake.account.worlds, Request(method, target, headers, body, **more))


def answered(fake: FakeHostway, *args: Any, **more: Any) -> Response:
    answer = put(fake, *args, **more)
    assert isinstance(answer, Response)
    return answer


# Refusals next to each other


def turned(fake: FakeHostway, server: ServerHandle, status: ServerStatus) -> None:
    """Give the server a status that nothing else gives it yet."""
    world = fake.account.world
    world._servers.keep(replace(world.any_server(server.id), status=status))


@pytest.mark.parametrize(
    ("status", "body", "media_type", "refused", "details"),
    [
        ("BUILD", _GOOD, "text/plain", 415, "The body must be application/json, not 'text/plain'."),
        ("BUILD", b"{}", "", 400, "snapshot must be an object, not null or absent."),
        ("BUILD", _GOOD, "", 409, "The server is in status BUILD."),
        ("DELETED", _GOOD, "", 404, ""),
        ("STOPPED", _GOOD, "", 400, "The snapshot cannot be created because the server contains extra volumes."),
    ],
)
def test_the_status_of_the_server_comes_after_the_body_and_before_the_volumes(
    fake: FakeHostway, server: ServerHandle, status: str, body: bytes, media_type: str, refused: int, details: str
) -> None:
    server.attach_volume()
    turned(fake, server, ServerStatus(status))

    answer = answered(fake, "POST", body=body, headers={"content-type": media_type})

    ((fields),) = json.loads(answer.body).values()
    assert (answer.status, fields["details"]) == (refused, details)
    assert server.snapshots == ()


# Headers


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "more"),
    [
        ("POST", _PATH, _GOOD, 202, ["Location"]),
        ("GET", _PATH, b"", 200, []),
        ("HEAD", _PATH, b"", 200, []),
        ("GET", _PATH + "/none", b"", 404, []),
        ("POST", _PATH, b"", 400, []),
        ("PUT", _PATH, b"", 405, ["Allow"]),
    ],
)
def test_an_answer_has_these_headers_in_this_order(
    fake: FakeHostway, server: ServerHandle, method: str, target: str, body: bytes, status: int, more: list[str]
) -> None:
    answer = answered(fake, method, target, body)

    assert answer.status == status
    assert [name for name, _ in answer.headers] == ["Content-Type", "Content-Length", "Date", *more]
    assert all(answer.has(name) for name in more)
    assert not answer.has("Retry-After")


@pytest.mark.parametrize("revision", ["2013-04", "2013-10"])
def test_an_exception_of_the_fake_s_own_is_500_and_named(revision: str) -> None:
    with FakeHostway(revision=revision) as fake:
        answer = responses.internal_error_response(fake.account.world, ZeroDivisionError("{} by 0"))

    fields = json.loads(answer.body)["computeFault"]
    assert (answer.status, answer.reason) == (500, "Internal Server Error")
    assert (fields["message"], fields["details"]) == ("Internal error of the fake", "ZeroDivisionError: {} by 0")
    assert ("errorid" in fields) == (revision == "2013-10")


# Any document, any credentials

_DOCUMENTS: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["snapshot", "name", "description", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def _is_command(document: Any) -> bool:
    """Whether a document is a well-formed create, said again in other words."""
    snapshot = document.get("snapshot") if isinstance(document, dict) else None
    if not isinstance(snapshot, dict) or not isinstance(snapshot.get("name"), str) or not snapshot["name"]:
        return False
    return isinstance(snapshot.get("description", ""), str)


_NAMED: Final = st.fixed_dictionaries({"name": _DOCUMENTS}, optional={"description": _DOCUMENTS})


@given(_DOCUMENTS | st.fixed_dictionaries({"snapshot": _NAMED}))
def test_a_document_is_taken_or_refused_and_a_refused_one_leaves_nothing(document: object) -> None:
    with FakeHostway() as fake:
        server = fake.add_server("jello614636-USOTE-0214")

        answer = answered(fake, "POST", body=json.dumps(document).encode())

        assert answer.status == (202 if _is_command(document) else 400)
        assert len(server.snapshots) == (answer.status == 202)


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30)
    | st.binary(max_size=30).map(lambda each: "Basic " + b64encode(each).decode())
)
def test_no_other_credentials_open_the_account(authorization: str) -> None:
    with FakeHostway() as fake:
        server = fake.add_server("jello614636-USOTE-0214")

        answer = answered(fake, "POST", body=_GOOD, headers={"authorization": authorization})

        assert (answer.status, answer.has("WWW-Authenticate"), server.snapshots) == (401, True, ())


# What faults leave of a call


@pytest.mark.parametrize(
    ("target", "hit"),
    [
        (_PATH + "/{id}", True),
        (_PATH + "/none", False),
        ("/servers/jello614636-USOTE-9999/snapshots/{id}", False),
        (_PATH, False),
    ],
)
def test_a_rule_by_name_finds_the_snapshot_that_a_path_names(
    fake: FakeHostway, server: ServerHandle, target: str, hit: bool
) -> None:
    made = server.add_snapshot("web-1")
    fake.faults.on(name="web*").respond(503)

    answer = answered(fake, "GET", target.format(id=made.id))

    assert (answer.status == 503) == hit
    assert fake.faults.rules[0].hits == hit


def test_an_exception_that_is_meant_for_the_test_stands_in_the_journal() -> None:
    with FakeHostway(poll_limit=1) as fake:
        fake.add_server("jello614636-USOTE-0214").add_snapshot("a", status="BUILD")
        put(fake)

        with pytest.raises(FrozenClockError):
            put(fake)

        last = fake.calls[-1]
        assert (last.effect, last.client_saw, last.response_body) == (Effect.NONE, "FrozenClockError", b"")


@pytest.mark.parametrize(
    ("outcome", "wait", "kind"),
    [
        (lambda on: on.hang(), None, EndlessWaitError),
        (lambda on: on.unavailable(), lambda seconds: None, NoWireError),
    ],
    ids=["hang", "unavailable"],
)
def test_what_a_way_in_cannot_show_is_told_to_the_test(
    fake: FakeHostway,
    server: ServerHandle,
    outcome: Callable[[Any], object],
    wait: Callable[[float], object] | None,
    kind: type[Exception],
) -> None:
    outcome(fake.faults.on())

    with pytest.raises(kind, match=f"POST {_PATH}"):
        put(fake, "POST", body=_GOOD, wait=wait)
    assert server.snapshots == ()


@pytest.mark.parametrize(
    ("outcome", "read_timeout", "left", "passed", "made"),
    [
        (lambda on: on.delay(10), 5, Hang, 5, 0),
        (lambda on: on.after_commit().delay(10), 5, Hang, 5, 1),
        (lambda on: on.delay(10), 10, Response, 10, 1),
        (lambda on: on.after_commit().delay(10), None, Response, 10, 1),
        (lambda on: on.hang(), 5, Hang, 5, 0),
        (lambda on: on.after_commit().hang(), 5, Hang, 5, 1),
        (lambda on: on.slow_body(0.1), 5, SlowBody, 5, 0),
    ],
)
def test_time_passes_for_as_long_as_the_client_waits(
    fake: FakeHostway,
    server: ServerHandle,
    outcome: Callable[[Any], object],
    read_timeout: float | None,
    left: type,
    passed: float,
    made: int,
) -> None:
    outcome(fake.faults.on())

    result = put(fake, "POST", body=_GOOD, read_timeout=read_timeout)

    assert type(result.outcome if isinstance(result, WireFault) else result) is left
    assert (fake.clock.now() - START).total_seconds() == passed
    assert len(server.snapshots) == made


@pytest.mark.parametrize("bytes_per_second", [1, 16])
def test_a_slow_body_takes_a_second_for_so_many_bytes(
    fake: FakeHostway, server: ServerHandle, bytes_per_second: float
) -> None:
    fake.faults.on().slow_body(bytes_per_second)

    answer = answered(fake, read_timeout=5)

    assert answer.body == b'{"snapshots":[]}'
    assert (fake.clock.now() - START).total_seconds() == 16 / bytes_per_second
