"""What the fake costs, beside its peers: ``python tests/benchmarks/run.py [part ...] [--markdown]``.

Never collected by pytest. Needs the ``bench`` extra beside ``dev``; wrk, if it is there, asks the servers.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Final

import churn
import in_process
import pytest_cost
import scale
import sockets
from rich.console import Console
from tables import Table

PARTS: Final[dict[str, Callable[[int], list[Table]]]] = {
    "in_process": in_process.measure,
    "socket": sockets.measure,
    "pytest_cost": pytest_cost.measure,
    "scale": scale.measure,
    "churn": churn.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="What the fake costs, beside its peers.")
    parser.add_argument("part", nargs="*", default=[], help=f"any of {', '.join(PARTS)}; all without one")
    parser.add_argument("--rounds", type=int, default=25, help="how often every contestant has its turn (25)")
    parser.add_argument("--markdown", action="store_true", help="tables to be pasted")
    options = parser.parse_args()
    unknown = set(options.part) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    console = Console() if sys.stdout.isatty() else Console(width=160)
    for part in options.part or PARTS:
        for table in PARTS[part](options.rounds):
            if options.markdown:
                print(table.markdown(), flush=True)
            else:
                console.print(table.rich())


if __name__ == "__main__":
    main()
