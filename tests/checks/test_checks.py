"""Values that a test author gives, one at a time."""

from collections.abc import Callable
from typing import Any

import pytest

from hostway_fake import InvalidValueError, WrongTypeError, checks


@pytest.mark.parametrize(
    ("check", "good"),
    [
        (checks.whole, 1),
        (checks.number, 0),
        (checks.number, 2.5),
        (checks.positive, 0.1),
        (checks.flag, False),
        (checks.text, ""),
    ],
)
def test_what_is_right_comes_back(check: Callable[[str, Any], object], good: object) -> None:
    assert check("it", good) is good


@pytest.mark.parametrize(
    ("check", "bad", "kind", "message"),
    [
        (checks.whole, 0, InvalidValueError, "it: got 0, expected a whole number from 1 to 1,000,000,000"),
        (checks.whole, 10**9 + 1, InvalidValueError, "it: got 1000000001, expected a whole number from 1 to 1,000,"),
        (checks.whole, 1.0, WrongTypeError, "it: got 1.0, expected a whole number"),
        (checks.whole, True, WrongTypeError, "it: got True, expected a whole number"),
        (checks.number, -1, InvalidValueError, "it: got -1, expected a number from 0 to 1,000,000,000"),
        (checks.number, float("nan"), InvalidValueError, "it: got nan, expected a number from 0"),
        (checks.number, True, WrongTypeError, "it: got True, expected a number"),
        (checks.number, None, WrongTypeError, "it: got None, expected a number"),
        (checks.positive, 0.0, InvalidValueError, "it: got 0.0, expected a number above 0, up to 1,000,000,000"),
        (checks.positive, float("nan"), InvalidValueError, "it: got nan, expected a number above 0, up to"),
        (checks.positive, "1", WrongTypeError, "it: got '1', expected a number"),
        (checks.text, "\ud800", InvalidValueError, "it: got '\\ud800', expected a string without halves"),
        (checks.flag, 1, WrongTypeError, "it: got 1, expected True or False"),
        (checks.text, b"", WrongTypeError, "it: got b'', expected a string"),
    ],
)
def test_what_is_wrong_is_named(
    check: Callable[[str, Any], object], bad: object, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as caught:
        check("it", bad)

    assert str(caught.value).startswith(message)
