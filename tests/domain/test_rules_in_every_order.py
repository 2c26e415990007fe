"""The rules of creating in every order, for every choice of what is wrong; builds and draws at their edges."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations
from typing import Final

import pytest

from hostway_fake import START
from hostway_fake.contract.readings import READINGS, read
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
from hostway_fake.domain import builds, identifiers, snapshots
from hostway_fake.domain.builds import BuildRule
from hostway_fake.domain.model import Event, Server, Snapshot
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.snapshots import CreateSnapshot

_STATUSES: Final = ("400", "409", "413")
_ORDERS: Final = [",".join(order) for order in permutations(_STATUSES)]
_WRONG: Final = [set(some) for size in (1, 2, 3) for some in combinations(_STATUSES, size)]


def meeting(wrong: set[str]) -> Server:
    """A server that refuses a snapshot named ``a`` for all that is wrong."""
    names = ("a" if "409" in wrong else "b") + ("cd" if "413" in wrong else "")
    made = tuple(Snapshot(f"id-{name}", name, "", START, "", SnapshotStatus.ACTIVE) for name in names)
    volumes = ("hbs2012May08_61EfdIZ3Y",) if "400" in wrong else ()
    return Server("jello614636-USOTE-0214", "relation", "relation", snapshots=made, volumes=volumes)


def refused(server: Server, order: str) -> int:
    with pytest.raises(Refusal) as caught:
        snapshots.check_create(server, server.snapshots, CreateSnapshot("a"), read({"refusal_order": order}))
    return caught.value.error.status


def test_the_reading_has_every_order() -> None:
    assert sorted(READINGS["refusal_order"].values) == sorted(_ORDERS)


@pytest.mark.parametrize("order", _ORDERS)
@pytest.mark.parametrize("wrong", _WRONG, ids=lambda wrong: "+".join(sorted(wrong)))
def test_of_all_that_is_wrong_the_first_of_the_order_is_told(order: str, wrong: set[str]) -> None:
    first = next(status for status in order.split(",") if status in wrong)

    assert refused(meeting(wrong), order) == int(first)


@pytest.mark.parametrize("order", _ORDERS)
@pytest.mark.parametrize(("status", "told"), [(ServerStatus.BUILD, 409), (ServerStatus.DELETED, 404)])
def test_the_status_of_the_server_comes_before_every_order(order: str, status: ServerStatus, told: int) -> None:
    server = replace(meeting({"400", "413"}), status=status)

    assert refused(server, order) == told


@pytest.mark.parametrize("order", _ORDERS)
def test_where_nothing_is_wrong_no_order_refuses(order: str) -> None:
    snapshots.check_create(meeting(set()), (), CreateSnapshot("a"), read({"refusal_order": order}))


def test_all_snapshots_are_in_the_order_of_the_requests() -> None:
    first, second, third = (Snapshot(name, name, "", START, "", number=number) for number, name in enumerate("abc"))
    server = Server("jello614636-USOTE-0214", "relation", "relation", snapshots=(first, third))

    assert snapshots.merged(server, (second,)) == (first, second, third)


def test_snapshot_that_is_deleted_while_its_server_is_read_is_listed_once() -> None:
    read = Snapshot("a", "a", "", START, "")
    server = Server("jello614636-USOTE-0214", "relation", "relation", snapshots=(read,))
    deleted = replace(read, status=SnapshotStatus.DELETED, deleted_at=START)

    assert snapshots.merged(server, (deleted,)) == (read,)


# Builds


@pytest.mark.parametrize(
    ("server", "name", "matches"),
    [
        (None, None, True),
        ("jello*", None, True),
        ("jello614636-USOTE-0214", "web-1", True),
        (None, "web*", True),
        (None, "WEB*", False),
        (None, "web-[1-3]", True),
        (None, "web-?", True),
        (None, "web", False),
        ("michalski*", "web*", False),
        ("jello*", "db*", False),
    ],
)
def test_a_rule_meets_what_its_globs_fit(server: str | None, name: str | None, matches: bool) -> None:
    rule = BuildRule(server=server, name=name)

    assert rule.matches("jello614636-USOTE-0214", "web-1") == matches


def test_a_name_that_looks_like_a_glob_fits_itself() -> None:
    rule = BuildRule(name="a[1]")

    assert (rule.matches("", "a[1]"), rule.matches("", "a1"), rule.matches("", "a[2]")) == (True, True, False)


def _between(shortest: int, longest: int) -> BuildRule:
    """A rule for builds of so many microseconds."""
    return BuildRule((shortest / 10**6, longest / 10**6), ends="DELETED")


def test_both_bounds_of_a_range_can_be_drawn() -> None:
    drawn = {builds.outcome(_between(3, 5), timedelta(1), 0, number) for number in range(100)}

    assert drawn == {((timedelta(microseconds=each), Event.DELETE),) for each in (3, 4, 5)}


def test_another_seed_or_number_draws_another_time() -> None:
    wide = _between(0, 10**12)

    assert len({builds.outcome(wide, timedelta(1), seed, number) for seed in range(5) for number in range(5)}) == 25


# Days


@pytest.mark.parametrize(
    ("month", "word"),
    list(enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)),
)
def test_a_month_is_written_in_english(month: int, word: str) -> None:
    day = datetime(2012, month, 3, tzinfo=UTC)

    assert identifiers.volume_id(0, 1, day).startswith(f"hbs2012{word}03_")
    assert f"_2012{word}03_" in identifiers.snapshot_id(0, 1, "jello614636-USOTE-0214", day)


def test_only_the_day_of_an_id_comes_from_the_day() -> None:
    first, second = (identifiers.volume_id(0, 1, datetime(2012, 5, day, tzinfo=UTC)) for day in (8, 9))

    assert (first[:12], second[:12], first[12:]) == ("hbs2012May08", "hbs2012May09", second[12:])
