"""The values of readings that are no defaults: those that a set of operations can meet."""

from typing import Any

import pytest

from hostway_fake import READINGS, InvalidValueError, WrongTypeError
from hostway_fake.contract.operations import BY_NAME
from hostway_fake.contract.readings import others


def test_without_operations_every_other_value_is_meant() -> None:
    every = [(reading.name, value) for reading in READINGS.values() for value in reading.values[1:]]

    assert list(others()) == every == list(others(BY_NAME))


@pytest.mark.parametrize("name", BY_NAME)
def test_an_operation_meets_its_own_readings_only(name: str) -> None:
    met = {reading for reading, _ in others([name])}

    assert met == {each.name for each in READINGS.values() if name in each.operations and len(each.values) > 1}


def test_no_operation_meets_nothing() -> None:
    assert others([]) == ()


@pytest.mark.parametrize(
    ("operations", "kind", "message"),
    [
        ("get_snapshot", WrongTypeError, "operations: got 'get_snapshot', expected a list of their names"),
        (["get"], InvalidValueError, "operation: got 'get'. Examples: 'create_snapshot'"),
    ],
)
def test_other_operations_are_named(operations: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        others(operations)

    assert str(caught.value).startswith(message)
