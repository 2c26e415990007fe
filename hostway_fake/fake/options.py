"""The options of a fake, and the checks of their values."""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from ipaddress import IPv6Address
from os import PathLike
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from hostway_fake import checks
from hostway_fake.clock import CLOCKS, Clock
from hostway_fake.contract.errors import REVISIONS
from hostway_fake.domain.identifiers import checked_account
from hostway_fake.exceptions import InvalidValueError, UnknownOptionError, WrongTypeError, invalid
from hostway_fake.journal.secrets import masked_url
from hostway_fake.suggestions import unknown_keyword

DEFAULT_URL: Final = "http://api.hostway.test"
"""``.test`` is a reserved domain: a client that is not connected cannot send credentials to a real host."""
DEFAULT_AUTH: Final = ("jello614636", "hostway")
DEFAULT_POLL_LIMIT: Final = 1000
"""How often an unfinished resource may be polled while the clock stands."""
DEFAULT_JOURNAL_SIZE: Final = 10_000
"""How many calls the journal keeps."""
DEFAULT_JOURNAL_BYTES: Final = 64 * 1024 * 1024
"""How many bytes the bodies of these calls may take together."""
DEFAULT_REMEMBER_DELETED: Final = 10_000
"""How many DELETED snapshots and servers can still be read."""
DEFAULT_BUILD_SECONDS: Final = 60
"""Seconds that a snapshot or a server is in BUILD."""
DEFAULT_ACTION_SECONDS: Final = 10
"""Seconds that a server is PROCESSING when it is rebooted, resized, stopped or started."""

_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


OPTIONS: Final = (
    *("seed", "clock", "revision", "readings", "url", "auth", "build_seconds", "action_seconds", "poll_step"),
    *("poll_limit", "journal_size", "journal_bytes", "remember_deleted", "faults", "time_zone"),
)
"""The options of `hostway_fake.FakeHostway`."""

_MEANT: Final = {
    "base_url": "url",
    "host": "url",
    "user": "auth=(user, password)",
    "username": "auth=(user, password)",
    "password": "auth=(user, password)",
    "credentials": "auth",
    "build_time": "build_seconds",
    "timezone": "time_zone",
    "fault": "faults",
    "random_seed": "seed",
}
"""What natural guesses mean."""


def unknown(names: Mapping[str, object]) -> UnknownOptionError:
    """Return the error for options that do not exist."""
    return unknown_keyword("FakeHostway", next(iter(names)), OPTIONS, _MEANT)


def checked_path(path: object) -> Path:
    """Return a path that can name a file."""
    if not isinstance(path, str | PathLike) or not path or not _can_name_a_file(str(path)):
        raise WrongTypeError(f"path: got {path!r}, expected the path of a file")
    return Path(path)


def _can_name_a_file(path: str) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def checked_options(given: object) -> None:
    """Check the result of the fixture ``fake_hostway_options``."""
    if not isinstance(given, Mapping):
        raise WrongTypeError(f"fake_hostway_options: got {given!r}, expected a mapping of options of FakeHostway")
    if not all(isinstance(name, str) for name in given):
        raise WrongTypeError(f"fake_hostway_options: got {given!r}, expected names of options of FakeHostway")


def checked_auth(auth: object) -> tuple[str, str]:
    """Return the user and the password. No message contains a password."""
    match auth:
        case (str(user), str(password)):
            if not checks.is_text(password):
                raise InvalidValueError("password: expected a string without halves of surrogate pairs", "password")
            return checked_account(user), password
        case _:  # the value may contain a password
            kinds = ", ".join(type(each).__name__ for each in auth) if isinstance(auth, tuple | list) else ""
            got = type(auth).__name__ + (f" of {kinds}" if kinds else "")
            raise WrongTypeError(f"auth: got a {got}, expected a tuple of user and password, two strings")


def checked_seed(seed: object) -> int:
    """Return the seed, a whole number."""
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise WrongTypeError(f"seed: got {seed!r}, expected an int")
    return seed


def checked_revision(revision: object) -> str:
    """Return the name of a revision of the documentation."""
    if revision not in REVISIONS:
        raise invalid("revision", revision, "one of", REVISIONS)
    return str(revision)


def checked_seconds(what: str, seconds: object) -> timedelta:
    """Return a duration that is not negative."""
    return timedelta(seconds=checks.number(what, seconds))


def checked_time_zone(time_zone: object) -> tzinfo:
    """Return a time zone, also by its name."""
    if isinstance(time_zone, tzinfo):
        try:
            datetime(2013, 4, 12, tzinfo=UTC).astimezone(time_zone)
        except (NotImplementedError, TypeError, ValueError):
            raise invalid("time_zone", time_zone, "a tzinfo with an offset from UTC") from None
        return time_zone
    try:
        return ZoneInfo(str(time_zone))
    except (ValueError, OSError, LookupError):
        raise invalid(
            "time_zone", time_zone, "a tzinfo or the name of a time zone, such as 'America/Chicago'"
        ) from None


def checked_clock(clock: object) -> Clock:
    """Return a clock, also by its name."""
    if isinstance(clock, str) and clock in CLOCKS:
        return CLOCKS[clock]()
    if isinstance(clock, Clock) and not isinstance(clock, type):
        now = clock.now()
        if not isinstance(now, datetime) or now.utcoffset() is None:
            raise invalid("clock", now, "a now() that is an aware datetime")
        return clock
    raise invalid("clock", clock, "an object with now(), or one of", CLOCKS)


_URL: Final = "http:// or https://, a host and an optional port, such as 'http://api.hostway.test'"


def checked_url(url: object) -> str:
    """Return a base URL without a trailing slash."""
    if not isinstance(url, str):
        raise WrongTypeError(f"url: got {url!r}, expected {_URL}")
    return _checked_url(url)


@lru_cache(maxsize=64)
def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        port, is_host = parts.port, _is_host(parts.netloc, parts.hostname)
    except ValueError:
        raise invalid("url", masked_url(url), _URL) from None
    whole = url.rstrip("/").lower() == f"{parts.scheme}://{parts.netloc}".lower() and "@" not in url
    if parts.scheme not in ("http", "https") or not whole or port == 0 or not is_host:
        raise invalid("url", masked_url(url), _URL)
    return url.rstrip("/")


def _is_host(netloc: str, host: str | None) -> bool:
    """Tell whether clients send a host unchanged. They encode others, and would not reach the fake."""
    if netloc.startswith("["):
        return not IPv6Address(host or "").scope_id
    return host is not None and len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.split("."))
