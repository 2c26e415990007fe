"""The face of faults: rules begun, written, listed, taken away, and never forgotten half-done."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
import requests

from hostway_fake import (
    FakeHostway,
    HostwayFakeError,
    InvalidValueError,
    ScriptExhaustedError,
    ServerHandle,
    UnfinishedRuleError,
    WrongTypeError,
)
from hostway_fake.faults import FaultScript, after_commit, ok, reset, respond

Create = Callable[..., requests.Response]


def test_a_rule_acts_on_what_it_names_and_is_spent(fake: FakeHostway, create: Create) -> None:
    rule = fake.faults.on("create_snapshot").first(2).respond(503, retry_after=7)
    assert (rule.hits, rule.fired, rule.remaining) == (0, 0, 2)

    answers = [create("a") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [503, 503, 202]
    assert [answer.headers.get("Retry-After") for answer in answers] == ["7", "7", None]
    assert (rule.hits, rule.fired, rule.remaining) == (3, 2, 0)


@pytest.mark.parametrize(
    ("word", "fired"),
    [
        (lambda rule: rule, [1, 2, 3, 4, 5, 6]),
        (lambda rule: rule.nth(2), [2]),
        (lambda rule: rule.every(2), [2, 4, 6]),
        (lambda rule: rule.from_(5), [5, 6]),
        (lambda rule: rule.between(10, 30), [2, 3]),
        (lambda rule: rule.before_commit().first(1), [1]),
        (lambda rule: rule.with_probability(1), [1, 2, 3, 4, 5, 6]),
        (lambda rule: rule.named("mine"), [1, 2, 3, 4, 5, 6]),
    ],
)
def test_each_way_of_selecting(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, word: Callable[[Any], Any], fired: list[int]
) -> None:
    word(fake.faults.on("list_snapshots")).respond(500)

    seen = []
    for number in range(1, 7):
        if session.get(f"{fake.url}/servers/{server.id}/snapshots").status_code == 500:
            seen.append(number)
        fake.clock.advance(10)

    assert seen == fired


@pytest.mark.parametrize(
    ("narrowed", "statuses"),
    [
        ({"name": "night*"}, {"nightly": 500, "weekly": 202, "unreadable": 400}),
        ({"name": "*"}, {"nightly": 500, "weekly": 500, "unreadable": 400}),
        ({"server": "*-0214"}, {"nightly": 500, "weekly": 500, "unreadable": 500}),
        ({"server": "*-0215"}, {"nightly": 202, "weekly": 202, "unreadable": 400}),
        ({"account": "jello*"}, {"nightly": 500, "weekly": 500, "unreadable": 500}),
        ({"id": "*"}, {"nightly": 202, "weekly": 202, "unreadable": 400}),
    ],
)
def test_a_rule_is_narrowed(
    fake: FakeHostway,
    server: ServerHandle,
    session: requests.Session,
    create: Create,
    narrowed: dict[str, str],
    statuses: dict[str, int],
) -> None:
    fake.faults.on(**narrowed).respond(500)

    unreadable = session.post(f"{fake.url}/servers/{server.id}/snapshots", data=b"{")
    seen = {"nightly": create("nightly"), "weekly": create("weekly"), "unreadable": unreadable}

    assert {name: answer.status_code for name, answer in seen.items()} == statuses


def test_a_read_is_known_by_the_name_of_its_snapshot(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    ids = {name: server.add_snapshot(name).id for name in ("web-1", "db-1")}
    fake.faults.on("get_snapshot", name="web*").respond(500)
    url = f"{fake.url}/servers/{server.id}/snapshots"

    assert [session.get(f"{url}/{ids[name]}").status_code for name in ids] == [500, 200]
    assert session.get(f"{url}/nothing").status_code == 404
    assert session.get(f"{fake.url}/servers/jello614636-USOTE-9999/snapshots/x").status_code == 404


def test_the_newest_rule_wins(fake: FakeHostway, create: Create) -> None:
    older = fake.faults.on().respond(500)
    newer = fake.faults.on("create_snapshot").first(1).respond(503)

    assert [create("a").status_code for _ in range(2)] == [503, 500]
    assert [(rule.hits, rule.fired) for rule in (older, newer)] == [(2, 1), (2, 1)]


def test_rules_are_listed_newest_first_with_what_they_met(fake: FakeHostway, create: Create) -> None:
    fake.faults.on("create_snapshot").named("lost").first(1).after_commit().reset()
    fake.faults.limit(10, 60)
    create_or_error(create)

    assert [str(rule) for rule in fake.faults.rules] == [
        "rule 2: any call: at most 10 calls in 60 s (hits 1, fired 0, remaining 0)",
        "lost: create_snapshot: first 1: reset after the commit point (hits 1, fired 1, remaining 0)",
    ]
    assert repr(fake.faults.rules[1]).startswith("<RuleHandle lost: ")


def create_or_error(create: Create) -> object:
    try:
        return create("a")
    except requests.ConnectionError as error:
        return error


def test_unfinished_rule_says_what_it_is(fake: FakeHostway) -> None:
    assert repr(fake.faults.on("list_zones").first(2)) == "<RuleBuilder a rule: list_zones: first 2>"
    fake.faults.clear()


def test_a_rule_is_taken_away_by_itself_or_by_name(fake: FakeHostway, create: Create) -> None:
    first = fake.faults.on().respond(500)
    fake.faults.on().named("second").respond(503)

    fake.faults.remove("second")
    assert create("a").status_code == 500
    first.remove()
    first.remove()
    assert create("a").status_code == 202

    assert (first.hits, first.fired, repr(first)[:20]) == (1, 1, "<RuleHandle rule 1: ")
    with pytest.raises(InvalidValueError, match="name: got 'third', expected one of the rules"):
        fake.faults.remove("third")


def test_a_second_removal_spares_a_later_rule_of_the_same_name(fake: FakeHostway, create: Create) -> None:
    first = fake.faults.on().named("lost").respond(500)
    first.remove()
    second = fake.faults.on().named("lost").respond(503)

    first.remove()

    assert create("a").status_code == 503
    assert second.hits == 1
    assert first.hits == 0


def test_all_rules_are_taken_away(fake: FakeHostway, create: Create) -> None:
    fake.faults.on().respond(500)
    fake.faults.on().first(1)

    fake.faults.clear()

    assert (create("a").status_code, fake.faults.rules) == (202, ())


def test_a_name_is_given_once(fake: FakeHostway) -> None:
    fake.faults.on().named("lost").reset()

    with pytest.raises(InvalidValueError, match="named: got 'lost', expected one that no other rule has"):
        fake.faults.on().named("lost").reset()
    assert len(fake.faults.rules) == 1


def test_words_give_values_that_can_be_gone_on_with_twice(fake: FakeHostway) -> None:
    begun = fake.faults.on("create_snapshot")

    begun.first(1).reset()
    begun.nth(2).after_commit().empty()

    assert [str(rule).split(" (")[0] for rule in fake.faults.rules] == [
        "rule 2: create_snapshot: nth 2: empty after the commit point",
        "rule 1: create_snapshot: first 1: reset before the commit point",
    ]


def test_the_side_that_was_said_last_counts(fake: FakeHostway, server: ServerHandle, create: Create) -> None:
    fake.faults.on("create_snapshot").after_commit().before_commit().respond(503)

    assert create("a").status_code == 503
    assert server.snapshots == ()


def test_an_outage_begins_and_ends(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    fake.faults.outage(10, 20)
    fake.faults.outage(50, 10, respond(502, body="<html>"), named="proxy")
    seen = []
    for _ in range(7):
        seen.append(session.get(f"{fake.url}/servers/{server.id}/snapshots").status_code)
        fake.clock.advance(10)

    assert seen == [200, 503, 503, 200, 200, 502, 200]


def test_an_outage_is_met_by_calls_that_are_none(fake: FakeHostway, session: requests.Session) -> None:
    fake.faults.outage(0, 10)
    session.auth = None

    assert session.get(f"{fake.url}/nothing").status_code == 503


def test_a_script_may_be_narrowed_and_named(fake: FakeHostway, create: Create) -> None:
    fake.faults.script("create_snapshot", [respond(500), ok], name="a*", named="mine")

    assert [create(name).status_code for name in ("b", "a1", "a2")] == [202, 500, 202]
    assert fake.faults.rules[0].name == "mine"


def test_a_limit_may_be_of_one_operation(fake: FakeHostway, create: Create, session: requests.Session) -> None:
    fake.faults.limit(1, 60, operation="create_snapshot", named="rate")

    answers = [create("a"), create("b"), session.get(f"{fake.url}/nothing")]

    assert [answer.status_code for answer in answers] == [202, 413, 404]
    assert answers[1].headers["Retry-After"] == "60"
    assert answers[1].json()["overLimit"]["details"] == "Too many: at most 1 calls in 60 s."


# What was begun must be ended


def test_a_rule_without_an_outcome_fails_the_close() -> None:
    fake = FakeHostway()
    fake.faults.on("create_snapshot").named("half").first(2)

    with pytest.raises(UnfinishedRuleError, match=r"given no outcome .*: half: create_snapshot: first 2"):
        fake.close()
    fake.close()


def test_a_rule_without_an_outcome_fails_the_block() -> None:
    with pytest.raises(AssertionError, match="a rule: any call: always"), FakeHostway() as fake:
        fake.faults.on()


def test_of_two_rules_begun_alike_the_one_without_an_outcome_is_told() -> None:
    fake = FakeHostway()
    ended, _ = fake.faults.on(), fake.faults.on()
    ended.reset()

    with pytest.raises(UnfinishedRuleError):
        fake.close()


def begin_and_fail(fake: FakeHostway) -> None:
    fake.faults.on()
    raise KeyError


def test_a_block_that_fails_already_is_not_talked_over() -> None:
    with pytest.raises(KeyError), FakeHostway() as fake:
        begin_and_fail(fake)


def test_a_rule_of_a_sibling_counts_too() -> None:
    fake = FakeHostway()
    fake.add_account("a", "b").faults.on()

    with pytest.raises(UnfinishedRuleError):
        fake.close()


@pytest.mark.parametrize(
    "word",
    [
        lambda faults: faults.on("nothing"),
        lambda faults: faults.on().first(0),
        lambda faults: faults.on().first(1).nth(2),
        lambda faults: faults.on().between(5, 1),
        lambda faults: faults.on().with_probability(7),
        lambda faults: faults.on().with_probability(None),
        lambda faults: faults.on().with_probability(0.5).with_probability(0.5),
        lambda faults: faults.on().between(1, 5).between(5, 9),
        lambda faults: faults.on().named("\ud800"),
        lambda faults: faults.outage(0, 5, ok),
        lambda faults: faults.write("reset"),
        lambda faults: faults.on().respond(418),
        lambda faults: faults.on().after_commit().unavailable(),
        lambda faults: faults.on().named(7).reset(),
        lambda faults: faults.script(None, []),
        lambda faults: faults.script(None, None),
        lambda faults: faults.outage(0, 5, "hang"),
        lambda faults: faults.outage(-1, 5),
        lambda faults: faults.outage(1, 0),
        lambda faults: faults.limit(0, 5),
    ],
)
def test_a_refused_word_leaves_nothing_behind(word: Callable[[Any], object]) -> None:
    with FakeHostway() as fake:
        with pytest.raises(HostwayFakeError):
            word(fake.faults)
        assert fake.faults.rules == ()


# Rules as data, by the options of a fake


_DATA: Any = {"rule": [{"on": "create_snapshot", "first": 1, "respond": 503}], "build": [{"seconds": 5}]}


@pytest.mark.parametrize("faults", [_DATA, FaultScript.parse(_DATA)])
def test_a_fake_is_made_with_a_script(faults: Any) -> None:
    with FakeHostway(faults=faults) as fake:
        server = fake.add_server()
        url = f"{fake.url}/servers/{server.id}/snapshots"
        session = fake.session()
        assert [session.post(url, json={"snapshot": {"name": "a"}}).status_code for _ in range(2)] == [503, 202]
        fake.clock.advance(5)
        assert server.snapshots[0].status == "ACTIVE"


def test_a_build_is_ordered_for_once_or_for_all() -> None:
    with FakeHostway(faults={"build": [{"never": True, "once": True}, {"seconds": [1, 1]}]}) as fake:
        server = fake.add_server()
        for name in "ab":
            server.add_snapshot(name, status="BUILD")
        fake.clock.advance(1)

        assert [snapshot.status for snapshot in server.snapshots] == ["BUILD", "ACTIVE"]


def test_what_is_no_script_is_refused() -> None:
    with pytest.raises(WrongTypeError, match=r"faults: got \[\], expected a mapping, a path or a FaultScript"):
        FakeHostway(faults=[])  # type: ignore[arg-type]


def test_the_marker_takes_a_script(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.fake_hostway(faults={"rule": [{"respond": 503}]})
        def test_it(fake_hostway, fake_hostway_session):
            assert fake_hostway_session.get(f"{fake_hostway.url}/nothing").status_code == 503

        def test_half(fake_hostway):
            fake_hostway.faults.on()
    """)

    ran = pytester.runpytest_inprocess("-p", "no:randomly")

    ran.assert_outcomes(passed=2, errors=1)
    ran.stdout.fnmatch_lines(["*UnfinishedRuleError: begun, but given no outcome*"])


