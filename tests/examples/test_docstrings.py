"""The examples in the package's docstrings."""

import doctest
import pkgutil
from importlib import import_module
from typing import Final

import pytest

import hostway_fake

_MODULES: Final = sorted(
    module.name
    for module in pkgutil.walk_packages(hostway_fake.__path__, "hostway_fake.")
    if module.name != "hostway_fake.__main__"
)
_EXAMPLES: Final = [
    pytest.param(test, id=test.name)
    for name in _MODULES
    for test in doctest.DocTestFinder(exclude_empty=True).find(import_module(name))
    if test.examples
]


@pytest.mark.parametrize("example", _EXAMPLES)
def test_an_example_in_a_docstring_holds(example: doctest.DocTest) -> None:
    told: list[str] = []

    ran = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF).run(example, out=told.append, clear_globs=False)

    assert (ran.failed, ran.attempted) == (0, len(example.examples)), "".join(told)


def test_there_are_examples_in_docstrings() -> None:
    assert {"hostway_fake.fake.hostway.FakeHostway", "hostway_fake.clock.clocks.FakeClock"} <= {
        each.id for each in _EXAMPLES
    }
