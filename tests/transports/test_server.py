"""The thread server, asked in bytes: what it keeps open, what it refuses, how it stops and what it reports."""

import http.client
import json
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from threading import Event, Thread
from threading import enumerate as running_threads
from typing import IO, TYPE_CHECKING, Any, Final

import httpx
import pytest
import requests

from hostway_fake import FakeHostway, HostwayFakeError, PortTakenError, ServerHandle
from hostway_fake.contract.limits import BODY_LIMIT
from hostway_fake.transports.server import ThreadServer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

SNAPSHOTS: Final = "/servers/jello614636-USOTE-0214/snapshots"
AUTH: Final = "Authorization: Basic amVsbG82MTQ2MzY6aG9zdHdheQ==\r\n"
HOST: Final = "Host: a.test\r\n"
BODY: Final = b'{"snapshot":{"name":"nightly"}}'


class Talk:
    """One connection, in bytes: says what it is told to, reads one answer at a time."""

    def __init__(self, address: tuple[Any, ...]) -> None:
        self.socket = socket.create_connection(address[:2], 20)
        self._file: IO[bytes] = self.socket.makefile("rb")

    def say(self, *parts: str | bytes) -> None:
        self.socket.sendall(b"".join(part.encode("latin-1") if isinstance(part, str) else part for part in parts))

    def line(self) -> str:
        return self._file.readline().decode("latin-1").rstrip("\r\n")

    def hear(self, has_body: bool = True) -> "Heard":
        status = self.line()
        headers = dict(line.split(": ", 1) for line in iter(self.line, ""))
        return Heard(status, headers, self._file.read(int(headers["Content-Length"])) if has_body else b"")

    @property
    def is_over(self) -> bool:
        """Waits for the server's end."""
        return self._file.read(1) == b""

    @property
    def is_cut(self) -> bool:
        """As `is_over`, with or without regard for what the server has not read."""
        try:
            return self.is_over
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self._file.close()
        self.socket.close()


class Heard:
    def __init__(self, status: str, headers: dict[str, str], body: bytes) -> None:
        self.version, code, self.reason = status.split(" ", 2)
        self.status = int(code)
        self.headers = headers
        self.body = body

    @property
    def error(self) -> dict[str, Any]:
        """What stands under the name of the error."""
        (error,) = json.loads(self.body).values()
        assert isinstance(error, dict)
        return error


Dial = Callable[[ThreadServer], Talk]


def post(*headers: str, body: bytes = BODY, auth: str = AUTH) -> bytes:
    """A create, whole; without its length when other headers give one."""
    length = "" if any(re.match("(?i)content-length|transfer-encoding", header) for header in headers) else len(body)
    lines = "".join(header + "\r\n" for header in headers)
    given = f"Content-Length: {length}\r\n" if length != "" else ""
    return f"POST {SNAPSHOTS} HTTP/1.1\r\n{HOST}{auth}{lines}{given}\r\n".encode("latin-1") + body


def get(target: str = SNAPSHOTS, *headers: str, version: str = "HTTP/1.1", host: str = HOST) -> bytes:
    lines = "".join(header + "\r\n" for header in headers)
    return f"GET {target} {version}\r\n{host}{AUTH}{lines}\r\n".encode("latin-1")


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end


@pytest.fixture
def listening(fake: FakeHostway, server: ServerHandle) -> Iterator[ThreadServer]:
    with fake.serve() as listening:
        yield listening


@pytest.fixture
def dial() -> Iterator[Dial]:
    """Connects to a server; what is still open at the end of the test is closed."""
    with ExitStack() as talks:

        def dial(listening: ThreadServer) -> Talk:
            talk = Talk(listening.address)
            talks.callback(talk.close)
            return talk

        yield dial


@pytest.fixture
def talk(dial: Dial, listening: ThreadServer) -> Talk:
    return dial(listening)


@pytest.fixture
def hasty_talk(fake: FakeHostway, server: ServerHandle, dial: Dial) -> Iterator[Talk]:
    """With a server that waits hardly at all for the rest of a request: for requests that have none."""
    with fake.serve(read_timeout=0.05) as listening:
        yield dial(listening)


def names(server: ServerHandle) -> list[str]:
    return [snapshot.name for snapshot in server.snapshots]


# Keep-alive


def test_a_connection_is_kept(talk: Talk, server: ServerHandle) -> None:
    statuses = []
    for _ in range(3):
        talk.say(post())
        statuses.append(talk.hear().status)

    assert statuses == [202, 409, 409]


def test_requests_uses_one_connection_again(fake: FakeHostway, listening: ThreadServer) -> None:
    with fake.at(listening.url).session() as session:
        ports = {_local_port(session.get(listening.url + SNAPSHOTS, stream=True)) for _ in range(3)}

    assert len(ports) == 1


def _local_port(answer: requests.Response) -> int:
    connection: Any = answer.raw.connection
    port: int = connection.sock.getsockname()[1]
    assert answer.content
    return port


def test_http_client_uses_one_connection_again(fake: FakeHostway, listening: ThreadServer) -> None:
    connection = http.client.HTTPConnection(*listening.address)
    connection.connect()
    first = connection.sock
    statuses = []
    for method in ("GET", "HEAD", "POST", "OPTIONS", "GET"):
        connection.request(method, SNAPSHOTS, headers={"Authorization": AUTH[15:-2]})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)

    assert statuses == [200, 200, 400, 405, 200]
    assert connection.sock is first
    connection.close()


