"""The transition table, and the fold that reads a state as of an instant."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import START
from hostway_fake.contract.statuses import SnapshotStatus
from hostway_fake.domain import lifecycle, snapshots
from hostway_fake.domain.model import Event, ScheduledEvent, Server, Snapshot
from hostway_fake.domain.refusals import Refusal


def server(*ids: str) -> Server:
    made = tuple(Snapshot(name, name, "", START, f"guid-{name}") for name in ids)
    return Server("jello614636-USOTE-0214", "relation", "relation", snapshots=made)


def planned(seconds: int, order: int, name: str, event: Event = Event.COMPLETE) -> ScheduledEvent:
    return ScheduledEvent(START + timedelta(seconds=seconds), order, name, event)


def test_nothing_is_done_before_it_is_due() -> None:
    waiting = lifecycle.plan(server("a"), planned(5, 1, "a"))

    assert lifecycle.at(waiting, START + timedelta(seconds=4)) is waiting


def test_what_is_due_is_done_at_its_own_time() -> None:
    waiting = lifecycle.plan(server("a"), planned(5, 1, "a"))

    (done,) = lifecycle.at(waiting, START + timedelta(hours=1)).snapshots

    assert (done.status, done.completed_at) == (SnapshotStatus.ACTIVE, START + timedelta(seconds=5))


def test_the_disk_descends_from_what_was_done_last() -> None:
    waiting = lifecycle.plan(server("a", "b"), planned(9, 1, "a"), planned(5, 2, "b"))

    done = lifecycle.at(waiting, START + timedelta(hours=1))

    assert [snapshot.parent_guid for snapshot in done.snapshots] == ["guid-b", "relation"]
    assert done.disk_guid == "guid-a"
    assert done.plan == ()


def test_of_what_is_due_at_once_the_first_in_order_is_done_first() -> None:
    waiting = lifecycle.plan(server("a", "b"), planned(5, 2, "a"), planned(5, 1, "b"))

    assert lifecycle.at(waiting, START + timedelta(seconds=5)).disk_guid == "guid-a"


def test_an_event_that_a_status_does_not_know_passes() -> None:
    waiting = lifecycle.plan(server("a"), planned(1, 1, "a", Event.DELETE), planned(5, 2, "a"))

    (gone,) = lifecycle.at(waiting, START + timedelta(hours=1)).snapshots

    assert (gone.status, gone.completed_at) == (SnapshotStatus.DELETED, None)


def test_what_is_coming_leaves_out_what_will_pass() -> None:
    waiting = lifecycle.plan(server("a", "b"), planned(5, 1, "a"), planned(1, 2, "a", Event.DELETE), planned(9, 3, "b"))

    assert changes(waiting) == [(2, "DELETED"), (3, "ACTIVE")]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from("abc"), st.sampled_from(Event)), max_size=12),
    st.lists(st.integers(0, 20), max_size=5),
)
def test_reading_on_the_way_changes_nothing(events: list[tuple[int, str, Event]], stops: list[int]) -> None:
    plan = [planned(seconds, order, name, event) for order, (seconds, name, event) in enumerate(events)]
    whole = stepwise = lifecycle.plan(server("a", "b", "c"), *plan)

    for stop in sorted(stops):
        stepwise = lifecycle.at(stepwise, START + timedelta(seconds=stop))

    end = START + timedelta(seconds=20)
    assert lifecycle.at(stepwise, end) == lifecycle.at(whole, end)


@pytest.mark.parametrize("status", [SnapshotStatus.BUILD, SnapshotStatus.ACTIVE])
def test_a_snapshot_can_be_deleted_built_or_not(status: SnapshotStatus) -> None:
    before = server("a")
    now = lifecycle.plan(before, *([planned(0, 1, "a")] if status is SnapshotStatus.ACTIVE else []))

    after = snapshots.delete(lifecycle.at(now, START), 2, START, "a")

    assert [snapshot.status for snapshot in lifecycle.at(after, START).snapshots] == ["DELETED"]


@pytest.mark.parametrize("name", ["a", "nothing"])
def test_what_is_gone_or_was_never_there_cannot_be_deleted(name: str) -> None:
    gone = lifecycle.at(lifecycle.plan(server("a"), planned(0, 1, "a", Event.DELETE)), START)

    with pytest.raises(Refusal, match="404"):
        snapshots.delete(gone, 2, START, name)


def changes(server: Server) -> list[tuple[int, str]]:
    """The order and the new status of each change that the plan of a server brings."""
    return [(event.order, status) for event, status in lifecycle.status_changes(server, lifecycle.fold(server))]


def test_deleting_a_server_is_one_change_and_ends_the_changes_of_its_snapshots() -> None:
    held = server("a")
    waiting = lifecycle.plan(held, planned(1, 1, held.id, Event.DELETE), planned(2, 2, "a"))

    assert changes(waiting) == [(1, "DELETED")]


def test_event_that_changes_no_status_is_no_change_and_does_not_end_them() -> None:
    plan = [planned(1, 1, "a"), planned(2, 2, "a", Event.RESTORE), planned(3, 3, "a", Event.DELETE)]

    assert changes(lifecycle.plan(server("a"), *plan)) == [(1, "ACTIVE"), (3, "DELETED")]


def test_fold_stops_at_the_instant() -> None:
    waiting = lifecycle.plan(server("a", "b"), planned(1, 1, "a"), planned(2, 2, "b"))

    assert [event.order for event, _ in lifecycle.fold(waiting, START + timedelta(seconds=1))] == [1]


def test_disk_descends_from_a_snapshot_only_after_events_that_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {**lifecycle.TRANSITIONS, (SnapshotStatus.ACTIVE, Event.UPDATE): SnapshotStatus.ACTIVE}
    monkeypatch.setattr(lifecycle, "TRANSITIONS", table)
    waiting = lifecycle.plan(server("a", "b"), planned(1, 1, "a"), planned(2, 2, "b"), planned(3, 3, "a", Event.UPDATE))

    assert lifecycle.at(waiting, START + timedelta(seconds=3)).disk_guid == "guid-b"


def test_built_snapshot_has_no_time_of_deletion() -> None:
    waiting = lifecycle.plan(server("a"), planned(5, 1, "a"), planned(9, 2, "a", Event.DELETE))

    built, gone = (lifecycle.at(waiting, START + timedelta(seconds=seconds)).snapshots[0] for seconds in (5, 9))
    assert (built.deleted_at, gone.deleted_at) == (None, START + timedelta(seconds=9))
