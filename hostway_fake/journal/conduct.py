"""How a client behaved: assertions over its calls, each a rule that good clients follow.

Theory of operation. The journal has the request and the response of each call, and the instants at which the request
arrived and the client knew the result. From these, the functions below derive what the client knew at each moment.
"""

import json
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from math import ceil
from urllib.parse import parse_qsl

from hostway_fake import checks
from hostway_fake.contract.operations import BY_NAME, SERVER_FILTERS, resolve
from hostway_fake.exceptions import MisconductError, invalid
from hostway_fake.journal.calls import UNREACHED, Call, Effect

_READS = tuple(name for name, operation in BY_NAME.items() if operation.method == "GET")
_CREATES = {
    "create_snapshot": ("list_snapshots",),
    "create_server": ("list_servers", "list_servers_detail"),
    "create_volume": ("list_volumes", "list_volumes_detail"),
}
"""For each create, the lists that show whether it was done. The client does not know the id."""
_LOOKED = ("200", "202")
_MAYBE = ("delay", "slow_body")
_SHOWN = 10


class Conduct:
    """Assertions about how a client behaved, over the virtual times of its calls.

    Calls that a savepoint has rolled back are ignored. An assertion fails if the calls that it judges never happened;
    ``allow_none=True`` lets it pass then.
    """

    def __init__(self, calls: Iterable[Call]) -> None:
        self._calls = [call for call in calls if not call.rolled_back]
        self._changes = [call.number for call in self._calls if not _is_read(call) and _changes_something(call)]

    def assert_backs_off(self, operation: str, *, jitter: float = 0, allow_none: bool = False) -> None:
        """Assert that retries of the same request back off.

        No retry follows at once. No wait is shorter than the one before. With three or more waits and no ``jitter``, at
        least one is longer than the first. Retries are calls of an operation with the same content, until the
        resource that it reads is finished, or its request is done or refused. Waits after a response with
        ``Retry-After`` are not checked.

        Args:
            operation: The name of the operation.
            jitter: The share, from 0 to 1, by which a wait may be shorter than the one before.
            allow_none: Whether to pass if the operation was never called.

        Raises:
            MisconductError: If the client does not back off. The message has the calls.
        """
        share = 1 - checks.number("jitter", jitter, 1)
        _check_operation(operation)
        judged = [call for call in self._calls if call.operation == operation]
        self._expect(judged, f"{operation} was never called", allow_none)
        for tries in self._tries(operation):
            before = timedelta(0)
            for index, (earlier, later) in enumerate(pairwise(tries)):
                wait = _wait(earlier, later)
                if _retry_after(earlier) is not None:
                    continue
                if not wait or wait < before * share:
                    when = "at once" if not wait else f"after {wait}, which is less than the {before} before"
                    raise _wrong(f"{operation} was called again {when}", tries[max(index - 1, 0) : index + 2])
                before = wait
            waits = [_wait(*pair) for pair in pairwise(tries) if _retry_after(pair[0]) is None]
            if len(waits) > 2 and max(waits) <= waits[0] and not jitter:
                raise _wrong(
                    f"{operation} was called again after {waits[0]} each time: the wait never increased", tries
                )

    def assert_honors_retry_after(self, *, allow_none: bool = False) -> None:
        """Assert that the client does not repeat a request before the time of ``Retry-After``.

        Args:
            allow_none: Whether to pass if no response had ``Retry-After``.

        Raises:
            MisconductError: If a request was sent too early. The message has the calls.
        """
        asked_to_wait = [call for call in self._calls if _retry_after(call) is not None]
        self._expect(asked_to_wait, "no response had Retry-After", allow_none)
        for earlier, later in self._again(_asked):
            seconds, wait = _retry_after(earlier), _wait(earlier, later)
            if seconds is not None and wait < timedelta(seconds=seconds):
                raise _wrong(
                    f"Retry-After was {seconds} s, and the request was sent again after {wait}", (earlier, later)
                )

    def assert_stops_when_done(self, *, allow_none: bool = False) -> None:
        """Assert that the client stops polling after it has seen a resource become finished.

        Another read is accepted after a change by the client, and after a request whose response was lost.

        Args:
            allow_none: Whether to pass if nothing was polled.

        Raises:
            MisconductError: If the client polled once more. The message has the calls.
        """
        self._expect([call for call in self._calls if call.operation in _READS], "nothing was read", allow_none)
        made = {
            thing.get("id"): call for call in self._calls if _is_made(call) for thing in _things(call.response_body)
        }
        for polls in self._polls():
            create = made.get(polls[0][0].id)
            if create is not None and create.number < polls[0][0].number:
                polls = [(create, False), *polls]
            for (before, was), (done, then), (again, still) in zip(polls, polls[1:], polls[2:], strict=False):
                if (was, then, still) == (False, True, True) and not self._has_changed(done, again):
                    raise _wrong("a resource was polled although it was finished", (before, done, again))

    def assert_max_poll_rate(self, per_seconds: float, *, allow_none: bool = False) -> None:
        """Assert that polls of an unfinished resource are at least ``per_seconds`` apart.

        An earlier poll is accepted after a change by the client, and after a request whose response was lost.

        Args:
            per_seconds: The shortest time between two polls, in seconds.
            allow_none: Whether to pass if nothing was polled.

        Raises:
            MisconductError: If two polls follow each other faster. The message has the calls.
        """
        least = timedelta(seconds=checks.positive("per_seconds", per_seconds))
        self._expect([call for call in self._calls if call.operation in _READS], "nothing was read", allow_none)
        for polls in self._polls():
            for (earlier, is_finished), (later, _) in pairwise(polls):
                if is_finished is False and later.at - earlier.at < least and not self._has_changed(earlier, later):
                    raise _wrong(f"a resource was polled twice within {later.at - earlier.at}", (earlier, later))

    def assert_no_blind_create_retry(self, *, allow_none: bool = False) -> None:
        """Assert that the client checks before it repeats a create whose result it does not know.

        The result is unknown after a lost response or a 5xx. It is known if the 5xx has ``Retry-After``, or if the
        request did not reach the service. A repeated create has the same name, or no name and the same content. A
        check is a successful list request that would contain the new resource.

        Args:
            allow_none: Whether to pass if nothing was created.

        Raises:
            MisconductError: If a create was repeated blindly. The message has the calls.
        """
        self._expect([call for call in self._calls if call.operation in _CREATES], "nothing was created", allow_none)
        for earlier, later in self._again(_created):
            if not _may_be_done(earlier):
                continue
            between = [call for call in self._calls if earlier.number < call.number < later.number]
            if not any(_shows(look, earlier) for look in between):
                message = f"{earlier.operation} was repeated without checking whether the first one had succeeded"
                raise _wrong(message, (earlier, *between, later))

    def _expect(self, judged: list[Call], nothing: str, allow_none: bool) -> None:
        """Raise an error if there are no calls to judge. ``nothing`` says what is missing."""
        if checks.flag("allow_none", allow_none) or judged:
            return
        counts = Counter(call.operation or "no operation" for call in self._calls)
        made = ", ".join(f"{name} {_times(count)}" for name, count in counts.most_common(_SHOWN))
        raise MisconductError(
            f"{nothing}, so there are no calls to check. Calls: {made or 'none'}. "
            "Pass allow_none=True if that is expected."
        )

    def _has_changed(self, since: Call, until: Call) -> bool:
        """Tell whether between two calls the client has changed something, or cannot know that it has not."""
        return bisect_right(self._changes, since.number) < bisect_left(self._changes, until.number)

    def _asking(self, operation: str) -> Iterator[list[Call]]:
        """Yield the calls of an operation, grouped by target and content."""
        found: dict[object, list[Call]] = {}
        for call in self._calls:
            if call.operation == operation:
                found.setdefault(_created(call) or _asked(call), []).append(call)
        yield from found.values()

    def _tries(self, operation: str) -> Iterator[list[Call]]:
        """Yield the retries of each request, up to the response that ends them."""
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
        """Yield the reads of each target, with whether the client knew that the resource was finished."""
        return (_known(calls) for name in _READS for calls in self._asking(name))

    def _again(self, what: Callable[[Call], object]) -> Iterator[tuple[Call, Call]]:
        """Yield each call with the next one of the same kind. ``what`` returns the kind, or None to skip a call."""
        last: dict[object, Call] = {}
        for call in self._calls:
            asked = what(call)
            if asked is not None and asked in last:
                yield last[asked], call
            last[asked] = call