def test_pipelined_requests_are_answered_in_order(talk: Talk) -> None:
    talk.say(post() + post() + get() + get("/nothing"))

    assert [talk.hear().status for _ in range(4)] == [202, 409, 200, 404]


def test_a_client_may_end_the_connection(talk: Talk) -> None:
    talk.say(get(SNAPSHOTS, "Connection: close"))

    answer = talk.hear()

    assert (answer.status, answer.headers["Connection"]) == (200, "close")
    assert talk.is_over


@pytest.mark.parametrize(
    "refused", [post(auth=""), post().replace(b"/snapshots", b"/nothing"), post().replace(b"POST", b"PUT")]
)
def test_the_body_of_a_refused_request_is_drained(refused: bytes, talk: Talk, server: ServerHandle) -> None:
    talk.say(refused)
    status = talk.hear().status
    assert names(server) == []
    talk.say(post())

    assert status in (401, 404, 405)
    assert talk.hear().status == 202


def test_an_empty_line_before_a_request_is_passed_over(talk: Talk) -> None:
    talk.say("\r\n\r\n", get(), "\r\n", get())

    assert [talk.hear().status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("request_", [post(), post(auth=""), get(), get("/nothing"), b"nonsense\r\n\r\n"])
def test_every_answer_has_its_length(request_: bytes, talk: Talk) -> None:
    talk.say(request_)

    answer = talk.hear()

    assert int(answer.headers["Content-Length"]) == len(answer.body) > 0


def test_the_answer_to_head_has_a_length_and_no_body(talk: Talk) -> None:
    talk.say(get().replace(b"GET", b"HEAD"), get())

    head, whole = talk.hear(has_body=False), talk.hear()

    assert head.headers["Content-Length"] == str(len(whole.body))
    assert head.status == whole.status == 200


def test_a_request_that_comes_in_pieces_is_put_together(talk: Talk, server: ServerHandle) -> None:
    for byte in post():
        talk.say(bytes([byte]))

    assert talk.hear().status == 202
    assert names(server) == ["nightly"]


def test_an_absolute_target_names_the_host(talk: Talk) -> None:
    talk.say(post().replace(SNAPSHOTS.encode(), b"https://b.test" + SNAPSHOTS.encode()))

    assert talk.hear().headers["Location"].startswith(f"https://b.test{SNAPSHOTS}/snapshot_")


@pytest.mark.parametrize(
    "target", ["//servers", "/../servers", f"/x/..{SNAPSHOTS}", "*", "servers", f"//x{SNAPSHOTS}", "/%00"]
)
def test_a_target_is_taken_as_it_stands(target: str, talk: Talk) -> None:
    talk.say(get(target))

    assert talk.hear().status == 404


def test_doubled_headers_are_joined(talk: Talk, server: ServerHandle) -> None:
    talk.say(post("Authorization: Basic b3RoZXI6b3RoZXI="))

    assert talk.hear().status == 401
    assert names(server) == []


# Heads that come again


def test_a_head_that_comes_again_has_its_own_body(talk: Talk, server: ServerHandle) -> None:
    for name in ("a", "b", "c"):
        talk.say(post(body=b'{"snapshot":{"name":"%b"}}' % name.encode()))
        assert talk.hear().status == 202

    assert [snapshot.name for snapshot in server.snapshots] == ["a", "b", "c"]


def test_of_many_heads_each_is_answered_as_itself(talk: Talk, server: ServerHandle) -> None:
    wanted = [f"snapshot_{number}" for number in range(40)] * 2
    for snapshot_id in wanted:
        talk.say(get(f"{SNAPSHOTS}/{snapshot_id}"), get(host="Host: b.test\r\n"))
        assert (talk.hear().status, talk.hear().status) == (404, 200)


@pytest.mark.parametrize(
    "again",
    [
        get().replace(b"\r\n", b"\n"),
        get().replace(b"\r\n", b"\n", 1),
        get().replace(AUTH.encode(), AUTH.encode().replace(b"\r\n", b"\n")),
        get(SNAPSHOTS, "X-Long: " + "x" * 9000),
        get().replace(b"Host", b"host"),
    ],
    ids=["bare newlines", "a bare newline after the request line", "a bare newline", "long", "another case"],
)
def test_heads_of_any_form_may_come_again(again: bytes, talk: Talk) -> None:
    talk.say(again, get(), again, get("/nothing"), again)

    assert [talk.hear().status for _ in range(5)] == [200, 200, 200, 404, 200]


def test_a_head_without_header_lines_is_not_taken_for_another(talk: Talk) -> None:
    talk.say(get(), b"GET / HTTP/1.1\r\n\r\n", get())

    assert [talk.hear().status for _ in range(3)] == [200, 400, 200]


def test_a_head_that_ends_the_connection_ends_it_when_it_was_met_before_too(
    dial: Dial, listening: ThreadServer
) -> None:
    for _ in range(2):
        talk = dial(listening)
        talk.say(get(), get(), get(SNAPSHOTS, "Connection: close"))
        assert [talk.hear().status for _ in range(3)] == [200, 200, 200]
        assert talk.is_over


# 100-continue


def test_continue_comes_before_the_body_is_sent(talk: Talk) -> None:
    request = post("Expect: 100-continue")
    talk.say(request[: -len(BODY)])
    interim = talk.line(), talk.line()
    talk.say(BODY)

    assert interim == ("HTTP/1.1 100 Continue", "")
    assert talk.hear().status == 202


def test_continue_comes_for_a_body_that_will_be_refused(talk: Talk, server: ServerHandle) -> None:
    talk.say(post("Expect: 100-continue", auth="")[: -len(BODY)])
    interim = talk.line(), talk.line()
    talk.say(BODY, post())

    assert interim == ("HTTP/1.1 100 Continue", "")
    assert [talk.hear().status, talk.hear().status] == [401, 202]


def test_continue_comes_for_chunks(talk: Talk) -> None:
    talk.say(post("Expect: 100-continue", "Transfer-Encoding: chunked", body=b""))
    interim = talk.line(), talk.line()
    talk.say(chunked(BODY))

    assert interim == ("HTTP/1.1 100 Continue", "")
    assert talk.hear().status == 202


def test_an_expectation_is_that_of_its_request_only(talk: Talk) -> None:
    talk.say(post("Expect: 100-continue")[: -len(BODY)])
    assert (talk.line(), talk.line()) == ("HTTP/1.1 100 Continue", "")
    talk.say(BODY, post())

    assert [talk.hear().status, talk.hear().status] == [202, 409]


def test_no_continue_comes_without_a_body(talk: Talk) -> None:
    talk.say(get(SNAPSHOTS, "Expect: 100-continue"))

    assert talk.hear().status == 200


def test_no_continue_comes_for_a_body_over_the_limit(talk: Talk) -> None:
    talk.say(post("Expect: 100-continue", f"Content-Length: {BODY_LIMIT + 1}", body=b""))

    assert talk.hear().status == 413


# Bodies in chunks


@pytest.mark.parametrize(
    "body",
    [
        chunked(BODY),
        chunked(BODY[:5], BODY[5:]),
        chunked(*(BODY[at : at + 1] for at in range(len(BODY)))),
        b"%X;name=value; other\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
        b"000%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
        b"%x \n%b\n000;last\n\n" % (len(BODY), BODY),
        chunked(BODY, end=b"0\r\nExpires: never\r\nX-Other: 1\r\n\r\n"),
    ],
    ids=["one", "two", "byte by byte", "extensions", "zeros before", "bare line feeds", "trailers"],
)
def test_chunks_are_put_together(body: bytes, talk: Talk, server: ServerHandle) -> None:
    talk.say(post("Transfer-Encoding: chunked", body=body), get())

    assert [talk.hear().status, talk.hear().status] == [202, 200]
    assert names(server) == ["nightly"]


@pytest.mark.parametrize(
    ("body", "details"),
    [
        (b"xyz\r\n", "A chunk of the body has no size."),
        (b"\r\n", "A chunk of the body has no size."),
        (b"-1\r\n", "A chunk of the body has no size."),
        (b"0x1f\r\n", "A chunk of the body has no size."),
        (b"1_0\r\n", "A chunk of the body has no size."),
        (b"1" * 17 + b"\r\n", "A chunk of the body has no size."),
        (b"z" * 70_000, "The chunked body ended too early."),
        (b"3\r\n" + BODY + b"\r\n", "A chunk of the body is longer than its size says."),
        (b"ff\r\n" + BODY, f"The body ended after {len(BODY)} of 255 bytes."),
        (b"1", "The chunked body ended too early."),
        (b"", "The chunked body ended too early."),
        (chunked(BODY, end=b""), "The chunked body ended too early."),
        (chunked(BODY, end=b"0\r\nX: 1\r\n"), "The chunked body ended too early."),
    ],
)
def test_chunks_that_are_none_are_refused(body: bytes, details: str, hasty_talk: Talk, server: ServerHandle) -> None:
    hasty_talk.say(post("Transfer-Encoding: chunked", body=body))

    answer = hasty_talk.hear()

    assert (answer.status, answer.error["details"]) == (400, details)
    assert answer.headers["Connection"] == "close"
    assert hasty_talk.is_over
    assert names(server) == []


@pytest.mark.parametrize(
    "headers",
    [
        ["Transfer-Encoding: chunked", f"Content-Length: {len(BODY)}"],
        [f"Content-Length: {len(BODY)}", "Transfer-Encoding: CHUNKED"],
        ["Transfer-Encoding: gzip"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: gzip"],
    ],
)
def test_another_coding_is_refused(headers: list[str], talk: Talk, server: ServerHandle) -> None:
    talk.say(post(*headers, body=chunked(BODY)))

    answer = talk.hear()

    assert answer.status == 400
    assert answer.error["details"] == "Transfer-Encoding must be chunked, and excludes Content-Length."
    assert talk.is_over
    assert names(server) == []


# Lengths


@pytest.mark.parametrize("length", ["-1", "+31", "31.0", "0x1f", "many", "", " ", "3 1", "\xb3\xb1"])
def test_a_length_that_is_no_number_is_refused(length: str, talk: Talk, server: ServerHandle) -> None:
    talk.say(post(f"Content-Length: {length}"))

    answer = talk.hear()

    assert answer.status == 400
    assert answer.error["message"] == "Malformed HTTP request"
    assert answer.error["details"].startswith("Content-Length must be a number, not ")
    assert talk.is_over
    assert names(server) == []


@pytest.mark.parametrize("second", [str(len(BODY)), "5"])
def test_a_doubled_length_is_refused(second: str, talk: Talk, server: ServerHandle) -> None:
    talk.say(post(f"Content-Length: {len(BODY)}", f"Content-Length: {second}"))

    answer = talk.hear()

    assert (answer.status, answer.error["details"]) == (
        400,
        f"Content-Length must be a number, not '{len(BODY)}, {second}'.",
    )
    assert talk.is_over
    assert names(server) == []


@pytest.mark.parametrize("ends", [True, False], ids=["client closes", "client falls silent"])
def test_a_body_that_is_shorter_than_its_length_is_refused(ends: bool, hasty_talk: Talk, server: ServerHandle) -> None:
    hasty_talk.say(post("Content-Length: 100"))
    if ends:
        hasty_talk.socket.shutdown(socket.SHUT_WR)

    answer = hasty_talk.hear()

    assert (answer.status, answer.error["details"]) == (400, f"The body ended after {len(BODY)} of 100 bytes.")
    assert hasty_talk.is_over
    assert names(server) == []


def test_a_body_that_is_longer_than_its_length_is_the_next_request(talk: Talk) -> None:
    talk.say(post(f"Content-Length: {len(BODY)}", body=BODY + b"junk\r\n\r\n"))

    assert [talk.hear().status, talk.hear().status] == [202, 400]
    assert talk.is_over


@pytest.mark.parametrize("length", [BODY_LIMIT + 1, 10**18, 10**5000], ids=["by one", "far", "beyond int"])
def test_a_body_that_is_declared_over_the_limit_is_refused(length: int, talk: Talk, server: ServerHandle) -> None:
    digits = "1" + "0" * 5000 if length > 10**18 else str(length)
    talk.say(post(f"Content-Length: {digits}", body=b""))

    answer = talk.hear()

    assert answer.headers["Connection"] == "close"
    assert answer.error["code"] == answer.status
    assert names(server) == []
    assert talk.is_over


def test_a_body_over_the_limit_meets_a_clear_answer(talk: Talk, server: ServerHandle) -> None:
    talk.say(post(f"Content-Length: {BODY_LIMIT + 1}", body=bytes(BODY_LIMIT + 1)))

    answer = talk.hear()

    assert answer.status == 413
    assert answer.error["details"] == f"The request body may hold up to {BODY_LIMIT} bytes."
    assert names(server) == []


def test_chunks_over_the_limit_meet_a_clear_answer(talk: Talk, server: ServerHandle) -> None:
    half = bytes(BODY_LIMIT // 2)
    talk.say(post("Transfer-Encoding: chunked", body=chunked(half, half, b" ")))

    answer = talk.hear()

    assert answer.status == 413
    assert answer.error["details"] == f"The request body may hold up to {BODY_LIMIT} bytes."
    assert answer.headers["Connection"] == "close"
    assert names(server) == []


def test_requests_hears_the_answer_to_a_body_over_the_limit(fake: FakeHostway, listening: ThreadServer) -> None:
    with fake.at(listening.url).session() as session:
        answer = session.post(listening.url + SNAPSHOTS, data=bytes(BODY_LIMIT + 1))

    assert (answer.status_code, answer.reason) == (413, "Request entity too large")


# What is not HTTP/1.1


def test_a_request_without_host_is_refused(talk: Talk) -> None:
    talk.say(get(host=""), get())

    answer = talk.hear()

    assert (answer.status, answer.error["details"]) == (400, "Host must be a host and an optional port, not ''.")
    assert talk.hear().status == 200


def test_http_1_0_is_answered_and_closed(talk: Talk, listening: ThreadServer) -> None:
    talk.say(get(version="HTTP/1.0", host=""))

    answer = talk.hear()

    assert (answer.version, answer.status, answer.headers["Connection"]) == ("HTTP/1.1", 200, "close")
    assert talk.is_over


def test_http_1_0_may_be_kept(talk: Talk) -> None:
    for _ in range(2):
        talk.say(get(SNAPSHOTS, "Connection: keep-alive", version="HTTP/1.0"))
        answer = talk.hear()
        assert (answer.status, answer.headers["Connection"]) == (200, "keep-alive")


def test_links_under_http_1_0_without_host_name_the_socket(talk: Talk, listening: ThreadServer) -> None:
    talk.say(post().replace(b"HTTP/1.1", b"HTTP/1.0").replace(HOST.encode(), b""))

    assert talk.hear().headers["Location"].startswith(f"{listening.url}{SNAPSHOTS}/snapshot_")


NOT_HTTP: Final = {
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/0.9 with headers": b"GET /servers\r\nHost: a\r\n\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\n\r\n",
    "no version": b"GET / FTP\r\n\r\n",
    "version of no digits": b"GET / HTTP/x.y\r\n\r\n",
    "one word": b"nonsense\r\n\r\n",
    "four words": b"GET / / HTTP/1.1\r\n\r\n",
    "random bytes": bytes(range(1, 10)) + bytes(range(14, 256)) * 3 + b"\r\n\r\n",
    "spaces": b"   \r\n\r\n",
    "long line": b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    "long header": b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 200 + b"\r\n",
}


@pytest.mark.parametrize("sent", NOT_HTTP.values(), ids=NOT_HTTP)
def test_what_is_not_http_1_is_refused(sent: bytes, talk: Talk) -> None:
    talk.say(sent)

    answer = talk.hear()

    assert (answer.version, answer.status, answer.reason) == ("HTTP/1.1", 400, "Bad Request")
    assert answer.error["message"] == "Malformed HTTP request"
    assert answer.error["details"]
    assert answer.headers["Connection"] == "close"
    assert talk.is_over


def test_a_head_that_cannot_be_read_is_answered_without_a_body(talk: Talk) -> None:
    talk.say(b"HEAD / HTTP/1.1\r\n", b"X: 1\r\n" * 200, b"\r\n")

    assert talk.hear(has_body=False).status == 400
    assert talk.is_over


def test_a_refusal_has_its_body_after_a_head(talk: Talk) -> None:
    talk.say(get().replace(b"GET", b"HEAD"), NOT_HTTP["long line"])

    assert talk.hear(has_body=False).status == 200
    assert talk.hear().error["details"] == "The request line is too long."


def test_a_refusal_does_not_disturb_other_connections(dial: Dial, listening: ThreadServer) -> None:
    kept = dial(listening)
    kept.say(get())
    statuses = [kept.hear().status]
    for sent in (b"nonsense\r\n\r\n", post("Content-Length: x")):
        other = dial(listening)
        other.say(sent)
        statuses.append(other.hear().status)
    kept.say(get())

    assert [*statuses, kept.hear().status] == [200, 400, 400, 200]


# Heads that are not finished


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize("cut", [0, 1, 2, 3, 30, 60])
@pytest.mark.parametrize("end", ["closes", "stops talking", "the server stops"])
def test_a_head_that_is_not_finished_does_nothing(
    fake: FakeHostway, server: ServerHandle, dial: Dial, end: str, cut: int, version: str
) -> None:
    snapshot = server.add_snapshot("a")
    head = get(f"{SNAPSHOTS}/{snapshot.id}", version=version).replace(b"GET", b"DELETE").removesuffix(b"\r\n")
    with fake.serve() as listening:
        talk = dial(listening)
        talk.say(head[: len(head) - cut])
        if end == "closes":
            talk.close()
        elif end == "stops talking":
            talk.socket.shutdown(socket.SHUT_WR)
            assert talk.is_over

    assert (server.snapshots[0].status, fake.calls) == ("ACTIVE", ())


# Header lines that are none


@pytest.mark.parametrize(
    "line",
    [
        "X-Bad Name",
        "X Y: z",
        "Content-Length : 25",
        "Transfer-Encoding : chunked",
        ": x",
        "X: a\rb",
        "X: a\0b",
        "X: a\r\n b",
    ],
)
def test_what_follows_a_header_line_that_is_none_is_no_request(line: str, talk: Talk, server: ServerHandle) -> None:
    smuggled = post()
    talk.say(get(SNAPSHOTS, line, f"Content-Length: {len(smuggled)}"), smuggled)

    assert talk.hear().status == 400
    assert names(server) == []
    talk.socket.shutdown(socket.SHUT_WR)
    assert talk.is_cut


@pytest.mark.parametrize(
    "values", [["close"], ["Close"], ["keep-alive, close"], ["close, TE"], ["close\t"], ["keep-alive", "close"]]
)
def test_a_list_of_options_may_end_the_connection(values: list[str], talk: Talk) -> None:
    talk.say(get(SNAPSHOTS, *(f"Connection: {value}" for value in values)))

    assert talk.hear().headers["Connection"] == "close"
    assert talk.is_over


# Clients that go away

LEFT: Final = [
    b"",
    b"GE",
    b"GET / HTTP/1.1\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r",
    post()[:-4],
    post("Content-Length: 9000"),
]


@pytest.mark.parametrize("said", LEFT)
@pytest.mark.parametrize("resets", [False, True], ids=["closes", "resets"])
def test_a_client_may_go_away_anywhere(
    said: bytes, resets: bool, dial: Dial, listening: ThreadServer, server: ServerHandle
) -> None:
    gone, other = dial(listening), dial(listening)
    gone.say(said)
    if resets:
        gone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    gone.close()
    other.say(get())

    assert other.hear().status == 200
    assert names(server) == []


@pytest.mark.parametrize("said", ["GET / HT", "GET / HTTP/1.1\r\nHo", "GET /\r\n"])
def test_a_head_that_stops_in_the_middle_ends_the_connection(said: str, hasty_talk: Talk) -> None:
    hasty_talk.say(said)

    assert hasty_talk.is_over


def test_a_silent_connection_stays_open_between_requests(fake: FakeHostway, server: ServerHandle, dial: Dial) -> None:
    with fake.serve(read_timeout=0.001) as listening:
        talk, waiting = dial(listening), dial(listening)
        talk.say(get())
        statuses = [talk.hear().status]
        waiting.say("GET")
        assert waiting.is_over  # by now the other one was silent for longer than that
        talk.say(get())
        statuses.append(talk.hear().status)
        waiting.close()

    assert statuses == [200, 200]


# Secrets in what cannot be read


@pytest.mark.parametrize(
    "sent",
    [
        "GET http://user:hunter2@a.test/servers HTTP/1.1 x",
        "GET /servers?token=hunter2",
        "POST /servers?token=hunter2 x HTTP/1.1",
        "user:hunter2@a.test/x y",
        "GET / HTTP/hunter2",
        "GET / HTTP/9.0?token=hunter2",
        "Authorization: Basic hunter2",
        "hunter2",
        f"GET / HTTP/1.1\r\n{HOST}X hunter2: x",
        "GET / HTTP/1.1\r\nHost: user:hunter2@a.test",
        "GET / HTTP/1.1\r\nHost: hunter2@a.test",
        "GET:a://user:hunter2@a.test / HTTP/1.1\r\nHost: a.test",
        f"GET / HTTP/1.1\r\n{HOST}Content-Length: user:hunter2@a.test",
        f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\nhunter2",
    ],
)
def test_secret_in_what_cannot_be_read_is_not_told(sent: str, talk: Talk, fake: FakeHostway) -> None:
    talk.say(f"{sent}\r\n\r\n")

    answer = talk.hear()

    assert (answer.status, answer.error["message"]) == (400, "Malformed HTTP request")
    for told in (answer.body.decode(), str(tuple(fake.calls[-1])), str(fake.timeline()), fake.timeline().to_json()):
        assert "hunter2" not in told


# A request has one deadline, from its first byte


def test_part_of_a_request_that_came_with_the_one_before_has_a_deadline(hasty_talk: Talk) -> None:
    hasty_talk.say(get() + b"GET /servers HT")

    assert hasty_talk.hear().status == 200
    assert hasty_talk.is_over


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    ("begun", "piece"),
    [
        (b"GET / HTTP/1.1\r\nX: ", b"x"),
        (post("Content-Length: 16000000", body=b""), b" "),
        (post("Transfer-Encoding: chunked", body=b"0\r\n"), b"X: trailer\r\n"),
        (post("Transfer-Encoding: chunked", body=b"5;"), b"x"),
    ],
    ids=["head", "body", "trailers", "extension of a chunk"],
)
def test_request_that_never_ends_is_cut_at_its_deadline(begun: bytes, piece: bytes, hasty_talk: Talk) -> None:
    hasty_talk.say(begun)

    assert _dribbles_until_cut(hasty_talk, piece)


@pytest.mark.timeout(10)
def test_refused_client_that_goes_on_is_cut_at_a_deadline(hasty_talk: Talk) -> None:
    hasty_talk.say(b"nonsense\r\n\r\n")

    assert hasty_talk.hear().status == 400
    assert _dribbles_until_cut(hasty_talk, b"x")


def _dribbles_until_cut(talk: Talk, piece: bytes) -> bool:
    while True:
        try:
            talk.say(piece)
        except OSError:
            return True


def test_idle_connection_is_closed_where_that_was_asked_for(
    fake: FakeHostway, server: ServerHandle, dial: Dial
) -> None:
    with fake.serve(idle_timeout=0.01) as listening:
        fresh, kept = dial(listening), dial(listening)
        kept.say(get())

        assert kept.hear().status == 200
        assert kept.is_over
        assert fresh.is_over


def test_idle_timeout_is_not_that_of_a_request(fake: FakeHostway, server: ServerHandle, dial: Dial) -> None:
    with fake.serve(idle_timeout=30, read_timeout=0.01) as listening:
        talk = dial(listening)
        talk.say("GET / HT")

        assert talk.is_over


def test_a_client_that_has_said_all_still_hears(talk: Talk) -> None:
    talk.say(get())
    talk.socket.shutdown(socket.SHUT_WR)

    assert talk.hear().status == 200
    assert talk.is_over


# Beginning and end


def test_it_listens_before_the_block_begins(fake: FakeHostway, dial: Dial) -> None:
    with fake.serve() as listening:
        talk = dial(listening)
        talk.say(get("/nothing"))
        assert talk.hear().status == 404


def test_stop_ends_idle_connections(fake: FakeHostway, server: ServerHandle, dial: Dial) -> None:
    with fake.serve(read_timeout=3600) as listening:
        idle = [dial(listening) for _ in range(5)]
        idle[0].say(get())
        idle[0].hear()
        idle[1].say("GET /half HTT")
        listening.stop()
        assert all(talk.is_cut for talk in idle)


def test_stop_waits_for_its_threads(fake: FakeHostway, dial: Dial) -> None:
    before = set(running_threads())
    with fake.serve() as listening:
        talk = dial(listening)
        talk.say(get("/nothing"))
        talk.hear()
        assert len(set(running_threads()) - before) == 2
        listening.stop()
        assert not set(running_threads()) - before


def test_nothing_listens_after_stop(fake: FakeHostway, dial: Dial) -> None:
    with fake.serve() as listening:
        listening.stop()
        with pytest.raises(ConnectionRefusedError):
            dial(listening)


def test_a_second_stop_does_nothing(fake: FakeHostway) -> None:
    with fake.serve() as listening:
        listening.stop()
        listening.stop()


def test_closing_the_fake_stops_its_servers(server: ServerHandle, dial: Dial) -> None:
    with FakeHostway() as fake, fake.serve() as first, fake.serve() as second:
        fake.close()
        for listening in (first, second):
            with pytest.raises(ConnectionRefusedError):
                dial(listening)


def test_a_port_can_be_used_again_at_once(fake: FakeHostway, dial: Dial) -> None:
    with fake.serve() as first:
        talk = dial(first)
        talk.say(get("/nothing"))
        talk.hear()

    with fake.serve(port=first.address[1]) as second:
        assert second.url == first.url


def test_the_application_may_stop_the_server(fake: FakeHostway, dial: Dial) -> None:
    """Called from one of its own threads, stop does not wait for that one."""
    stopped = Event()

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        serving.stop()
        stopped.set()
        start_response("204 No Content", [])
        return []

    with fake.serve() as serving:
        serving.app = app
        talk = dial(serving)
        talk.say(get())
        assert stopped.wait(20)
        assert talk.is_over


def test_a_taken_port_is_named(fake: FakeHostway) -> None:
    with fake.serve() as listening:
        port = listening.address[1]
        with (
            pytest.raises(PortTakenError, match=f"cannot listen on 127.0.0.1 port {port}: ") as raised,
            fake.serve(port=port),
        ):
            pass

    assert isinstance(raised.value, OSError)
    assert raised.value.errno


def test_a_host_that_is_not_this_machine_s_is_named(fake: FakeHostway) -> None:
    with pytest.raises(PortTakenError, match=r"cannot listen on 192\.0\.2\.1 port 0: "), fake.serve("192.0.2.1"):
        pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": 7}, "host: got 7, expected a string"),
        ({"host": "nowhere.invalid"}, "cannot listen on nowhere.invalid port 0: "),
        ({"read_timeout": 0}, "read_timeout: got 0, expected a number above 0"),
        ({"idle_timeout": 0}, "idle_timeout: got 0, expected a number above 0"),
        ({"read_timeout": "5"}, "read_timeout: got '5', expected a number"),
    ],
)
def test_where_and_how_it_listens_is_checked(fake: FakeHostway, options: dict[str, Any], message: str) -> None:
    with pytest.raises(HostwayFakeError, match=re.escape(message)), fake.serve(**options):
        pass


