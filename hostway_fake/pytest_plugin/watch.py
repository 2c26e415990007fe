"""What tests do with the fakes that they are given: what they left undone, and what happened while a test ran."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from hostway_fake.exceptions import HostwayFakeError, ScriptExhaustedError
from hostway_fake.fake import FakeHostway
from hostway_fake.faults.outcomes import StaleConnection
from hostway_fake.faults.rules import ActiveRule, FaultRule, glob_matches
from hostway_fake.journal.calls import Call
from hostway_fake.journal.near_miss import nearest
from hostway_fake.journal.reliance import ResponseKey
from hostway_fake.journal.timeline import Timeline
from hostway_fake.world import World
from hostway_fake.world.values import BEGINNING, Mark

UNSPENT, STALLED, RAISED = ALLOWABLE = ("unspent_rules", "stalled_polls", "server_exceptions")
"""What a test can leave undone."""

_STALLED: Final = "the clock stood, and the client polled in vain; where a test expects that, it is to allow it:"
_RAISED: Final = "the fake raised an exception; where a test expects that, it is to allow it:"


class Problem(NamedTuple):
    """What is told at the end of a test; ``word`` is what allows it, empty where nothing does."""

    allowed_by: str
    text: str
    is_of_fixture: bool = False

    def __str__(self) -> str:
        if self.is_of_fixture:
            return (
                f"{self.text}\n(it was to be spent by then; make_fake_hostway(allow=[{self.allowed_by!r}]) allows it)"
            )
        return (
            f"{self.text}\n(@pytest.mark.fake_hostway(allow=[{self.allowed_by!r}]) allows it)"
            if self.allowed_by
            else self.text
        )


class WatchedFake:
    """A fake that was given to tests, with its siblings.

    ``name`` is that of a fixture, if it has one. What a test did is told at its end. A rule that a fixture of a wider
    scope wrote has time until the fake is closed.
    """

    def __init__(
        self, fake: FakeHostway, allowed: tuple[str, ...], name: str = "", *, is_for_one_test: bool = False
    ) -> None:
        self.fake = fake
        self.name = name
        self._is_for_one_test = is_for_one_test
        self.allowed = allowed
        self._has_passed = False
        self._marks: dict[World, Mark] = {}  # where each world was when the test before had ended
        self._looked_at: dict[World, int] = {}  # how many calls of each were looked at
        self._arranged: dict[int, FaultRule] = {}  # by identity, the rules that fixtures of wider scopes wrote
        self._told: dict[int, FaultRule] = {}
        self._owing: dict[int, tuple[FaultRule, str]] = {}
        self._found: list[Problem] = []
        self._gone: list[FakeHostway] = []  # siblings that were closed in this test
        self._relied: Counter[ResponseKey] = Counter()
        fake._on_discard = self._look_at

    def begins(self) -> bool:
        """Another test begins; whether it can use this fake."""
        self._gone = []
        if self._is_for_one_test or not self.fake._is_open:
            self.fake._on_discard = None  # a fake that nobody holds is gone at once
            return False
        for fake in self.fake._family():
            world = fake._worlds.default_world
            world.forget_polls()
            self._marks[world] = world.mark()
        return True

    def release(self) -> None:
        """Stop watching at the end of this test, because no other test gets the fake."""
        self._is_for_one_test = True

    @property
    def is_shared(self) -> bool:
        """Whether tests before this one have used it."""
        return any(mark.recorded or mark.sequence for mark in self._marks.values())

    def arranged(self) -> None:
        """A fixture of a wider scope is made: the rules that stand now are not the test's."""
        self._arranged |= {id(rule.rule): rule.rule for rule in self._rules()}

    def called(self) -> None:
        """The test is done, and fixtures will tidy up."""
        for fake in self.fake._family():
            self._look_at(fake)

    def ended(self, failed: bool) -> list[Problem]:
        """Fixtures have tidied up: what was left undone, by a test that came to its end or by fixtures before it."""
        self.called()
        self._has_passed = self._has_passed or not failed
        if not (self._owing or self._found):
            return []
        standing = {id(rule.rule): rule for rule in self._rules()}
        owing = {key: each for key, each in self._owing.items() if not _is_spent(standing.get(key))}
        self._told |= {key: rule for key, (rule, _) in self._owing.items()}
        unspent = [Problem(UNSPENT, text, key in self._arranged) for key, (_, text) in owing.items()]
        found = [each for each in unspent if not failed or (each.is_of_fixture and self._has_passed)]
        found += [] if failed else self._found
        self._owing, self._found = {}, []
        return found

    def timelines(self) -> Iterator[tuple[FakeHostway, Timeline]]:
        """What happened since the test before had ended, in this account and in those of siblings."""
        for fake in (*self.fake._family(), *self._gone):
            world = fake._worlds.default_world
            yield fake, world.timeline(self._marks.get(world, BEGINNING))

    @property
    def was_called(self) -> bool:
        """Tell whether a request has reached it, or one of its siblings, since the test before had ended."""
        worlds = [fake._worlds.default_world for fake in (*self.fake._family(), *self._gone)]
        return any(world.journal.recorded > self._marks.get(world, BEGINNING).recorded for world in worlds)

    def relied(self) -> Counter[ResponseKey]:
        """What was answered since this was last asked."""
        answered = self.fake._response_counts()
        new, self._relied = answered - self._relied, answered
        return new

    def _rules(self) -> Iterator[ActiveRule]:
        for fake in self.fake._family():
            yield from fake._worlds.default_world.rulebook.rules

    def _whose(self, fake: FakeHostway) -> str:
        return "" if self.name and fake is self.fake else f" of {fake.auth[0]}"

    def _look_at(self, fake: FakeHostway) -> None:
        """See what is undone now; a fake asks for it before it forgets."""
        world, is_open = fake._worlds.default_world, fake._is_open
        if not is_open and world is not self.fake._worlds.default_world:
            self._gone.append(fake)
        for rule in world.rulebook.rules:
            key = id(rule.rule)
            has_time = is_open and key in self._arranged and not self._is_for_one_test
            if rule.remaining and not has_time and key not in self._told:
                writer = ", which a fixture of a wider scope wrote," if key in self._arranged else ""
                said = f"a rule{self._whose(fake)}{writer} is not spent: {rule}"
                self._owing[key] = rule.rule, "\n".join((said, *_missed(rule, fake)))
        try:
            fake._faults.check()
        except HostwayFakeError as error:
            word = RAISED if isinstance(error, ScriptExhaustedError) else ""
            self._found.append(Problem(word, f"{type(error).__name__}: {error}"))
        if fake._blocked:
            self._found.append(_complaint(RAISED, _RAISED, [f"BlockedHostError: {each}" for each in fake._blocked]))
            fake._blocked.clear()
        looked_at = self._looked_at.get(world, 0)
        if world.journal.recorded > looked_at:
            self._looked_at[world] = world.journal.recorded
            self._found += _raised(world.journal.since(looked_at))