def test_steps_of_the_other_side_are_written_with_its_name() -> None:
    assert (after_commit.reset().after_commit, reset().after_commit) == (True, False)


# Rules for the neighbours


_VOLUME = "hbs2012May08_61EfdIZ3Y"
_ORDER = {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "1"}
_CALLS: dict[str, tuple[str, str, object, dict[str, str]]] = {
    "create_server": ("POST", "/servers", {"server": _ORDER}, {"name": "web"}),
    "get_server": ("GET", "/servers/{server}", None, {"name": "jello*", "id": "jello*", "server": "jello*"}),
    "update_server": ("PUT", "/servers/{server}", {"server": {"name": "db"}}, {"name": "jello614636-USOTE-0214"}),
    "reboot_server": ("POST", "/servers/{server}/action", {"reboot": {"type": "HARD"}}, {"server": "jello*"}),
    "create_volume": ("POST", "/volumes", {"volume": {"size": 1, "display_name": "data"}}, {"name": "data"}),
    "get_volume": ("GET", f"/volumes/{_VOLUME}", None, {"name": "", "id": _VOLUME}),
    "attach_volume": (
        "POST",
        "/servers/{server}/os-volume_attachments",
        {"volumeAttachment": {"volumeId": _VOLUME}},
        {"name": "", "server": "*-0214", "id": _VOLUME},
    ),
    "detach_volume": ("DELETE", f"/servers/{{server}}/os-volume_attachments/{_VOLUME}", None, {"id": "hbs*"}),
    "get_image": ("GET", "/images/debian_lenny_template", None, {"name": "Debian*", "id": "debian_lenny_template"}),
    "get_flavor": ("GET", "/flavors/3", None, {"name": "1024MB*", "id": "3"}),
    "list_zones": ("GET", "/zone", None, {"account": "jello614636"}),
}