@pytest.mark.parametrize("port", [-1, 65536, "80", 80.0, None, True])
def test_a_port_that_is_none_is_refused(port: Any, fake: FakeHostway) -> None:
    expected = rf"port: got {port!r}, expected a number from 0 to 65535"
    with pytest.raises(ValueError, match=expected), fake.serve(port=port):
        pass


def test_any_address_can_be_stopped(fake: FakeHostway) -> None:
    with fake.serve("0.0.0.0") as listening:
        talk = Talk(("127.0.0.1", listening.address[1]))
        talk.say(get("/nothing"))
        status = talk.hear().status
        talk.close()

    assert status == 404
    assert listening.url.startswith("http://0.0.0.0:")


def test_ipv6_is_served_where_the_machine_has_it(fake: FakeHostway, server: ServerHandle, dial: Dial) -> None:
    """Where it has none, the error says so."""
    with ExitStack() as served:
        try:
            listening = served.enter_context(fake.serve("::1"))
        except PortTakenError as error:
            assert "cannot listen on ::1 port 0: " in str(error)  # noqa: PT017
            return
        talk = dial(listening)
        served.callback(talk.close)
        talk.say(post().replace(HOST.encode(), f"Host: {listening.authority}\r\n".encode()))
        assert talk.hear().headers["Location"].startswith(f"http://[::1]:{listening.address[1]}/servers/")


