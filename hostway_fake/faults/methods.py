"""The methods that create outcomes, such as ``respond(503)``, and the steps of scripts."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from hostway_fake.exceptions import WrongTypeError, invalid
from hostway_fake.faults import durations
from hostway_fake.faults.durations import Seconds
from hostway_fake.faults.edits import Change, Extra, RenameKey, Without, as_text
from hostway_fake.faults.outcomes import (
    ConnectionReset,
    ConnectTimeout,
    Delay,
    DnsFailure,
    Duplicate,
    EmptyResponse,
    Hang,
    Lag,
    MalformedBody,
    Outcome,
    OutcomeWithoutSide,
    Respond,
    SlowBody,
    StaleConnection,
    Step,
    TlsFailure,
    TruncatedBody,
    Unavailable,
    WithHeaders,
    without_side,
)

T_co = TypeVar("T_co", covariant=True)


def _pairs(headers: object) -> tuple[tuple[str, Any], ...]:
    """Return headers as pairs. A list of values yields one pair for each value."""
    if not isinstance(headers, Mapping):
        raise WrongTypeError(f"headers: got {headers!r}, expected a mapping of names to values")
    values = {name: value if isinstance(value, list | tuple) else [value] for name, value in headers.items()}
    return tuple((name, each) for name, several in values.items() for each in several)


def _respond(
    status: int,
    retry_after: int | datetime | None,
    body: str | None,
    content_type: str | None,
    headers: object,
    json: object,
    http_date: bool,
) -> Respond:
    if content_type is None:
        content_type = "text/html" if json is None else "application/json"
    if json is not None:
        if body is not None:
            raise invalid("json", json, "either json or body")
        body = as_text("json", json)
    return Respond(status, retry_after, body, content_type, None, () if headers is None else _pairs(headers), http_date)


def _delay(seconds: Seconds, jitter: float | None, real: bool) -> Delay:
    return Delay(seconds if jitter is None else durations.with_jitter(seconds, jitter), real)


def _change(patch: object) -> Change:
    if not isinstance(patch, Mapping):
        raise WrongTypeError(f"patch: got {patch!r}, expected a mapping of keys to values")
    return Change(as_text("patch", patch))


def _extra(path: str, value: object) -> Extra:
    return Extra(path, as_text("value", value))


def _with_headers(headers: object) -> WithHeaders:
    pairs = _pairs(headers)
    removed = tuple(name for name, value in pairs if value is None)
    return WithHeaders(tuple(pair for pair in pairs if pair[1] is not None), removed)


class OutcomeMethods(ABC, Generic[T_co]):
    """The methods that create outcomes. Each checks its arguments."""

    @abstractmethod
    def _finish(self, kind: Callable[..., Outcome], *values: object) -> T_co:
        """Return the result of an outcome method, from the kind of outcome and its values."""

    def respond(
        self,
        status: int,
        retry_after: int | datetime | None = None,
        *,
        body: str | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str | Sequence[str]] | None = None,
        http_date: bool = False,
        json: object = None,
    ) -> T_co:
        """Respond with a status and Hostway's error body for it, or with another body.

        Args:
            status: The status code. Without ``body`` and ``json``, one for which Hostway has an error body.
            retry_after: The value of ``Retry-After``: whole seconds, or an instant, which becomes an HTTP date.
                Default: no such header.
            body: The body, with any status from 200 to 599.
            content_type: The media type of the body. Default: ``text/html``, or ``application/json`` with ``json``.
            headers: Headers to send. They replace those of the same name. A list of values sends several headers.
            http_date: Send the seconds of ``retry_after`` as an HTTP date on the fake's clock.
            json: The body as plain data, in place of ``body``.

        Raises:
            InvalidValueError: If no such response can be sent.
        """
        return self._finish(_respond, status, retry_after, body, content_type, headers, json, http_date)

    def delay(self, seconds: Seconds, *, jitter: float | None = None, real: bool = False) -> T_co:
        """Send the response late.

        In process, the fake's clock moves by the delay. If the client's read timeout is shorter, the clock moves by
        that timeout and the client gets its timeout error at once. On a socket, the clock moves and the response is
        sent at once.

        Args:
            seconds: The delay, in virtual seconds. Two numbers are a range with a uniform distribution, and
                `hostway_fake.faults.lognormal` is a distribution with a long tail. Each delay is drawn from the seed.
            jitter: How much shorter or longer a delay can be, in virtual seconds.
            real: On a socket, wait in real time.
        """
        return self._finish(_delay, seconds, jitter, real)

    def hang(self) -> T_co:
        """Send no response. The client waits until its read timeout.

        In process, a client without a read timeout would wait forever: `hostway_fake.EndlessWaitError` is raised.
        """
        return self._finish(Hang)

    def reset(self) -> T_co:
        """Reset the TCP connection before the status line."""
        return self._finish(ConnectionReset)

    def empty(self) -> T_co:
        """Close the connection before the status line."""
        return self._finish(EmptyResponse)

    def truncate(self, keep: int | float) -> T_co:
        """Close the connection in the middle of the body.

        At least one byte is missing. If there is no body, the connection is closed before the status line. Before the
        commit point, the call has no effect. The body is that of the response that it would have sent.

        Args:
            keep: The number of bytes to send (int), or the share of the body to send (float from 0.0 to 1.0).
        """
        return self._finish(TruncatedBody, keep)

    def malformed(self) -> T_co:
        """Send bytes that are not HTTP."""
        return self._finish(MalformedBody)

    def slow_body(self, bytes_per_second: float, *, real: bool = False) -> T_co:
        """Send the body byte by byte.

        A client whose read timeout is shorter than the pause between two bytes gets a timeout error in the body.

        Args:
            bytes_per_second: The number of bytes in a virtual second.
            real: On a socket, wait in real time.
        """
        return self._finish(SlowBody, bytes_per_second, real)

    def stale_connection(self) -> T_co:
        """Close a reused connection after reading the request, without a response.

        A call on a new connection does not match. In process, a connection is kept as soon as its response has arrived,
        even if the client has not read the body yet.
        """
        return self._finish(StaleConnection)

    def unavailable(self) -> T_co:
        """Refuse the connection. In process only: a server cannot refuse a connection on which it got a request."""
        return self._finish(Unavailable)

    def connect_timeout(self) -> T_co:
        """Do not answer the attempt to connect. In process only.

        The client gets its timeout error at once. The fake's clock moves by the client's connect timeout, by default by
        127 seconds.
        """
        return self._finish(ConnectTimeout)

    def dns_failure(self) -> T_co:
        """Fail to resolve the host name. In process only."""
        return self._finish(DnsFailure)

    def tls_failure(self) -> T_co:
        """Present a certificate that the client does not trust. In process only, and with an https URL."""
        return self._finish(TlsFailure)

    def duplicate(self) -> T_co:
        """Deliver the request twice, as a proxy that retries. The client receives the second response.

        A create responds with 409, because the name exists, and a delete with 404.
        """
        return self._finish(Duplicate)

    def change(self, patch: Mapping[str, object]) -> T_co:
        """Change the JSON body of a successful response by a merge patch (RFC 7396).

        Args:
            patch: The keys to set. None removes a key. A list replaces a list.

        Raises:
            InvalidValueError: If JSON cannot contain the patch, or if the operation has no JSON body.
        """
        return self._finish(_change, patch)

    def without(self, path: str) -> T_co:
        """Remove a key from the JSON body of a successful response.

        Args:
            path: Keys separated by dots, such as ``snapshot.links``. A list on the way is edited in each item.

        Raises:
            InvalidValueError: If the path is invalid. A call raises it if its response does not have the path.
        """
        return self._finish(Without, path)

    def extra(self, path: str, value: object) -> T_co:
        """Add a key to the JSON body of a successful response.

        Args:
            path: The path of the new key, as in `without`.
            value: The value, as plain data.

        Raises:
            InvalidValueError: As in `without`, or if JSON cannot contain the value.
        """
        return self._finish(_extra, path, value)

    def rename_key(self, path: str, new_name: str) -> T_co:
        """Rename a key in the JSON body of a successful response.

        Args:
            path: The path of the key, as in `without`.
            new_name: The new name of the key, such as ``created_at``.

        Raises:
            InvalidValueError: As in `without`.
        """
        return self._finish(RenameKey, path, new_name)

    def with_headers(self, headers: Mapping[str, str | Sequence[str] | None]) -> T_co:
        """Set or remove headers of the true response.

        Args:
            headers: Values by name. They replace those of the same name. None removes a header. A list of values sends
                several headers.

        Raises:
            InvalidValueError: If a header cannot be sent.
        """
        return self._finish(_with_headers, headers)

    def lag(self, seconds: float, *, monotonic: bool = True) -> T_co:
        """Read an earlier state, as from a replica that is behind.

        What was created since then is missing, what was deleted is still there, and a status is the earlier one. Calls
        that change something use the present state. Attached volumes are always those of the present.

        Args:
            seconds: How old the state is, in virtual seconds.
            monotonic: If False, each read is between 0 and ``seconds`` behind, drawn from the seed of the fake. A list
                can then go back in time.

        Raises:
            InvalidValueError: If the operation does not read snapshots or servers.
        """
        return self._finish(Lag, seconds, monotonic)


def on_side(outcome: Outcome, after_commit: bool | None) -> Step:
    """Return a step. ``after_commit`` is None if no side of the commit point was given, which means before it."""
    if after_commit is not None and isinstance(outcome, OutcomeWithoutSide):
        raise without_side(outcome)
    return Step(outcome, bool(after_commit))


class _Steps(OutcomeMethods[Step]):
    """The outcome methods for the steps of a script, on one side of the commit point."""

    def __init__(self, after_commit: bool | None) -> None:
        self._after_commit = after_commit

    def _finish(self, kind: Callable[..., Outcome], *values: object) -> Step:
        return on_side(kind(*values), self._after_commit)


before_commit: Final = _Steps(after_commit=False)
"""``before_commit.respond(503)``: the call has not changed the state."""
after_commit: Final = _Steps(after_commit=True)
"""``after_commit.reset()``: the call has changed the state."""

_on_no_side: Final = _Steps(after_commit=None)
respond: Final = _on_no_side.respond
delay: Final = _on_no_side.delay
hang: Final = _on_no_side.hang
reset: Final = _on_no_side.reset
empty: Final = _on_no_side.empty
truncate: Final = _on_no_side.truncate
malformed: Final = _on_no_side.malformed
slow_body: Final = _on_no_side.slow_body
stale_connection: Final = _on_no_side.stale_connection
unavailable: Final = _on_no_side.unavailable
connect_timeout: Final = _on_no_side.connect_timeout
dns_failure: Final = _on_no_side.dns_failure
tls_failure: Final = _on_no_side.tls_failure
duplicate: Final = _on_no_side.duplicate
change: Final = _on_no_side.change
without: Final = _on_no_side.without
extra: Final = _on_no_side.extra
rename_key: Final = _on_no_side.rename_key
with_headers: Final = _on_no_side.with_headers
lag: Final = _on_no_side.lag
