"""What a request costs where a world holds much that nobody asks for, and what that takes in memory."""

import gc
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import Final

import requests
from tables import Samples, Table, ratios, rounds, spread, verdict

from hostway_fake import FakeHostway
from hostway_fake.contract.limits import SNAPSHOTS_PER_SERVER

_SIZES: Final = (10, 10_000, 1_000_000)
_TURNS: Final = 30
_KIB: Final = 1024


def filled(size: int) -> FakeHostway:
    """A fake that holds ``size`` snapshots, three to a server, all built."""
    fake = FakeHostway()
    for number in range(-(-size // SNAPSHOTS_PER_SERVER)):
        server = fake.add_server()
        for place in range(min(SNAPSHOTS_PER_SERVER, size - number * SNAPSHOTS_PER_SERVER)):
            server.add_snapshot(str(place))
    return fake


@dataclass(frozen=True, slots=True)
class _Scene:
    fake: FakeHostway
    session: requests.Session
    held: tuple[tuple[str, str], ...]
    """Some of the servers and snapshots that were there from the beginning."""


def _scene(size: int) -> _Scene:
    fake = filled(size)
    servers = fake.servers
    some = servers[:: max(1, len(servers) // _TURNS)]
    return _Scene(fake, fake.session(), tuple((server.id, server.snapshots[0].id) for server in some))


def _timed(turns: list[Callable[[], object]]) -> float:
    """Processor microseconds for each turn."""
    start = process_time()
    for turn in turns:
        turn()
    return (process_time() - start) / len(turns) * 1e6


def _servers(scene: _Scene) -> list[tuple[str, str]]:
    return [scene.held[turn % len(scene.held)] for turn in range(_TURNS)]


def _get(scene: _Scene) -> float:
    urls = [f"{scene.fake.url}/servers/{server}/snapshots/{snapshot}/" for server, snapshot in _servers(scene)]
    return _timed([partial(scene.session.get, url) for url in urls])


def _list(scene: _Scene) -> float:
    urls = [f"{scene.fake.url}/servers/{server}/snapshots" for server, _ in _servers(scene)]
    return _timed([partial(scene.session.get, url) for url in urls])


def _post(scene: _Scene) -> float:
    urls = [f"{scene.fake.url}/servers/{scene.fake.add_server().id}/snapshots" for _ in range(_TURNS)]
    return _timed([partial(scene.session.post, url, json={"snapshot": {"name": "nightly"}}) for url in urls])


def _advance(scene: _Scene) -> float:
    """A step of the clock, then one to the next event."""
    clock = scene.fake.clock
    while clock.advance_to_next():
        pass
    for turn in range(_TURNS):
        scene.fake.builds.next(seconds=10 * (turn + 1))
        scene.fake.add_server().add_snapshot("nightly", "BUILD")

    def step() -> None:
        clock.advance(seconds=1)
        assert clock.advance_to_next() is not None

    return _timed([step] * _TURNS)


_WORK: Final[dict[str, Callable[[_Scene], float]]] = {
    "GET of a snapshot": _get,
    "list of a server": _list,
    "POST of a snapshot": _post,
    "advance, then advance to the next event": _advance,
}


def measure(count: int) -> list[Table]:
    return [_memory(), _times(count)]


def _times(count: int) -> Table:
    scenes = {size: _scene(size) for size in _SIZES[1:]}
    gc.collect()
    table = Table(
        "Scale: time, µs",
        "`fake.session()` against worlds that hold so many built snapshots, three to a server; processor time, the "
        "collector of garbage running. Medians with quartiles, ratios of the same round to the smallest world.",
        ("work", *(f"{size:,}" for size in _SIZES), *(f"{size:,}: ratio" for size in _SIZES[1:])),
    )
    for name, work in _WORK.items():
        small = partial(_in_a_new_world, work, _SIZES[0])
        samples = rounds(count, {_SIZES[0]: small} | {size: partial(work, scene) for size, scene in scenes.items()})
        table.rows.append(_row(name, samples))
    return table


def _in_a_new_world(work: Callable[[_Scene], float], size: int) -> float:
    """In a world made anew, since each round adds to it."""
    return work(_scene(size))


def _row(name: str, samples: dict[int, Samples]) -> tuple[str, ...]:
    smallest = samples[_SIZES[0]]
    times = (spread(samples[size], ".0f") for size in _SIZES)
    return name, *times, *(spread(ratios(samples[size], smallest)) for size in _SIZES[1:])


def _memory() -> Table:
    table = Table(
        "Scale: memory",
        "Growth of the resident memory of a process of its own, for each built snapshot; a third of a server is in it.",
        ("snapshots", "bytes each", "target"),
    )
    for size in _SIZES[1:]:
        command = [sys.executable, __file__, str(size)]
        grown = [int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(2)]
        each = statistics.mean(grown) / size
        table.rows.append((f"{size:,}", f"{each:.0f}", verdict(each, "<", _KIB)))
    return table


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main() -> None:
    """The growth of this process by a world of so many snapshots, for `_memory`."""
    filled(100)
    before = _resident()
    fake = filled(int(sys.argv[1]))
    print(_resident() - before)
    fake.close()


if __name__ == "__main__":
    main()
