"""The table of evidence, and the report of a failed test."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from os.path import relpath
from pathlib import Path
from shlex import quote
from typing import Final

import pytest

from hostway_fake.exceptions import RealSleepWarning
from hostway_fake.journal.timeline import Timeline
from hostway_fake.pytest_plugin.stash import LOOKUPS
from hostway_fake.pytest_plugin.watch import WatchedFake

_SLEEP: Final = 1.0
"""Seconds of real time from which a warning is raised."""
_MARKUP: Final = {"bold": "bold", "red": "red", "green": "green", "dim": "light"}
"""The markup of pytest's terminal writer for the styles of a timeline."""
_LABELS = ("documented", "contradicted", "assumed", "ours")


def evidence(relied: Mapping[tuple[str, str, str], int]) -> Iterator[str]:
    """Yield the table of behaviors, the best documented first, with how many tests relied on each."""
    rows = sorted(relied, key=lambda row: (_LABELS.index(row[1]), row[2], row[0]))
    cells = [("behavior", "label", "page", "tests"), *((*row, str(relied[row])) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def story(item: pytest.Item, watched: Sequence[WatchedFake]) -> str:
    """Return hints, the timeline of each account, and the command that runs the test again."""
    timelines, seeds, shared = [], set(), []
    for each in watched:
        for account, timeline in each.timelines():
            is_fixture = bool(each.name) and account is each.fake.account
            seeds.add(account.world.settings.seed)
            if timeline or is_fixture:
                head = [] if is_fixture else [f"{account.name}:"]
                timelines.append("\n".join((*head, *(_lines(timeline, item.config) or ["nothing happened"]))))
                shared += [account.name] if each.is_shared else []
    again = [f"to run it again: {' '.join(_command(item, seeds))}"]
    again += [f"(earlier tests have used {', '.join(shared)} too; they are not run again)"] if shared else []
    hints = (*_unreached(item.config, watched), *_stalled(watched))
    return "\n\n".join((*hints, *(timelines or ["nothing happened"]), "\n".join(again)))


def _unreached(config: pytest.Config, watched: Sequence[WatchedFake]) -> Iterator[str]:
    """Yield how a client reaches a fake that no request has reached."""
    if any(each.was_called for each in watched):
        return
    url = watched[0].fake.url
    attempts = "\n".join(dict.fromkeys(config.stash[LOOKUPS].noted)) if LOOKUPS in config.stash else ""
    yield (
        f"No request reached this fake. {url} leads to it in this process only: pass fake.session() to the code under "
        "test, call fake.mount(session), or use fake.intercept(). The fixture fake_hostway_server has a URL for any "
        "client." + (f"\n{attempts}" if attempts else "")
    )


def _stalled(watched: Sequence[WatchedFake]) -> Iterator[str]:
    """Yield how to move the clock that stood while a client polled."""
    for each in watched:
        for account in each.fake.account.accounts():
            stalled = account.world.stalled_polls()
            if stalled is not None:
                yield stalled.message


def warn_of_real_sleep(item: pytest.Item, watched: Sequence[WatchedFake]) -> None:
    """Warn if the client of a test that passed has slept in real time between polls, while the clock stood."""
    for each in watched:
        for account in each.fake.account.accounts():
            stalled = account.world.stalled_polls()
            if stalled is not None and stalled.real_seconds > _SLEEP:
                slept = f"the client slept {stalled.real_seconds:.1f} s in real time between polls. "
                item.warn(RealSleepWarning(slept + stalled.message))


def _lines(timeline: Timeline, config: pytest.Config) -> list[str]:
    """Return the lines of a timeline, in color on a terminal. Of many equal lines, return the first."""
    lines = []
    writer = config.get_terminal_writer()
    for (line, style), same in groupby(timeline.lines()):
        more = sum(1 for _ in same) - 1
        line = writer.markup(line, **{_MARKUP[style]: True})
        lines += [line, f"... {more} more like it ..."] if more > 1 else [line] * (more + 1)
    return lines


def _command(item: pytest.Item, seeds: Collection[int]) -> Iterator[str]:
    """Yield the parts of the command that runs a test again. The seed is given if all fakes have the same."""
    config = item.config
    _, *names = item.nodeid.split("::", 1)
    nodeid = "::".join((relpath(item.path, config.invocation_params.dir), *names))
    yield f"python -m pytest {quote(nodeid)}"
    if isinstance(item, pytest.DoctestItem):
        yield from ["--doctest-modules"] if config.option.doctestmodules else []
        yield from (f"--doctest-glob={quote(pattern)}" for pattern in config.option.doctestglob)
    if config.option.inifilename:
        yield f"-c {quote(str(config.option.inifilename))}"
    for override in config.option.override_ini or ():
        if override.startswith("fake_hostway_"):
            yield f"-o {_on_one_line(override)}"
    if len(seeds) == 1:
        yield f"--fake-hostway-seed={min(seeds)}"
    if isinstance(getattr(config.option, "randomly_seed", None), int):
        yield f"--randomly-seed={config.option.randomly_seed}"


def _on_one_line(text: str) -> str:
    """Return a text quoted for a shell, on one line."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"$'{escaped}'" if "\n" in text else quote(text)


def write(folder: Path, nodeid: str, watched: Iterable[WatchedFake]) -> str:
    """Write the timelines of a test to a JSON file with a name of its own. Return why that failed, or nothing."""
    moments = [
        {"account": account.name, **moment}
        for each in watched
        for account, timeline in each.timelines()
        for moment in json.loads(timeline.to_json())
    ]
    name = re.sub(r"[^\w.=-]+", "_", nodeid)[:100]
    digest = blake2b(nodeid.encode(), digest_size=4).hexdigest()
    try:
        (folder / f"{name}-{digest}.json").write_text(json.dumps(moments, indent=1), encoding="utf-8")
    except OSError as error:
        return f"the timeline could not be written: {error}"
    return ""
