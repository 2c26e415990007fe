"""The pytest plugin: fixtures and a marker. It imports nothing but pytest until a fixture is used."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import requests

    from hostway_fake.fake import FakeHostway
    from hostway_fake.transports.server import ThreadServer

_MARKER = "fake_hostway"
_HOUSE: pytest.StashKey["FakeHostway"] = pytest.StashKey()
_TEST: pytest.StashKey[pytest.Item] = pytest.StashKey()
_FAILED: pytest.StashKey[bool] = pytest.StashKey()
_EVIDENCE: pytest.StashKey[Counter[tuple[str, str, str]]] = pytest.StashKey()
_SENT = "fake_hostway_evidence"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("hostway_fake").addoption(
        "--fake-hostway-evidence",
        action="store_true",
        help="end with a table of the behaviours of Hostway that the tests relied on, and how well each is founded",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(**options): options of FakeHostway for the fakes of this test; they win over fake_hostway_options. "
        'With readings="all", or a list of operations, the test runs once under each other reading too.',
    )
    if config.getoption("--fake-hostway-evidence"):
        config.stash[_EVIDENCE] = Counter()


def _marked(node: pytest.Item | pytest.Collector) -> dict[str, Any]:
    """The options of the markers of a test; the closest wins."""
    options: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers(_MARKER))):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.{_MARKER} takes keyword arguments only, not {marker.args!r}")
        options |= marker.kwargs
    return options


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked ``readings="all"``, or with a list of operations, runs once under each other reading as well."""
    if "fake_hostway" not in metafunc.fixturenames:
        return
    readings = _marked(metafunc.definition).get("readings")
    if readings == "all" or isinstance(readings, list | tuple):
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
    item.config.stash[_TEST] = item


def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """A test that has failed already is not told in addition what it left undone."""
    node.stash[_FAILED] = True


def _house(config: pytest.Config) -> "FakeHostway":
    """The fake behind whose ways in the fakes of all tests live, so that one server can serve them all.

    It is no fixture: each fixture of a fixture costs every test some twenty microseconds.
    """
    house = config.stash.get(_HOUSE, None)
    if house is None:
        from hostway_fake.fake import FakeHostway

        house = config.stash[_HOUSE] = FakeHostway(auth=("fakehouse", "fakehouse"))
    return house


def pytest_unconfigure(config: pytest.Config) -> None:
    house = config.stash.get(_HOUSE, None)
    if house is not None:
        house.close()


@pytest.fixture(scope="session")
def _fake_hostway_socket(request: pytest.FixtureRequest) -> "Iterator[ThreadServer]":
    """The one server of this process."""
    with _house(request.config).serve() as server:
        yield server


@pytest.fixture(scope="session")
def fake_hostway_base_url() -> str:
    """Override it to give the code under test another base URL than ``http://api.hostway.test``."""
    return "http://api.hostway.test"


@pytest.fixture
def fake_hostway_credentials(pytestconfig: pytest.Config) -> tuple[str, str]:
    """User and password, other ones for each test; override it for fixed ones."""
    from hashlib import blake2b

    draw = int(blake2b(pytestconfig.stash[_TEST].nodeid.encode(), digest_size=6).hexdigest(), 16)
    return f"test{draw}", f"password{draw % 9973}"


@pytest.fixture(scope="session")
def fake_hostway_options() -> Mapping[str, Any]:
    """Override it to return keyword arguments of `FakeHostway` for the tests in reach."""
    return {}


@pytest.fixture
def fake_hostway(
    pytestconfig: pytest.Config,
    fake_hostway_base_url: str,
    fake_hostway_credentials: tuple[str, str],
    fake_hostway_options: Mapping[str, Any],
) -> "Iterator[FakeHostway]":
    """A Hostway account of this test's own, in process."""
    from hostway_fake.options import checked_auth, checked_options

    checked_options(fake_hostway_options)
    options: dict[str, Any] = {"url": fake_hostway_base_url, "auth": fake_hostway_credentials, **fake_hostway_options}
    test = pytestconfig.stash[_TEST]
    options |= _marked(test)
    reading: Mapping[str, str] | None = getattr(getattr(test, "callspec", None), "params", {}).get("fake_hostway")
    if reading is not None:
        options["readings"] = {**(fake_hostway_options.get("readings") or {}), **reading}
    user, password = checked_auth(options.pop("auth"))
    fake = _house(pytestconfig).sibling(user, password, **options)
    yield fake
    if _EVIDENCE in pytestconfig.stash:
        from hostway_fake.journal.evidence import reliances

        relied = reliances(fake._answered())
        pytestconfig.stash[_EVIDENCE].update({(each.behaviour, str(each.label), each.page) for each in relied})
    fake.close(check=_FAILED not in test.stash)


@pytest.fixture
def fake_hostway_server(fake_hostway: "FakeHostway", _fake_hostway_socket: "ThreadServer") -> "Iterator[FakeHostway]":
    """The account of ``fake_hostway``, at the URL of a real socket: for any client.

    What is raised in the server while the test runs is raised again at its end.
    """
    import os

    before = {name: os.environ.get(name) for name in ("no_proxy", "NO_PROXY")}
    for name, others in before.items():
        os.environ[name] = f"{others},127.0.0.1" if others else "127.0.0.1"
    try:
        yield fake_hostway.at(_fake_hostway_socket.url)
    finally:
        for name, others in before.items():
            if others is None:
                del os.environ[name]
            else:
                os.environ[name] = others
    _fake_hostway_socket.raise_failures()


@pytest.fixture
def fake_hostway_session(fake_hostway: "FakeHostway") -> "Iterator[requests.Session]":
    """A `requests.Session` that reaches ``fake_hostway``, authenticated."""
    with fake_hostway.session() as session:
        yield session


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
    for line in _table(config.stash[_EVIDENCE]):
        terminalreporter.write_line(line)


_LABELS = ("documented", "contradicted", "assumed", "ours")


def _table(relied: Counter[tuple[str, str, str]]) -> Iterator[str]:
    """The behaviours, the best founded first, and how many tests relied on each."""
    rows = sorted(relied, key=lambda row: (_LABELS.index(row[1]), row[2], row[0]))
    cells = [("behaviour", "label", "page", "tests"), *((*row, str(relied[row])) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
