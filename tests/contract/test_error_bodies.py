"""The body of every error that a client can meet: its name, its fields and their order, in both revisions."""

import re
from typing import Any, Final

import pytest
import requests

from hostway_fake import FakeHostway, ServerHandle

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_OURS: Final = "/servers/jello614636-USOTE-0214/snapshots"
_LONG: Final = "/accounts/{}/flexcloud" + _OURS

_REQUESTS: Final[dict[str, tuple[str, str, str, dict[str, str]]]] = {
    "badRequest": ("POST", _OURS, '{"snapshot": {}}', {}),
    "forbidden": ("GET", _LONG.format("michalski275226"), "", {}),
    "itemNotFound": ("GET", _LONG.format("nobody1"), "", {}),
    "badMethod": ("PUT", _OURS, "", {}),
    "conflict": ("POST", _OURS, '{"snapshot": {"name": "a"}}', {}),
    "overLimit": ("POST", _OURS, '{"snapshot": {"name": "d"}}', {}),
    "badMediaType": ("POST", _OURS, "name=d", {"Content-Type": "text/plain"}),
}
"""Name of the error to a request that meets it: method, path, body, headers."""

_BODIES: Final[dict[str, tuple[int, str, str]]] = {
    "badRequest": (400, "Malformed request body", "snapshot.name must be a string, not null or absent."),
    "forbidden": (403, "forbidden", ""),
    "itemNotFound": (404, "Resource not found", ""),
    "badMethod": (405, "Method not allowed", "PUT is not one of GET, HEAD, POST."),
    "conflict": (409, "SnapshotNameNotUnique", "The snapshot name must be unique in a server."),
    "overLimit": (413, "SnapshotLimitReached", "The snapshot can be created up to 3 in a server."),
    "badMediaType": (415, "Unsupported media type", "The body must be application/json, not 'text/plain'."),
}

each_error = pytest.mark.parametrize("name", _REQUESTS)


def full(fake: FakeHostway) -> ServerHandle:
    """A server with three snapshots, a to c, in an account that has a neighbour."""
    fake.add_account("michalski275226", "secret")
    server = fake.add_server("jello614636-USOTE-0214")
    for name in "abc":
        server.add_snapshot(name)
    return server


def ask(fake: FakeHostway, name: str) -> requests.Response:
    method, path, body, headers = _REQUESTS[name]
    return fake.session().request(method, fake.url + path, data=body, headers=headers)


def fields(answer: requests.Response) -> dict[str, Any]:
    (found,) = answer.json().values()
    assert isinstance(found, dict)
    return found


@pytest.mark.documented("Faults")
@each_error
def test_an_error_stands_alone_under_its_name(fake: FakeHostway, name: str) -> None:
    server = full(fake)
    before = server.snapshots

    answer = ask(fake, name)

    assert list(answer.json()) == [name]
    assert answer.status_code == _BODIES[name][0]
    assert server.snapshots == before


@pytest.mark.documented("Faults")
@each_error
def test_the_fields_are_message_code_details(fake: FakeHostway, name: str) -> None:
    full(fake)
    status, message, details = _BODIES[name]

    assert list(fields(ask(fake, name)).items()) == [("message", message), ("code", status), ("details", details)]


@pytest.mark.documented("Zone", "June 2013")
@each_error
def test_the_later_revision_adds_an_id_at_the_end(name: str) -> None:
    with FakeHostway(revision="2013-10") as fake:
        full(fake)
        status, message, details = _BODIES[name]

        found = fields(ask(fake, name))

        assert list(found.items())[:3] == [("message", message), ("code", status), ("details", details)]
        assert list(found)[3:] == ["errorid"]
        assert _UUID.fullmatch(found["errorid"])


