"""The Flask application: the shell for whatever speaks WSGI. No answer of it is Flask's own."""

import io
import json
from collections.abc import Iterable
from typing import Any, Final
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from hostway_fake import FakeHostway, FrozenClockError, ServerHandle
from hostway_fake.contract.limits import BODY_LIMIT
from hostway_fake.contract.operations import BASES, OPERATIONS, Operation

SNAPSHOTS: Final = "/servers/jello614636-USOTE-0214/snapshots"
AUTHORIZATION: Final = "Basic amVsbG82MTQ2MzY6aG9zdHdheQ=="
BODY: Final = b'{"snapshot":{"name":"nightly"}}'


class Counted(io.BytesIO):
    """A body that knows how much of it was asked for."""

    asked = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size >= 0, "a stream that does not end must not be read to its end"
        self.asked += size
        return super().read(size)


@pytest.fixture
def app(fake: FakeHostway) -> Flask:
    return fake.wsgi_app


def environ(method: str = "POST", path: str = SNAPSHOTS, **more: Any) -> dict[str, Any]:
    """As a plain WSGI server makes it: a decoded path, and no raw target."""
    body: bytes = more.pop("body", BODY)
    made: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "HTTP_HOST": "api.hostway.test",
        "HTTP_AUTHORIZATION": AUTHORIZATION,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": Counted(body),
        **more,
    }
    setup_testing_defaults(made)
    return made


