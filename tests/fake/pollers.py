"""Clients as people write them: each waits until a snapshot is ACTIVE, or gives up after an hour."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import stamina
import tenacity

Status = Callable[[], str]

HOUR = 3600


class NotYetError(Exception):
    """The snapshot is not ACTIVE."""


def counting_sleeps(status: Status) -> None:
    for _ in range(HOUR // 5):
        if status() == "ACTIVE":
            return
        time.sleep(5)
    raise TimeoutError


def by_deadline(status: Status) -> None:
    end = time.monotonic() + HOUR
    while status() != "ACTIVE":
        if time.monotonic() >= end:
            raise TimeoutError
        time.sleep(5)


def by_tenacity(status: Status) -> None:
    @tenacity.retry(
        wait=tenacity.wait_fixed(5),
        stop=tenacity.stop_after_delay(HOUR),
        retry=tenacity.retry_if_exception_type(NotYetError),
    )
    def ask() -> None:
        if status() != "ACTIVE":
            raise NotYetError

    try:
        ask()
    except tenacity.RetryError:
        raise TimeoutError from None


def by_stamina(status: Status) -> None:
    @stamina.retry(on=NotYetError, attempts=None, timeout=HOUR, wait_initial=5, wait_max=60, wait_jitter=0)
    def ask() -> None:
        if status() != "ACTIVE":
            raise NotYetError

    try:
        ask()
    except NotYetError:
        raise TimeoutError from None


def handed_a_sleep(status: Status, sleep: Callable[[float], Any] = time.sleep) -> None:
    for _ in range(HOUR // 5):
        if status() == "ACTIVE":
            return
        sleep(5)
    raise TimeoutError


async def handed_an_async_sleep(status: Status, sleep: Callable[[float], Awaitable[None]]) -> None:
    for _ in range(HOUR // 5):
        if status() == "ACTIVE":
            return
        await sleep(5)
    raise TimeoutError
