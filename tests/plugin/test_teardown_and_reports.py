"""What a test left undone fails it at its end; what failed is told with its story, and can be run again."""

import json
import re
from textwrap import dedent, indent

import pytest

_IN_ORDER = ("-p", "no:randomly")


def run(pytester: pytest.Pytester, source: str, *arguments: str, ini: str = "") -> pytest.RunResult:
    pytester.makepyfile(source)
    pytester.makeini(f"[pytest]\n{ini}")
    return pytester.runpytest_inprocess(*_IN_ORDER, *arguments)


# Left undone


def test_a_rule_that_is_not_spent_fails_the_test_with_what_came_nearest(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
        def test_it(fake_hostway, fake_hostway_session):
            server = fake_hostway.add_server("jello614636-USOTE-0214")
            fake_hostway.faults.on("create_snapshot", name="nihgtly").first(2).respond(503)
            url = f"{fake_hostway.url}/servers/{server.id}/snapshots"
            fake_hostway_session.post(url, json={"snapshot": {"name": "nightly"}})
        """,
    )

    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(
        [
            "unused fault rule: rule 1: create_snapshot, name='nihgtly': first 2: * 2 more matching calls expected",
            "the closest calls:",
            "  *create_snapshot applied 202: name is 'nightly', not 'nihgtly'",
            "(allow it with @pytest.mark.fake_hostway(allow=[[]'unused_rules'[]]))",
        ]
    )


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ('session.get(url); fake_hostway.faults.on("list_zones").respond(503)', "it came before the rule was written"),
        ('fake_hostway.faults.on("list_zones", account="x").reset(); session.get(url)', "its account is not 'x'"),
        (
            'fake_hostway.faults.on("list_zones").stale_connection(); session.get(url)',
            "its connection had served no request before",
        ),
    ],
)
def test_a_call_that_is_as_the_rule_wants_it_and_does_not_count_says_why(
    pytester: pytest.Pytester, rule: str, reason: str
) -> None:
    ran = run(
        pytester,
        f"""
        def test_it(fake_hostway, fake_hostway_session):
            session, url = fake_hostway_session, fake_hostway.url + "/zone"
            {rule}
        """,
    )

    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(["the closest calls:", f"  *GET /zone list_zones none 200: {reason}"])


def test_a_rule_that_was_met_too_seldom_says_how_often(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
        def test_it(fake_hostway, fake_hostway_session):
            fake_hostway.faults.on("list_zones").first(2).respond(503)
            fake_hostway_session.get(fake_hostway.url + "/zone")
        """,
    )

    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(["unused fault rule: *: 1 more matching call expected"])
    ran.stdout.no_fnmatch_line("the closest calls:")


