"""The pytest plugin: fixtures and a marker. It imports nothing but pytest until a fixture is used.

Annotations are not evaluated: pytest before 8.4 lacks names that they use, and loads this module all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    import requests

    from hostway_fake.fake import FakeHostway
    from hostway_fake.pytest_plugin.watch import WatchedFake
    from hostway_fake.transports.server import ThreadServer

_MARKER = "fake_hostway"
_ROOT: pytest.StashKey[FakeHostway] = pytest.StashKey()
_SOCKETS: pytest.StashKey[dict[bool, tuple[ThreadServer, AbstractContextManager[ThreadServer]]]] = pytest.StashKey()
_TLS: pytest.StashKey[bool] = pytest.StashKey()
_TEST: pytest.StashKey[pytest.Item] = pytest.StashKey()
_FAILED: pytest.StashKey[bool] = pytest.StashKey()
_EVIDENCE: pytest.StashKey[Counter[tuple[str, str, str]]] = pytest.StashKey()
_SENT = "fake_hostway_evidence"
_FOLDER: pytest.StashKey[Path | None] = pytest.StashKey()
_WATCHED: pytest.StashKey[list[WatchedFake]] = pytest.StashKey()
_DEFAULTS: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
_ALLOWED: pytest.StashKey[tuple[str, ...]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hostway_fake")
    group.addoption(
        "--fake-hostway-evidence",
        action="store_true",
        help="end with a table of the behaviours of Hostway that the tests relied on, and how well each is founded",
    )
    group.addoption(
        "--fake-hostway-seed", metavar="N", help="the seed of the fakes of all tests, whatever they say themselves"
    )
    group.addoption("--fake-hostway-timeline", metavar="DIR", help="write the timelines of failed tests there, as JSON")
    parser.addini("fake_hostway_seed", "the seed of fakes that do not say another")
    parser.addini("fake_hostway_readings", "readings of all fakes, NAME=VALUE each", type="linelist", default=[])
    parser.addini(
        "fake_hostway_allow",
        "what tests may leave undone: unspent_rules, stalled_polls, server_exceptions",
        type="args",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(**options): options of the fixture fake_hostway of this test; they win over fake_hostway_options. "
        'With readings="all", or a list of operations, the test runs once under each other reading too; '
        "allow=[...] lets it leave undone what fails it otherwise: unspent_rules, stalled_polls, server_exceptions.",
    )
    config.stash[_DEFAULTS], config.stash[_ALLOWED] = _configured(config)
    config.stash[_WATCHED] = []
    config.stash[_SOCKETS] = {}
    if config.getoption("--fake-hostway-evidence"):
        config.stash[_EVIDENCE] = Counter()
    config.stash[_FOLDER] = None
    folder = config.getoption("--fake-hostway-timeline")
    if folder is not None:
        from hostway_fake.pytest_plugin.configuration import checked_folder

        config.stash[_FOLDER] = checked_folder(folder)


def _configured(config: pytest.Config) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The options of all fakes, and what all tests may leave undone, as the configuration has them."""
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


