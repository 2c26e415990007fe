"""A world as data and in a file: it goes on as the old one would, and what is damaged is refused."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import FakeHostway, HostwayFakeError, InvalidValueError, WrongTypeError
from hostway_fake.faults import after_commit, ok, respond, truncate
from hostway_fake.faults.builder import RuleBuilder
from hostway_fake.world import dump_file

_ORDER = {"server": {"name": "web", "imageRef": "debian_lenny_template", "flavorRef": "1", "adminPass": "s3cret"}}


def _rules(fake: FakeHostway, number: int) -> None:
    """A rule of each kind, with an outcome of each kind."""

    def begun() -> RuleBuilder:
        return fake.faults.on().first(number % 4 + 1)

    kinds: list[Callable[[], object]] = [
        lambda: begun().respond(503, retry_after=7),
        lambda: begun().after_commit().respond(502, body="<html>", content_type="text/html"),
        lambda: begun().delay(5),
        lambda: begun().truncate(0.5),
        lambda: fake.faults.script(None, [ok, respond(500), after_commit.reset(), truncate(3)], "repeat"),
        lambda: fake.faults.limit(number % 5 + 1, 10, named=f"limit {number}"),
        lambda: fake.faults.outage(5, 10),
        lambda: fake.faults.on().between(0, 50).with_probability(0.5).slow_body(10),
        lambda: fake.faults.on().every(3).named(f"mine {number}").empty(),
    ]
    try:
        kinds[number % len(kinds)]()
    except HostwayFakeError:
        fake.faults.clear()  # a name that is taken


def _do(fake: FakeHostway, number: int) -> tuple[int, bytes] | None:
    """Change something, by a number; what a client sees of it."""
    server = fake.servers[number % len(fake.servers)] if fake.servers else fake.add_server()
    url = f"/servers/{server.id}"
    calls: list[tuple[str, str, Any]] = [
        ("POST", f"{url}/snapshots", {"snapshot": {"name": str(number % 7)}}),
        ("POST", "/servers", _ORDER),
        ("POST", "/volumes", {"volume": {"size": 5}}),
        ("POST", f"{url}/action", {"os-stop": None}),
        ("POST", f"{url}/action", {"resize": {"flavor": {"id": "4"}}}),
        ("GET", f"{url}/snapshots", None),
        ("GET", "/servers/detail", None),
        ("GET", "/zone", None),
        ("DELETE", url, None),
    ]
    match number % 13:
        case 9:
            fake.clock.advance(number)
        case 10:
            fake.builds.next(seconds=(number, number + 5))
        case 11:
            _rules(fake, number)
        case 12:
            server.attach_volume() if server.status not in ("DELETED", "BUILD") else None
        case place:
            method, path, body = calls[place]
            try:
                answer = fake.session().request(method, fake.url + path, json=body, timeout=3)
            except Exception as error:
                return 0, type(error).__name__.encode()
            return answer.status_code, answer.content
    return None


_NUMBERS = st.lists(st.integers(0, 300), max_size=15)


@given(
    before=_NUMBERS, after=_NUMBERS, zone=st.sampled_from(["UTC", "America/Chicago", timezone(timedelta(hours=5.5))])
)
def test_a_dump_at_any_point_changes_no_later_byte(before: list[int], after: list[int], zone: str | tzinfo) -> None:
    old = FakeHostway(revision="2013-10", seed=3, time_zone=zone, readings={"deleted_count": "true"})
    for number in before:
        _do(old, number)

    text = json.dumps(old.to_dict())
    new = FakeHostway.from_dict(json.loads(text))

    assert json.dumps(new.to_dict()) == text
    for number in after:
        assert _do(new, number) == _do(old, number)
        assert new.clock.pending() == old.clock.pending()
    assert json.dumps(new.to_dict()) == json.dumps(old.to_dict())


@pytest.fixture
def fake() -> FakeHostway:
    fake = FakeHostway(auth=("jello614636", "pa55w0rd"), poll_step=5)
    for number in range(60):
        _do(fake, number)
    return fake


@pytest.mark.parametrize("clock", ["follow", "system"])
def test_other_clocks_are_kept_by_their_kind(clock: str) -> None:
    with FakeHostway(clock=clock) as fake:
        assert FakeHostway.from_dict(fake.to_dict()).to_dict()["clock"]["kind"] == clock


@pytest.mark.parametrize("rate", [0.5, 1, 3600])
def test_a_running_clock_goes_on_from_where_it_was(rate: float, tmp_path: Path) -> None:
    with FakeHostway() as fake:
        fake.clock.rate = rate
        before = fake.clock.now()
        data = fake.to_dict()
        fake.save(tmp_path / "world.json")

        for again in (FakeHostway.from_dict(data), FakeHostway.load(tmp_path / "world.json")):
            assert again.clock.rate == rate
            assert again.clock.now() >= before


def test_it_holds_credentials_and_says_so(fake: FakeHostway) -> None:
    assert (fake.to_dict()["password"], fake.to_dict()["note"]) == ("pa55w0rd", "holds the credentials of the account")


class Sundial:
    def now(self) -> datetime:
        return datetime(2013, 4, 12, tzinfo=UTC)


class Zone(tzinfo):
    def utcoffset(self, dt: datetime | None) -> timedelta:
        return timedelta(hours=1)

    def dst(self, dt: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, dt: datetime | None) -> str:
        return "one"


@pytest.mark.parametrize(("options", "what"), [({"clock": Sundial()}, "clock"), ({"time_zone": Zone()}, "time_zone")])
def test_what_cannot_be_written_down_is_named(options: dict[str, Any], what: str) -> None:
    with pytest.raises(WrongTypeError, match=f"{what}: got .*, which cannot be written down"):
        FakeHostway(**options).to_dict()


# What is wrong


def _at(data: Any, place: tuple[str | int, ...]) -> Any:
    for part in place[:-1]:
        data = data[part]
    return data


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("hostway_fake",), 2, "world.hostway_fake: got 2, expected version 1"),
        (("unknown",), 1, "unknown field `unknown`"),
        (("seed",), "x", "world.seed: Expected `int`, got `str`"),
        (("url",), "nowhere", "url: got 'nowhere'"),
        (("clock", "kind"), "sun", "world: clock.kind: got 'sun', expected one of: 'fake', 'follow', 'system'"),
        (("clock", "rate", 1), 0, "ZeroDivisionError"),
        (("servers", 0, "name"), b"db", "world.servers[0].name: got a bytes, expected what JSON holds"),
        (("polls", 7), ["x", 1], "world.polls: got a key that is a int, expected a string"),
        (("clock", "nanoseconds"), -(10**30), "world: OverflowError"),
        (("clock", "nanoseconds"), 10**21, "world: OverflowError"),
        (("time_zone",), "Mars", "world: ZoneInfoNotFoundError"),
        (("servers", 0, "name"), "db", "world.digest: got"),
        (("servers", 0, "colour"), "red", "world.servers[0].colour: unknown"),
        (("servers", 0, "status"), "ASLEEP", "world.servers[0].status: Invalid enum value 'ASLEEP'"),
        (("rules",), [{}], "world.rules[0]: Object missing required field"),
        (("readings", "list_status"), "204", "reading list_status: got '204'"),
        (("deleted",), [{"server_id": "a", "server": None, "snapshot": None}], "world.deleted: got"),
        (("note",), "harmless", "world.note: got 'harmless', expected 'holds the credentials of the account'"),
        (("sequence",), 0, "world.digest: got"),
        (("digest",), "0", "world.digest: got '0', expected another digest: the data was changed"),
    ],
    ids=str,
)
def test_what_was_changed_is_refused_with_its_place(
    fake: FakeHostway, place: tuple[str | int, ...], value: object, message: str
) -> None:
    data = fake.to_dict()
    _at(data, place)[place[-1]] = value

    with pytest.raises((InvalidValueError, WrongTypeError)) as caught:
        FakeHostway.from_dict(data)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"kind": "spell"}, "kind: got 'spell', expected one of: 'selected', 'script', 'limit'"),
        ({"kind": "limit"}, "world: KeyError: 'per_seconds'"),
        (
            {"kind": "script", "steps": [{"outcome": {"name": "sing"}, "after_commit": False}]},
            "world: KeyError: 'sing'",
        ),
        ({"kind": "script", "steps": 5}, "world: TypeError"),
    ],
)
def test_a_rule_that_is_none_is_refused(rule: dict[str, Any], message: str) -> None:
    with FakeHostway() as fake:
        fake.faults.limit(5, 10)
        data = fake.to_dict()
    data["rules"][0]["what"] = {"calls": 5, "then": "pass", **rule}

    with pytest.raises(InvalidValueError) as caught:
        FakeHostway.from_dict(data)
    assert message in str(caught.value)


def test_what_a_rule_holds_is_looked_at_too() -> None:
    with FakeHostway() as fake:
        fake.faults.on("list_zones").respond(503)
        data = fake.to_dict()
    data["rules"][0]["what"]["step"]["after_commit"] = {"a": (1, 2)}

    with pytest.raises(InvalidValueError, match=r"world\.rules\[0\]\.what\.step\.after_commit\.a: got a tuple"):
        FakeHostway.from_dict(data)


@pytest.mark.parametrize("key", ["seed", "sequence"])
def test_a_number_of_too_many_digits_is_named(fake: FakeHostway, key: str) -> None:
    data = fake.to_dict()
    data[key] = 10**5000

    with pytest.raises(InvalidValueError, match="world: "):
        FakeHostway.from_dict(data)


def test_what_holds_itself_is_refused(fake: FakeHostway) -> None:
    data = fake.to_dict()
    data["note"] = data

    with pytest.raises(InvalidValueError, match="world: nested too deeply"):
        FakeHostway.from_dict(data)


def test_a_seed_of_too_many_digits_is_named() -> None:
    with FakeHostway(seed=10**5000) as fake, pytest.raises(InvalidValueError, match="world: cannot be written down"):
        fake.to_dict()


@pytest.mark.parametrize("key", ["seed", "servers", "digest", "clock"])
def test_what_is_missing_is_named(fake: FakeHostway, key: str) -> None:
    data = fake.to_dict()
    del data[key]

    with pytest.raises(InvalidValueError, match=f"world: Object missing required field `{key}`"):
        FakeHostway.from_dict(data)


@pytest.mark.parametrize("data", [None, [], "x", 5])
def test_what_is_no_dump_is_named(data: Any) -> None:
    with pytest.raises(WrongTypeError, match="expected what to_dict\\(\\) returns"):
        FakeHostway.from_dict(data)


@pytest.mark.parametrize(
    "change",
    [
        {"password": b"hunter2"},
        {"password": ("hunter2",)},
        {"password": ["hunter2"]},
        {"hostway_fake": "http://a:hunter2@b"},
        {"hostway_fake": {"password": "hunter2"}},
        {"url": "http://a:hunter2@b"},
        {"note": "http://a:hunter2@b?token=hunter2"},
        {"readings": {"a": {b"hunter2": 1}}},
        {"readings": {"list_status": {"password": "hunter2"}}},
    ],
    ids=str,
)
def test_secret_in_a_dump_is_not_told(fake: FakeHostway, change: dict[str, Any]) -> None:
    data = FakeHostway(auth=("jello614636", "hunter2")).to_dict()

    with pytest.raises((InvalidValueError, WrongTypeError)) as caught:
        FakeHostway.from_dict({**data, **change})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("data", ['{"password": "hunter2"}', ["hunter2"]], ids=["text", "list"])
def test_what_is_no_dump_is_not_told(data: Any) -> None:
    with pytest.raises(WrongTypeError, match=f"got a {type(data).__name__}, expected") as caught:
        FakeHostway.from_dict(data)
    assert "hunter2" not in str(caught.value)


# Files


def test_a_file_is_for_its_owner_and_comes_back(fake: FakeHostway, tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text("old")

    fake.save(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert FakeHostway.load(str(path)).to_dict() == fake.to_dict()
    assert [each.name for each in tmp_path.iterdir()] == ["world.json"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    fake: FakeHostway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "world.json"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", lambda _: os.close(-1))

    with pytest.raises(InvalidValueError, match=f"{path}: cannot be written: Bad file descriptor"):
        fake.save(path)

    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("world.json", "old")]


_SAVING = """
import sys
from hostway_fake import FakeHostway
fake = FakeHostway()
for _ in range(200):
    fake.add_server()
