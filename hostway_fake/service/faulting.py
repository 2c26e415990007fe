"""What a fault does to a call on its road: before the commit point or after it, and what is left for the client."""

from collections.abc import Callable

from hostway_fake.clock import FakeClock, SystemClock
from hostway_fake.contract.catalogue import FLAVORS, IMAGES
from hostway_fake.contract.operations import Operation
from hostway_fake.domain.refusals import Refusal
from hostway_fake.exceptions import EndlessWaitError, HostwayFakeError, NoWireError
from hostway_fake.faults.outcomes import Delay, EmptyResponse, Hang, Respond, SlowBody, Step, TruncatedBody, Unavailable
from hostway_fake.faults.rules import CallInfo
from hostway_fake.journal.calls import Effect
from hostway_fake.journal.secrets import masked_url
from hostway_fake.service import parsing, responses
from hostway_fake.service.context import RequestContext
from hostway_fake.service.messages import ExchangeResult, Response, WireFault

HandledCall = tuple[Effect, str, Response]
"""What a call did, what the client saw of it, and the finished answer."""


def subject(context: RequestContext) -> CallInfo:
    """What rules can know of a call."""
    return CallInfo(
        operation=context.operation.name if context.operation else None,
        server=context.arguments.get("server_id"),
        id=_id(context, context.operation) if context.operation else None,
        name=_name(context),
        account=context.account,
        reused=context.request.reused,
    )


def _id(context: RequestContext, operation: Operation) -> str | None:
    """The id of what a call is about: in its path, or in its body."""
    if not operation.is_named_in_body:
        return context.arguments.get(operation.argument)
    try:
        return parsing.attach_volume(context.request)[0]
    except Refusal:
        return None


def _name(context: RequestContext) -> str | None:
    """The name of what a call is about; a body that cannot be read names none."""
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


def apply_fault(
    context: RequestContext, step: Step, handle: Callable[[RequestContext], HandledCall]
) -> tuple[Effect, str, ExchangeResult | HostwayFakeError]:
    """What a call did, what the client saw, and the answer, the breakage, or what the test is to be told."""
    outcome = step.outcome
    effect, response = Effect.NONE, None
    if step.after_commit or (isinstance(outcome, SlowBody) and _outlasts(context, 1 / outcome.bytes_per_second)):
        effect, _, response = handle(context)
    elif isinstance(outcome, Delay):
        return handle(context.later()) if _waits(context, outcome.seconds, outcome.real) else _gone(effect)
    elif isinstance(outcome, TruncatedBody | SlowBody):
        response = handle(context._replace(world=context.world.dry_run()))[2]
        if isinstance(outcome, SlowBody) and not response.body:
            effect, _, response = handle(context)  # without a body it arrives whole
    match outcome:
        case Respond():
            injected = responses.scripted_response(context, outcome)
            return (
                effect,
                str(injected.status),
                injected.without_body() if context.request.method == "HEAD" else injected,
            )
        case Delay(_, real) if _is_real(context, real):
            return effect, outcome.name, WireFault(outcome, response)
        case Delay(seconds) if response is not None:
            return (effect, str(response.status), response) if _waits(context, seconds) else _gone(effect)
        case SlowBody() if response is not None:
            return _slowly(context, outcome, effect, response)
        case TruncatedBody() if response is not None and not response.body:
            return effect, outcome.name, WireFault(EmptyResponse(), response)
        case Hang() if context.request.wait is None and context.request.read_timeout is None:
            return effect, outcome.name, EndlessWaitError(_unending(context))
        case Hang() if context.request.read_timeout is not None:
            _waits(context, context.request.read_timeout)
        case Unavailable() if context.request.wait is not None:
            return effect, outcome.name, NoWireError(f"{_said(context)}: unavailable() is for calls in process only")
    assert outcome is not None
    return effect, outcome.name, WireFault(outcome, response)


def no_wire(context: RequestContext, breakage: WireFault) -> NoWireError:
    """Return the error for a connection fault on a request that has no connection."""
    return NoWireError(
        f"{_said(context)}: {breakage.outcome.name} needs a connection, and the bare WSGI application has none: "
        "use fake.serve() or fake.session()"
    )


def _gone(effect: Effect) -> tuple[Effect, str, WireFault]:
    """The client has waited for as long as it would."""
    return effect, "timeout", WireFault(Hang())


def _slowly(
    context: RequestContext, outcome: SlowBody, effect: Effect, response: Response
) -> tuple[Effect, str, ExchangeResult]:
    """A body byte by byte: the client waits for each of them anew."""
    for_a_byte = 1 / outcome.bytes_per_second
    if response.body and _is_real(context, outcome.real):
        return effect, outcome.name, WireFault(outcome, response)
    if response.body and not _outlasts(context, for_a_byte):
        _waits(context, for_a_byte)
        return effect, "timeout", WireFault(outcome, response)
    _move(context, len(response.body) * for_a_byte)
    return effect, str(response.status), response


def _waits(context: RequestContext, seconds: float, real: bool = False) -> bool:
    """Let time pass on the way; whether the client is still there at the end of it."""
    wait, read_timeout = context.request.wait, context.request.read_timeout
    if wait is not None and _is_real(context, real):
        wait(seconds)
        return True
    _move(context, seconds if read_timeout is None else min(seconds, read_timeout))
    return _outlasts(context, seconds)


def _outlasts(context: RequestContext, seconds: float) -> bool:
    """Whether the client waits for so long; on a socket, where that is not seen, it does."""
    return context.request.read_timeout is None or seconds <= context.request.read_timeout


def _is_real(context: RequestContext, real: bool) -> bool:
    """Whether real time passes: on a socket, if that was asked for or the clock is the system's."""
    return context.request.wait is not None and (real or isinstance(context.world.clock, SystemClock))


def _move(context: RequestContext, seconds: float) -> None:
    """Move the clock, if it is the fake's to move."""
    if isinstance(context.world.clock, FakeClock):
        context.world.clock.advance(seconds)


def _said(context: RequestContext) -> str:
    return f"{context.request.method} {masked_url(context.request.target)}"


def _unending(context: RequestContext) -> str:
    return (
        f"{_said(context)} is made to hang, and was made without a timeout, so that it would never end. Give the "
        "client a timeout; the fake's clock moves by it, and no time is lost."
    )
