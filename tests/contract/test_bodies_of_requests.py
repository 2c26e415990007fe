"""What the body of a create may hold, and the place that the refusal of another names."""

import json
from typing import Any, Final

import pytest
import requests

from hostway_fake import FakeHostway, ServerHandle
from hostway_fake.contract.limits import BODY_LIMIT

assumed = pytest.mark.assumed("ServerSnapshotCreate", "552")


def post(fake: FakeHostway, server: ServerHandle, body: bytes) -> requests.Response:
    return fake.session().post(f"{fake.url}/servers/{server.id}/snapshots", data=body)


def made(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 202
    found = answer.json()["snapshot"]
    assert isinstance(found, dict)
    return found


_REFUSED: Final = [
    ("", "The body is not JSON: Expecting value"),
    ("not JSON", "The body is not JSON: Expecting value"),
    ('{"snapshot": {"name": "a"}', "The body is not JSON: Expecting ',' delimiter"),
    ('{"snapshot": {"name": "a"}} x', "The body is not JSON: Extra data"),
    ('{"snapshot": {"name": "a",}}', "The body is not JSON: "),
    ('{"snapshot": {"name": "a", "x": NaN}}', "The body is not JSON: NaN is not a number."),
    ('{"snapshot": {"name": "a", "x": Infinity}}', "The body is not JSON: Infinity is not a number."),
    ('{"snapshot": {"name": "a", "x": -Infinity}}', "The body is not JSON: -Infinity is not a number."),
    ("null", "The body must be an object, not null"),
    ("[]", "The body must be an object, not an array."),
    ('"a"', "The body must be an object, not a string."),
    ("1.5", "The body must be an object, not a number."),
    ("true", "The body must be an object, not a boolean."),
    ("{}", "snapshot must be an object, not null or absent."),
    ('{"name": "a"}', "snapshot must be an object, not null or absent."),
    ('{"snapshot": null}', "snapshot must be an object, not null or absent."),
    ('{"snapshot": []}', "snapshot must be an object, not an array."),
    ('{"snapshot": "a"}', "snapshot must be an object, not a string."),
    ('{"snapshot": {}}', "snapshot.name must be a string, not null or absent."),
    ('{"snapshot": {"name": null}}', "snapshot.name must be a string, not null or absent."),
    ('{"snapshot": {"name": 1}}', "snapshot.name must be a string, not a number."),
    ('{"snapshot": {"name": false}}', "snapshot.name must be a string, not a boolean."),
    ('{"snapshot": {"name": {}}}', "snapshot.name must be a string, not an object."),
    ('{"snapshot": {"name": ""}}', "snapshot.name must not be empty."),
    ('{"snapshot": {"name": "\\ud800"}}', "snapshot.name holds half of a surrogate pair."),
    ('{"snapshot": {"name": "a", "description": null}}', "snapshot.description must be a string, not null"),
    ('{"snapshot": {"name": "a", "description": 0}}', "snapshot.description must be a string, not a number."),
    ('{"snapshot": {"name": "a", "description": []}}', "snapshot.description must be a string, not an array."),
    ('{"snapshot": {"name": "a"}, "snapshot": 1}', "snapshot must be an object, not a number."),
]


@assumed
@pytest.mark.parametrize(("body", "details"), _REFUSED)
def test_a_body_of_another_shape_is_400_and_names_the_place(
    fake: FakeHostway, server: ServerHandle, body: str, details: str
) -> None:
    answer = post(fake, server, body.encode())

    assert answer.status_code == 400
    assert answer.json()["badRequest"]["details"].startswith(details)
    assert server.snapshots == ()


@assumed
@pytest.mark.parametrize(("body", "place"), [(b"\xff", 0), (b'{"snapshot": {"name": "\xe9"}}', 23)])
def test_a_body_that_is_not_utf_8_is_400_and_names_the_byte(
    fake: FakeHostway, server: ServerHandle, body: bytes, place: int
) -> None:
    answer = post(fake, server, body)

    assert answer.status_code == 400
    assert answer.json()["badRequest"]["details"] == f"The body is not UTF-8: byte {place} is invalid."
    assert server.snapshots == ()


@assumed
@pytest.mark.parametrize("name", ["a", " ", "nächtlich", "夜", "\U0001f319", 'a"b\\c', "a/b", "a\nb", "x" * 10_000])
def test_any_string_that_is_not_empty_is_a_name(fake: FakeHostway, server: ServerHandle, name: str) -> None:
    answer = post(fake, server, json.dumps({"snapshot": {"name": name, "description": name}}).encode())

    assert (made(answer)["name"], made(answer)["description"]) == (name, name)


@assumed
def test_a_name_in_plain_utf_8_is_the_same_name(fake: FakeHostway, server: ServerHandle) -> None:
    made(post(fake, server, '{"snapshot": {"name": "夜"}}'.encode()))

    assert post(fake, server, rb'{"snapshot": {"name": "\u591c"}}').status_code == 409


@assumed
@pytest.mark.parametrize(
    "body",
    [
        '{"snapshot": {"name": "x", "name": "last"}}',
        '{"snapshot": 1, "snapshot": {"name": "last"}}',
        '{"snapshot": {"name": null, "name": "last"}}',
    ],
)
def test_of_duplicate_keys_the_last_wins(fake: FakeHostway, server: ServerHandle, body: str) -> None:
    assert made(post(fake, server, body.encode()))["name"] == "last"


@assumed
@pytest.mark.parametrize(
    "body",
    [
        '{"snapshot": {"name": "a", "id": "mine", "guid": 1, "links": []}, "other": null}',
        ' \r\n\t{"snapshot" : {"name" : "a"}}\n',
    ],
)
def test_unknown_keys_and_white_space_are_ignored(fake: FakeHostway, server: ServerHandle, body: str) -> None:
    found = made(post(fake, server, body.encode()))

    assert (found["name"], found["description"], found["guid"]) == ("a", "", "")
    assert found["id"] == server.snapshots[0].id


@assumed
@pytest.mark.parametrize(("size", "status"), [(BODY_LIMIT, 202), (BODY_LIMIT + 1, 413)])
def test_a_body_may_be_as_large_as_the_limit(fake: FakeHostway, server: ServerHandle, size: int, status: int) -> None:
    answer = post(fake, server, b'{"snapshot": {"name": "a"}}'.ljust(size))

    assert answer.status_code == status
    assert len(server.snapshots) == (status == 202)


@assumed
def test_a_body_over_the_limit_is_told_whose_limit_it_is() -> None:
    with FakeHostway(readings={"over_limit_retry_after": "on"}) as fake:
        server = fake.add_server()
        answer = post(fake, server, b" " * (BODY_LIMIT + 1))

        assert answer.json()["overLimit"] == {
            "message": "Request body too large",
            "code": 413,
            "details": "The request body may hold up to 16777216 bytes.",
        }
        assert "Retry-After" not in answer.headers
        assert server.snapshots == ()
