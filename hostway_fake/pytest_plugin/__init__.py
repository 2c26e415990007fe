"""The pytest plugin: hooks here, fixtures in `hostway_fake.pytest_plugin.fixtures`.

It imports nothing but pytest until a fixture is used. Annotations are not evaluated, because pytest before 8.4 lacks
names that they use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

from hostway_fake.pytest_plugin.fixtures import (
    fake_hostway,
    fake_hostway_base_url,
    fake_hostway_credentials,
    fake_hostway_options,
    fake_hostway_server,
    fake_hostway_session,
    make_fake_hostway,
)
from hostway_fake.pytest_plugin.stash import (
    ALLOWED,
    DEFAULTS,
    EVIDENCE,
    FAILED,
    FOLDER,
    LOOKUPS,
    MARKER,
    ROOT,
    SERVERS,
    TEST,
    WATCHED,
    allowed_words,
    marked_options,
)

__all__ = [
    "fake_hostway",
    "fake_hostway_base_url",
    "fake_hostway_credentials",
    "fake_hostway_options",
    "fake_hostway_server",
    "fake_hostway_session",
    "make_fake_hostway",
]

_SENT = "fake_hostway_evidence"
"""The key under which a worker of pytest-xdist sends what its tests relied on."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hostway_fake")
    group.addoption(
        "--fake-hostway-evidence",
        action="store_true",
        help="print a table of the behaviors of Hostway that the tests relied on, with their evidence",
    )
    group.addoption(
        "--fake-hostway-seed", metavar="N", help="the seed of all fakes. It overrides the seeds that tests set"
    )
    group.addoption(
        "--fake-hostway-timeline", metavar="DIR", help="write the timelines of failed tests to this directory, as JSON"
    )
    parser.addini("fake_hostway_seed", "the default seed of fakes")
    parser.addini(
        "fake_hostway_readings", "the default readings of fakes, one NAME=VALUE a line", type="linelist", default=[]
    )
    parser.addini(
        "fake_hostway_allow",
        "problems that do not fail a test: unused_rules, stalled_polls, server_exceptions",
        type="args",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARKER}(**options): options of the fixture fake_hostway for this test. They override fake_hostway_options. "
        'With readings="all", or a list of operations, the test runs once more under each other value of a reading. '
        "allow=[...] accepts problems that fail a test otherwise: unused_rules, stalled_polls, server_exceptions.",
    )
    config.stash[DEFAULTS], config.stash[ALLOWED] = _configured(config)
    config.stash[WATCHED] = []
    config.stash[SERVERS] = {}
    if config.getoption("--fake-hostway-evidence"):
        config.stash[EVIDENCE] = Counter()
    config.stash[FOLDER] = None
    folder = config.getoption("--fake-hostway-timeline")
    if folder is not None:
        from hostway_fake.pytest_plugin.configuration import checked_folder

        config.stash[FOLDER] = checked_folder(folder)


