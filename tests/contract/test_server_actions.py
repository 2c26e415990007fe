"""The server action pages: reboot, resize, stop and start, with their transitions on the clock."""

from collections.abc import Callable
from typing import Any, Final

import pytest
import requests

from hostway_fake import FakeHostway, ServerHandle

Act = Callable[[Any], requests.Response]

REBOOT: Final = {"reboot": {"type": "SOFT"}}
RESIZE: Final = {"resize": {"flavor": {"id": "4"}}}
STOP: Final = {"os-stop": None}
START: Final = {"os-start": None}


@pytest.fixture
def act(fake: FakeHostway, session: requests.Session, server: ServerHandle) -> Act:
    return lambda body: session.post(f"{fake.url}/servers/{server.id}/action", json=body)


def _shown(fake: FakeHostway, server: ServerHandle) -> dict[str, Any]:
    shown = fake.session().get(f"{fake.url}/servers/{server.id}").json()["server"]
    assert isinstance(shown, dict)
    return shown


@pytest.mark.documented("Server action pages")
@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ("ACTIVE", {"reboot": {"type": "SOFT"}}, "ACTIVE"),
        ("ACTIVE", {"reboot": {"type": "HARD"}}, "ACTIVE"),
        ("ACTIVE", RESIZE, "ACTIVE"),
        ("STOPPED", RESIZE, "STOPPED"),
        ("ACTIVE", STOP, "STOPPED"),
        ("STOPPED", START, "ACTIVE"),
    ],
)
@pytest.mark.parametrize("base", ["", "/accounts/jello614636/flexcloud"])
def test_an_action_is_taken_and_done_ten_seconds_later(
    fake: FakeHostway, session: requests.Session, before: str, action: Any, after: str, base: str
) -> None:
    server = fake.add_server(status=before)

    answer = session.post(f"{fake.url}{base}/servers/{server.id}/action", json=action)

    assert (answer.status_code, answer.content) == (202, b"")
    assert (server.status, _shown(fake, server)["progress"]) == ("PROCESSING", 50)
    fake.clock.advance(9.999)
    assert server.status == "PROCESSING"
    fake.clock.advance(0.001)
    assert (server.status, _shown(fake, server)["progress"]) == (after, 100)
    assert _shown(fake, server)["updated"] == "2013-04-12T19:29:10"


@pytest.mark.documented("Server action pages")
def test_a_resize_gives_another_flavor_when_it_is_done(fake: FakeHostway, server: ServerHandle, act: Act) -> None:
    act(RESIZE)
    assert _shown(fake, server)["flavor"]["id"] == 3

    fake.clock.advance(10)

    assert _shown(fake, server)["flavor"]["id"] == 4
    assert _shown(fake, server)["flavor"]["name"] == "16384MB Server"


@pytest.mark.assumed("Server action pages")
@pytest.mark.parametrize("flavor", ["4", 4, "http://api.hostway.test/flavors/4/"])
def test_a_flavor_is_named_as_a_server_is_ordered(server: ServerHandle, act: Act, flavor: Any) -> None:
    assert act({"resize": {"flavor": {"id": flavor}}}).status_code == 202


# Refused


@pytest.mark.documented("Server action pages")
def test_a_reboot_during_a_reboot_is_refused(server: ServerHandle, act: Act) -> None:
    act(REBOOT)

    refused = act(REBOOT)

    assert (refused.status_code, refused.json()["conflict"]["details"]) == (409, "Already rebooting.")


@pytest.mark.documented("Server action pages")
@pytest.mark.parametrize("running", [REBOOT, RESIZE, STOP])
@pytest.mark.parametrize("wanted", [START, STOP, RESIZE, REBOOT])
def test_during_one_change_of_status_no_other_begins(
    fake: FakeHostway, server: ServerHandle, act: Act, running: Any, wanted: Any
) -> None:
    act(running)
    before = fake.clock.pending()

    refused = act(wanted)

    assert refused.status_code == 409
    assert (server.status, fake.clock.pending()) == ("PROCESSING", before)


@pytest.mark.documented("Server action pages")
def test_a_start_while_it_stops_is_told_of_the_other_change(server: ServerHandle, act: Act) -> None:
    act(STOP)

    assert act(START).json()["conflict"]["message"] == "StatusChanging"


@pytest.mark.assumed("Server action pages")
@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("ACTIVE", START),
        ("STOPPED", STOP),
        ("STOPPED", REBOOT),
        *((status, action) for status in ("SUSPENDED", "UNKNOWN") for action in (START, STOP, REBOOT, RESIZE)),
    ],
)
def test_what_a_status_does_not_allow_is_refused(
    fake: FakeHostway, session: requests.Session, status: str, action: Any
) -> None:
    server = fake.add_server(status=status)

    refused = session.post(f"{fake.url}/servers/{server.id}/action", json=action)

    assert (refused.status_code, refused.json()["conflict"]["details"]) == (
        409,
        f"This cannot be done to a server that is {status}.",
    )
    assert (server.status, fake.clock.pending()) == (status, ())


