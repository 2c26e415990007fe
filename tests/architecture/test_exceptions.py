"""The exceptions that a test author can meet: one base, and messages of one form."""

import inspect
from typing import Final

import pytest

import hostway_fake
from hostway_fake import HostwayFakeError, InvalidValueError, PortTakenError, exceptions
from hostway_fake.exceptions import invalid

_OURS: Final = {
    name: value
    for name, value in vars(exceptions).items()
    if inspect.isclass(value) and issubclass(value, Exception) and value.__module__ == exceptions.__name__
}


def test_every_exception_is_public() -> None:
    assert set(_OURS) <= set(hostway_fake.__all__)


def test_public_exceptions_have_the_one_base() -> None:
    public = [getattr(hostway_fake, name) for name in hostway_fake.__all__ if name.endswith("Error")]
    assert all(issubclass(error, HostwayFakeError) for error in public)


def test_a_port_that_is_taken_keeps_the_number_of_the_system() -> None:
    error = PortTakenError(98, "cannot listen")

    assert (error.errno, error.strerror) == (98, "cannot listen")


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        ((), "colour: got 'pink', expected one"),
        (("red",), "colour: got 'pink', expected one: 'red'"),
        (("red", "green"), "colour: got 'pink', expected one: 'red', 'green'"),
        (iter(("red", "green")), "colour: got 'pink', expected one: 'red', 'green'"),
    ],
)
def test_an_invalid_value_is_named_with_what_was_expected(candidates: tuple[str, ...], message: str) -> None:
    error = invalid("colour", "pink", "one", candidates)

    assert (type(error), str(error)) == (InvalidValueError, message)
