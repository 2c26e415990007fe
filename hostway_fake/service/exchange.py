"""The exchange: from a request to a response or a fault of the connection. Every transport calls it.

It contains the only router, and it is the only caller of fault rules and of the journal.
"""

import binascii
from base64 import b64decode
from functools import lru_cache

from hostway_fake.contract.errors import FORBIDDEN, METHOD_NOT_ALLOWED, NOT_FOUND, UNAUTHORIZED, ProviderError
from hostway_fake.contract.operations import Match, Operation, resolve
from hostway_fake.domain.refusals import Refusal
from hostway_fake.exceptions import HostwayFakeError
from hostway_fake.faults.outcomes import Delay
from hostway_fake.journal.calls import Call, Effect
from hostway_fake.journal.reliance import response_key
from hostway_fake.service import parsing, responses
from hostway_fake.service.context import RequestContext
from hostway_fake.service.faulting import HandledCall, apply_fault, no_wire, subject
from hostway_fake.service.handlers import HANDLERS, refused_action
from hostway_fake.service.messages import ExchangeResult, Request, Response, WireFault
from hostway_fake.service.parsing import check_message
from hostway_fake.world import World, Worlds


def exchange(worlds: Worlds, request: Request) -> ExchangeResult:
    """Return the response to a request, or how its connection breaks.

    A request that is not valid HTTP is refused first. Then the order of the contract applies: 401, path and account 404
    or 403, 405, and the rules of the handler. Every call is recorded in the journal.

    Raises:
        HostwayFakeError: If the mistake is the test author's, such as `FrozenClockError`. No request raises it.
    """
    context = _identified(worlds, request)
    world, operation, rule = context.world, context.operation, None
    result: ExchangeResult | Exception
    try:
        fault = world.rulebook.match(subject(context), context.now) if world.rulebook else None
        if fault is None:
            effect, saw, result = _handled(context)
        else:
            rule = fault.rule
            effect, saw, result = apply_fault(context, fault.step, _handled)
            if isinstance(result, WireFault) and not request.has_wire:
                result = no_wire(context, result)
            if isinstance(result, HostwayFakeError):
                saw = type(result).__name__
    except HostwayFakeError as error:
        effect, saw, result = Effect.NONE, type(error).__name__, error
    except OSError as stopped:  # the server stops while a call is delayed, before it had an effect
        effect, saw, result = Effect.NONE, Delay.name, stopped
    response = _finished(result)
    can_have_waited = rule is not None or world.settings.poll_step is not None
    world.journal.record(
        Call(
            number=0,
            at=context.now,
            operation=operation.name if operation else None,
            method=request.method,
            target=request.target,
            effect=effect,
            client_saw=saw,
            rule=rule,
            server=context.arguments.get("server_id"),
            headers=request.headers,
            body=request.body,
            response_body=response.body if response else b"",
            responded_at=world.clock.now() if can_have_waited else context.now,
            response_headers=response.headers if response else (),
        )
    )
    if isinstance(result, Exception):
        raise result
    return result


def _handled(context: RequestContext) -> HandledCall:
    """Handle a call as if nothing went wrong."""
    operation = context.operation
    error: ProviderError | None = None
    try:
        if operation is None or context.refusal is not None:
            raise context.refusal or Refusal(NOT_FOUND)
        response = HANDLERS[operation.name](context)
        effect = Effect.NONE if operation.method == "GET" else Effect.APPLIED
    except Refusal as refusal:
        response, effect, error = responses.error_response(context, refusal), Effect.REFUSED, refusal.error
    name = operation.name if operation else ""
    context.world.journal.count_response(response_key(name, context.request.method, response.status, error))
    return effect, str(response.status), response.without_body() if context.request.method == "HEAD" else response


def _finished(result: ExchangeResult | Exception) -> Response | None:
    """Return the finished response, if there is one, even if the client does not receive it."""
    response = result.response if isinstance(result, WireFault) else result
    return response if isinstance(response, Response) else None


def _identified(worlds: Worlds, request: Request) -> RequestContext:
    """Return the world and the operation of a request, or the refusal."""
    try:
        check_message(request)
    except Refusal as no_http:
        return RequestContext(worlds.default_world, request, worlds.default_world.clock.now(), refusal=no_http)
    world, admitted = _world(worlds, request)
    context = RequestContext(world, request, world.clock.now(), account=world.settings.account)
    match = resolve(request.target) if admitted else None
    if match is None:
        return context._replace(refusal=Refusal(NOT_FOUND if admitted else UNAUTHORIZED))
    own = context.account
    account = own if match.account is None else match.account
    operation = _operation(match, request)
    origin = f"{request.scheme}://{request.headers['host']}{match.base}"
    context = RequestContext(world, request, context.now, operation, match.arguments, account, origin)
    if account != own:
        return context._replace(refusal=Refusal(FORBIDDEN if account in worlds.by_account else NOT_FOUND))
    return context if operation else context._replace(refusal=_refused(context, match))


def _operation(match: Match, request: Request) -> Operation | None:
    """Return the operation of a request, by its method, or by the action in its body if there are several."""
    operations = match.operations(request.method)
    if "" in operations or not operations:
        return operations.get("")
    try:
        return operations.get(parsing.action(request))
    except Refusal:
        return None


def _refused(context: RequestContext, match: Match) -> Refusal:
    """Return the refusal for a path that exists but has no such operation."""
    method = context.request.method
    if match.operations(method):
        return refused_action(context, match.allow)
    return Refusal(METHOD_NOT_ALLOWED, f"{method} is not one of {match.allow}.", allow=match.allow)


def _world(worlds: Worlds, request: Request) -> tuple[World, bool]:
    """Return the world of the user, and whether the credentials are valid. An unknown user gets the default world."""
    credentials = _credentials(request.headers.get("authorization", ""))
    if credentials is None:
        return worlds.default_world, False
    has_scheme, account, password = credentials
    world = worlds.by_account.get(account)
    if world is None:
        return worlds.default_world, False
    return world, world.accepts_password(password) and (
        has_scheme or world.settings.readings["authorization"] == "either"
    )


@lru_cache(maxsize=1024)
def _credentials(authorization: str) -> tuple[bool, str, bytes] | None:
    """Return whether the scheme is given, the account and the password. Return None if the header is invalid."""
    scheme, _, rest = authorization.strip().partition(" ")
    has_scheme = scheme.lower() == "basic"
    encoded = rest.strip() if has_scheme else authorization.strip()
    try:
        account, colon, password = b64decode(encoded, validate=True).partition(b":")
        return (has_scheme, account.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None
