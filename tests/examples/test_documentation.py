"""The README and the documentation: their Python runs, their tables are the package's data, their links lead somewhere.

A block with a test in it is a file for pytest. Every other block is a program. No block depends on another.
"""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import PythonCodeBlockParser

import hostway_fake.transports.requests
import hostway_fake.transports.server
import hostway_fake.transports.wsgi  # loaded here, so that the nested runs share them
from hostway_fake.faults.outcomes import Outcome

_ROOT: Final = Path(__file__).parents[2]
_README: Final = _ROOT / "README.md"
_PAGES: Final = [_README, *sorted(path for path in (_ROOT / "docs").rglob("*.md") if "_build" not in path.parts)]
_TABLES: Final[dict[str, Any]] = runpy.run_path(str(Path(__file__).with_name("tables.py")))
_COMMANDS: Final = (
    "python -m pip install . && hostway-fake demo",
    "python -m pip install -e '.[dev]' && python -m pytest",
)
_LANGUAGES: Final = {"python", "sh", "console", "text", "toml", "{toctree}", "{eval-rst}", "{include}"}


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


def _tests(block: Example) -> list[str]:
    return re.findall(r"^ *def (test_\w+)\(", block.parsed, re.MULTILINE)


def _blocks() -> Iterator[Any]:
    for path in _PAGES:
        for block in Document.parse(str(path), PythonCodeBlockParser()):
            yield pytest.param(block, id=f"{_name(path)}:{block.line}")


_BLOCKS: Final = list(_blocks())


# Blocks


@pytest.mark.parametrize("block", [each for each in _BLOCKS if not _tests(each.values[0])])
def test_program_runs(block: Example) -> None:
    block.namespace.clear()  # sybil shares one among the blocks of a document

    block.evaluate()


@pytest.mark.parametrize("block", [each for each in _BLOCKS if _tests(each.values[0])])
def test_tests_of_a_block_pass(block: Example, pytester: pytest.Pytester) -> None:
    file = pytester.makepyfile(**{f"test_line_{block.line}": block.parsed})

    ran = pytester.runpytest_inprocess("-W", "error", "-p", "no:cacheprovider", "-p", "no:randomly", file)

    assert set(ran.parseoutcomes()) == {"passed"}
    assert ran.parseoutcomes()["passed"] >= len(_tests(block))


def test_every_python_block_is_run() -> None:
    assert len(_BLOCKS) == sum(path.read_text().count("```python\n") for path in _PAGES) > 40


@pytest.mark.parametrize("path", _PAGES, ids=_name)
def test_blocks_are_in_known_languages(path: Path) -> None:
    fences = [fence.split(" ")[0] for fence in re.findall(r"^```(.*)$", path.read_text(), re.MULTILINE)]

    assert set(fences[::2]) <= _LANGUAGES
    assert set(fences[1::2]) <= {""}


@pytest.mark.parametrize("command", _COMMANDS)
def test_command_stands_alone_in_its_block(command: str) -> None:
    assert _README.read_text().count(f"```sh\n{command}\n```\n") == 1


def test_first_test_is_the_example() -> None:
    text = _README.read_text()
    body = re.search(r"```python\n(def test_a_snapshot_becomes_active.*?)```", text, re.DOTALL)

    assert body is not None
    written = body[1].split("\n", 1)[1]
    assert (_ROOT / "examples" / "first_test.py").read_text().endswith(f"\n{written}")


@pytest.mark.parametrize(("path", "most"), [(path, 250 if path == _README else 200) for path in _PAGES])
def test_page_is_short(path: Path, most: int) -> None:
    assert len(path.read_text().splitlines()) <= most


# Tables and links


@pytest.mark.parametrize("name", _TABLES["PARTS"])
def test_what_is_drawn_from_data_is_up_to_date(name: str) -> None:
    page: Path = _TABLES["page"](name)
    drawn: str = _TABLES["PARTS"][name].draw()

    assert _TABLES["part"](page.read_text(), name) == f"{drawn}\n", "renew it: python tests/examples/tables.py"


def test_renewing_mends_what_was_changed_and_nothing_else() -> None:
    text = _TABLES["page"]("lifecycle").read_text()

    assert _TABLES["renewed"](text.replace("| complete |", "| vanish |", 1), "lifecycle") == text


def test_part_without_its_marks_is_missed() -> None:
    with pytest.raises(ValueError, match=r"found 0 parts 'lifecycle'"):
        _TABLES["renewed"]("", "lifecycle")


def _links() -> Iterator[Any]:
    for path in _PAGES:
        for target in sorted(set(re.findall(r"\]\(([^)]+)\)", path.read_text()))):
            yield pytest.param(path, target, id=f"{_name(path)}-{target}")


@pytest.mark.parametrize(("path", "target"), list(_links()))
def test_link_leads_somewhere(path: Path, target: str) -> None:
    file, _, anchor = target.partition("#")
    found = path.parent / file if file else path

    assert found.exists()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", found.read_text(), re.MULTILINE)
        assert anchor in {re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", hostway_fake.__all__)
def test_reference_has_every_public_name(name: str) -> None:
    reference = "".join(path.read_text() for path in (_ROOT / "docs" / "reference").glob("*.md"))

    assert re.search(rf"(hostway_fake\.|`){name}\b", reference)


def test_reference_has_every_outcome_in_the_table_of_transports() -> None:
    _, _, table = (_ROOT / "docs" / "reference" / "outcomes.md").read_text().partition("| Outcome | In process |")

    assert {outcome.name for outcome in get_args(Outcome)} <= set(re.findall(r"`([a-z_]+)`", table))