# Exceptions


def _failing(*errors: Exception) -> "WSGIApplication":
    left = iter(errors)

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        raise next(left)

    return app


def _ask(fake: FakeHostway, dial: Dial, app: "WSGIApplication", heard: list[Heard], times: int = 1) -> None:
    """Serve an application, and ask it as often as told, each time on a connection of its own, until that ends."""
    with fake.serve() as listening:
        listening.app = app
        for _ in range(times):
            talk = dial(listening)
            talk.say(get(), get())
            heard.append(talk.hear())
            assert talk.is_cut


def test_an_exception_is_a_500_for_the_client(fake: FakeHostway, dial: Dial) -> None:
    heard: list[Heard] = []

    with pytest.raises(KeyError, match="lost"):
        _ask(fake, dial, _failing(KeyError("lost")), heard)

    (answer,) = heard
    assert (answer.status, answer.reason) == (500, "Internal Server Error")
    assert list(json.loads(answer.body)) == ["computeFault"]
    assert answer.error["details"] == "KeyError: 'lost'"
    assert answer.headers["Connection"] == "close"


def test_an_exception_under_head_has_no_body(fake: FakeHostway, dial: Dial) -> None:
    over: list[bool] = []

    def block() -> None:
        with fake.serve() as listening:
            listening.app = _failing(KeyError("lost"))
            talk = dial(listening)
            talk.say(get().replace(b"GET", b"HEAD"))
            over.append(talk.hear(has_body=False).status == 500 and talk.is_over)

    with pytest.raises(KeyError, match="lost"):
        block()

    assert over == [True]


