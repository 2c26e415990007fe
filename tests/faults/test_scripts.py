"""Fault rules as data: what a file can say, what it is told when it is wrong, and the scripts that come along."""

import json
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any, Final

import pytest
import requests

from hostway_fake import FakeHostway, InvalidValueError, WrongTypeError
from hostway_fake.cli import main
from hostway_fake.domain.builds import BuildRule
from hostway_fake.faults import FaultScript, lognormal
from hostway_fake.faults.builder import Faults

_SCRIPTS: Final = Path(__file__).parents[2] / "fixtures" / "faults"
_WORDS: Final = (
    "after_commit, respond, delay, truncate, slow_body, hang, reset, empty, malformed, stale_connection, "
    "unavailable, connect_timeout, dns_failure, tls_failure, "
    "duplicate, lag, change, without, extra, rename_key, with_headers"
)


# What can be said in Python can be said in a file


@pytest.mark.parametrize(
    ("data", "write"),
    [
        ({"rule": [{"respond": 503}]}, lambda on: on().respond(503)),
        ({"rule": [{"respond": {"status": 200, "json": {"a": [7]}}}]}, lambda on: on().respond(200, json={"a": [7]})),
        ({"rule": [{"delay": [0.05, 0.4]}]}, lambda on: on().delay((0.05, 0.4))),
        ({"rule": [{"delay": {"seconds": 5, "jitter": 1}}]}, lambda on: on().delay(5, jitter=1)),
        (
            {"rule": [{"delay": {"seconds": {"median": 1, "sigma": 0.5}}}]},
            lambda on: on().delay(lognormal(median=1, sigma=0.5)),
        ),
        (
            {"rule": [{"respond": {"status": 503, "retry_after": 7, "http_date": True}}]},
            lambda on: on().respond(503, 7, http_date=True),
        ),
        (
            {"rule": [{"respond": {"status": 503, "retry_after": "2013-04-12T20:00:00Z"}}]},
            lambda on: on().respond(503, datetime(2013, 4, 12, 20, tzinfo=UTC)),
        ),
        ({"rule": [{"on": "get_server", "lag": 5}]}, lambda on: on("get_server").lag(5)),
        (
            {"rule": [{"on": "get_server", "lag": {"seconds": 5, "monotonic": False}}]},
            lambda on: on("get_server").lag(5, monotonic=False),
        ),
        ({"rule": [{"connect_timeout": True}]}, lambda on: on().connect_timeout()),
        ({"rule": [{"dns_failure": True}]}, lambda on: on().dns_failure()),
        ({"rule": [{"tls_failure": True}]}, lambda on: on().tls_failure()),
        ({"rule": [{"duplicate": True}]}, lambda on: on().duplicate()),
        ({"rule": [{"change": {"a": None, "b": {}}}]}, lambda on: on().change({"a": None, "b": {}})),
        ({"rule": [{"without": "a.b"}]}, lambda on: on().without("a.b")),
        ({"rule": [{"extra": {"path": "a", "value": 7.5}}]}, lambda on: on().extra("a", 7.5)),
        ({"rule": [{"rename_key": {"path": "a", "new_name": "b"}}]}, lambda on: on().rename_key("a", "b")),
        (
            {"rule": [{"with_headers": {"A": None, "B": ["1", "2"]}}]},
            lambda on: on().with_headers({"A": None, "B": ["1", "2"]}),
        ),
        (
            {"rule": [{"respond": {"status": 503, "retry_after": 7}}]},
            lambda on: on().respond(503, retry_after=7),
        ),
        (
            {"rule": [{"respond": {"status": 502, "body": "<p>", "content_type": "text/x"}}]},
            lambda on: on().respond(502, body="<p>", content_type="text/x"),
        ),
        ({"rule": [{"delay": 5}]}, lambda on: on().delay(5)),
        ({"rule": [{"delay": {"seconds": 5, "real": True}}]}, lambda on: on().delay(5, real=True)),
        ({"rule": [{"truncate": 100}]}, lambda on: on().truncate(100)),
        ({"rule": [{"truncate": 0.5}]}, lambda on: on().truncate(0.5)),
        ({"rule": [{"slow_body": 10}]}, lambda on: on().slow_body(10)),
        (
            {"rule": [{"slow_body": {"bytes_per_second": 10, "real": True}}]},
            lambda on: on().slow_body(10, real=True),
        ),
        ({"rule": [{"hang": True}]}, lambda on: on().hang()),
        ({"rule": [{"reset": True, "after_commit": True}]}, lambda on: on().after_commit().reset()),
        ({"rule": [{"empty": True}]}, lambda on: on().empty()),
        ({"rule": [{"malformed": True}]}, lambda on: on().malformed()),
        ({"rule": [{"stale_connection": True}]}, lambda on: on().stale_connection()),
        ({"rule": [{"unavailable": True}]}, lambda on: on().unavailable()),
        (
            {"rule": [{"on": "get_snapshot", "server": "*", "id": "s*", "name": "n", "account": "a", "hang": True}]},
            lambda on: on("get_snapshot", server="*", id="s*", name="n", account="a").hang(),
        ),
        ({"rule": [{"named": "mine", "first": 2, "hang": True}]}, lambda on: on().named("mine").first(2).hang()),
        ({"rule": [{"nth": 2, "hang": True}]}, lambda on: on().nth(2).hang()),
        ({"rule": [{"every": 2, "hang": True}]}, lambda on: on().every(2).hang()),
        ({"rule": [{"from": 2, "hang": True}]}, lambda on: on().from_(2).hang()),
        (
            {"rule": [{"between": [1, 2.5], "probability": 0.5, "hang": True}]},
            lambda on: on().between(1, 2.5).with_probability(0.5).hang(),
        ),
    ],
    ids=lambda value: json.dumps(value["rule"][0]) if isinstance(value, dict) else "",
)
def test_a_rule_in_a_file_is_the_rule_in_python(data: dict[str, Any], write: Callable[[Any], object]) -> None:
    with FakeHostway(faults=data) as told, FakeHostway() as fake:
        write(fake.faults.on)

        assert [str(rule) for rule in told.faults.rules] == [str(rule) for rule in fake.faults.rules]
        assert told.account.world.rulebook.rules == fake.account.world.rulebook.rules


