"""``--fake-hostway-evidence``: on what the tests of a run relied."""

import pytest

_TESTS = """
    import pytest

    @pytest.mark.parametrize("number", range(3))
    def test_it(fake_hostway, fake_hostway_session, number):
        for _ in range(2):
            fake_hostway_session.get(f"{fake_hostway.url}/volumes")
        if number:
            fake_hostway_session.get(f"{fake_hostway.url}/zone")

    def test_without():
        pass
"""


def rows(ran: pytest.RunResult) -> dict[str, list[str]]:
    """By behavior, the other cells of the table."""
    start = next((place for place, line in enumerate(ran.outlines) if "evidence that tests" in line), len(ran.outlines))
    lines = [line.split() for line in ran.outlines[start + 1 :] if " passed" not in line]
    return {cells[0]: cells[1:] for cells in lines}


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_run_ends_with_a_table(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    pytester.makepyfile(_TESTS)

    ran = pytester.runpytest_subprocess("-q", "--fake-hostway-evidence", *workers)

    found = rows(ran)
    assert ran.ret == 0
    assert found["behavior"] == ["label", "page", "tests"]
    assert found["list_volumes"] == ["documented", "Volume", "pages", "3"]
    assert found["volume_list_size"] == ["contradicted", "Volume", "pages", "3"]
    assert found["list_zones"] == ["documented", "Zone", "2"]


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_without_being_asked_there_is_none(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    pytester.makepyfile(_TESTS)

    ran = pytester.runpytest_subprocess("-q", *workers)

    assert (ran.ret, rows(ran)) == (0, {})


def test_a_run_without_the_fixture_has_an_empty_table(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")

    assert list(rows(pytester.runpytest_inprocess("-q", "--fake-hostway-evidence"))) == ["behavior"]


def test_siblings_count_whether_they_were_closed_or_not(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(fake_hostway):
            with fake_hostway.add_account("m1", "x") as other:
                other.session().get(f"{other.url}/zone")
            still = fake_hostway.add_account("m2", "x")
            still.session().get(f"{still.url}/volumes")
        """
    )

    found = rows(pytester.runpytest_inprocess("-q", "--fake-hostway-evidence"))

    assert {"list_zones", "list_volumes"} <= set(found)
