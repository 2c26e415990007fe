"""The schema of fault scripts: ``python tests/faults/schema.py`` renews ``fixtures/faults/schema.json``."""

import json
from pathlib import Path
from typing import Final

from hostway_fake.faults import FaultScript

_FILE: Final = Path(__file__).parents[2] / "fixtures" / "faults" / "schema.json"


def text() -> str:
    return json.dumps(FaultScript.schema(), indent=2) + "\n"


if __name__ == "__main__":
    _FILE.write_text(text())
