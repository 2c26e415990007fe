"""State and its lock: what a world remembers, what it costs, and who shares the ways in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from hostway_fake import START, FakeClock, FakeHostway, InvalidValueError, Pending
from hostway_fake.clock import Clock
from hostway_fake.contract.readings import DEFAULTS
from hostway_fake.contract.states import SnapshotStatus
from hostway_fake.domain import lifecycle
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.snapshots import CreateSnapshot
from hostway_fake.domain.state import Server
from hostway_fake.world import Settings, World, Worlds

_ID: Final = "jello614636-USOTE-0214"


class Watch:
    """A clock that may be set to any instant."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        return self.instant


def world(account: str = "jello614636", password: str = "hostway", clock: Clock | None = None) -> World:
    minute = timedelta(minutes=1)
    return World(Settings(account, password, 0, "2013-04", DEFAULTS, build_time=minute), clock or FakeClock())


# Servers


def test_ids_are_given_in_turn() -> None:
    one = world()

    assert [one.add_server(None).id for _ in range(2)] == ["jello614636-USOTE-0001", "jello614636-USOTE-0002"]


def test_an_id_that_is_taken_is_passed_over() -> None:
    one = world()
    one.add_server("jello614636-USOTE-0001")
    one.add_server("jello614636-USOTE-0003")

    assert [one.add_server(None).id for _ in range(2)] == ["jello614636-USOTE-0004", "jello614636-USOTE-0005"]


def test_a_server_is_added_once() -> None:
    one = world()
    one.add_server(_ID)

    with pytest.raises(InvalidValueError, match="one that this account does not have yet"):
        one.add_server(_ID)
    assert [server.id for server in one.servers()] == [_ID]


@pytest.mark.parametrize(
    "ask",
    [
        lambda world: world.server(_ID),
        lambda world: world.require_server(_ID),
        lambda world: world.create_snapshot(_ID, CreateSnapshot("a")),
        lambda world: world.delete_snapshot(_ID, "a"),
        lambda world: world.attach_volume(_ID, None),
        lambda world: world.detach_volume(_ID, "a"),
    ],
)
def test_a_server_that_is_not_there_is_refused(ask: Callable[[World], object]) -> None:
    with pytest.raises(Refusal, match="404"):
        ask(world())


def test_a_snapshot_is_found_whatever_its_server() -> None:
    one = world()
    one.add_server(None)
    one.add_server(_ID)
    snapshot = one.create_snapshot(_ID, CreateSnapshot("a"))

    assert one.find(snapshot.id) == snapshot


def test_a_snapshot_that_is_nowhere_is_named() -> None:
    with pytest.raises(InvalidValueError, match="snapshot id: got 'nowhere'"):
        world().find("nowhere")


def test_ids_of_errors_differ() -> None:
    one = world()

    assert one.next_error_id() != one.next_error_id()


@pytest.mark.parametrize(
    ("given", "admitted"), [("héllo".encode(), True), ("héllo".encode("latin-1"), True), (b"", False)]
)
def test_a_password_is_taken_in_either_encoding(given: bytes, admitted: bool) -> None:
    assert world(password="héllo").admits(given) is admitted


# Time


def test_the_past_is_kept_for_a_clock_that_goes_back() -> None:
    watch = Watch()
    one = world(clock=watch)
    one.add_server(_ID)
    first = one.create_snapshot(_ID, CreateSnapshot("a"))
    watch.instant = START + timedelta(hours=1)
    one.delete_snapshot(_ID, first.id)
    one.create_snapshot(_ID, CreateSnapshot("b"))
    one.attach_volume(_ID, None)

    statuses = {}
    for hours in (2, 1, 0.5, 0):
        watch.instant = START + timedelta(hours=hours)
        statuses[hours] = [snapshot.status.value for snapshot in one.server(_ID).snapshots]

    assert statuses == {
        2: ["DELETED", "ACTIVE"],
        1: ["DELETED", "BUILD"],
        0.5: ["ACTIVE", "BUILD"],
        0: ["BUILD", "BUILD"],
    }


def test_what_is_to_come_has_a_total_order() -> None:
    one = world()
    one.add_server(_ID)
    one.add_server(None)
    asked = [
        one.create_snapshot(server, CreateSnapshot(name)).id
        for name in "abc"
        for server in (_ID, "jello614636-USOTE-0002")
    ]

    pending = one.pending()

    assert [event.snapshot_id for event in pending] == asked
    assert list(pending) == sorted(pending)
    assert len({(event.due, event.order) for event in pending}) == 6
    assert pending[0] == one.next_event()


