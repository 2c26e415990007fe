"""The short programs: each runs as it stands, and shows what it says it shows."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

_EXAMPLES: Final = Path(__file__).parents[2] / "examples"


def run(name: str) -> list[str]:
    command = [sys.executable, "-W", "error", str(_EXAMPLES / name)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()


def test_a_lost_create_is_refused_to_the_naive_and_found_by_the_careful() -> None:
    naive, _, _, careful, *calls = run("lost_create.py")

    assert naive.startswith("create: 409 Client Error: Conflict for url: ")
    assert careful.startswith("create_or_find: found snapshot_jello614636-USOTE-0001_2013Apr12_")
    assert [call.split()[5:] for call in calls] == [
        ["applied", "reset", "[rule", "1]"],
        ["refused", "409"],
        ["none", "200"],
    ]


def test_a_lagging_replica_fails_the_naive_client_only() -> None:
    naive, careful = run("lagging_replica.py")

    assert naive.startswith("create_and_wait: 404 Client Error: Not Found for url: ")
    assert careful == "create_and_wait_carefully: ACTIVE after 9 calls"


def test_a_retry_budget_outlasts_a_short_outage_and_ends_in_a_long_one() -> None:
    assert run("retry_budget.py") == [
        "an outage of 20 s: 6 calls in 31 s, then 200",
        "an outage of 600 s: 6 calls in 31 s, then still 503 when the budget of 60 s was spent",
    ]


@pytest.mark.parametrize("program", sorted(path.name for path in _EXAMPLES.glob("*.py")))
def test_every_program_is_run_by_a_test(program: str) -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))

    assert program in tests or program.removesuffix(".py") in tests
