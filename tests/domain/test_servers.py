"""The rules of servers and of what is done to them, without HTTP."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import START
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
from hostway_fake.domain import identifiers, lifecycle, servers
from hostway_fake.domain.lifecycle import SERVER_TRANSITIONS
from hostway_fake.domain.model import Event, ScheduledEvent, Server, Snapshot
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.servers import CreateServer, Filters

_ID: Final = "jello614636-USOTE-0214"
_ACTIONS: Final = (Event.REBOOT, Event.RESIZE, Event.STOP, Event.START)
_TEN: Final = START + timedelta(seconds=10)


def server(status: ServerStatus = ServerStatus.ACTIVE, *events: tuple[float, Event, str]) -> Server:
    plan = [
        ScheduledEvent(at(seconds), order, _ID, event, value) for order, (seconds, event, value) in enumerate(events)
    ]
    return lifecycle.plan(Server(_ID, "guid", "guid", status=status, name="web"), *plan)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def acted(held: Server, event: Event, value: str = "4") -> Server:
    return servers.act(held, 5, START, _TEN, event, value)


@pytest.mark.parametrize(("status", "event"), list(product(ServerStatus, _ACTIONS)), ids=str)
def test_what_can_be_done_stands_in_the_table_and_its_end_does_too(status: ServerStatus, event: Event) -> None:
    held = replace(server(status), doing=Event.REBOOT if status is ServerStatus.PROCESSING else None)
    if (status, event) not in SERVER_TRANSITIONS:
        with pytest.raises(Refusal, match="404" if status is ServerStatus.DELETED else "409"):
            acted(held, event)
        return

    begun, done = lifecycle.at(acted(held, event), START), lifecycle.at(acted(held, event), _TEN)

    ends = ServerStatus.STOPPED if event is Event.STOP or status is ServerStatus.STOPPED else ServerStatus.ACTIVE
    assert (begun.status, begun.doing, begun.updated_at) == (ServerStatus.PROCESSING, event, None)
    assert done.status is (ServerStatus.ACTIVE if event is Event.START else ends)
    assert (done.doing, done.updated_at, done.plan) == (None, _TEN, ())


def test_only_a_reboot_during_a_reboot_is_told_so() -> None:
    rebooting = lifecycle.at(acted(server(), Event.REBOOT), START)

    with pytest.raises(Refusal, match="AlreadyRebooting: Already rebooting"):
        acted(rebooting, Event.REBOOT)
    with pytest.raises(Refusal, match="StatusChanging"):
        acted(rebooting, Event.STOP)
    with pytest.raises(Refusal, match="StatusChanging"):
        acted(lifecycle.at(acted(server(), Event.STOP), START), Event.REBOOT)


@pytest.mark.parametrize(("flavor", "refused"), [("3", "SameFlavor"), ("1", "NotResizable"), ("99", "NotInCatalogue")])
def test_a_resize_that_cannot_be_is_refused(flavor: str, refused: str) -> None:
    with pytest.raises(Refusal, match=refused):
        acted(server(), Event.RESIZE, flavor)


def test_a_resize_takes_effect_when_it_is_done() -> None:
    resized = acted(server(), Event.RESIZE, "4")

    assert [lifecycle.at(resized, at(seconds)).flavor for seconds in (0, 9, 10)] == ["3", "3", "4"]


@pytest.mark.parametrize("status", [status for status in ServerStatus if status is not ServerStatus.DELETED])
def test_a_server_is_renamed_and_deleted_in_any_status(status: ServerStatus) -> None:
    renamed = lifecycle.at(servers.update(server(status), 1, START, "db"), START)
    assert (renamed.name, renamed.status, renamed.updated_at) == ("db", status, START)

    snapshot = Snapshot("snapshot", "a", "", START, "guid")
    gone = lifecycle.at(servers.delete(replace(server(status), snapshots=(snapshot,)), 1, START), START)
    assert (gone.status, gone.snapshots[0].status) == (ServerStatus.DELETED, SnapshotStatus.DELETED)


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(Event), st.just("4"))), st.integers(0, 9))
def test_what_is_deleted_stays_so_whatever_was_planned(events: list[tuple[float, Event, str]], seconds: int) -> None:
    gone = lifecycle.at(server(ServerStatus.DELETED, *events), at(seconds))

    assert replace(gone, plan=()) == server(ServerStatus.DELETED)


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(Event), st.just("4"))), st.integers(0, 9))
def test_reading_in_two_steps_is_reading_at_once(events: list[tuple[float, Event, str]], seconds: int) -> None:
    planned = server(ServerStatus.BUILD, *events)

    assert lifecycle.at(lifecycle.at(planned, at(seconds)), at(9)) == lifecycle.at(planned, at(9))


def test_what_changes_no_status_is_not_coming() -> None:
    planned = server(
        ServerStatus.BUILD, (1, Event.UPDATE, "db"), (2, Event.COMPLETE, ""), (3, Event.RUN, ""), (4, Event.STOP, "")
    )

    assert [(event.due, status) for event, status in lifecycle.status_changes(planned, lifecycle.fold(planned))] == [
        (at(2), ServerStatus.ACTIVE),
        (at(4), ServerStatus.PROCESSING),
    ]


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (CreateServer("web", "windows", "1", "USOTE"), "There is no image 'windows'."),
        (CreateServer("web", "debian_lenny_template", "9", "USOTE"), "There is no flavor '9'."),
        (CreateServer("web", "debian_lenny_template", "1", "m\u00e4rs"), r"There is no zone 'm\xe4rs'."),
    ],
)
def test_what_is_not_in_the_catalogue_is_named(order: CreateServer, said: str) -> None:
    with pytest.raises(Refusal) as caught:
        servers.check_create(order)

    assert caught.value.details == said


@pytest.mark.parametrize(
    ("filters", "shown"),
    [
        (Filters(), True),
        (Filters(status="ACTIVE"), True),
        (Filters(status="STOPPED"), False),
        (Filters(name="web", zone="USOTE", image="20GB_Ubuntu 10.10 x64 R1soft"), True),
        (Filters(name="db"), False),
        (Filters(zone="AUS001"), False),
        (Filters(image="debian_lenny_template"), False),
    ],
)
def test_filters_fit_all_or_nothing(filters: Filters, shown: bool) -> None:
    assert filters.show(server()) is shown


# Identifiers


@pytest.mark.parametrize(
    ("server_id", "zone"),
    [(_ID, "USOTE"), ("michalski275226-AUS001-0005", "AUS001"), ("m1-USOTE-2012-TAMPA-0001", "USOTE-2012-TAMPA")],
)
def test_the_zone_stands_in_the_id(server_id: str, zone: str) -> None:
    assert identifiers.zone_of(server_id) == zone
    assert identifiers.server_id(server_id.partition("-")[0], zone, int(server_id[-4:])) == server_id


@given(st.integers(0, 10**9))
def test_addresses_and_hosts_have_their_form(number: int) -> None:
    public, private = identifiers.addresses(number)

    assert public.startswith(("198.18.", "198.19."))
    assert private.startswith("172.16.")
    assert all(0 <= int(part) <= 255 for part in (*public.split("."), *private.split(".")))
    assert len(identifiers.host(0, number, "AUS001")) == len("host012-aus001.hyperv.hostway")


def test_addresses_differ_for_as_long_as_there_are_some() -> None:
    assert len({identifiers.addresses(number)[0] for number in range(0x2_0000)}) == 0x2_0000


def test_action_takes_two_numbers_of_the_order() -> None:
    assert [planned.order for planned in acted(server(), Event.STOP).plan] == [5, 6]
