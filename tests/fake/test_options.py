"""Every option of a fake, checked when it is given: what is wrong is named, with what was expected."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, Final

import pytest
import requests

from hostway_fake import (
    START,
    ClockError,
    FakeClock,
    FakeHostway,
    FollowingClock,
    HostwayFakeError,
    InvalidValueError,
    SystemClock,
    UnknownOptionError,
    WrongTypeError,
)
from hostway_fake.clock import Clock
from hostway_fake.fake.options import OPTIONS

_URL: Final = "http:// or https://, a host and an optional port, such as 'http://api.hostway.test'"
_ACCOUNT: Final = "an account of letters, digits and any of _.@- , such as 'jello614636'"
_SECONDS: Final = "a number from 0 to 1,000,000,000"
_CLOCKS: Final = "an object with now(), or one of: 'fake', 'follow', 'system'"
_ZONE: Final = "a tzinfo or the name of a time zone, such as 'America/Chicago'"
_BEYOND: Final = datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))


class Sundial:
    """A clock of the user's own that tells something else."""

    def __init__(self, instant: Any) -> None:
        self._instant = instant

    def now(self) -> Any:
        return self._instant

    def __repr__(self) -> str:
        return f"Sundial({self._instant})"


_BAD: Final = (
    ({"seed": "7"}, WrongTypeError, "seed: got '7', expected an int"),
    ({"seed": True}, WrongTypeError, "seed: got True, expected an int"),
    ({"seed": 1.5}, WrongTypeError, "seed: got 1.5, expected an int"),
    ({"clock": "sundial"}, InvalidValueError, f"clock: got 'sundial', expected {_CLOCKS}"),
    ({"clock": FakeClock}, InvalidValueError, f"clock: got {FakeClock!r}, expected {_CLOCKS}"),
    ({"clock": Sundial(7)}, InvalidValueError, "clock: got 7, expected a now() that is an aware datetime"),
    (
        {"clock": Sundial(START.replace(tzinfo=None))},
        InvalidValueError,
        f"clock: got {START.replace(tzinfo=None)!r}, expected a now() that is an aware datetime",
    ),
    ({"clock": 7}, InvalidValueError, f"clock: got 7, expected {_CLOCKS}"),
    ({"revision": "2014"}, InvalidValueError, "revision: got '2014', expected one of: '2013-04', '2013-10'"),
    ({"revision": None}, InvalidValueError, "revision: got None, expected one of: '2013-04', '2013-10'"),
    (
        {"readings": ["list_status"]},
        WrongTypeError,
        "readings: got ['list_status'], expected a mapping of names to values",
    ),
    (
        {"readings": {"list_status": 204}},
        InvalidValueError,
        "reading list_status: got 204, expected one of: '200', '202'",
    ),
    *(
        ({"url": url}, InvalidValueError, f"url: got 'http://***@api.hostway.test', expected {_URL}")
        for url in ("http://user:password@api.hostway.test", "http://:password@api.hostway.test")
    ),
    ({"url": 7}, WrongTypeError, f"url: got 7, expected {_URL}"),
    *(
        ({"url": url}, InvalidValueError, f"url: got {url!r}, expected {_URL}")
        for url in (
            "",
            "api.hostway.test",
            "ftp://api.hostway.test",
            "http://",
            "http://api.hostway.test/v1",
            "http://api.hostway.test?zone=USOTE",
            "http://api.hostway.test#top",
            "http://api.hostway.test?",
            "http://api.hostway.test#",
            "http://api.hostway.test:0",
            "http://api.hostway.test:99999",
            "http://api.hostway.test:port",
            "http://[::1",
            "http://[fe80::1%25eth0]",
            "http://[1]",
            "http://api.b\u00fccher.example",
            "http://a b",
            "http://a\\b",
            "http://a,b",
            "http://a..b",
            "http://*",
            "http://-a",
            "http://" + "a" * 64,
            "http://" + "a." * 127 + "a",
        )
    ),
    ({"auth": "ab"}, WrongTypeError, "auth: got a str, expected a tuple of user and password"),
    ({"auth": ("jello",)}, WrongTypeError, "auth: got a tuple of str, expected a tuple of user and password"),
    ({"auth": ("jello", 7)}, WrongTypeError, "auth: got a tuple of str, int, expected a tuple of user and password"),
    ({"auth": ("", "x")}, InvalidValueError, f"user: got '', expected {_ACCOUNT}"),
    ({"auth": ("a:b", "x")}, InvalidValueError, f"user: got 'a:b', expected {_ACCOUNT}"),
    ({"auth": ("a/b", "x")}, InvalidValueError, f"user: got 'a/b', expected {_ACCOUNT}"),
    ({"build_seconds": "60"}, WrongTypeError, "build_seconds: got '60', expected a number"),
    ({"build_seconds": True}, WrongTypeError, "build_seconds: got True, expected a number"),
    ({"build_seconds": -1}, InvalidValueError, f"build_seconds: got -1, expected {_SECONDS}"),
    ({"build_seconds": float("nan")}, InvalidValueError, f"build_seconds: got nan, expected {_SECONDS}"),
    ({"build_seconds": float("inf")}, InvalidValueError, f"build_seconds: got inf, expected {_SECONDS}"),
    ({"poll_step": "5"}, WrongTypeError, "poll_step: got '5', expected a number"),
    ({"poll_step": -5}, InvalidValueError, f"poll_step: got -5, expected {_SECONDS}"),
    ({"poll_limit": 2.5}, WrongTypeError, "poll_limit: got 2.5, expected a whole number"),
    ({"poll_limit": True}, WrongTypeError, "poll_limit: got True, expected a whole number"),
    ({"poll_limit": 0}, InvalidValueError, "poll_limit: got 0, expected a whole number from 1 to 1,000,000,000"),
    ({"time_zone": "US/Atlantis"}, InvalidValueError, f"time_zone: got 'US/Atlantis', expected {_ZONE}"),
    ({"time_zone": "../US"}, InvalidValueError, f"time_zone: got '../US', expected {_ZONE}"),
    ({"time_zone": "US"}, InvalidValueError, f"time_zone: got 'US', expected {_ZONE}"),
    ({"auth": ("jello", "\ud800")}, InvalidValueError, "password: expected a string without halves of "),
    ({"time_zone": tzinfo()}, InvalidValueError, "time_zone: got "),  # type: ignore[abstract]  # Python lets it be made
    ({"time_zone": None}, InvalidValueError, f"time_zone: got None, expected {_ZONE}"),
)


