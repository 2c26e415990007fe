"""Run the package in a process from which the APIs that Windows lacks are removed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest
import requests

_ROOT: Final = Path(__file__).parents[2]
_TAKEN_AWAY: Final = """
    import os, signal, sys, time

    for module, names in (
        (time, ("clock_gettime", "clock_gettime_ns", "CLOCK_MONOTONIC", "CLOCK_REALTIME")),
        (signal, ("pthread_sigmask", "pthread_kill", "sigwait", "sigpending")),
        (os, ("fchmod", "fork", "register_at_fork", "O_NOFOLLOW")),
    ):
        for name in names:
            delattr(module, name)
    sys.modules["fcntl"] = None
    """
_CHECK: Final = """
    import sys
    import time

    assert not hasattr(time, "clock_gettime_ns") and sys.modules["fcntl"] is None
    """


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(dedent(_TAKEN_AWAY))
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path / "site"), str(_ROOT)))}


def test_first_test_socket_plugin_and_files_need_nothing_that_windows_lacks(
    environment: dict[str, str], tmp_path: Path
) -> None:
    suite = tmp_path / "suite"
    suite.mkdir()
    (suite / "test_first.py").write_text((_ROOT / "examples" / "first_test.py").read_text())
    (suite / "test_any_system.py").write_text((_ROOT / "tests" / "environments" / "any_system.py").read_text())
    (suite / "conftest.py").write_text(dedent(_CHECK))

    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "."]
    ran = subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, timeout=120)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "6 passed" in ran.stdout


@pytest.fixture
def served(environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-W", "error", "-m", "hostway_fake", "serve", "--port", "0"]
    process = subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    yield process
    process.kill()
    process.communicate()


def test_standalone_server_needs_nothing_that_windows_lacks(served: "subprocess.Popen[str]") -> None:
    assert served.stdout is not None
    url = served.stdout.readline().strip()
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{url}/servers", auth=("jello614636", "hostway")).status_code == 200
    served.send_signal(signal.SIGINT)
    assert served.communicate(timeout=20)[1] == ""
    assert served.returncode == 0