@pytest.mark.parametrize(
    ("data", "write"),
    [
        (
            {
                "rule": [
                    {"on": "create_snapshot", "script": ["ok", {"respond": 500}, {"reset": True, "after_commit": True}]}
                ]
            },
            "script",
        ),
        ({"outage": [{"start": 10, "seconds": 5, "named": "deploy"}]}, "outage"),
        ({"outage": [{"seconds": 5, "hang": True}]}, "hanging outage"),
        ({"outage": [{"seconds": 5, "after_commit": True}]}, "outage after the commit point"),
        ({"limit": [{"calls": 3, "per_seconds": 10, "on": "create_snapshot"}]}, "limit"),
    ],
)
def test_scripts_outages_and_limits_are_those_of_python(data: dict[str, Any], write: str) -> None:
    from hostway_fake.faults import after_commit, hang, ok, respond

    def written(faults: Faults) -> object:
        match write:
            case "script":
                return faults.script("create_snapshot", [ok, respond(500), after_commit.reset()])
            case "outage":
                return faults.outage(10, 5, named="deploy")
            case "hanging outage":
                return faults.outage(0, 5, hang())
            case "outage after the commit point":
                return faults.outage(0, 5, after_commit.respond(503))
            case _:
                return faults.limit(3, 10, operation="create_snapshot")

    with FakeHostway(faults=data) as told, FakeHostway() as fake:
        written(fake.faults)

        assert told.account.world.rulebook.rules == fake.account.world.rulebook.rules


def test_builds_stand_beside_rules() -> None:
    script = FaultScript.parse({"build": [{"seconds": [1, 5], "name": "a*", "once": True}, {"never": True}]})

    assert script.builds == (BuildRule(seconds=(1, 5), name="a*", once=True), BuildRule(never=True))


# What is wrong is named by line and key

