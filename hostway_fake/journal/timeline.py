"""What happened, in the order of the virtual clock: calls, faults, changes of status, moves of the clock."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Final, NamedTuple

from hostway_fake.domain.model import StatusChange
from hostway_fake.journal.calls import Call, printable

_LABELS: Final = {"call": "call", "fault": "fault", "transition": "status", "clock": "clock"}
_STYLES: Final = {"call": "bold", "fault": "red", "transition": "green", "clock": "dim"}
_SUBJECT: Final = 38
"""Columns for what an entry is about."""


class TimelineEntry(NamedTuple):
    """One thing that happened at an instant.

    Attributes:
        at: The instant.
        kind: ``"call"``, ``"fault"``, ``"transition"`` or ``"clock"``.
        subject: The operation of a call, the name of the rule that acted, or the id of what changed its status.
        text: The whole entry as one sentence, with full ids.
        about: The id or the name that a call is about, or the operation on which a rule acted.
        outcome: What the client saw, the new status, or how far the clock moved.
        effect: What a call did to the state.
    """

    at: datetime
    kind: str
    subject: str
    text: str
    about: str = ""
    outcome: str = ""
    effect: str = ""


class Timeline(tuple[TimelineEntry, ...]):
    """Entries, earliest first.

    ``str(timeline)`` is a table of at most 100 columns, with short ids where they are unambiguous. A rich console
    prints it in color.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(line for line, _ in self.lines())

    def __rich__(self) -> str:
        lines = ((line.replace("[", r"\["), style) for line, style in self.lines())
        return "\n".join(f"[{style}]{line}[/]" for line, style in lines)

    def to_json(self) -> str:
        """Return the entries as a JSON list of objects with the fields of `TimelineEntry`."""
        entries = [{**entry._asdict(), "at": entry.at.isoformat()} for entry in self]
        return json.dumps(entries, indent=1)

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield each line of the table with its style, a name that rich knows.

        A line with the date precedes the first entry of each day.
        """
        short = _short_ids({each for entry in self for each in (entry.subject, entry.about)})
        subjects = [_clipped(_subject(entry, short)) for entry in self]
        width = max(map(len, subjects), default=0)
        outcome_width = max((len(entry.outcome) for entry in self), default=0)
        day: date | None = None
        for entry, subject in zip(self, subjects, strict=True):
            if entry.at.date() != day:
                day = entry.at.date()
                yield day.isoformat(), "dim"
            time = f"{entry.at:%H:%M:%S}.{entry.at.microsecond // 1000:03}"
            cells = time, f"{_LABELS[entry.kind]:<6}", f"{subject:<{width}}", f"{entry.outcome:<{outcome_width}}"
            yield "  ".join((*cells, entry.effect)).rstrip(), _STYLES[entry.kind]


def _subject(entry: TimelineEntry, short: Mapping[str, str]) -> str:
    about = short.get(entry.about, entry.about)
    if entry.kind == "call":
        return f"{entry.subject} {about}".strip()
    if entry.kind == "fault":
        return f"{entry.subject} acts on {about or 'no operation'}"
    kind = "snapshot " if entry.subject.startswith("snapshot_") else "server " if entry.subject else ""
    return kind + short.get(entry.subject, entry.subject)


def _short_ids(names: set[str]) -> dict[str, str]:
    """Return a short form of each snapshot, server and volume id, unless two ids have the same short form."""
    by_short = defaultdict(list)
    for name in names:
        separator = "_" if name.startswith(("snapshot_", "hbs")) else "-"
        by_short[name.rpartition(separator)[2]].append(name)
    return {long: short for short, (long, *others) in by_short.items() if short and not others and '"' not in long}


def _clipped(text: str) -> str:
    """Return a text of at most `_SUBJECT` columns."""
    return text if len(text) <= _SUBJECT else f"{text[: _SUBJECT - 3]}..."


def build_timeline(
    calls: Iterable[Call],
    changes: Iterable[StatusChange],
    moves: Iterable[tuple[datetime, datetime]],
) -> Timeline:
    """Return the timeline of calls, changes of status and moves of the clock.

    At the same instant come scheduled changes, then calls, then moves of the clock. A fault stands before the call on
    which it acted, and a change stands after the call that made it.
    """
    placed: list[tuple[tuple[datetime, int, float, int], TimelineEntry]] = []
    for call in calls:
        placed.append(((call.at, 1, call.number, 0), _call_entry(call)))
        if call.rule is not None:
            placed.append(((call.at, 1, call.number, -1), _fault_entry(call, call.rule)))
    placed += (((change.at, *_rank(change), change.order), _change_entry(change)) for change in changes)
    for number, (before, after) in enumerate(moves):
        moved = f"{(after - before).total_seconds():g} s"
        entry = TimelineEntry(before, "clock", "", f"the clock moves by {moved}", outcome=f"+{moved}")
        placed.append(((before, 2, number, 0), entry))
    return Timeline(entry for _, entry in sorted(placed, key=lambda each: each[0]))


def _rank(change: StatusChange) -> tuple[int, float]:
    """Return the place of a change among what happens at the same instant."""
    if change.calls is None:
        return 0, 0
    return 1, change.calls + (1.5 if change.by_call else 0.5)


def _call_entry(call: Call) -> TimelineEntry:
    _, _, text = str(call).split(" ", 2)
    name = f'"{printable(call.name)}"' if call.name is not None and not call.id else ""
    undone = ", rolled back" if call.rolled_back else ""
    about = call.id or name or call.server or "" if call.operation else f"{call.method} {call.target}"
    return TimelineEntry(
        call.at, "call", call.operation or "", text, printable(about), call.client_saw, call.effect + undone
    )


def _fault_entry(call: Call, rule: str) -> TimelineEntry:
    text = f"{rule} acts on {call.operation or 'no operation'}: {call.client_saw}"
    return TimelineEntry(call.at, "fault", rule, text, call.operation or "", call.client_saw)


def _change_entry(change: StatusChange) -> TimelineEntry:
    text = f"{change.subject} is {change.status}"
    return TimelineEntry(change.at, "transition", change.subject, text, outcome=str(change.status))