def test_an_id_is_looked_at_as_a_glob(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
        def test_it(fake_hostway, fake_hostway_session):
            fake_hostway.faults.on("get_volume", id="hbs2013*").respond(503)
            fake_hostway_session.get(fake_hostway.url + "/volumes/hbs2012May08_61EfdIZ3Y")
        """,
    )

    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(["  *get_volume refused 404: id is 'hbs2012May08_61EfdIZ3Y', not 'hbs2013[*]'"])


_UNDONE = {
    "unused_rules": 'fake_hostway.faults.on("get_server").respond(503)',
    "stalled_polls": """
            server = fake_hostway.add_server()
            server.add_snapshot("a", "BUILD")
            for _ in range(5):
                with suppress(AssertionError):
                    fake_hostway_session.get(f"{fake_hostway.url}/servers/{server.id}/snapshots")
            """,
    "server_exceptions": """
            fake_hostway.faults.on("list_zones").hang()
            with suppress(AssertionError):
                fake_hostway_session.get(fake_hostway.url + "/zone")
            """,
}


def _leaving(undone: str, marker: str = "") -> str:
    return f"""
        from contextlib import suppress
        import pytest

        @pytest.mark.fake_hostway(poll_limit=3{marker})
        def test_it(fake_hostway, fake_hostway_session):
            {_UNDONE[undone].strip()}
        """


@pytest.mark.parametrize("undone", _UNDONE)
def test_what_is_left_undone_fails_the_test(pytester: pytest.Pytester, undone: str) -> None:
    ran = run(pytester, _leaving(undone))

    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines([f"*allow it with*{undone}*"])


@pytest.mark.parametrize("undone", _UNDONE)
@pytest.mark.parametrize("how", ["a word", "a list", "ini"])
def test_what_is_allowed_may_be_left_undone(pytester: pytest.Pytester, undone: str, how: str) -> None:
    marker = {"a word": f", allow={undone!r}", "a list": f", allow=[{undone!r}]", "ini": ""}[how]

    ran = run(pytester, _leaving(undone, marker), ini=f"fake_hostway_allow = {undone}" if how == "ini" else "")

    ran.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            """
            with fake_hostway.intercept(block_others=True):
                requests.get("http://other.test/?token=s3cret", timeout=1)
            """,
            "  BlockedHostError: GET http://other.test/?token=*: only api.hostway.test may be called under *",
        ),
        (
            """
            with httpx.Client(transport=fake_hostway.httpx_transport()) as client:
                client.get("http://other.test/")
            """,
            "  BlockedHostError: GET http://other.test/: this transport leads to api.hostway.test only",
        ),
        (
            """
            fake_hostway.faults.on().reset()
            fake_hostway.wsgi_app.test_client().get("/zone")
            """,
            "  * GET /zone * NoWireError *",
        ),
    ],
    ids=["intercept", "httpx transport", "bare application"],
)
def test_exception_that_a_client_swallowed_outside_the_exchange_fails_the_test(
    pytester: pytest.Pytester, call: str, told: str
) -> None:
    source = f"""
        from contextlib import suppress
        import httpx
        import requests

        def test_it(fake_hostway):
            with suppress(Exception):
                {indent(dedent(call).strip(), " " * 16).strip()}
        """

    ran = run(pytester, source)
    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(["the fake raised an exception. *", told, "*allow it with*'server_exceptions'*"])
    run(pytester, source, ini="fake_hostway_allow = server_exceptions").assert_outcomes(passed=1)


# A fixture fake_hostway of the project's own


_OWN = """
    import pytest
    from hostway_fake import FakeHostway

    @pytest.fixture{scope}
    def fake_hostway():
        with FakeHostway() as fake:
            yield fake

    def test_socket(fake_hostway_server):
        with fake_hostway_server.session() as session:
            assert session.get(fake_hostway_server.url + "/servers").json() == {{"servers": []}}

    def test_rule(fake_hostway, fake_hostway_session):
        fake_hostway.faults.on("list_servers").first(2).respond(503)
        fake_hostway_session.get(fake_hostway.url + "/servers")

    def test_failure(fake_hostway, fake_hostway_session):
        fake_hostway_session.get(fake_hostway.url + "/zone")
        assert 1 == 2
    """


@pytest.mark.parametrize("scope", ["", "(scope='module')"])
def test_fake_of_a_project_s_own_fixture_is_watched_and_served(pytester: pytest.Pytester, scope: str) -> None:
    ran = run(pytester, _OWN.format(scope=scope))

    ran.assert_outcomes(passed=2, failed=1, errors=1)
    ran.stdout.fnmatch_lines(["unused fault rule: rule 1: list_servers: first 2: respond before *"])
    told = ran.stdout.str().split("timeline of fake_hostway")[-1].split("to run it again")[0]
    assert "GET /zone" in told or "list_zones" in told
    assert "list_servers" not in told


def test_own_fixture_of_a_wider_scope_that_never_closes_its_fake_is_told_at_its_end(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
        import pytest
        from hostway_fake import FakeHostway

        class TestA:
            @pytest.fixture(scope="class")
            def fake_hostway(self):
                fake = FakeHostway(seed=7)
                fake.faults.on("list_servers").first(1).respond(503)
                return fake

            def test_1(self, fake_hostway):
                pass

            def test_2(self, fake_hostway):
                pass

        def test_of_no_fake():
            assert 1 == 2
        """,
    )

    ran.assert_outcomes(passed=2, failed=1, errors=1)
    ran.stdout.fnmatch_lines(
        ["*ERROR at teardown of TestA.test_2*", "unused fault rule*: rule 1: list_servers: first 1:*"]
    )
    assert "timeline of fake_hostway" not in ran.stdout.str().split("FAILURES")[1]


