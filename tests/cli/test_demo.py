"""The tour: it shows each request and answer, and notices an answer that is not as documented."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from rich.console import Console

import hostway_fake.transports.wsgi
from hostway_fake.cli import demo, main
from hostway_fake.service.exchange import exchange
from hostway_fake.service.messages import ExchangeResult, Request, Response
from hostway_fake.world import Worlds

_STATUSES: Final = [202, 200, 200, 409, 202, 202, 413, 400, 202]
"""Of the tour's answers, in order."""

Tour = Callable[[], tuple[bool, str]]


@pytest.fixture
def tour() -> Tour:
    """Give the tour: whether all was as documented, and what was shown."""

    def tour() -> tuple[bool, str]:
        shown = io.StringIO()
        held = demo.run(Console(file=shown, width=120, highlight=False))
        return held, shown.getvalue()

    return tour


def _altered(monkeypatch: pytest.MonkeyPatch, status: int, change: Callable[[Response], Response]) -> None:
    """Every answer of a status is another one from now on."""

    def altered(worlds: Worlds, request: Request) -> ExchangeResult:
        answer = exchange(worlds, request)
        return change(answer) if isinstance(answer, Response) and answer.status == status else answer

    monkeypatch.setattr(hostway_fake.transports.wsgi, "exchange", altered)


def test_the_demo_exits_with_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    assert "All was as documented." in capsys.readouterr().out


def test_the_demo_shows_each_request_and_its_answer(tour: Tour) -> None:
    held, shown = tour()

    requests = re.findall(r"^(GET|POST) http://127\.0\.0\.1:\d+/servers/\S+/snapshots", shown, re.MULTILINE)
    answers = re.findall(r"^(\d{3}) [A-Z]", shown, re.MULTILINE)
    assert (held, len(requests), [int(status) for status in answers]) == (True, len(_STATUSES), _STATUSES)
    assert shown.count("Location: http://127.0.0.1:") == _STATUSES.count(202)


def test_the_demo_shows_the_bodies(tour: Tour) -> None:
    _, shown = tour()

    assert '{"snapshot": {"name": "fitnesse snapshot", "description": "fitnesse test snapshot"}}' in shown
    assert '"status": "BUILD"' in shown
    assert '"details": "The snapshot can be created up to 3 in a server."' in shown


def test_the_demo_names_what_it_has_checked(tour: Tour) -> None:
    _, shown = tour()

    assert shown.count("  as documented: ") == 13
    assert "NOT as documented" not in shown


def _without_location(answer: Response) -> Response:
    return replace(answer, headers=tuple(header for header in answer.headers if header[0] != "Location"))


def _in_words(old: bytes, new: bytes) -> Callable[[Response], Response]:
    """The same answer with some bytes of its body replaced by as many others."""
    assert len(old) == len(new)
    return lambda answer: replace(answer, body=answer.body.replace(old, new))


@pytest.mark.parametrize(
    ("status", "change", "missed"),
    [
        (202, lambda answer: replace(answer, status=200), ("202 Accepted", "second: 202 Accepted")),
        (202, _in_words(b'"guid"', b'"giud"'), ("the nine keys in the order of the page", "empty GUIDs and create_ti")),
        (202, _in_words(b"BUILD", b"BIULD"), ("status BUILD",)),
        (202, _in_words(b'"create_time":""', b'"create_time":1 '), ("empty GUIDs and create_time",)),
        (202, _in_words(b"snapshot", b"SNAPSHOT"), ("status BUILD", "the nine keys")),
        (200, _in_words(b"BUILD", b"BIULD"), ("still BUILD",)),
        (200, _in_words(b"ACTIVE", b"ACTIVX"), ("ACTIVE after five minutes",)),
        (409, lambda answer: replace(answer, status=400), ("409: The snapshot name must be unique in a server.",)),
        (409, _in_words(b"unique", b"UNIQUE"), ("409: The snapshot name must be unique in a server.",)),
        (409, _in_words(b"conflict", b"CONFLICT"), ("409: The snapshot name must be unique in a server.",)),
        (413, _in_words(b"413", b"414"), ("413: The snapshot can be created up to 3 in a server.",)),
        (400, _in_words(b"volumes", b"VOLUMES"), ("400: The snapshot cannot be created because the server contains",)),
    ],
)
def test_the_demo_notices_an_answer_that_is_not_as_documented(
    tour: Tour,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    change: Callable[[Response], Response],
    missed: tuple[str, ...],
) -> None:
    _altered(monkeypatch, status, change)

    held, shown = tour()

    assert not held
    assert [what for what in missed if f"NOT as documented: {what}" not in shown] == []
    assert re.search(r"Answers that were not as documented: [1-9]", shown)


def test_the_demo_notices_a_limit_that_is_not_the_pages(tour: Tour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hostway_fake.domain.snapshots.SNAPSHOTS_PER_SERVER", 4)

    held, shown = tour()

    assert not held
    assert "NOT as documented: 413: The snapshot can be created up to 3 in a server." in shown


def test_the_demo_exits_with_one_when_an_answer_is_not_as_documented(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hostway_fake.domain.snapshots.SNAPSHOTS_PER_SERVER", 4)

    assert main(["demo"]) == 1
    assert "not as documented: 1." in capsys.readouterr().out


def test_the_demo_goes_on_after_a_missing_location(tour: Tour, monkeypatch: pytest.MonkeyPatch) -> None:
    _altered(monkeypatch, 202, _without_location)

    held, shown = tour()

    assert not held
    assert "NOT as documented: Location is the self link" in shown


def test_the_demo_goes_on_after_a_body_that_is_not_json(tour: Tour, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_json(answer: Response) -> Response:
        return replace(answer, body=b"x" * len(answer.body))

    _altered(monkeypatch, 409, without_json)

    held, shown = tour()

    assert not held
    assert "NOT as documented: 409: The snapshot name must be unique in a server." in shown
