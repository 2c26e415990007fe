"""The timeline: what happened, in the order of the virtual clock."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import pytest
import requests
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from hostway_fake import START, FakeHostway, ServerHandle, TimelineEntry

Create = Callable[..., requests.Response]


def lines(fake: FakeHostway) -> list[str]:
    """The time of day and the text of each entry, with names in place of ids."""
    told = "\n".join(f"{entry.at.time().isoformat('milliseconds')} {entry.text}" for entry in fake.timeline())
    for server in fake.servers:
        for snapshot in server.snapshots:
            told = told.replace(snapshot.id, snapshot.name)
        told = told.replace(server.id, "server")
    return told.splitlines()


def test_it_begins_empty(fake: FakeHostway) -> None:
    assert (fake.timeline(), str(fake.timeline()), fake.timeline().to_json()) == ((), "", "[]")


def test_calls_changes_and_moves_stand_in_the_order_of_the_clock(
    fake: FakeHostway, server: ServerHandle, create: Create
) -> None:
    create("a")
    fake.clock.advance(30)
    fake.faults.on("create_snapshot").named("lost").after_commit().reset()
    with pytest.raises(requests.ConnectionError):
        create("b")
    fake.clock.advance(100)
    server.delete_snapshot(server.snapshots[0].id)

    assert lines(fake) == [
        "19:29:00.000 server is ACTIVE",
        "19:29:00.000 POST /servers/server/snapshots create_snapshot applied 202",
        "19:29:00.000 a is BUILD",
        "19:29:00.000 the clock moves by 30 s",
        "19:29:30.000 lost acts on create_snapshot: reset",
        "19:29:30.000 POST /servers/server/snapshots create_snapshot applied reset [lost]",
        "19:29:30.000 b is BUILD",
        "19:29:30.000 the clock moves by 100 s",
        "19:30:00.000 a is ACTIVE",
        "19:30:30.000 b is ACTIVE",
        "19:31:10.000 a is DELETED",
    ]


def test_what_is_done_to_a_server_is_told(fake: FakeHostway, server: ServerHandle) -> None:
    server.add_snapshot("a", "BUILD")
    server.stop()
    fake.clock.advance(20)
    server.delete()
    fake.clock.advance(100)

    assert lines(fake) == [
        "19:29:00.000 server is ACTIVE",
        "19:29:00.000 a is BUILD",
        "19:29:00.000 server is PROCESSING",
        "19:29:00.000 the clock moves by 20 s",
        "19:29:10.000 server is STOPPED",
        "19:29:20.000 server is DELETED",
        "19:29:20.000 the clock moves by 100 s",
    ]


def test_what_changes_no_status_is_not_told(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    server.restore_snapshot(server.add_snapshot("a").id)
    session.put(f"{fake.url}/servers/{server.id}", json={"server": {"name": "db"}})

    assert [line.partition(" ")[2] for line in lines(fake)] == [
        "server is ACTIVE",
        "a is BUILD",
        "a is ACTIVE",
        "PUT /servers/server update_server applied 200",
    ]


def test_what_is_to_come_is_not_told(fake: FakeHostway, create: Create) -> None:
    create("a")

    assert not [line for line in lines(fake) if "a is ACTIVE" in line]


def test_moments_are_data(fake: FakeHostway, server: ServerHandle) -> None:
    fake.clock.advance(1.5)
    born, moved = fake.timeline()

    assert born == TimelineEntry(START, "transition", server.id, f"{server.id} is ACTIVE", outcome="ACTIVE")
    assert moved == TimelineEntry(START, "clock", "", "the clock moves by 1.5 s", outcome="+1.5 s")
    assert json.loads(fake.timeline().to_json()) == [
        {**entry._asdict(), "at": START.isoformat()} for entry in (born, moved)
    ]


def test_no_secret_is_told(fake: FakeHostway, session: requests.Session) -> None:
    order = {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "1", "adminPass": "s3cret"}
    session.post(f"{fake.url}/servers", json={"server": order})

    assert "s3cret" not in str(fake.timeline()) + fake.timeline().to_json()


def test_what_was_rolled_back_did_not_happen_but_for_its_calls(fake: FakeHostway, create: Create) -> None:
    with fake.savepoint():
        create("a")
        fake.clock.advance(60)

    assert [line.partition(" ")[2] for line in lines(fake)] == [
        "server is ACTIVE",
        "POST /servers/server/snapshots create_snapshot applied 202 (rolled back)",
    ]


def test_nothing_is_told_after_a_reset(fake: FakeHostway, create: Create) -> None:
    create("a")
    fake.clock.advance(60)
    fake.reset()

    assert fake.timeline() == ()


def test_a_clock_that_others_move_has_no_moves_to_tell() -> None:
    with freeze_time("2026-01-31") as frozen, FakeHostway(clock="follow") as fake:
        fake.add_server().add_snapshot("a", "BUILD")
        frozen.tick(60)
        told = [moment.text.rpartition(" ")[2] for moment in fake.timeline()]

    assert told == ["ACTIVE", "BUILD", "ACTIVE"]


@given(st.lists(st.integers(0, 100), max_size=12))
def test_it_ends_as_the_world_is(steps: list[int]) -> None:
    with FakeHostway() as fake:
        servers = [fake.add_server(), fake.add_server()]
        for number in steps:
            server = servers[number % 2]
            match number // 2 % 6:
                case 0 if server.status != "DELETED" and len(server.snapshots) < 3:
                    server.add_snapshot(str(len(server.snapshots)), "BUILD")
                case 1 if server.status == "ACTIVE":
                    server.stop()
                case 2 if server.status == "STOPPED":
                    server.start()
                case 3 if server.status != "DELETED" and number > 80:
                    server.delete()
                case 4 if any(each.status != "DELETED" for each in server.snapshots):
                    server.delete_snapshot(next(each.id for each in server.snapshots if each.status != "DELETED"))
                case _:
                    fake.clock.advance(timedelta(seconds=number))

        told = {moment.subject: moment.text.rpartition(" ")[2] for moment in fake.timeline()}
        for server in servers:
            assert told[server.id] == server.status
            if server.status != "DELETED":
                assert all(told[each.id] == each.status for each in server.snapshots)
        assert [moment.at for moment in fake.timeline()] == sorted(moment.at for moment in fake.timeline())


def test_control_characters_of_a_client_reach_no_terminal() -> None:
    with FakeHostway() as fake:
        fake.wsgi_app.test_client().get("/servers", environ_overrides={"RAW_URI": "/servers/\x1b[31m\x07\x9b"})
        assert r"/servers/\x1b[31m\x07\x9b" in str(fake.timeline())
        assert all(line.isprintable() for line in str(fake.timeline()).splitlines())


def test_timeline_is_a_table(fake: FakeHostway, server: ServerHandle, create: Create) -> None:
    fake.faults.on("create_snapshot").first(1).named("lost").after_commit().reset()
    with pytest.raises(requests.ConnectionError):
        create("nightly")
    fake.clock.advance(days=1)
    with fake.savepoint():
        create("weekly")

    assert str(fake.timeline()).replace(server.snapshots[0].id[-9:], "123456789").splitlines() == [
        "2013-04-12",
        "19:29:00.000  status  server 0214                   ACTIVE",
        "19:29:00.000  fault   lost acts on create_snapshot  reset",
        '19:29:00.000  call    create_snapshot "nightly"     reset     applied',
        "19:29:00.000  status  snapshot 123456789            BUILD",
        "19:29:00.000  clock                                 +86400 s",
        "19:30:00.000  status  snapshot 123456789            ACTIVE",
        "2013-04-13",
        '19:29:00.000  call    create_snapshot "weekly"      202       applied, rolled back',
    ]


def test_ids_with_the_same_end_are_written_in_full(fake: FakeHostway) -> None:
    for zone in ("USOTE", "AUS001"):
        fake.add_server(f"jello614636-{zone}-0214")

    assert [line[22:].split()[1] for line in str(fake.timeline()).splitlines()[1:]] == [
        "jello614636-USOTE-0214",
        "jello614636-AUS001-0214",
    ]


def test_line_has_at_most_100_columns(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    fake.faults.on().named("a rule with a very long name of more than fifty characters").stale_connection()
    with fake.savepoint():
        for _ in range(2):
            with suppress(requests.ConnectionError):
                session.post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "x" * 99}})
        session.get(f"{fake.url}/{'y' * 200}")

    assert max(map(len, str(fake.timeline()).splitlines())) <= 100


def test_rich_console_prints_the_timeline_in_color(fake: FakeHostway, create: Create) -> None:
    create("[bold]")
    console = Console(file=StringIO(), force_terminal=True, width=100, color_system="standard")

    console.print(fake.timeline())

    printed = console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
    assert "\x1b[1m" in printed
    assert Text.from_ansi(printed).plain.splitlines() == str(fake.timeline()).splitlines()
