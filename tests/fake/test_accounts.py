"""A fake as a whole: its life, its siblings behind the same transports, and the transports themselves."""

import asyncio
import gc
import weakref
from datetime import timedelta
from types import ModuleType

import pytest
import requests

from hostway_fake import ClosedFakeError, FakeHostway, InvalidValueError, ServerHandle, UnknownOptionError


def _list(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> int:
    return session.get(f"{fake.url}/servers/{server.id}/snapshots").status_code


@pytest.fixture
def sibling(fake: FakeHostway) -> FakeHostway:
    return fake.add_account("michalski275226", "secret")


def test_a_fake_says_whose_it_is_and_where(fake: FakeHostway) -> None:
    assert repr(fake) == "<FakeHostway jello614636 at http://api.hostway.test>"


def test_a_block_yields_the_fake_itself() -> None:
    fake = FakeHostway()

    with fake as inside:
        assert inside is fake


def test_a_closed_account_is_unknown(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    assert _list(fake, server, session) == 200

    fake.close()

    with pytest.raises(ClosedFakeError, match=r"account jello614636 is closed. It was closed in .*test_accounts.py"):
        _list(fake, server, session)


def test_closed_fake_is_unknown_to_clients_of_a_server_that_others_still_use(fake: FakeHostway) -> None:
    with fake.serve() as serving, fake.add_account("michalski275226", "secret") as added:
        added.close()

        assert added.at(serving.url).session().get(f"{serving.url}/servers").status_code == 401


def test_a_second_close_does_nothing(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    fake.close()
    fake.close()

    with pytest.raises(ClosedFakeError):
        _list(fake, server, session)


def test_a_closed_sibling_leaves_the_others_alone(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, sibling: FakeHostway
) -> None:
    theirs = sibling.add_server()
    with sibling.session() as other:
        assert _list(sibling, theirs, other) == 200

        sibling.close()

        with pytest.raises(ClosedFakeError):
            _list(sibling, theirs, other)
        assert _list(fake, server, session) == 200


def test_closing_closes_the_siblings() -> None:
    with FakeHostway() as other:
        sibling = other.add_account("michalski275226", "secret")
        server = sibling.add_server()
        session = sibling.session()

    with session, pytest.raises(ClosedFakeError):
        _list(sibling, server, session)


def test_a_closed_sibling_is_let_go(fake: FakeHostway) -> None:
    sibling = fake.add_account("michalski275226", "secret")
    kept = weakref.ref(sibling)

    sibling.close()
    del sibling
    gc.collect()

    assert kept() is None


def test_an_account_can_come_back_with_nothing_in_it(fake: FakeHostway) -> None:
    with fake.add_account("michalski275226", "secret") as first:
        first.add_server()

    assert fake.add_account("michalski275226", "secret").servers == ()


def test_closing_again_leaves_the_next_owner_of_the_account_alone(fake: FakeHostway) -> None:
    first = fake.add_account("michalski275226", "secret")
    first.close()
    second = fake.add_account("michalski275226", "secret")
    first.close()

    with second.session() as session:
        assert _list(second, second.add_server(), session) == 200


def test_an_account_cannot_be_had_twice_behind_the_same_transports(fake: FakeHostway, server: ServerHandle) -> None:
    with pytest.raises(InvalidValueError, match="user: got 'jello614636', expected a user that no other open account"):
        fake.add_account("jello614636", "other")

    with fake.session() as session:
        assert _list(fake, server, session) == 200


def test_siblings_answer_403_to_each_other(fake: FakeHostway, sibling: FakeHostway) -> None:
    statuses = []
    for asking, asked in ((fake, sibling), (sibling, fake)):
        url = f"{fake.url}/accounts/{asked.auth[0]}/flexcloud/servers/{asked.add_server().id}/snapshots"
        with asking.session() as session:
            statuses.append(session.get(url).status_code)

    assert statuses == [403, 403]


def test_the_credentials_choose_between_siblings(fake: FakeHostway, server: ServerHandle, sibling: FakeHostway) -> None:
    sibling.add_server(server.id)
    sibling.servers[0].add_snapshot("theirs")
    url = f"{fake.url}/servers/{server.id}/snapshots"

    with fake.session() as session:
        ours = session.get(url).json()["snapshots"]
        theirs = session.get(url, auth=sibling.auth).json()["snapshots"]

    assert (ours, [snapshot["name"] for snapshot in theirs]) == ([], ["theirs"])


def test_a_sibling_has_the_same_url() -> None:
    with FakeHostway(url="https://api.hostway.com") as fake, fake.add_account("a", "b") as sibling:
        assert sibling.url == "https://api.hostway.com"


def test_a_sibling_can_have_another_url(fake: FakeHostway) -> None:
    assert fake.add_account("a", "b", url="https://api.hostway.com").url == "https://api.hostway.com"


def test_a_sibling_takes_the_options_of_a_fake(fake: FakeHostway) -> None:
    sibling = fake.add_account("a", "b", build_seconds=5)
    snapshot = sibling.add_server().add_snapshot("nightly", "BUILD")

    sibling.clock.advance(seconds=5)

    assert sibling.run_until(snapshot.id, "ACTIVE").status == "ACTIVE"
    assert sibling.clock.now() - fake.clock.now() == timedelta(seconds=5)


def test_an_unknown_option_of_a_sibling_lists_the_options_and_adds_no_account(fake: FakeHostway) -> None:
    with pytest.raises(UnknownOptionError, match=r"FakeHostway\(\) has no argument 'sead'. Did you mean seed\?"):
        fake.add_account("a", "b", sead=1)

    with fake.session() as session:
        assert session.get(f"{fake.url}/accounts/a/flexcloud/servers/x/snapshots").status_code == 404


def test_a_clock_of_a_sibling_is_its_own(fake: FakeHostway, sibling: FakeHostway) -> None:
    before = fake.clock.now()

    sibling.clock.advance(minutes=5)

    assert fake.clock.now() == before


def test_what_looks_through_a_server_is_the_same_world(fake: FakeHostway) -> None:
    face = fake.at("http://127.0.0.1:8080/")
    added = face.add_server()

    assert (face.url, fake.url) == ("http://127.0.0.1:8080", "http://api.hostway.test")
    assert [server.id for server in fake.servers] == [added.id]


def test_a_session_of_what_looks_through_a_server_goes_over_the_socket(fake: FakeHostway, server: ServerHandle) -> None:
    with fake.serve() as socket:
        face = fake.at(socket.url)
        with face.session() as session:
            assert _list(face, server, session) == 200

    with face.session() as session, pytest.raises(requests.ConnectionError):
        _list(face, server, session)


def test_a_session_of_a_sibling_of_what_looks_through_a_server_goes_over_the_socket(fake: FakeHostway) -> None:
    with fake.serve() as socket:
        sibling = fake.at(socket.url).add_account("michalski275226", "secret")
    server = sibling.add_server()

    with sibling.session() as session, pytest.raises(requests.ConnectionError):
        _list(sibling, server, session)


def test_a_sibling_takes_no_auth_beside_user_and_password(fake: FakeHostway) -> None:
    with pytest.raises(InvalidValueError, match="auth: expected user and password as arguments"):
        fake.add_account("a", "b", auth=("c", "d"))
    assert fake.add_account("a", "b").auth == ("a", "b")


def test_what_looks_elsewhere_refuses_a_bad_url(fake: FakeHostway) -> None:
    with pytest.raises(InvalidValueError, match="url: got 'nowhere'"):
        fake.at("nowhere")

    assert fake.url == "http://api.hostway.test"


def test_a_mount_made_before_does_not_follow_another_url(fake: FakeHostway, server: ServerHandle) -> None:
    with fake.session() as session:
        face = fake.at("http://elsewhere.test")
        with requests.Session() as other:
            face.mount(other)

            assert _list(fake, server, session) == 200
            assert other.get(f"{face.url}/servers/{server.id}/snapshots", auth=fake.auth).status_code == 200


def test_closing_stops_the_servers(fake: FakeHostway) -> None:
    with fake.serve() as server:
        fake.close()

        with pytest.raises(requests.ConnectionError), requests.Session() as session:
            session.get(server.url)


def test_every_session_of_the_process_can_be_intercepted(fake: FakeHostway, server: ServerHandle) -> None:
    with requests.Session() as session:
        session.auth = fake.auth
        with fake.intercept() as inside:
            assert (inside, _list(fake, server, session)) == (fake, 200)


def test_the_flask_application_answers_for_the_fake(fake: FakeHostway, server: ServerHandle) -> None:
    with fake.wsgi_app.test_client() as client:
        answer = client.get(f"/servers/{server.id}/snapshots", auth=fake.auth)

    assert answer.json == {"snapshots": []}


def test_a_session_without_a_fake_clock_waits_in_real_time() -> None:
    with FakeHostway(clock="system") as fake, fake.session() as session:
        assert _list(fake, fake.add_server(), session) == 200


def test_a_build_can_be_ordered(fake: FakeHostway, server: ServerHandle) -> None:
    fake.builds.next(seconds=90)
    snapshot = server.add_snapshot("nightly", "BUILD")

    assert [pending.due - snapshot.requested_at for pending in fake.clock.pending()] == [timedelta(seconds=90)]


def test_sleep_moves_the_clock_and_returns_at_once(fake: FakeHostway) -> None:
    before = fake.clock.now()

    fake.sleep(3600)

    assert fake.clock.now() - before == timedelta(hours=1)


def test_an_asynchronous_sleep_gives_other_tasks_their_turn(fake: FakeHostway) -> None:
    before, seen = fake.clock.now(), []

    async def both() -> None:
        async def other() -> None:
            seen.append(fake.clock.now() - before)

        task = asyncio.create_task(other())
        await fake.async_sleep(3600)
        await task

    asyncio.run(both())

    assert seen == [timedelta(hours=1)]


def test_the_sleep_of_a_module_can_be_patched(fake: FakeHostway) -> None:
    client, before = ModuleType("client"), fake.clock.now()
    exec("from time import sleep", client.__dict__)
    real = client.sleep

    with fake.patch_sleep(client):
        client.sleep(3600)

    assert (fake.clock.now() - before, client.sleep) == (timedelta(hours=1), real)