@pytest.mark.documented("Server action pages")
def test_a_server_that_has_the_flavor_is_not_resized(server: ServerHandle, act: Act) -> None:
    refused = act({"resize": {"flavor": {"id": "3"}}})

    assert (refused.status_code, refused.json()["badRequest"]["message"]) == (400, "SameFlavor")
    assert server.status == "ACTIVE"


@pytest.mark.assumed("Server action pages")
def test_a_disk_does_not_shrink(server: ServerHandle, act: Act) -> None:
    refused = act({"resize": {"flavor": {"id": "1"}}})

    assert (refused.status_code, refused.json()["forbidden"]["message"]) == (403, "NotResizable")
    assert (server.status, server.flavor) == ("ACTIVE", "3")


@pytest.mark.documented("Server action pages")
def test_a_profile_that_is_unavailable_can_be_injected(fake: FakeHostway, server: ServerHandle, act: Act) -> None:
    fake.faults.on("resize_server").respond(503)

    refused = act(RESIZE)

    assert (refused.status_code, refused.json()["serviceUnavailable"]["message"]) == (503, "ProfileUnavailable")
    assert act(REBOOT).status_code == 202


@pytest.mark.documented("Server action pages")
@pytest.mark.parametrize("action", [{"fly": None}, {"os-reboot": None}, {"REBOOT": {"type": "HARD"}}])
def test_an_action_that_is_not_supported_is_405(server: ServerHandle, act: Act, action: Any) -> None:
    refused = act(action)

    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
    assert refused.json()["badMethod"]["details"] == f"{next(iter(action))!r} is no action of a server."


@pytest.mark.assumed("Server action pages")
@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, "The body must hold one action, not 0."),
        ({"os-stop": None, "os-start": None}, "The body must hold one action, not 2."),
        ([], "The body must be an object, not an array."),
        ({"reboot": None}, "reboot must be an object, not null or absent."),
        ({"reboot": {}}, "reboot.type must be a string, not null or absent."),
        ({"reboot": {"type": "soft"}}, "reboot.type must be 'HARD' or 'SOFT', not 'soft'."),
        ({"resize": {}}, "resize.flavor must be an object, not null or absent."),
        ({"resize": {"flavor": {}}}, "resize.flavor.id must be a string, not null or absent."),
        ({"resize": {"flavor": {"id": "99"}}}, "There is no flavor '99'."),
        ({"os-stop": {}}, "os-stop must be null, not an object."),
        ({"os-start": False}, "os-start must be null, not a boolean."),
    ],
    ids=str,
)
def test_a_body_that_is_none_is_refused(server: ServerHandle, act: Act, body: Any, details: str) -> None:
    refused = act(body)

    assert (refused.status_code, refused.json()["badRequest"]["details"]) == (400, details)
    assert server.status == "ACTIVE"


def test_another_media_type_is_refused_before_the_action(
    fake: FakeHostway, session: requests.Session, server: ServerHandle
) -> None:
    answer = session.post(f"{fake.url}/servers/{server.id}/action", data="os-stop", headers={"Content-Type": "text/x"})

    assert answer.status_code == 415


@pytest.mark.parametrize("body", [STOP, {"fly": 1}, []])
def test_an_unknown_server_is_404_before_the_action(fake: FakeHostway, session: requests.Session, body: Any) -> None:
    assert session.post(f"{fake.url}/servers/nothing/action", json=body).status_code == 404


# Around it


def test_a_server_that_is_processing_can_be_snapshotted(
    fake: FakeHostway, session: requests.Session, server: ServerHandle, act: Act
) -> None:
    act(STOP)

    answer = session.post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})

    assert answer.status_code == 202


def test_each_action_is_an_operation_to_faults_and_to_the_journal(
    fake: FakeHostway, server: ServerHandle, act: Act
) -> None:
    fake.faults.on("stop_server", server=server.id, id="jello*", name=server.name).respond(500)

    assert [act(body).status_code for body in (REBOOT, STOP, {"fly": 1})] == [202, 500, 405]
    assert [call.operation for call in fake.calls] == ["reboot_server", "stop_server", None]


def test_the_time_of_an_action_can_be_chosen() -> None:
    with FakeHostway(action_seconds=90) as fake:
        server = fake.add_server()
        server.reboot()
        fake.clock.advance(89)
        assert server.status == "PROCESSING"
        fake.clock.advance(1)
        assert server.status == "ACTIVE"


def test_an_action_of_no_time_is_done_at_once() -> None:
    with FakeHostway(action_seconds=0) as fake:
        server = fake.add_server()
        server.stop()
        assert (server.status, fake.clock.pending()) == ("STOPPED", ())
