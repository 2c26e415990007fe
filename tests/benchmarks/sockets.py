"""On a real socket: many connections at once, one kept connection, and how fast a server starts and stops."""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

import requests
from serving import KINDS, JsonPath
from tables import Samples, Table, ratios, rounds, spread, verdict

_MINE: Final = "hostway_fake"
_PEER: Final = "pytest-httpserver"
_CONNECTIONS: Final = 16
_KEPT: Final = 200
_SECONDS: Final = 1


@contextmanager
def _served(kind: str) -> Iterator[JsonPath]:
    """A server in a process of its own, so that it shares no interpreter lock with its client."""
    command = [sys.executable, str(Path(__file__).with_name("serving.py")), kind]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield JsonPath(**json.loads(process.stdout.readline()))
        finally:
            process.kill()


def _by_wrk(place: JsonPath) -> float:
    """Answers a second at 16 connections."""
    credentials = f"Authorization: {place.authorization}"
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{_SECONDS}s", "-H", credentials, place.url]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in report:
        raise RuntimeError(report)
    found = re.search(r"Requests/sec:\s*([0-9.]+)", report)
    assert found, report
    return float(found[1])


def _by_threads(place: JsonPath) -> float:
    """Answers a second at 16 connections where there is no wrk; the client is the slower side then."""
    ends = perf_counter() + _SECONDS

    def ask(_: int) -> int:
        answers = 0
        with requests.Session() as session:
            while perf_counter() < ends:
                _get(session, place)
                answers += 1
        return answers

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        return sum(pool.map(ask, range(_CONNECTIONS))) / _SECONDS


def _get(session: requests.Session, place: JsonPath) -> None:
    answer = session.get(place.url, headers={"Authorization": place.authorization})
    assert answer.json()["snapshot"]["status"] == "ACTIVE"


def _kept(session: requests.Session, place: JsonPath) -> float:
    """Microseconds for each request of one session."""
    start = perf_counter()
    for _ in range(_KEPT):
        _get(session, place)
    return (perf_counter() - start) / _KEPT * 1e6


def _life(kind: str, connections: int) -> tuple[float, float]:
    """Milliseconds from the start of a new server to its first answer, and of its stop."""
    with ExitStack() as clients:
        start = perf_counter()
        server = KINDS[kind]()
        place = server.__enter__()
        answered = _ask(clients, place)
        started = perf_counter() - start
        for _ in range(connections - 1):
            answered = _ask(clients, place)
        assert answered == 200
        start = perf_counter()
        server.__exit__(None, None, None)
        return started * 1e3, (perf_counter() - start) * 1e3


def _ask(clients: ExitStack, place: JsonPath) -> int:
    """One request on a connection that stays open."""
    parts = urlsplit(place.url)
    connection = HTTPConnection(parts.netloc)
    clients.callback(connection.close)
    connection.request("GET", parts.path, headers={"Authorization": place.authorization})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _processor(place: JsonPath) -> float:
    """Seconds that the server has computed."""
    fields = Path(f"/proc/{place.process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _loaded(many: Callable[[JsonPath], float], place: JsonPath) -> tuple[float, float]:
    """Answers a second, and microseconds that the server computes for each."""
    before = _processor(place)
    rate = many(place)
    return rate, (_processor(place) - before) / rate / _SECONDS * 1e6


def measure(count: int) -> list[Table]:
    return [_throughput(count), _lives(count)]


def _throughput(count: int) -> Table:
    many = _by_wrk if shutil.which("wrk") else _by_threads
    with ExitStack() as stack:
        places = {kind: stack.enter_context(_served(kind)) for kind in KINDS}
        session = stack.enter_context(requests.Session())
        loads = rounds(count, {kind: partial(_loaded, many, place) for kind, place in places.items()})
        kept = rounds(count, {kind: partial(_kept, session, place) for kind, place in places.items()})
    rate, computed = ({kind: [pair[place] for pair in loads[kind]] for kind in KINDS} for place in (0, 1))
    table = Table(
        "On a socket",
        f"The server has a process of its own. Answers a second at {_CONNECTIONS} connections"
        f"{', asked by wrk' if many is _by_wrk else ''}, what the server computes for each, and the time of a request "
        "of one `requests` session, which keeps its connection if the server does. Medians with quartiles; ratios are "
        "of the same round, to hostway_fake.",
        ("contestant", "answers/s", "ratio", "µs computed", "ratio", "µs, one session", "ratio", "target"),
    )
    for kind in KINDS:
        cells = (cell for samples in (rate, computed, kept) for cell in _pair(samples, kind))
        table.rows.append((kind, *cells, _targets(rate, kept) if kind == _MINE else ""))
    return table


def _targets(rate: Mapping[str, Samples], kept: Mapping[str, Samples]) -> str:
    """Against the peer as it comes."""
    faster = statistics.median(ratios(rate[_MINE], rate[_PEER]))
    quicker = statistics.median(ratios(kept[_MINE], kept[_PEER]))
    return f"{verdict(faster, '>=', 1.25, ' times')} ({faster:.2f}); {verdict(quicker, '<', 1)} ({quicker:.2f})"


def _pair(samples: Mapping[str, Samples], kind: str) -> tuple[str, str]:
    return spread(samples[kind], ".0f"), spread(ratios(samples[kind], samples[_MINE]))


def _lives(count: int) -> Table:
    contestants = [(kind, connections) for kind in KINDS for connections in (1, _CONNECTIONS)]
    lives = rounds(count, {contestant: partial(_life, *contestant) for contestant in contestants})
    table = Table(
        "Start and stop of a server",
        "In the process that asks. Start: from nothing (the fake, its Flask application, its socket) to the first "
        "answer. Medians with quartiles.",
        ("contestant", "connections open at the stop", "start, ms", "stop, ms", "target"),
    )
    for (kind, connections), pairs in lives.items():
        starts, stops = ([pair[place] for pair in pairs] for place in (0, 1))
        target = f"{verdict(statistics.median(starts), '<', 5)}; {verdict(statistics.median(stops), '<', 2)}"
        row = (kind, str(connections), spread(starts), spread(stops), target if kind == _MINE else "")
        table.rows.append(row)
    return table