def test_several_exceptions_come_as_a_group(fake: FakeHostway, dial: Dial) -> None:
    first, second = KeyError("a"), ValueError("b")
    heard: list[Heard] = []

    with pytest.raises(ExceptionGroup, match="in the server") as raised:
        _ask(fake, dial, _failing(first, second), heard, times=2)

    assert raised.value.exceptions == (first, second)
    assert [answer.status for answer in heard] == [500, 500]


def test_failures_are_raised_once(fake: FakeHostway, dial: Dial) -> None:
    with fake.serve() as listening:
        listening.app = _failing(KeyError("lost"))
        talk = dial(listening)
        talk.say(get())
        talk.hear()
        with pytest.raises(KeyError, match="lost"):
            listening.raise_failures()
        listening.raise_failures()


def test_an_exception_of_the_block_goes_before_those_of_the_server(fake: FakeHostway, dial: Dial) -> None:
    def block() -> None:
        with fake.serve() as listening:
            listening.app = _failing(KeyError("lost"))
            talk = dial(listening)
            talk.say(get())
            talk.hear()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()


def test_an_answer_that_cannot_be_sent_is_raised_again(fake: FakeHostway, dial: Dial) -> None:
    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 \N{SNOWMAN}", [])
        return []

    def block() -> None:
        with fake.serve() as listening:
            listening.app = app
            talk = dial(listening)
            talk.say(get())
            assert talk.is_cut

    with pytest.raises(UnicodeEncodeError):
        block()