@pytest.mark.parametrize("operation", _CALLS)
def test_rules_are_narrowed_for_every_kind_of_thing(
    fake: FakeHostway, server: ServerHandle, session: requests.Session, operation: str
) -> None:
    method, path, body, narrowed = _CALLS[operation]
    fake.add_server().attach_volume(_VOLUME)
    url = fake.url + path.format(server=server.id)
    for word, pattern in narrowed.items():
        fake.faults.on(operation, **{word: pattern or "*"}).named(f"by {word}").respond(500)
        fake.faults.on(operation, **{word: "other"}).named(f"by another {word}").respond(503)

    assert session.request(method, url, json=body).status_code == 500

    hits = {rule.name: rule.hits for rule in fake.faults.rules}
    assert hits == {f"by {word}": 1 for word in narrowed} | {f"by another {word}": 0 for word in narrowed}


@pytest.mark.parametrize("path", ["/volumes/nothing", "/images/nothing", "/flavors/99", "/servers/nothing"])
def test_what_is_not_there_has_no_name(fake: FakeHostway, session: requests.Session, path: str) -> None:
    fake.faults.on(name="*").respond(500)

    assert session.get(fake.url + path).status_code == 404


def test_an_attachment_that_cannot_be_read_has_no_id(
    fake: FakeHostway, server: ServerHandle, session: requests.Session
) -> None:
    fake.faults.on("attach_volume", id="*").respond(500)

    assert session.post(f"{fake.url}/servers/{server.id}/os-volume_attachments", json={}).status_code == 400


