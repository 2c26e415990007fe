"""What the pages say of errors, credentials and accounts."""

from base64 import b64encode
from typing import Any, Final

import pytest
import requests

from hostway_fake import FakeHostway, ServerHandle
from hostway_fake.contract.errors import ERROR_NAMES, PHRASES

_UNAUTHORIZED: Final = b"""\
401 Unauthorized

This server could not verify that you are authorized to
access the document you requested.  Either you supplied the
wrong credentials (e.g., bad password), or your browser
does not understand how to supply the credentials required.
"""


def basic(text: str, encoding: str = "utf-8") -> str:
    return b64encode(text.encode(encoding)).decode()


def ask(fake: FakeHostway, path: str, authorization: str | None = None, method: str = "GET") -> requests.Response:
    with requests.Session() as session:
        fake.mount(session)
        headers = {} if authorization is None else {"Authorization": authorization}
        return session.request(method, fake.url + path, headers=headers)


# Error bodies


@pytest.mark.documented("Faults")
@pytest.mark.parametrize("path", ["/nothing", "/servers/jello614636-USOTE-9999/snapshots"])
def test_what_is_not_there_is_404(fake: FakeHostway, session: requests.Session, path: str) -> None:
    answer = session.get(fake.url + path)

    assert (answer.status_code, answer.reason) == (404, "Not Found")
    assert answer.json() == {"itemNotFound": {"message": "Resource not found", "code": 404, "details": ""}}


@pytest.mark.documented("Zone", "June 2013")
def test_the_later_revision_adds_an_error_id() -> None:
    with FakeHostway(revision="2013-10") as fake:
        fields = [fake.session().get(f"{fake.url}/nothing").json()["itemNotFound"] for _ in range(2)]

    assert [list(each) for each in fields] == [["message", "code", "details", "errorid"]] * 2
    assert fields[0]["errorid"] != fields[1]["errorid"]
    assert {len(each["errorid"]) for each in fields} == {36}


@pytest.mark.assumed("Faults")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_a_method_that_a_path_does_not_answer_is_405(fake: FakeHostway, server: ServerHandle, method: str) -> None:
    answer = ask(fake, f"/servers/{server.id}/snapshots", basic("jello614636:hostway"), method)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert answer.json()["badMethod"]["details"] == f"{method} is not one of GET, HEAD, POST."
    assert server.snapshots == ()


@pytest.mark.assumed("Faults")
def test_every_error_but_401_has_a_name_and_each_a_phrase() -> None:
    assert {status for status in PHRASES if status >= 400} == {*ERROR_NAMES, 401}


@pytest.mark.assumed("Faults")
def test_json_is_sent_as_utf_8(fake: FakeHostway, session: requests.Session) -> None:
    assert session.get(f"{fake.url}/nothing").headers["Content-Type"] == "application/json; charset=UTF-8"


# Credentials


@pytest.mark.documented("the 401 samples of several pages")
@pytest.mark.parametrize("revision", ["2013-04", "2013-10"])
def test_401_is_plain_text(revision: str) -> None:
    with FakeHostway(revision=revision) as fake:
        answer = ask(fake, "/nothing")

    assert (answer.status_code, answer.content) == (401, _UNAUTHORIZED)
    assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"


@pytest.mark.assumed("Faults")
def test_401_has_a_challenge(fake: FakeHostway) -> None:
    assert ask(fake, "/").headers["WWW-Authenticate"] == 'Basic realm="Hostway"'


@pytest.mark.contradicted("ServerSnapshotCreate", "552")
@pytest.mark.parametrize("given", ["Basic {}", "basic {}", "BASIC   {}", "  Basic {}  "])
@pytest.mark.parametrize("value", ["either", "basic"])
def test_credentials_with_the_word_are_taken(given: str, value: str) -> None:
    with FakeHostway(readings={"authorization": value}) as fake:
        assert ask(fake, "/nothing", given.strip().format(basic("jello614636:hostway"))).status_code == 404


@pytest.mark.contradicted("ServerSnapshotCreate", "552")
@pytest.mark.parametrize(("value", "status"), [("either", 404), ("basic", 401)])
def test_credentials_without_the_word_are_taken_or_not(value: str, status: int) -> None:
    with FakeHostway(readings={"authorization": value}) as fake:
        assert ask(fake, "/nothing", basic("jello614636:hostway")).status_code == status


