"""The README: its Python runs, its tables and diagram are the package's data, its links lead somewhere.

A block with a test in it is a file for pytest; every other block is a program. None leans on another.
"""

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import PythonCodeBlockParser

_ROOT: Final = Path(__file__).parents[2]
_README: Final = _ROOT / "README.md"
_TEXT: Final = _README.read_text()
_TABLES: Final[dict[str, Any]] = runpy.run_path(str(Path(__file__).with_name("tables.py")))
_BLOCKS: Final[list[Example]] = list(Document.parse(str(_README), PythonCodeBlockParser()))
_COMMANDS: Final = (
    "python -m pip install . && hostway-fake demo",
    "python -m pip install -e '.[dev]' && python -m pytest",
)


def _tests(block: Example) -> list[str]:
    return re.findall(r"^ *def (test_\w+)\(", block.parsed, re.MULTILINE)


def _line(block: Example) -> str:
    return f"line {block.line}"


# Blocks


@pytest.mark.parametrize("block", [block for block in _BLOCKS if not _tests(block)], ids=_line)
def test_a_program_runs(block: Example) -> None:
    block.namespace.clear()  # sybil shares one among the blocks of a document

    block.evaluate()


@pytest.mark.parametrize("block", [block for block in _BLOCKS if _tests(block)], ids=_line)
def test_the_tests_of_a_block_pass(block: Example, pytester: pytest.Pytester) -> None:
    file = pytester.makepyfile(**{f"test_line_{block.line}": block.parsed})

    ran = pytester.runpytest_inprocess("-W", "error", "-p", "no:cacheprovider", "-p", "no:randomly", file)

    assert set(ran.parseoutcomes()) == {"passed"}
    assert ran.parseoutcomes()["passed"] >= len(_tests(block))


def test_every_python_block_is_run() -> None:
    assert len(_BLOCKS) == _TEXT.count("```python\n") > 10


def test_no_block_is_in_a_language_that_nothing_runs_but_what_is_for_reading() -> None:
    fences = re.findall(r"^```(.*)$", _TEXT, re.MULTILINE)

    assert set(fences[::2]) == {"python", "sh", "mermaid", "console", "toml"}
    assert set(fences[1::2]) == {""}


@pytest.mark.parametrize("command", _COMMANDS)
def test_a_command_stands_alone_in_its_block(command: str) -> None:
    assert _TEXT.count(f"```sh\n{command}\n```\n") == 1


def test_the_first_test_is_the_example() -> None:
    body = next(block.parsed for block in _BLOCKS if "test_a_snapshot_becomes_active" in block.parsed).split("\n", 1)[1]

    assert (_ROOT / "examples" / "first_test.py").read_text().endswith(f"\n{body}")


# Tables, diagram, links


@pytest.mark.parametrize("name", _TABLES["PARTS"])
def test_what_is_drawn_from_data_is_up_to_date(name: str) -> None:
    part: Callable[[str, str], str] = _TABLES["part"]
    drawn: str = _TABLES["PARTS"][name]()

    assert part(_TEXT, name) == f"{drawn}\n", "README.md is behind; renew it: python tests/examples/tables.py"


def test_renewing_mends_what_was_changed_and_nothing_else() -> None:
    assert _TABLES["renewed"](_TEXT.replace("BUILD --> ACTIVE", "BUILD --> DELETED")) == _TEXT


def test_a_part_without_its_marks_is_missed() -> None:
    with pytest.raises(ValueError, match=r"found 0 parts 'lifecycle'"):
        _TABLES["renewed"](_TEXT.replace("<!-- /lifecycle -->", ""))


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)]+)\)", _TEXT))))
def test_a_link_leads_somewhere(target: str) -> None:
    headings = re.findall(r"^#+ (.+)$", _TEXT, re.MULTILINE)
    anchors = {"#" + re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert target in anchors or (_ROOT / target).exists()