# Scripts that must not run out


def _swallow(fake: FakeHostway, times: int) -> None:
    for _ in range(times):
        with suppress(Exception):
            fake.session().get(f"{fake.url}/nothing")


def test_a_script_that_ran_out_fails_the_test_though_the_client_swallowed_it() -> None:
    fake = FakeHostway()
    fake.faults.script(None, [ok], then="fail_test")
    _swallow(fake, 3)

    with pytest.raises(ScriptExhaustedError, match="rule 1: call 2"):
        fake.close()
    fake.close()


def test_a_script_that_ran_out_can_be_forgiven() -> None:
    with FakeHostway() as fake:
        fake.faults.script(None, [ok], then="fail_test")
        _swallow(fake, 2)
        fake.faults.clear()


def test_a_script_that_ran_out_on_a_socket_can_be_forgiven() -> None:
    with FakeHostway() as fake, fake.serve() as listening:
        fake.faults.script(None, [ok], then="fail_test")
        _swallow(fake.at(listening.url), 3)
        fake.faults.clear()


def test_a_script_that_ran_out_on_a_socket_is_raised_once() -> None:
    with FakeHostway() as fake:
        fake.faults.script(None, [ok], then="fail_test")
        with pytest.raises(ScriptExhaustedError), fake.serve() as listening:
            _swallow(fake.at(listening.url), 3)