def test_what_the_application_writes_is_sent(fake: FakeHostway, dial: Dial) -> None:
    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        write = start_response("200 OK", [("Content-Length", "6")])
        write(b"abc")
        return [b"def"]

    with fake.serve() as listening:
        listening.app = app
        talk = dial(listening)
        talk.say(get())
        answer = talk.hear()

    assert sorted(answer.body) == list(b"abcdef")


# Other clients, many clients


def test_httpx_is_served(fake: FakeHostway, listening: ThreadServer, server: ServerHandle) -> None:
    with httpx.Client(base_url=listening.url, auth=fake.auth, trust_env=False) as client:
        created = client.post(SNAPSHOTS, json={"snapshot": {"name": "nightly"}})
        fake.clock.advance(minutes=5)
        later = client.get(created.headers["Location"])

    assert (created.status_code, later.json()["snapshot"]["status"]) == (202, "ACTIVE")
    assert names(server) == ["nightly"]


def test_twenty_clients_are_served_at_once(fake: FakeHostway, listening: ThreadServer, dial: Dial) -> None:
    """Each keeps its connection while all the others have theirs."""
    servers = [fake.add_server() for _ in range(20)]

    def ask(handle: ServerHandle, talk: Talk) -> list[int]:
        said = post().replace(SNAPSHOTS.encode(), f"/servers/{handle.id}/snapshots".encode())
        statuses = []
        for _ in range(5):
            talk.say(said)
            statuses.append(talk.hear().status)
        return statuses

    talks = [dial(listening) for _ in servers]
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(ask, servers, talks))

    assert answers == [[202, 409, 409, 409, 409]] * 20


