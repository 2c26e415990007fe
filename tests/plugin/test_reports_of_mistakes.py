"""What a user sees when a test makes a mistake: short tracebacks, and hints about clients and clocks."""

from functools import partial
from typing import Any

import pytest

from hostway_fake import FakeClock, InvalidValueError
from hostway_fake.pytest_plugin import reports
from hostway_fake.pytest_plugin.tracebacks import trim

_CLIENT = """
import time, requests

def create(url, auth):
    try:
        return requests.post(url + "/servers/a-USOTE-0001/snapshots", json={"snapshot": {"name": "a"}}, auth=auth)
    except requests.ConnectionError:
        raise RuntimeError("gave up") from None

def wait(session, href, seconds, pause):
    end = time.monotonic() + seconds
    while session.get(href).json()["snapshot"]["status"] != "ACTIVE":
        if time.monotonic() > end:
            raise TimeoutError("still in BUILD")
        time.sleep(pause)
"""
_POLLS = """
import pytest, client

def test_polls(fake_hostway, fake_hostway_session):
    server = fake_hostway.add_server()
    url = f"{fake_hostway.url}/servers/{server.id}/snapshots"
    href = fake_hostway_session.post(url, json={"snapshot": {"name": "a"}}).headers["Location"]
    with pytest.raises(%s):
        client.wait(fake_hostway_session, href, seconds=%s, pause=%s)
"""


