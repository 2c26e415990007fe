"""The page ``ServerSnapshotCreate``, revision 552, sentence by sentence."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
import requests

from hostway_fake import START, FakeHostway, ServerHandle

_PAGE: Final = ("ServerSnapshotCreate", "552")
_KEYS: Final = [
    "id",
    "name",
    "description",
    "status",
    "guid",
    "parent_guid",
    "relation_guid",
    "create_time",
    "links",
]
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

Create = Callable[..., requests.Response]

documented = pytest.mark.documented(*_PAGE)
contradicted = pytest.mark.contradicted(*_PAGE)
assumed = pytest.mark.assumed(*_PAGE)


@pytest.fixture(params=["", "/accounts/jello614636/flexcloud"], ids=["short", "long"])
def base(request: pytest.FixtureRequest) -> str:
    """What goes before a path, in either family."""
    return str(request.param)


def snapshot(answer: requests.Response) -> dict[str, Any]:
    found = answer.json()["snapshot"]
    assert isinstance(found, dict)
    return found


@documented
def test_it_is_posted_to_the_snapshots_of_a_server(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, base: str
) -> None:
    answer = session.post(f"{fake.url}{base}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})

    assert (answer.status_code, answer.reason) == (202, "Accepted")
    assert [snapshot.name for snapshot in server.snapshots] == ["a"]


@documented
def test_it_is_asynchronous_and_can_be_followed_by_the_location(
    fake: FakeHostway, session: requests.Session, create: Create
) -> None:
    created = create("a")
    assert snapshot(created)["status"] == "BUILD"
    assert snapshot(session.get(created.headers["Location"]))["status"] == "BUILD"

    fake.clock.advance(minutes=5)

    assert snapshot(session.get(created.headers["Location"]))["status"] == "ACTIVE"


@documented
def test_it_can_be_followed_by_the_self_link(fake: FakeHostway, session: requests.Session, create: Create) -> None:
    (link,) = snapshot(create("a"))["links"]
    fake.clock.advance(minutes=5)

    assert link["rel"] == "self"
    assert snapshot(session.get(link["href"]))["status"] == "ACTIVE"


@documented
def test_name_and_description_come_back(create: Create) -> None:
    made = snapshot(create("fitnesse snapshot", description="fitnesse test snapshot"))

    assert (made["name"], made["description"]) == ("fitnesse snapshot", "fitnesse test snapshot")


@documented
def test_the_keys_come_in_the_order_of_the_page(create: Create) -> None:
    assert list(snapshot(create("a"))) == _KEYS


@documented
def test_every_value_but_the_links_is_a_string(fake: FakeHostway, session: requests.Session, create: Create) -> None:
    created = create("a")
    fake.clock.advance(minutes=5)

    for answer in (created, session.get(created.headers["Location"])):
        made = snapshot(answer)
        assert isinstance(made.pop("links"), list)
        assert {type(value) for value in made.values()} == {str}


@documented
def test_pending_guids_are_empty_strings(create: Create) -> None:
    made = snapshot(create("a"))

    assert (made["guid"], made["parent_guid"], made["relation_guid"]) == ("", "", "")


@contradicted
def test_a_pending_create_time_is_empty_by_the_rule(create: Create) -> None:
    assert snapshot(create("a"))["create_time"] == ""


@contradicted
def test_a_pending_create_time_is_zero_by_the_sample() -> None:
    with FakeHostway(readings={"pending_create_time": "zero"}) as fake:
        server = fake.add_server()
        answer = fake.session().post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})

        assert snapshot(answer)["create_time"] == "0000-00-00 00:00:00"


@documented
def test_the_self_link_is_absolute_and_ends_in_a_slash(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, base: str
) -> None:
    made = snapshot(session.post(f"{fake.url}{base}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}}))

    href = f"http://api.hostway.test{base}/servers/{server.id}/snapshots/{made['id']}/"
    assert made["links"] == [{"href": href, "rel": "self"}]


@documented
@pytest.mark.parametrize("url", ["https://api.hostway.com", "http://127.0.0.1:6543", "http://[::1]:6543"])
def test_links_have_the_scheme_and_host_that_the_client_used(url: str) -> None:
    with FakeHostway(url=url) as fake:
        server = fake.add_server()
        answer = fake.session().post(f"{url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})

        assert snapshot(answer)["links"][0]["href"].startswith(f"{url}/servers/{server.id}/snapshots/snapshot_")


@assumed
def test_the_location_is_the_self_link(create: Create) -> None:
    answer = create("a")

    assert answer.headers["Location"] == snapshot(answer)["links"][0]["href"]


@assumed
def test_a_trailing_slash_makes_no_difference_and_no_redirect(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, base: str
) -> None:
    answer = session.post(f"{fake.url}{base}/servers/{server.id}/snapshots/", json={"snapshot": {"name": "a"}})

    assert (answer.status_code, answer.history) == (202, [])


@documented
def test_the_statuses_are_three(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    seen = set()
    url = f"{fake.url}/servers/{server.id}/snapshots/{server.add_snapshot('a', status='BUILD').id}"
    seen.add(snapshot(session.get(url))["status"])
    fake.clock.advance(60)
    seen.add(snapshot(session.get(url))["status"])
    server.delete_snapshot(server.snapshots[0].id)
    seen.add(snapshot(session.get(url))["status"])

    assert seen == {"BUILD", "ACTIVE", "DELETED"}


# The failures of the page


@documented
@pytest.mark.parametrize("revision", ["2013-04", "2013-10"])
@pytest.mark.parametrize(
    ("status", "reason", "name", "message", "details"),
    [
        (
            400,
            "Bad Request",
            "badRequest",
            "ServerContainsExtraVolumes",
            "The snapshot cannot be created because the server contains extra volumes.",
        ),
        (409, "Conflict", "conflict", "SnapshotNameNotUnique", "The snapshot name must be unique in a server."),
        (
            413,
            "Request entity too large",
            "overLimit",
            "SnapshotLimitReached",
            "The snapshot can be created up to 3 in a server.",
        ),
    ],
)
def test_what_the_page_refuses(
    revision: str, status: int, reason: str, name: str, message: str, details: str, base: str
) -> None:
    with FakeHostway(revision=revision) as fake:
        server = fake.add_server()
        if status == 400:
            server.attach_volume()
        elif status == 409:
            server.add_snapshot("a")
        else:
            for taken in "bcd":
                server.add_snapshot(taken)
        before = server.snapshots

        answer = fake.session().post(
            f"{fake.url}{base}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}}
        )

        assert (answer.status_code, answer.reason) == (status, reason)
        fields = answer.json()[name]
        assert list(answer.json()) == [name]
        assert list(fields) == ["message", "code", "details", *(["errorid"] if revision == "2013-10" else [])]
        assert (fields["message"], fields["code"], fields["details"]) == (message, status, details)
        assert "Retry-After" not in answer.headers
        assert server.snapshots == before


@documented
def test_a_name_is_unique_in_its_server_only(fake: FakeHostway, create: Create, session: requests.Session) -> None:
    create("a")
    other = fake.add_server()

    answer = session.post(f"{fake.url}/servers/{other.id}/snapshots", json={"snapshot": {"name": "a"}})

    assert answer.status_code == 202


@documented
def test_three_can_be_created_in_a_server(create: Create) -> None:
    assert [create(name).status_code for name in "abcd"] == [202, 202, 202, 413]


@assumed
@pytest.mark.parametrize("status", ["BUILD", "ACTIVE"])
def test_pending_and_active_ones_count_and_hold_their_names(server: ServerHandle, create: Create, status: str) -> None:
    for name in "abc":
        server.add_snapshot(name, status=status)

    assert [create("a").status_code, create("d").status_code] == [409, 413]


@assumed
@pytest.mark.parametrize(("value", "statuses"), [("false", [202, 202]), ("true", [409, 413])])
def test_a_deleted_one_counts_and_holds_its_name_or_does_not(value: str, statuses: list[int]) -> None:
    with FakeHostway(readings={"deleted_count": value}) as fake:
        server = fake.add_server()
        for name, status in (("a", "DELETED"), ("b", "ACTIVE"), ("c", "ACTIVE")):
            server.add_snapshot(name, status=status)
        url = f"{fake.url}/servers/{server.id}/snapshots"

        answers = []
        for name in ("a", "d"):
            answers.append(fake.session().post(url, json={"snapshot": {"name": name}}).status_code)
            if answers[-1] == 202:
                server.delete_snapshot(server.snapshots[-1].id)

        assert answers == statuses


@assumed
def test_names_that_differ_in_case_differ(create: Create) -> None:
    assert [create("nightly").status_code, create("Nightly").status_code] == [202, 202]


@assumed
def test_any_attached_volume_is_an_extra_one(server: ServerHandle, create: Create) -> None:
    volume = server.attach_volume("hbs2012May08_61EfdIZ3Y")
    assert create("a").status_code == 400

    server.detach_volume(volume)

    assert create("a").status_code == 202


@assumed
@pytest.mark.parametrize(
    "order", ["400,409,413", "400,413,409", "409,400,413", "409,413,400", "413,400,409", "413,409,400"]
)
def test_refusals_come_in_the_order_of_the_reading(order: str) -> None:
    with FakeHostway(readings={"refusal_order": order}) as fake:
        server = fake.add_server()
        for name in "abc":
            server.add_snapshot(name)
        server.attach_volume()

        answer = fake.session().post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})

        assert str(answer.status_code) == order[:3]


# The request


@documented
@pytest.mark.parametrize("authorization", ["amVsbG82MTQ2MzY6aG9zdHdheQ==", "Basic amVsbG82MTQ2MzY6aG9zdHdheQ=="])
def test_the_page_s_own_request_is_answered(fake: FakeHostway, server: ServerHandle, authorization: str) -> None:
    with requests.Session() as session:
        fake.mount(session)
        answer = session.post(
            f"{fake.url}/servers/{server.id}/snapshots",
            data='{ "snapshot": { "name": "fitnesse snapshot", "description": "fitnesse test snapshot" } }',
            headers={"Content-Type": "application/json Charset=UTF-8", "Authorization": authorization},
        )

    assert answer.status_code == 202
    assert snapshot(answer)["name"] == "fitnesse snapshot"


@assumed
@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/json", 202),
        ("application/json; charset=UTF-8", 202),
        ("Application/JSON;x=y", 202),
        ("application/json Charset=UTF-8", 202),
        (None, 202),
        ("", 202),
        ("text/plain", 415),
        ("application/xml", 415),
        ("application/jsonp", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_json_or_no_media_type_is_taken(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, media_type: str | None, status: int
) -> None:
    answer = session.post(
        f"{fake.url}/servers/{server.id}/snapshots",
        data=b'{"snapshot": {"name": "a"}}',
        headers={"Content-Type": media_type},
    )

    assert answer.status_code == status
    assert len(server.snapshots) == (status == 202)
    if status == 415:
        assert media_type is not None
        assert answer.json()["badMediaType"]["details"] == f"The body must be application/json, not '{media_type}'."


@assumed
def test_a_description_may_be_left_out_and_other_keys_are_ignored(create: Create) -> None:
    made = snapshot(create("a", flavour="strawberry", status="ACTIVE"))

    assert (made["description"], made["status"], list(made)) == ("", "BUILD", _KEYS)


# Identifiers, guids and times of what became ACTIVE


@documented
def test_an_id_names_the_server_and_the_day(create: Create) -> None:
    made = snapshot(create("a"))

    assert re.fullmatch(r"snapshot_jello614636-USOTE-0214_2013Apr12_[0-9A-Za-z]{9}", made["id"])


@documented
@pytest.mark.parametrize(
    ("month", "name"),
    list(enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)),
)
def test_months_are_english_and_days_have_two_digits(
    fake: FakeHostway, server: ServerHandle, create: Create, month: int, name: str
) -> None:
    fake.clock.advance_to(START.replace(year=2014, month=month, day=3))

    assert f"_2014{name}03_" in snapshot(create("a"))["id"]


@assumed
def test_the_day_of_an_id_is_that_of_the_time_zone() -> None:
    with FakeHostway(time_zone="Pacific/Kiritimati") as fake:
        assert "_2013Apr13_" in fake.add_server().add_snapshot("a").id


@pytest.fixture
def three(fake: FakeHostway, server: ServerHandle, create: Create) -> Iterator[list[dict[str, Any]]]:
    """Three snapshots that became ACTIVE in another order than that of their requests: c, a, b."""
    hrefs = []
    for name, seconds in (("a", 20), ("b", 30), ("c", 10)):
        fake.builds.next(seconds=seconds)
        hrefs.append(create(name).headers["Location"])
    fake.clock.advance(hours=1)
    with fake.session() as session:
        yield [snapshot(session.get(href)) for href in hrefs]


@assumed
def test_guids_are_lower_case_uuids(three: list[dict[str, Any]]) -> None:
    for made in three:
        for key in ("guid", "parent_guid", "relation_guid"):
            assert _UUID.fullmatch(made[key])
    assert len({made["guid"] for made in three}) == 3


@assumed
def test_a_server_has_one_relation_guid(three: list[dict[str, Any]], fake: FakeHostway) -> None:
    other = fake.add_server()
    theirs = other.add_snapshot("a")
    with fake.session() as session:
        made = snapshot(session.get(f"{fake.url}/servers/{other.id}/snapshots/{theirs.id}"))

    assert len({made["relation_guid"] for made in three}) == 1
    assert made["relation_guid"] != three[0]["relation_guid"]


@assumed
def test_a_parent_is_the_last_that_became_active(three: list[dict[str, Any]]) -> None:
    first, second, third = three[2], three[0], three[1]

    assert first["parent_guid"] == first["relation_guid"]
    assert (second["parent_guid"], third["parent_guid"]) == (first["guid"], second["guid"])


@assumed
def test_a_create_time_is_the_instant_of_becoming_active(three: list[dict[str, Any]]) -> None:
    assert [made["create_time"] for made in three] == [
        "2013-04-12 19:29:20",
        "2013-04-12 19:29:30",
        "2013-04-12 19:29:10",
    ]


@assumed
def test_a_create_time_is_that_of_the_request_by_the_other_reading() -> None:
    with FakeHostway(readings={"create_time_is": "requested"}) as fake:
        server = fake.add_server()
        fake.clock.advance(5)
        made = server.add_snapshot("a", status="BUILD")
        fake.clock.advance(hours=1)
        answer = fake.session().get(f"{fake.url}/servers/{server.id}/snapshots/{made.id}")

        assert snapshot(answer)["create_time"] == "2013-04-12 19:29:05"


@assumed
def test_a_create_time_is_in_the_time_zone_of_the_fake() -> None:
    with FakeHostway(time_zone="America/Chicago") as fake:
        server = fake.add_server()
        made = server.add_snapshot("a")
        answer = fake.session().get(f"{fake.url}/servers/{server.id}/snapshots/{made.id}")

        assert snapshot(answer)["create_time"] == "2013-04-12 14:29:00"


@assumed
def test_the_same_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    def bodies(seed: int) -> list[bytes]:
        with FakeHostway(seed=seed) as fake:
            server = fake.add_server()
            url = f"{fake.url}/servers/{server.id}/snapshots"
            created = fake.session().post(url, json={"snapshot": {"name": "a"}})
            fake.clock.advance(timedelta(minutes=1))
            return [created.content, fake.session().get(url).content]

    assert bodies(1) == bodies(1)
    assert not set(bodies(1)) & set(bodies(2))
