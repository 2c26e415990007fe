"""How a fault acts on a call: before or after the commit point, and what the client receives."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, assert_never

from hostway_fake.clock import FakeClock, SystemClock
from hostway_fake.contract.catalogue import FLAVORS, IMAGES
from hostway_fake.contract.operations import Operation
from hostway_fake.domain import identifiers
from hostway_fake.domain.refusals import Refusal
from hostway_fake.exceptions import EndlessWaitError, HostwayFakeError, NoWireError
from hostway_fake.faults import durations
from hostway_fake.faults.edits import BodyEdit, Change, Extra, RenameKey, Without
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
    Respond,
    SlowBody,
    StaleConnection,
    Step,
    TlsFailure,
    TruncatedBody,
    Unavailable,
    UnreachableOutcome,
    WithHeaders,
)
from hostway_fake.faults.rules import CallInfo
from hostway_fake.journal.calls import Effect
from hostway_fake.journal.secrets import masked_url
from hostway_fake.service import parsing, responses
from hostway_fake.service.context import RequestContext
from hostway_fake.service.messages import ExchangeResult, Response, WireFault

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_SYSTEM_CONNECT_TIMEOUT: Final = 127
"""The seconds after which Linux gives up by default."""

HandledCall = tuple[Effect, str, Response]
"""The effect of a call, the status, and the response."""

Handle = Callable[[RequestContext], HandledCall]
"""Handles a call as if nothing went wrong."""

FaultResult = tuple[Effect, str, ExchangeResult | HostwayFakeError]
"""The effect of a call, what the client saw, and the result."""


def subject(context: RequestContext) -> CallInfo:
    """Return what fault rules can match of a call."""
    return CallInfo(
        operation=context.operation.name if context.operation else None,
        server=context.arguments.get("server_id"),
        id=_id(context, context.operation) if context.operation else None,
        name=_name(context),
        account=context.account,
        reused=context.request.reused,
    )


def _id(context: RequestContext, operation: Operation) -> str | None:
    """Return the id of the resource, from the path or the body."""
    if not operation.is_named_in_body:
        return context.arguments.get(operation.argument)
    try:
        return parsing.attach_volume(context.request)[0]
    except Refusal:
        return None


def _name(context: RequestContext) -> str | None:
    """Return the name of the resource. Return None if the body is invalid."""
    try:
        return _named(context, context.operation) if context.operation else None
    except Refusal:
        return None


def _named(context: RequestContext, operation: Operation) -> str | None:
    world, request, now = context.world, context.request, context.now
    wanted = context.arguments.get(operation.argument, "")
    match operation.name, operation.about:
        case "create_snapshot", _:
            return parsing.create_snapshot(request).name
        case "create_server", _:
            return parsing.create_server(request).name
        case "create_volume", _:
            return parsing.create_volume(request).name
        case "attach_volume", _:
            return world.volume(parsing.attach_volume(request)[0]).name
        case _, "snapshot":
            snapshot = world.snapshot_of(world.server(context.arguments["server_id"], now), wanted, now)
            return snapshot.name if snapshot else None
        case _, "server":
            return world.server(wanted, now).name
        case _, "volume":
            return world.volume(wanted).name
        case _, "image":
            return IMAGES[wanted].name if wanted in IMAGES else None
        case _, "flavor":
            return FLAVORS[wanted].name if wanted in FLAVORS else None
    return None


def apply_fault(context: RequestContext, step: Step, handle: Handle) -> FaultResult:
    """Apply a step of a fault rule to a call.

    After the commit point, the handler is called first. Before it, only outcomes that send the true response call it:
    a delay, a slow or truncated body, a duplicate, edits, and a lag. If the client cannot receive the whole body, it
    comes from a dry run.

    Args:
        context: The request, its world and its operation.
        step: The step to apply. It has an outcome.
        handle: The handler, as if nothing went wrong.

    Returns:
        What the call did to the state, what the client saw, and the result: a response, a fault of the connection, or
        an error for the test author.
    """
    assert step.outcome is not None
    handled = handle(context) if step.after_commit else None
    match step.outcome:
        case Respond() as outcome:
            return _respond(context, outcome, handled)
        case Delay() as outcome:
            return _delay(context, outcome, handled, handle)
        case Hang() as outcome:
            return _hang(context, outcome, handled)
        case TruncatedBody() as outcome:
            return _truncate(context, outcome, handled, handle)
        case SlowBody() as outcome:
            return _slow_body(context, outcome, handled, handle)
        case Duplicate():
            return _duplicate(context, handle)
        case Change() | Without() | Extra() | RenameKey() as outcome:
            return _edit_body(context, outcome, handle)
        case Lag() as outcome:
            return handle(context._replace(lag=_lag(context, outcome)))
        case WithHeaders() as outcome:
            effect, status, response = handle(context)
            return effect, status, response.with_headers(outcome.headers, outcome.removed)
        case Unavailable() | ConnectTimeout() | DnsFailure() | TlsFailure() as outcome:
            return _unreachable(context, outcome)
        case ConnectionReset() | EmptyResponse() | MalformedBody() | StaleConnection() as outcome:
            return _effect(handled), outcome.name, WireFault(outcome, _response(handled))
        case _ as unknown:
            assert_never(unknown)


def _effect(handled: HandledCall | None) -> Effect:
    return handled[0] if handled else Effect.NONE


def _response(handled: HandledCall | None) -> Response | None:
    return handled[2] if handled else None


def _respond(context: RequestContext, outcome: Respond, handled: HandledCall | None) -> FaultResult:
    scripted = responses.scripted_response(context, outcome)
    is_head = context.request.method == "HEAD"
    return _effect(handled), str(scripted.status), scripted.without_body() if is_head else scripted


def _delay(context: RequestContext, outcome: Delay, handled: HandledCall | None, handle: Handle) -> FaultResult:
    seconds = durations.drawn(outcome.seconds, partial(_share, context, "delay"))
    if handled is None:
        if _waits(context, seconds, outcome.real):
            return handle(context.later())
        return _timed_out(Effect.NONE)
    effect, status, response = handled
    if _is_real(context, outcome.real):
        return effect, outcome.name, WireFault(outcome, response, seconds)
    return (effect, status, response) if _waits(context, seconds) else _timed_out(effect)


def _hang(context: RequestContext, outcome: Hang, handled: HandledCall | None) -> FaultResult:
    request = context.request
    if request.wait is None and request.read_timeout is None:
        return _effect(handled), outcome.name, EndlessWaitError(_unending(context))
    if request.read_timeout is not None:
        _waits(context, request.read_timeout)
    return _effect(handled), outcome.name, WireFault(outcome, _response(handled))


def _truncate(
    context: RequestContext, outcome: TruncatedBody, handled: HandledCall | None, handle: Handle
) -> FaultResult:
    response = handled[2] if handled else _dry_run(context, handle)
    return _effect(handled), outcome.name, WireFault(outcome if response.body else EmptyResponse(), response)


def _slow_body(context: RequestContext, outcome: SlowBody, handled: HandledCall | None, handle: Handle) -> FaultResult:
    """Send a body byte by byte. The client's timeout applies to each byte."""
    seconds_for_a_byte = 1 / outcome.bytes_per_second
    arrives = _outlasts(context, seconds_for_a_byte)
    response = handled[2] if handled else None if arrives else _dry_run(context, handle)
    if response is None or not (response.body or handled):
        handled = handle(context)  # the whole body arrives
        response = handled[2]
    effect = _effect(handled)
    if response.body and _is_real(context, outcome.real):
        return effect, outcome.name, WireFault(outcome, response)
    if response.body and not arrives:
        _waits(context, seconds_for_a_byte)
        return effect, "timeout", WireFault(outcome, response)
    _move(context, len(response.body) * seconds_for_a_byte)
    return effect, str(response.status), response


