"""The plugin's fixtures and its marker, each in a pytest of its own."""

import json
from typing import Any

import pytest
import trustme  # noqa: F401  # kept loaded: cryptography, which it uses, cannot be imported twice in one process

_RUN = ("-q", "-W", "error", "-p", "no:cacheprovider")
_IN_ORDER = (*_RUN, "-p", "no:randomly")

_LIST = """
def listed(fake, session):
    server = fake.servers[0] if fake.servers else fake.add_server()
    return session.get(f"{fake.url}/servers/{server.id}/snapshots").status_code
"""

_NOTES = """
import json, pathlib

def note(value):
    with pathlib.Path("notes").open("a") as notes:
        notes.write(json.dumps(value) + "\\n")
"""


def _run(pytester: pytest.Pytester, source: str, *arguments: str, conftest: str = "") -> pytest.RunResult:
    pytester.makepyfile(source)
    pytester.makeconftest(conftest)
    return pytester.runpytest_inprocess(*(arguments or _IN_ORDER))


def _notes(pytester: pytest.Pytester) -> list[Any]:
    return [json.loads(line) for line in (pytester.path / "notes").read_text().splitlines()]


def test_one_fixture_is_enough(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        def test_a_snapshot_is_created(fake_hostway):
            server = fake_hostway.add_server("jello614636-USOTE-0214")
            url = f"{fake_hostway.url}/servers/{server.id}/snapshots"
            answer = fake_hostway.session().post(url, json={"snapshot": {"name": "nightly"}})
            assert (fake_hostway.url, answer.status_code) == ("http://api.hostway.test", 202)
        """,
    )

    ran.assert_outcomes(passed=1)


def test_the_session_reaches_the_fake(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        _LIST
        + """
def test_it(fake_hostway, fake_hostway_session):
    assert listed(fake_hostway, fake_hostway_session) == 200
    assert fake_hostway_session.auth == fake_hostway.auth
""",
    )

    ran.assert_outcomes(passed=1)


_WHO = (
    _NOTES
    + """
import pytest

@pytest.mark.parametrize("number", [1, 2])
def test_who(request, number, fake_hostway):
    note([request.node.name, *fake_hostway.auth])

def test_who_else(request, fake_hostway, fake_hostway_credentials):
    note([request.node.name, *fake_hostway.auth])
    assert fake_hostway_credentials is None
"""
)


def test_credentials_differ_from_test_to_test(pytester: pytest.Pytester) -> None:
    _run(pytester, _WHO).assert_outcomes(passed=3)

    users = {user for _, user, _ in _notes(pytester)}
    assert len(users) == 3


def test_credentials_are_the_same_in_every_order(pytester: pytest.Pytester) -> None:
    for seed in ("1", "2", "3"):
        _run(pytester, _WHO, *_RUN, "-p", "randomly", f"--randomly-seed={seed}")

    assert len(_notes(pytester)) == 9
    assert len({tuple(note) for note in _notes(pytester)}) == 3


def test_the_server_has_the_same_world_at_another_url(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        _LIST
        + """
import requests

def test_it(fake_hostway, fake_hostway_server):
    server = fake_hostway.add_server("jello614636-USOTE-0214")
    assert [each.id for each in fake_hostway_server.servers] == [server.id]
    assert fake_hostway_server.auth == fake_hostway.auth
    assert fake_hostway_server.url.startswith("http://127.0.0.1:")
    assert fake_hostway.url == "http://api.hostway.test"
    with requests.Session() as session:
        session.auth = fake_hostway.auth
        assert listed(fake_hostway_server, session) == 200
""",
    )

    ran.assert_outcomes(passed=1)


def test_one_server_serves_all_tests_of_a_process(pytester: pytest.Pytester) -> None:
    source = _NOTES + "def test_it(fake_hostway_server):\n    note(fake_hostway_server.url)\n"
    pytester.makepyfile(test_a=source, test_b=source, test_c=source)

    pytester.runpytest_inprocess(*_IN_ORDER).assert_outcomes(passed=3)

    urls = _notes(pytester)
    assert (len(urls), len(set(map(str, urls)))) == (3, 1)


@pytest.mark.parametrize(
    ("before", "within"), [(None, "127.0.0.1"), ("", "127.0.0.1,"), ("internal.test", "127.0.0.1,internal.test")]
)
def test_the_server_is_called_without_a_proxy_and_the_environment_restored(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, before: str | None, within: str
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        if before is not None:
            monkeypatch.setenv(name, before)

    ran = _run(
        pytester,
        _NOTES
        + """
import os

def test_within(fake_hostway_server):
    note([os.environ.get("no_proxy"), os.environ.get("NO_PROXY")])

def test_after():
    note([os.environ.get("no_proxy"), os.environ.get("NO_PROXY")])
""",
    )

    ran.assert_outcomes(passed=2)
    assert _notes(pytester) == [[within, within], [before, before]]


def test_an_exception_in_the_server_fails_the_test_at_its_end_and_no_other(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        _LIST
        + """
def test_it(fake_hostway_server, monkeypatch):
    def boom(worlds, request):
        raise ZeroDivisionError("out of the blue")

    monkeypatch.setattr("hostway_fake.transports.wsgi.exchange", boom)
    assert listed(fake_hostway_server, fake_hostway_server.session()) == 500

def test_the_next_one(fake_hostway_server):
    assert listed(fake_hostway_server, fake_hostway_server.session()) == 200
""",
    )

    ran.assert_outcomes(passed=2, errors=1)
    ran.stdout.fnmatch_lines(["*ERROR at teardown of test_it*", "*ZeroDivisionError: out of the blue"])


def test_the_base_url_can_be_overridden(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        _LIST
        + """
def test_it(fake_hostway, fake_hostway_session):
    assert fake_hostway.url == "https://api.hostway.com"
    assert listed(fake_hostway, fake_hostway_session) == 200
""",
        conftest="""
        import pytest

        @pytest.fixture(scope="session")
        def fake_hostway_base_url():
            return "https://api.hostway.com"
        """,
    )

    ran.assert_outcomes(passed=1)


def test_the_credentials_can_be_overridden(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        def test_it(fake_hostway):
            assert fake_hostway.auth == ("jello614636", "secret")
        """,
        conftest="""
        import pytest

        @pytest.fixture
        def fake_hostway_credentials():
            return "jello614636", "secret"
        """,
    )

    ran.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("credentials", "got"),
    [
        ("'ab'", "a str"),
        ("7", "a int"),
        ("('jello614636',)", "a tuple of str"),
        ("('jello614636', 7)", "a tuple of str, int"),
    ],
)
def test_credentials_that_are_none_are_named(pytester: pytest.Pytester, credentials: str, got: str) -> None:
    ran = _run(
        pytester,
        "def test_it(fake_hostway):\n    pass\n",
        conftest=f"""
        import pytest

        @pytest.fixture
        def fake_hostway_credentials():
            return {credentials}
        """,
    )

    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines([f"*fake_hostway: auth: got {got}, expected a tuple of user and password*"])