def test_what_became_void_is_not_to_come() -> None:
    one = world()
    one.add_server(_ID)
    gone = one.create_snapshot(_ID, CreateSnapshot("a"))
    stays = one.create_snapshot(_ID, CreateSnapshot("b"))
    one.delete_snapshot(_ID, gone.id)

    event = one.next_event()

    assert event is not None
    assert (event.snapshot_id, event.status) == (stays.id, SnapshotStatus.ACTIVE)
    assert one.pending() == (event,)


def test_what_has_happened_is_not_to_come() -> None:
    one = world()
    one.add_server(_ID)
    one.add_snapshot(_ID, CreateSnapshot("a"), SnapshotStatus.BUILD)
    one.add_snapshot(_ID, CreateSnapshot("b"), SnapshotStatus.ACTIVE)
    assert [event.status for event in one.pending()] == ["ACTIVE"]

    assert isinstance(one.clock, FakeClock)
    one.clock.advance(minutes=1)

    assert (one.pending(), one.next_event()) == ((), None)


def test_time_costs_nothing_for_what_lies_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    one = world()
    for _ in range(2000):
        server = one.add_server(None)
        one.create_snapshot(server.id, CreateSnapshot("a"))
    folded = []
    fold = lifecycle.at

    def at(server: Server, now: datetime) -> Server:
        folded.append(server.id)
        return fold(server, now)

    monkeypatch.setattr(lifecycle, "at", at)
    assert isinstance(one.clock, FakeClock)

    one.clock.advance(seconds=30)
    assert folded == []

    event = one.next_event()
    assert isinstance(event, Pending)
    assert len(folded) == 1

    one.server(event.server_id)
    assert len(folded) == 2


class Interrupting(FakeClock):
    """A clock on which something else happens while it is being read."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] | None = None

    def now(self) -> datetime:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().now()


def test_a_read_does_not_undo_what_is_written_meanwhile() -> None:
    clock = Interrupting()
    one = world(clock=clock)
    one.add_server(_ID)
    one.create_snapshot(_ID, CreateSnapshot("a"))
    clock.advance(minutes=1)
    clock.meanwhile = lambda: one.create_snapshot(_ID, CreateSnapshot("b"))

    one.server(_ID)

    assert [snapshot.name for snapshot in one.server(_ID).snapshots] == ["a", "b"]


# Polling


def polled(one: World, place: str, times: int = 1) -> None:
    server = one.server(_ID)
    for _ in range(times):
        one.polled(place, server, [snapshot.id for snapshot in server.snapshots])


def test_the_places_that_are_polled_are_not_remembered_for_ever() -> None:
    one = world()
    one.add_server(_ID)
    one.create_snapshot(_ID, CreateSnapshot("a"))

    for number in range(5000):
        polled(one, f"/{number}")

    assert len(one._polls) <= 4096


# Worlds


def test_worlds_share_the_ways_in_by_account() -> None:
    mine = Worlds(world())
    theirs = Worlds(world("michalski275226"), mine.by_account)

    assert mine.by_account == {"jello614636": mine.home, "michalski275226": theirs.home}

    theirs.leave()
    assert mine.by_account == {"jello614636": mine.home}


def test_an_account_has_one_world() -> None:
    mine = Worlds(world())

    with pytest.raises(InvalidValueError, match="user: got 'jello614636'"):
        Worlds(world(), mine.by_account)
    assert mine.by_account == {"jello614636": mine.home}


def test_a_world_leaves_its_own_place_only() -> None:
    first = Worlds(world())
    first.leave()
    second = Worlds(world(), first.by_account)

    first.leave()

    assert first.by_account == {"jello614636": second.home}


@pytest.mark.parametrize("options", [{"seed": 1}, {"time_zone": "US/Central"}, {"build_seconds": 1}])
def test_worlds_differ_by_what_they_are_made_with(options: dict[str, Any]) -> None:
    bodies = set()
    for given in ({}, options):
        with FakeHostway(**given) as fake:
            fake.add_server(_ID).add_snapshot("a", status="BUILD")
            fake.clock.advance_to(datetime(2013, 4, 13, 1, tzinfo=UTC))
            bodies.add(fake.session().get(f"{fake.url}/servers/{_ID}/snapshots").content)

    assert len(bodies) == 2