def _unreachable(context: RequestContext, outcome: UnreachableOutcome) -> FaultResult:
    if context.request.wait is not None:
        problem = "works in process only"
    elif isinstance(outcome, TlsFailure) and context.request.scheme != "https":
        problem = "needs a fake with an https URL"
    else:
        if isinstance(outcome, ConnectTimeout):
            timeout = context.request.connect_timeout
            _move(context, _SYSTEM_CONNECT_TIMEOUT if timeout is None else timeout)
        return Effect.NONE, outcome.name, WireFault(outcome)
    return Effect.NONE, outcome.name, NoWireError(f"{_said(context)}: {outcome.name}() {problem}")


def _duplicate(context: RequestContext, handle: Handle) -> FaultResult:
    first, _, _ = handle(context)
    second, status, response = handle(context)
    return Effect.APPLIED if first is Effect.APPLIED else second, status, response


def _lag(context: RequestContext, outcome: Lag) -> timedelta:
    """Return how old the state is that a read shows, at most as old as a datetime can tell."""
    lag = timedelta(seconds=outcome.seconds)
    if not outcome.monotonic:
        lag *= _share(context, "lag")
    return min(lag, context.now - _EARLIEST)


def _share(context: RequestContext, purpose: str) -> float:
    """Return a number above 0 and below 1, drawn from the seed and the number of the call."""
    world = context.world
    return identifiers.draw_share(world.settings.seed, purpose, world.journal.last)


