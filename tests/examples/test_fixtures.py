"""The page's sample as it stands, and the exchange that was made of it, asked of the fake."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from hostway_fake import FakeClock, FakeHostway
from hostway_fake.domain.identifiers import SNAPSHOT_ID

_FOLDER: Final = Path(__file__).parents[2] / "fixtures" / "server-snapshot-create"


@pytest.fixture
def golden() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_FOLDER / "golden.json").read_text())
    return loaded


@pytest.fixture
def sample() -> str:
    """The body of the page's answer, as it stands."""
    return _body("response.txt")


def _body(file: str) -> str:
    return (_FOLDER / file).read_text().rpartition(" Body:\n")[2]


def _mended(sample: str) -> Any:
    """The sample with its two commas put right."""
    return json.loads(sample.replace('snapshot" "description', 'snapshot", "description').replace("], }", "] }"))


def _replayed(golden: dict[str, Any]) -> requests.Response:
    """The golden request, in the golden world, with nothing in it that the file does not say."""
    given, request = golden["given"], golden["request"]
    clock = FakeClock(datetime.fromisoformat(given["clock"]))
    with FakeHostway(clock=clock, auth=tuple(given["auth"]), readings=given["readings"]) as fake:
        fake.add_server(given["server"])
        session = fake.session()
        session.auth = None
        body = json.dumps(request["body"]).encode()
        return session.request(request["method"], fake.url + request["path"], headers=request["headers"], data=body)


def _expected(golden: dict[str, Any], snapshot_id: str) -> dict[str, Any]:
    """The golden answer, but for the nine random characters of the id."""
    sampled = golden["response"]["body"]["snapshot"]["id"]
    assert SNAPSHOT_ID.fullmatch(sampled)
    assert snapshot_id[:-9] == sampled[:-9]
    answer: dict[str, Any] = json.loads(json.dumps(golden["response"]).replace(sampled, snapshot_id))
    return answer


def test_the_fake_answers_the_golden_exchange(golden: dict[str, Any]) -> None:
    answer = _replayed(golden)
    expected = _expected(golden, answer.json()["snapshot"]["id"])

    assert (answer.status_code, answer.reason) == (expected["status"], expected["reason"])
    assert answer.json() == expected["body"]
    assert expected["headers"].items() <= answer.headers.items()


def test_the_keys_come_in_the_golden_order(golden: dict[str, Any]) -> None:
    assert list(_replayed(golden).json()["snapshot"]) == list(golden["response"]["body"]["snapshot"])


@pytest.mark.documented("ServerSnapshotCreate", "552")
def test_the_golden_request_is_the_sample_s(golden: dict[str, Any]) -> None:
    assert golden["request"]["body"] == json.loads(_body("request.txt"))
    assert f"Content-Type:{golden['request']['headers']['Content-Type']} " in (_FOLDER / "request.txt").read_text()


@pytest.mark.documented("ServerSnapshotCreate", "552")
def test_the_golden_answer_has_the_keys_and_literals_of_the_sample(golden: dict[str, Any], sample: str) -> None:
    golden_snapshot, sampled = golden["response"]["body"]["snapshot"], _mended(sample)["snapshot"]
    differ = {key for key in sampled if sampled[key] != golden_snapshot[key]}

    assert list(golden_snapshot) == list(sampled)
    assert differ == {"name", "description", "links"}


@pytest.mark.documented("ServerSnapshotCreate", "552")
def test_the_golden_link_is_the_sample_s_with_its_places_filled(golden: dict[str, Any], sample: str) -> None:
    places = {"{api_server}": "api.hostway.test", "{server_id}": golden["given"]["server"]}
    (link,) = _mended(sample)["snapshot"]["links"]

    filled = {**link, "href": re.sub(r"\{\w+\}", lambda place: places[place[0]], link["href"])}

    assert golden["response"]["body"]["snapshot"]["links"] == [filled]


def test_the_sample_is_not_json(sample: str) -> None:
    with pytest.raises(json.JSONDecodeError, match="Expecting ',' delimiter"):
        json.loads(sample)


def test_the_sample_is_still_not_json_with_the_missing_comma(sample: str) -> None:
    with pytest.raises(json.JSONDecodeError, match=r"trailing comma|enclosed in double quotes"):
        json.loads(sample.replace('snapshot" "description', 'snapshot", "description'))


def test_the_sample_answers_another_request_than_its_own(sample: str) -> None:
    asked, answered = json.loads(_body("request.txt"))["snapshot"], _mended(sample)["snapshot"]

    assert asked["name"] != answered["name"]
    assert asked["description"] != answered["description"]


@pytest.mark.parametrize("file", ["request.txt", "response.txt", "golden.json"])
def test_every_fixture_has_its_provenance(file: str) -> None:
    assert f"`{file}`" in (_FOLDER / "PROVENANCE.md").read_text()
