"""What happens while another thread is inside a call: a fork, a reset, a poll."""

import multiprocessing
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Barrier, BrokenBarrierError, Thread
from weakref import WeakSet

import pytest

from hostway_fake import START, FakeHostway, forks
from hostway_fake.domain import lifecycle
from hostway_fake.domain.model import Server
from hostway_fake.world import UpcomingEvent


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
        world = fake.account.world
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
        journal = fake.account.world.journal
        before = journal._lock
        monkeypatch.setattr(forks, "_OWNERS", WeakSet([journal]))
        forks._renew_locks()
        assert journal._lock is not before
        assert not journal._lock.locked()


def test_reset_inside_a_read_does_not_break_the_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeHostway() as fake:
        server = fake.add_server()
        server.add_snapshot("a", status="BUILD")
        fake.clock.advance(hours=1)
        fold, resetting = lifecycle.fold, Thread(target=fake.reset)

        def reset_meanwhile(server: Server, now: datetime) -> object:
            monkeypatch.setattr(lifecycle, "fold", fold)
            resetting.start()
            return fold(server, now)

        monkeypatch.setattr(lifecycle, "fold", reset_meanwhile)
        assert fake.account.world.any_server(server.id).id == server.id
        resetting.join()
        assert fake.servers == ()


def test_pollers_together_do_not_pass_the_next_event(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeHostway(poll_step=50, build_seconds=60) as fake:
        world = fake.account.world
        fake.add_server().add_snapshot("a", status="BUILD")
        together = Barrier(2, timeout=10)
        next_event = world.next_event

        def meet() -> UpcomingEvent | None:
            with suppress(BrokenBarrierError):
                together.wait(0.05)
            return next_event()

        monkeypatch.setattr(world, "next_event", meet)
        threads = [Thread(target=world.record_poll, args=("/", START + timedelta(seconds=60))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert fake.clock.now() == START + timedelta(seconds=60)


def test_list_of_attachments_survives_a_volume_that_is_deleted_meanwhile() -> None:
    with FakeHostway() as fake:
        world, server = fake.account.world, fake.add_server()
        kept, deleted = server.attach_volume(), server.attach_volume()
        read = world.server(server.id)
        world.detach_volume(server.id, deleted)
        world.delete_volume(deleted)

        assert [volume.id for volume in world.attached_volumes(read)] == [kept]