def _edit_body(context: RequestContext, outcome: BodyEdit, handle: Handle) -> FaultResult:
    """Edit the JSON body of a successful response. The response to ``HEAD`` gets the headers of the edited one."""
    is_head = context.request.method == "HEAD"
    method = "GET" if is_head else context.request.method
    effect, status, response = handle(context._replace(request=context.request._replace(method=method)))
    if response.status < 400 and response.body:
        try:
            response = responses.with_json(response, outcome.edit(json.loads(response.body)))
        except HostwayFakeError as error:
            return effect, status, error
    return effect, status, response.without_body() if is_head else response


def _dry_run(context: RequestContext, handle: Handle) -> Response:
    """Return the response that the handler would give. The state does not change."""
    return handle(context._replace(world=context.world.dry_run()))[2]


def no_wire(context: RequestContext, breakage: WireFault) -> NoWireError:
    """Return the error for a connection fault on a request that has no connection."""
    return NoWireError(
        f"{_said(context)}: {breakage.outcome.name} needs a connection, and the bare WSGI application has none: "
        "use fake.serve() or fake.session()"
    )


def _timed_out(effect: Effect) -> FaultResult:
    """Return the result of a call whose client has stopped waiting."""
    return effect, "timeout", WireFault(Hang())


def _waits(context: RequestContext, seconds: float, real: bool = False) -> bool:
    """Let time pass. Tell whether the client still waits at the end."""
    wait, read_timeout = context.request.wait, context.request.read_timeout
    if wait is not None and _is_real(context, real):
        wait(seconds)
        return True
    _move(context, seconds if read_timeout is None else min(seconds, read_timeout))
    return _outlasts(context, seconds)


def _outlasts(context: RequestContext, seconds: float) -> bool:
    """Tell whether the client waits for so long. On a socket the fake cannot know it, and assumes that it does."""
    return context.request.read_timeout is None or seconds <= context.request.read_timeout


def _is_real(context: RequestContext, real: bool) -> bool:
    """Tell whether real time passes: on a socket, if a rule asks for it or the clock is that of the machine."""
    return context.request.wait is not None and (real or isinstance(context.world.clock, SystemClock))


def _move(context: RequestContext, seconds: float) -> None:
    """Move the clock if it is a `FakeClock`."""
    if isinstance(context.world.clock, FakeClock):
        context.world.clock.advance(seconds)


def _said(context: RequestContext) -> str:
    return f"{context.request.method} {masked_url(context.request.target)}"


def _unending(context: RequestContext) -> str:
    return (
        f"{_said(context)} is made to hang, and was made without a timeout, so that it would never end. Give the "
        "client a timeout; the fake's clock moves by it, and no time is lost."
    )
