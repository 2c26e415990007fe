"""What tests do with the fakes that they are given: unused fault rules, errors, and what happened.

Theory of operation. A `WatchedFake` looks at a fake and its accounts twice: when the test function has returned, and at
the end of teardown. The first look finds what the test did not use, before fixtures tidy up. The second look accepts
rules that fixtures used in their own teardown. What a savepoint or a reset removes in between is kept by the rulebook
and the journal, and accounts that were closed are kept by their parent, so that nothing has to be intercepted.

A rule that a fixture of a wider scope wrote may be used by later tests. It is reported when its fake is closed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from hostway_fake.exceptions import HostwayFakeError, ScriptExhaustedError
from hostway_fake.fake import FakeHostway
from hostway_fake.fake.account import Account
from hostway_fake.faults.outcomes import StaleConnection
from hostway_fake.faults.rules import ActiveRule, FaultRule, glob_matches
from hostway_fake.journal.calls import Call
from hostway_fake.journal.near_miss import nearest
from hostway_fake.journal.reliance import ResponseKey
from hostway_fake.journal.timeline import Timeline
from hostway_fake.world import World
from hostway_fake.world.values import BEGINNING, Mark

UNUSED, STALLED, RAISED = ALLOWABLE = ("unused_rules", "stalled_polls", "server_exceptions")
"""What ``allow`` accepts."""

_STALLED: Final = "the client polled while the clock stood. If the test expects that, allow it:"
_REMOVED: Final = "a savepoint or a reset has removed it"
_RAISED: Final = "the fake raised an exception. If the test expects that, allow it:"


class Problem(NamedTuple):
    """A problem that fails a test at teardown. ``allowed_by`` is the word of ``allow`` that accepts it, if any."""

    allowed_by: str
    text: str
    is_of_fixture: bool = False

    def __str__(self) -> str:
        if not self.allowed_by:
            return self.text
        allow = f"allow=[{self.allowed_by!r}]"
        return f"{self.text}\n(allow it with {'make_fake_hostway' if self.is_of_fixture else _MARKER}({allow}))"


_MARKER: Final = "@pytest.mark.fake_hostway"


class WatchedFake:
    """A fake that tests use, with the accounts that were added to it.

    Args:
        fake: The fake.
        allowed: Words of ``allow`` that hold for this fake.
        name: The name of the fixture that returned it, if it is one of the plugin's.
        is_for_one_test: Whether a function-scoped fixture of a project made it.
    """

    def __init__(
        self, fake: FakeHostway, allowed: tuple[str, ...], name: str = "", *, is_for_one_test: bool = False
    ) -> None:
        self.fake = fake
        self.name = name
        self.allowed = allowed
        self._is_for_one_test = is_for_one_test
        self._has_passed = False
        self._marks: dict[World, Mark] = {}  # the position of each world at the end of the previous test
        self._arranged: dict[int, FaultRule] = {}  # by identity, the rules that fixtures of wider scopes wrote
        self._reported: dict[int, FaultRule] = {}
        self._unused: dict[int, tuple[FaultRule, str]] = {}
        self._problems: list[Problem] = []
        self._counts: Counter[ResponseKey] = Counter()
        fake.account.watch()

    def begin_test(self) -> bool:
        """Prepare for the next test. Return False if the next test cannot use this fake."""
        self.fake.account.forget_closed()
        if self._is_for_one_test or not self.fake.account.is_open:
            return False
        for account in self.fake.account.accounts():
            account.world.forget_polls()
            self._marks[account.world] = account.world.mark()
        return True

    def release(self) -> None:
        """Stop watching at the end of this test, because no other test gets the fake."""
        self._is_for_one_test = True

    @property
    def is_shared(self) -> bool:
        """Whether earlier tests have used the fake."""
        return any(mark.recorded or mark.sequence for mark in self._marks.values())

    def arranged(self) -> None:
        """Note that a fixture of a wider scope wrote the rules that are active now."""
        self._arranged |= {id(rule.rule): rule.rule for rule in self._rules()}

    def look(self) -> None:
        """Note what is unused or wrong at the moment."""
        for account in self.fake.account.accounts():
            self._look_at(account)

    def end_test(self, failed: bool) -> list[Problem]:
        """Return the problems of a test, after teardown. A test that has failed anyway has none of its own."""
        self.look()
        self._has_passed = self._has_passed or not failed
        if not (self._unused or self._problems):
            return []
        active = {id(rule.rule): rule for rule in self._rules()}
        unused = {key: each for key, each in self._unused.items() if key not in active or active[key].remaining}
        self._reported |= {key: rule for key, (rule, _) in self._unused.items()}
        found = [Problem(UNUSED, text, key in self._arranged) for key, (_, text) in unused.items()]
        found = [each for each in found if not failed or (each.is_of_fixture and self._has_passed)]
        found += [] if failed else self._problems
        self._unused, self._problems = {}, []
        return found

    def timelines(self) -> Iterator[tuple[Account, Timeline]]:
        """Yield each account with what has happened in it since the previous test."""
        for account in self.fake.account.accounts():
            yield account, account.world.timeline(self._marks.get(account.world, BEGINNING))

    @property
    def was_called(self) -> bool:
        """Whether a request has reached one of the accounts since the previous test."""
        worlds = [account.world for account in self.fake.account.accounts()]
        return any(world.journal.recorded > self._marks.get(world, BEGINNING).recorded for world in worlds)

    def new_responses(self) -> Counter[ResponseKey]:
        """Return how many responses of which kind were sent since the last time."""
        counts = self.fake.account.response_counts()
        new, self._counts = counts - self._counts, counts
        return new

    def _rules(self) -> Iterator[ActiveRule]:
        for account in self.fake.account.accounts():
            yield from account.world.rulebook.rules

    def _look_at(self, account: Account) -> None:
        rulebook, journal = account.world.rulebook, account.world.journal
        for rule in rulebook.rules:
            self._note_unused(account, rule, partial(_missed, rule, account))
        while rulebook.discarded:
            rule = rulebook.discarded.popleft()
            self._note_unused(account, rule, partial(_missed, rule, account) if journal.calls else lambda: [_REMOVED])
        try:
            account.faults.check()
        except HostwayFakeError as error:
            account.discarded_errors.append(error)
        while account.discarded_errors:
            told = account.discarded_errors.popleft()
            allowed_by = RAISED if isinstance(told, ScriptExhaustedError) else ""
            self._problems.append(Problem(allowed_by, f"{type(told).__name__}: {told}"))
        if account.blocked:
            self._problems.append(_problem(RAISED, _RAISED, [f"BlockedHostError: {each}" for each in account.blocked]))
            account.blocked.clear()
        self._problems += _raised(journal.take_raised())

    def _note_unused(self, account: Account, rule: ActiveRule, why: Callable[[], list[str]]) -> None:
        key = id(rule.rule)
        may_be_used_later = account.is_open and key in self._arranged and not self._is_for_one_test
        if rule.remaining and not may_be_used_later and key not in self._reported:
            of_account = "" if self.name and account is self.fake.account else f" of {account.name}"
            writer = ", written by a fixture of a wider scope" if key in self._arranged else ""
            more = "1 more matching call" if rule.remaining == 1 else f"{rule.remaining} more matching calls"
            said = f"unused fault rule{of_account}{writer}: {rule.description}: {more} expected"
            self._unused[key] = rule.rule, "\n".join((said, *why()))


def _problem(allowed_by: str, said: str, found: Sequence[object]) -> Problem:
    """Return a problem that shows the first three of what was found."""
    return Problem(allowed_by, "\n".join((said, *(f"  {each}" for each in found[:3]))))


def _raised(calls: tuple[Call, ...]) -> Iterator[Problem]:
    stalled = [call for call in calls if call.client_saw == "FrozenClockError"]
    raised = [call for call in calls if call.client_saw in ("EndlessWaitError", "NoWireError")]
    for allowed_by, said, found in ((STALLED, _STALLED, stalled), (RAISED, _RAISED, raised)):
        if found:
            yield _problem(allowed_by, said, found)


def _missed(rule: ActiveRule, account: Account) -> list[str]:
    """Return the calls that came nearest to a rule that no call has matched."""
    which = rule.rule.which
    wanted = {"operation": which.operation, "server": which.server, "id": which.id, "name": which.name}
    given = {what: value for what, value in wanted.items() if value is not None}
    if rule.hits or not given:
        return []
    if which.server and not any(glob_matches(which.server, server.id) for server in account.world.servers()):
        return [f"no server {which.server!r} existed"]
    return nearest(account.world.journal.calls, given, glob_matches, partial(_why_not_counted, rule.rule))


def _why_not_counted(rule: FaultRule, call: Call) -> str:
    """Return why a rule did not count a call that has the wanted attributes."""
    if call.rolled_back:
        return "a savepoint has undone it"
    if rule.which.account is not None:
        return f"its account is not {rule.which.account!r}"
    if any(isinstance(step.outcome, StaleConnection) for step in rule.what.steps):
        return "its connection had served no request before"
    return "it came before the rule was written"
