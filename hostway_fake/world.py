"""State: one isolated account with its clock, seed and readings, behind one lock; and those that share the ways in."""

from bisect import bisect_right, insort
from collections import ChainMap, deque
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from threading import Lock
from typing import Final

from hostway_fake.clock import Clock, FakeClock
from hostway_fake.contract.errors import NOT_FOUND
from hostway_fake.contract.readings import Readings
from hostway_fake.contract.states import SnapshotStatus
from hostway_fake.domain import builds, identifiers, lifecycle, snapshots, volumes
from hostway_fake.domain.builds import BuildRule
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.snapshots import CreateSnapshot
from hostway_fake.domain.state import Event, Server, Snapshot
from hostway_fake.exceptions import FrozenClockError, ScriptExhaustedError, invalid
from hostway_fake.faults import rules
from hostway_fake.faults.rules import Fault, FaultRule, Standing, Subject
from hostway_fake.journal.calls import Call, Effect

_PLACES: Final = 4096
"""How many polled places are remembered."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a world is made with, and never changes."""

    account: str
    password: str
    seed: int
    revision: str
    readings: Readings
    build_time: timedelta
    time_zone: tzinfo = UTC
    poll_step: timedelta | None = None
    poll_limit: int = 1000
    journal_size: int = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Pending:
    """What will happen of itself: when, to which snapshot of which server, and the status that it then has.

    ``order`` says which of two that are due at once is first.
    """

    due: datetime
    order: int
    server_id: str
    snapshot_id: str
    status: SnapshotStatus


