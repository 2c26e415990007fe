"""What a client should not have sent: the provider's error, and nothing changed."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hostway_fake import FakeClock, FakeHostway
from hostway_fake.contract.limits import BODY_LIMIT
from hostway_fake.service.exchange import exchange
from hostway_fake.service.messages import Request, Response, origin_form
from hostway_fake.world import Worlds

_AUTHORIZATION: Final = "Basic amVsbG82MTQ2MzY6aG9zdHdheQ=="
_SNAPSHOTS: Final = "/servers/jello614636-USOTE-0214/snapshots"


class Service:
    """The exchange with a world of its own, and a server in it."""

    def __init__(self, **options: Any) -> None:
        self.fake = FakeHostway(**options)
        self.server = self.fake.add_server("jello614636-USOTE-0214")

    def ask(
        self,
        body: bytes = b'{"snapshot": {"name": "a"}}',
        target: str = _SNAPSHOTS,
        method: str = "POST",
        headers: Mapping[str, str | None] | None = None,
        parse_error: str = "",
    ) -> Response:
        given = {"host": "api.hostway.test", "authorization": _AUTHORIZATION, **(headers or {})}
        worlds: Worlds = self.fake.account.worlds
        sent = {name: value for name, value in given.items() if value is not None}
        answer = exchange(worlds, Request(method, target, sent, body, parse_error=parse_error))
        assert isinstance(answer, Response)
        return answer

    @property
    def names(self) -> list[str]:
        return [snapshot.name for snapshot in self.server.snapshots]


@pytest.fixture
def service() -> Service:
    return Service()


def error(answer: Response) -> tuple[int, str, str]:
    """Status, name and details."""
    ((name, fields),) = json.loads(answer.body).items()
    assert fields["code"] == answer.status
    return answer.status, name, fields["details"]


_OBJECT: Final = "The body must be an object, not {}."
_JSON: Final = "The body is not JSON: "


@pytest.mark.parametrize(
    ("body", "details"),
    [
        (b"", _JSON + "Expecting value: line 1 column 1 (char 0)."),
        (b"{", _JSON + "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
        (b'{"snapshot": {"name": "a"}} x', _JSON + "Extra data: line 1 column 29 (char 28)."),
        (b"\xff", "The body is not UTF-8: byte 0 is invalid."),
        (b'{"snapshot": {"name": "\xe9"}}', "The body is not UTF-8: byte 23 is invalid."),
        (b"\xef\xbb\xbf{}", _JSON + "Expecting value: line 1 column 1 (char 0)."),
        (b"[]", _OBJECT.format("an array")),
        (b"null", _OBJECT.format("null or absent")),
        (b"1", _OBJECT.format("a number")),
        (b'"a"', _OBJECT.format("a string")),
        (b"true", _OBJECT.format("a boolean")),
        (b"NaN", _JSON + "NaN is not a number."),
        (b'{"snapshot": {"name": "a", "size": Infinity}}', _JSON + "Infinity is not a number."),
        (b'{"snapshot": {"name": "a", "size": -Infinity}}', _JSON + "-Infinity is not a number."),
        (b"{}", "snapshot must be an object, not null or absent."),
        (b'{"snapshot": null}', "snapshot must be an object, not null or absent."),
        (b'{"snapshot": []}', "snapshot must be an object, not an array."),
        (b'{"snapshot": "a"}', "snapshot must be an object, not a string."),
        (b'{"snapshot": {}}', "snapshot.name must be a string, not null or absent."),
        (b'{"snapshot": {"name": null}}', "snapshot.name must be a string, not null or absent."),
        (b'{"snapshot": {"name": 1.5}}', "snapshot.name must be a string, not a number."),
        (b'{"snapshot": {"name": ["a"]}}', "snapshot.name must be a string, not an array."),
        (b'{"snapshot": {"name": {"a": 1}}}', "snapshot.name must be a string, not an object."),
        (b'{"snapshot": {"name": true}}', "snapshot.name must be a string, not a boolean."),
        (b'{"snapshot": {"name": ""}}', "snapshot.name must not be empty."),
        (b'{"snapshot": {"name": "\\ud800"}}', "snapshot.name holds half of a surrogate pair."),
        (b'{"snapshot": {"name": "a", "description": 7}}', "snapshot.description must be a string, not a number."),
        (
            b'{"snapshot": {"name": "a", "description": null}}',
            "snapshot.description must be a string, not null or absent.",
        ),
        (
            b'{"snapshot": {"name": "a", "description": "\\udfff"}}',
            "snapshot.description holds half of a surrogate pair.",
        ),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b'{"a": ' * 100_000, "The body is nested too deeply."),
        (
            b'["' + b'\\"' * 300_000 + b"[" * 200,
            _JSON + "Unterminated string starting at: line 1 column 2 (char 1).",
        ),
        (b'{"a": ' + b"9" * 100_000 + b"}", "The body holds a number of too many digits."),
        (b"\x16\x03\x01\x02\x00", _JSON + "Expecting value: line 1 column 1 (char 0)."),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_a_body_that_is_none_is_refused_with_the_place(service: Service, body: bytes, details: str) -> None:
    assert error(service.ask(body)) == (400, "badRequest", details)
    assert service.names == []


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"snapshot": {"name": "a"}, "snapshot": {"name": "b"}}', "b"),
        (b'{"snapshot": {"name": "a", "name": "b"}}', "b"),
        ('{"snapshot": {"name": "日本"}}'.encode(), "日本"),
        (b'{"snapshot": {"name": "\\ud83d\\ude00"}}', "\U0001f600"),
        (b'{"snapshot": {"name": "\\u0000"}}', "\0"),
        (b' \t\r\n{"snapshot":{"name":"a"}}\n', "a"),
    ],
)
def test_a_body_that_is_odd_is_taken(service: Service, body: bytes, name: str) -> None:
    answer = service.ask(body)

    assert (answer.status, json.loads(answer.body)["snapshot"]["name"], service.names) == (202, name, [name])


def test_a_name_may_be_ten_megabytes_long(service: Service) -> None:
    name = "n" * 10_000_000

    assert service.ask(json.dumps({"snapshot": {"name": name}}).encode()).status == 202
    assert service.names == [name]


@pytest.mark.parametrize("length", [None, str(BODY_LIMIT + 1)])
def test_a_body_over_the_limit_is_refused(service: Service, length: str | None) -> None:
    answer = service.ask(b" " * (BODY_LIMIT + 1), headers={"content-length": length})

    assert error(answer) == (413, "overLimit", "The request body may hold up to 16777216 bytes.")
    assert service.names == []


def test_a_body_of_the_limit_is_taken(service: Service) -> None:
    assert service.ask(b'{"snapshot": {"name": "a"}}'.ljust(BODY_LIMIT)).status == 202


# Paths


@pytest.mark.parametrize(
    "target",
    [
        "/servers/nobody1-USOTE-0001/snapshots",
        "/servers/é/snapshots",
        "/servers/%C3%A9/snapshots",
        "/servers/%ff/snapshots",
        "/accounts/\ud800/flexcloud/servers/jello614636-USOTE-0214/snapshots",
        "/servers/%/snapshots",
        "/servers%2Fjello614636-USOTE-0214/snapshots",
        "/servers/jello614636-USOTE-0214%00/snapshots",
        "//servers/jello614636-USOTE-0214/snapshots",
        "/servers//jello614636-USOTE-0214/snapshots",
        "/servers/../servers/jello614636-USOTE-0214/snapshots",
        "/servers/./jello614636-USOTE-0214/snapshots",
        "servers",
        "*",
        "",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_path_that_leads_nowhere_is_404(service: Service, target: str, method: str) -> None:
    assert error(service.ask(target=target, method=method)) == (404, "itemNotFound", "")
    assert service.names == []


def test_an_id_may_be_percent_encoded(service: Service) -> None:
    assert service.ask(target="/servers/%6aello614636-USOTE-0214/snapshots").status == 202


# The head of the request


@pytest.mark.parametrize(
    ("headers", "details"),
    [
        ({"host": None}, "Host must be a host and an optional port, not ''."),
        ({"host": ""}, "Host must be a host and an optional port, not ''."),
        ({"host": "a b"}, "Host must be a host and an optional port, not 'a b'."),
        ({"host": "a:b"}, "Host must be a host and an optional port, not 'a:b'."),
        ({"host": "a:123456"}, "Host must be a host and an optional port, not 'a:123456'."),
        ({"host": "[::1"}, "Host must be a host and an optional port, not '[::1'."),
        ({"host": "é"}, "Host must be a host and an optional port, not '\\xe9'."),
        ({"host": "a" * 61 + "/"}, f"Host must be a host and an optional port, not '{'a' * 60}...'."),
        ({"content-length": "-1"}, "Content-Length must be a number, not '-1'."),
        ({"content-length": "+1"}, "Content-Length must be a number, not '+1'."),
        ({"content-length": "many"}, "Content-Length must be a number, not 'many'."),
        ({"content-length": ""}, "Content-Length must be a number, not ''."),
        ({"content-length": "²"}, "Content-Length must be a number, not '\\xb2'."),
        ({"x y": "a"}, "The name of a header must be a token, not 'x y'."),
        ({"": "a"}, "The name of a header must be a token, not ''."),
        ({"x": "a\0b"}, "The header x holds a control character."),
        ({"x": "a\rb"}, "The header x holds a control character."),
        ({"authorization": "Basic a\0"}, "The header authorization holds a control character."),
        ({"content-length": "28"}, "The body ended after 27 of 28 bytes."),
    ],
)
@pytest.mark.parametrize("authorization", [_AUTHORIZATION, None])
def test_a_head_that_is_none_is_refused_before_all_else(
    service: Service, headers: dict[str, str | None], details: str, authorization: str | None
) -> None:
    answer = service.ask(headers={"authorization": authorization, **headers})

    assert error(answer) == (400, "badRequest", details)
    assert service.names == []


def test_what_the_transport_could_not_read_is_refused(service: Service) -> None:
    assert error(service.ask(parse_error="It was garbage.")) == (400, "badRequest", "It was garbage.")


@pytest.mark.parametrize("host", ["api.hostway.test", "127.0.0.1:8080", "[::1]:80", "[::1]", "a_b~c"])
def test_hosts_come_back_in_links(service: Service, host: str) -> None:
    answer = service.ask(headers={"host": host})

    assert dict(answer.headers)["Location"].startswith(f"http://{host}/servers/")


# Which refusal comes first


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"flaw", "credentials", "path", "method", "server", "media type", "body", "volume", "name", "limit"}, 400),
        ({"credentials", "path", "method", "server", "media type", "body", "volume", "name", "limit"}, 401),
        ({"path", "method", "server", "media type", "body", "volume", "name", "limit"}, 404),
        ({"method", "server", "media type", "body", "volume", "name", "limit"}, 405),
        ({"server", "media type", "body", "volume", "name", "limit"}, 404),
        ({"media type", "body", "volume", "name", "limit"}, 415),
        ({"body", "volume", "name", "limit"}, 400),
        ({"volume", "name", "limit"}, 400),
        ({"name", "limit"}, 409),
        ({"limit"}, 413),
        (set(), 202),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else f"{len(value)} wrong",
)
def test_of_all_that_is_wrong_the_first_in_order_is_told(service: Service, wrong: set[str], status: int) -> None:
    for name in "abc" if "limit" in wrong else "":
        service.server.add_snapshot(name)
    if "volume" in wrong:
        service.server.attach_volume()
    before = service.names

    answer = service.ask(
        body=b"{" if "body" in wrong else b'{"snapshot": {"name": "%s"}}' % (b"a" if "name" in wrong else b"d"),
        target="/nothing" if "path" in wrong else "/servers/x/snapshots" if "server" in wrong else _SNAPSHOTS,
        method="PUT" if "method" in wrong else "POST",
        headers={
            "authorization": None if "credentials" in wrong else _AUTHORIZATION,
            "content-type": "text/plain" if "media type" in wrong else "application/json",
        },
        parse_error="It was garbage." if "flaw" in wrong else "",
    )

    assert answer.status == status
    assert service.names == (before if wrong else ["d"])


# Anything at all


_HEADERS: Final = st.dictionaries(
    st.sampled_from(["host", "authorization", "content-type", "content-length", "accept", "x"]),
    st.one_of(st.text(max_size=30), st.sampled_from(["api.hostway.test", _AUTHORIZATION, "application/json", "3"])),
)
_TARGETS: Final = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [_SNAPSHOTS, _SNAPSHOTS + "/x", "/accounts/jello614636/flexcloud" + _SNAPSHOTS, "http://x" + _SNAPSHOTS]
    ),
)


@given(
    method=st.one_of(st.sampled_from(["GET", "POST", "HEAD", "PUT"]), st.text(max_size=10)),
    target=_TARGETS,
    headers=_HEADERS,
    body=st.one_of(st.binary(max_size=60), st.just(b'{"snapshot": {"name": "a"}}')),
    revision=st.sampled_from(["2013-04", "2013-10"]),
)
@example("POST", _SNAPSHOTS, {"host": "a", "authorization": _AUTHORIZATION}, b'{"snapshot": {"name": "a"}}', "2013-04")
def test_nothing_that_is_sent_breaks_the_service(
    method: str, target: str, headers: dict[str, str], body: bytes, revision: str
) -> None:
    service = Service(revision=revision)
    target, scheme, headers = origin_form(target, "http", headers)

    answer = exchange(service.fake.account.worlds, Request(method, target, headers, body, scheme))

    assert isinstance(answer, Response)
    assert answer.status < 500
    assert answer.reason
    length = int(dict(answer.headers)["Content-Length"])
    assert len(answer.body) == (0 if method == "HEAD" else length)
    assert service.names == (["a"] if answer.status == 202 else [])


# Headers of every answer


def test_the_date_is_that_of_the_world() -> None:
    service = Service()
    service.fake.clock.advance(days=1, seconds=1.5)

    assert dict(service.ask().headers)["Date"] == "Sat, 13 Apr 2013 19:29:01 GMT"
    assert isinstance(service.fake.account.world.clock, FakeClock)


@pytest.mark.parametrize(
    ("target", "moved"),
    [
        ("http://elsewhere:81/a/b?c", ("/a/b?c", "http", {"host": "elsewhere:81"})),
        ("https://elsewhere", ("/", "https", {"host": "elsewhere"})),
        ("/a://b", ("/a://b", "http", {"host": "here"})),
        ("*", ("*", "http", {"host": "here"})),
        ("http://[broken/a", ("http://[broken/a", "http", {"host": "here"})),
    ],
)
def test_an_absolute_target_is_taken_apart(target: str, moved: tuple[str, str, dict[str, str]]) -> None:
    assert origin_form(target, "http", {"host": "here"}) == moved


@pytest.mark.parametrize("scheme", ["javascript", "ftp", "data"])
def test_scheme_of_an_absolute_target_is_taken_only_where_it_is_http(scheme: str, service: Service) -> None:
    target = f"{scheme}://api.hostway.test/servers"
    assert origin_form(target, "http", {"host": "api.hostway.test"}) == (target, "http", {"host": "api.hostway.test"})
    assert service.ask(target=target).status == 404
