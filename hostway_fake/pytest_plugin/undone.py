"""What a test left undone: it is told at the teardown, unless it is allowed."""

from collections.abc import Collection, Iterator
from typing import Final

from hostway_fake.fake import FakeHostway
from hostway_fake.faults.rules import Standing, fits
from hostway_fake.journal.calls import Call
from hostway_fake.journal.near_miss import nearest

ALLOWABLE: Final = ("unspent_rules", "stalled_polls", "server_exceptions")
"""What a test can leave undone."""


def complaints(fake: FakeHostway, allowed: Collection[str]) -> Iterator[str]:
    """What the account of a test, and each that shares its ways in, left undone, each with the word that allows it."""
    for world in fake._family():
        calls = world.journal.calls
        for rule in world.rulebook.rules if "unspent_rules" not in allowed else ():
            if rule.owed:
                yield _said("unspent_rules", f"a rule is not spent: {rule}", *_missed(rule, calls))
        stalled = [call for call in calls if call.client_saw == "FrozenClockError"]
        raised = [call for call in calls if call.client_saw in ("EndlessWaitError", "NoWireError")]
        if stalled and "stalled_polls" not in allowed:
            yield _said("stalled_polls", "the clock stood, and the client polled in vain:", *_lines(stalled))
        if raised and "server_exceptions" not in allowed:
            yield _said("server_exceptions", "the fake raised, and the client kept it to itself:", *_lines(raised))


def _missed(rule: Standing, calls: Collection[Call]) -> list[str]:
    """Why a rule was not spent, where no call matched it: what came nearest."""
    which = rule.rule.which
    wanted = {"operation": which.operation, "server": which.server, "id": which.id, "name": which.name}
    given = {what: value for what, value in wanted.items() if value is not None}
    return nearest(calls, given, fits) if not rule.hits and given else []


def _lines(calls: list[Call]) -> list[str]:
    return [f"  {call}" for call in calls[:3]]


def _said(word: str, *lines: str) -> str:
    return "\n".join((*lines, f"(@pytest.mark.fake_hostway(allow=[{word!r}]) allows it)"))