_OPTIONS = """
import pytest

@pytest.fixture
def fake_hostway_options():
    return {"build_seconds": 5, "poll_limit": 7}
"""

_BUILD = """
import pytest

def build(fake):
    snapshot = fake.add_server().add_snapshot("nightly", "BUILD")
    return (fake.clock.pending()[0].due - snapshot.requested_at).total_seconds()
"""


def test_the_options_can_be_overridden(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        _BUILD + "def test_it(fake_hostway):\n    assert build(fake_hostway) == 5\n",
        conftest=_OPTIONS,
    )

    ran.assert_outcomes(passed=1)


def test_the_options_of_a_marker_win_and_the_closest_marker_wins(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        _BUILD
        + """
pytestmark = pytest.mark.fake_hostway(build_seconds=10)

def test_of_the_module(fake_hostway):
    assert build(fake_hostway) == 10

@pytest.mark.fake_hostway(build_seconds=20)
class TestMarked:
    def test_of_the_class(self, fake_hostway):
        assert build(fake_hostway) == 20

    @pytest.mark.fake_hostway(build_seconds=30)
    def test_of_its_own(self, fake_hostway):
        assert build(fake_hostway) == 30

    @pytest.mark.fake_hostway(url="http://elsewhere.test")
    def test_of_both(self, fake_hostway):
        assert (build(fake_hostway), fake_hostway.url) == (20, "http://elsewhere.test")
""",
        conftest=_OPTIONS,
    )

    ran.assert_outcomes(passed=4)