# Headers of a scripted answer


def test_respond_sends_plain_data_as_json(fake: FakeHostway) -> None:
    fake.faults.on("list_zones").respond(200, json={"zones": [None, "\u20ac"]})
    fake.faults.on("list_servers").respond(400, json=[], content_type="application/problem+json")
    for_file = {"on": "list_images", "respond": {"status": 200, "json": {"images": 7}}}
    client, url = fake.session(), fake.url
    zones, servers = client.get(f"{url}/zone"), client.get(f"{url}/servers")
    assert (zones.json(), zones.headers["Content-Type"]) == ({"zones": [None, "\u20ac"]}, "application/json")
    assert (servers.json(), servers.headers["Content-Type"]) == ([], "application/problem+json")
    step = FaultScript.parse({"rule": [for_file]}).rules[0].what.steps[0]
    assert step == respond(200, json={"images": 7})


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"json": float("nan")}, "json: got a float, expected data that JSON can contain"),
        ({"json": {1, 2}}, "json: got a set, expected data that JSON can contain"),
        ({"json": {}, "body": "x"}, "json: got {}, expected either json or body"),
    ],
)
def test_respond_rejects_data_that_is_not_json(fake: FakeHostway, others: Any, said: str) -> None:
    with pytest.raises(InvalidValueError, match=f"^{said}"):
        respond(200, **others)


