"""What happened, in the order of the virtual clock: calls, faults, changes of status, moves of the clock."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from hostway_fake.domain.model import StatusChange
from hostway_fake.journal.calls import Call


class TimelineEntry(NamedTuple):
    """One thing that happened at an instant.

    ``kind`` is ``"call"``, ``"fault"``, ``"transition"`` or ``"clock"``; ``subject`` is the operation of a call, the
    name of the rule that acted on it, or the id of what changed its status; ``text`` is the line without its instant.
    """

    at: datetime
    kind: str
    subject: str
    text: str

    def __str__(self) -> str:
        at = self.at.isoformat(" ", "milliseconds").removesuffix("+00:00")
        return f"{at} {self.text}"


class Timeline(tuple[TimelineEntry, ...]):
    """Moments, soonest first; as text one a line, and as JSON a list of objects."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    def to_json(self) -> str:
        """The same for machines: ``at``, ``kind``, ``subject`` and ``text`` of each."""
        moments = [{**moment._asdict(), "at": moment.at.isoformat()} for moment in self]
        return json.dumps(moments, indent=1)


def build_timeline(
    calls: Iterable[Call],
    changes: Iterable[StatusChange],
    moves: Iterable[tuple[datetime, datetime]],
) -> Timeline:
    """Put in order what time brought, then what calls did, each with the call after it, then how the clock moved on."""
    placed: list[tuple[tuple[datetime, int, float, int], TimelineEntry]] = []
    for call in calls:
        _, _, text = str(call).split(" ", 2)
        placed.append(((call.at, 1, call.number, 0), TimelineEntry(call.at, "call", call.operation or "", text)))
        if call.rule is not None:
            said = f"{call.rule} acts on {call.operation or 'no operation'}: {call.client_saw}"
            placed.append(((call.at, 1, call.number, 1), TimelineEntry(call.at, "fault", call.rule, said)))
    for change in changes:
        entry = TimelineEntry(change.at, "transition", change.subject, f"{change.subject} is {change.status}")
        rank, after = (0, 0.0) if change.calls is None else (1, change.calls + 0.5)
        placed.append(((change.at, rank, after, change.order), entry))
    for number, (before, after_it) in enumerate(moves):
        seconds = (after_it - before).total_seconds()
        placed.append(((before, 2, number, 0), TimelineEntry(before, "clock", "", f"the clock moves by {seconds:g} s")))
    return Timeline(moment for _, moment in sorted(placed, key=lambda each: each[0]))