def test_a_marker_leaves_the_options_that_it_does_not_name(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        _BUILD
        + """
@pytest.mark.fake_hostway(seed=7)
def test_it(fake_hostway):
    assert build(fake_hostway) == 5
""",
        conftest=_OPTIONS,
    )

    ran.assert_outcomes(passed=1)


def test_a_marker_can_name_the_account(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        import pytest

        @pytest.mark.fake_hostway(auth=("jello614636", "secret"))
        def test_it(fake_hostway):
            assert fake_hostway.auth == ("jello614636", "secret")
        """,
    )

    ran.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("5", "*test_it: @pytest.mark.fake_hostway takes keyword arguments only, not (5,)*"),
        ("sead=5", "fake_hostway: FakeHostway() has no argument 'sead'. Did you mean seed?*"),
        ("seed='x'", "*fake_hostway: seed: got 'x', expected an int"),
        ("readings={'list_status': 204}", "*fake_hostway: reading list_status: got 204, expected *'200', '202'"),
    ],
)
def test_wrong_arguments_of_a_marker_are_named(pytester: pytest.Pytester, arguments: str, message: str) -> None:
    ran = _run(
        pytester,
        f"""
        import pytest

        @pytest.mark.fake_hostway({arguments})
        def test_it(fake_hostway):
            pass
        """,
    )

    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines([message])


def test_the_marker_is_registered(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        import pytest

        @pytest.mark.fake_hostway(seed=7)
        def test_it(fake_hostway):
            pass
        """,
        *_IN_ORDER,
        "--strict-markers",
    )

    ran.assert_outcomes(passed=1)


def test_the_marker_is_explained(pytester: pytest.Pytester) -> None:
    ran = pytester.runpytest_inprocess("--markers")

    ran.stdout.fnmatch_lines(["@pytest.mark.fake_hostway(*): options of the fixture fake_hostway *"])


def test_the_fixtures_are_explained(pytester: pytest.Pytester) -> None:
    ran = pytester.runpytest_inprocess("--fixtures")

    names = ("", "_server", "_session", "_base_url", "_credentials", "_options")
    for name in names:
        ran.stdout.re_match_lines([rf"fake_hostway{name}( \[session scope\])? -- .*pytest_plugin/fixtures\.py.*"])
    ran.stdout.no_fnmatch_line("*no docstring available*fake_hostway*")


@pytest.mark.parametrize("fixture", ["fake_hostway", "fake_hostway_server"])
def test_a_test_sees_nothing_of_the_one_before(pytester: pytest.Pytester, fixture: str) -> None:
    ran = _run(
        pytester,
        f"""
        import pytest
        from hostway_fake import START

        @pytest.mark.parametrize("number", [1, 2, 3])
        def test_it({fixture}, number):
            assert ({fixture}.servers, {fixture}.clock.now()) == ((), START)
            {fixture}.builds.all(never=True)
            {fixture}.add_server("jello614636-USOTE-0214").add_snapshot("nightly", "BUILD")
            {fixture}.clock.advance(minutes=1)
        """,
        conftest="""
        import pytest

        @pytest.fixture
        def fake_hostway_credentials():
            return "jello614636", "secret"
        """,
    )

    ran.assert_outcomes(passed=3)


def test_the_account_of_a_test_is_gone_after_it(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        _LIST
        + """
import pytest
from hostway_fake import ClosedFakeError

kept = []

def test_it(fake_hostway, fake_hostway_session):
    assert listed(fake_hostway, fake_hostway_session) == 200
    kept.append((fake_hostway, fake_hostway.session()))

def test_the_next_one(fake_hostway):
    with pytest.raises(ClosedFakeError, match="It was closed at the end of the test that used it"):
        listed(*kept[0])
""",
    )

    ran.assert_outcomes(passed=2)


