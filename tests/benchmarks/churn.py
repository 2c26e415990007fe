"""What a cycle of create and delete costs after many of them, on each kind of clock, and what memory it takes."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Final

from tables import Table, verdict

from hostway_fake import Clock, FakeHostway

_CYCLES: Final = 100_000
_BLOCK: Final = 1_000


class _Own:
    """A clock of the user's own."""

    def now(self) -> datetime:
        return datetime.now(UTC)


_CLOCKS: Final[dict[str, Callable[[], str | Clock]]] = {
    "fake": lambda: "fake",
    "system": lambda: "system",
    "follow": lambda: "follow",
    "of your own": _Own,
}


def _resident() -> int:
    """KiB of memory that the process holds."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def churn(kind: str, cycles: int) -> None:
    """Print the microseconds of a cycle in each block of a thousand, and the memory halfway and at the end."""
    fake = FakeHostway(clock=_CLOCKS[kind](), build_seconds=0)
    session, url = fake.session(), f"{fake.url}/servers/{fake.add_server().id}/snapshots"
    body = {"snapshot": {"name": "nightly"}}
    for _ in range(cycles // _BLOCK):
        start = process_time()
        for _cycle in range(_BLOCK):
            session.delete(session.post(url, json=body).headers["Location"])
            if kind == "fake":
                fake.clock.advance(1)
        print((process_time() - start) / _BLOCK * 1e6, _resident())


def measure(count: int) -> list[Table]:
    """Run each kind of clock in a process of its own; ``count`` plays no part."""
    rows: list[tuple[str, ...]] = []
    for kind in _CLOCKS:
        command = [sys.executable, __file__, kind, str(_CYCLES)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        blocks = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
        (first, _), (_, halfway), (last, end) = blocks[0], blocks[len(blocks) // 2 - 1], blocks[-1]
        rows.append(
            (
                kind,
                f"{first:.0f}",
                f"{last:.0f}",
                f"{last / first:.2f} ({verdict(last / first, '<=', 1.1)})",
                f"{halfway / 1024:.1f}",
                f"{end / 1024:.1f}",
                f"{end / halfway:.3f} ({verdict(end / halfway, '<', 1.05)})",
            )
        )
    note = f"{_CYCLES:,} cycles of create and delete on one server, the first and the last {_BLOCK:,}."
    head = ("clock", "first, µs", "last, µs", "ratio", "halfway, MiB", "end, MiB", "ratio")
    return [Table("Churn", note, head, rows)]


if __name__ == "__main__":
    churn(sys.argv[1], int(sys.argv[2]))
