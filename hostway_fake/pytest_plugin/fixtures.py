"""The fixtures of the plugin. This module imports nothing but pytest until a fixture is used."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from hostway_fake.pytest_plugin.stash import (
    DEFAULTS,
    FAILED,
    MARKER,
    ROOT,
    SERVERS,
    TEST,
    TLS,
    WATCHED,
    allowed_words,
    marked_options,
    watch_lookups,
)

if TYPE_CHECKING:
    import requests

    from hostway_fake.fake import FakeHostway
    from hostway_fake.pytest_plugin.watch import WatchedFake
    from hostway_fake.transports.server import ThreadServer


def _root(config: pytest.Config) -> FakeHostway:
    """Return the fake to which the fakes of all tests are added as accounts, so that one server can serve them all.

    It is not a fixture, because each fixture of a fixture costs each test about 20 microseconds.
    """
    root = config.stash.get(ROOT, None)
    if root is None:
        from hostway_fake.fake import FakeHostway

        root = config.stash[ROOT] = FakeHostway(auth=("fakehouse", "fakehouse"))
    return root


def _socket(config: pytest.Config, tls: bool) -> ThreadServer:
    """Return the server of this process, with TLS or without; start it on first use. It stops when the run ends."""
    servers = config.stash[SERVERS]
    if tls not in servers:
        serving = _root(config).serve(tls=tls)
        servers[tls] = serving.__enter__(), serving  # the server stops when its context manager is collected
    return servers[tls][0]


def _through_socket(fake: FakeHostway, config: pytest.Config, tls: bool) -> FakeHostway:
    """Return a fake with the URL and the ``ca_path`` of the server that all tests share."""
    server = _socket(config, tls)
    return fake.at(server.url, ca_path=server.ca_path)


@pytest.fixture(scope="session")
def fake_hostway_base_url() -> str:
    """Return the base URL of the code under test. Override this fixture to change it."""
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
    """Return options of `FakeHostway`. Override this fixture to set them for the tests in its scope."""
    return {}


def _added(config: pytest.Config, options: dict[str, Any]) -> FakeHostway:
    """Return a new account with these options. An invalid option fails the test with one message."""
    from hostway_fake.exceptions import HostwayFakeError
    from hostway_fake.fake.options import checked_auth

    try:
        user, password = checked_auth(options.pop("auth"))
        fake = _root(config).add_account(user, password, **options)
        watch_lookups(config, fake.url)
        return fake
    except HostwayFakeError as error:
        message = f"fake_hostway: {error}"
    pytest.fail(message, pytrace=False)


def _checked_options(options: object) -> Mapping[str, Any]:
    """Return the value of the fixture ``fake_hostway_options``. Fail the test if it is no mapping of options."""
    from hostway_fake.exceptions import HostwayFakeError
    from hostway_fake.fake.options import checked_options

    try:
        checked_options(options)
        return options  # type: ignore[return-value]  # it was checked
    except HostwayFakeError as error:
        message = str(error)
    pytest.fail(message, pytrace=False)


@pytest.fixture
def fake_hostway(
    pytestconfig: pytest.Config,
    fake_hostway_base_url: str,
    fake_hostway_credentials: tuple[str, str] | None,
    fake_hostway_options: Mapping[str, Any],
) -> Iterator[FakeHostway]:
    """Return a Hostway account for this test only, in process."""
    from hostway_fake.pytest_plugin.watch import WatchedFake

    stash = pytestconfig.stash
    test, defaults = stash[TEST], stash[DEFAULTS]
    auth = _drawn_credentials(test) if fake_hostway_credentials is None else fake_hostway_credentials
    options: dict[str, Any] = {
        **defaults,
        "url": fake_hostway_base_url,
        "auth": auth,
        **_checked_options(fake_hostway_options),
    }
    options |= marked_options(test)
    reading: Mapping[str, str] | None = getattr(getattr(test, "callspec", None), "params", {}).get("fake_hostway")
    if reading is not None:
        others = (defaults.get("readings"), fake_hostway_options.get("readings"), reading)
        options["readings"] = {name: value for each in others for name, value in (each or {}).items()}
    elif not isinstance(options.get("readings", {}), Mapping):
        from hostway_fake.pytest_plugin.configuration import cannot_be_run_under

        pytest.fail(cannot_be_run_under(options["readings"]), pytrace=False)
    if pytestconfig.option.fake_hostway_seed is not None:
        options["seed"] = defaults["seed"]
    allowed, test.stash[TLS] = allowed_words(options.pop("allow", ())), options.pop("tls", False)
    fake = _added(pytestconfig, options)
    stash[WATCHED].append(WatchedFake(fake, allowed, MARKER))
    yield fake
    fake.close(check=not test.stash[FAILED])


@pytest.fixture(scope="session")
def make_fake_hostway(
    pytestconfig: pytest.Config, fake_hostway_base_url: str, fake_hostway_options: Mapping[str, Any]
) -> Iterator[Callable[..., FakeHostway]]:
    """Return a function that makes accounts for fixtures of other scopes, each with credentials of its own.

    Call it as ``make_fake_hostway(**options)``. With ``on_socket=True``, the account is at the URL of the server that
    all tests share; with ``tls=True`` that server uses TLS. ``allow`` is the same as in the marker. Accounts that are
    still open are closed at the end of the run. A test fails if it leaves a problem in one of them. Fault rules that a
    fixture of a wider scope wrote may be used until the account is closed.
    """
    from itertools import count

    from hostway_fake import checks
    from hostway_fake.pytest_plugin.watch import WatchedFake

    _checked_options(fake_hostway_options)
    root = _root(pytestconfig)
    made: list[FakeHostway] = []
    scopes = _Scopes(pytestconfig.stash[WATCHED])
    pytestconfig.pluginmanager.register(scopes)
    defaults: dict[str, Any] = pytestconfig.stash[DEFAULTS]

    def make(*, on_socket: bool = False, **options: Any) -> FakeHostway:
        checks.flag("on_socket", on_socket)
        number = next(number for number in count(1) if f"made{number}" not in root.account.worlds.by_account)
        given = {"url": fake_hostway_base_url, "auth": (f"made{number}", f"password{number}")}
        everything = {**defaults, **given, **fake_hostway_options, **options}
        if pytestconfig.option.fake_hostway_seed is not None:
            everything["seed"] = defaults["seed"]
        allowed, tls = allowed_words(everything.pop("allow", ())), checks.flag("tls", everything.pop("tls", False))
        fake = _added(pytestconfig, everything)
        made.append(fake)
        pytestconfig.stash[WATCHED].append(WatchedFake(fake, allowed))
        return _through_socket(fake, pytestconfig, tls) if on_socket else fake

    yield make
    pytestconfig.pluginmanager.unregister(scopes)
    for fake in made:
        fake.close()


class _Scopes:
    """Notes what fixtures of wider scopes arrange. It is registered only if it is needed, because of its cost."""

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
    """Return the account of ``fake_hostway`` at the URL of a real socket, for any client.

    With the option ``tls=True`` the socket uses TLS, and ``ca_path`` is the CA file that clients must trust. What the
    server raises while the test runs is raised again at its end. ``no_proxy`` is set, so that clients do not use a
    proxy.
    """
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1", prepend=",")
    if fake_hostway.account.worlds.by_account is _root(pytestconfig).account.worlds.by_account:
        yield _through_socket(fake_hostway, pytestconfig, pytestconfig.stash[TEST].stash[TLS])
    else:  # it comes from a project's own fixture fake_hostway
        with fake_hostway.serve(tls=marked_options(pytestconfig.stash[TEST]).get("tls", False)) as serving:
            yield fake_hostway.at(serving.url)


@pytest.fixture
def fake_hostway_session(fake_hostway: FakeHostway) -> Iterator[requests.Session]:
    """Return a `requests.Session` that reaches ``fake_hostway`` and sends its credentials."""
    with fake_hostway.session() as session:
        yield session