def _check_operation(operation: object) -> None:
    if checks.text("operation", operation) not in BY_NAME:
        raise invalid("operation", operation, "one of", BY_NAME)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _is_made(call: Call) -> bool:
    """Tell whether a call is a create whose response shows an unfinished resource."""
    return call.operation in _CREATES and _is_finished(call) is False


def _target(call: Call) -> object:
    """Return the target of a call, independent of how its path is spelled."""
    match = resolve(call.target)
    if match is None:
        return call.target
    asked = dict(parse_qsl(call.target.partition("?")[2]))
    filters = tuple(map(asked.get, SERVER_FILTERS)) if (call.operation or "").startswith("list_servers") else ()
    return call.operation, *match.arguments.values(), *filters


def _asked(call: Call) -> object:
    """Return the method, target and content of a call. ``HEAD`` counts as ``GET``."""
    return "GET" if call.method == "HEAD" else call.method, _target(call), _content(call.body)


def _created(call: Call) -> object:
    """Return what a create makes, or None for other calls."""
    return (_target(call), call.name or _content(call.body)) if call.operation in _CREATES else None


def _content(body: bytes) -> str | bytes:
    """Return the content of a body, independent of the formatting of JSON."""
    try:
        return json.dumps(json.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        return body


def _shows(look: Call, create: Call) -> bool:
    """Tell whether a read would show what a create has made."""
    if look.operation not in _CREATES[create.operation or ""] or look.method != "GET" or look.server != create.server:
        return False
    asked = dict(parse_qsl(look.target.partition("?")[2]))
    would_show = asked.get("name", create.name) == create.name and asked.get("status", "BUILD") in ("BUILD", "ACTIVE")
    return look.client_saw in _LOOKED and (would_show or not look.operation.startswith("list_servers"))


def _wait(earlier: Call, later: Call) -> timedelta:
    """Return how long the client waited between the result of a call and the next call."""
    return later.at - earlier.responded_at


def _is_read(call: Call) -> bool:
    return call.method in ("GET", "HEAD")


def _is_answered(call: Call) -> bool:
    """Tell whether the client knows the result of a call."""
    return (call.client_saw.isdigit() and not call.client_saw.startswith("5")) or call.client_saw in _MAYBE


def _changes_something(call: Call) -> bool:
    return call.effect is Effect.APPLIED or not _is_answered(call)


def _retry_after(call: Call) -> int | None:
    """Return the seconds of ``Retry-After`` in a response that the client received."""
    asked = dict(call.response_headers).get("Retry-After", "") if call.client_saw.isdigit() else ""
    if asked.isdigit() or not asked:
        return int(asked) if asked else None
    try:
        return max(0, ceil((parsedate_to_datetime(asked) - call.responded_at).total_seconds()))
    except (TypeError, ValueError):
        return None


def _may_be_done(call: Call) -> bool:
    """Tell whether the create may be done without the client knowing it, and the client was not asked to retry."""
    asked_again = _retry_after(call) is not None
    return not (_is_answered(call) or asked_again or call.client_saw in UNREACHED or call.raised)


def _known(calls: Iterable[Call]) -> list[tuple[Call, bool | None]]:
    """Return reads, each with whether the client knew by then that the resource was finished."""
    found: list[tuple[Call, bool | None]] = []
    known = None
    for call in calls:
        is_finished = _is_finished(call)
        known = known if is_finished is None else is_finished
        found.append((call, known))
    return found


def _is_finished(call: Call) -> bool | None:
    """Tell whether the resource in a response is finished. Return None if the response does not say."""
    if call.client_saw not in ("200", "202"):
        return None
    statuses = [thing["status"] for thing in _things(call.response_body) if "status" in thing]
    return not {"BUILD", "PROCESSING"} & set(statuses) if statuses else None


def _things(response_body: bytes) -> list[dict[str, str]]:
    """Return the resource in a response, or all of a list."""
    held = json.loads(response_body) if response_body.startswith(b"{") else {}
    (things,) = held.values() if len(held) == 1 else ([],)
    return [each for each in (things if isinstance(things, list) else [things]) if isinstance(each, dict)]


def _wrong(message: str, calls: Sequence[Call]) -> MisconductError:
    lines = [f"  {call}" for call in calls]
    if len(lines) > _SHOWN:
        lines[_SHOWN // 2 : -_SHOWN // 2] = [f"  ... {len(lines) - _SHOWN} more ..."]
    return MisconductError("\n".join((f"{message}:", *lines)))