def _marked(node: pytest.Item | pytest.Collector) -> dict[str, Any]:
    """The options of the markers of a test; the closest wins."""
    options: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers(_MARKER))):
        if marker.args:
            pytest.fail(
                f"{node.nodeid}: @pytest.mark.{_MARKER} takes keyword arguments only, not {marker.args!r}",
                pytrace=False,
            )
        options |= marker.kwargs
    return options


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked ``readings="all"``, or with a list of operations, runs once under each other reading as well."""
    readings = _marked(metafunc.definition).get("readings")
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
    """Remember which test runs: a fixture that asks for ``request`` costs it twenty microseconds more."""
    stash = item.config.stash
    stash[_TEST] = item
    item.stash[_FAILED] = False
    if stash[_WATCHED]:
        stash[_WATCHED][:] = [watched for watched in stash[_WATCHED] if watched.begins()]


def _root(config: pytest.Config) -> FakeHostway:
    """The fake behind whose ways in the fakes of all tests live, so that one server can serve them all.

    It is no fixture: each fixture of a fixture costs every test some twenty microseconds.
    """
    root = config.stash.get(_ROOT, None)
    if root is None:
        from hostway_fake.fake import FakeHostway

        root = config.stash[_ROOT] = FakeHostway(auth=("fakehouse", "fakehouse"))
    return root


def pytest_unconfigure(config: pytest.Config) -> None:
    root = config.stash.get(_ROOT, None)
    if root is not None:
        root.close()


def _socket(config: pytest.Config, tls: bool) -> ThreadServer:
    """Return the server of this process, with TLS or without; start it on first use. It stops when the run ends."""
    servers = config.stash[_SOCKETS]
    if tls not in servers:
        serving = _root(config).serve(tls=tls)
        servers[tls] = serving.__enter__(), serving  # the server would stop if nobody held what made it
    return servers[tls][0]


def _through_socket(fake: FakeHostway, config: pytest.Config, tls: bool) -> FakeHostway:
    """Return a fake with the URL and the ``ca_path`` of the server that all tests share."""
    server = _socket(config, tls)
    return fake.at(server.url, ca_path=server.ca_path)


@pytest.fixture(scope="session")
def fake_hostway_base_url() -> str:
    """Override it to give the code under test another base URL than ``http://api.hostway.test``."""
    return "http://api.hostway.test"


@pytest.fixture(scope="session")
def fake_hostway_credentials() -> tuple[str, str] | None:
    """Return None, so that each test gets credentials of its own in ``fake_hostway.auth``.

    Override this fixture to return a fixed user and password. Its scope is the session, because a function-scoped
    fixture costs each test about 25 microseconds.
    """
    return None


def _drawn_credentials(test: pytest.Item) -> tuple[str, str]:
    from hashlib import blake2b

    draw = int(blake2b(test.nodeid.encode(), digest_size=6).hexdigest(), 16)
    return f"test{draw}", f"password{draw % 9973}"


@pytest.fixture(scope="session")
def fake_hostway_options() -> Mapping[str, Any]:
    """Override it to return keyword arguments of `FakeHostway` for the tests in reach."""
    return {}


@pytest.fixture
def fake_hostway(
    pytestconfig: pytest.Config,
    fake_hostway_base_url: str,
    fake_hostway_credentials: tuple[str, str] | None,
    fake_hostway_options: Mapping[str, Any],
) -> Iterator[FakeHostway]:
    """A Hostway account of this test's own, in process."""
    from hostway_fake.fake.options import checked_auth, checked_options
    from hostway_fake.pytest_plugin.watch import WatchedFake

    checked_options(fake_hostway_options)
    stash = pytestconfig.stash
    test, defaults = stash[_TEST], stash[_DEFAULTS]
    auth = _drawn_credentials(test) if fake_hostway_credentials is None else fake_hostway_credentials
    options: dict[str, Any] = {**defaults, "url": fake_hostway_base_url, "auth": auth, **fake_hostway_options}
    options |= _marked(test)
    reading: Mapping[str, str] | None = getattr(getattr(test, "callspec", None), "params", {}).get("fake_hostway")
    if reading is not None:
        others = (defaults.get("readings"), fake_hostway_options.get("readings"), reading)
        options["readings"] = {name: value for each in others for name, value in (each or {}).items()}
    elif not isinstance(options.get("readings", {}), Mapping):
        from hostway_fake.pytest_plugin.configuration import cannot_be_run_under

        pytest.fail(cannot_be_run_under(options["readings"]), pytrace=False)
    if pytestconfig.option.fake_hostway_seed is not None:
        options["seed"] = defaults["seed"]
    allowed, test.stash[_TLS] = _allowed(options.pop("allow", ())), options.pop("tls", False)
    user, password = checked_auth(options.pop("auth"))
    fake = _root(pytestconfig).add_account(user, password, **options)
    stash[_WATCHED].append(WatchedFake(fake, allowed, _MARKER))
    yield fake
    fake.close(check=not test.stash[_FAILED])


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Watch the fake that a project's own fixture ``fake_hostway`` returns."""
    made = yield
    if fixturedef.argname == _MARKER:
        watched = request.config.stash[_WATCHED]
        if not any(each.fake is made for each in watched):
            from hostway_fake.fake import FakeHostway
            from hostway_fake.pytest_plugin.watch import WatchedFake

            if isinstance(made, FakeHostway):
                is_for_one_test = fixturedef.scope == "function"
                watched.append(WatchedFake(made, (), _MARKER, is_for_one_test=is_for_one_test))
                if not is_for_one_test:
                    watched[-1].arranged()
                    fixturedef.addfinalizer(watched[-1].release)
    return made