def _run(pytester: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(client=_CLIENT)
    pytester.makepyfile(test)
    return pytester.runpytest("-p", "no:randomly", *options)


@pytest.mark.parametrize(
    ("mistake", "error"),
    [
        (
            'fake_hostway.faults.on("create_snapshots")',
            "InvalidValueError: operation: got 'create_snapshots'. Did*",
        ),
        ("fake_hostway.clock.advance(minute=10)", "UnknownOptionError: advance() has no argument 'minute'. Did you*"),
        ('fake_hostway.calls.assert_called("list_zones")', "NotCalledError: list_zones was called 0 times*"),
        ("fake_hostway.base_url", "AttributeError: 'FakeHostway' object has no attribute 'base_url'. Did you*"),
        ('fake_hostway.faults.on("list_zones").hang()\n    s.get(fake_hostway.url + "/zone")', "EndlessWaitError: *"),
    ],
)
def test_traceback_ends_at_the_line_of_the_test(pytester: pytest.Pytester, mistake: str, error: str) -> None:
    ran = _run(pytester, f"def test_it(fake_hostway):\n    s = fake_hostway.session()\n    {mistake}\n")

    ran.stdout.fnmatch_lines([f">*{mistake.splitlines()[-1].strip()}", f"E *{error}".replace("[", "[[]")])
    for library in ("hostway_fake/", "urllib3/", "requests/"):
        assert not [line for line in ran.outlines if library in line and ".py:" in line and "test_" not in line]


def test_traceback_of_an_error_that_no_test_caused_is_left_alone() -> None:
    runner: dict[str, Any] = {"__name__": "_pytest.runner"}
    exec("def run(act):\n    act()", runner)
    with pytest.raises(InvalidValueError) as caught:
        runner["run"](partial(FakeClock().advance, -1))
    whole = len(caught.traceback)

    trim(caught)

    assert len(caught.traceback) == whole


def test_full_trace_shows_all_frames(pytester: pytest.Pytester) -> None:
    ran = _run(pytester, "def test_it(fake_hostway):\n    fake_hostway.clock.advance(-1)\n", "--full-trace")

    assert "clock_control.py" in ran.stdout.str()


def test_traceback_of_another_error_is_left_alone(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        import json
        def test_it(fake_hostway):
            json.loads("{")
        """,
    )

    ran.stdout.fnmatch_lines(["*json/decoder.py:*"])


def test_request_of_a_client_that_is_not_connected_is_named(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        import client
        def test_it(fake_hostway):
            client.create(fake_hostway.url, fake_hostway.auth)
        """,
    )

    ran.stdout.fnmatch_lines(
        [
            "*RuntimeError: gave up",
            "No request reached this fake. *",
            "A request to http://api.hostway.test was attempted in client.py, line *.",
        ]
    )


def test_lookup_of_another_host_is_not_named(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        import socket
        def test_it(fake_hostway):
            socket.getaddrinfo("127.0.0.1", 80)
            assert 1 == 2
        """,
    )

    assert "was attempted" not in ran.stdout.str()


def test_lookup_outside_the_project_has_no_place(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        import subprocess, threading, socket
        def test_it(fake_hostway):
            thread = threading.Thread(target=socket.getaddrinfo, args=("api.hostway.test", 80), daemon=True)
            threading.excepthook = lambda _: None
            thread.start()
            thread.join()
            assert 1 == 2
        """,
        "-p",
        "no:threadexception",
    )

    ran.stdout.fnmatch_lines(["A request to http://api.hostway.test was attempted."])


def test_lookups_are_no_longer_watched_after_the_run(pytester: pytest.Pytester) -> None:
    import socket

    before = socket.getaddrinfo
    _run(pytester, "def test_it(fake_hostway): pass").assert_outcomes(passed=1)

    assert socket.getaddrinfo is before


def test_wrapper_of_another_library_is_left_in_place(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)
    _run(
        pytester,
        """
        import socket
        def test_it(fake_hostway):
            wrapped = socket.getaddrinfo
            socket.getaddrinfo = lambda *args, **options: wrapped(*args, **options)
        """,
    ).assert_outcomes(passed=1)

    assert socket.getaddrinfo.__name__ == "<lambda>"


def test_failure_says_that_the_clock_stood(pytester: pytest.Pytester) -> None:
    ran = _run(pytester, _POLLS % ("KeyError", 0.05, 0.01))

    ran.stdout.fnmatch_lines(["*was polled * times while unfinished: the clock stands at * due in 60 s*patch_sleep*"])


def test_failure_with_a_clock_that_runs_says_nothing_of_it(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest
        from hostway_fake import START, FakeClock

        @pytest.fixture
        def fake_hostway_options():
            return {"clock": FakeClock(START, 1)}
        """
    )
    ran = _run(pytester, _POLLS % ("KeyError", 0.05, 0.01))

    ran.assert_outcomes(failed=1)
    assert "while unfinished" not in ran.stdout.str()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "_SLEEP", 0.02)


@pytest.mark.usefixtures("impatient")
def test_test_that_sleeps_while_the_clock_stands_gets_a_warning(pytester: pytest.Pytester) -> None:
    shown = "-Wdefault::hostway_fake.RealSleepWarning"
    ran = _run(pytester, _POLLS % ("TimeoutError", 0.05, 0.01), shown)

    ran.assert_outcomes(passed=1, warnings=1)
    ran.stdout.fnmatch_lines(["*RealSleepWarning: the client slept 0.* s in real time between polls. *"])


@pytest.mark.usefixtures("impatient")
def test_warning_about_sleep_can_be_silenced(pytester: pytest.Pytester) -> None:
    silent = "-Wignore::hostway_fake.RealSleepWarning"
    ran = _run(pytester, _POLLS % ("TimeoutError", 0.05, 0.01), silent)

    ran.assert_outcomes(passed=1, warnings=0)


def test_test_that_does_not_sleep_gets_no_warning(pytester: pytest.Pytester) -> None:
    ran = _run(pytester, _POLLS % ("TimeoutError", 0.05, 0.01))

    ran.assert_outcomes(passed=1, warnings=0)


def test_unused_rule_for_a_server_that_never_existed_says_so(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        def test_it(fake_hostway):
            fake_hostway.add_server("jello614636-USOTE-0214")
            fake_hostway.faults.on("list_snapshots", server="nope").respond(503)
        """,
    )

    ran.stdout.fnmatch_lines(["unused fault rule: rule 1: list_snapshots, server='nope'*", "no server 'nope' existed"])


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("sead=5", "fake_hostway: FakeHostway() has no argument 'sead'. Did you mean seed?"),
        ('clock="sun"', "fake_hostway: clock: got 'sun', expected an object with now(), or one of: 'fake', *"),
    ],
)
def test_mistake_in_a_marker_is_one_message(pytester: pytest.Pytester, marker: str, message: str) -> None:
    test = f"import pytest\n@pytest.mark.fake_hostway({marker})\ndef test_it(fake_hostway): pass\n"

    ran = _run(pytester, test)

    ran.stdout.fnmatch_lines(["*ERROR at setup of test_it*", message, "*short test summary*"], consecutive=True)
