"""Code that waits by itself, on the fake's clock: whichever way it got hold of its ``sleep``."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
import trio

from hostway_fake import START, FakeHostway, InvalidValueError, WrongTypeError

Made = Callable[[str], ModuleType]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """A module of some source, by the name of ``client_under_test``."""

    def make(source: str) -> ModuleType:
        module = ModuleType("client_under_test")
        exec(source, vars(module))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return module

    return make


def passed(fake: FakeHostway) -> float:
    return (fake.clock.now() - START).total_seconds()


@pytest.mark.parametrize(
    "source",
    [
        "import time\ndef nap(): time.sleep(5)",
        "import time as clock\ndef nap(): clock.sleep(5)",
        "from time import sleep\ndef nap(): sleep(5)",
        "from time import sleep as snooze\ndef nap(): snooze(5)",
    ],
)
def test_its_sleep_moves_the_clock_however_it_was_imported(fake: FakeHostway, made: Made, source: str) -> None:
    module = made(source)

    with fake.patch_sleep("client_under_test"):
        module.nap()

    assert passed(fake) == 5


@pytest.mark.parametrize("function", ["time", "monotonic", "perf_counter"])
def test_its_clocks_run_with_the_fake_s(fake: FakeHostway, made: Made, function: str) -> None:
    module = made(f"import time\nfrom time import {function} as read\ndef both(): return time.{function}(), read()")

    with fake.patch_sleep("client_under_test"):
        before = module.both()
        fake.clock.advance(90)
        after = module.both()

    assert [late - early for early, late in zip(before, after, strict=True)] == [90, 90]


@pytest.mark.parametrize("function", ["time_ns", "monotonic_ns", "perf_counter_ns"])
def test_its_clocks_in_nanoseconds_do_too(fake: FakeHostway, made: Made, function: str) -> None:
    module = made(f"import time\ndef read(): return time.{function}()")

    with fake.patch_sleep("client_under_test"):
        before = module.read()
        fake.clock.advance(0.5)

        assert module.read() - before == 500_000_000


def test_its_time_is_the_fake_s(fake: FakeHostway, made: Made) -> None:
    module = made("import time\ndef read(): return time.time()")

    with fake.patch_sleep("client_under_test"):
        assert module.read() == START.timestamp()


def test_the_rest_of_time_is_real(fake: FakeHostway, made: Made) -> None:
    module = made("import time\ndef year(): return time.strftime('%Y', time.gmtime(0)), time.struct_time")

    with fake.patch_sleep("client_under_test"):
        assert module.year() == ("1970", time.struct_time)


def test_a_module_can_be_given_itself(fake: FakeHostway, made: Made) -> None:
    module = made("import time\ndef nap(): time.sleep(5)")

    with fake.patch_sleep(module):
        module.nap()

    assert passed(fake) == 5


def test_all_is_as_before_after_the_block(fake: FakeHostway, made: Made) -> None:
    module = made("import time\nfrom time import sleep, monotonic")

    with pytest.raises(KeyError), fake.patch_sleep("client_under_test"):
        raise KeyError

    assert (module.time, module.sleep, module.monotonic) == (time, time.sleep, time.monotonic)


@pytest.mark.parametrize(
    "source", ["import time\ndef nap(): time.sleep(5)", "import time\nfrom time import sleep\ndef nap(): sleep(5)"]
)
def test_blocks_nest_and_the_inner_wins(fake: FakeHostway, made: Made, source: str) -> None:
    module = made(source)

    with FakeHostway() as other, fake.patch_sleep("client_under_test"):
        with other.patch_sleep("client_under_test"):
            module.nap()
        assert (passed(fake), passed(other)) == (0, 5)
        module.nap()
        assert (passed(fake), passed(other)) == (5, 5)

    assert module.time is time


def test_other_modules_are_left_alone(fake: FakeHostway, made: Made) -> None:
    made("import time")

    with fake.patch_sleep("client_under_test"):
        assert time.sleep is sys.modules["time"].sleep
        assert not passed(fake)


@pytest.mark.parametrize(
    ("module", "kind", "message"),
    [
        ("", InvalidValueError, "module: got '', expected a module that can be imported"),
        (".x", InvalidValueError, "module: got '.x', expected a module that can be imported"),
        ("no_such_client", InvalidValueError, "module: got 'no_such_client', expected a module that can be imported"),
        (7, WrongTypeError, "module: got 7, expected a module or its name"),
    ],
)
def test_what_is_no_module_is_refused(fake: FakeHostway, module: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught, fake.patch_sleep(module):
        pass

    assert str(caught.value) == message


def test_a_module_that_does_not_wait_is_refused(fake: FakeHostway, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    made("import json")
    monkeypatch.delitem(sys.modules, "tenacity", raising=False)

    with pytest.raises(InvalidValueError, match="module: got 'client_under_test', expected a module that imports time"):
        fake.patch_sleep("client_under_test").__enter__()


def test_a_negative_sleep_is_an_error_as_it_is_elsewhere(fake: FakeHostway) -> None:
    with pytest.raises(ValueError):
        fake.sleep(-1)
    assert passed(fake) == 0


def test_sleep_moves_the_clock(fake: FakeHostway) -> None:
    fake.sleep(2.5)

    assert passed(fake) == 2.5


def test_async_sleep_moves_the_clock_and_lets_others_run(fake: FakeHostway) -> None:
    seen: list[str] = []

    async def other() -> None:
        seen.append("other")

    async def main() -> None:
        task = asyncio.create_task(other())
        await fake.async_sleep(5)
        seen.append("main")
        await task

    asyncio.run(main())

    assert (seen, passed(fake)) == (["other", "main"], 5)


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    sleep, monotonic = time.sleep, time.monotonic
    yield
    assert (time.sleep, time.monotonic) == (sleep, monotonic)


def test_async_sleep_moves_the_clock_under_trio(fake: FakeHostway) -> None:
    order: list[str] = []

    async def sleeper() -> None:
        await fake.async_sleep(5)
        order.append("slept")

    async def other() -> None:
        order.append("other")

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sleeper)
            nursery.start_soon(other)

    trio.run(run)

    assert sorted(order) == ["other", "slept"]
    assert fake.clock.now() == START + timedelta(seconds=5)