def _allowed(given: object) -> tuple[str, ...]:
    if not given:
        return ()
    from hostway_fake.pytest_plugin.configuration import checked_allow

    try:
        return checked_allow("fake_hostway allow", given)
    except pytest.UsageError as error:
        said = str(error)
    pytest.fail(said, pytrace=False)


@pytest.fixture(scope="session")
def make_fake_hostway(
    pytestconfig: pytest.Config, fake_hostway_base_url: str, fake_hostway_options: Mapping[str, Any]
) -> Iterator[Callable[..., FakeHostway]]:
    """Return a function that makes accounts for fixtures of other scopes, each with credentials of its own.

    Call it as ``make_fake_hostway(**options)``. ``on_socket=True`` gives the account at the URL of the server that all
    tests share; with ``tls=True`` that server uses TLS. Accounts that are still open are closed at the end of the run.
    A test is told at its end what it left undone with any of them. Fault rules of a fixture of a wider scope have time
    until the account is closed. ``allow`` is that of the marker.
    """
    from itertools import count

    from hostway_fake import checks
    from hostway_fake.fake.options import checked_auth, checked_options
    from hostway_fake.pytest_plugin.watch import WatchedFake

    checked_options(fake_hostway_options)
    root = _root(pytestconfig)
    made: list[FakeHostway] = []
    scopes = _Scopes(pytestconfig.stash[_WATCHED])
    pytestconfig.pluginmanager.register(scopes)
    defaults: dict[str, Any] = pytestconfig.stash[_DEFAULTS]

    def make(*, on_socket: bool = False, **options: Any) -> FakeHostway:
        checks.flag("on_socket", on_socket)
        number = next(number for number in count(1) if f"made{number}" not in root._worlds.by_account)
        given = {"url": fake_hostway_base_url, "auth": (f"made{number}", f"password{number}")}
        everything = {**defaults, **given, **fake_hostway_options, **options}
        if pytestconfig.option.fake_hostway_seed is not None:
            everything["seed"] = defaults["seed"]
        allowed, tls = _allowed(everything.pop("allow", ())), checks.flag("tls", everything.pop("tls", False))
        user, password = checked_auth(everything.pop("auth"))
        fake = root.add_account(user, password, **everything)
        made.append(fake)
        pytestconfig.stash[_WATCHED].append(WatchedFake(fake, allowed))
        return _through_socket(fake, pytestconfig, tls) if on_socket else fake

    yield make
    pytestconfig.pluginmanager.unregister(scopes)
    for fake in made:
        fake.close()


class _Scopes:
    """Tells what fixtures of wide scopes arrange from what is a test's own; a plugin of its own, for what it costs."""

    def __init__(self, watched: list[WatchedFake]) -> None:
        self._watched = watched

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        made = yield
        if fixturedef.scope != "function":
            for each in self._watched:
                each.arranged()
        return made


