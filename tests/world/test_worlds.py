"""State and its lock: what a world remembers, what it costs, and who shares the transports."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from hostway_fake import START, FakeClock, FakeHostway, FrozenClockError, InvalidValueError
from hostway_fake.clock import Clock
from hostway_fake.contract.readings import DEFAULTS
from hostway_fake.contract.statuses import SnapshotStatus
from hostway_fake.domain import lifecycle
from hostway_fake.domain.model import Event, Server
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.snapshots import CreateSnapshot
from hostway_fake.domain.volumes import CreateVolume
from hostway_fake.faults import reset
from hostway_fake.faults.rules import CallInfo, CallMatcher, Fault, FaultRule, HitSelector, OnHits
from hostway_fake.journal.calls import Call, Effect
from hostway_fake.world import Settings, World, Worlds

_ID: Final = "jello614636-USOTE-0214"
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Watch:
    """A clock that may be set to any instant."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        return self.instant


def world(
    account: str = "jello614636", password: str = "hostway", clock: Clock | None = None, **settings: Any
) -> World:
    minute = timedelta(minutes=1)
    made_with = Settings(account, password, 0, "2013-04", DEFAULTS, build_time=minute, **settings)
    return World(made_with, clock or FakeClock())


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
        lambda world: world.any_server(_ID),
        lambda world: world.create_snapshot(_ID, CreateSnapshot("a")),
        lambda world: world.delete_snapshot(_ID, "a"),
        lambda world: world.restore_snapshot(_ID, "a"),
        lambda world: world.attach_volume(_ID, world.create_volume(CreateVolume("", "", 1, "", "", "USOTE")).id, ""),
        lambda world: world.add_attached_volume(_ID, None),
        lambda world: world.act(_ID, Event.STOP),
        lambda world: world.update_server(_ID, "a"),
        lambda world: world.delete_server(_ID),
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
    assert world(password="héllo").accepts_password(given) is admitted


@pytest.mark.parametrize("volume", [None, "hbs2012May08_61EfdIZ3Y"])
def test_a_volume_has_the_id_that_is_given_or_a_new_one(volume: str | None) -> None:
    one = world()
    one.add_server(_ID)

    attached = one.add_attached_volume(_ID, volume)

    assert one.server(_ID).volumes == (attached,)
    assert attached == volume or (volume is None and attached.startswith("hbs2013Apr12_"))


# Time


