"""Tracebacks of the fake's own exceptions end at the line of the test or the client that caused them."""

from types import TracebackType
from typing import Final

import pytest

from hostway_fake.exceptions import HostwayFakeError

_INTERNAL: Final = {"hostway_fake", "requests", "urllib3", "httpx", "httpcore", "contextlib", "functools", "http"}
"""The packages whose frames say nothing about the cause."""
_RUNNER: Final = {"_pytest", "pluggy"}
"""The packages whose frames are always the first: if nothing else is left, the error is in a fixture or a hook."""


def trim(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Remove the trailing frames of the fake and of HTTP libraries, if the fake raised the exception."""
    entries: list[TracebackType] = []
    traceback = excinfo.value.__traceback__
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    if not (isinstance(excinfo.value, HostwayFakeError) or (entries and _package(entries[-1]) == "hostway_fake")):
        return
    while _package(entries[-1]) in _INTERNAL:
        entries.pop()
    if _package(entries[-1]) not in _RUNNER:
        excinfo.value.__traceback__ = trimmed = _chain(entries)
        excinfo.traceback = type(excinfo.traceback)(trimmed)  # pytest keeps a copy of its own


def _chain(entries: list[TracebackType]) -> TracebackType:
    """Return a traceback of these entries only."""
    *outer, last = entries
    chained = TracebackType(None, last.tb_frame, last.tb_lasti, last.tb_lineno)
    for entry in reversed(outer):
        chained = TracebackType(chained, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return chained


def _package(entry: TracebackType) -> str:
    return str(entry.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
