"""How a client behaved: queries over the virtual stamps of its calls, each a rule that good clients keep."""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise

from hostway_fake import checks
from hostway_fake.contract.operations import BY_NAME
from hostway_fake.exceptions import MisconductError, invalid
from hostway_fake.journal.calls import Call, Effect

_READS = tuple(name for name, operation in BY_NAME.items() if operation.method == "GET")
_CREATES = {"create_snapshot": ("list_snapshots", "get_snapshot")}
"""By what creates, the reads that show whether it was done."""


class Conduct:
    """The calls of a client, as rules are asserted of them; those that were rolled back play no part.

    What a rule finds raises `hostway_fake.MisconductError`, with the calls in question.
    """

    def __init__(self, calls: Iterable[Call]) -> None:
        self._calls = [call for call in calls if not call.rolled_back]

    def assert_backs_off(self, operation: str, *, jitter: float = 0) -> None:
        """Calls of an operation to one target wait ever longer: none comes at once, or sooner than the one before.

        ``jitter`` is the share by which a wait may be shorter than the one before.
        """
        share = 1 - checks.number("jitter", jitter, 1)
        for target in self._targets(operation):
            waits = [later.at - earlier.at for earlier, later in pairwise(target)]
            for place, wait in enumerate(waits):
                if not wait or (place and wait < waits[place - 1] * share):
                    said = "at once" if not wait else f"after {wait}, which is sooner than {waits[place - 1]} before"
                    raise _wrong(f"{operation} was called again {said}", target[max(place - 1, 0) : place + 2])

    def assert_honours_retry_after(self) -> None:
        """After an answer with ``Retry-After`` the same call comes again no sooner than that."""
        for earlier, later in self._again():
            asked = dict(earlier.answer_headers).get("Retry-After", "") if earlier.client_saw.isdigit() else ""
            wait = later.at - earlier.at
            if asked.isdigit() and wait < timedelta(seconds=int(asked)):
                raise _wrong(f"Retry-After was {asked} s, and the call came again after {wait}", (earlier, later))

    def assert_stops_when_done(self) -> None:
        """What was polled until it was finished is not polled once more, unless the client has changed something."""
        for name in _READS:
            for target in self._targets(name):
                for before, done, again in zip(target, target[1:], target[2:], strict=False):
                    finished = [_is_finished(call) for call in (before, done, again)]
                    if finished == [False, True, True] and not self._has_changed_something(done, again):
                        raise _wrong("it was polled although it was finished", (before, done, again))

    def _has_changed_something(self, since: Call, until: Call) -> bool:
        return any(since.number < call.number < until.number and call.effect is Effect.APPLIED for call in self._calls)

    def assert_max_poll_rate(self, per_seconds: float) -> None:
        """What is not finished is read at most once in so many seconds."""
        least = timedelta(seconds=checks.positive("per_seconds", per_seconds))
        for name in _READS:
            for earlier, later in (pair for target in self._targets(name) for pair in pairwise(target)):
                if _is_finished(earlier) is False and later.at - earlier.at < least:
                    raise _wrong(f"it was polled twice within {later.at - earlier.at}", (earlier, later))

    def assert_no_blind_create_retry(self) -> None:
        """A create of which the client heard nothing, or a 5xx, is not sent again before a look at what there is.

        A 5xx with ``Retry-After`` asks for it to be sent again.
        """
        for earlier, later in self._again():
            reads = _CREATES.get(earlier.operation or "", ())
            if not reads or earlier.name != later.name or _is_answered(earlier):
                continue
            between = self._calls[self._calls.index(earlier) + 1 : self._calls.index(later)]
            if not any(call.operation in reads and call.server == earlier.server for call in between):
                raise _wrong(f"{earlier.operation} was sent again without a look whether it was done", (earlier, later))

    def _targets(self, operation: str) -> Iterator[list[Call]]:
        """The calls of an operation, for each target."""
        if operation not in BY_NAME:
            raise invalid("operation", operation, "one of", BY_NAME)
        targets: dict[str, list[Call]] = {}
        for call in self._calls:
            if call.operation == operation:
                targets.setdefault(call.target, []).append(call)
        yield from targets.values()

    def _again(self) -> Iterator[tuple[Call, Call]]:
        """Each call and the next that asks the same."""
        last: dict[tuple[str, str, bytes], Call] = {}
        for call in self._calls:
            asked = (call.method, call.target, call.body)
            if asked in last:
                yield last[asked], call
            last[asked] = call


def _is_answered(call: Call) -> bool:
    asked_again = any(name == "Retry-After" for name, _ in call.answer_headers)
    return call.client_saw.isdigit() and (not call.client_saw.startswith("5") or asked_again)


def _is_finished(call: Call) -> bool | None:
    """Whether what was read was finished, or None where the answer does not say."""
    if call.client_saw not in ("200", "202"):
        return None
    statuses = [thing["status"] for thing in _things(call.answer) if "status" in thing]
    return not {"BUILD", "PROCESSING"} & set(statuses) if statuses else None


def _things(answer: bytes) -> list[dict[str, str]]:
    """The one thing in an answer, or all in a list."""
    held = json.loads(answer) if answer.startswith(b"{") else {}
    (things,) = held.values() if len(held) == 1 else ([],)
    return [each for each in (things if isinstance(things, list) else [things]) if isinstance(each, dict)]


def _wrong(said: str, calls: Iterable[Call]) -> MisconductError:
    return MisconductError("\n".join((f"{said}:", *(f"  {call}" for call in calls))))