def test_clients_may_connect_while_it_stops(fake: FakeHostway) -> None:
    for _ in range(20):
        with fake.serve() as listening:
            address = listening.address

            def knock(address: tuple[Any, ...] = address) -> None:
                with suppress(OSError):
                    Talk(address).close()

            knockers = [Thread(target=knock) for _ in range(4)]
            for knocker in knockers:
                knocker.start()
        for knocker in knockers:
            knocker.join(20)
            assert not knocker.is_alive()


# One reading of a head, whatever the transport


@pytest.mark.parametrize(
    "head",
    [
        "GET /servers HTTP/1.1\r\nHost: a.test\r\nX: a\rContent-Length: 25\r\n\r\n",
        "GET /servers HTTP/1.0\r\nX: a\rContent-Length: 25\r\n\r\n",
        "GET\r/servers HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "GET /servers HTTP/1.0\r\nHost: a.test\r\nFoo bar\r\nContent-Length: 5\r\n\r\n",
        "GET /servers HTTP/1.2\r\nHost: a.test\r\nFoo bar\r\nContent-Length: 5\r\n\r\n",
    ],
    ids=["bare CR", "bare CR in HTTP/1.0", "bare CR in the request line", "no header in 1.0", "no header in 1.2"],
)
def test_malformed_line_of_a_head_is_refused_in_every_version(talk: Talk, head: str) -> None:
    talk.say(head)
    assert talk.hear().status == 400
    assert talk.is_cut


