"""The same exchanges over every transport: the bytes of the answers do not tell which way was taken."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import requests

from hostway_fake import READINGS, Evidence, FakeHostway, Reliance
from hostway_fake.contract.limits import BODY_LIMIT
from hostway_fake.contract.operations import OPERATIONS

EMPTY: Final = "jello614636-USOTE-0214"
FULL: Final = "jello614636-USOTE-0215"
WITH_VOLUME: Final = "jello614636-USOTE-0216"
ACCOUNT: Final = "/accounts/jello614636/flexcloud"
SNAPSHOTS: Final = f"/servers/{EMPTY}/snapshots"
OF_THE_WIRE: Final = {"date", "server", "connection"}


@dataclass(frozen=True)
class Asked:
    """One request; ``{snapshot}`` in its target is a snapshot that is there, in BUILD."""

    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Heard:
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


Ask = Callable[[Asked], Heard]
Way = Callable[[FakeHostway], AbstractContextManager[Ask]]


def named(name: Any, **more: Any) -> bytes:
    return json.dumps({"snapshot": {"name": name, **more}}).encode()


def _plain(status: int, reason: str, headers: Iterator[tuple[str, str]], body: bytes) -> Heard:
    kept = [(name.lower(), value) for name, value in headers if name.lower() not in OF_THE_WIRE]
    return Heard(status, reason, kept, body)


def _asking(session: requests.Session, base: str) -> Ask:
    """Through ``requests``, with the target as it stands: requests would tidy it."""

    def ask(asked: Asked) -> Heard:
        request = requests.Request(asked.method, base, dict(asked.headers), data=asked.body, auth=None)
        prepared = session.prepare_request(request)
        prepared.headers.setdefault("Host", "api.hostway.test")
        prepared.url = base + asked.target
        answer = session.send(prepared)
        return _plain(answer.status_code, answer.reason, iter(answer.headers.items()), answer.content)

    return ask


@contextmanager
def by_adapter(fake: FakeHostway) -> Iterator[Ask]:
    with fake.session() as session:
        session.auth = None
        yield _asking(session, fake.url)


@contextmanager
def by_socket(fake: FakeHostway) -> Iterator[Ask]:
    with fake.serve() as server, fake.at(server.url).session() as session:
        session.auth = None
        yield _asking(session, server.url)


@contextmanager
def by_wsgi(fake: FakeHostway) -> Iterator[Ask]:
    client = fake.wsgi_app.test_client()

    def ask(asked: Asked) -> Heard:
        answer = client.open(
            asked.target,
            base_url="http://api.hostway.test",
            method=asked.method,
            headers=dict(asked.headers),
            data=asked.body,
        )
        reason = answer.status.partition(" ")[2]
        return _plain(answer.status_code, reason, iter(answer.headers.items()), answer.data)

    yield ask


WAYS: Final[tuple[Way, ...]] = (by_adapter, by_socket, by_wsgi)


def fresh(**options: Any) -> FakeHostway:
    """A fake with a server that has one snapshot in BUILD, a full one, and one with a volume."""
    fake = FakeHostway(seed=7, **options)
    fake.add_server(EMPTY).add_snapshot("there", "BUILD")
    full = fake.add_server(FULL)
    for name in "abc":
        full.add_snapshot(name)
    fake.add_server(WITH_VOLUME).attach_volume("hbs2012May08_61EfdIZ3Y")
    return fake


def heard(way: Way, *requests: Asked, **options: Any) -> list[Heard]:
    """What a fresh fake answers over one way."""
    with fresh(**options) as fake, fake.add_account("michalski275226", "secret"), way(fake) as ask:
        snapshot_id = fake.servers[0].snapshots[0].id
        return [ask(_placed(asked, snapshot_id)) for asked in requests]


def _placed(asked: Asked, snapshot_id: str) -> Asked:
    headers = {"Authorization": "Basic amVsbG82MTQ2MzY6aG9zdHdheQ==", **asked.headers}
    target = asked.target.replace("{snapshot}", snapshot_id)
    return Asked(asked.method, target, asked.body, headers)


POST = "POST"
JSON: Final = {"Content-Type": "application/json"}

EXCHANGES: Final[dict[str, tuple[int, Asked]]] = {
    "create": (202, Asked(POST, SNAPSHOTS, named("nightly"), JSON)),
    "create with a description": (202, Asked(POST, SNAPSHOTS, named("nightly", description="of 12 April"), JSON)),
    "create with a name beyond ASCII": (202, Asked(POST, SNAPSHOTS, '{"snapshot":{"name":"nächtlich"}}'.encode())),
    "create with the page's content type": (
        202,
        Asked(POST, SNAPSHOTS, named("nightly"), {"Content-Type": "application/json Charset=UTF-8"}),
    ),
    "create with no content type": (202, Asked(POST, SNAPSHOTS, named("nightly"))),
    "create with a slash": (202, Asked(POST, SNAPSHOTS + "/", named("nightly"), JSON)),
    "create in the long family": (202, Asked(POST, ACCOUNT + SNAPSHOTS, named("nightly"), JSON)),
    "create with a query": (202, Asked(POST, SNAPSHOTS + "?a=b&c=%2F", named("nightly"), JSON)),
    "get": (200, Asked("GET", SNAPSHOTS + "/{snapshot}")),
    "get with a slash": (200, Asked("GET", SNAPSHOTS + "/{snapshot}/")),
    "get in the long family": (200, Asked("GET", ACCOUNT + SNAPSHOTS + "/{snapshot}")),
    "get with a percent-encoded letter": (200, Asked("GET", "/%73ervers/" + EMPTY + "/snapshots/{snapshot}")),
    "get without the scheme word": (
        200,
        Asked("GET", SNAPSHOTS + "/{snapshot}", b"", {"Authorization": "amVsbG82MTQ2MzY6aG9zdHdheQ=="}),
    ),
    "get with a body": (200, Asked("GET", SNAPSHOTS + "/{snapshot}", b"ignored")),
    "list": (200, Asked("GET", SNAPSHOTS)),
    "list of a full server": (200, Asked("GET", f"/servers/{FULL}/snapshots")),
    "list of a server with none": (200, Asked("GET", f"/servers/{WITH_VOLUME}/snapshots/")),
    "list in the long family": (200, Asked("GET", ACCOUNT + SNAPSHOTS + "/")),
    "head of a snapshot": (200, Asked("HEAD", SNAPSHOTS + "/{snapshot}")),
    "head of a list": (200, Asked("HEAD", SNAPSHOTS)),
    "head of nothing": (404, Asked("HEAD", SNAPSHOTS + "/nothing")),
    "head refused": (401, Asked("HEAD", SNAPSHOTS, b"", {"Authorization": ""})),
    "extra volumes": (400, Asked(POST, f"/servers/{WITH_VOLUME}/snapshots", named("nightly"), JSON)),
    "name taken": (409, Asked(POST, SNAPSHOTS, named("there"), JSON)),
    "limit reached": (413, Asked(POST, f"/servers/{FULL}/snapshots", named("nightly"), JSON)),
    "no credentials": (401, Asked(POST, SNAPSHOTS, named("nightly"), {"Authorization": ""})),
    "wrong password": (401, Asked("GET", SNAPSHOTS, b"", {"Authorization": "Basic amVsbG82MTQ2MzY6d3Jvbmc="})),
    "credentials that are none": (401, Asked("GET", SNAPSHOTS, b"", {"Authorization": "Bearer abc"})),
    "account of another": (403, Asked("GET", "/accounts/michalski275226/flexcloud" + SNAPSHOTS)),
    "account of nobody": (404, Asked("GET", "/accounts/nobody1/flexcloud" + SNAPSHOTS)),
    "unknown server": (404, Asked(POST, "/servers/jello614636-USOTE-0999/snapshots", named("nightly"), JSON)),
    "unknown snapshot": (404, Asked("GET", SNAPSHOTS + "/nothing")),
    "unknown path": (404, Asked("GET", "/nothing")),
    "root": (404, Asked("GET", "/")),
    "account with a slash in it": (404, Asked("GET", "/accounts/jello%2F1/flexcloud" + SNAPSHOTS)),
    "server with a slash in it": (404, Asked("GET", "/servers/a%2Fb/snapshots")),
    "slashes that are encoded": (404, Asked("GET", f"/servers%2F{EMPTY}%2Fsnapshots")),
    "empty segment": (404, Asked("GET", f"/servers//{EMPTY}/snapshots")),
    "two slashes at the end": (404, Asked("GET", SNAPSHOTS + "//")),
    "dots that are encoded": (404, Asked("GET", f"/servers/{EMPTY}/%2E%2E/snapshots/x")),
    "put": (405, Asked("PUT", SNAPSHOTS, named("nightly"), JSON)),
    "patch": (405, Asked("PATCH", SNAPSHOTS + "/{snapshot}", named("nightly"), JSON)),
    "post to a snapshot": (405, Asked(POST, SNAPSHOTS + "/{snapshot}", named("nightly"), JSON)),
    "delete of a list": (405, Asked("DELETE", SNAPSHOTS)),
    "options": (405, Asked("OPTIONS", SNAPSHOTS)),
    "options of a snapshot": (405, Asked("OPTIONS", ACCOUNT + SNAPSHOTS + "/{snapshot}/")),
    "method of no standard": (405, Asked("SNAP", SNAPSHOTS)),
    "media type": (415, Asked(POST, SNAPSHOTS, named("nightly"), {"Content-Type": "text/xml"})),
    "form": (415, Asked(POST, SNAPSHOTS, b"name=a", {"Content-Type": "application/x-www-form-urlencoded"})),
    "no body": (400, Asked(POST, SNAPSHOTS, b"", JSON)),
    "not JSON": (400, Asked(POST, SNAPSHOTS, b"{'snapshot'", JSON)),
    "not UTF-8": (400, Asked(POST, SNAPSHOTS, b'{"snapshot":{"name":"\xff"}}', JSON)),
    "half a surrogate pair": (400, Asked(POST, SNAPSHOTS, b'{"snapshot":{"name":"\\ud800"}}', JSON)),
    "NaN": (400, Asked(POST, SNAPSHOTS, b'{"snapshot":{"name":NaN}}', JSON)),
    "an array": (400, Asked(POST, SNAPSHOTS, b"[]", JSON)),
    "no snapshot": (400, Asked(POST, SNAPSHOTS, b"{}", JSON)),
    "name of a wrong type": (400, Asked(POST, SNAPSHOTS, named(7), JSON)),
    "name that is empty": (400, Asked(POST, SNAPSHOTS, named(""), JSON)),
    "description of a wrong type": (400, Asked(POST, SNAPSHOTS, named("nightly", description=None), JSON)),
    "host that is none": (400, Asked("GET", SNAPSHOTS, b"", {"Host": "a b"})),
}


@pytest.mark.parametrize("revision", ["2013-04", "2013-10"])
@pytest.mark.parametrize(("status", "asked"), EXCHANGES.values(), ids=EXCHANGES)
def test_every_way_in_answers_the_same(status: int, asked: Asked, revision: str) -> None:
    answers = [heard(way, asked, revision=revision) for way in WAYS]

    assert [answer.status for (answer,) in answers] == [status] * len(WAYS)
    assert answers[1:] == answers[:1] * (len(WAYS) - 1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("status", "asked"), EXCHANGES.values(), ids=EXCHANGES)
def test_content_length_is_that_of_get(status: int, asked: Asked, way: Way) -> None:
    """A HEAD has no body; all else has as much as it says."""
    (answer,) = heard(way, asked)
    (with_body,) = (
        heard(way, Asked("GET", asked.target, asked.body, asked.headers)) if asked.method == "HEAD" else [answer]
    )

    assert dict(answer.headers)["content-length"] == str(len(with_body.body))
    assert bool(answer.body) == (asked.method != "HEAD")


ORDER: Final = {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "/flavors/3/", "zone": "AUS001"}
BORN: Final = "/servers/jello614636-AUS001-0004"
VOLUME: Final = "hbs2012May08_61EfdIZ3Y"


def sent(body: object) -> bytes:
    return json.dumps(body).encode()


NEIGHBOURHOOD: Final[tuple[tuple[int, Asked], ...]] = (
    (202, Asked(POST, "/servers", sent({"server": ORDER}), JSON)),
    (400, Asked(POST, "/servers", sent({"server": {**ORDER, "flavorRef": "99"}}), JSON)),
    (200, Asked("GET", BORN)),
    (409, Asked(POST, BORN + "/snapshots", named("nightly"), JSON)),
    (200, Asked("GET", "/servers")),
    (200, Asked("GET", "/servers?status=BUILD&zone=AUS001")),
    (200, Asked("GET", "/servers/detail/")),
    (200, Asked("PUT", f"/servers/{EMPTY}", sent({"server": {"name": "db"}}), JSON)),
    (202, Asked(POST, f"/servers/{EMPTY}/action", sent({"reboot": {"type": "SOFT"}}), JSON)),
    (409, Asked(POST, f"/servers/{EMPTY}/action", sent({"reboot": {"type": "SOFT"}}), JSON)),
    (409, Asked(POST, f"/servers/{EMPTY}/action", sent({"os-stop": None}), JSON)),
    (409, Asked(POST, f"/servers/{FULL}/action", sent({"os-start": None}), JSON)),
    (405, Asked(POST, f"/servers/{EMPTY}/action", sent({"fly": None}), JSON)),
    (400, Asked(POST, f"/servers/{EMPTY}/action", b"{}", JSON)),
    (405, Asked("GET", f"/servers/{EMPTY}/action")),
    (202, Asked(POST, f"/servers/{FULL}/action", sent({"resize": {"flavor": {"id": "4"}}}), JSON)),
    (403, Asked(POST, f"/servers/{WITH_VOLUME}/action", sent({"resize": {"flavor": {"id": "1"}}}), JSON)),
    (202, Asked(POST, "/volumes", sent({"volume": {"size": 5}}), JSON)),
    (400, Asked(POST, "/volumes", sent({"volume": {}}), JSON)),
    (200, Asked("GET", "/volumes")),
    (200, Asked("GET", "/volumes/detail")),
    (200, Asked("GET", f"/volumes/{VOLUME}")),
    (409, Asked("DELETE", f"/volumes/{VOLUME}")),
    (200, Asked("GET", f"/servers/{WITH_VOLUME}/os-volume_attachments")),
    (200, Asked("GET", f"/servers/{WITH_VOLUME}/os-volume_attachments/{VOLUME}")),
    (409, Asked(POST, f"/servers/{EMPTY}/os-volume_attachments", sent({"volumeAttachment": {"volumeId": VOLUME}}))),
    (204, Asked("DELETE", f"/servers/{WITH_VOLUME}/os-volume_attachments/{VOLUME}")),
    (200, Asked(POST, f"/servers/{EMPTY}/os-volume_attachments", sent({"volumeAttachment": {"volumeId": VOLUME}}))),
    (204, Asked("DELETE", f"/servers/{EMPTY}/os-volume_attachments/{VOLUME}")),
    (204, Asked("DELETE", f"/volumes/{VOLUME}")),
    (400, Asked(POST, SNAPSHOTS + "/{snapshot}/action", sent({"action": "restore"}), JSON)),
    (204, Asked("DELETE", SNAPSHOTS + "/{snapshot}/")),
    (404, Asked(POST, SNAPSHOTS + "/{snapshot}/actions", sent({"action": "restore"}), JSON)),
    (200, Asked("GET", "/images")),
    (200, Asked("GET", "/images/detail")),
    (200, Asked("GET", "/images/20GB_Ubuntu%2010.10%20x64%20R1soft")),
    (200, Asked("GET", "/flavors")),
    (200, Asked("GET", "/flavors/detail")),
    (200, Asked("GET", "/flavors/2")),
    (200, Asked("GET", "/zone")),
    (204, Asked("DELETE", f"/servers/{EMPTY}")),
    (404, Asked("GET", SNAPSHOTS)),
)
"""A story that asks for every operation."""


@pytest.mark.parametrize("revision", ["2013-04", "2013-10"])
@pytest.mark.parametrize("base", ["", ACCOUNT])
def test_the_neighbourhood_is_the_same_over_every_way(base: str, revision: str) -> None:
    story = [Asked(asked.method, base + asked.target, asked.body, asked.headers) for _, asked in NEIGHBOURHOOD]

    answers = [heard(way, *story, revision=revision) for way in WAYS]

    assert [answer.status for answer in answers[0]] == [status for status, _ in NEIGHBOURHOOD]
    assert answers[1:] == answers[:1] * (len(WAYS) - 1)


def test_the_stories_ask_for_every_operation() -> None:
    with fresh() as fake, by_adapter(fake) as ask:
        for asked in (*(asked for _, asked in NEIGHBOURHOOD), *(asked for _, asked in EXCHANGES.values())):
            ask(_placed(asked, "nothing"))
        asked_for = {call.operation for call in fake.calls}

    assert asked_for - {None} == {operation.name for operation in OPERATIONS}


def test_the_stories_rely_on_every_reading_and_on_every_label() -> None:
    stories = [[asked for _, asked in NEIGHBOURHOOD], *([asked] for _, asked in EXCHANGES.values())]
    relied: list[Reliance] = []
    for story in stories:
        with fresh() as fake, by_adapter(fake) as ask:
            for asked in story:
                ask(_placed(asked, fake.servers[0].snapshots[0].id))
            relied += fake.evidence()

    assert set(READINGS) <= {each.behavior for each in relied}
    assert {each.label for each in relied} == set(Evidence)


def test_a_story_is_the_same_over_every_way() -> None:
    story = [
        Asked(POST, SNAPSHOTS, named("second"), JSON),
        Asked(POST, SNAPSHOTS, named("second"), JSON),
        Asked(POST, ACCOUNT + SNAPSHOTS, named("third"), JSON),
        Asked(POST, SNAPSHOTS, named("fourth"), JSON),
        Asked("GET", SNAPSHOTS),
    ]

    answers = [heard(way, *story, revision="2013-10") for way in WAYS]

    assert [answer.status for answer in answers[0]] == [202, 409, 202, 413, 200]
    assert answers[1:] == answers[:1] * (len(WAYS) - 1)


@pytest.mark.parametrize(
    ("readings", "asked"),
    [
        ({"over_limit_retry_after": "on"}, EXCHANGES["limit reached"][1]),
        ({"list_status": "202"}, EXCHANGES["list"][1]),
        ({"list_self_link": "server"}, EXCHANGES["list of a full server"][1]),
        ({"authorization": "basic"}, EXCHANGES["get without the scheme word"][1]),
        ({"pending_create_time": "zero"}, EXCHANGES["create"][1]),
    ],
    ids=lambda given: "-".join(given) if isinstance(given, dict) else "",
)
def test_a_reading_shows_the_same_over_every_way(readings: dict[str, str], asked: Asked) -> None:
    by_default = heard(by_adapter, asked)

    answers = [heard(way, asked, readings=readings) for way in WAYS]

    assert answers[0] != by_default
    assert answers[1:] == answers[:1] * (len(WAYS) - 1)


@pytest.mark.parametrize("size", [BODY_LIMIT, BODY_LIMIT + 1], ids=["at the limit", "over the limit"])
def test_a_large_body_is_answered_the_same(size: int) -> None:
    asked = Asked(POST, SNAPSHOTS, named("nightly").ljust(size), JSON)

    answers = [heard(way, asked) for way in WAYS]

    assert answers[0][0].status == (202 if size == BODY_LIMIT else 413)
    assert answers[1:] == answers[:1] * (len(WAYS) - 1)


@pytest.mark.parametrize("way", [by_adapter, by_wsgi])  # on a socket, not every version of requests sends them
def test_slashes_at_the_start_are_not_passed_over(way: Way) -> None:
    (answer,) = heard(way, Asked("GET", "/" + SNAPSHOTS))

    assert answer.status == 404
