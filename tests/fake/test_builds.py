"""Builds to order: how long, how they end, and for which snapshots."""

from datetime import timedelta
from typing import Any

import pytest

from hostway_fake import FakeHostway, InvalidValueError, ServerHandle, WrongTypeError


def due(fake: FakeHostway) -> dict[str, tuple[float, str]]:
    """By name, in how many seconds what is being built will end, and how."""
    names = {snapshot.id: snapshot.name for server in fake.servers for snapshot in server.snapshots}
    now = fake.clock.now()
    return {
        names[event.snapshot_id]: ((event.due - now).total_seconds(), str(event.status))
        for event in fake.clock.pending()
    }


def build(server: ServerHandle, *names: str) -> None:
    for name in names:
        server.add_snapshot(name, status="BUILD")


def test_a_build_takes_a_minute_unless_told_otherwise(fake: FakeHostway, server: ServerHandle) -> None:
    build(server, "a")

    assert due(fake) == {"a": (60, "ACTIVE")}


def test_how_long_builds_take_is_an_option() -> None:
    with FakeHostway(build_seconds=2.5) as fake:
        build(fake.add_server(), "a")

        assert due(fake) == {"a": (2.5, "ACTIVE")}


def test_an_order_for_the_next_is_used_once(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(seconds=90)

    build(server, "a", "b")

    assert due(fake) == {"a": (90, "ACTIVE"), "b": (60, "ACTIVE")}


def test_orders_for_the_next_are_used_oldest_first(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(seconds=1)
    fake.builds.next(seconds=2)

    build(server, "a", "b")

    assert due(fake) == {"a": (1, "ACTIVE"), "b": (2, "ACTIVE")}


def test_of_orders_for_all_the_newest_is_used(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.all(seconds=1)
    fake.builds.all(seconds=2)

    build(server, "a", "b")

    assert due(fake) == {"a": (2, "ACTIVE"), "b": (2, "ACTIVE")}


def test_an_order_for_the_next_comes_before_one_for_all(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(seconds=1)
    fake.builds.all(seconds=2)

    build(server, "a", "b")

    assert due(fake) == {"a": (1, "ACTIVE"), "b": (2, "ACTIVE")}


def test_a_build_may_never_end(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(never=True)
    build(server, "a")

    fake.clock.advance(days=10_000)

    assert (due(fake), server.snapshots[0].status) == ({}, "BUILD")


def test_a_build_may_end_deleted(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(seconds=5, ends="DELETED")
    build(server, "a")
    assert due(fake) == {"a": (5, "DELETED")}

    fake.clock.advance(5)

    assert (server.snapshots[0].status, server.snapshots[0].completed_at) == ("DELETED", None)


def test_a_build_without_seconds_takes_the_usual_time(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(ends="DELETED")
    build(server, "a")

    assert due(fake) == {"a": (60, "DELETED")}


@pytest.mark.parametrize(
    ("narrowed", "fitting"),
    [
        ({"name": "nightly"}, {"nightly"}),
        ({"name": "night*"}, {"nightly", "night[1]"}),
        ({"name": "night[1]"}, {"night[1]"}),
        ({"name": "*"}, {"nightly", "night[1]", "weekly"}),
        ({"name": "NIGHTLY"}, set()),
        ({"server": "jello614636-USOTE-0214"}, {"nightly", "night[1]", "weekly"}),
        ({"server": "*-0214", "name": "week*"}, {"weekly"}),
        ({"server": "*-0215"}, set()),
    ],
)
def test_an_order_is_narrowed_exactly_or_by_a_glob(
    fake: FakeHostway, server: ServerHandle, narrowed: dict[str, str], fitting: set[str]
) -> None:
    fake.builds.all(seconds=1, **narrowed)  # type: ignore[arg-type]

    build(server, "nightly", "night[1]", "weekly")

    assert {name for name, (seconds, _) in due(fake).items() if seconds == 1} == fitting


def test_an_order_waits_for_what_fits(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(seconds=1, name="b")

    build(server, "a", "b", "c")

    assert due(fake) == {"b": (1, "ACTIVE"), "a": (60, "ACTIVE"), "c": (60, "ACTIVE")}


def drawn(seed: int) -> list[timedelta]:
    with FakeHostway(seed=seed) as fake:
        fake.builds.all(seconds=(10, 20))
        for _ in range(20):
            build(fake.add_server(), "a")
        return [event.due - fake.clock.now() for event in fake.clock.pending()]


def test_a_range_is_drawn_from_the_seed() -> None:
    assert drawn(1) == drawn(1) != drawn(2)


def test_a_draw_lies_in_its_range() -> None:
    times = drawn(3)

    assert timedelta(seconds=10) <= min(times) < max(times) <= timedelta(seconds=20)
    assert len(set(times)) == 20


def test_a_range_may_be_one_time(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(seconds=(7, 7))
    build(server, "a")

    assert due(fake) == {"a": (7, "ACTIVE")}


def test_orders_hold_for_builds_over_http(fake: FakeHostway, create: Any) -> None:
    fake.builds.next(seconds=7)

    create("a")

    assert due(fake) == {"a": (7, "ACTIVE")}


def test_a_refused_create_uses_no_order(fake: FakeHostway, server: ServerHandle, create: Any) -> None:
    volume = server.attach_volume()
    fake.builds.next(seconds=7)
    assert create("a").status_code == 400

    server.detach_volume(volume)
    create("a")

    assert due(fake) == {"a": (7, "ACTIVE")}


@pytest.mark.parametrize(
    ("order", "kind", "message"),
    [
        ({"ends": "BUILD"}, InvalidValueError, "ends: got 'BUILD', expected one of: 'ACTIVE', 'DELETED'"),
        ({"never": True, "seconds": 5}, InvalidValueError, "never: got True, expected neither seconds nor ends"),
        ({"never": True, "ends": "DELETED"}, InvalidValueError, "never: got True"),
        ({"seconds": -1}, InvalidValueError, "seconds: got -1, expected a number from 0"),
        ({"seconds": float("nan")}, InvalidValueError, "seconds: got nan"),
        ({"seconds": "5"}, WrongTypeError, "seconds: got '5', expected a number"),
        ({"seconds": (5, 1)}, InvalidValueError, "expected the shortest before the longest"),
        ({"seconds": (1, "5")}, WrongTypeError, "seconds: got '5', expected a number"),
        ({"seconds": (1, 2, 3)}, WrongTypeError, "seconds: got (1, 2, 3), expected a number"),
        ({"server": 214}, WrongTypeError, "server: got 214, expected a string"),
        ({"name": b"a"}, WrongTypeError, "name: got b'a', expected a string"),
    ],
)
@pytest.mark.parametrize("which", ["next", "all"])
def test_an_order_that_is_none_is_refused(
    fake: FakeHostway, server: ServerHandle, which: str, order: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as caught:
        getattr(fake.builds, which)(**order)

    assert message in str(caught.value)
    build(server, "a")
    assert due(fake) == {"a": (60, "ACTIVE")}
