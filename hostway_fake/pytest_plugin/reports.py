"""What is printed and written: the table of evidence, and the story of a test that failed."""

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from shlex import quote

from hostway_fake.fake import FakeHostway

_LABELS = ("documented", "contradicted", "assumed", "ours")


def evidence(relied: Mapping[tuple[str, str, str], int]) -> Iterator[str]:
    """The behaviours, the best founded first, and how many tests relied on each."""
    rows = sorted(relied, key=lambda row: (_LABELS.index(row[1]), row[2], row[0]))
    cells = [("behaviour", "label", "page", "tests"), *((*row, str(relied[row])) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def story(nodeid: str, fake: FakeHostway) -> str:
    """What happened in a test, and the line that runs it again exactly so."""
    seed = fake._worlds.home.settings.seed
    told = str(fake.timeline()) or "nothing happened"
    return f"{told}\n\nto run it again: python -m pytest {quote(nodeid)} --fake-hostway-seed={seed}"


def write(folder: Path, nodeid: str, fake: FakeHostway) -> None:
    """Write the timeline of a test as JSON, into a file that is called as the test is, and as no other."""
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.=-]+", "_", nodeid)[:100]
    digest = blake2b(nodeid.encode(), digest_size=4).hexdigest()
    (folder / f"{name}-{digest}.json").write_text(fake.timeline().to_json(), encoding="utf-8")