_TOML: Final = [
    ('[[rule]]\non = "create_snapshot"\n\nfirst = "x"\nreset = true\n', "4: rule[0].first: got 'x', expected `int`"),
    (
        "# a comment\n[[rule]]\nreset = true\n[[rule]]\nreset = true\nfrist = 1\n",
        f"6: rule[1].frist: got an unknown key, expected one of: {_WORDS}, named, on, server, id, name, account, ",
    ),
    ("[[rule]]\nfirst = 0\nreset = true\n", "2: rule[0].first: got 0, expected `int` >= 1"),
    (
        '[[rule]]\non = "create"\nreset = true\n',
        "2: rule[0].on: operation: got 'create'. Did you mean 'create_volume'? ",
    ),
    ("[[rule]]\nreset = true\nempty = true\n", "1: rule[0]: got reset and empty, expected one of: respond"),
    ("[[rule]]\nfirst = 1\n", "1: rule[0]: got no outcome, expected one of: respond"),
    ("[[rule]]\nfirst = 1\nnth = 2\nreset = true\n", "1: rule[0]: got first and nth, expected one way of counting"),
    ("[[rule]]\nafter_commit = true\nunavailable = true\n", "3: rule[0].unavailable: outcome: got 'unavailable'"),
    (
        "[[rule]]\nrespond = {status = 503, retry = 7}\n",
        "2: rule[0].respond.retry: got an unknown key, expected one of: status, retry_after, body, content_type",
    ),
    (
        "[[rule]]\nrespond = { status = 503, headers = { X = [1] } }\n",
        "2: rule[0].respond.headers: got {'X': [1]}, expected `str`",
    ),
    ("[[rule]]\nrespond = 418\n", "2: rule[0].respond: status: got 418"),
    ("[[rule]]\nhang = false\n", "2: rule[0].hang: hang: got False, expected true"),
    ('[[rule]]\nscript = ["ok"]\n', "2: rule[0].script: steps: got ['ok'], expected a step other than ok"),
    ('[[rule]]\nscript = ["ok", {reset = true}]\nthen = "stop"\n', "3: rule[0].then: then: got 'stop'"),
    ('[[rule]]\nscript = ["ok", {reset = true}]\nfirst = 1\n', "1: rule[0]: got "),
    ("[[rule]]\nscript = [{reset = true}]\nafter_commit = true\n", "1: rule[0]: got "),
    ("[[rule]]\nscript = [{reset = true}]\nprobability = 0\n", "1: rule[0]: got "),
    ("[[rule]]\nscript = [{reset = true}]\nbetween = [1, 2]\n", "1: rule[0]: got "),
    ("[[rule]]\nscript = [{reset = true}]\nhang = true\n", "1: rule[0]: got "),
    (
        '[[rule]]\nreset = true\nthen = "repeat"\n',
        "3: rule[0].then: then: got 'repeat', expected a script to be given too",
    ),
    (
        "[[rule]]\nhang = 1\n[[rule.script]]\nhang = true\n",
        "2: rule[0].hang: got 1, expected `bool`",
    ),
    ("# a\u2028b\n[[rule]]\nfirst = 0\n", "3: rule[0].first: got 0, expected `int` >= 1"),
    (
        "[[rule]]\nscript = [{rest = true}]\n",
        f"2: rule[0].script[0].rest: got an unknown key, expected one of: {_WORDS}",
    ),
    ("\n[[outage]]\nstart = 5\n", "2: outage[0]: object missing required field `seconds`"),
    ("[[outage]]\nseconds = -5\n", "2: outage[0].seconds: got -5, expected `float` > 0.0"),
    ("[[limit]]\ncalls = 1.5\nper_seconds = 1\n", "2: limit[0].calls: got 1.5, expected `int`"),
    ('[[limit]]\ncalls = 1\nper_seconds = 1\non = "x"\n', "4: limit[0].on: operation: got 'x'"),
    ('[[build]]\nends = "BUILD"\n', "2: build[0].ends: got 'BUILD', expected one of: 'ACTIVE', 'DELETED'"),
    (
        '[[rule]]\nnamed = """\n[[rule]]\n"""\nreset = true\n[[rule]]\nfirst = 0\n',
        "7: rule[1].first: got 0",
    ),
    (
        '[[ "rule" ]]\nreset = true\n[[rule]]\n\n[rule.respond]\nstatus = "x"\n',
        "6: rule[1].respond.status: ",
    ),
    (
        "[[rule]]\nreset = true\n[[rule]]\nrespond.status = 503\nrespond.retry = 7\n",
        "5: rule[1].respond.retry: ",
    ),
    ('[[rule]]\n[[rule.script]]\nreset = true\n\n[[rule.script]]\nhang = "x"\n', "6: rule[0].script[1].hang: got 'x'"),
    (
        '[[rule]]\nscript = [\n  "ok",  # passes\n\n  {reset = true}, {delay = "x"},\n]\n',
        "5: rule[0].script[2].delay: got 'x', expected `float | object | array`",
    ),
    ('[[rule]]\nscript = [\n  "ok",\n  {respond = 418},\n]\n', "4: rule[0].script[1].respond: status: got 418"),
    ('[[rule]]\nscript = ["ok", {}]\n', "2: rule[0].script[1]: got no outcome, expected one of: respond"),
    (
        "[[rule]]\nbetween = [5,\n  1]\nreset = true\n",
        "2: rule[0].between: between: got (5.0, 1.0), expected two times",
    ),
    (
        '[[rule]]\nreset = true\nnamed = "a"\n[[limit]]\ncalls = 1\nper_seconds = 1\nnamed = "a"\n',
        "7: limit[0].named: ",
    ),
    ('[[rule]]\nreset = true\nnamed = "rule 1"\n', "3: rule[0].named: named: got 'rule 1', expected another"),
    ("[[build]]\nnever = true\n[[build]]\nseconds = -1\n", "4: build[1].seconds: seconds: got -1.0, expected a number"),
    ("[[build]]\nseconds = [5, 1]\n", "2: build[0].seconds: seconds: got (5.0, 1.0), expected the shortest before"),
    ("[[build]]\nseconds = 5\nnever = true\n", "3: build[0].never: never: got True, expected neither seconds nor ends"),
    (
        "[[rule]]\nscript = [{reset = true}]\nnth = 1\nhang = true\n",
        "1: rule[0]: got nth and hang beside a script, which ",
    ),
    ('[[rule]]\nreset = true\n"a\\nb\\u001b" = 1\n', "3: rule[0].'a\\nb\\x1b': got an unknown key, expected one of"),
    ('[[rule]]\nscript = ["bogus"]\n', "2: rule[0].script[0]: got 'bogus', expected 'ok' or a table"),
    ("[[rule]]\nreset = true\nbetween = [0, inf]\n", "3: rule[0].between: end: got inf, expected a number above 0"),
    ("[[outage]]\nseconds = 1e12\n", "2: outage[0].seconds: end: got"),
    ("[[rule]]\nreset = true\nnth = 1\n" + "a." * 600 + "a = 1\n", "4: rule[0].a: got an unknown key"),
    ("\ufeff[[rule]]\nhang = 1\n", "2: rule[0].hang: got 1"),
    (f'[[rule]]\nhang = "{"a" * 58}"\n', f"2: rule[0].hang: got '{'a' * 58}', expected `bool`"),
    (f'[[rule]]\nhang = "{"a" * 59}"\n', f"2: rule[0].hang: got '{'a' * 56}..., expected `bool`"),
    (f"[[rule]]\nhang = [{'1, ' * 60}]\n", f"2: rule[0].hang: got [{'1, ' * 18}1,..., expected `bool`"),
    ("[[rules]]\nreset = true\n", "1: rules: got an unknown key, expected one of: rule, outage, limit, build"),
    ("[rule]\nreset = true\n", "1: rule: got {'reset': True}, expected `array`"),
]


