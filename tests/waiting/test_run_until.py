"""Running to the very event that a test waits for."""

from datetime import timedelta

import pytest

from hostway_fake import START, CannotHappenError, FakeHostway, InvalidValueError, ServerHandle


def test_it_runs_to_the_very_instant(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(seconds=42.5)
    snapshot = server.add_snapshot("a", status="BUILD")

    active = fake.run_until(snapshot.id, "ACTIVE")

    assert (active.status, active.completed_at) == ("ACTIVE", START + timedelta(seconds=42.5))
    assert fake.clock.now() == START + timedelta(seconds=42.5)


def test_what_is_so_already_moves_nothing(fake: FakeHostway, server: ServerHandle) -> None:
    snapshot = server.add_snapshot("a")

    assert fake.run_until(snapshot.id, "ACTIVE").status == "ACTIVE"
    assert fake.clock.now() == START


def test_what_is_so_already_asks_nothing_of_the_clock() -> None:
    with FakeHostway(clock="follow") as fake:
        snapshot = fake.add_server().add_snapshot("a")

        assert fake.run_until(snapshot.id, "ACTIVE").status == "ACTIVE"


def test_it_finds_a_build_that_ends_deleted(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(seconds=5, ends="DELETED")

    assert fake.run_until(server.add_snapshot("a", status="BUILD").id, "DELETED").status == "DELETED"


@pytest.mark.parametrize(
    ("order", "status", "said"),
    [
        ({"never": True}, "ACTIVE", "it is BUILD, and nothing is planned for it"),
        (
            {"seconds": 5, "ends": "DELETED"},
            "ACTIVE",
            "it is BUILD, and it will be DELETED at 2013-04-12T19:29:05+00:00",
        ),
        ({"seconds": 5}, "DELETED", "it is BUILD, and it will be ACTIVE at 2013-04-12T19:29:05+00:00"),
    ],
)
def test_what_cannot_happen_is_told_with_what_will(
    fake: FakeHostway, server: ServerHandle, order: dict[str, bool], status: str, said: str
) -> None:
    fake.builds.next(**order)  # type: ignore[arg-type]
    snapshot = server.add_snapshot("a", status="BUILD")

    with pytest.raises(CannotHappenError) as caught:
        fake.run_until(snapshot.id, status)

    assert str(caught.value).startswith(f"{snapshot.id} will not become {status}: {said}")
    assert fake.clock.now() == START


def test_the_past_does_not_come_back(fake: FakeHostway, server: ServerHandle) -> None:
    snapshot = server.add_snapshot("a")

    with pytest.raises(CannotHappenError, match="it is ACTIVE, and nothing is planned"):
        fake.run_until(snapshot.id, "BUILD")


def test_an_unknown_status_is_refused(fake: FakeHostway, server: ServerHandle) -> None:
    with pytest.raises(InvalidValueError, match="status: got 'READY', expected one of: 'BUILD', 'ACTIVE', 'DELETED'"):
        fake.run_until(server.add_snapshot("a").id, "READY")


def test_an_unknown_snapshot_is_refused(fake: FakeHostway) -> None:
    with pytest.raises(InvalidValueError, match="snapshot id: got 'nowhere', expected a snapshot of this account"):
        fake.run_until("nowhere", "ACTIVE")
