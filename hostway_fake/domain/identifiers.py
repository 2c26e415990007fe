"""Identifiers in Hostway's formats, drawn from a seed and a sequence number. This is the only source of chance.

A draw is a hash of its arguments, not a step of a generator, so nothing else can change it.
"""

import re
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b
from typing import Final
from uuid import UUID

from hostway_fake.exceptions import WrongTypeError, invalid

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""The names of the months in English, independent of the locale."""

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ACCOUNT: Final = "[A-Za-z0-9][A-Za-z0-9_.@-]*"
ACCOUNT_ID: Final = re.compile(_ACCOUNT)
SERVER_ID: Final = re.compile(rf"{_ACCOUNT}-[A-Z][A-Z0-9-]*-[0-9]{{4}}")
SNAPSHOT_ID: Final = re.compile(rf"snapshot_{SERVER_ID.pattern}_[0-9]{{4}}[A-Z][a-z]{{2}}[0-9]{{2}}_[0-9A-Za-z]{{9}}")
VOLUME_ID: Final = re.compile(r"hbs[0-9]{4}[A-Z][a-z]{2}[0-9]{2}_[0-9A-Za-z]{9}")

_ZONED: Final = re.compile(rf"{_ACCOUNT}?-([A-Z][A-Z0-9-]*)-[0-9]{{4}}")

_MILLION: Final = 10**6
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def in_zone(instant: datetime, time_zone: tzinfo) -> datetime:
    """Return an instant as naive local time of a time zone. Clip it to what a datetime can hold."""
    try:
        return instant.astimezone(time_zone).replace(tzinfo=None)
    except OverflowError:
        return (_LAST if instant.year == _LAST.year else _FIRST).replace(tzinfo=None)


def _draw(seed: int, purpose: str, number: int) -> bytes:
    return blake2b(f"{seed}/{purpose}/{number}".encode(), digest_size=16).digest()


def draw_below(seed: int, purpose: str, number: int, limit: int) -> int:
    """Return a drawn number from 0 up to, but not including, ``limit``."""
    return int.from_bytes(_draw(seed, purpose, number)) % limit


def draw_share(seed: int, purpose: str, number: int) -> float:
    """Return a drawn number above 0 and below 1."""
    return (draw_below(seed, purpose, number, _MILLION) + 0.5) / _MILLION


def _dated(prefix: str, day: datetime, draw: bytes) -> str:
    return f"{prefix}{day.year:04}{MONTHS[day.month - 1]}{day.day:02}_{_letters(draw, 9)}"


def _letters(draw: bytes, count: int) -> str:
    rest = int.from_bytes(draw)
    letters = ""
    for _ in range(count):
        rest, place = divmod(rest, 62)
        letters += _BASE62[place]
    return letters


def snapshot_id(seed: int, number: int, server_id: str, day: datetime) -> str:
    """Return a snapshot id, such as ``snapshot_jello614636-USOTE-0214_2012Jul19_m5yf9Bz8a``."""
    return _dated(f"snapshot_{server_id}_", day, _draw(seed, "snapshot", number))


def volume_id(seed: int, number: int, day: datetime) -> str:
    """Return a volume id, such as ``hbs2012May08_61EfdIZ3Y``."""
    return _dated("hbs", day, _draw(seed, "volume", number))


def uuid(seed: int, purpose: str, number: int) -> str:
    """Return a lower-case UUID of version 4, for a guid or an error id."""
    return str(UUID(bytes=_draw(seed, purpose, number), version=4))


def server_id(account: str, zone: str, number: int) -> str:
    """Return a server id, such as ``jello614636-USOTE-0214``. After 10,000 servers, the zone gets a number.

    >>> server_id("jello614636", "USOTE", 7)
    'jello614636-USOTE-0007'
    """
    block, rest = divmod(number, 10_000)
    return f"{account}-{zone}{block or ''}-{rest:04}"


def zone_of(server: str) -> str:
    """Return the zone in a server id.

    >>> zone_of("michalski275226-AUS001-0005")
    'AUS001'
    """
    match = _ZONED.fullmatch(server)
    assert match is not None
    return match[1]


def password(seed: int, number: int) -> str:
    """Return a password of twelve letters and digits, for the administrator of a server."""
    return _letters(_draw(seed, "password", number), 12)


def addresses(number: int) -> tuple[str, str]:
    """Return a public and a private address, from ranges that are reserved for tests."""
    high, low = divmod(number % 0x1_0000, 0x100)
    return f"198.{18 + number // 0x1_0000 % 2}.{high}.{low}", f"172.16.{high}.{low}"


def host(seed: int, number: int, zone: str) -> str:
    """Return a host name, such as ``host012-aus01.hyperv.hostway``."""
    return f"host{draw_below(seed, 'host', number, 1000):03}-{zone.lower()}.hyperv.hostway"


def _checked(what: str, value: object, pattern: re.Pattern[str], expected: str) -> str:
    if not isinstance(value, str):
        raise WrongTypeError(f"{what}: got {value!r}, expected {expected}")
    if not pattern.fullmatch(value):
        raise invalid(what, value, expected)
    return value


def checked_account(value: object) -> str:
    return _checked("user", value, ACCOUNT_ID, "an account of letters, digits and any of _.@- , such as 'jello614636'")


def checked_server_id(value: object) -> str:
    return _checked("server id", value, SERVER_ID, "account-ZONE-4 digits, such as 'jello614636-USOTE-0214'")


def checked_volume_id(value: object) -> str:
    return _checked(
        "volume id", value, VOLUME_ID, "hbsYYYYMonDD_ and 9 letters or digits, such as 'hbs2012May08_61EfdIZ3Y'"
    )