def test_header_with_an_underscore_is_not_taken_for_one_with_a_hyphen(talk: Talk, server: ServerHandle) -> None:
    talk.say(f"POST {SNAPSHOTS} HTTP/1.1\r\n{HOST}{AUTH}Content_Length: 5\r\nContent-Length: {len(BODY)}\r\n\r\n", BODY)
    assert talk.hear().status == 202
    assert names(server) == ["nightly"]


@pytest.mark.parametrize("zeros", [20, 5_000])
def test_zeros_before_a_content_length_mean_nothing_on_any_way_in(
    talk: Talk, server: ServerHandle, fake: FakeHostway, zeros: int
) -> None:
    length = "0" * zeros + str(len(BODY))
    talk.say(post(f"Content-Length: {length}"))
    assert talk.hear().status == 202
    headers = {"Authorization": AUTH.split(": ")[1].strip(), "Content-Length": length}
    answer = fake.wsgi_app.test_client().post(SNAPSHOTS, data=BODY, headers=headers)
    assert (answer.status_code, fake.session().post(fake.url + SNAPSHOTS, data=BODY).status_code) == (409, 409)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/mixed; boundary=a", "message/rfc822", "message/x"])
def test_type_of_a_body_is_no_defect_of_the_head(
    talk: Talk, server: ServerHandle, fake: FakeHostway, kind: str
) -> None:
    talk.say(post(f"Content-Type: {kind}"))
    in_process = fake.session().post(fake.url + SNAPSHOTS, data=BODY, headers={"Content-Type": kind})
    assert (talk.hear().status, in_process.status_code, names(server)) == (415, 415, [])