def ask(app: Any, asked: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started[:] = status, headers

    body = b"".join(app(asked, start_response))
    return int(started[0][:3]), dict(started[1]), body


def details(body: bytes) -> str:
    (error,) = json.loads(body).values()
    return str(error["details"])


def names(server: ServerHandle) -> list[str]:
    return [snapshot.name for snapshot in server.snapshots]


# Paths


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_application_serves_every_path_of_an_operation(operation: Operation, base: str, app: Flask) -> None:
    for path in operation.paths:
        target = (base + path).format(
            account_id="jello614636", server_id="a", snapshot_id="b", volume_id="c", image_id="d", flavor_id="e"
        )

        status, headers, _ = ask(app, environ("PATCH", target))

        assert status == 405
        assert operation.method in headers["Allow"].split(", ")


ODD: Final[dict[str, tuple[int, str, str]]] = {
    "unknown path": (404, "GET", "/nothing"),
    "root": (404, "GET", "/"),
    "two slashes": (404, "GET", SNAPSHOTS.replace("/snapshots", "//snapshots")),
    "two slashes at the end": (404, "GET", SNAPSHOTS + "//"),
    "static files": (404, "GET", "/static/x"),
    "wrong method": (405, "PUT", SNAPSHOTS),
    "options": (405, "OPTIONS", SNAPSHOTS),
    "trace": (405, "TRACE", SNAPSHOTS),
    "no such method": (405, "SNAP", SNAPSHOTS),
}


@pytest.mark.parametrize(("status", "method", "path"), ODD.values(), ids=ODD)
def test_application_responds_with_the_errors_of_the_provider(status: int, method: str, path: str, app: Flask) -> None:
    heard, headers, body = ask(app, environ(method, path))

    assert heard == status
    assert headers["Content-Type"] == "application/json; charset=UTF-8"
    assert "Location" not in headers
    assert next(iter(json.loads(body).values()))["code"] == status


def test_a_trailing_slash_is_no_redirect(app: Flask, server: ServerHandle) -> None:
    assert ask(app, environ("GET", SNAPSHOTS + "/"))[0] == 200
    assert ask(app, environ("POST", SNAPSHOTS + "/"))[0] == 202


def test_credentials_go_before_paths(app: Flask) -> None:
    status, headers, body = ask(app, environ("GET", "/nothing", HTTP_AUTHORIZATION=""))

    assert (status, headers["Content-Type"]) == (401, "text/plain; charset=UTF-8")
    assert body.startswith(b"401 Unauthorized\n\n")


def test_a_location_is_left_as_it_is(app: Flask, server: ServerHandle) -> None:
    _, headers, body = ask(app, environ(HTTP_HOST="other.test:81"))

    assert headers["Location"] == json.loads(body)["snapshot"]["links"][0]["href"]
    assert headers["Location"].startswith(f"http://other.test:81{SNAPSHOTS}/snapshot_")


def test_an_answer_to_head_keeps_its_length(app: Flask, server: ServerHandle) -> None:
    _, headers, whole = ask(app, environ("GET", SNAPSHOTS))
    _, of_head, nothing = ask(app, environ("HEAD", SNAPSHOTS))

    assert of_head == headers
    assert nothing == b""
    assert headers["Content-Length"] == str(len(whole))


def test_an_exception_of_the_fake_s_own_reaches_the_test() -> None:
    with FakeHostway(poll_limit=1) as fake:
        fake.add_server("jello614636-USOTE-0214").add_snapshot("there", "BUILD")
        ask(fake.wsgi_app, environ("GET"))
        with pytest.raises(FrozenClockError):
            ask(fake.wsgi_app, environ("GET"))


def test_the_application_is_made_once(fake: FakeHostway) -> None:
    assert fake.wsgi_app is fake.wsgi_app


# The target


def test_a_target_that_was_not_kept_is_rebuilt(app: Flask, server: ServerHandle) -> None:
    snapshot = server.add_snapshot("there")

    status, _, body = ask(app, environ("GET", f"{SNAPSHOTS}/{snapshot.id}", QUERY_STRING="a=b"))

    assert (status, json.loads(body)["snapshot"]["id"]) == (200, snapshot.id)


@pytest.mark.parametrize("key", ["RAW_URI", "REQUEST_URI"])
def test_a_target_that_was_kept_goes_before_the_decoded_path(key: str, app: Flask, server: ServerHandle) -> None:
    separated = SNAPSHOTS.replace("/snapshots", "%2Fsnapshots")

    kept, _, _ = ask(app, environ("GET", SNAPSHOTS, **dict[str, Any]({key: separated})))
    rebuilt, _, _ = ask(app, environ("GET", SNAPSHOTS))

    assert (kept, rebuilt) == (404, 200)


def test_a_rebuilt_target_is_encoded_again(app: Flask) -> None:
    status, _, body = ask(app, environ("GET", "/servers/a?b\xc3\xa4/snapshots"))

    assert (status, details(body)) == (404, "")


def test_an_absolute_target_names_scheme_and_host(app: Flask, server: ServerHandle) -> None:
    _, headers, _ = ask(app, environ(RAW_URI="https://b.test" + SNAPSHOTS))

    assert headers["Location"].startswith(f"https://b.test{SNAPSHOTS}/")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_links_have_the_scheme_of_the_server(scheme: str, app: Flask, server: ServerHandle) -> None:
    _, headers, _ = ask(app, environ(**dict[str, Any]({"wsgi.url_scheme": scheme})))

    assert headers["Location"].startswith(f"{scheme}://api.hostway.test/")


def test_it_may_be_mounted_under_a_prefix_that_is_part_of_the_long_family(app: Flask, server: ServerHandle) -> None:
    """The prefix is part of the target, as clients see it."""
    asked = environ("POST", SNAPSHOTS, SCRIPT_NAME="/accounts/jello614636/flexcloud")

    status, headers, _ = ask(app, asked)

    assert status == 202
    assert headers["Location"].startswith(f"http://api.hostway.test/accounts/jello614636/flexcloud{SNAPSHOTS}/")


def test_a_prefix_that_the_provider_does_not_have_is_a_404(app: Flask, server: ServerHandle) -> None:
    status, headers, _ = ask(app, environ("POST", SNAPSHOTS, SCRIPT_NAME="/hostway"))

    assert (status, headers["Content-Type"]) == (404, "application/json; charset=UTF-8")
    assert names(server) == []


def test_a_dispatcher_may_stand_before_it(app: Flask, server: ServerHandle) -> None:
    base = "/accounts/jello614636/flexcloud"
    client = Client(DispatcherMiddleware(_nobody, {base: app}))

    answer = client.get(base + SNAPSHOTS, headers={"Authorization": AUTHORIZATION})
    other = client.get(SNAPSHOTS)

    assert (answer.status_code, answer.json) == (200, {"snapshots": []})
    assert other.status_code == 418


def _nobody(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("418 I'm a teapot", [])
    return []


# The body


def test_a_body_is_read_to_its_length_and_no_further(app: Flask, server: ServerHandle) -> None:
    """A plain WSGI server's stream does not end."""
    stream = Counted(BODY + b"the next request")

    status, _, _ = ask(app, environ(**dict[str, Any]({"wsgi.input": stream})))

    assert (status, stream.asked) == (202, len(BODY))
    assert names(server) == ["nightly"]


def test_a_body_that_ends_of_itself_is_read_to_its_end(app: Flask, server: ServerHandle) -> None:
    status, _, _ = ask(app, environ(**dict[str, Any]({"wsgi.input_terminated": True, "CONTENT_LENGTH": ""})))

    assert status == 202
    assert names(server) == ["nightly"]


def test_a_body_that_ends_of_itself_is_read_only_a_byte_past_the_limit(app: Flask, server: ServerHandle) -> None:
    stream = Counted(bytes(BODY_LIMIT + 100))

    status, _, _ = ask(
        app, environ(**dict[str, Any]({"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "wsgi.input": stream}))
    )

    assert (status, stream.asked) == (413, BODY_LIMIT + 1)
    assert names(server) == []


@pytest.mark.parametrize(
    ("length", "status", "says"),
    [
        ("", 400, "The body is not JSON"),
        ("0", 400, "The body is not JSON"),
        ("-1", 400, "Content-Length must be a number, not '-1'."),
        ("+5", 400, "Content-Length must be a number, not '+5'."),
        ("many", 400, "Content-Length must be a number, not 'many'."),
        ("\xb2", 400, "Content-Length must be a number, not '\\xb2'."),
        ("1" + "0" * 18, 413, f"The request body may hold up to {BODY_LIMIT} bytes."),
        ("9" * 5000, 413, f"The request body may hold up to {BODY_LIMIT} bytes."),
        ("0" * 30, 400, "The body is not JSON"),
        (str(BODY_LIMIT + 1), 413, f"The request body may hold up to {BODY_LIMIT} bytes."),
        ("1" + "0" * 17, 413, f"The request body may hold up to {BODY_LIMIT} bytes."),
    ],
)
def test_a_body_without_a_sane_length_is_not_read(
    length: str, status: int, says: str, app: Flask, server: ServerHandle
) -> None:
    stream = Counted(BODY)

    heard, _, body = ask(app, environ(**dict[str, Any]({"CONTENT_LENGTH": length, "wsgi.input": stream})))

    assert (heard, stream.asked) == (status, 0)
    assert details(body).startswith(says)
    assert names(server) == []


def test_a_body_shorter_than_its_length_is_refused(app: Flask, server: ServerHandle) -> None:
    status, _, body = ask(app, environ(CONTENT_LENGTH="100"))

    assert (status, details(body)) == (400, f"The body ended after {len(BODY)} of 100 bytes.")
    assert names(server) == []


def test_a_request_without_a_length_has_no_body(app: Flask, server: ServerHandle) -> None:
    asked = environ("GET", body=b"")
    del asked["CONTENT_LENGTH"]

    assert ask(app, asked)[0] == 200


# Headers


@pytest.mark.parametrize(
    ("content_type", "status"), [("application/json Charset=UTF-8", 202), ("", 202), ("text/plain", 415)]
)
def test_the_content_type_is_passed_on(content_type: str, status: int, app: Flask, server: ServerHandle) -> None:
    assert ask(app, environ(CONTENT_TYPE=content_type))[0] == status
    assert names(server) == ["nightly"] * (status == 202)


def test_a_request_without_host_is_refused(app: Flask, server: ServerHandle) -> None:
    asked = environ()
    del asked["HTTP_HOST"]

    status, _, body = ask(app, asked)

    assert (status, details(body)) == (400, "Host must be a host and an optional port, not ''.")
    assert names(server) == []


@pytest.mark.parametrize("host", ["a b", "a/b", "a:b", "\xff", "[::1"])
def test_a_host_that_is_none_is_refused_by_the_provider_too(host: str, app: Flask, server: ServerHandle) -> None:
    status, headers, _ = ask(app, environ(HTTP_HOST=host))

    assert (status, headers["Content-Type"]) == (400, "application/json; charset=UTF-8")
    assert names(server) == []


# Clients


@pytest.fixture(params=["werkzeug", "flask"])
def client(request: pytest.FixtureRequest, app: Flask) -> Any:
    return Client(app) if request.param == "werkzeug" else app.test_client()


def test_a_test_client_is_served(client: Any, fake: FakeHostway, server: ServerHandle) -> None:
    created = client.post(SNAPSHOTS, json={"snapshot": {"name": "nightly"}}, auth=fake.auth)
    fake.clock.advance(minutes=5)
    later = client.get(created.headers["Location"], auth=fake.auth)

    assert (created.status_code, later.json["snapshot"]["status"]) == (202, "ACTIVE")
    assert names(server) == ["nightly"]


def test_a_test_client_keeps_encoded_slashes(client: Any, fake: FakeHostway, server: ServerHandle) -> None:
    assert client.get(SNAPSHOTS.replace("/snapshots", "%2Fsnapshots"), auth=fake.auth).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_application_keeps_to_the_rules_of_wsgi(method: str, app: Flask, server: ServerHandle) -> None:
    asked = environ(method, body=b"" if method != "POST" else BODY, QUERY_STRING="")
    asked["CONTENT_TYPE"] = "application/json"
    heard: list[str] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        heard.append(status)
        return lambda data: None

    answer = validator(app)(asked, start_response)
    body = b"".join(answer)
    answer.close()  # type: ignore[attr-defined]

    assert heard == ["202 Accepted" if method == "POST" else "200 OK"]
    assert bool(body) == (method != "HEAD")