def _configured(config: pytest.Config) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the options of all fakes and the allowed problems, from the configuration."""
    readings, allow = config.getini("fake_hostway_readings"), config.getini("fake_hostway_allow")
    seed, seed_of_all = config.getini("fake_hostway_seed"), config.getoption("--fake-hostway-seed")
    if not (readings or allow or seed) and seed_of_all is None:
        return {}, ()
    from hostway_fake.pytest_plugin.configuration import checked_allow, checked_readings, checked_seed

    options: dict[str, Any] = {"readings": checked_readings(readings)} if readings else {}
    if seed:
        options["seed"] = checked_seed("fake_hostway_seed", seed)
    if seed_of_all is not None:
        options["seed"] = checked_seed("--fake-hostway-seed", seed_of_all)
    return options, checked_allow("fake_hostway_allow", allow)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that is marked with several readings once under each of their values."""
    readings = marked_options(metafunc.definition).get("readings")
    several = readings == "all" or (isinstance(readings, list | tuple) and readings)
    if several and "fake_hostway" in metafunc.fixturenames:
        from hostway_fake.contract.readings import others
        from hostway_fake.exceptions import HostwayFakeError

        try:
            found = others(None if readings == "all" else readings)
        except HostwayFakeError as error:
            pytest.fail(f"{metafunc.definition.nodeid}: {error}", pytrace=False)
        cases = [{}, *({name: value} for name, value in found)]
        ids = ["=".join(*case.items()) if case else "defaults" for case in cases]
        metafunc.parametrize("fake_hostway", cases, ids=ids, indirect=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note which test runs, and prepare the fakes that outlive a test."""
    stash = item.config.stash
    stash[TEST] = item
    item.stash[FAILED] = False
    if LOOKUPS in stash:
        stash[LOOKUPS].noted.clear()
    if stash[WATCHED]:
        stash[WATCHED][:] = [watched for watched in stash[WATCHED] if watched.begin_test()]


def pytest_unconfigure(config: pytest.Config) -> None:
    root = config.stash.get(ROOT, None)
    if root is not None:
        root.close()
    if LOOKUPS in config.stash:
        config.stash[LOOKUPS].remove()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Watch the fake that a project's own fixture ``fake_hostway`` returns."""
    made = yield
    if fixturedef.argname == MARKER:
        watched = request.config.stash[WATCHED]
        if not any(each.fake is made for each in watched):
            from hostway_fake.fake import FakeHostway
            from hostway_fake.pytest_plugin.watch import WatchedFake

            if isinstance(made, FakeHostway):
                is_for_one_test = fixturedef.scope == "function"
                watched.append(WatchedFake(made, (), MARKER, is_for_one_test=is_for_one_test))
                if not is_for_one_test:
                    watched[-1].arranged()
                    fixturedef.addfinalizer(watched[-1].release)
    return made


# Problems of a test, and the report of a failed one


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Look at the fakes when the test function has returned. A hook for reports would run for each subtest."""
    try:
        return (yield)
    finally:
        for each in item.config.stash[WATCHED]:
            each.look()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test at the end of teardown if it has problems, or if the server raised an exception meanwhile."""
    problems: list[str] = []
    try:
        try:
            done = yield
        finally:
            problems = _problems_of(item)
            _raise_failures(item.config)
    except BaseException as error:
        for text in problems:
            error.add_note(text)
        raise
    if problems:
        pytest.fail("\n\n".join(problems), pytrace=False)
    return done


def _problems_of(item: pytest.Item) -> list[str]:
    """Return the problems of a test that are not allowed."""
    stash = item.config.stash
    failed = item.stash[FAILED]
    watched = stash[WATCHED]
    if watched and not failed:
        from hostway_fake.pytest_plugin.reports import warn_of_real_sleep

        warn_of_real_sleep(item, watched)
    found = [(fake, problem) for fake in watched for problem in fake.end_test(failed)]
    if EVIDENCE in stash:
        _count_evidence(stash)
    if not found:
        return []
    allowed = stash[ALLOWED] + allowed_words(marked_options(item).get("allow"))
    return [str(problem) for fake, problem in found if problem.allowed_by not in (*allowed, *fake.allowed)]


def _raise_failures(config: pytest.Config) -> None:
    """Raise what was raised in the server, except for the fake's own exceptions, which are reported as problems."""
    for server, _ in config.stash[SERVERS].values():
        from hostway_fake.exceptions import HostwayFakeError

        server.raise_failures(but=HostwayFakeError)


def _count_evidence(stash: pytest.Stash) -> None:
    from hostway_fake.journal.reliance import reliances

    relied = [each for watched in stash[WATCHED] for each in reliances(watched.new_responses())]
    stash[EVIDENCE].update({(each.behavior, str(each.label), each.page) for each in relied})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the timeline to the report of a failed test, and the command that runs it again."""
    watched = item.config.stash[WATCHED]
    if call.excinfo is not None and watched and not item.config.option.fulltrace:
        from hostway_fake.pytest_plugin.tracebacks import trim

        trim(call.excinfo)
    report = yield
    if not report.passed:
        item.stash[FAILED] = True
    if report.failed and watched:
        from hostway_fake.pytest_plugin import reports

        report.sections.append(("timeline of fake_hostway", reports.story(item, watched)))
        folder = item.config.stash[FOLDER]
        if folder and (failure := reports.write(folder, item.nodeid, watched)):
            report.sections.append(("--fake-hostway-timeline", failure))
    return report


# The table of evidence


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what the tests of a worker of pytest-xdist relied on."""
    sent: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if sent is not None and EVIDENCE in session.config.stash:
        sent[_SENT] = [(*behavior, tests) for behavior, tests in session.config.stash[EVIDENCE].items()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Count what the tests of a finished worker relied on."""
    for *behavior, tests in getattr(node, "workeroutput", {}).get(_SENT, ()):
        node.config.stash[EVIDENCE][tuple(behavior)] += tests


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if EVIDENCE not in config.stash:
        return
    terminalreporter.section("evidence that tests of fake_hostway relied on")
    from hostway_fake.pytest_plugin.reports import evidence

    relied: Counter[tuple[str, str, str]] = config.stash[EVIDENCE]
    for line in evidence(relied):
        terminalreporter.write_line(line)
