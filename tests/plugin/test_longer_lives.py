"""Fakes that live longer than a test, and siblings that live shorter: each test is told what it did with them."""

import json

import pytest

_IN_ORDER = ("-p", "no:randomly")

_SHARED = """
import pytest

@pytest.fixture(scope="module")
def hostway(make_fake_hostway):
    with make_fake_hostway({options}) as fake:
        {arranged}
        yield fake

@pytest.fixture
def clean(hostway):
    with hostway.savepoint():
        yield

@pytest.fixture
def tidied(hostway):
    yield
    hostway.session().get(hostway.url + "/zone")
"""


def run(
    pytester: pytest.Pytester, source: str, *arguments: str, options: str = "", arranged: str = "pass"
) -> pytest.RunResult:
    pytester.makepyfile(_SHARED.format(options=options, arranged=arranged) + source)
    return pytester.runpytest_inprocess(*_IN_ORDER, *arguments)


def errors(ran: pytest.RunResult) -> list[str]:
    """The tests that had an error at their teardown."""
    return [line.split()[5] for line in ran.outlines if "ERROR at teardown of" in line]


_CASE = """
import unittest

class TestIt(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def made(self, hostway):
        self.hostway = hostway
"""

_RULE = 'hostway.faults.on("list_zones").respond(503)'
_ARRANGED = _RULE.replace("hostway", "fake")


@pytest.mark.parametrize(
    ("fixtures", "why"),
    [
        ("hostway", "there were no calls at all"),
        ("hostway, clean", "a savepoint or a reset has removed it"),
    ],
)
def test_a_rule_is_to_be_spent_by_the_test_that_wrote_it(pytester: pytest.Pytester, fixtures: str, why: str) -> None:
    ran = run(
        pytester,
        f"""
def test_before(hostway): pass

def test_writes({fixtures}):
    {_RULE}

def test_after(hostway): pass
""",
    )

    assert errors(ran) == ["test_writes"]
    ran.stdout.fnmatch_lines(["unused fault rule of made1: rule 1: list_zones: *", f"*{why}"])


def test_a_fixture_that_tidies_up_may_spend_it(pytester: pytest.Pytester) -> None:
    ran = run(pytester, f"\ndef test_it(hostway, tidied):\n    {_RULE}\n")

    ran.assert_outcomes(passed=1)


def test_a_rule_of_a_fixture_has_time_until_the_fake_is_closed(pytester: pytest.Pytester) -> None:
    source = "\ndef test_first(hostway): pass\n\ndef test_second(hostway):\n    {}\n"
    spends = "hostway.session().get(hostway.url + '/zone')"

    run(pytester, source.format(spends), arranged=_ARRANGED).assert_outcomes(passed=2)
    assert errors(run(pytester, source.format("pass"), arranged=_ARRANGED)) == ["test_second"]


def test_what_a_test_that_failed_left_is_told_to_nobody(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        f"""
def test_fails(hostway):
    {_RULE}
    hostway.faults.on("get_server")
    assert 1 == 2

def test_after(hostway): pass
""",
    )

    ran.assert_outcomes(passed=1, failed=1)