@pytest.mark.parametrize(
    ("options", "kind", "message"), _BAD, ids=[str(options).split(" object at")[0] for options, _, _ in _BAD]
)
def test_a_bad_value_is_named_with_what_was_expected(
    options: Mapping[str, Any], kind: type[HostwayFakeError], message: str
) -> None:
    with pytest.raises(kind) as caught:
        FakeHostway(**options)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("kind", [InvalidValueError, WrongTypeError, UnknownOptionError])
def test_what_is_raised_is_a_built_in_error_too(kind: type[HostwayFakeError]) -> None:
    assert issubclass(kind, (ValueError, TypeError))


def test_an_unknown_reading_lists_the_readings() -> None:
    with pytest.raises(
        InvalidValueError,
        match=r"Did you mean 'list_status'\? hostway_fake.READINGS lists all 44",
    ):
        FakeHostway(readings={"lits_status": 202})


@pytest.mark.parametrize(
    ("option", "suggestion"),
    [
        ("sead", "Did you mean seed?"),
        ("base_url", "Did you mean url?"),
        ("password", "Did you mean auth=(user, password)?"),
        ("nonsense", "Expected one of: seed, clock, revision, readings, url, auth, build_seconds, "),
    ],
)
def test_unknown_option_is_refused_with_a_suggestion(option: str, suggestion: str) -> None:
    with pytest.raises(UnknownOptionError, match=re.escape(f"FakeHostway() has no argument {option!r}. {suggestion}")):
        FakeHostway(**{option: 1})  # type: ignore[arg-type]


def test_options_are_those_of_the_signature() -> None:
    assert list(OPTIONS) == list(FakeHostway.__init__.__kwdefaults__ or ())


