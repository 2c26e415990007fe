"""Finished responses: headers, error bodies, and scripted responses."""

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from hostway_fake.contract.errors import (
    ERROR_NAMES,
    INJECTED,
    INTERNAL,
    LIMIT_REACHED,
    REVISIONS,
    UNAUTHORIZED,
    UNAUTHORIZED_CHALLENGE,
    UNAUTHORIZED_TEXT,
)
from hostway_fake.domain.identifiers import MONTHS, in_zone
from hostway_fake.domain.refusals import Refusal
from hostway_fake.faults.outcomes import Respond
from hostway_fake.service.context import RequestContext
from hostway_fake.service.messages import Request, Response
from hostway_fake.world import World

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def response(context: RequestContext, status: int, media_type: str, body: bytes, *headers: tuple[str, str]) -> Response:
    """Return a response with a body of any media type."""
    always = (
        ("Content-Type", media_type),
        ("Content-Length", str(len(body))),
        ("Date", _date(context)),
    )
    return Response(status, (*always, *headers), body)


def empty_response(context: RequestContext, status: int) -> Response:
    """Return a response without a body. A 204 has no ``Content-Length`` either."""
    length = () if status == 204 else (("Content-Length", "0"),)
    return Response(status, (*length, ("Date", _date(context))), b"")


def json_response(context: RequestContext, status: int, body: object, *headers: tuple[str, str]) -> Response:
    """Return a response with a JSON body."""
    encoded = _ENCODER.encode(body).encode()
    return response(context, status, "application/json; charset=UTF-8", encoded, *headers)


def with_json(response: Response, body: object) -> Response:
    """Return a response with another JSON body. ``Content-Length`` follows."""
    encoded = _ENCODER.encode(body).encode()
    length = str(len(encoded))
    headers = tuple((name, length if name == "Content-Length" else value) for name, value in response.headers)
    return Response(response.status, headers, encoded)


def _date(context: RequestContext) -> str:
    return _http_date(in_zone(context.now, UTC).replace(microsecond=0))


@lru_cache(maxsize=64)
def _http_date(now: datetime) -> str:
    return f"{_DAYS[now.weekday()]}, {now.day:02} {MONTHS[now.month - 1]} {now.year:04} {now:%H:%M:%S} GMT"


def error_response(context: RequestContext, refusal: Refusal, retry_after: str | None = None) -> Response:
    """Return the response for a refusal, in the revision of the world. A 401 is plain text."""
    error = refusal.error
    fields: dict[str, object] = {"message": error.message, "code": error.status, "details": refusal.details}
    if retry_after is None and error is LIMIT_REACHED and context.settings.readings["over_limit_retry_after"] == "on":
        fields["retryAfter"], retry_after = 0, "0"
    headers = [("Allow", refusal.allow)] if refusal.allow else []
    if retry_after is not None:
        headers.append(("Retry-After", retry_after))
    if error is UNAUTHORIZED:
        challenge = ("WWW-Authenticate", UNAUTHORIZED_CHALLENGE)
        return response(context, 401, "text/plain; charset=UTF-8", UNAUTHORIZED_TEXT.encode(), challenge, *headers)
    if context.settings.revision != REVISIONS[0]:
        fields["errorid"] = context.world.next_error_id()
    return json_response(context, error.status, {ERROR_NAMES[error.status].name: fields}, *headers)


def scripted_response(context: RequestContext, respond: Respond) -> Response:
    """Return the response of a fault: an error as the page of the operation words it, or any body."""
    status, retry_after = respond.status, _retry_after(context, respond)
    if respond.body is None:
        error = respond.error or (context.operation.failure(status) if context.operation else INJECTED[status])
        return error_response(context, Refusal(error), retry_after).with_headers(respond.headers)
    headers = [] if retry_after is None else [("Retry-After", retry_after)]
    scripted = response(context, status, respond.content_type, respond.body.encode(), *headers)
    return scripted.with_headers(respond.headers)


def _retry_after(context: RequestContext, respond: Respond) -> str | None:
    """Return the value of ``Retry-After``: seconds, or an HTTP date that is rounded up to a second."""
    value = respond.retry_after
    if value is None or (isinstance(value, int) and not respond.http_date):
        return None if value is None else str(value)
    instant = context.now + timedelta(seconds=value) if isinstance(value, int) else value.astimezone(UTC)
    whole = instant.replace(microsecond=0)
    return _http_date(whole if whole == instant else whole + timedelta(seconds=1))


def internal_error_response(world: World, error: Exception) -> Response:
    """Return a 500 for an exception of the fake itself. It is sent on a socket only."""
    context = RequestContext(world, Request("", "", {}), world.clock.now())
    return error_response(context, Refusal(INTERNAL, f"{type(error).__name__}: {error}"))