def test_the_siblings_of_a_test_are_gone_after_it(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(fake_hostway, number):
            assert fake_hostway.add_account("michalski275226", "secret").servers == ()
        """,
    )

    ran.assert_outcomes(passed=2)


def test_a_test_case_of_unittest_gets_the_fake(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        import unittest
        import pytest

        class SnapshotTest(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _fake(self, fake_hostway):
                self.fake = fake_hostway

            def test_it(self):
                server = self.fake.add_server()
                url = f"{self.fake.url}/servers/{server.id}/snapshots"
                self.assertEqual(self.fake.session().get(url).status_code, 200)

            def test_the_next_one(self):
                self.assertEqual(self.fake.servers, ())
        """,
    )

    ran.assert_outcomes(passed=2)


def test_each_example_of_hypothesis_gets_a_fake_of_its_own(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        from hypothesis import given, settings, strategies as st
        from hostway_fake import FakeHostway

        @settings(max_examples=20, deadline=None, database=None)
        @given(name=st.text(min_size=1))
        def test_it(name):
            with FakeHostway() as fake:
                server = fake.add_server()
                url = f"{fake.url}/servers/{server.id}/snapshots"
                created = fake.session().post(url, json={"snapshot": {"name": name}})
                assert [each.name for each in server.snapshots] == [created.json()["snapshot"]["name"]] == [name]
        """,
    )

    ran.assert_outcomes(passed=1)


def test_a_rule_without_an_outcome_fails_a_test_that_has_not_failed_already(pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        """
        def test_forgetful(fake_hostway):
            fake_hostway.faults.on("create_snapshot").first(2)

        def test_failing(fake_hostway):
            fake_hostway.faults.on("create_snapshot").first(2)
            assert 1 == 2

        def test_clean(fake_hostway):
            pass
        """,
    )

    ran.assert_outcomes(passed=2, failed=1, errors=1)
    ran.stdout.fnmatch_lines(["*UnfinishedRuleError: begun, but given no outcome*"])


@pytest.mark.parametrize("given", ["None", "[]", "{1: 2}"])
def test_options_that_are_none_are_named(given: str, pytester: pytest.Pytester) -> None:
    ran = _run(
        pytester,
        "def test_it(fake_hostway): pass",
        conftest=f"import pytest\n@pytest.fixture\ndef fake_hostway_options(): return {given}",
    )

    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*fake_hostway_options: got *, expected * of options of FakeHostway"])


def test_without_the_plugin_there_is_no_fixture(pytester: pytest.Pytester) -> None:
    ran = _run(pytester, "def test_it(fake_hostway):\n    pass\n", *_IN_ORDER, "-p", "no:hostway_fake")

    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*fixture 'fake_hostway' not found*"])


def test_environment_is_restored_whatever_else_a_test_patches_in_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "internal.test")

    ran = _run(
        pytester,
        _NOTES
        + """
import os

def test_patches_before(monkeypatch, request):
    monkeypatch.delenv("no_proxy")
    request.getfixturevalue("fake_hostway_server")
    monkeypatch.delenv("NO_PROXY")

def test_patches_after(fake_hostway_server, monkeypatch):
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("NO_PROXY", "other.test")

def test_after():
    note([os.environ.get("no_proxy"), os.environ.get("NO_PROXY")])
""",
    )

    ran.assert_outcomes(passed=3)
    assert _notes(pytester) == [["internal.test", "internal.test"]]


@pytest.mark.parametrize("own", [False, True])
def test_socket_speaks_tls_on_demand(pytester: pytest.Pytester, own: bool) -> None:
    fixture = """
        @pytest.fixture
        def fake_hostway():
            with FakeHostway() as fake:
                yield fake
        """
    pytester.makepyfile(
        f"""
        import pytest
        from hostway_fake import FakeHostway
        {fixture if own else ""}
        def ask(fake):
            with fake.session() as session:
                return session.get(fake.url + "/servers").status_code

        @pytest.mark.fake_hostway(tls=True)
        def test_tls(fake_hostway_server):
            assert fake_hostway_server.url.startswith("https://127.0.0.1:")
            assert fake_hostway_server.ca_path
            assert ask(fake_hostway_server) == 200

        def test_plain(fake_hostway_server):
            assert fake_hostway_server.url.startswith("http://127.0.0.1:")
            assert ask(fake_hostway_server) == 200

        def test_made(make_fake_hostway):
            with make_fake_hostway(on_socket=True, tls=True) as fake:
                assert fake.url.startswith("https://")
                assert ask(fake) == 200
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=3)