def _is_spent(rule: ActiveRule | None) -> bool:
    """Whether a rule still stands and waits for no more calls."""
    return rule is not None and not rule.remaining


def _complaint(word: str, said: str, found: Sequence[object]) -> Problem:
    """Return a complaint that shows the first three of what was found."""
    return Problem(word, "\n".join((said, *(f"  {each}" for each in found[:3]))))


def _raised(calls: tuple[Call, ...]) -> Iterator[Problem]:
    stalled = [call for call in calls if call.client_saw == "FrozenClockError"]
    raised = [call for call in calls if call.client_saw in ("EndlessWaitError", "NoWireError")]
    for word, said, found in ((STALLED, _STALLED, stalled), (RAISED, _RAISED, raised)):
        if found:
            yield _complaint(word, said, found)


def _missed(rule: ActiveRule, fake: FakeHostway) -> list[str]:
    """Why a rule was not spent, where no call matched it: what came nearest."""
    which = rule.rule.which
    wanted = {"operation": which.operation, "server": which.server, "id": which.id, "name": which.name}
    given = {what: value for what, value in wanted.items() if value is not None}
    if rule.hits or not given:
        return []
    return nearest(fake.calls, given, glob_matches, partial(_alike, rule.rule))


def _alike(rule: FaultRule, call: Call) -> str:
    """Why a rule did not count a call that is as it wants it."""
    if call.rolled_back:
        return "a savepoint has undone that it counted"
    if rule.which.account is not None:
        return f"its account is not {rule.which.account!r}"
    if any(isinstance(step.outcome, StaleConnection) for step in rule.what.steps):
        return "its connection had served no request before"
    return "it came before the rule was written"