def test_own_fixture_that_is_no_fake_is_left_alone(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import pytest

        @pytest.fixture
        def fake_hostway():
            return 7

        def test_it(fake_hostway):
            assert fake_hostway == 7
        """,
    ).assert_outcomes(passed=1)


def test_own_fixture_that_never_closes_its_fakes_keeps_none_of_them_watched(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        import pytest
        from hostway_fake import FakeHostway
        from hostway_fake.pytest_plugin.stash import WATCHED

        @pytest.fixture
        def fake_hostway():
            return FakeHostway()

        @pytest.mark.parametrize("number", range(5))
        def test_it(fake_hostway, number, pytestconfig):
            assert len(pytestconfig.stash[WATCHED]) == 1
        """,
    ).assert_outcomes(passed=5)


def test_siblings_are_looked_at_too(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
        def test_it(fake_hostway):
            fake_hostway.add_account("m1", "x").faults.on("get_server").respond(503)
        """,
    )

    ran.assert_outcomes(passed=1, errors=1)


def test_a_test_that_failed_is_not_told_what_it_left_undone(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
        def test_it(fake_hostway):
            fake_hostway.faults.on("get_server").respond(503)
            assert 1 == 2
        """,
    )

    ran.assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("end", "outcome"),
    [("pytest.skip('x')", {"skipped": 1}), ("pytest.xfail('x')", {"xfailed": 1}), ("pytest.fail('x')", {"failed": 1})],
)
def test_a_test_that_did_not_come_to_its_end_is_not_told_either(
    pytester: pytest.Pytester, end: str, outcome: dict[str, int]
) -> None:
    ran = run(
        pytester,
        f"""
        import pytest

        def test_it(fake_hostway):
            fake_hostway.faults.on("get_server").respond(503)
            fake_hostway.faults.on("get_server").first(2)
            {end}
        """,
    )

    ran.assert_outcomes(**outcome)


def test_files_of_tests_with_like_names_differ(pytester: pytest.Pytester) -> None:
    source = """
        import pytest

        @pytest.mark.parametrize("text", ["a b", "a/b", "a" * 300])
        def test_it(fake_hostway, text):
            assert text == 1
    """

    run(pytester, source, "--fake-hostway-timeline", "told")

    assert len(list((pytester.path / "told").iterdir())) == 3


# The story of a failure

_FAILING = """
    def test_it(fake_hostway, fake_hostway_session):
        server = fake_hostway.add_server()
        url = f"{fake_hostway.url}/servers/{server.id}/snapshots"
        answer = fake_hostway_session.post(url, json={"snapshot": {"name": "nightly"}})
        fake_hostway.clock.advance(60)
        print("id", answer.json()["snapshot"]["id"])
        assert 1 == 2
"""


def test_a_failure_is_told_with_its_timeline(pytester: pytest.Pytester) -> None:
    ran = run(pytester, _FAILING)

    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(
        [
            "*timeline of fake_hostway*",
            "2013-04-12",
            "19:29:00.000  status  server 0001 *ACTIVE",
            '19:29:00.000  call    create_snapshot "nightly"  202     applied',
            "19:29:00.000  status  snapshot * BUILD",
            "19:29:00.000  clock *+60 s",
            "19:30:00.000  status  snapshot * ACTIVE",
            "to run it again: python -m pytest *::test_it --fake-hostway-seed=0",
        ]
    )