def test_headers_of_a_scripted_answer_are_sent_in_place_of_those_of_the_same_name(fake: FakeHostway) -> None:
    headers = {"X-Request-Id": "7", "content-type": "text/plain", "Set-Cookie": ["a=1; Path=/", "b=2; Path=/"]}
    fake.faults.on("list_servers").respond(200, body="x", headers=headers)
    fake.faults.on("list_zones").respond(503, 9, headers={"Retry-After": "Fri, 12 Apr 2013 19:30:00 GMT"})
    with fake.session() as session, fake.serve() as server, fake.at(server.url).session() as wired:
        for client, url in ((session, fake.url), (wired, server.url)):
            answer = client.get(f"{url}/servers")
            assert (answer.headers["X-Request-Id"], answer.headers["Content-Type"]) == ("7", "text/plain")
            assert dict(client.cookies) == dict(answer.cookies) == {"a": "1", "b": "2"}
            assert answer.text == "x"
            assert client.get(f"{url}/zone").headers["Retry-After"] == "Fri, 12 Apr 2013 19:30:00 GMT"
    with httpx.Client(transport=fake.httpx_transport(), auth=fake.auth) as client_of_httpx:
        client_of_httpx.get(f"{fake.url}/servers")
        assert dict(client_of_httpx.cookies) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("headers", "error", "said"),
    [
        (
            {"Content-Length": "7"},
            InvalidValueError,
            "headers: got 'Content-Length', expected a header other than content-length",
        ),
        ({"a b": "7"}, InvalidValueError, "headers: got 'a b', expected a valid header name, such as 'Set-Cookie'"),
        ({"": "7"}, InvalidValueError, "headers: got ''"),
        ({7: "7"}, InvalidValueError, "headers: got 7"),
        ({"A": "a\r\nB: b"}, InvalidValueError, "headers: got .*, expected a string of printable Latin-1 characters"),
        ({"A": "\u20ac"}, InvalidValueError, "headers: got"),
        ({"A": 7}, InvalidValueError, "headers: got 7, expected a string"),
        ({"A": [None]}, InvalidValueError, "headers: got None, expected a string"),
        ([("A", "b")], WrongTypeError, "headers: got .*, expected a mapping of names to values"),
    ],
)
def test_headers_that_cannot_be_sent_are_refused(
    fake: FakeHostway, headers: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        fake.faults.on().respond(503, headers=headers)
    fake.faults.clear()


def test_headers_of_a_scripted_answer_are_saved_and_read_from_files() -> None:
    file = {"rule": [{"respond": {"status": 503, "headers": {"X-A": "1", "Set-Cookie": ["a=1", "b=2"]}}}]}
    with FakeHostway(faults=file) as fake, FakeHostway.from_dict(fake.to_dict()) as again:
        answer = again.session().get(f"{again.url}/zone")
        assert (answer.headers["X-A"], dict(answer.cookies)) == ("1", {"a": "1", "b": "2"})


# Words in the wrong order


@pytest.mark.parametrize("word", ["first", "nth", "every", "between", "after_commit", "named"])
def test_word_that_stands_after_the_outcome_is_told_to_stand_before_it(fake: FakeHostway, word: str) -> None:
    rule: Any = fake.faults.on().respond(503)
    with pytest.raises(AttributeError, match=rf"say \.{word}\(\.\.\.\) before the outcome, as in \.first\(2\)"):
        getattr(rule, word)


def test_attribute_that_is_no_word_is_none(fake: FakeHostway) -> None:
    rule: Any = fake.faults.on().respond(503)
    with pytest.raises(AttributeError, match=r"^'RuleHandle' object has no attribute 'frist'$"):
        _ = rule.frist
    assert not hasattr(rule, "_hits")


def test_header_beyond_ascii_is_sent_alike_over_every_way_in(fake: FakeHostway) -> None:
    fake.faults.on("list_zones").respond(503, headers={"X": "\xe9"})
    with (
        httpx.Client(transport=fake.httpx_transport(), auth=fake.auth) as client,
        fake.serve() as server,
        httpx.Client(auth=fake.auth, trust_env=False) as wired,
    ):
        answers = (
            client.get(f"{fake.url}/zone"),
            wired.get(f"{server.url}/zone"),
            fake.session().get(f"{fake.url}/zone"),
        )
    assert [answer.headers["X"] for answer in answers] == ["\xe9"] * 3