class World:
    """The state of one account. Every method takes the lock once; none waits, answers or reads the wire inside."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._goes_back = not isinstance(clock, FakeClock)
        self._passwords = {settings.password.encode(), settings.password.encode("latin-1", "replace")}
        self._lock = Lock()
        self._servers: MutableMapping[str, Server] = {}
        self._agenda: list[tuple[datetime, int, str]] = []  # due, order and server of all that was ever planned, sorted
        self._builds: tuple[BuildRule, ...] = ()
        self._sequence = 0
        self._errors = 0
        self._polls: dict[str, tuple[datetime, int]] = {}
        self._rules: tuple[Standing, ...] = ()  # newest first
        self._removed: dict[int, Standing] = {}
        self._exhausted: list[ScriptExhaustedError] = []
        self._written = 0
        self._calls = 0
        self._journal: deque[Call] = deque(maxlen=settings.journal_size)

    def admits(self, password: bytes) -> bool:
        """Whether a client's password is this account's, in either encoding that clients use."""
        return password in self._passwords

    def next_error_id(self) -> str:
        """The next ``errorid``; each error has its own."""
        with self._lock:
            self._errors += 1
            return identifiers.uuid(self.settings.seed, "error", self._errors)

    # Reading

    def server(self, server_id: str) -> Server:
        """The server as of now, or the refusal 404.

        What is past is folded in once, unless the clock can go back to it; nobody can tell, but that it is read faster.
        """
        stored = self._stored(server_id)
        server = lifecycle.at(stored, self.clock.now())
        if server is not stored and not self._goes_back:
            with self._lock:
                if self._servers[server_id] is stored:
                    self._servers[server_id] = server
        return server

    def servers(self) -> tuple[Server, ...]:
        """All servers as of now, in the order in which they were added."""
        now = self.clock.now()
        with self._lock:
            return tuple(lifecycle.at(server, now) for server in self._servers.values())

    def find(self, snapshot_id: str) -> Snapshot:
        """A snapshot of any server as of now."""
        for server in self.servers():
            snapshot = server.snapshot(snapshot_id)
            if snapshot is not None:
                return snapshot
        raise invalid("snapshot id", snapshot_id, "a snapshot of this account")

    def require_server(self, server_id: str) -> None:
        """Refuse with 404 what is not here."""
        self._stored(server_id)

    def _read(self, server_id: str, now: datetime) -> tuple[Server, Server]:
        """The server to be changed, and the server as of now.

        They are the same, and the past is folded in, unless the clock can go back: then the past must be kept.
        """
        stored = self._stored(server_id)
        server = lifecycle.at(stored, now)
        return (stored, server) if self._goes_back else (server, server)

    def _stored(self, server_id: str) -> Server:
        server = self._servers.get(server_id)
        if server is None:
            raise Refusal(NOT_FOUND)
        return server

    # Changing

    def add_server(self, server_id: str | None) -> Server:
        with self._lock:
            if server_id is None:
                server_id = self._free_server_id()
            elif server_id in self._servers:
                raise invalid("server id", server_id, "one that this account does not have yet")
            number = self._sequence = self._sequence + 1
            guid = identifiers.uuid(self.settings.seed, "relation", number)
            server = self._servers[server_id] = Server(server_id, relation_guid=guid, disk_guid=guid)
            return server

    def _free_server_id(self) -> str:
        number = len(self._servers) + 1
        while (candidate := identifiers.server_id(self.settings.account, number)) in self._servers:
            number += 1
        return candidate

    def create_snapshot(self, server_id: str, command: CreateSnapshot) -> Snapshot:
        """What ``create_snapshot`` does: the new snapshot in BUILD, or a `Refusal`."""
        return self._add_snapshot(server_id, command, None)

    def add_snapshot(self, server_id: str, command: CreateSnapshot, status: SnapshotStatus) -> Snapshot:
        """Arrange a snapshot that has ``status`` already, under the same rules as a client's."""
        at_once = timedelta(0)
        happens = {
            SnapshotStatus.BUILD: None,
            SnapshotStatus.ACTIVE: ((at_once, Event.COMPLETE),),
            SnapshotStatus.DELETED: ((at_once, Event.COMPLETE), (at_once, Event.DELETE)),
        }
        snapshot = self._add_snapshot(server_id, command, happens[status])
        return self.server(server_id).snapshot(snapshot.id) or snapshot

    def _add_snapshot(
        self, server_id: str, command: CreateSnapshot, happens: tuple[tuple[timedelta, Event], ...] | None
    ) -> Snapshot:
        """A new snapshot; what happens to it is a build as the rules for builds have it, unless it is given."""
        settings = self.settings
        with self._lock:
            now = self.clock.now()
            stored, server = self._read(server_id, now)
            snapshots.check_create(server, command, settings.readings)
            number = self._sequence = self._sequence + 1
            snapshot = Snapshot(
                identifiers.snapshot_id(settings.seed, number, server_id, identifiers.in_zone(now, settings.time_zone)),
                command.name,
                command.description,
                requested_at=now,
                guid=identifiers.uuid(settings.seed, "guid", number),
            )
            if happens is None:
                happens = self._next_build(server_id, command.name, number)
            planned = [(_later(now, after), event) for after, event in happens]
            self._servers[server_id] = snapshots.create(stored, snapshot, number, *planned)
            for due, _ in planned:
                insort(self._agenda, (due, number, server_id))
            return snapshot

    def _next_build(self, server_id: str, name: str, number: int) -> tuple[tuple[timedelta, Event], ...]:
        rule = builds.choose(self._builds, server_id, name) or BuildRule()
        self._builds = builds.spent(self._builds, rule)
        return builds.outcome(rule, self.settings.build_time, self.settings.seed, number)

    def script_build(self, rule: BuildRule) -> None:
        """One more rule for the builds to come."""
        with self._lock:
            self._builds = (*self._builds, rule)

    def delete_snapshot(self, server_id: str, snapshot_id: str) -> None:
        """Delete a snapshot, built or not, or refuse."""
        self._happens(server_id, snapshot_id, snapshots.delete)

    def restore_snapshot(self, server_id: str, snapshot_id: str) -> None:
        """Write the disk back from a snapshot, or refuse."""
        self._happens(server_id, snapshot_id, snapshots.restore)

    def _happens(
        self, server_id: str, snapshot_id: str, rule: Callable[[Server, Server, str, int, datetime], Server]
    ) -> None:
        """What a rule does to a snapshot at once."""
        with self._lock:
            now = self.clock.now()
            stored, server = self._read(server_id, now)
            number = self._sequence + 1
            self._servers[server_id] = rule(stored, server, snapshot_id, number, now)
            self._sequence = number

    def attach_volume(self, server_id: str, volume_id: str | None) -> str:
        """Attach a volume, a new one when no id is given; its id."""
        with self._lock:
            now = self.clock.now()
            stored, _ = self._read(server_id, now)
            if volume_id is None:
                number = self._sequence = self._sequence + 1
                volume_id = identifiers.volume_id(
                    self.settings.seed, number, identifiers.in_zone(now, self.settings.time_zone)
                )
            self._servers[server_id] = volumes.attach(stored, volume_id)
            return volume_id

    def detach_volume(self, server_id: str, volume_id: str) -> None:
        """Detach a volume, or refuse with 404."""
        with self._lock:
            self._servers[server_id] = volumes.detach(self._stored(server_id), volume_id)

    # What is to come

    def pending(self) -> tuple[Pending, ...]:
        """All that will happen, soonest first."""
        with self._lock:
            now = self.clock.now()
            concerned = {server_id for _, _, server_id in self._after(now)}
            return tuple(sorted(event for server_id in concerned for event in self._coming(server_id, now)))

    def next_event(self) -> Pending | None:
        """The soonest of what will happen."""
        with self._lock:
            now = self.clock.now()
            for due, order, server_id in self._after(now):
                for event in self._coming(server_id, now):
                    if (event.due, event.order) == (due, order):
                        return event
            return None

    def _after(self, now: datetime) -> Iterator[tuple[datetime, int, str]]:
        """What was planned for later than ``now``; some of it may have become void since."""
        first = bisect_right(self._agenda, now, key=_due)
        return (self._agenda[place] for place in range(first, len(self._agenda)))

    def _coming(self, server_id: str, now: datetime) -> list[Pending]:
        server = lifecycle.at(self._stored(server_id), now)
        return [
            Pending(planned.due, planned.order, server_id, planned.snapshot_id, status)
            for planned, status in lifecycle.coming(server)
        ]

    def polled(self, place: str, server: Server, unfinished: Collection[str]) -> None:
        """A client has read snapshots that are not finished, by their ids.

        A poll-stepping clock steps; polling in vain raises `FrozenClockError`.
        """
        now = self.clock.now()
        due = next((planned.due for planned in server.plan if planned.snapshot_id in unfinished), None)
        with self._lock:
            before, polls = self._polls.get(place, (now, 0))
            polls = polls + 1 if due is None or before == now else 1
            if len(self._polls) >= _PLACES:
                self._polls.clear()
            self._polls[place] = (now, polls)
        if polls > self.settings.poll_limit:
            raise FrozenClockError(_in_vain(place, polls, now, due))
        if self.settings.poll_step is not None:
            self._step(self.settings.poll_step, now)

    # What goes wrong, and what happened

    @property
    def rules(self) -> tuple[Standing, ...]:
        """The fault rules, newest first."""
        return self._rules

    def add_rule(self, rule: FaultRule) -> Standing:
        """Let a fault rule stand from now on."""
        with self._lock:
            standing = Standing(rule, self._written + 1, self.clock.now())
            if standing.name in (other.name for other in self._rules):
                raise invalid("named", standing.name, "one that no other rule has")
            self._rules = (standing, *self._rules)
            self._written = standing.number
            return standing

    def remove_rules(self, numbers: Collection[int]) -> None:
        """Take away the fault rules of these numbers, if they still stand."""
        with self._lock:
            self._removed |= {rule.number: rule for rule in self._rules if rule.number in numbers}
            self._rules = tuple(rule for rule in self._rules if rule.number not in numbers)

    def rule(self, number: int) -> Standing:
        """A fault rule, which may have been taken away since: then as it was at last."""
        with self._lock:
            return next((rule for rule in self._rules if rule.number == number), None) or self._removed[number]

    def meet(self, subject: Subject) -> Fault | None:
        """What a call meets; every rule that it matches counts it.

        A script that has no step left for it may raise `ScriptExhaustedError`, which is kept for `exhausted`.
        """
        with self._lock:
            try:
                self._rules, fault = rules.meet(self._rules, subject, self.clock.now(), self.settings.seed)
            except ScriptExhaustedError as error:
                self._exhausted.append(error)
                raise
            return fault

    def exhausted(self) -> list[ScriptExhaustedError]:
        """The scripts that ran out since this was last asked: a client may have swallowed what was raised."""
        with self._lock:
            errors, self._exhausted = self._exhausted, []
            return errors

    def rehearsal(self) -> "World":
        """This world as it would go on: what is done there has no effect here."""
        other = copy(self)
        other.settings = replace(self.settings, poll_step=None)
        other._servers = ChainMap({}, self._servers)  # the first map alone is written
        other._agenda, other._polls = [], {}
        return other

    def record(
        self,
        at: datetime,
        operation: str | None,
        method: str,
        target: str,
        effect: Effect,
        client_saw: str,
        rule: str | None,
        server: str | None,
        headers: Mapping[str, str],
        body: bytes,
        answer: bytes,
    ) -> None:
        """One more call for the journal, which forgets the oldest when it is full."""
        with self._lock:
            number = self._calls = self._calls + 1
            self._journal.append(
                Call(number, at, operation, method, target, effect, client_saw, rule, server, headers, body, answer)
            )

    @property
    def calls(self) -> tuple[Call, ...]:
        """The journal, oldest call first."""
        with self._lock:
            return tuple(self._journal)

    def _step(self, step: timedelta, now: datetime) -> None:
        """Move time by ``step``, but not past the next event."""
        event = self.next_event()
        assert isinstance(self.clock, FakeClock)
        self.clock.advance(step if event is None else min(step, event.due - now))