def test_lines_that_are_the_same_are_told_once(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
        def test_it(fake_hostway, fake_hostway_session):
            for _ in range(50):
                fake_hostway_session.get(fake_hostway.url + "/zone")
            for _ in range(2):
                fake_hostway_session.get(fake_hostway.url + "/images")
            assert 1 == 2
        """,
    )

    told = [line for line in ran.outlines if "19:29:00" in line or "more like it" in line]
    assert told[1] == "... 49 more like it ..."
    assert len(told) == 4


def test_the_line_that_runs_it_again_does(pytester: pytest.Pytester) -> None:
    """The draws are the same, whatever seed the test says itself."""
    first = run(pytester, _FAILING, ini="fake_hostway_seed = 41")
    line = next(line for line in first.outlines if line.startswith("to run it again: "))
    *_, nodeid, seed = line.split()

    again = pytester.runpytest_inprocess(*_IN_ORDER, nodeid, seed)

    drawn = [[line for line in ran.outlines if line.startswith("id snapshot_")] for ran in (first, again)]
    assert (seed, drawn[0]) == ("--fake-hostway-seed=41", drawn[1])
    other = pytester.runpytest_inprocess(*_IN_ORDER, nodeid, "--fake-hostway-seed=42")
    assert [line for line in other.outlines if line.startswith("id snapshot_")] != drawn[0]


def test_the_seed_of_the_command_line_wins(pytester: pytest.Pytester) -> None:
    source = """
        import pytest

        @pytest.mark.fake_hostway(seed=5)
        def test_it(fake_hostway):
            assert fake_hostway.account.world.settings.seed == 9
    """

    run(pytester, source, "--fake-hostway-seed=9", ini="fake_hostway_seed = 7").assert_outcomes(passed=1)
    run(pytester, source, ini="fake_hostway_seed = 9").assert_outcomes(failed=1)


def test_timelines_of_failed_tests_are_written(pytester: pytest.Pytester) -> None:
    ran = run(pytester, _FAILING + "\n\n    def test_good(fake_hostway): pass", "--fake-hostway-timeline", "told/here")

    ran.assert_outcomes(failed=1, passed=1)
    (file,) = (pytester.path / "told" / "here").iterdir()
    assert re.fullmatch(r".*_test_it-[0-9a-f]{8}\.json", file.name)
    kinds = [moment["kind"] for moment in json.loads(file.read_text())]
    assert kinds == ["transition", "call", "transition", "clock", "transition"]


def test_a_failure_before_anything_happened_says_so(pytester: pytest.Pytester) -> None:
    ran = run(pytester, "def test_it(fake_hostway): assert 1 == 2")

    ran.stdout.fnmatch_lines(["*timeline of fake_hostway*", "nothing happened"])


@pytest.mark.parametrize(("asks", "says"), [(False, True), (True, False)])
def test_failure_says_that_no_request_reached_the_fake(pytester: pytest.Pytester, asks: bool, says: bool) -> None:
    ran = run(
        pytester,
        f"""
        def test_it(fake_hostway, fake_hostway_session):
            fake_hostway.add_server()
            if {asks}:
                fake_hostway_session.get(fake_hostway.url + "/zone")
            assert 1 == 2

        def test_other(fake_hostway, fake_hostway_session):
            fake_hostway_session.get(fake_hostway.url + "/zone")
        """,
    )

    said = (
        "No request reached this fake. http://api.hostway.test leads to it in this process only: pass fake.session() "
    )
    assert (said in ran.stdout.str()) is says


def test_without_the_fixture_there_is_no_story(pytester: pytest.Pytester) -> None:
    ran = run(pytester, "def test_it(): assert 1 == 2")

    ran.assert_outcomes(failed=1)
    ran.stdout.no_fnmatch_line("*timeline of fake_hostway*")


# The configuration


def test_readings_come_from_the_configuration(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
        import pytest

        def test_it(fake_hostway):
            assert fake_hostway.account.world.settings.readings["list_status"] == "202"

        @pytest.mark.fake_hostway(readings=["list_images"])
        def test_others(fake_hostway):
            assert fake_hostway.account.world.settings.readings["list_status"] == "202"
        """,
        ini="fake_hostway_readings =\n    list_status=202\n    deleted_count=true",
    )

    ran.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("ini", "message"),
    [
        ("fake_hostway_seed = x", "fake_hostway_seed: got 'x', expected a whole number"),
        (
            "fake_hostway_readings =\n    list_status=202\n    list_status=200",
            "fake_hostway_readings: got *, expected each name once",
        ),
        ("fake_hostway_allow = all", "fake_hostway_allow: got 'all', expected some of unused_rules, stalled_polls"),
        ("fake_hostway_readings =\n    list_status=204", "fake_hostway_readings: reading list_status: got '204'"),
    ],
)
def test_a_configuration_that_is_wrong_is_named(pytester: pytest.Pytester, ini: str, message: str) -> None:
    ran = run(pytester, "def test_it(): pass", ini=ini)

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([f"ERROR: {message}*"])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('fake_hostway_seed = ["1"]', "fake_hostway_seed: got [[]'1'], expected a whole number"),
        ("fake_hostway_readings = [1]", "fake_hostway_readings: got [[]1], expected lines NAME=VALUE"),
        ("fake_hostway_allow = [1]", "fake_hostway_allow: got *, expected some of *"),
    ],
)
def test_a_table_of_other_types_is_named(pytester: pytest.Pytester, lines: str, message: str) -> None:
    pytester.makepyprojecttoml(f"[tool.pytest.ini_options]\n{lines}\n")

    ran = pytester.runpytest_subprocess()

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([f"ERROR: {message}*"])