def test_a_rule_that_was_begun_is_told_to_the_test_that_began_it(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
def test_begins(hostway):
    hostway.faults.on("get_server").first(2)

def test_after(hostway): pass
""",
    )

    assert errors(ran) == ["test_begins"]
    ran.stdout.fnmatch_lines(["UnfinishedRuleError: begun, but given no outcome*get_server: first 2"])


_KEEPS = """
from contextlib import suppress

def test_keeps_it_to_itself(hostway):
    hostway.faults.on("list_zones").first(1).hang()
    with suppress(AssertionError):
        hostway.session().get(hostway.url + "/zone")

def test_after(hostway): pass
"""


def test_an_exception_is_told_to_the_test_that_met_it(pytester: pytest.Pytester) -> None:
    assert errors(run(pytester, _KEEPS)) == ["test_keeps_it_to_itself"]


@pytest.mark.parametrize(
    ("options", "marker"),
    [("allow='server_exceptions'", ""), ("", "@pytest.mark.fake_hostway(allow='server_exceptions')")],
    ids=["fake", "test"],
)
def test_what_is_allowed_to_a_fake_or_to_a_test_is_not_told(
    pytester: pytest.Pytester, options: str, marker: str
) -> None:
    marked = _KEEPS.replace("def test_keeps", f"{marker}\ndef test_keeps")

    run(pytester, marked, options=options).assert_outcomes(passed=2)


def test_a_reset_in_between_hides_nothing(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        f"""
def test_first(hostway):
    for _ in range(5):
        hostway.session().get(hostway.url + "/zone")
    hostway.reset()
{_KEEPS}""",
    )

    assert errors(ran) == ["test_keeps_it_to_itself"]


def test_a_fake_made_in_a_test_is_looked_at_at_its_end(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
def test_open(make_fake_hostway):
    make_fake_hostway().faults.on("list_zones").respond(503)

def test_closed(make_fake_hostway):
    with make_fake_hostway(on_socket=True) as fake:
        fake.faults.on("list_zones").respond(503)

def test_sibling(make_fake_hostway):
    with make_fake_hostway().add_account("m1", "x") as fake:
        fake.faults.on("list_zones").respond(503)

def test_after(make_fake_hostway):
    make_fake_hostway()
""",
    )

    assert errors(ran) == ["test_open", "test_closed", "test_sibling"]
    ran.stdout.fnmatch_lines([f"unused fault rule of {account}*" for account in ("made1", "made2", "m1")])


def test_siblings_that_were_closed_are_looked_at_too(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
def test_it(fake_hostway):
    with fake_hostway.add_account("m1", "x") as other, other.add_account("m2", "x") as third:
        third.faults.on("list_zones").respond(503)

def test_through_the_socket(fake_hostway_server):
    with fake_hostway_server.add_account("m1", "x") as other:
        other.faults.on("list_zones").respond(503)

def test_after(fake_hostway): pass
""",
    )

    assert errors(ran) == ["test_it", "test_through_the_socket"]
    ran.stdout.fnmatch_lines(["unused fault rule of m2*", "unused fault rule of m1*"])


def test_an_error_of_another_fixture_is_told_with_what_was_left_undone(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
@pytest.fixture
def breaks():
    yield
    raise ValueError("of the fixture")

def test_it(fake_hostway, breaks):
    fake_hostway.faults.on("list_zones").respond(503)
""",
    )

    assert errors(ran) == ["test_it"]
    ran.stdout.fnmatch_lines(["E*ValueError: of the fixture", "E*unused fault rule*"])


