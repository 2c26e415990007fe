"""Edits of true responses, and requests that are delivered twice: over each transport, and with their effect."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import httpx
import pytest
import requests

from hostway_fake import FakeHostway, InvalidValueError, WrongTypeError
from hostway_fake.contract.operations import OPERATIONS
from hostway_fake.faults.edits import Change, as_text
from hostway_fake.faults.methods import OutcomeMethods
from hostway_fake.faults.outcomes import Duplicate, Step

_HEADERS: Final = {"content-type": "application/json"}


def _deep() -> dict[str, object]:
    deep: dict[str, object] = {}
    for _ in range(5000):
        deep = {"a": deep}
    return deep


@contextmanager
def _session(fake: FakeHostway) -> Iterator[Any]:
    with fake.session() as session:
        yield session, fake.url


@contextmanager
def _httpx(fake: FakeHostway) -> Iterator[Any]:
    with httpx.Client(transport=fake.httpx_transport(), auth=fake.auth) as client:
        yield client, fake.url


@contextmanager
def _socket(fake: FakeHostway) -> Iterator[Any]:
    with fake.serve() as server, requests.Session() as session:
        session.auth = fake.auth
        session.trust_env = False
        yield session, server.url


_WAYS: Final[tuple[Callable[[FakeHostway], AbstractContextManager[Any]], ...]] = (_session, _httpx, _socket)


@pytest.fixture(params=_WAYS, ids=["session", "httpx", "socket"])
def client(request: pytest.FixtureRequest, fake: FakeHostway) -> Iterator[Any]:
    with request.param(fake) as reached:
        yield reached


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda on: on.change({"flavors": [7], "more": {"a": None, "b": 1}}), {"flavors": [7], "more": {"b": 1}}),
        (lambda on: on.change({"flavors": None}), {}),
        (lambda on: on.without("flavors"), {}),
        (lambda on: on.extra("region", ["eu", None]), {"flavors": "as before", "region": ["eu", None]}),
        (lambda on: on.rename_key("flavors", "regions"), {"regions": "as before"}),
    ],
)
def test_edit_changes_the_body_and_its_length(
    client: Any, fake: FakeHostway, edit: Callable[[OutcomeMethods[Any]], object], expected: dict[str, object]
) -> None:
    session, url = client
    before = session.get(f"{url}/flavors").json()
    edit(fake.faults.on("list_flavors").first(1))

    edited = session.get(f"{url}/flavors")

    body = {key: before["flavors"] if value == "as before" else value for key, value in expected.items()}
    assert edited.json() == body
    assert edited.headers["Content-Length"] == str(len(edited.content))
    assert session.get(f"{url}/flavors").json() == before


def test_edit_reaches_every_item_of_a_list(fake: FakeHostway) -> None:
    server = fake.add_server()
    for name in "ab":
        server.add_snapshot(name)
    fake.faults.on("list_snapshots").extra("snapshots.links.title", 7)
    fake.faults.on("get_server").rename_key("server.links.rel", "relation")

    snapshots = fake.session().get(f"{fake.url}/servers/{server.id}/snapshots").json()["snapshots"]

    assert [link["title"] for snapshot in snapshots for link in snapshot["links"]] == [7, 7]
    links = fake.session().get(f"{fake.url}/servers/{server.id}").json()["server"]["links"]
    assert all("relation" in link and "rel" not in link for link in links)


def test_edit_of_a_create_leaves_its_effect(fake: FakeHostway) -> None:
    server = fake.add_server()
    fake.faults.on("create_snapshot").change({"snapshot": {"status": "ERROR"}})

    created = fake.session().post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})

    assert (created.status_code, created.json()["snapshot"]["status"]) == (202, "ERROR")
    assert (server.snapshot("a").status, fake.calls[-1].effect) == ("BUILD", "applied")


def test_edit_passes_errors_and_counts_them(fake: FakeHostway) -> None:
    rule = fake.faults.on("get_server").without("server.name")

    answer = fake.session().get(f"{fake.url}/servers/jello614636-USOTE-0999")

    assert (answer.status_code, set(answer.json())) == (404, {"itemNotFound"})
    assert rule.hits == 1


def test_edit_of_a_head_changes_the_length(fake: FakeHostway) -> None:
    fake.faults.on("list_flavors").without("flavors")

    answer = fake.session().head(f"{fake.url}/flavors")

    assert (answer.headers["Content-Length"], answer.content) == ("2", b"")


@pytest.mark.parametrize("path", ["flavor", "flavors.nothing.more", "flavors.name.more"])
def test_edit_of_a_missing_path_raises_with_the_paths(fake: FakeHostway, path: str) -> None:
    fake.faults.on("list_flavors").without(path)

    with pytest.raises(InvalidValueError, match=f"^without: got {path!r}, which .* one of: 'flavors'"):
        fake.session().get(f"{fake.url}/flavors")


def test_edit_of_a_missing_path_keeps_the_effect_in_the_journal(fake: FakeHostway) -> None:
    server = fake.add_server()
    fake.faults.on("create_snapshot").without("snapshots")
    with pytest.raises(InvalidValueError):
        fake.session().post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})

    assert (fake.calls[-1].effect, fake.calls[-1].client_saw) == ("applied", "InvalidValueError")
    assert [snapshot.name for snapshot in server.snapshots] == ["a"]


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], {"a": 1}, {"a": 1}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_change_is_a_json_merge_patch(target: object, patch: dict[str, object], result: object) -> None:
    assert Change(as_text("patch", patch)).edit(target) == result


def test_headers_are_set_and_removed(client: Any, fake: FakeHostway) -> None:
    session, url = client
    fake.faults.on("list_flavors").with_headers(
        {"content-TYPE": None, "X-Request-Id": "1", "Set-Cookie": ["a=1", "b=2"]}
    )

    answer = session.get(f"{url}/flavors")

    assert "Content-Type" not in answer.headers
    assert answer.headers["X-Request-Id"] == "1"
    assert dict(answer.cookies) == {"a": "1", "b": "2"}
    assert answer.json()["flavors"]


def test_headers_of_an_error_are_set(fake: FakeHostway) -> None:
    fake.faults.on("get_server").with_headers({"X-Request-Id": "1"})

    assert fake.session().get(f"{fake.url}/servers/none").headers["X-Request-Id"] == "1"


def test_duplicate_of_a_create_is_409_and_one_snapshot(client: Any, fake: FakeHostway) -> None:
    session, url = client
    server = fake.add_server()
    fake.faults.on("create_snapshot").first(1).duplicate()

    answer = session.post(f"{url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})

    assert (answer.status_code, [snapshot.name for snapshot in server.snapshots]) == (409, ["a"])
    (call,) = fake.calls
    assert (call.effect, call.client_saw) == ("applied", "409")


def test_duplicate_of_a_delete_is_404(fake: FakeHostway) -> None:
    server = fake.add_server()
    snapshot = server.add_snapshot("a")
    fake.faults.on("delete_snapshot").duplicate()

    answer = fake.session().delete(f"{fake.url}/servers/{server.id}/snapshots/{snapshot.id}")

    assert (answer.status_code, server.snapshot("a").status) == (404, "DELETED")


def test_duplicate_of_a_refused_call_is_refused(fake: FakeHostway) -> None:
    fake.faults.on("delete_server").duplicate()

    assert fake.session().delete(f"{fake.url}/servers/none").status_code == 404
    assert fake.calls[-1].effect == "refused"


@pytest.mark.parametrize("side", ["before_commit", "after_commit"])
@pytest.mark.parametrize(
    "outcome",
    [
        lambda on: on.duplicate(),
        lambda on: on.change({}),
        lambda on: on.without("a"),
        lambda on: on.extra("a", 1),
        lambda on: on.rename_key("a", "b"),
        lambda on: on.with_headers({"A": "b"}),
    ],
)
def test_outcome_that_needs_the_effect_has_no_side(
    fake: FakeHostway, side: str, outcome: Callable[[OutcomeMethods[Any]], object]
) -> None:
    with pytest.raises(InvalidValueError, match="expected it without before_commit and after_commit"):
        outcome(getattr(fake.faults.on("get_server"), side)())

    assert fake.faults.rules == ()


@pytest.mark.parametrize(
    ("outcome", "error", "said"),
    [
        (lambda on: on.change([]), WrongTypeError, "patch: got \\[\\], expected a mapping"),
        (lambda on: on.change({"a": {1}}), InvalidValueError, "patch: got a dict, expected data that JSON can contain"),
        (lambda on: on.change({"a": 10**5000}), InvalidValueError, "patch: got a dict, expected data that JSON can"),
        (lambda on: on.change(_deep()), InvalidValueError, "patch: got a dict, expected data that JSON can contain"),
        (lambda on: on.without("a..b"), InvalidValueError, "without: got 'a..b', expected keys separated by dots"),
        (lambda on: on.without(""), InvalidValueError, "without: got ''"),
        (lambda on: on.without(7), WrongTypeError, "without: got 7, expected a string"),
        (lambda on: on.extra("a", float("inf")), InvalidValueError, "value: got a float, expected data that JSON"),
        (lambda on: on.rename_key("a", ""), InvalidValueError, "new_name: got '', expected a key"),
        (lambda on: on.with_headers({}), InvalidValueError, "headers: got {}, expected at least one header"),
        (lambda on: on.with_headers({"X": []}), InvalidValueError, "headers: got {}, expected at least one header"),
        (lambda on: on.with_headers({"Content-Length": None}), InvalidValueError, "headers: got 'Content-Length'"),
        (lambda on: on.with_headers([]), WrongTypeError, "headers: got \\[\\], expected a mapping"),
    ],
)
def test_edit_that_cannot_be_made_is_refused(
    fake: FakeHostway, outcome: Callable[[OutcomeMethods[Any]], object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=f"^{said}"):
        outcome(fake.faults.on("get_server"))

    assert fake.faults.rules == ()


@pytest.mark.parametrize("operation", [each.name for each in OPERATIONS if not each.has_json])
def test_operation_without_json_refuses_an_edit(fake: FakeHostway, operation: str) -> None:
    with pytest.raises(InvalidValueError, match=f"a response of {operation} has no JSON body"):
        fake.faults.on(operation).without("a")

    fake.faults.on(operation).duplicate()
    fake.faults.clear()


def test_step_refuses_a_side_of_an_outcome_without_one() -> None:
    with pytest.raises(InvalidValueError, match="got 'duplicate', expected it without before_commit and after_commit"):
        Step(Duplicate(), after_commit=True)


def test_rules_with_edits_survive_a_dump() -> None:
    rules = [
        {"change": {"a": None}},
        {"without": "a.b"},
        {"extra": {"path": "a", "value": [7]}},
        {"rename_key": {"path": "a", "new_name": "b"}},
        {"with_headers": {"A": None, "B": "1"}},
        {"duplicate": True},
    ]
    with FakeHostway(faults={"rule": rules}) as fake, FakeHostway.from_dict(fake.to_dict()) as again:
        assert list(map(str, again.faults.rules)) == list(map(str, fake.faults.rules))
        assert again.to_dict() == fake.to_dict()
        fake.faults.clear()
        again.faults.clear()
