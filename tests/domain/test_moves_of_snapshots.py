"""How a snapshot moves from one status to the next, whatever the order in which its plan was made."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import START
from hostway_fake.contract.errors import BAD_BODY, LIMIT_REACHED, VOLUME_ATTACHED, ProviderError
from hostway_fake.contract.statuses import SnapshotStatus
from hostway_fake.domain import lifecycle, snapshots
from hostway_fake.domain.model import Event, ScheduledEvent, Server, Snapshot, Status
from hostway_fake.domain.refusals import Refusal

_IDS: Final = "abc"


def server(*statuses: SnapshotStatus) -> Server:
    """A server with snapshots a, b, ..., one for each status."""
    made = tuple(
        Snapshot(name, name, "", START, f"guid-{name}", status)
        for name, status in zip(_IDS, statuses, strict=False)  # as many as there are statuses
    )
    return Server("jello614636-USOTE-0214", "relation", "relation", snapshots=made)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("before", "event", "after"),
    [
        ("BUILD", Event.COMPLETE, "ACTIVE"),
        ("BUILD", Event.RESTORE, "BUILD"),
        ("BUILD", Event.DELETE, "DELETED"),
        ("ACTIVE", Event.COMPLETE, "ACTIVE"),
        ("ACTIVE", Event.RESTORE, "ACTIVE"),
        ("ACTIVE", Event.DELETE, "DELETED"),
        ("DELETED", Event.COMPLETE, "DELETED"),
        ("DELETED", Event.RESTORE, "DELETED"),
        ("DELETED", Event.DELETE, "DELETED"),
    ],
)
def test_an_event_moves_a_snapshot(before: str, event: Event, after: str) -> None:
    planned = lifecycle.plan(server(SnapshotStatus(before)), ScheduledEvent(at(1), 1, "a", event))

    moved = lifecycle.at(planned, at(1))

    assert (moved.snapshots[0].status, moved.plan) == (after, ())


@pytest.mark.parametrize(
    ("before", "event", "disk"),
    [
        ("BUILD", Event.COMPLETE, "guid-a"),
        ("BUILD", Event.RESTORE, "relation"),
        ("BUILD", Event.DELETE, "relation"),
        ("ACTIVE", Event.COMPLETE, "relation"),
        ("ACTIVE", Event.RESTORE, "guid-a"),
        ("ACTIVE", Event.DELETE, "relation"),
        ("DELETED", Event.RESTORE, "relation"),
    ],
)
def test_completing_and_restoring_move_the_disk(before: str, event: Event, disk: str) -> None:
    planned = lifecycle.plan(server(SnapshotStatus(before)), ScheduledEvent(at(1), 1, "a", event))

    assert [lifecycle.at(planned, at(seconds)).disk_guid for seconds in (0, 1)] == ["relation", disk]


_PLANS: Final = st.lists(
    st.builds(
        lambda seconds, order, name, event: ScheduledEvent(at(seconds), order, name, event),
        st.integers(0, 9),
        st.integers(0, 99),
        st.sampled_from(_IDS),
        st.sampled_from(Event),
    ),
    max_size=10,
    unique_by=lambda planned: planned.order,
)
_BUILDING: Final = server(SnapshotStatus.BUILD, SnapshotStatus.BUILD, SnapshotStatus.ACTIVE)


@given(data=st.data(), plan=_PLANS)
def test_the_order_in_which_a_plan_was_made_plays_no_part(data: Any, plan: list[ScheduledEvent]) -> None:
    shuffled = data.draw(st.permutations(plan))
    one_by_one = _BUILDING
    for planned in shuffled:
        one_by_one = lifecycle.plan(one_by_one, planned)

    assert one_by_one == lifecycle.plan(_BUILDING, *plan)


@given(plan=_PLANS, seconds=st.integers(0, 9))
def test_reading_twice_at_an_instant_is_reading_once(plan: list[ScheduledEvent], seconds: int) -> None:
    once = lifecycle.at(lifecycle.plan(_BUILDING, *plan), at(seconds))

    assert lifecycle.at(once, at(seconds)) is once


@given(plan=_PLANS)
def test_what_is_coming_is_what_comes(plan: list[ScheduledEvent]) -> None:
    planned = lifecycle.plan(_BUILDING, *plan)
    statuses: dict[str, Status] = {snapshot.id: snapshot.status for snapshot in planned.snapshots}

    for event, status in lifecycle.status_changes(planned, lifecycle.fold(planned)):
        statuses[event.subject] = status

    assert statuses == {snapshot.id: snapshot.status for snapshot in lifecycle.at(planned, at(9)).snapshots}


@given(plan=_PLANS)
def test_each_stands_at_the_time_it_was_due(plan: list[ScheduledEvent]) -> None:
    planned = lifecycle.plan(_BUILDING, *plan)
    upcoming = lifecycle.status_changes(planned, lifecycle.fold(planned))
    due = {event.subject: event.due for event, _ in upcoming if event.event is Event.COMPLETE}

    done = lifecycle.at(planned, at(1_000_000))

    assert {each.id: each.completed_at for each in done.snapshots if each.completed_at} == due


def test_creating_leaves_the_others_as_they_are() -> None:
    before = server(SnapshotStatus.ACTIVE)
    made = Snapshot("b", "b", "", at(5), "guid-b")

    after = snapshots.create(before, made, 7, (at(9), Event.COMPLETE))

    assert after.snapshots == (*before.snapshots, made)
    assert after.plan == (ScheduledEvent(at(9), 7, "b", Event.COMPLETE),)
    assert after.disk_guid == before.disk_guid


@pytest.mark.parametrize("rule", [snapshots.delete, snapshots.restore])
@pytest.mark.parametrize(("status", "name"), [("ACTIVE", "z"), ("BUILD", "z"), ("DELETED", "a")])
def test_what_is_gone_or_never_was_is_refused_and_nothing_planned(
    rule: Callable[[Server, int, datetime, str], Server], status: str, name: str
) -> None:
    before = server(SnapshotStatus(status))

    with pytest.raises(Refusal, match="404 Resource not found"):
        rule(before, 1, START, name)
    assert before.plan == ()


# Refusals


@pytest.mark.parametrize(
    ("error", "at_fault", "details"),
    [
        (VOLUME_ATTACHED, "hbs2012May08_61EfdIZ3Y", "hbs2012May08_61EfdIZ3Y is already attached"),
        (BAD_BODY, "{0} {} %s", "{0} {} %s"),
        (LIMIT_REACHED, "", "The snapshot can be created up to 3 in a server."),
    ],
)
def test_a_refusal_names_what_is_at_fault(error: ProviderError, at_fault: str, details: str) -> None:
    refusal = Refusal(error, at_fault)

    assert (refusal.error, refusal.details) == (error, details)
    assert str(refusal) == f"{error.status} {error.message}: {details}"