def test_an_exception_of_the_server_is_told_to_the_test_in_which_it_came(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
import requests
from hostway_fake.service import exchange

def test_breaks(hostway, monkeypatch):
    monkeypatch.setitem(exchange.HANDLERS, "list_zones", lambda call: 1 / 0)
    with hostway.session() as session:
        assert session.get(hostway.url + "/zone").status_code == 500

def test_after(hostway): pass
""",
        options="on_socket=True",
    )

    assert errors(ran) == ["test_breaks"]
    ran.stdout.fnmatch_lines(["E*ZeroDivisionError*"])


@pytest.mark.parametrize("allowed", [True, False])
def test_a_stall_on_the_socket_can_be_allowed(pytester: pytest.Pytester, allowed: bool) -> None:
    marker = "@pytest.mark.fake_hostway(poll_limit=1" + (", allow='stalled_polls')" if allowed else ")")
    ran = run(
        pytester,
        f"""
{marker}
def test_it(fake_hostway_server):
    server = fake_hostway_server.add_server()
    server.add_snapshot("a", "BUILD")
    with fake_hostway_server.session() as session:
        for _ in range(3):
            session.get(f"{{fake_hostway_server.url}}/servers/{{server.id}}/snapshots")
""",
    )

    ran.assert_outcomes(passed=1, errors=0 if allowed else 1)


@pytest.mark.parametrize("end", ["self.skipTest('x')", "self.fail('x')", "pytest.skip('x')", "1 / 0"])
@pytest.mark.parametrize("expected", [False, True])
def test_a_case_of_unittest_that_did_not_come_to_its_end_is_not_told(
    pytester: pytest.Pytester, end: str, expected: bool
) -> None:
    ran = run(
        pytester,
        f"""
import unittest

class TestIt(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def made(self, fake_hostway):
        self.fake = fake_hostway

    {"@unittest.expectedFailure" if expected else ""}
    def test_it(self):
        self.fake.faults.on("list_zones").respond(503)
        {end}
""",
    )

    assert errors(ran) == []
    assert "not spent" not in ran.stdout.str()


def test_a_rule_in_a_savepoint_is_to_be_spent_in_it(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        f"""
{_CASE}
    def setUp(self):
        self.enterContext(self.hostway.savepoint())

    def test_writes(self):
        hostway = self.hostway
        {_RULE}

    def test_writes_none(self): pass

@pytest.fixture
def arranged(hostway):
    with hostway.savepoint():
        {_RULE}
        yield

def test_leaves_that_of_a_fixture(hostway, arranged): pass

def test_after(hostway): pass

def test_sibling(hostway):
    with hostway.add_account("m1", "x") as hostway, hostway.savepoint():
        {_RULE}

def test_spends_it_inside(hostway):
    {_RULE}
    with hostway.savepoint():
        hostway.session().get(hostway.url + "/zone")

def test_removes(hostway):
    with hostway.savepoint():
        {_RULE}.remove()
""",
    )

    assert errors(ran) == [
        "TestIt.test_writes",
        "test_leaves_that_of_a_fixture",
        "test_sibling",
        "test_spends_it_inside",
    ]
    ran.stdout.fnmatch_lines(["  *GET /zone * 503 [[]rule 1] (rolled back): a savepoint has undone it"])


def test_a_rule_of_a_fixture_of_the_test_is_the_test_s_own(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        f"""
@pytest.fixture
def arranged(hostway):
    {_RULE}

@pytest.fixture(scope="class")
def wide(hostway):
    {_RULE}

def test_leaves_it(arranged): pass

class TestWide:
    def test_first(self, wide): pass
    def test_skips(self, wide): pytest.skip("x")

def test_after(): pass
""",
    )

    assert errors(ran) == ["test_leaves_it", "test_after"]
    ran.stdout.fnmatch_lines(
        [
            "unused fault rule of made1: rule 1: *",
            "unused fault rule of made1, written by a fixture of a wider scope: rule 2: *",
            "(allow it with make_fake_hostway(allow=[[]'unused_rules'[]]))",
        ]
    )


def test_a_rule_of_a_fixture_that_no_test_came_to_the_end_with_is_not_told(pytester: pytest.Pytester) -> None:
    ran = run(pytester, "\ndef test_it(hostway): pytest.skip('x')\n", arranged=_ARRANGED)

    ran.assert_outcomes(skipped=1)


@pytest.mark.parametrize("way", ["reset", "teardown"])
def test_a_reset_forgives_nothing(pytester: pytest.Pytester, way: str) -> None:
    ran = run(
        pytester,
        f"""
from contextlib import suppress
{_CASE}
    def tearDown(self):
        self.hostway.reset()

    def test_rule(self):
        hostway = self.hostway
        {_RULE}
        hostway.faults.on("get_server")

    def test_exception(self):
        self.hostway.faults.on("list_zones").first(1).hang()
        with suppress(AssertionError):
            self.hostway.session().get(self.hostway.url + "/zone")

    def test_nothing(self): pass

    def test_spent(self):
        hostway = self.hostway
        {_RULE}
        hostway.session().get(hostway.url + "/zone")
"""
        if way == "teardown"
        else f"""
def test_rule(hostway):
    {_RULE}
    hostway.reset()

def test_after(hostway): pass
""",
    )

    assert errors(ran) == (["test_rule"] if way == "reset" else ["TestIt.test_exception", "TestIt.test_rule"])


def test_a_script_that_ran_out_can_be_allowed(pytester: pytest.Pytester) -> None:
    source = """
from hostway_fake import ScriptExhaustedError
from hostway_fake.faults import ok

{marker}
def test_it(hostway):
    hostway.faults.script("list_zones", [ok], then="fail_test")
    hostway.session().get(hostway.url + "/zone")
    with pytest.raises(ScriptExhaustedError):
        hostway.session().get(hostway.url + "/zone")
"""

    run(pytester, source.format(marker="")).assert_outcomes(passed=1, errors=1)
    allowed = source.format(marker="@pytest.mark.fake_hostway(allow='server_exceptions')")
    run(pytester, allowed).assert_outcomes(passed=1)


@pytest.mark.parametrize("fixtures", ["hostway", "hostway, clean"])
def test_polls_are_counted_test_by_test(pytester: pytest.Pytester, fixtures: str) -> None:
    ran = run(
        pytester,
        f"""
@pytest.mark.parametrize("number", range(3))
def test_polls(number, {fixtures}):
    for _ in range(3):
        hostway.session().get(f"{{hostway.url}}/servers/jello614636-USOTE-0214/snapshots")
""",
        options="poll_limit=3",
        arranged='fake.add_server("jello614636-USOTE-0214").add_snapshot("a", "BUILD")',
    )

    ran.assert_outcomes(passed=3)


# What is told of a failure


def test_a_failure_is_told_with_what_happened_in_that_test(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
def test_before(hostway):
    hostway.add_server("jello614636-USOTE-0214").add_snapshot("a", "BUILD")
    hostway.session().get(hostway.url + "/flavors")
    hostway.clock.advance(7)

def test_fails(hostway, fake_hostway):
    hostway.session().get(hostway.url + "/zone")
    hostway.add_server("jello614636-USOTE-0215")
    hostway.clock.advance(60)
    fake_hostway.add_account("m1", "x").add_server("m1-USOTE-0001")
    fake_hostway.add_account("m2", "x")
    assert 1 == 2
""",
        "--fake-hostway-timeline=told",
    )

    start = next(place for place, line in enumerate(ran.outlines) if "timeline of fake_hostway" in line)
    told = [line.split() for line in ran.outlines[start + 1 : start + 15]]
    assert told[:7] == [
        ["made1:"],
        ["2013-04-12"],
        ["19:29:07.000", "call", "list_zones", "200", "none"],
        ["19:29:07.000", "status", "server", "0215", "ACTIVE"],
        ["19:29:07.000", "clock", "+60", "s"],
        ["19:30:00.000", "status", "snapshot", told[5][3], "ACTIVE"],
        [],
    ]
    assert told[7:12] == [
        ["nothing", "happened"],
        [],
        ["m1:"],
        ["2013-04-12"],
        ["19:29:00.000", "status", "server", "0001", "ACTIVE"],
    ]
    (file,) = (pytester.path / "told").iterdir()
    accounts = [moment["account"] for moment in json.loads(file.read_text())]
    assert accounts == ["made1"] * 4 + ["m1"]


def test_after_a_reset_all_is_told_from_the_beginning(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
def test_before(hostway):
    hostway.clock.advance(60)

def test_fails(hostway):
    hostway.reset()
    hostway.add_server("jello614636-USOTE-0215")
    assert 1 == 2
""",
    )

    ran.stdout.fnmatch_lines(["made1:", "2013-04-12", "19:29:00.000  status  server 0215  ACTIVE"])


def test_fakes_of_several_seeds_are_run_again_with_their_own(pytester: pytest.Pytester) -> None:
    source = "\ndef test_it(hostway, fake_hostway):\n    hostway.add_server()\n    assert 1 == 2\n"

    ran = run(pytester, source, options="seed=5")
    told = run(pytester, source, "--fake-hostway-seed=7", options="seed=5")

    again = [next(line for line in each.outlines if line.startswith("to run it again")) for each in (ran, told)]
    assert [line.split("test_it", 2)[-1] for line in again] == ["", " --fake-hostway-seed=7"]
    ran.stdout.no_fnmatch_line("(tests before it *")


def test_that_others_used_a_fake_before_is_said(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
def test_before(hostway, fake_hostway):
    hostway.add_server()

def test_fails(hostway, fake_hostway):
    assert 1 == 2

def test_fails_too(hostway, fake_hostway):
    hostway.add_server()
    assert 1 == 2
""",
    )

    note = "(earlier tests have used made1 too; they are not run again)"
    assert ran.outlines.count(note) == 1
    ran.stdout.fnmatch_lines(["to run it again: *test_fails_too *", note])


def test_a_doctest_is_run_again_as_one(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        it="""
        def it():
            '''
            >>> getfixture("fake_hostway").servers
            5
            '''
        """
    )
    pytester.maketxtfile(test_text=">>> getfixture('fake_hostway').servers\n5")

    ran = pytester.runpytest_inprocess(*_IN_ORDER, "--doctest-modules", "--doctest-glob=*.txt")

    again = [line.removeprefix("to run it again: python -m pytest ") for line in ran.outlines if "run it again" in line]
    assert sorted(line.split()[0] for line in again) == ["it.py::it.it", "test_text.txt::test_text.txt"]
    for line in again:
        pytester.runpytest_inprocess(*_IN_ORDER, *line.replace("'", "").split()).assert_outcomes(failed=1)


def test_the_line_leads_to_the_file_wherever_the_configuration_is(pytester: pytest.Pytester) -> None:
    pytester.mkdir("other").joinpath("alt.ini").write_text("[pytest]\n")
    inner = pytester.mkdir("tests")
    (inner / "test_it.py").write_text("def test_it(fake_hostway): assert 1 == 2\n")
    readings = "fake_hostway_readings=list_status=202\ndeleted_count=true"

    ran = pytester.runpytest_inprocess("-c", "other/alt.ini", "-o", readings, "tests")

    given = r"-o $'fake_hostway_readings=list_status=202\ndeleted_count=true' --fake-hostway-seed=0"
    assert f"to run it again: python -m pytest tests/test_it.py::test_it -c other/alt.ini {given}" in ran.stdout.str()


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_a_timeline_is_written_wherever_a_test_goes(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    pytester.makepyfile(
        """
        import shutil

        def test_goes_away(fake_hostway, monkeypatch, tmp_path):
            monkeypatch.chdir(tmp_path)
            assert 1 == 2

        def test_takes_it_away(fake_hostway, pytestconfig):
            shutil.rmtree(pytestconfig.rootpath / "told")
            assert 1 == 2

        def test_after(fake_hostway): pass
        """
    )

    ran = pytester.runpytest_subprocess(*_IN_ORDER, "--fake-hostway-timeline=told", *workers)

    assert ran.ret == pytest.ExitCode.TESTS_FAILED
    ran.assert_outcomes(failed=2, passed=1)
    assert ran.stdout.str().count("the timeline could not be written: ") == 1


def test_the_line_that_runs_it_again_has_what_the_run_was_given(pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("inner")
    pytester.path.joinpath("pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text("def test_it(fake_hostway): assert 1 == 2\n")
    pytester.chdir()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        ran = pytester.runpytest_inprocess(
            "-c", "../pytest.ini", "-o", "fake_hostway_readings=list_status=202", "-o", "console_output_style=classic"
        )

    again = "-c ../pytest.ini -o fake_hostway_readings=list_status=202 --fake-hostway-seed=0"
    ran.stdout.fnmatch_lines([f"to run it again: python -m pytest test_it.py::test_it {again}*"])


def test_a_test_that_is_run_once_more_is_told_anew(pytester: pytest.Pytester) -> None:
    """As plugins for flaky tests do it."""
    pytester.makeconftest(
        """
        import pytest
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            for _ in range(2):
                item._initrequest()
                reports = runtestprotocol(item, nextitem=nextitem, log=False)
            for report in reports:
                item.ihook.pytest_runtest_logreport(report=report)
            return True
        """
    )
    ran = run(
        pytester,
        """
tries = []

def test_it(fake_hostway):
    tries.append(1)
    fake_hostway.faults.on("list_zones").respond(503)
    assert len(tries) == 2
""",
    )

    ran.assert_outcomes(passed=1, errors=1)


# What is relied on


def test_evidence_counts_each_test_once(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
@pytest.mark.parametrize("number", range(3))
def test_it(hostway, fake_hostway, number):
    for fake in (hostway, fake_hostway)[: 2 - number]:
        fake.session().get(fake.url + "/zone")
""",
        "--fake-hostway-evidence",
    )

    ran.stdout.re_match_lines([r"list_zones +documented +Zone +2$"])


@pytest.mark.parametrize("folder", ["", "file", "file/below", "\\0", "/proc/none", "/proc"])
def test_a_folder_that_is_none_is_a_wrong_option(pytester: pytest.Pytester, folder: str) -> None:
    pytester.path.joinpath("file").write_text("")

    ran = run(pytester, "", "--fake-hostway-timeline", folder.replace("\\0", "\0"))

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(["ERROR: --fake-hostway-timeline: got *, expected a folder*"])


def test_calls_before_a_reset_are_relied_on_too(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
def test_it(fake_hostway, hostway):
    for fake in (fake_hostway, hostway):
        fake.session().get(fake.url + "/zone")
        fake.reset()
        fake.session().get(fake.url + "/flavors")
""",
        "--fake-hostway-evidence",
    )

    ran.stdout.re_match_lines([r"list_flavors .* 1$", r"list_zones .* 1$"])


@pytest.mark.parametrize("value", ["1", "'yes'", "None"])
def test_on_socket_is_true_or_false(pytester: pytest.Pytester, value: str) -> None:
    ran = run(pytester, "\ndef test_it(hostway): pass\n", options=f"on_socket={value}")

    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines([f"E*on_socket: got {value}, expected True or False"])


def test_a_fake_that_a_test_is_done_with_is_gone(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
import gc
import weakref

seen = []

@pytest.fixture(autouse=True)
def without_help():
    gc.disable()
    yield
    gc.enable()

@pytest.mark.parametrize("number", range(3))
def test_it(number, fake_hostway):
    assert [ref() for ref in seen] == [None] * number
    seen.append(weakref.ref(fake_hostway))
""",
    )

    ran.assert_outcomes(passed=3)


def test_what_the_server_raised_is_told_beside_the_error_of_a_fixture(pytester: pytest.Pytester) -> None:
    ran = run(
        pytester,
        """
from hostway_fake.service import exchange

@pytest.fixture
def breaks():
    yield
    raise ValueError("of the fixture")

def test_it(hostway, monkeypatch, breaks):
    hostway.faults.on("get_server").respond(503)
    monkeypatch.setitem(exchange.HANDLERS, "list_zones", lambda call: 1 / 0)
    with hostway.session() as session:
        session.get(hostway.url + "/zone")

def test_after(hostway): pass
""",
        options="on_socket=True",
    )

    assert errors(ran) == ["test_it"]
    ran.stdout.fnmatch_lines(["E*ValueError: of the fixture", "E*ZeroDivisionError*", "E*unused fault rule of made1*"])