def _later(now: datetime, after: timedelta) -> datetime:
    """An instant from now, or the last that there is."""
    try:
        return now + after
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _due(planned: tuple[datetime, int, str]) -> datetime:
    return planned[0]


def _in_vain(place: str, polls: int, now: datetime, due: datetime | None) -> str:
    when = "and nothing will ever end it" if due is None else f"and it is due in {(due - now).total_seconds():g} s"
    return (
        f"{place} was polled {polls} times while unfinished: the clock stands at {now.isoformat()} {when}. Either move "
        "the clock between polls (fake.clock.advance), or let waiting move it: hand fake.sleep to the client, or wrap "
        "it in fake.patch_sleep('its.module'), or let polling move it: FakeHostway(poll_step=5)."
    )


@dataclass(frozen=True, slots=True)
class Worlds:
    """The worlds behind the same ways in, by account, and the one at home here: it answers whom nobody knows."""

    home: World
    by_account: dict[str, World] = field(default_factory=dict)

    def __post_init__(self) -> None:
        account = self.home.settings.account
        if self.by_account.setdefault(account, self.home) is not self.home:
            raise invalid("user", account, "one that has no world behind these ways in yet")

    def leave(self) -> None:
        """Take the home world away; its credentials are unknown from here on."""
        account = self.home.settings.account
        if self.by_account.get(account) is self.home:
            del self.by_account[account]
