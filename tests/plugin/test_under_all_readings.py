"""One test under every reading that it can meet, known when it is collected."""

import pytest

_TEST = """
    import pytest

    @pytest.mark.fake_hostway(readings={readings})
    def test_it(fake_hostway, fake_hostway_session):
        url = f"{{fake_hostway.url}}/servers/{{fake_hostway.add_server().id}}/snapshots"
        answer = fake_hostway_session.post(url, json={{"snapshot": {{"name": "a"}}}})
        assert answer.json()["snapshot"]["create_time"] == ""
"""


def ids(ran: pytest.RunResult) -> list[str]:
    return [line.partition("[")[2].rstrip("]") for line in ran.outlines if "::test_it" in line]


def test_it_runs_under_the_defaults_and_every_other_value(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_TEST.format(readings='"all"'))

    found = ids(pytester.runpytest_inprocess("--collect-only", "-q", "-p", "no:randomly"))

    assert found[0] == "defaults"
    assert {"pending_create_time=zero", "list_status=202", "deleted_visible=always", "refusal_order=413,409,400"} <= {
        *found
    }
    assert len(found) == len(set(found)) == 17


def test_a_list_of_operations_narrows_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_TEST.format(readings=["delete_snapshot"]))

    ran = pytester.runpytest_inprocess("--collect-only", "-q", "-p", "no:randomly")

    assert ids(ran) == ["defaults", "authorization=basic"]


def test_a_run_that_fails_can_be_run_alone(pytester: pytest.Pytester) -> None:
    file = pytester.makepyfile(_TEST.format(readings=["create_snapshot"]))

    ran = pytester.runpytest_inprocess("-p", "no:randomly", "-q")
    by_word = pytester.runpytest_inprocess("-p", "no:randomly", "-q", "-k", "pending_create_time and zero")
    by_id = pytester.runpytest_inprocess("-p", "no:randomly", "-q", f"{file}::test_it[pending_create_time=zero]")

    assert ran.parseoutcomes() == {"passed": 9, "failed": 1}
    assert by_word.parseoutcomes() == {"failed": 1, "deselected": 9}
    assert by_id.parseoutcomes() == {"failed": 1}


def test_it_runs_under_xdist(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_TEST.format(readings=["create_snapshot"]))

    ran = pytester.runpytest_subprocess("-n", "2", "-q")

    assert ran.parseoutcomes() == {"passed": 9, "failed": 1}


def test_the_fixture_s_readings_stay_beside_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.fixture
        def fake_hostway_options():
            return {"readings": {"list_status": 202}}

        @pytest.mark.fake_hostway(readings=["delete_snapshot"])
        def test_it(fake_hostway, fake_hostway_session):
            url = f"{fake_hostway.url}/servers/{fake_hostway.add_server().id}/snapshots"
            assert fake_hostway_session.get(url).status_code == 202
    """)

    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("readings", "message"),
    [
        ("['create']", "*operation: got 'create'. Did you mean 'create_volume'?*"),
        ("{'list': 1}", "*reading: got 'list'. Examples:*"),
        ("'al'", "fake_hostway readings: got 'al', expected 'all', a list of operations, or values by name"),
        ("{'create_snapshot'}", "fake_hostway readings: got {*}, expected 'all', a list of operations, or *"),
        ("[]", "fake_hostway readings: got [[]], expected 'all', a list of operations, or values by name"),
    ],
)
def test_what_is_unknown_is_named(pytester: pytest.Pytester, readings: str, message: str) -> None:
    pytester.makepyfile(_TEST.format(readings=readings))

    ran = pytester.runpytest_inprocess("-p", "no:randomly")

    assert ran.parseoutcomes().get("errors") == 1
    ran.stdout.fnmatch_lines([message])


def test_a_test_that_cannot_be_run_several_times_says_so(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import unittest

        import pytest

        @pytest.mark.fake_hostway(readings="all")
        class TestIt(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def made(self, fake_hostway): pass

            def test_it(self): pass

        @pytest.mark.fake_hostway(readings=["list_zones"])
        def test_later(request):
            request.getfixturevalue("fake_hostway")
    """)

    ran = pytester.runpytest_inprocess("-p", "no:randomly")

    ran.assert_outcomes(errors=1, failed=1)
    ran.stdout.fnmatch_lines(["*fake_hostway readings: 'all' runs a test several times. The test must name*"])


def test_a_test_without_a_fake_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.fake_hostway(readings="all")
        def test_it():
            pass
    """)

    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=1)