def test_a_clock_that_is_not_the_fakes_cannot_be_moved_by_polls() -> None:
    with pytest.raises(ClockError, match="poll_step cannot move SystemClock"):
        FakeHostway(clock="system", poll_step=5)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.hostway.com",
        "http://localhost",
        "http://my_service:80",
        "http://a-b.c1",
        "https://api.hostway.com:8443",
        "http://[::1]:8080",
        "http://127.0.0.1:1",
    ],
)
def test_a_base_url_is_kept_as_it_was_given(url: str) -> None:
    assert FakeHostway(url=url).url == url


def test_a_base_url_loses_its_trailing_slash() -> None:
    assert FakeHostway(url="http://api.hostway.com/").url == "http://api.hostway.com"


@pytest.mark.parametrize(("name", "kind"), [("fake", FakeClock), ("follow", FollowingClock), ("system", SystemClock)])
def test_a_clock_can_be_chosen_by_name(name: str, kind: type[Clock]) -> None:
    with FakeHostway(clock=name, build_seconds=0) as fake:
        server = fake.add_server()
        snapshot = server.add_snapshot("nightly", "BUILD")

    other = kind().now()
    assert abs(other - snapshot.requested_at) < timedelta(minutes=1)


def test_a_clock_can_be_an_object_of_ones_own() -> None:
    fake = FakeHostway(clock=FakeClock(START + timedelta(days=1)))

    assert fake.clock.now() == START + timedelta(days=1)


def test_a_time_zone_can_be_given_by_name_or_as_an_object() -> None:
    late = FakeClock(START.replace(hour=23))
    by_name = FakeHostway(clock=late, time_zone="Asia/Tokyo").add_server().add_snapshot("a")
    by_object = FakeHostway(clock=late).add_server().add_snapshot("a")

    assert ("_2013Apr13_" in by_name.id, "_2013Apr12_" in by_object.id) == (True, True)


def test_a_step_of_each_poll_can_be_given() -> None:
    with FakeHostway(poll_step=5, build_seconds=10) as fake, fake.session() as session:
        url = f"{fake.url}/servers/{fake.add_server().id}/snapshots"
        location = session.post(url, json={"snapshot": {"name": "nightly"}}).headers["Location"]
        statuses = [session.get(location).json()["snapshot"]["status"] for _ in range(3)]

    assert statuses == ["BUILD", "BUILD", "ACTIVE"]


def test_the_user_and_password_given_are_the_account() -> None:
    with FakeHostway(auth=("michalski275226", "secret")) as fake:
        answer = requests.Session()
        fake.mount(answer)
        url = f"{fake.url}/servers/{fake.add_server().id}/snapshots"

        assert fake.auth == ("michalski275226", "secret")
        assert answer.get(url, auth=("michalski275226", "secret")).status_code == 200
        assert answer.get(url, auth=("michalski275226", "wrong")).status_code == 401


@pytest.mark.parametrize("password", ["p\u00e9", "p\u20ac", "a:b"])
@pytest.mark.parametrize("on_socket", [False, True], ids=["in process", "on a socket"])
def test_any_password_opens_the_account(password: str, on_socket: bool) -> None:
    with FakeHostway(auth=("jello614636", password)) as fake, fake.serve() as listening:
        face = fake.at(listening.url) if on_socket else fake
        answer = face.session().get(f"{face.url}/servers/{fake.add_server().id}/snapshots")
        answer.close()
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda fake: fake.mount(5), "session: got 5, expected a requests.Session"),
        (lambda fake: fake.mount(requests.Session(), max_retries="x"), "max_retries: got 'x', expected a whole number"),
        (lambda fake: fake.mount(requests.Session(), max_retries=-1), "max_retries: got -1, expected a whole number"),
        (lambda fake: fake.serve(host="").__enter__(), "host: got '', expected an address of this machine"),
        (lambda fake: fake.serve(host="a\0").__enter__(), r"host: got 'a\\x00', expected an address"),
        (lambda fake: fake.sleep(-1), "sleep: got -1, expected seconds, a number that is not negative"),
        (lambda fake: fake.sleep(float("nan")), "sleep: got nan, expected seconds"),
        (lambda fake: fake.clock.advance_to(_BEYOND), "advance_to: got '9999-12-31T23:59:59.999999-14:00'"),
    ],
)
def test_what_cannot_be_used_is_named(use: Callable[[FakeHostway], object], message: str) -> None:
    with FakeHostway() as fake, pytest.raises((InvalidValueError, WrongTypeError), match=message):
        use(fake)
