"""The world against the shortest model of it: whatever is done in whatever order, it is as the model says."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hostway_fake import START, FakeHostway, RefusedError

_SERVERS: Final = ("jello614636-USOTE-0001", "jello614636-USOTE-0002")
_MICROSECOND: Final = timedelta(microseconds=1)
_STEPS: Final = st.one_of(st.integers(0, 50_000_000), st.sampled_from([0, 1, 10_000_000, 3_600_000_000]))


@dataclass
class Entry:
    """A snapshot as the model knows it; times are microseconds since `START`."""

    id: str
    server: str
    name: str
    asked: int
    due: int | None
    ends: str
    deleted: int | None = None

    def status(self, now: int) -> str:
        if self.deleted is not None:
            return "DELETED"
        return "BUILD" if self.due is None or self.due > now else self.ends

    def completed(self, now: int) -> int | None:
        if self.due is None or self.ends != "ACTIVE" or self.due > now:
            return None
        return self.due if self.deleted is None or self.due <= self.deleted else None


@dataclass
class Model:
    now: int = 0
    entries: list[Entry] = field(default_factory=list)
    restores: list[tuple[int, int, Entry]] = field(default_factory=list)  # when, after how many creates, of what

    def of(self, server: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.server == server]

    def answer(self, server: str, name: str) -> int:
        living = [entry for entry in self.of(server) if entry.status(self.now) != "DELETED"]
        if name in [entry.name for entry in living]:
            return 409
        return 413 if len(living) == 3 else 202

    def parents(self, server: str) -> dict[str, str | None]:
        """By the id of what was completed, the id of what the disk came from then; None is the server itself."""
        completed = [(entry.completed(self.now), place, 0, entry) for place, entry in enumerate(self.entries)]
        events = [(at, place, kind, entry) for at, place, kind, entry in completed if at is not None]
        events += [(at, creates - 1, 1 + number, entry) for number, (at, creates, entry) in enumerate(self.restores)]
        parents: dict[str, str | None] = {}
        disk = None
        for _, _, kind, entry in sorted(events, key=lambda event: event[:3]):
            if entry.server == server:
                if kind == 0:
                    parents[entry.id] = disk
                disk = entry.id
        return parents

    def pending(self) -> list[tuple[int, str, str]]:
        """Soonest first, and of those that are due at once, the first that was asked for."""
        waiting = [entry for entry in self.entries if entry.status(self.now) == "BUILD" and entry.due is not None]
        return sorted(
            ((entry.due or 0, entry.id, entry.ends) for entry in waiting),
            key=lambda event: (event[0], [entry.id for entry in self.entries].index(event[1])),
        )


class WorldMachine(RuleBasedStateMachine):
    """Two fakes do the same, but that the second takes each step of time in two."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.machine = 0
        self.patch.setattr("hostway_fake.clock.clocks.monotonic_ns", lambda: self.machine)
        self.model = Model()
        self.fakes = (FakeHostway(), FakeHostway())
        self.sessions = [fake.session() for fake in self.fakes]

    def teardown(self) -> None:
        for fake in self.fakes:
            fake.close()
        self.patch.undo()

    @initialize()
    def servers(self) -> None:
        for fake in self.fakes:
            for server in _SERVERS:
                fake.add_server(server)

    @rule(
        server=st.sampled_from(_SERVERS),
        name=st.sampled_from("abcd"),
        takes=st.one_of(st.none(), st.integers(0, 30)),
        ends=st.sampled_from(["ACTIVE", "ACTIVE", "DELETED"]),
    )
    def create(self, server: str, name: str, takes: int | None, ends: str) -> None:
        expected = self.model.answer(server, name)
        for fake, session in zip(self.fakes, self.sessions, strict=True):
            if expected == 202 and takes is None:
                fake.builds.next(never=True)
            elif expected == 202:
                fake.builds.next(seconds=takes, ends=ends)
            answer = session.post(f"{fake.url}/servers/{server}/snapshots", json={"snapshot": {"name": name}})
            assert answer.status_code == expected
        if expected == 202:
            now = self.model.now
            due = None if takes is None else now + takes * 1_000_000
            self.model.entries.append(Entry(answer.json()["snapshot"]["id"], server, name, now, due, ends))

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(self.model.entries))
        for fake in self.fakes:
            handle = next(server for server in fake.servers if server.id == entry.server)
            if entry.status(self.model.now) == "DELETED":
                with pytest.raises(RefusedError, match="404"):
                    handle.delete_snapshot(entry.id)
            else:
                handle.delete_snapshot(entry.id)
        if entry.status(self.model.now) != "DELETED":
            entry.deleted = self.model.now

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(self.model.entries))
        expected = {"ACTIVE": 202, "BUILD": 400, "DELETED": 404}[entry.status(self.model.now)]
        for fake, session in zip(self.fakes, self.sessions, strict=True):
            url = f"{fake.url}/servers/{entry.server}/snapshots/{entry.id}/action"
            assert session.post(url, json={"action": "restore"}).status_code == expected
        if expected == 202:
            self.model.restores.append((self.model.now, len(self.model.entries), entry))

    @rule(step=_STEPS, share=st.floats(0, 1))
    def advance(self, step: int, share: float) -> None:
        whole, split = self.fakes
        first = int(step * share)
        whole.clock.advance(step * _MICROSECOND)
        split.clock.advance(first * _MICROSECOND)
        split.clock.advance((step - first) * _MICROSECOND)
        self.model.now += step

    @rule(step=st.integers(0, 5_000_000), rate=st.sampled_from([1, 60]))
    def run(self, step: int, rate: int) -> None:
        for fake in self.fakes:
            fake.clock.rate = rate
        self.machine += step * 1000
        for fake in self.fakes:
            fake.clock.rate = 0
        self.model.now += step * rate

    @rule()
    def jump(self) -> None:
        pending = self.model.pending()
        for fake in self.fakes:
            event = fake.clock.advance_to_next()
            told = event and ((event.due - START) // _MICROSECOND, event.snapshot_id, event.status)
            assert told == (pending[0] if pending else None)
        if pending:
            self.model.now = pending[0][0]

    @invariant()
    def the_clocks_are_right(self) -> None:
        assert {(fake.clock.now() - START) // _MICROSECOND for fake in self.fakes} == {self.model.now}

    @invariant()
    def what_is_to_come_is_in_its_order(self) -> None:
        for fake in self.fakes:
            told = [
                ((event.due - START) // _MICROSECOND, event.snapshot_id, event.status) for event in fake.clock.pending()
            ]
            assert told == self.model.pending()

    @invariant()
    def every_snapshot_is_as_the_model_says(self) -> None:
        for fake in self.fakes:
            for server in fake.servers:
                told = [
                    (
                        snapshot.id,
                        snapshot.status,
                        snapshot.completed_at and (snapshot.completed_at - START) // _MICROSECOND,
                    )
                    for snapshot in server.snapshots
                ]
                now = self.model.now
                assert told == [(each.id, each.status(now), each.completed(now)) for each in self.model.of(server.id)]

    @invariant()
    def parents_follow_the_order_of_completion_and_restoring(self) -> None:
        for fake in self.fakes:
            for handle in fake.servers:
                server = fake.account.world.server(handle.id)
                guids = {snapshot.id: snapshot.guid for snapshot in handle.snapshots}
                told = {each.id: each.parent_guid for each in handle.snapshots if each.completed_at is not None}
                expected = self.model.parents(handle.id).items()
                assert told == {each: guids[parent] if parent else server.relation_guid for each, parent in expected}

    @invariant()
    def reading_changes_nothing(self) -> None:
        bodies = []
        for fake, session in zip(self.fakes, self.sessions, strict=True):
            world = fake.account.world
            before = repr((world.servers(), world.pending(), world.clock.now(), dict(world._servers._newest)))
            bodies.append([session.get(f"{fake.url}/servers/{server}/snapshots").content for server in _SERVERS])
            for entry in self.model.entries:
                session.get(f"{fake.url}/servers/{entry.server}/snapshots/{entry.id}")
            assert repr((world.servers(), world.pending(), world.clock.now(), dict(world._servers._newest))) == before
        assert bodies[0] == bodies[1]


TestWorld = WorldMachine.TestCase
