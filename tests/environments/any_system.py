"""Tests that run on every system: on Windows, and on Linux with the APIs that Windows lacks removed."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import freezegun
import pytest
import requests
import time_machine

from hostway_fake import FakeClock, FakeHostway

REAL = datetime.now(UTC)


def test_socket(fake_hostway_server: FakeHostway) -> None:
    fake_hostway_server.faults.on("list_zones").reset()
    with fake_hostway_server.session() as session:
        assert session.get(fake_hostway_server.url + "/servers").json() == {"servers": []}
        with pytest.raises(requests.ConnectionError):
            session.get(fake_hostway_server.url + "/zone")


def test_world_is_saved_and_loaded(tmp_path: Path) -> None:
    with FakeHostway() as fake:
        for _ in range(2):
            server = fake.add_server()
            fake.save(tmp_path / "world.json")
    assert FakeHostway.load(tmp_path / "world.json").servers[-1].id == server.id
    assert [path.name for path in tmp_path.iterdir()] == ["world.json"]
    with pytest.raises(ValueError, match="cannot be written"):
        FakeHostway().save(tmp_path / "nowhere" / "world.json")


def test_save_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ValueError, match="No space left on device"):
        FakeHostway().save(tmp_path / "world.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "moved", [lambda: freezegun.freeze_time("2001-01-01"), lambda: time_machine.travel("2001-01-01")]
)
def test_clock_of_the_machine_is_not_moved(moved: Callable[[], AbstractContextManager[Any]]) -> None:
    with FakeHostway(clock="system") as fake, moved():
        assert datetime.now(UTC).year == 2001
        assert abs(fake.clock.now() - REAL) < timedelta(minutes=5)
        clock = FakeClock(rate=10**6)
        before = clock.now()
        while clock.now() == before:
            pass
