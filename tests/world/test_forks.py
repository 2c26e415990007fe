"""A process that is forked while another thread is inside a call."""

import multiprocessing
import sys
from weakref import WeakSet

import pytest

from hostway_fake import FakeHostway, forks


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_process_is_not_held_up_by_locks_that_were_held() -> None:
    def use(fake: FakeHostway) -> None:
        fake.clock.advance(1)
        fake.faults.on("list_servers").first(1).respond(503)
        with fake.session() as session:
            session.get(f"{fake.url}/servers")
            session.get(f"{fake.url}/servers")
        assert len(fake.calls) == 2

    with FakeHostway() as fake:
        world = fake._worlds.home
        held = [world._lock, world.journal._lock, world._polls._lock, world.rulebook._lock]
        for lock in held:
            lock.acquire()
        process = multiprocessing.get_context("fork").Process(target=use, args=(fake,))
        process.start()
        for lock in held:
            lock.release()
        process.join(30)
        assert process.exitcode == 0


def test_locks_are_fresh_after_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeHostway() as fake:
        journal = fake._worlds.home.journal
        before = journal._lock
        monkeypatch.setattr(forks, "_OWNERS", WeakSet([journal]))
        forks._renew_locks()
        assert journal._lock is not before
        assert not journal._lock.locked()
