"""Suggestions: what natural guesses mean, in errors about attributes, keyword arguments and values."""

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any, Final

import pytest

import hostway_fake
from hostway_fake import FakeHostway, InvalidValueError, ServerHandle, UnknownOptionError, WrongTypeError
from hostway_fake.exceptions import invalid
from hostway_fake.fake.builds import Builds
from hostway_fake.fake.clock_control import WorldClock
from hostway_fake.faults.builder import Faults, RuleBuilder, RuleHandle
from hostway_fake.suggestions import ATTRIBUTES, Suggests

_CLASSES: Final = {
    each.__name__: each
    for each in (
        *(FakeHostway, WorldClock, Builds, Faults, RuleBuilder, RuleHandle, ServerHandle),
        *(hostway_fake.Call, hostway_fake.Calls),
    )
}
_OBJECTS: Final[dict[str, Callable[[FakeHostway], object]]] = {
    "FakeHostway": lambda fake: fake,
    "RuleBuilder": lambda fake: fake.faults.on(),
    "RuleHandle": lambda fake: fake.faults.on().respond(503),
    "WorldClock": lambda fake: fake.clock,
    "Builds": lambda fake: fake.builds,
    "ServerHandle": lambda fake: fake.add_server(),
    "Calls": lambda fake: fake.calls,
    "Call": lambda fake: fake.calls.last,
}


@pytest.fixture
def called(fake: FakeHostway) -> FakeHostway:
    fake.session().get(f"{fake.url}/zone")
    return fake


@pytest.mark.parametrize(
    ("kind", "guess", "meant"),
    [(kind, guess, meant) for kind, table in ATTRIBUTES.items() for guess, meant in table.items()],
)
def test_guess_is_answered_with_what_it_means(called: FakeHostway, kind: str, guess: str, meant: str) -> None:
    thing = _OBJECTS[kind](called)
    called.faults.clear()

    with pytest.raises(AttributeError) as caught:
        getattr(thing, guess)

    assert str(caught.value) == f"{type(thing).__name__!r} object has no attribute {guess!r}. Did you mean .{meant}?"


@pytest.mark.parametrize(
    ("kind", "meant"), [(kind, meant) for kind, table in ATTRIBUTES.items() for meant in table.values()]
)
def test_suggested_attribute_exists(kind: str, meant: str) -> None:
    name = meant.replace("[", "(").partition("(")[0].partition(",")[0].partition(" ")[0].partition(".")[0]

    assert not name or hasattr(_CLASSES[kind], name) or name in getattr(_CLASSES[kind], "__annotations__", {})


def test_misspelt_attribute_is_answered_with_the_nearest(fake: FakeHostway) -> None:
    with pytest.raises(AttributeError, match=r"has no attribute 'severs'. Did you mean .servers\?$"):
        _ = fake.severs  # type: ignore[attr-defined]


def test_attribute_that_resembles_none_has_no_suggestion(fake: FakeHostway) -> None:
    with pytest.raises(AttributeError, match=r"^'FakeHostway' object has no attribute 'quux'$"):
        _ = fake.quux  # type: ignore[attr-defined]


def test_private_attribute_has_no_suggestion(fake: FakeHostway) -> None:
    with pytest.raises(AttributeError, match=r"no attribute '_servers'$"):
        _ = fake._servers  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda fake: fake.clock.advance(minute=10), "advance() has no argument 'minute'. Did you mean minutes?"),
        (lambda fake: fake.builds.next(fail=True), "next() has no argument 'fail'. Did you mean ends=\"DELETED\"?"),
        (lambda fake: fake.builds.all(stuck=True), "all() has no argument 'stuck'. Did you mean never=True?"),
        (
            lambda fake: fake.calls.filter(status_code=409),
            "filter() has no argument 'status_code'. Did you mean status?",
        ),
        (lambda fake: fake.faults.on("list_servers", nam="a"), "on() has no argument 'nam'. Did you mean name?"),
        (
            lambda fake: fake.clock.advance(quux=1),
            "advance() has no argument 'quux'. Expected one of: delta, days, hours, minutes, seconds.",
        ),
    ],
)
def test_unknown_keyword_is_answered_with_what_it_means(
    fake: FakeHostway, act: Callable[[Any], object], message: str
) -> None:
    with pytest.raises(UnknownOptionError) as caught:
        act(fake)

    assert str(caught.value) == message
    assert isinstance(caught.value, TypeError)


def test_many_candidates_are_not_listed_but_suggested(fake: FakeHostway) -> None:
    with pytest.raises(InvalidValueError) as caught:
        fake.faults.on("create_snapshots")

    assert str(caught.value) == (
        "operation: got 'create_snapshots'. Did you mean 'create_snapshot'? "
        "hostway_fake.contract.operations.BY_NAME lists all 31."
    )
    assert len(caught.value.candidates) == 31


def test_value_that_is_no_string_is_compared_as_it_is_written() -> None:
    error = invalid("number", 3, "one of", map(str, range(20)))

    assert str(error) == "number: got 3. Did you mean '3'? `error.candidates` lists all 20."


def test_signature_is_that_of_the_function() -> None:
    assert list(inspect.signature(WorldClock.advance).parameters) == [
        *("self", "delta", "days", "hours", "minutes", "seconds")
    ]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_fake_cannot_be_copied_or_pickled(fake: FakeHostway, copied: Callable[[object], object]) -> None:
    with pytest.raises(WrongTypeError, match=r"FakeHostway cannot be copied or pickled: to_dict\(\) returns its state"):
        copied(fake)

    assert fake.session().get(f"{fake.url}/zone").status_code == 200


def test_repr_of_a_fake_that_was_not_made_is_safe() -> None:
    assert repr(FakeHostway.__new__(FakeHostway)) == "<FakeHostway, not initialized>"


def test_mixin_adds_nothing_to_an_instance() -> None:
    class Slotted(Suggests):
        __slots__ = ()

    assert not hasattr(Slotted(), "__dict__")
