"""The clocks of the machine, which freezegun does not freeze.

Theory of operation. freezegun does not replace ``time.clock_gettime_ns``; time-machine changes the date that it
returns. Where it is missing, as on Windows, the functions come from another copy of the module `time`, which freezegun
does not find. time-machine changes the date in every copy of the module. On these systems the date is therefore
computed once, at import, from the modification time of a new file, and advanced by the monotonic clock.
"""

import os
import time
from collections.abc import Callable
from importlib.machinery import BuiltinImporter
from importlib.util import module_from_spec
from tempfile import TemporaryFile
from typing import Any


def _clocks() -> tuple[Callable[[], int], Callable[[], int]]:
    """Return functions for the nanoseconds since the epoch, and on a clock that never goes back."""
    if hasattr(time, "clock_gettime_ns"):
        ask, realtime, monotonic = time.clock_gettime_ns, time.CLOCK_REALTIME, time.CLOCK_MONOTONIC
        return lambda: ask(realtime), lambda: ask(monotonic)
    spec = BuiltinImporter.find_spec("time")
    assert spec is not None
    assert spec.loader is not None
    own: Any = module_from_spec(spec)
    spec.loader.exec_module(own)
    with TemporaryFile() as file:
        file.write(b"\0")
        file.flush()
        begin = os.fstat(file.fileno()).st_mtime_ns - own.monotonic_ns()
    return lambda: begin + own.monotonic_ns(), own.monotonic_ns


_REALTIME_NS, _MONOTONIC_NS = _clocks()


def realtime_ns() -> int:
    """Return the nanoseconds since the epoch."""
    return _REALTIME_NS()


def monotonic_ns() -> int:
    """Return the nanoseconds on a clock that never goes back."""
    return _MONOTONIC_NS()
