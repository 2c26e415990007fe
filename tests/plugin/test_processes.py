"""What takes a process of its own: what the plugin costs when it is not used, and several workers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

_OURS: Final = {
    "hostway_fake",
    "hostway_fake.pytest_plugin",
    "hostway_fake.pytest_plugin.fixtures",
    "hostway_fake.pytest_plugin.stash",
}
_HEAVY: Final = {"asyncio", "flask", "http.server", "requests", "rich", "urllib3", "werkzeug"}

_NOTE: Final = """
import json, pathlib, sys

def test_nothing():
    pathlib.Path("modules").write_text(json.dumps(sorted(sys.modules)))
"""


def _modules_of_a_run(pytester: pytest.Pytester, *arguments: str) -> set[str]:
    pytester.makepyfile(_NOTE)
    ran = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", *arguments)
    ran.assert_outcomes(passed=1)
    return set(json.loads((pytester.path / "modules").read_text()))


def test_a_plugin_that_is_not_used_imports_nothing_but_pytest(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    without = _modules_of_a_run(pytester)
    within = _modules_of_a_run(pytester, "-p", "hostway_fake.pytest_plugin")

    assert within - without == _OURS
    assert not without & _HEAVY - {"asyncio"}


def test_a_plugin_that_is_installed_is_found_and_imports_nothing_but_pytest(pytester: pytest.Pytester) -> None:
    without = _modules_of_a_run(pytester, "-p", "no:hostway_fake")
    within = _modules_of_a_run(pytester)

    assert {name for name in within - without if name.startswith("hostway_fake")} == _OURS
    assert not (within - without) & _HEAVY


def test_the_package_alone_imports_nothing_but_itself() -> None:
    program = (
        "import sys, typing; before = set(sys.modules); import hostway_fake; print(*sorted(set(sys.modules) - before))"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout.split() == ["hostway_fake"]


def test_several_workers_each_have_a_server(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pathlib
        import pytest

        @pytest.mark.parametrize("number", range(6))
        def test_it(fake_hostway_server, number, worker_id):
            server = fake_hostway_server.add_server("jello614636-USOTE-0214")
            url = f"{fake_hostway_server.url}/servers/{server.id}/snapshots"
            answer = fake_hostway_server.session().post(url, json={"snapshot": {"name": "nightly"}})
            assert (answer.status_code, len(server.snapshots)) == (202, 1)
            pathlib.Path(f"{number}").write_text(f"{worker_id} {fake_hostway_server.url}")
        """
    )

    ran = pytester.runpytest_subprocess("-q", "-n", "2", "-p", "no:cacheprovider", "-W", "error")

    ran.assert_outcomes(passed=6)
    seen = {Path(pytester.path, str(number)).read_text() for number in range(6)}
    assert (len(seen), {line.split()[0] for line in seen}) == (2, {"gw0", "gw1"})
