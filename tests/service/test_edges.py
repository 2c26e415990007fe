"""Edge cases that are the same for every caller, clock and transport."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import requests

from hostway_fake import FakeClock, FakeHostway
from hostway_fake.contract.limits import DEPTH_LIMIT


class Sundial:
    """A clock of the user's own, in another zone."""

    def now(self) -> datetime:
        return datetime(2013, 4, 12, 21, 29, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("start", "seconds"), [(datetime(9999, 12, 31, 12, tzinfo=UTC), 10**6), (datetime(9990, 1, 1, tzinfo=UTC), 10**9)]
)
def test_a_build_that_ends_after_all_time_is_still_begun(start: datetime, seconds: int) -> None:
    with FakeHostway(clock=FakeClock(start), build_seconds=seconds) as fake:
        server = fake.add_server()
        answer = fake.session().post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})

        assert (answer.status_code, len(server.snapshots)) == (202, 1)


def test_the_date_is_gmt_whatever_the_zone_of_the_clock() -> None:
    with FakeHostway(clock=Sundial()) as fake:
        assert fake.session().get(f"{fake.url}/nothing").headers["Date"] == "Fri, 12 Apr 2013 19:29:00 GMT"


def test_a_wrong_password_is_a_call_to_the_account_that_it_names() -> None:
    with FakeHostway() as fake, fake.add_account("michalski275226", "secret") as other, fake.session() as session:
        fake.faults.on().respond(503)
        session.auth = ("michalski275226", "wrong")

        assert session.get(f"{fake.url}/nothing").status_code == 401
        assert (len(fake.calls), len(other.calls)) == (0, 1)


def test_a_length_shorter_than_the_body_is_refused_on_every_way_in() -> None:
    statuses = set()
    with FakeHostway() as fake, fake.serve() as listening:
        server = fake.add_server()
        for face in (fake, fake.at(listening.url)):
            with face.session() as session:
                url = f"{face.url}/servers/{server.id}/snapshots"
                request = session.prepare_request(requests.Request("POST", url, data=b'{"snapshot":{"name":"a"}}'))
                request.headers["Content-Length"] = "5"
                statuses.add(session.send(request, timeout=5).status_code)

        assert (statuses, server.snapshots) == ({400}, ())


def asked(fake: FakeHostway, depth: int, frames: int) -> int:
    if frames:
        return asked(fake, depth, frames - 1)
    body = b'{"snapshot":{"name":"[{\\"["},"x":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"
    url = f"{fake.url}/servers/{fake.add_server().id}/snapshots"
    return fake.session().post(url, data=body).status_code


@pytest.mark.parametrize(("depth", "status"), [(DEPTH_LIMIT, 202), (DEPTH_LIMIT + 1, 400), (800, 400)])
def test_how_deep_a_body_may_nest_does_not_depend_on_the_caller(depth: int, status: int) -> None:
    with FakeHostway() as fake:
        assert {asked(fake, depth, frames) for frames in (0, 100, 300, 500)} == {status}


def test_many_brackets_beside_each_other_are_not_deep() -> None:
    with FakeHostway() as fake:
        url = f"{fake.url}/servers/{fake.add_server().id}/snapshots"
        body = b'{"snapshot":{"name":"a"},"x":[' + b",".join([b"[]"] * 500) + b"]}"

        assert fake.session().post(url, data=body).status_code == 202


@pytest.mark.parametrize(
    ("start", "zone", "seen"),
    [
        (datetime(9999, 12, 31, 23, tzinfo=UTC), "Asia/Tokyo", "9999-12-31 23:59:59"),
        (datetime(1, 1, 1, 1, tzinfo=UTC), "America/Chicago", "0001-01-01 00:00:00"),
    ],
)
def test_at_the_ends_of_time_a_zone_shows_its_last_instant(start: datetime, zone: str, seen: str) -> None:
    with FakeHostway(clock=FakeClock(start), time_zone=zone) as fake:
        server = fake.add_server()
        url = f"{fake.url}/servers/{server.id}/snapshots"
        assert fake.session().post(url, json={"snapshot": {"name": "a"}}).status_code == 202
        fake.clock.advance(60)

        assert fake.session().get(url).json()["snapshots"][0]["create_time"] == seen
        assert server.attach_volume()[3:7] == seen[:4]


class Westerner:
    """A clock that is at its zone's last instant, which UTC cannot tell."""

    def now(self) -> datetime:
        return datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))


def test_the_date_of_a_clock_beyond_all_time_is_the_last() -> None:
    with FakeHostway(clock=Westerner()) as fake:
        assert fake.session().get(f"{fake.url}/nothing").headers["Date"] == "Fri, 31 Dec 9999 23:59:59 GMT"


@pytest.mark.parametrize("name", ["x y", "x("])
def test_a_header_that_is_none_is_refused_on_every_way_in(name: str) -> None:
    statuses = set()
    with FakeHostway() as fake, fake.serve() as listening:
        server = fake.add_server()
        for face in (fake, fake.at(listening.url)):
            with face.session() as session:
                url = f"{face.url}/servers/{server.id}/snapshots"
                statuses.add(session.post(url, json={"snapshot": {"name": "a"}}, headers={name: "z"}).status_code)

        assert (statuses, server.snapshots) == ({400}, ())


def test_an_answer_without_a_body_has_no_media_type_on_any_way_in() -> None:
    seen = []
    with FakeHostway() as fake, fake.serve() as listening:
        server = fake.add_server()
        for face in (fake, fake.at(listening.url)):
            with face.session() as session:
                snapshot = server.add_snapshot("a")
                answer = session.delete(f"{face.url}/servers/{server.id}/snapshots/{snapshot.id}")
                seen.append((answer.status_code, dict(answer.headers)))

    assert seen[0] == seen[1]
    assert "Content-Type" not in seen[0][1]