@pytest.mark.documented("the 401 samples of several pages")
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Bearer abc",
        "Basic " + basic("jello614636"),
        "Basic " + basic("jello614636:"),
        "Basic " + basic("jello614636:wrong"),
        "Basic " + basic("jello614636:hostway "),
        "Basic " + basic("someone:hostway"),
        "Basic " + basic(":hostway"),
        "Basic " + basic("é:hostway", "latin-1"),
        "Basic " + basic("jello614636:hostway")[:-2],
        "Basic Basic " + basic("jello614636:hostway"),
        "jello614636:hostway",
    ],
)
def test_other_credentials_are_refused(fake: FakeHostway, server: ServerHandle, authorization: str | None) -> None:
    answer = ask(fake, f"/servers/{server.id}/snapshots", authorization, "POST")

    assert (answer.status_code, answer.content) == (401, _UNAUTHORIZED)
    assert server.snapshots == ()


@pytest.mark.assumed("ServerSnapshotCreate", "552")
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_password_is_taken_in_either_encoding(encoding: str) -> None:
    with FakeHostway(auth=("jello614636", "pässword:1")) as fake:
        assert ask(fake, "/nothing", "Basic " + basic("jello614636:pässword:1", encoding)).status_code == 404


# Accounts


@pytest.mark.documented("Zone", "June 2013")
@pytest.mark.parametrize("revision", ["2013-04", "2013-10"])
def test_an_account_that_is_another_s_is_403(revision: str) -> None:
    with FakeHostway(revision=revision) as fake, fake.add_account("michalski275226", "secret") as other:
        theirs = other.add_server()
        path = f"/accounts/michalski275226/flexcloud/servers/{theirs.id}/snapshots"
        answer = ask(fake, path, basic("jello614636:hostway"), "POST")

        fields: dict[str, Any] = answer.json()["forbidden"]
        assert (answer.status_code, theirs.snapshots) == (403, ())
        assert (fields.pop("errorid", None) is not None) == (revision == "2013-10")
        assert fields == {"message": "forbidden", "code": 403, "details": ""}


@pytest.mark.documented("Zone", "June 2013")
def test_an_account_that_does_not_exist_is_404(fake: FakeHostway, server: ServerHandle) -> None:
    path = f"/accounts/nobody1/flexcloud/servers/{server.id}/snapshots"

    assert ask(fake, path, basic("jello614636:hostway")).status_code == 404


@pytest.mark.documented("Server action pages")
def test_without_an_account_that_of_the_credentials_is_meant(fake: FakeHostway, server: ServerHandle) -> None:
    server.add_snapshot("a")

    short, long = (
        ask(fake, f"{base}/servers/{server.id}/snapshots", basic("jello614636:hostway"))
        for base in ("", "/accounts/jello614636/flexcloud")
    )

    href = f"{fake.url}/accounts/jello614636/flexcloud/servers/"
    assert short.text.replace(f"{fake.url}/servers/", href) == long.text


@pytest.mark.assumed("Server action pages")
@pytest.mark.parametrize("revision", ["2013-04", "2013-10"])
@pytest.mark.parametrize("base", ["", "/accounts/jello614636/flexcloud"])
def test_both_families_are_served_whatever_the_revision(revision: str, base: str) -> None:
    with FakeHostway(revision=revision) as fake:
        server = fake.add_server()

        assert ask(fake, f"{base}/servers/{server.id}/snapshots", basic("jello614636:hostway")).status_code == 200


@pytest.mark.assumed("ServerSnapshotCreate", "552")
def test_a_server_may_bear_another_s_prefix(fake: FakeHostway) -> None:
    server = fake.add_server("michalski275226-AUS001-0005")

    assert ask(fake, f"/servers/{server.id}/snapshots", basic("jello614636:hostway")).status_code == 200


@pytest.mark.assumed
@pytest.mark.parametrize("path", ["snapshots", "snapshots/nothing"])
def test_head_answers_as_get_without_a_body(fake: FakeHostway, server: ServerHandle, path: str) -> None:
    get, head = (
        ask(fake, f"/servers/{server.id}/{path}", basic("jello614636:hostway"), method) for method in ("GET", "HEAD")
    )

    assert (head.status_code, head.headers, head.content) == (get.status_code, get.headers, b"")
    assert int(head.headers["Content-Length"]) == len(get.content)
