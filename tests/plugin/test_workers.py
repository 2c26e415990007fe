"""Many workers, in any order: the tests of a suite do not see each other."""

import pytest

SUITE = """
    import doctest
    import unittest

    import pytest

    @pytest.fixture(scope="module")
    def shared(make_fake_hostway):
        with make_fake_hostway(on_socket=True) as fake:
            yield fake

    @pytest.mark.parametrize("number", range(30))
    @pytest.mark.parametrize("way", ["in process", "on a socket"])
    def test_each_has_an_account_of_its_own(request, way, number):
        fake = request.getfixturevalue("fake_hostway" if way == "in process" else "fake_hostway_server")
        assert fake.servers == () and fake.calls == ()
        server = fake.add_server("jello614636-USOTE-0214")
        fake.faults.on("list_snapshots").first(1).respond(503)
        url = f"{fake.url}/servers/{server.id}/snapshots"
        with fake.session() as session:
            statuses = [session.post(url, json={"snapshot": {"name": str(name)}}).status_code for name in range(4)]
            statuses += [session.get(url).status_code for _ in range(2)]
        assert statuses == [202, 202, 202, 413, 503, 200]
        fake.clock.advance(minutes=number)
        assert {each.status for each in server.snapshots} == {"ACTIVE" if number else "BUILD"}

    class TestClass:
        def test_shared(self, shared):
            assert shared.session().get(shared.url + "/zone").status_code == 200

        @pytest.mark.fake_hostway(seed=7)
        def test_own(self, fake_hostway):
            assert fake_hostway.servers == ()

    class OldTest(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def _fake(self, fake_hostway):
            self.fake = fake_hostway

        def test_it(self):
            self.assertEqual(self.fake.servers, ())

    def documented(fake_hostway=None):
        '\''
        >>> getfixture("fake_hostway").servers
        ()
        '\''
"""


def test_a_suite_passes_on_four_workers_in_any_order(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE.replace("'\\''", "'''"))

    ran = pytester.runpytest_subprocess("-n", "4", "-q", "--doctest-modules")

    ran.assert_outcomes(passed=64)
