"""The table of readings: each question with its values, its evidence, and what a client sees of it."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from hostway_fake import READINGS, FakeHostway, InvalidValueError, WrongTypeError
from hostway_fake.contract.evidence import Evidence
from hostway_fake.contract.operations import OPERATIONS
from hostway_fake.contract.readings import DEFAULTS, read


def _pending(fake: FakeHostway) -> object:
    server = fake.add_server()
    url = f"{fake.url}/servers/{server.id}/snapshots"
    return fake.session().post(url, json={"snapshot": {"name": "a"}}).json()["snapshot"]["create_time"]


def _created(fake: FakeHostway) -> object:
    server = fake.add_server()
    made = server.add_snapshot("a", status="BUILD")
    fake.clock.advance(90)
    url = f"{fake.url}/servers/{server.id}/snapshots/{made.id}"
    return fake.session().get(url).json()["snapshot"]["create_time"]


def _list_status(fake: FakeHostway) -> object:
    return fake.session().get(f"{fake.url}/servers/{fake.add_server().id}/snapshots").status_code


def _list_link(fake: FakeHostway) -> object:
    server = fake.add_server()
    server.add_snapshot("a")
    url = f"{fake.url}/servers/{server.id}/snapshots"
    return fake.session().get(url).json()["snapshots"][0]["links"]


def _refused(fake: FakeHostway) -> object:
    """The statuses of the refusals in turn, each met when the one before is out of the way."""
    server = fake.add_server()
    url = f"{fake.url}/servers/{server.id}/snapshots"
    volume = server.attach_volume()
    for name in "abc":
        server.detach_volume(volume)
        server.add_snapshot(name)
        server.attach_volume(volume)
    statuses = []
    names = {"a"}
    for _ in range(3):
        status = fake.session().post(url, json={"snapshot": {"name": min(names)}}).status_code
        statuses.append(status)
        if status == 400:
            server.detach_volume(volume)
        elif status == 409:
            names = {"d"}
        else:
            server.delete_snapshot(server.snapshots[-1].id)
    return statuses


def _counting(fake: FakeHostway) -> object:
    server = fake.add_server()
    server.add_snapshot("a", status="DELETED")
    return (
        fake.session().post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}}).status_code
    )


def _visible(fake: FakeHostway) -> object:
    server = fake.add_server()
    url = f"{fake.url}/servers/{server.id}/snapshots"
    gone = server.add_snapshot("a", status="DELETED").id
    return fake.session().get(f"{url}/{gone}").status_code, len(fake.session().get(url).json()["snapshots"])


def _bare(fake: FakeHostway) -> object:
    session = fake.session()
    session.auth = None
    return session.get(f"{fake.url}/nothing", headers={"Authorization": "amVsbG82MTQ2MzY6aG9zdHdheQ=="}).status_code


def _over_limit(fake: FakeHostway) -> object:
    server = fake.add_server()
    for name in "abc":
        server.add_snapshot(name)
    answer = fake.session().post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "d"}})
    return answer.headers.get("Retry-After"), answer.json()["overLimit"].get("retryAfter")


def _volume(fake: FakeHostway) -> tuple[int, object]:
    created = fake.session().post(f"{fake.url}/volumes", json={"volume": {"size": 5}})
    return created.status_code, fake.session().get(f"{fake.url}/volumes").json()["volumes"][0]["size"]


_SEEN: Final[dict[str, Callable[[FakeHostway], object]]] = {
    "pending_create_time": _pending,
    "create_time_is": _created,
    "list_status": _list_status,
    "list_self_link": _list_link,
    "refusal_order": _refused,
    "deleted_count": _counting,
    "deleted_visible": _visible,
    "authorization": _bare,
    "over_limit_retry_after": _over_limit,
    "volume_list_size": lambda fake: _volume(fake)[1:],
    "volume_create_status": lambda fake: _volume(fake)[0],
}
"""What a client sees of each reading that can be switched."""


def test_everything_that_can_be_switched_is_looked_at() -> None:
    assert set(_SEEN) == {name for name, reading in READINGS.items() if len(reading.values) > 1}


@pytest.mark.parametrize("name", _SEEN)
def test_every_value_makes_a_difference(name: str) -> None:
    seen = []
    for value in READINGS[name].values:
        with FakeHostway(readings={name: value}) as fake:
            seen.append(str(_SEEN[name](fake)))

    assert len(set(seen)) == len(READINGS[name].values)


@pytest.mark.parametrize("name", _SEEN)
def test_the_default_is_the_first_value(name: str) -> None:
    with FakeHostway() as fake, FakeHostway(readings={name: READINGS[name].values[0]}) as same:
        assert _SEEN[name](fake) == _SEEN[name](same)


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
def test_a_reading_says_what_is_open_and_who_meets_it(reading: Any) -> None:
    assert reading.question
    assert len(set(reading.values)) == len(reading.values) > 0
    assert reading.source.evidence in (Evidence.CONTRADICTED, Evidence.ASSUMED)
    assert set(reading.operations) <= {operation.name for operation in OPERATIONS}
    assert reading.default == reading.values[0] == DEFAULTS[reading.name]


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("list_status", "202", "202"),
        ("list_status", 202, "202"),
        ("deleted_count", True, "true"),
        ("deleted_count", False, "false"),
        ("over_limit_retry_after", True, "on"),
        ("over_limit_retry_after", False, "off"),
    ],
)
def test_a_value_may_be_text_a_number_or_a_flag(name: str, given: Any, value: str) -> None:
    assert read({name: given}) == {**DEFAULTS, name: value}


def test_no_choice_is_all_the_defaults() -> None:
    assert read(None) == read({}) == DEFAULTS


@pytest.mark.parametrize(
    ("choices", "kind", "message"),
    [
        (
            {"list": "200"},
            InvalidValueError,
            "reading: got 'list'. Examples: ",
        ),
        ({"list_status": 204}, InvalidValueError, "reading list_status: got 204, expected one of: '200', '202'"),
        ({"list_status": True}, InvalidValueError, "reading list_status: got True, expected one of: '200', '202'"),
        ({"list_status": None}, InvalidValueError, "reading list_status: got None, expected one of: '200', '202'"),
        (
            {"location": "elsewhere"},
            InvalidValueError,
            "reading location: got 'elsewhere', expected one of: 'self_link'",
        ),
        (["list_status"], WrongTypeError, "readings: got ['list_status'], expected a mapping"),
    ],
)
def test_what_cannot_be_chosen_is_named(choices: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        read(choices)

    assert str(caught.value).startswith(message)


def test_readings_are_not_to_be_written() -> None:
    with pytest.raises(TypeError):
        read({"list_status": 202})["list_status"] = "200"  # type: ignore[index]
