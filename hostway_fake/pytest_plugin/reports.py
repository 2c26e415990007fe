"""What is printed and written: the table of evidence, and the story of a test that failed."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from os.path import relpath
from pathlib import Path
from shlex import quote

import pytest

from hostway_fake.journal.timeline import Timeline
from hostway_fake.pytest_plugin.watch import WatchedFake

_LABELS = ("documented", "contradicted", "assumed", "ours")


def evidence(relied: Mapping[tuple[str, str, str], int]) -> Iterator[str]:
    """The behaviours, the best founded first, and how many tests relied on each."""
    rows = sorted(relied, key=lambda row: (_LABELS.index(row[1]), row[2], row[0]))
    cells = [("behaviour", "label", "page", "tests"), *((*row, str(relied[row])) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def story(item: pytest.Item, watched: Sequence[WatchedFake]) -> str:
    """What happened in a test, account by account, and the line that runs it again exactly so."""
    told, seeds, shared = [], set(), []
    for each in watched:
        for account, timeline in each.timelines():
            is_fixture = bool(each.name) and account is each.fake.account
            seeds.add(account.world.settings.seed)
            if timeline or is_fixture:
                head = [] if is_fixture else [f"{account.name}:"]
                told.append("\n".join((*head, *(_lines(timeline) or ["nothing happened"]))))
                shared += [account.name] if each.is_shared else []
    again = [f"to run it again: {' '.join(_command(item, seeds))}"]
    again += [f"(tests before it have used {', '.join(shared)} too; they are not run again)"] if shared else []
    return "\n\n".join((*_unreached(watched), *(told or ["nothing happened"]), "\n".join(again)))


def _unreached(watched: Sequence[WatchedFake]) -> Iterator[str]:
    """Say how a client reaches a fake that no request has reached."""
    if not any(each.was_called for each in watched):
        yield (
            f"No request reached this fake. {watched[0].fake.url} leads to it in this process only: pass "
            "fake.session() to the code under test, call fake.mount(session), or use fake.intercept(). The fixture "
            "fake_hostway_server has a URL for any client."
        )


def _lines(timeline: Timeline) -> list[str]:
    """The lines of a timeline; of many that are the same, the first."""
    lines = []
    for line, same in groupby(map(str, timeline)):
        more = sum(1 for _ in same) - 1
        lines += [line, f"... {more} more like it ..."] if more > 1 else [line] * (more + 1)
    return lines


def _command(item: pytest.Item, seeds: Collection[int]) -> Iterator[str]:
    """What runs a test again; fakes with several seeds have them from the test itself."""
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
    """A text quoted for a shell, without a line break in it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"$'{escaped}'" if "\n" in text else quote(text)


def write(folder: Path, nodeid: str, watched: Iterable[WatchedFake]) -> str:
    """Write the timelines of a test as JSON, into a file that is called as the test is, and as no other.

    What is returned is why that could not be done, if it could not.
    """
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
