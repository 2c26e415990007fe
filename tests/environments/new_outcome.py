"""A new kind of outcome: mypy names each place that has to say what it does. It takes long: `.ci/run` runs it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import hostway_fake

_PACKAGE: Final = Path(hostway_fake.__file__).parent
_PLACES: Final = {
    "service/faulting.py",
    "transports/httpx.py",
    "transports/socket_faults.py",
    "transports/urllib3.py",
}
_NEW: Final = '''
@dataclass(frozen=True, slots=True)
class Flicker:
    """A new outcome."""

    name: ClassVar[str] = "flicker"


WireOutcome = (
    Flicker
    | Delay'''


def test_type_checker_names_each_place_that_does_not_know_a_new_outcome(tmp_path: Path) -> None:
    package = tmp_path / "hostway_fake"
    shutil.copytree(_PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    outcomes = package / "faults" / "outcomes.py"
    before = outcomes.read_text()
    outcomes.write_text(before.replace("\nWireOutcome = (\n    Delay", _NEW))
    assert outcomes.read_text() != before

    command = [sys.executable, "-m", "mypy", "--strict", "--python-version=3.11", "--config-file=", "hostway_fake"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    told = re.findall(r"^hostway_fake/(\S+?):\d+: error: .*\"Flicker\"", checked.stdout, re.MULTILINE)
    assert set(told) == _PLACES, checked.stdout
