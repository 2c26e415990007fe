"""The page ``ServerSnapshotRestore``, and deleting, which no page shows but a status does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
import requests

from hostway_fake import START, FakeHostway, RefusedError, ServerHandle

_RESTORE: Final = {"action": "restore"}

restore_page = pytest.mark.documented("ServerSnapshotRestore")
restore_assumed = pytest.mark.assumed("ServerSnapshotRestore")
delete_assumed = pytest.mark.assumed("Volume pages")


def url(fake: FakeHostway, server: ServerHandle, snapshot_id: str, more: str = "", base: str = "") -> str:
    return f"{fake.url}{base}/servers/{server.id}/snapshots/{snapshot_id}{more}"


def parent_of_the_next(fake: FakeHostway, server: ServerHandle, create: Callable[..., requests.Response]) -> str:
    href = create("next").headers["Location"]
    fake.clock.advance(60)
    return str(fake.session().get(href).json()["snapshot"]["parent_guid"])


@restore_page
@pytest.mark.parametrize("base", ["", "/accounts/jello614636/flexcloud"])
@pytest.mark.parametrize("path", ["/action", "/actions", "/action/"])
def test_a_restore_is_accepted_without_a_word(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, path: str, base: str
) -> None:
    made = server.add_snapshot("a")

    answer = session.post(url(fake, server, made.id, path, base), json=_RESTORE)

    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (202, b"", "0")
    assert not {"Location", "Content-Type"} & set(answer.headers)
    assert server.snapshots == (made,)


@restore_assumed
def test_what_was_restored_is_the_parent_of_the_next(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, create: Callable[..., requests.Response]
) -> None:
    first, second = server.add_snapshot("a"), server.add_snapshot("b")
    assert second.parent_guid == first.guid

    session.post(url(fake, server, first.id, "/action"), json=_RESTORE)

    assert parent_of_the_next(fake, server, create) == first.guid


@restore_assumed
def test_a_build_that_ends_after_a_restore_is_the_parent_of_the_next(
    fake: FakeHostway, server: ServerHandle, create: Callable[..., requests.Response]
) -> None:
    first, second = server.add_snapshot("a"), server.add_snapshot("b", status="BUILD")
    fake.clock.advance(30)
    server.restore_snapshot(first.id)
    fake.clock.advance(30)

    assert parent_of_the_next(fake, server, create) == second.guid


@restore_page
@pytest.mark.parametrize(
    ("status", "expected", "details"), [("BUILD", 400, "An error occurred."), ("DELETED", 404, "")]
)
def test_what_is_not_active_cannot_be_restored(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, status: str, expected: int, details: str
) -> None:
    made = server.add_snapshot("a", status=status)

    answer = session.post(url(fake, server, made.id, "/action"), json=_RESTORE)

    ((fields),) = answer.json().values()
    assert (answer.status_code, fields["details"]) == (expected, details)
    with pytest.raises(RefusedError, match=str(expected)):
        server.restore_snapshot(made.id)
    assert server.snapshots == (made,)


@restore_page
@pytest.mark.parametrize("path", ["/servers/{server}/snapshots/nothing/action", "/servers/x/snapshots/{id}/actions"])
def test_what_is_not_there_cannot_be_restored(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, path: str
) -> None:
    made = server.add_snapshot("a")

    assert session.post(fake.url + path.format(server=server.id, id=made.id), json=_RESTORE).status_code == 404


@restore_assumed
@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"action": "reboot"}, "action must be 'restore', not 'reboot'."),
        ({"action": None}, "action must be 'restore', not null or absent."),
        ({"action": {"restore": None}}, "action must be 'restore', not an object."),
        ({}, "action must be 'restore', not null or absent."),
        ([], "The body must be an object, not an array."),
    ],
)
def test_another_action_is_refused(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, body: Any, details: str
) -> None:
    answer = session.post(url(fake, server, server.add_snapshot("a").id, "/action"), json=body)

    assert (answer.status_code, answer.json()["badRequest"]["details"]) == (400, details)


@restore_assumed
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_action_is_posted(fake: FakeHostway, server: ServerHandle, session: requests.Session, method: str) -> None:
    answer = session.request(method, url(fake, server, server.add_snapshot("a").id, "/actions"))

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@delete_assumed
@pytest.mark.parametrize("base", ["", "/accounts/jello614636/flexcloud"])
@pytest.mark.parametrize("status", ["BUILD", "ACTIVE"])
def test_a_snapshot_is_deleted_built_or_not(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, status: str, base: str
) -> None:
    made = server.add_snapshot("a", status=status)

    answer = session.delete(url(fake, server, made.id, base=base))

    assert (answer.status_code, answer.reason, answer.content) == (204, "No Content", b"")
    assert not {"Content-Length", "Content-Type", "Location"} & set(answer.headers)
    assert [snapshot.status for snapshot in server.snapshots] == ["DELETED"]
    assert session.get(url(fake, server, made.id)).json()["snapshot"]["status"] == "DELETED"
    assert session.get(url(fake, server, "")).status_code in (200, 404)
    assert fake.clock.pending() == ()


@delete_assumed
def test_what_is_gone_or_was_never_there_is_404(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    made = server.add_snapshot("a")

    statuses = [session.delete(url(fake, server, each)).status_code for each in (made.id, made.id, "nothing")]

    assert statuses == [204, 404, 404]


@delete_assumed
def test_a_place_and_a_name_become_free(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, create: Callable[..., requests.Response]
) -> None:
    made = [server.add_snapshot(name) for name in "abc"]
    assert create("a").status_code == 409

    session.delete(url(fake, server, made[0].id))

    assert create("a").status_code == 202


@pytest.mark.parametrize("way", ["adapter", "socket", "flask"])
def test_every_way_in_answers_alike(way: str) -> None:
    seen: list[tuple[int, bytes]] = []
    with FakeHostway() as fake, fake.serve() as listening:
        server = fake.add_server()
        made = server.add_snapshot("a")
        client: Any = fake.session() if way == "adapter" else fake.at(listening.url).session()
        for method, more, body in (("POST", "/action", _RESTORE), ("DELETE", "", None), ("GET", "", None)):
            path = f"/servers/{server.id}/snapshots/{made.id}{more}"
            if way == "flask":
                answered = fake.wsgi_app.test_client().open(path, method=method, json=body, auth=fake.auth)
                seen.append((answered.status_code, answered.data[:20]))
            else:
                answer = client.request(method, (fake.url if way == "adapter" else listening.url) + path, json=body)
                seen.append((answer.status_code, answer.content[:20]))
        client.close()

    assert seen == [(202, b""), (204, b""), (200, b'{"snapshot":{"id":"s')]


def test_the_past_is_kept_for_a_clock_that_goes_back() -> None:
    class Watch:
        instant = START

        def now(self) -> Any:
            return self.instant

    watch = Watch()
    with FakeHostway(clock=watch, build_seconds=60) as fake:
        server = fake.add_server()
        first = server.add_snapshot("a")
        server.add_snapshot("b")
        watch.instant = START + timedelta(hours=1)
        server.restore_snapshot(first.id)
        late = server.add_snapshot("c")
        assert late.parent_guid == first.guid
        watch.instant = START + timedelta(minutes=30)
        assert [snapshot.status for snapshot in server.snapshots] == ["ACTIVE", "ACTIVE"]