print("begun", flush=True)
while True:
    fake.save(sys.argv[1])
"""


def test_a_process_that_is_killed_while_it_saves_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", _SAVING, str(path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            while not path.exists():
                pass
            process.send_signal(signal.SIGKILL)
        assert len(FakeHostway.load(path).servers) == 200
    FakeHostway.load(path).save(path)
    assert [each.name for each in tmp_path.iterdir()] == ["world.json"]


def test_what_a_killed_process_left_is_written_over(fake: FakeHostway, tmp_path: Path) -> None:
    draft, path = tmp_path / ".world.json.tmp", tmp_path / "world.json"
    draft.write_text("x" * 10**6)
    draft.chmod(0o644)

    fake.save(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert FakeHostway.load(path).to_dict() == fake.to_dict()
    assert not draft.exists()


def test_many_that_save_into_one_file_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    fakes = [FakeHostway(seed=seed) for seed in range(8)]
    for fake in fakes:
        for _ in range(20 * fakes.index(fake)):
            fake.add_server()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda fake: fake.save(path), fakes * 10))

    assert FakeHostway.load(path).to_dict() in [fake.to_dict() for fake in fakes]
    assert [each.name for each in tmp_path.iterdir()] == ["world.json"]


def test_a_link_stays_a_link(fake: FakeHostway, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "inner" / "world.json")

    for _ in range(2):
        fake.save(link)

        assert link.is_symlink()
        assert FakeHostway.load(tmp_path / "inner" / "world.json").to_dict() == fake.to_dict()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("folder", "it is not a file"),
        ("pipe", "it is not a file"),
        ("none/world.json", "No such file or directory"),
        ("file/world.json", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("loop", "Too many levels of symbolic links"),
    ],
)
def test_where_no_file_can_be_is_named(fake: FakeHostway, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())

    with pytest.raises(InvalidValueError) as caught:
        fake.save(tmp_path / name)

    assert str(caught.value) == f"{tmp_path / name}: cannot be written: {said}"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("path", [None, "", 5, "a\0b"])
def test_a_path_is_wanted(fake: FakeHostway, path: Any) -> None:
    for use in (fake.save, FakeHostway.load):
        with pytest.raises(WrongTypeError, match="path: got "):
            use(path)


def test_what_is_not_a_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(InvalidValueError, match=f"{path}: cannot be read: it is not a file"):
            FakeHostway.load(path)


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff", b"[" * 100_000, b"[]", b"{}"])
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "world.json"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InvalidValueError) as caught:
        FakeHostway.load(path)
    assert str(caught.value).startswith(f"{path}: ")


@given(place=st.integers(0), byte=st.integers(0, 255))
def test_a_file_with_one_byte_changed_is_the_same_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    with FakeHostway() as fake:
        for number in range(30):
            _do(fake, number)
        path = tmp_path_factory.getbasetemp() / "changed.json"
        dump_file.write(path, fake.to_dict())
        content = bytearray(path.read_bytes())
        content[place % len(content)] = byte
        path.write_bytes(content)
        try:
            loaded = FakeHostway.load(path)
        except HostwayFakeError as refused:
            assert str(refused).startswith(str(path))  # noqa: PT017  # most bytes are refused, not all
        else:
            assert loaded.to_dict() == fake.to_dict()


def test_account_on_a_frozen_clock_can_be_written_down(tmp_path: Path) -> None:
    with freeze_time("2026-01-01"), FakeHostway(clock="follow") as fake:
        fake.add_server().add_snapshot("a")
        fake.save(tmp_path / "world.json")
        with FakeHostway.load(tmp_path / "world.json") as loaded:
            assert loaded.to_dict() == fake.to_dict()


def test_path_that_can_name_no_file_is_refused() -> None:
    with (
        FakeHostway() as fake,
        pytest.raises(WrongTypeError, match=r"path: got '\\ud800', expected the path"),
    ):
        fake.save("\ud800")


@pytest.mark.parametrize("number", range(9))
def test_rule_of_each_kind_is_written_down_and_read_again(number: int) -> None:
    with FakeHostway() as fake:
        _rules(fake, number)
        with FakeHostway.from_dict(fake.to_dict()) as again:
            assert again.to_dict() == fake.to_dict()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_failed_save_removes_its_draft_before_another_process_can_have_it(
    fake: FakeHostway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    unlink, refused = Path.unlink, []

    def watched(path: Path) -> None:
        with path.open("rb") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                refused.append(path.name)
        unlink(path)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "unlink", watched)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(InvalidValueError, match="No space left on device"):
        fake.save(tmp_path / "world.json")
    assert refused == [".world.json.tmp"]
    assert list(tmp_path.iterdir()) == []