@pytest.mark.documented("Zone", "June 2013")
def test_each_error_has_an_id_of_its_own() -> None:
    with FakeHostway(revision="2013-10") as fake:
        full(fake)

        ids = [fields(ask(fake, name))["errorid"] for name in _REQUESTS for _ in range(2)]

    assert len(set(ids)) == 2 * len(_REQUESTS)


@pytest.mark.assumed("Zone", "June 2013")
def test_ids_of_errors_follow_the_seed() -> None:
    def ids(seed: int) -> list[str]:
        with FakeHostway(revision="2013-10", seed=seed) as fake:
            full(fake)
            return [fields(ask(fake, name))["errorid"] for name in _REQUESTS]

    assert ids(1) == ids(1)
    assert not set(ids(1)) & set(ids(2))


@pytest.mark.assumed("Faults")
@each_error
def test_an_error_is_sent_as_json_and_leads_nowhere(fake: FakeHostway, name: str) -> None:
    full(fake)

    answer = ask(fake, name)

    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert answer.history == []
    assert not {"Location", "Retry-After", "WWW-Authenticate"} & set(answer.headers)


@pytest.mark.assumed("Faults")
@each_error
def test_allow_stands_in_a_405_only(fake: FakeHostway, name: str) -> None:
    full(fake)

    assert ("Allow" in ask(fake, name).headers) == (name == "badMethod")


@pytest.mark.assumed("Faults")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("base", ["", "/accounts/jello614636/flexcloud"])
def test_one_snapshot_answers_get_and_delete_only(
    fake: FakeHostway, server: ServerHandle, method: str, base: str
) -> None:
    made = server.add_snapshot("a")

    answer = fake.session().request(method, f"{fake.url}{base}/servers/{server.id}/snapshots/{made.id}")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE, GET, HEAD")
    assert server.snapshots == (made,)


@pytest.mark.documented("the 401 samples of several pages")
@pytest.mark.parametrize("revision", ["2013-04", "2013-10"])
def test_head_without_credentials_has_the_length_of_the_text(revision: str) -> None:
    with FakeHostway(revision=revision) as fake:
        session = fake.session()
        session.auth = None
        get, head = session.get(f"{fake.url}/nothing"), session.head(f"{fake.url}/nothing")

    assert (head.status_code, head.content) == (401, b"")
    assert head.headers["Content-Length"] == str(len(get.content))


# What comes first


@pytest.mark.assumed("ServerSnapshotCreate", "552")
@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        pytest.param("GET", "/nothing", "", {"Authorization": "Basic Og=="}, 401, id="401 before 404"),
        pytest.param(
            "GET", _LONG.format("michalski275226"), "", {"Authorization": "Basic Og=="}, 401, id="401 before 403"
        ),
        pytest.param("PUT", _LONG.format("nobody1"), "", {}, 404, id="unknown account before 405"),
        pytest.param("PUT", _LONG.format("michalski275226"), "", {}, 403, id="403 before 405"),
        pytest.param("PUT", "/servers/x/snapshots", "", {}, 405, id="405 before unknown server"),
        pytest.param(
            "POST", "/servers/x/snapshots", "", {"Content-Type": "text/plain"}, 404, id="unknown server before 415"
        ),
        pytest.param("POST", _OURS, "not JSON", {"Content-Type": "text/plain"}, 415, id="415 before body 400"),
        pytest.param("POST", _OURS, '{"snapshot": {"name": ""}}', {}, 400, id="body 400 before the limit"),
        pytest.param("POST", _OURS, '{"snapshot": {"name": "a"}}', {}, 409, id="name before limit"),
    ],
)
def test_of_two_refusals_the_first_is_answered(
    fake: FakeHostway, method: str, path: str, body: str, headers: dict[str, str], status: int
) -> None:
    server = full(fake)
    before = server.snapshots
    session = fake.session()
    if "Authorization" in headers:
        session.auth = None

    answer = session.request(method, fake.url + path, data=body, headers=headers)

    assert answer.status_code == status
    assert server.snapshots == before
