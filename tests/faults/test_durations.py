"""Delays from a distribution, and the two forms of Retry-After."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, Final

import pytest
import requests

from hostway_fake import FakeHostway, InvalidValueError, MisconductError, WrongTypeError
from hostway_fake.faults import lognormal
from hostway_fake.faults.durations import LogNormal, Seconds, drawn
from hostway_fake.faults.methods import OutcomeMethods


def _seconds(fake: FakeHostway, count: int) -> list[float]:
    """Return how far each of some calls moves the clock."""
    moved = []
    with fake.session() as session:
        for _ in range(count):
            before = fake.clock.now()
            session.get(f"{fake.url}/servers")
            moved.append((fake.clock.now() - before).total_seconds())
    return moved


@pytest.mark.parametrize(
    ("delay", "shortest", "longest", "middle"),
    [
        (lambda on: on.delay((0.05, 0.4)), 0.05, 0.4, 0.225),
        (lambda on: on.delay((0, 1)), 0, 1, 0.5),
        (lambda on: on.delay(5, jitter=1), 4, 6, 5),
        (lambda on: on.delay(lognormal(median=0.2, sigma=0.5)), 0.02, 2, 0.2),
    ],
)
def test_delays_follow_the_distribution(
    delay: Callable[[OutcomeMethods[Any]], object], shortest: float, longest: float, middle: float
) -> None:
    with FakeHostway(seed=7) as fake:
        delay(fake.faults.on("list_servers"))
        moved = _seconds(fake, 400)

    assert shortest <= min(moved) < max(moved) <= longest
    assert median(moved) == pytest.approx(middle, rel=0.15)


def test_delays_are_those_of_the_seed() -> None:
    def moved(seed: int) -> list[float]:
        with FakeHostway(seed=seed) as fake:
            fake.faults.on("list_servers").delay((1, 2))
            return _seconds(fake, 5)

    assert moved(7) == moved(7) != moved(8)


def test_longer_delay_is_the_timeout_of_the_client(fake: FakeHostway) -> None:
    fake.faults.on("list_servers").delay((10, 20))

    with pytest.raises(requests.ReadTimeout):
        fake.session().get(f"{fake.url}/servers", timeout=10)


def test_delay_after_the_commit_point_is_drawn_too(fake: FakeHostway) -> None:
    server = fake.add_server()
    fake.faults.on("delete_server").after_commit().delay((1, 2))
    before = fake.clock.now()
    fake.session().delete(f"{fake.url}/servers/{server.id}")

    assert timedelta(seconds=1) < fake.clock.now() - before < timedelta(seconds=2)


def test_delay_after_the_commit_point_passes_in_real_time_on_a_socket(fake: FakeHostway) -> None:
    server = fake.add_server()
    fake.faults.on("delete_server").after_commit().delay((0.001, 0.002), real=True)
    with fake.serve() as served:
        answer = requests.delete(f"{served.url}/servers/{server.id}", auth=fake.auth, timeout=10)

    assert (answer.status_code, fake.calls[-1].client_saw) == (204, "delay")


def test_draw_is_no_longer_than_the_longest_time() -> None:
    assert drawn(LogNormal(10**9, 10), lambda: 0.99) == 10**9


@pytest.mark.parametrize(
    ("seconds", "others", "error", "said"),
    [
        ((1,), {}, WrongTypeError, "seconds: got \\(1,\\), expected a number, two numbers, or lognormal"),
        ((2, 1), {}, InvalidValueError, "seconds: got \\(2, 1\\), expected the shortest before the longest"),
        ((-1, 1), {}, InvalidValueError, "seconds: got -1"),
        (("a", 1), {}, WrongTypeError, "seconds: got 'a'"),
        ("a", {}, WrongTypeError, "seconds: got 'a'"),
        (1, {"jitter": 2}, InvalidValueError, "jitter: got 2, expected a number above 0, up to 1"),
        (1, {"jitter": 0}, InvalidValueError, "jitter: got 0"),
        ((1, 2), {"jitter": 1}, InvalidValueError, "jitter: got 1, expected none"),
    ],
)
def test_delay_rejects_what_is_no_duration(
    fake: FakeHostway, seconds: Seconds, others: dict[str, float], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=f"^{said}"):
        fake.faults.on("list_servers").delay(seconds, jitter=others.get("jitter"))

    assert fake.faults.rules == ()


@pytest.mark.parametrize(("middle", "sigma"), [(0, 1), (1, 0), (1, 11)])
def test_lognormal_rejects_values_out_of_bounds(middle: float, sigma: float) -> None:
    with pytest.raises(InvalidValueError, match="expected a number above 0"):
        lognormal(median=middle, sigma=sigma)


_HALF_PAST: Final = datetime(2013, 4, 12, 19, 29, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("retry_after", "http_date", "header"),
    [
        (30, False, "30"),
        (30, True, "Fri, 12 Apr 2013 19:29:30 GMT"),
        (_HALF_PAST, False, "Fri, 12 Apr 2013 19:29:30 GMT"),
        (_HALF_PAST + timedelta(microseconds=1), True, "Fri, 12 Apr 2013 19:29:31 GMT"),
    ],
)
@pytest.mark.parametrize("body", [None, "<p>"])
def test_retry_after_is_seconds_or_a_date(
    fake: FakeHostway, retry_after: int | datetime, http_date: bool, header: str, body: str | None
) -> None:
    fake.faults.on("list_servers").respond(503, retry_after, http_date=http_date, body=body)

    assert fake.session().get(f"{fake.url}/servers").headers["Retry-After"] == header


def test_date_of_retry_after_is_judged_as_seconds_are(fake: FakeHostway) -> None:
    fake.faults.on("list_servers").first(2).respond(503, 30, http_date=True)
    session = fake.session()
    for wait in (30, 29):
        session.get(f"{fake.url}/servers")
        fake.clock.advance(wait)
    session.get(f"{fake.url}/servers")

    with pytest.raises(MisconductError, match="29"):
        fake.conduct.assert_honors_retry_after()


def test_other_text_in_retry_after_asks_for_nothing(fake: FakeHostway) -> None:
    fake.faults.on("list_servers").first(1).respond(503, headers={"Retry-After": "soon"})
    session = fake.session()
    session.get(f"{fake.url}/servers")
    session.get(f"{fake.url}/servers")

    fake.conduct.assert_honors_retry_after(allow_none=True)


@pytest.mark.parametrize(
    ("retry_after", "http_date", "error", "said"),
    [
        (
            _HALF_PAST.replace(tzinfo=None),
            False,
            InvalidValueError,
            "retry_after: got .*, expected a datetime with a time zone",
        ),
        ("soon", False, WrongTypeError, "retry_after: got 'soon', expected a whole number"),
        (None, True, InvalidValueError, "http_date: got True, expected retry_after to be given too"),
        (30, 1, WrongTypeError, "http_date: got 1, expected True or False"),
    ],
)
def test_retry_after_rejects_what_is_no_time(
    fake: FakeHostway, retry_after: Any, http_date: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=f"^{said}"):
        fake.faults.on("list_servers").respond(503, retry_after, http_date=http_date)

    assert fake.faults.rules == ()
