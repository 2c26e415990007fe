"""What is the same whatever the caller, the clock and the way in."""

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
    with FakeHostway() as fake, fake.sibling("michalski275226", "secret") as other, fake.session() as session:
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
