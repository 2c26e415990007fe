"""Back to what was: savepoints that undo, and a reset that nothing survives."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import requests
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import (
    START,
    FakeHostway,
    InvalidValueError,
    RefusedError,
    ScriptExhaustedError,
    ServerHandle,
    UnfinishedRuleError,
)
from hostway_fake.faults import ok

Create = Callable[..., requests.Response]

_ORDER = {"server": {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "1"}}


def _all_of(fake: FakeHostway) -> list[object]:
    """All that can be changed."""
    world = fake.account.world
    saved = world.savepoint()
    rulebook = saved.rulebook
    return [
        saved.servers.servers,
        saved.volumes,
        saved.servers.agenda._entries,
        list(saved.servers.deleted),
        list(saved.servers.history),
        saved.added,
        saved.builds,
        saved.sequence,
        saved.errors,
        saved.clock and (saved.clock.nanoseconds, saved.clock.rate, list(saved.clock.moves)),
        saved.polls,
        (rulebook._rules, rulebook._removed, rulebook._exhausted, rulebook._last_number),
        fake.account.faults.saved(),
    ]


def _do(fake: FakeHostway, number: int) -> object:
    """Change something, by a number."""
    session = fake.session()
    server = fake.servers[number % len(fake.servers)] if fake.servers else fake.add_server()
    url = f"{fake.url}/servers/{server.id}"
    changes: list[Callable[[], object]] = [
        lambda: fake.add_server(),
        lambda: session.post(f"{url}/snapshots", json={"snapshot": {"name": str(number)}}).content,
        lambda: session.post(f"{fake.url}/servers", json=_ORDER).content,
        lambda: session.post(f"{fake.url}/volumes", json={"volume": {"size": 1}}).content,
        lambda: session.post(f"{url}/action", json={"os-stop": None}).content,
        lambda: session.delete(url).content,
        lambda: session.get(f"{url}/snapshots").content,
        lambda: fake.clock.advance(number),
        lambda: fake.faults.on("get_server").first(number + 1).respond(503).name,
        lambda: fake.faults.clear(),
        lambda: fake.faults.on("list_volumes"),
        lambda: fake.builds.next(seconds=number),
    ]
    return changes[number % len(changes)]()


_NUMBERS = st.lists(st.integers(0, 200), max_size=12)


@given(before=_NUMBERS, inside=_NUMBERS)
def test_a_savepoint_undoes_whatever_was_done(before: list[int], inside: list[int]) -> None:
    fake = FakeHostway(revision="2013-10")
    for number in before:
        _do(fake, number)
    held, calls = _all_of(fake), fake.calls

    with suppress(UnfinishedRuleError), fake.savepoint():
        answers = [str(_do(fake, number)) for number in inside]
    assert _all_of(fake) == held
    assert fake.calls[: len(calls)] == calls
    assert all(call.rolled_back for call in fake.calls[len(calls) :])

    with suppress(UnfinishedRuleError), fake.savepoint():
        again = [str(_do(fake, number)) for number in inside]
    assert [answer for answer in again if "object at" not in answer] == [
        answer for answer in answers if "object at" not in answer
    ], "the same ids are drawn again"


@given(numbers=_NUMBERS)
def test_nothing_survives_a_reset(numbers: list[int]) -> None:
    fake, fresh = FakeHostway(revision="2013-10"), FakeHostway(revision="2013-10")
    first = [str(_do(fake, number)) for number in numbers]
    seen = fake.calls

    fake.reset()

    assert _all_of(fake) == _all_of(fresh)
    assert (fake.calls, fake.evidence()) == ((), ())
    assert [str(_do(fake, number)) for number in numbers if number % 12 != 10] == [
        answer for answer, number in zip(first, numbers, strict=True) if number % 12 != 10
    ]
    assert [call.response_body for call in fake.calls] == [call.response_body for call in seen]


def test_savepoints_nest(fake: FakeHostway, server: ServerHandle) -> None:
    with fake.savepoint():
        server.add_snapshot("a")
        with fake.savepoint():
            server.add_snapshot("b")
        assert [snapshot.name for snapshot in server.snapshots] == ["a"]
    assert server.snapshots == ()


def test_a_savepoint_undoes_though_the_block_fails(fake: FakeHostway, server: ServerHandle) -> None:
    with pytest.raises(RefusedError), fake.savepoint():  # noqa: PT012  # the second is refused
        for _ in range(2):
            server.add_snapshot("a")
    assert server.snapshots == ()


def test_what_was_called_inside_is_told_as_rolled_back(fake: FakeHostway, create: Create) -> None:
    create("a")
    with fake.savepoint():
        create("b")
    create("b")

    assert [call.rolled_back for call in fake.calls] == [False, True, False]
    assert [call.client_saw for call in fake.calls] == ["202", "202", "202"]
    assert str(fake.calls[1]).endswith("(rolled back)")


def test_a_savepoint_that_outlives_the_one_around_it_is_refused(fake: FakeHostway) -> None:
    inner = fake.savepoint()
    with fake.savepoint():
        fake.add_server()
        inner.__enter__()
        fake.add_server()
    assert not list(fake.servers)
    fake.add_server()

    with pytest.raises(InvalidValueError, match="savepoint: it ends after the one around it"):
        inner.__exit__(None, None, None)

    assert len(fake.servers) == 1
    with fake.savepoint():
        fake.add_server()
    assert len(fake.servers) == 1


def test_a_rule_that_was_begun_inside_is_told_at_the_end_of_it(fake: FakeHostway) -> None:
    outside = fake.faults.on("list_zones")
    with pytest.raises(UnfinishedRuleError, match=r"list_images: always$"), fake.savepoint():
        fake.faults.on("list_images")

    outside.respond(503)
    with pytest.raises(KeyError), fake.savepoint():  # noqa: PT012  # another error goes before it
        fake.faults.on("list_images")
        raise KeyError
    fake.close()


def test_what_was_rolled_back_is_named(fake: FakeHostway) -> None:
    with fake.savepoint():
        server, rule = fake.add_server(), fake.faults.on().respond(503)

    gone = f"server id: got '{server.id}', expected a server of this account: it was rolled back or reset"
    for use in (
        lambda: server.status,
        lambda: server.add_snapshot("a"),
        lambda: server.delete(),
        lambda: server.attach_volume(),
        lambda: server.run_until("ACTIVE"),
    ):
        with pytest.raises(InvalidValueError, match=gone):
            use()
    with pytest.raises(
        InvalidValueError, match="rule: got 1, expected one that was neither rolled back, reset nor removed long ago"
    ):
        _ = rule.hits
    assert repr(rule) == "<RuleHandle rule 1: rolled back or reset>"
    rule.remove()


def test_a_running_clock_goes_on_from_where_it_was(fake: FakeHostway) -> None:
    with fake.savepoint():
        fake.clock.rate = 1000
        fake.clock.advance(hours=1)

    assert (fake.clock.now(), fake.clock.rate) == (START, 0)


def test_a_clock_that_is_not_the_fake_s_stays_where_it_is() -> None:
    with freeze_time("2026-01-31") as frozen, FakeHostway(clock="follow") as fake:
        with fake.savepoint():
            fake.add_server()
            frozen.tick(60)
        assert (fake.servers, fake.clock.now().minute) == ((), 1)
        fake.reset()
        assert fake.clock.now().minute == 1


def test_a_reset_plays_the_script_that_the_fake_was_made_with() -> None:
    with FakeHostway(faults={"rule": [{"first": 1, "respond": 503}], "build": [{"never": True}]}) as fake:
        statuses: list[Any] = []
        for _ in range(2):
            statuses += [fake.session().get(f"{fake.url}/zone").status_code for _ in range(2)]
            fake.faults.on().respond(500)
            fake.reset()
        server = fake.add_server()
        server.add_snapshot("a", "BUILD")

    assert statuses == [503, 200, 503, 200]
    assert fake.clock.pending() == ()


def test_what_ran_out_before_a_reset_is_forgotten() -> None:
    with FakeHostway() as fake:
        fake.faults.script(None, [ok], then="fail_test")
        fake.session().get(f"{fake.url}/zone")
        with pytest.raises(ScriptExhaustedError):
            fake.session().get(f"{fake.url}/zone")
        fake.reset()


def test_accounts_are_reset_by_themselves(fake: FakeHostway, server: ServerHandle) -> None:
    with fake.add_account("michalski275226", "secret") as other:
        other.add_server()
        fake.reset()
        assert (fake.servers, len(other.servers)) == ((), 1)