def test_the_past_is_kept_for_a_clock_that_goes_back() -> None:
    watch = Watch()
    one = world(clock=watch)
    one.add_server(_ID)
    first = one.create_snapshot(_ID, CreateSnapshot("a"))
    watch.instant = START + timedelta(hours=1)
    one.delete_snapshot(_ID, first.id)
    one.create_snapshot(_ID, CreateSnapshot("b"))
    one.add_attached_volume(_ID, None)

    statuses = {}
    for hours in (2, 1, 0.5, 0):
        watch.instant = START + timedelta(hours=hours)
        statuses[hours] = [snapshot.status.value for snapshot in one.snapshots(one.server(_ID))]

    assert statuses == {
        2: ["DELETED", "ACTIVE"],
        1: ["DELETED", "BUILD"],
        0.5: ["ACTIVE"],
        0: ["BUILD"],
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


def test_a_build_that_would_end_after_all_time_ends_with_it() -> None:
    clock = FakeClock(_LAST - timedelta(seconds=30))
    one = building(clock=clock)

    assert [event.due for event in one.pending()] == [_LAST]
    clock.advance_to(_LAST)
    assert [snapshot.completed_at for snapshot in one.server(_ID).snapshots] == [_LAST]


@pytest.mark.parametrize("restored", [None, 0, 1])
def test_the_next_snapshot_descends_from_the_one_restored_last(restored: int | None) -> None:
    one = world()
    one.add_server(_ID)
    earlier = [one.add_snapshot(_ID, CreateSnapshot(name), SnapshotStatus.ACTIVE) for name in "ab"]
    if restored is not None:
        one.restore_snapshot(_ID, earlier[restored].id)

    later = one.add_snapshot(_ID, CreateSnapshot("c"), SnapshotStatus.ACTIVE)

    assert later.parent_guid == earlier[1 if restored is None else restored].guid


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


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The servers whose state was computed, in turn."""
    folded: list[str] = []
    fold = lifecycle.fold

    def counted(server: Server, *until: datetime) -> object:
        folded.append(server.id)
        return fold(server, *until)

    monkeypatch.setattr(lifecycle, "fold", counted)
    return folded


def test_what_lies_idle_costs_nothing_among_twenty_thousand(folded: list[str]) -> None:
    clock = FakeClock()
    one = world(clock=clock)
    for number in range(20_000):
        server = one.add_server(None)
        one.add_snapshot(server.id, CreateSnapshot("a"), SnapshotStatus.BUILD if number < 20 else SnapshotStatus.ACTIVE)
    folded.clear()

    clock.advance(seconds=30)
    assert folded == []

    event = one.next_event()
    assert event is not None
    assert folded == [event.server_id]

    assert len(one.pending()) == 20
    assert len(folded) == 1 + 20

    one.server(event.server_id)
    assert len(folded) == 1 + 20

    clock.advance(seconds=30)
    assert (one.pending(), one.next_event()) == ((), None)
    assert len(folded) == 1 + 20


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
        one.record_poll(place, server.plan[0].due if server.plan else None)


def building(**settings: Any) -> World:
    """A world in which one snapshot is being built."""
    one = world(**settings)
    one.add_server(_ID)
    one.create_snapshot(_ID, CreateSnapshot("a"))
    return one


def test_the_places_that_are_polled_are_not_remembered_for_ever() -> None:
    one = building()

    for number in range(5000):
        polled(one, f"/{number}")

    assert len(one._polls.saved().waiting) <= 4096


def test_as_many_places_as_are_remembered_are_all_guarded() -> None:
    one = building(poll_limit=2)
    places = [f"/{number}" for number in range(4096)]
    for place in places * 2:
        polled(one, place)

    with pytest.raises(FrozenClockError, match="/0 was polled 3 times"):
        polled(one, places[0])


@pytest.mark.parametrize(("step", "moved"), [(None, 0), (25, 25), (60, 60), (90, 60)])
def test_a_poll_moves_time_by_its_step_but_not_past_the_next_event(step: float | None, moved: float) -> None:
    one = building(poll_step=None if step is None else timedelta(seconds=step))

    polled(one, "/")

    assert one.clock.now() - START == timedelta(seconds=moved)


def test_a_poll_in_vain_moves_nothing() -> None:
    one = building(poll_limit=1, poll_step=timedelta(0))
    polled(one, "/")

    with pytest.raises(FrozenClockError):
        polled(one, "/")
    assert one.clock.now() == START


# What goes wrong, and what happened

_GET: Final = CallInfo("get_snapshot", _ID, None, None, "jello614636")


def rule(name: str = "", hits: HitSelector | None = None) -> FaultRule:
    return FaultRule(CallMatcher("get_snapshot"), OnHits(hits or HitSelector(), reset()), name)


def test_a_rule_without_a_name_is_given_one() -> None:
    one = world()

    written = [one.rulebook.add(rule()), one.rulebook.add(rule("mine")), one.rulebook.add(rule())]
    assert tuple(reversed(written)) == one.rulebook.rules
    assert [(standing.name, standing.number) for standing in one.rulebook.rules] == [
        ("rule 3", 3),
        ("mine", 2),
        ("rule 1", 1),
    ]


def test_a_name_belongs_to_one_rule() -> None:
    one = world()
    one.rulebook.add(rule("mine"))
    before = one.rulebook.rules

    with pytest.raises(InvalidValueError, match="named: got 'mine', expected one that no other rule has"):
        one.rulebook.add(rule("mine"))
    assert one.rulebook.rules == before


def test_a_rule_counts_from_the_instant_at_which_it_was_written() -> None:
    clock = FakeClock()
    one = world(clock=clock)
    clock.advance(hours=1)
    one.rulebook.add(rule("mine", HitSelector(between=(10, 20))))

    assert one.rulebook.match(_GET, clock.now()) is None
    clock.advance(10)
    assert one.rulebook.match(_GET, clock.now()) == Fault("mine", reset())
    assert [(standing.hits, standing.fired) for standing in one.rulebook.rules] == [(2, 1)]


def test_rules_are_taken_away_by_their_numbers() -> None:
    one = world()
    for name in "abc":
        one.rulebook.add(rule(name))

    one.rulebook.remove({1, 3, 99})

    assert [standing.name for standing in one.rulebook.rules] == ["b"]
    assert one.rulebook.add(rule("a")).number == 4


def test_polls_of_a_rehearsal_do_not_count() -> None:
    one = building(poll_limit=1)

    polled(one.dry_run(), "/")
    polled(one, "/")

    with pytest.raises(FrozenClockError, match="/ was polled 2 times"):
        polled(one, "/")


def test_a_rehearsal_has_no_effect() -> None:
    one = building(poll_step=timedelta(seconds=5))
    before = (one.servers(), one.pending(), one.clock.now())
    other = one.dry_run()

    snapshot = other.create_snapshot(_ID, CreateSnapshot("b"))
    other.delete_snapshot(_ID, other.server(_ID).snapshots[0].id)
    polled(other, "/")

    assert [snapshot.status for snapshot in other.server(_ID).snapshots] == ["DELETED", "BUILD"]
    assert (one.servers(), one.pending(), one.clock.now()) == before
    assert one.create_snapshot(_ID, CreateSnapshot("b")) == snapshot


def record(one: World, target: str) -> None:
    one.journal.record(Call(0, START, None, "GET", target, Effect.NONE, "404", None, None, {}, b"", b"", START))


def test_the_journal_numbers_calls_and_forgets_the_oldest() -> None:
    one = world(journal_size=2)

    for target in ("/a", "/b", "/c"):
        record(one, target)

    assert [(call.number, call.target) for call in one.journal.calls] == [(2, "/b"), (3, "/c")]


# Worlds


def test_worlds_share_the_transports_by_account() -> None:
    mine = Worlds(world())
    theirs = Worlds(world("michalski275226"), mine.by_account)

    assert mine.by_account == {"jello614636": mine.default_world, "michalski275226": theirs.default_world}

    theirs.leave()
    assert mine.by_account == {"jello614636": mine.default_world}


def test_an_account_has_one_world() -> None:
    mine = Worlds(world())

    with pytest.raises(InvalidValueError, match="user: got 'jello614636'"):
        Worlds(world(), mine.by_account)
    assert mine.by_account == {"jello614636": mine.default_world}


def test_a_world_leaves_its_own_place_only() -> None:
    first = Worlds(world())
    first.leave()
    second = Worlds(world(), first.by_account)

    first.leave()

    assert first.by_account == {"jello614636": second.default_world}


@pytest.mark.parametrize("options", [{"seed": 1}, {"time_zone": "America/Chicago"}, {"build_seconds": 1}])
def test_worlds_differ_by_what_they_are_made_with(options: dict[str, Any]) -> None:
    bodies = set()
    for given in ({}, options):
        with FakeHostway(**given) as fake:
            fake.add_server(_ID).add_snapshot("a", status="BUILD")
            fake.clock.advance_to(datetime(2013, 4, 13, 1, tzinfo=UTC))
            bodies.add(fake.session().get(f"{fake.url}/servers/{_ID}/snapshots").content)

    assert len(bodies) == 2
