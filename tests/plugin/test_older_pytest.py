"""An environment with an older pytest: the plugin is loaded there too, whether or not a test uses it."""

import subprocess
import sys

_WITHOUT_NEW_NAMES = """
import pytest
for name in ("TerminalReporter", "FixtureDef"):
    delattr(pytest, name)
import hostway_fake.pytest_plugin
"""


def test_plugin_loads_where_pytest_lacks_the_names_in_its_annotations() -> None:
    done = subprocess.run([sys.executable, "-c", _WITHOUT_NEW_NAMES], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
