"""What happened before costs nothing later, and can be looked at by a clock that goes back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import START, Clock, FakeHostway, InvalidValueError, RefusedError, ServerHandle
from hostway_fake.domain import lifecycle
from hostway_fake.domain.model import ScheduledEvent, Server
from hostway_fake.world import past


class Watch:
    """A clock of the user's own, which can go back."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


class Ticking:
    """A clock that moves on each time it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def now(self) -> datetime:
        self.asked += 1
        return START + timedelta(seconds=self.asked)


CLOCKS: dict[str, Callable[[], str | Clock]] = {
    "fake": lambda: "fake",
    "system": lambda: "system",
    "follow": lambda: "follow",
    "own": Watch,
}


def churn(fake: FakeHostway, cycles: int) -> str:
    """Create, read and delete a snapshot again and again; returns the URL of the list."""
    server = fake.servers[0] if fake.servers else fake.add_server()
    url = f"{fake.url}/servers/{server.id}/snapshots"
    with fake.session() as session:
        for _ in range(cycles):
            href = session.post(url, json={"snapshot": {"name": "a"}}).headers["Location"]
            session.get(href)
            assert session.delete(href).status_code == 204
    return url


@pytest.mark.parametrize("kind", CLOCKS)
def test_read_folds_no_event_of_the_past_again(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folded = []
    happened = lifecycle._happened

    def counted(server: Server, planned: ScheduledEvent) -> Server:
        folded.append(planned)
        return happened(server, planned)

    with FakeHostway(clock=CLOCKS[kind](), build_seconds=0) as fake:
        url = churn(fake, 50)
        monkeypatch.setattr(lifecycle, "_happened", counted)
        fake.session().get(url)
        assert folded == []


@pytest.mark.parametrize("kind", CLOCKS)
def test_world_holds_no_more_after_more_cycles(kind: str) -> None:
    with FakeHostway(
        clock=CLOCKS[kind](), remember_deleted=5, journal_size=5, build_seconds=60, poll_limit=10**6
    ) as fake:
        churn(fake, 1200)
        world = fake.account.world
        store = world._servers
        assert len(store._agenda) == 0
        assert len(list(store.deleted)) == 5
        assert len(store.history) == len(fake.calls) == 5
        assert len(store._past._log) <= past.CHANGES
        assert sum(map(len, store._past._changes.values())) <= past.CHANGES
        assert world.server(fake.servers[0].id).snapshots == ()


def test_oldest_deleted_is_forgotten_first_and_what_lives_never() -> None:
    with FakeHostway(remember_deleted=2) as fake, fake.session() as session:
        server = fake.add_server()
        living = server.add_snapshot("living")
        deleted = [server.add_snapshot(name, "DELETED") for name in "abc"]
        url = f"{fake.url}/servers/{server.id}/snapshots"
        assert [session.get(f"{url}/{each.id}").status_code for each in deleted] == [404, 200, 200]
        assert [each.id for each in server.snapshots] == [living.id, deleted[1].id, deleted[2].id]


def test_deleted_server_takes_its_snapshots_with_it_and_is_remembered() -> None:
    with FakeHostway(remember_deleted=10) as fake:
        server = fake.add_server()
        gone = server.add_snapshot("a")
        server.delete()
        assert (server.status, [each.status for each in server.snapshots]) == ("DELETED", ["DELETED"])
        assert fake.run_until(gone.id, "DELETED").deleted_at == START
        again = fake.add_server()
        assert again.id != server.id
        assert [each.id for each in fake.servers] == [server.id, again.id]


def test_forgotten_server_is_as_one_that_never_was() -> None:
    with FakeHostway(remember_deleted=1) as fake:
        first, second = fake.add_server(), fake.add_server()
        first.delete()
        second.delete()
        assert fake.servers == (second,)
        with pytest.raises(InvalidValueError, match="expected a server of this account"):
            _ = first.status


def test_savepoint_gives_back_what_was_deleted_in_it() -> None:
    with FakeHostway() as fake:
        server = fake.add_server()
        kept = server.add_snapshot("a")
        before = fake.to_dict()
        with fake.savepoint():
            server.delete_snapshot(kept.id)
            server.add_snapshot("b", "DELETED")
            fake.add_server().delete()
            server.delete()
        assert fake.to_dict() == before
        assert server.snapshots == (kept,)


def test_what_is_deleted_is_written_down_and_read_again() -> None:
    with FakeHostway(remember_deleted=3) as fake:
        server = fake.add_server()
        server.add_snapshot("a", "DELETED")
        fake.add_server().delete()
        again = FakeHostway.from_dict(fake.to_dict())
        assert again.to_dict() == fake.to_dict()
        assert [each.status for each in again.servers] == ["ACTIVE", "DELETED"]
        assert again.add_server().id == fake.add_server().id


def test_removed_rules_are_forgotten_when_there_are_many() -> None:
    with FakeHostway() as fake:
        first = fake.faults.on("get_server").respond(503)
        first.remove()
        for _ in range(1000):
            last = fake.faults.on("get_server").respond(503)
            last.remove()
        assert last.hits == 0
        with pytest.raises(InvalidValueError, match="removed long ago"):
            _ = first.hits


# A clock that goes back

_OPS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from("abcd"), st.sampled_from(["create", "delete", "read", "stuck"])),
    max_size=25,
)


def do(server: ServerHandle, name: str, what: str, fake: FakeHostway) -> None:
    """Do something that may be refused."""
    try:
        if what == "delete":
            living = [each.id for each in server.snapshots if each.name == name and each.status != "DELETED"]
            server.delete_snapshot(living[0] if living else name)
        elif what == "read":
            assert server.status == "ACTIVE"
        else:
            if what == "stuck":
                fake.builds.next(seconds=7, ends="DELETED")
            server.add_snapshot(name, "BUILD")
    except RefusedError:
        pass


def made(clock: Any) -> tuple[FakeHostway, ServerHandle]:
    fake = FakeHostway(clock=clock, build_seconds=10)
    return fake, fake.add_server("jello614636-USOTE-0214")


@given(ops=_OPS, instants=st.lists(st.integers(0, 60), min_size=1, max_size=5))
def test_state_at_an_earlier_instant_is_what_it_was_then(ops: list[tuple[int, str, str]], instants: list[int]) -> None:
    ops = sorted(ops, key=lambda op: op[0])
    watch = Watch()
    fake, server = made(watch)
    for at, name, what in ops:
        watch.seconds = at
        do(server, name, what, fake)
    for instant in instants:
        then, was = made("fake")
        for at, name, what in ops:
            if at <= instant:
                then.clock.advance_to(START + timedelta(seconds=at))
                do(was, name, what, then)
        if then.clock.now() < START + timedelta(seconds=instant):
            then.clock.advance_to(START + timedelta(seconds=instant))
        watch.seconds = instant
        assert server.snapshots == was.snapshots
        assert fake.clock.pending() == then.clock.pending()


@given(ops=_OPS)
def test_rules_hold_at_every_instant_though_the_clock_goes_back(ops: list[tuple[int, str, str]]) -> None:
    watch = Watch()
    fake, server = made(watch)
    for at, name, what in ops:
        watch.seconds = at
        do(server, name, what, fake)
    for instant in range(60):
        watch.seconds = instant
        living = [each.name for each in server.snapshots if each.status != "DELETED"]
        assert len(living) <= 3
        assert len(living) == len(set(living))


def test_created_server_is_not_there_before_it_was_created() -> None:
    watch = Watch()
    with FakeHostway(clock=watch) as fake, fake.session() as session:
        arranged = fake.add_server()
        watch.seconds = 100
        order = {"server": {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "1"}}
        created = session.post(f"{fake.url}/servers", json=order).json()["server"]["id"]
        arranged.delete()
        watch.seconds = 50
        assert session.get(f"{fake.url}/servers/{created}").status_code == 404
        listed = session.get(f"{fake.url}/servers").json()["servers"]
        assert [each["id"] for each in listed] == [arranged.id]
        assert fake.clock.pending() == ()
        watch.seconds = 100
        assert session.get(f"{fake.url}/servers/{created}").status_code == 200
        assert session.get(f"{fake.url}/servers/{arranged.id}").status_code == 404


def test_further_back_than_the_window_the_oldest_known_state_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "CHANGES", 2)
    watch = Watch()
    _, server = made(watch)
    for number, name in enumerate("abc"):
        watch.seconds = 100 * (number + 1)
        server.add_snapshot(name)
    watch.seconds = 0
    assert [each.name for each in server.snapshots] == ["a"]


def test_change_that_a_clock_took_back_leaves_the_window_later() -> None:
    watch = Watch()
    fake, server = made(watch)
    for seconds in (10, 20, 5):
        watch.seconds = seconds
        server.add_snapshot(str(seconds))
    world = fake.account.world
    for number in range(past.CHANGES):
        watch.seconds = 30 + number
        world.update_server(server.id, str(number))
    assert len(world._servers._past._log) == past.CHANGES
    watch.seconds = 35.5
    assert server.name == "5"


def test_next_event_of_a_clock_that_went_back_is_the_one_that_was() -> None:
    watch = Watch()
    fake, server = made(watch)
    snapshot = server.add_snapshot("a", "BUILD")
    due = fake.account.world.next_event()
    watch.seconds = 30
    server.delete_snapshot(snapshot.id)
    assert fake.account.world.next_event() is None
    watch.seconds = 5
    assert fake.account.world.next_event() == due
    watch.seconds = 15
    assert fake.account.world.next_event() is None


# One question to the clock


def test_one_call_has_one_instant() -> None:
    clock = Ticking()
    with FakeHostway(clock=clock, build_seconds=0) as fake, fake.session() as session:
        server = fake.add_server()
        asked = clock.asked
        answer = session.post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})
        assert clock.asked == asked + 1
        instant = clock.now() - timedelta(seconds=1)
        (call,) = fake.calls
        assert call.at == call.responded_at == server.snapshots[0].requested_at == instant
        assert answer.headers["Date"] == f"{instant:%a, %d %b %Y %H:%M:%S} GMT"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/servers"), ("GET", "/volumes"), ("POST", "/servers"), ("GET", "/nothing"), ("DELETE", "/servers/x")],
)
def test_every_exchange_asks_the_clock_once(method: str, path: str) -> None:
    clock = Ticking()
    with FakeHostway(clock=clock) as fake, fake.session() as session:
        session.request(method, fake.url + path)
        assert clock.asked == 2  # the first when the fake was made, to see that it is a clock


def test_delay_before_the_commit_point_moves_the_instant_of_the_effect() -> None:
    with FakeHostway() as fake, fake.session() as session:
        server = fake.add_server()
        fake.faults.on("create_snapshot").first(1).delay(30)
        answer = session.post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})
        (call,) = fake.calls
        later = START + timedelta(seconds=30)
        assert (call.at, call.responded_at, server.snapshots[0].requested_at) == (START, later, later)
        assert answer.headers["Date"] == f"{later:%a, %d %b %Y %H:%M:%S} GMT"
