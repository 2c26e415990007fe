"""How a client behaved: queries over the virtual stamps of its calls, each a rule that good clients keep."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from urllib.parse import parse_qsl

from hostway_fake import checks
from hostway_fake.contract.operations import BY_NAME, SERVER_FILTERS, resolve
from hostway_fake.exceptions import MisconductError, invalid
from hostway_fake.journal.calls import Call, Effect

_READS = tuple(name for name, operation in BY_NAME.items() if operation.method == "GET")
_CREATES = {
    "create_snapshot": ("list_snapshots",),
    "create_server": ("list_servers", "list_servers_detail"),
    "create_volume": ("list_volumes", "list_volumes_detail"),
}
"""By what creates, the reads that show whether it was done: its id is not known."""
_LOOKED = ("200", "202")
_MAYBE = ("delay", "slow_body")
_SHOWN = 10


class Conduct:
    """The calls of a client, as rules are asserted of them; those that were rolled back play no part.

    What a rule finds raises `hostway_fake.MisconductError`, with the calls in question.
    """

    def __init__(self, calls: Iterable[Call]) -> None:
        self._calls = [call for call in calls if not call.rolled_back]
        self._changes = [call.number for call in self._calls if not _is_read(call) and _changes_something(call)]

    def assert_backs_off(self, operation: str, *, jitter: float = 0) -> None:
        """Tries at one thing wait ever longer: none comes at once, or after a shorter wait than the one before, and of
        three waits or more one is longer than the first.

        Tries are calls of an operation that ask the same, up to the answer that ends the trying: what is read is
        finished, or what was asked is done or refused. A read is another thing once the client has changed something.
        A wait that ``Retry-After`` asked for is none of the client's own. ``jitter`` is the share by which a wait may
        be shorter.
        """
        share = 1 - checks.number("jitter", jitter, 1)
        for tries in self._tries(operation):
            before = timedelta(0)
            for place, (earlier, later) in enumerate(pairwise(tries)):
                wait = _wait(earlier, later)
                if _retry_after(earlier) is not None:
                    continue
                if not wait or wait < before * share:
                    said = "at once" if not wait else f"after {wait}, which is sooner than {before} before"
                    raise _wrong(f"{operation} was called again {said}", tries[max(place - 1, 0) : place + 2])
                before = wait
            waits = [_wait(*pair) for pair in pairwise(tries) if _retry_after(pair[0]) is None]
            if len(waits) > 2 and max(waits) <= waits[0] and not jitter:
                raise _wrong(f"{operation} was called again after {waits[0]} each time, and never after more", tries)

    def assert_honours_retry_after(self) -> None:
        """After an answer with ``Retry-After`` the same call comes again no sooner than that."""
        for earlier, later in self._again(_asked):
            asked, wait = _retry_after(earlier), _wait(earlier, later)
            if asked is not None and wait < timedelta(seconds=asked):
                raise _wrong(f"Retry-After was {asked} s, and the call came again after {wait}", (earlier, later))

    def assert_stops_when_done(self) -> None:
        """What was created or polled until it was finished is not polled once more.

        It is if the client has changed something meanwhile, or may have: a lost answer is a reason to look.
        """
        made = {
            thing.get("id"): call for call in self._calls if _is_made(call) for thing in _things(call.response_body)
        }
        for polls in self._polls():
            create = made.get(polls[0][0].id)
            if create is not None and create.number < polls[0][0].number:
                polls = [(create, False), *polls]
            for (before, was), (done, then), (again, still) in zip(polls, polls[1:], polls[2:], strict=False):
                if (was, then, still) == (False, True, True) and not self._has_changed(done, again):
                    raise _wrong("it was polled although it was finished", (before, done, again))

    def _has_changed(self, since: Call, until: Call) -> bool:
        """Whether between two calls the client has changed something, or cannot know that it has not."""
        return bisect_right(self._changes, since.number) < bisect_left(self._changes, until.number)

    def assert_max_poll_rate(self, per_seconds: float) -> None:
        """What is not finished is read in one way at most once in so many seconds."""
        least = timedelta(seconds=checks.positive("per_seconds", per_seconds))
        for polls in self._polls():
            for (earlier, is_finished), (later, _) in pairwise(polls):
                if is_finished is False and later.at - earlier.at < least and not self._has_changed(earlier, later):
                    raise _wrong(f"it was polled twice within {later.at - earlier.at}", (earlier, later))

    def assert_no_blind_create_retry(self) -> None:
        """A create of which the client heard nothing, or a 5xx, is not sent again before a look at what there is.

        It is sent again if it is for the same name, or without one alike. A look counts if it was answered, and would
        show it. A 5xx with ``Retry-After`` asks for it to be sent again, and a connection that was refused carried
        nothing.
        """
        for earlier, later in self._again(_created):
            if not _may_be_done(earlier):
                continue
            between = [call for call in self._calls if earlier.number < call.number < later.number]
            if not any(_shows(look, earlier) for look in between):
                said = f"{earlier.operation} was sent again without a look whether it was done"
                raise _wrong(said, (earlier, *between, later))

    def _asking(self, operation: str) -> Iterator[list[Call]]:
        """The calls of an operation, by what they ask."""
        if checks.text("operation", operation) not in BY_NAME:
            raise invalid("operation", operation, "one of", BY_NAME)
        found: dict[object, list[Call]] = {}
        for call in self._calls:
            if call.operation == operation:
                found.setdefault(_created(call) or _asked(call), []).append(call)
        yield from found.values()

    def _tries(self, operation: str) -> Iterator[list[Call]]:
        """The calls of an operation that ask the same, each time up to the answer that ends the trying."""
        for calls in self._asking(operation):
            tries: list[Call] = []
            for call, is_finished in _known(calls):
                if tries and _is_read(call) and self._has_changed(tries[-1], call):
                    yield tries
                    tries = []
                tries.append(call)
                is_unfinished = _is_read(call) and is_finished is False
                if _is_answered(call) and _retry_after(call) is None and not is_unfinished:
                    yield tries
                    tries = []
            yield tries

    def _polls(self) -> Iterator[list[tuple[Call, bool | None]]]:
        """The reads that ask the same, with whether it was finished as far as the client knew by then."""
        return (_known(calls) for name in _READS for calls in self._asking(name))

    def _again(self, what: Callable[[Call], object]) -> Iterator[tuple[Call, Call]]:
        """Each call and the next that asks the same, which is None for calls that play no part."""
        last: dict[object, Call] = {}
        for call in self._calls:
            asked = what(call)
            if asked is not None and asked in last:
                yield last[asked], call
            last[asked] = call


def _is_made(call: Call) -> bool:
    """Whether the client was told that what it creates is not finished yet."""
    return call.operation in _CREATES and _is_finished(call) is False


def _target(call: Call) -> object:
    """What a call is sent to, however its path is spelled."""
    match = resolve(call.target)
    if match is None:
        return call.target
    asked = dict(parse_qsl(call.target.partition("?")[2]))
    filters = tuple(map(asked.get, SERVER_FILTERS)) if (call.operation or "").startswith("list_servers") else ()
    return call.operation, *match.arguments.values(), *filters


def _asked(call: Call) -> object:
    """All that a call asks for; a look with ``HEAD`` is one."""
    return "GET" if call.method == "HEAD" else call.method, _target(call), _content(call.body)


def _created(call: Call) -> object:
    """What a create makes."""
    return (_target(call), call.name or _content(call.body)) if call.operation in _CREATES else None


def _content(body: bytes) -> str | bytes:
    """What a body says, however it is written."""
    try:
        return json.dumps(json.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        return body


def _shows(look: Call, create: Call) -> bool:
    """Whether a call shows what a create has made, as far as its client can tell."""
    if look.operation not in _CREATES[create.operation or ""] or look.method != "GET" or look.server != create.server:
        return False
    asked = dict(parse_qsl(look.target.partition("?")[2]))
    would_show = asked.get("name", create.name) == create.name and asked.get("status", "BUILD") in ("BUILD", "ACTIVE")
    return look.client_saw in _LOOKED and (would_show or not look.operation.startswith("list_servers"))


def _wait(earlier: Call, later: Call) -> timedelta:
    """For how long a client waited, from what came of a call until the next."""
    return later.at - earlier.responded_at


def _is_read(call: Call) -> bool:
    return call.method in ("GET", "HEAD")


def _is_answered(call: Call) -> bool:
    """Whether the client knows what came of a call; an answer in real time may have been waited for."""
    return (call.client_saw.isdigit() and not call.client_saw.startswith("5")) or call.client_saw in _MAYBE


def _changes_something(call: Call) -> bool:
    return call.effect is Effect.APPLIED or not _is_answered(call)


def _retry_after(call: Call) -> int | None:
    """For how many seconds an answer that was seen asks to wait."""
    asked = dict(call.response_headers).get("Retry-After", "") if call.client_saw.isdigit() else ""
    return int(asked) if asked.isdigit() else None


def _may_be_done(call: Call) -> bool:
    """Whether the client cannot know that a create was not carried out, and was not asked to send it again."""
    asked_again = _retry_after(call) is not None
    return not (_is_answered(call) or asked_again or call.client_saw == "unavailable" or call.raised)


def _known(calls: Iterable[Call]) -> list[tuple[Call, bool | None]]:
    """Reads, each with whether it was finished as far as the client knew by then."""
    found: list[tuple[Call, bool | None]] = []
    known = None
    for call in calls:
        said = _is_finished(call)
        known = known if said is None else said
        found.append((call, known))
    return found


def _is_finished(call: Call) -> bool | None:
    """Whether what was read was finished, or None where the answer does not say."""
    if call.client_saw not in ("200", "202"):
        return None
    statuses = [thing["status"] for thing in _things(call.response_body) if "status" in thing]
    return not {"BUILD", "PROCESSING"} & set(statuses) if statuses else None


def _things(response_body: bytes) -> list[dict[str, str]]:
    """The one thing in an answer, or all in a list."""
    held = json.loads(response_body) if response_body.startswith(b"{") else {}
    (things,) = held.values() if len(held) == 1 else ([],)
    return [each for each in (things if isinstance(things, list) else [things]) if isinstance(each, dict)]


def _wrong(said: str, calls: Sequence[Call]) -> MisconductError:
    lines = [f"  {call}" for call in calls]
    if len(lines) > _SHOWN:
        lines[_SHOWN // 2 : -_SHOWN // 2] = [f"  ... {len(lines) - _SHOWN} more ..."]
    return MisconductError("\n".join((f"{said}:", *lines)))