@pytest.mark.parametrize("seed", ["x", ""])
def test_a_seed_of_the_command_line_that_is_none_is_named(pytester: pytest.Pytester, seed: str) -> None:
    ran = run(pytester, "def test_it(): pass", f"--fake-hostway-seed={seed}")

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([f"ERROR: --fake-hostway-seed: got '{seed}', expected a whole number"])


@pytest.mark.parametrize("allow", ["'everything'", "5", "['unused_rules', 7]"])
def test_a_marker_that_allows_what_is_none_is_named(pytester: pytest.Pytester, allow: str) -> None:
    ran = run(
        pytester,
        f"""
        import pytest

        @pytest.mark.fake_hostway(allow={allow})
        def test_it(fake_hostway): pass
        """,
    )

    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*fake_hostway allow: got *, expected some of unused_rules, stalled_polls*"])


# Fakes of other scopes


@pytest.mark.parametrize("scope", ["class", "module", "session"])
@pytest.mark.parametrize("on_socket", [False, True])
def test_a_fake_may_live_longer_than_a_test(pytester: pytest.Pytester, scope: str, on_socket: bool) -> None:
    ran = run(
        pytester,
        f"""
        import pytest

        @pytest.fixture(scope={scope!r})
        def hostway(make_fake_hostway):
            with make_fake_hostway(build_seconds=5, on_socket={on_socket}) as fake:
                yield fake

        class TestIt:
            def test_first(self, hostway):
                hostway.add_server("jello614636-USOTE-0214")
                assert hostway.url.startswith("http://127.0.0.1" if {on_socket} else "http://api.hostway.test")

            def test_second(self, hostway, make_fake_hostway, fake_hostway):
                with hostway.session() as session:
                    url = f"{{hostway.url}}/servers/jello614636-USOTE-0214/snapshots"
                    assert session.post(url, json={{"snapshot": {{"name": "a"}}}}).status_code == 202
                assert len(hostway.servers) == 1
                assert make_fake_hostway().servers == fake_hostway.servers == ()
        """,
    )

    ran.assert_outcomes(passed=2)


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest has subtests since version 9")
def test_rule_is_judged_at_the_end_of_the_test_and_not_of_its_first_subtest(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_uses_a_rule_late(fake_hostway, subtests):
            rule = fake_hostway.faults.on("list_servers").first(1).respond(503)
            other = fake_hostway.faults.on("list_servers").respond(500)
            with subtests.test("first"):
                pass
            other.remove()
            with subtests.test("second"):
                assert fake_hostway.session().get(f"{fake_hostway.url}/servers").status_code == 503

        def test_forgets_a_rule(fake_hostway, subtests):
            fake_hostway.faults.on("list_servers").first(1).respond(503)
            with subtests.test("only"):
                pass
        """
    )

    ran = pytester.runpytest_inprocess("-p", "no:randomly")

    ran.assert_outcomes(passed=2, errors=1)
    ran.stdout.fnmatch_lines("*ERROR at teardown of test_forgets_a_rule*")