@pytest.mark.parametrize(("text", "message"), _TOML)
def test_what_is_wrong_in_toml_is_named_by_line_and_key(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InvalidValueError) as caught:
        FaultScript.load(path)

    assert str(caught.value).startswith(f"{path}:{message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"rule": [{"reset": true},\n{"on": "get_snapshot",\n"first": 0, "reset": true}]}', "3: rule[1].first: "),
        (
            '{"rule": [\n{"named": "a [b, {c: \\" }", "script": ["ok",\n{"rest": true}]}]}',
            "3: rule[0].script[1].rest: got an unknown key",
        ),
        ('{"rule": [\n\n{"between": [1,\n"x"], "reset": true}]}', "3: rule[0].between[1]: got 'x', expected `float`"),
        ("[1, 2]", "1: the file: got [1, 2], expected `object`"),
        ('{\n"limit": [{"calls": 1}]}', "2: limit[0]: object missing required field `per_seconds`"),
        ('{"rule": [{"reset": true}, 7]}', "1: rule[1]: got 7, expected `object`"),
        ('{"build": [\n{"seconds": -1}]}', "2: build[0].seconds: seconds: got -1.0"),
        ('{"rule":\n[\n7,\n{"reset": true}]}', "1: rule[0]: got 7, expected `object`"),
        ('{"rule":\n[\n{"reset": true},\n{"reset": 1}]}', "4: rule[1].reset: got 1, expected `bool`"),
        (
            '{"outage": [{"start": 5, "seconds": 1}],\n"limit": [\n{"calls": 0, "per_seconds": 1}]}',
            "3: limit[0].calls: ",
        ),
    ],
)
def test_what_is_wrong_in_json_is_named_by_line_and_key(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(text)

    with pytest.raises(InvalidValueError) as caught:
        FaultScript.load(path)

    assert str(caught.value).startswith(f"{path}:{message}")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("faults.toml", b"[[rule\n", "at line 1, column 7"),
        ("faults.json", b'{\n"rule": [}', "line 2 column 10"),
        ("faults.json", b"[" * 100_000, "maximum recursion depth exceeded"),
        ("faults.toml", b"\xff", "cannot be read: 'utf-8' codec can't decode byte 0xff"),
        ("faults.json", b'{"rule": [{"hang": true}], "rule": []}', "the key 'rule' occurs twice"),
        ("faults.json", b'{"rule": [], "limit": [], "build": [], "limit": []}', "the key 'limit' occurs twice"),
        ("faults.toml", None, "cannot be read: [Errno 2] No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InvalidValueError) as caught:
        FaultScript.load(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_a_json_file_is_known_by_its_name_however_it_is_spelled(tmp_path: Path) -> None:
    path = tmp_path / "FAULTS.JSON"
    path.write_text('{"rule": [{"reset": true}]}')

    assert len(FaultScript.load(path).rules) == 1


@pytest.mark.parametrize("path", [None, "", 7])
def test_a_path_is_wanted(path: Any) -> None:
    with pytest.raises(WrongTypeError, match=f"faults: got {path!r}, expected the path of a TOML or JSON file"):
        FaultScript.load(path)


@pytest.mark.parametrize("path", ["a\0b.toml", "\ud800.toml"])
def test_a_path_that_no_file_can_have_is_named(path: str) -> None:
    with pytest.raises(InvalidValueError, match="cannot be read: "):
        FaultScript.load(path)


def test_a_server_of_its_own_takes_no_rule_that_it_cannot_show(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "faults.toml"
    limit, rule = "calls = 9\nper_seconds = 1", 'on = "get_snapshot"\nscript = ["ok", {unavailable = true}]'
    path.write_text(f"[[limit]]\n{limit}\n[[rule]]\n{rule}\n")

    assert main(["serve", "--port", "0", "--faults", str(path)]) == 1
    assert "expected no unavailable, which is for calls in process only: get_snapshot" in capsys.readouterr().err


def test_of_rules_outages_and_limits_the_later_table_wins() -> None:
    data = {"limit": [{"calls": 1, "per_seconds": 9}], "outage": [{"seconds": 9}], "rule": [{"respond": 500}]}

    with FakeHostway(faults=data) as fake, fake.session() as session:
        statuses = [session.get(fake.url).status_code for _ in range(2)]
        fake.clock.advance(9)
        statuses += [session.get(fake.url).status_code for _ in range(2)]

    assert statuses == [503, 413, 500, 413]


def test_what_is_wrong_in_a_mapping_is_named_by_its_place() -> None:
    with pytest.raises(InvalidValueError, match=r"^rule\[0\]\.first: got 'x', expected `int`$"):
        FaultScript.parse({"rule": [{"first": "x"}]})
    with pytest.raises(InvalidValueError, match=r"^rule\[0\]: a key of it is not a string$"):
        FaultScript.parse({"rule": [{7: "x"}]})
    with pytest.raises(InvalidValueError, match=r"^the file: a key holds half of a surrogate pair$"):
        FaultScript.parse({"rule": [{"\ud800": 1}]})
    with pytest.raises(WrongTypeError, match="faults: got 7"):
        FaultScript.parse(7)  # type: ignore[arg-type]


def test_the_command_line_names_line_and_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "faults.toml"
    path.write_text("[[rule]]\nfrist = 1\n")

    assert main(["serve", "--port", "0", "--faults", str(path)]) == 1
    assert capsys.readouterr().err.startswith(f"hostway-fake: {path}:2: rule[0].frist: got an unknown key")


def test_the_standalone_server_plays_a_script(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text("[[rule]]\nfirst = 1\nrespond = {status = 503, retry_after = 7}\n")
    command = [sys.executable, "-m", "hostway_fake", "serve", "--port", "0", "--faults", str(path)]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, requests.Session() as session:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        session.trust_env = False
        answers = [session.get(f"{url}/nothing") for _ in range(2)]
        process.terminate()
        assert process.wait(10) == 0

    assert [(answer.status_code, answer.headers.get("Retry-After")) for answer in answers] == [(503, "7"), (401, None)]


# The schema and the scripts that come along


def test_the_schema_is_that_of_the_code() -> None:
    generated = runpy.run_path(str(Path(__file__).with_name("schema.py")))["text"]()

    said = "fixtures/faults/schema.json is behind; renew it: python tests/faults/schema.py"
    assert (_SCRIPTS / "schema.json").read_text() == generated, said


class Client:
    """A fake that plays a script that comes along, and a session that asks it."""

    def __init__(self, script: str) -> None:
        self.fake = FakeHostway(faults=_SCRIPTS / script)
        self.server = self.fake.add_server()
        self.session = self.fake.session()

    def create(self, name: str) -> requests.Response:
        url = f"{self.fake.url}/servers/{self.server.id}/snapshots"
        return self.session.post(url, json={"snapshot": {"name": name}}, timeout=30)

    def list(self) -> requests.Response:
        return self.session.get(f"{self.fake.url}/servers/{self.server.id}/snapshots", timeout=30)


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    client = Client(request.param)
    yield client
    client.session.close()
    client.fake.close()


@pytest.mark.parametrize("client", ["flaky-network.toml"], indirect=True)
def test_a_flaky_network_fails_now_and_then(client: Client) -> None:
    seen = set()
    for _ in range(300):
        try:
            seen.add(str(client.list().status_code))
        except requests.RequestException as error:
            seen.add(type(error).__name__)

    assert seen == {"200", "ConnectionError", "ReadTimeout", "ChunkedEncodingError"}


@pytest.mark.parametrize("client", ["deploy-window.toml"], indirect=True)
def test_a_deploy_window_opens_and_closes(client: Client) -> None:
    statuses = []
    for _ in range(5):
        statuses.append(client.list().status_code)
        client.fake.clock.advance(30)

    assert statuses == [200, 200, 502, 503, 200]


@pytest.mark.parametrize("client", ["lost-create.toml"], indirect=True)
def test_a_lost_create_is_done_all_the_same(client: Client) -> None:
    with pytest.raises(requests.ConnectionError):
        client.create("nightly")

    assert [snapshot.name for snapshot in client.server.snapshots] == ["nightly"]
    assert client.create("nightly").status_code == 409


@pytest.mark.parametrize("client", ["slow-builds.toml"], indirect=True)
def test_slow_builds_take_their_time_and_one_never_ends(client: Client) -> None:
    for name in ("stuck", "a", "b"):
        assert client.create(name).status_code == 202
    client.fake.clock.advance(minutes=9)
    assert {snapshot.status for snapshot in client.server.snapshots} == {"BUILD"}

    client.fake.clock.advance(minutes=21)

    assert [snapshot.status for snapshot in client.server.snapshots] == ["BUILD", "ACTIVE", "ACTIVE"]


@pytest.mark.parametrize("client", ["rate-limited.toml"], indirect=True)
def test_a_rate_limit_tells_when_to_come_again(client: Client) -> None:
    answers = [client.list() for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [413]

    client.fake.clock.advance(int(answers[-1].headers["Retry-After"]))

    assert client.list().status_code == 200


def test_every_script_is_used_by_a_test() -> None:
    used = {mark for name in Path(__file__).read_text().split('"') if (mark := name).endswith(".toml")}

    assert {path.name for path in _SCRIPTS.glob("*.toml")} <= used


@pytest.mark.parametrize(("suffix", "line"), [("toml", 2), ("json", 10_002)])
def test_mistake_in_a_long_file_is_named_at_once(tmp_path: Path, suffix: str, line: int) -> None:
    rule = '{"on": "list_servers", "first": 1, "respond": {"status": 503}}'
    values = ",\n".join(['"ok"'] * 20_000)
    path = tmp_path / f"faults.{suffix}"
    if suffix == "toml":
        path.write_text(f'[[rule]]\nscript = [\n{values},\n"nonsense",\n]\n')
    else:
        path.write_text('{"rule": [\n' + ",\n".join([rule] * 10_000) + ',\n{"off": 1}]}')

    begin = process_time()
    with pytest.raises(InvalidValueError, match=rf":{line}: "):
        FaultScript.load(path)
    assert process_time() - begin < 20


def test_value_after_a_long_one_has_its_own_line(tmp_path: Path) -> None:
    values = ",\n".join(['"ok"', "{respond = {status = 503}}"] * 100)
    path = tmp_path / "faults.toml"
    path.write_text(f'[[rule]]\nscript = [\n{values},\n]\n\n[[rule]]\non = "nonsense"\nrespond = {{status = 503}}\n')

    with pytest.raises(InvalidValueError, match=r":206: "):
        FaultScript.load(path)