@pytest.fixture
def fake_hostway_server(
    fake_hostway: FakeHostway, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeHostway]:
    """The account of ``fake_hostway``, at the URL of a real socket: for any client.

    With the option ``tls=True`` the socket uses TLS. ``ca_path`` of the fake is the CA file that clients must trust.

    What is raised in the server while the test runs is raised again at its end. ``monkeypatch`` lets clients reach the
    socket past a proxy, so that whatever else a test patches is undone in order.
    """
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1", prepend=",")
    if fake_hostway._worlds.by_account is _root(pytestconfig)._worlds.by_account:
        yield _through_socket(fake_hostway, pytestconfig, pytestconfig.stash[_TEST].stash[_TLS])
    else:  # a project's own fixture fake_hostway made it
        with fake_hostway.serve(tls=_marked(pytestconfig.stash[_TEST]).get("tls", False)) as serving:
            yield fake_hostway.at(serving.url)


@pytest.fixture
def fake_hostway_session(fake_hostway: FakeHostway) -> Iterator[requests.Session]:
    """A `requests.Session` that reaches ``fake_hostway``, authenticated."""
    with fake_hostway.session() as session:
        yield session


# What a test left undone, and the story of one that failed


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Look at the fakes when the whole test is done: a report is also made for each of its subtests."""
    try:
        return (yield)
    finally:
        for each in item.config.stash[_WATCHED]:
            each.called()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """A test is told at its end what it left undone, and what was raised in the server meanwhile."""
    left: list[str] = []
    try:
        try:
            done = yield
        finally:
            left = _left_undone(item)
            _raise_failures(item.config)
    except BaseException as error:
        for text in left:
            error.add_note(text)
        raise
    if left:
        pytest.fail("\n\n".join(left), pytrace=False)
    return done


def _left_undone(item: pytest.Item) -> list[str]:
    """What a test left undone with the fakes that it was given, unless it is allowed, or did not come to its end."""
    stash = item.config.stash
    failed = item.stash[_FAILED]
    found = [(watched, each) for watched in stash[_WATCHED] for each in watched.ended(failed)]
    if _EVIDENCE in stash:
        _count_evidence(stash)
    if not found:
        return []
    allowed = stash[_ALLOWED] + _allowed(_marked(item).get("allow"))
    return [str(each) for watched, each in found if each.allowed_by not in (*allowed, *watched.allowed)]


def _raise_failures(config: pytest.Config) -> None:
    """Raise what was raised in the server, but for what stands in the journal and can be allowed."""
    for server, _ in config.stash[_SOCKETS].values():
        from hostway_fake.exceptions import HostwayFakeError

        server.raise_failures(but=HostwayFakeError)


def _count_evidence(stash: pytest.Stash) -> None:
    from hostway_fake.journal.reliance import reliances

    relied = [each for watched in stash[_WATCHED] for each in reliances(watched.relied())]
    stash[_EVIDENCE].update({(each.behaviour, str(each.label), each.page) for each in relied})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed is told with its timeline, and the line that runs it again exactly so.

    One that did not come to its end, for whatever reason, is not told in addition what it left undone.
    """
    watched = item.config.stash[_WATCHED]
    report = yield
    if not report.passed:
        item.stash[_FAILED] = True
    if report.failed and watched:
        from hostway_fake.pytest_plugin import reports

        report.sections.append(("timeline of fake_hostway", reports.story(item, watched)))
        folder = item.config.stash[_FOLDER]
        if folder and (failure := reports.write(folder, item.nodeid, watched)):
            report.sections.append(("--fake-hostway-timeline", failure))
    return report


# The evidence that tests relied on


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist sends what its tests relied on."""
    sent: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if sent is not None and _EVIDENCE in session.config.stash:
        sent[_SENT] = [(*behaviour, tests) for behaviour, tests in session.config.stash[_EVIDENCE].items()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker is done: what its tests relied on counts here."""
    for *behaviour, tests in getattr(node, "workeroutput", {}).get(_SENT, ()):
        node.config.stash[_EVIDENCE][tuple(behaviour)] += tests


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _EVIDENCE not in config.stash:
        return
    terminalreporter.section("evidence that tests of fake_hostway relied on")
    from hostway_fake.pytest_plugin.reports import evidence

    relied: Counter[tuple[str, str, str]] = config.stash[_EVIDENCE]
    for line in evidence(relied):
        terminalreporter.write_line(line)
