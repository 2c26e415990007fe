"""The one road from a request to an answer, and the only router. Every way in comes through here."""

import binascii
from base64 import b64decode
from functools import lru_cache

from hostway_fake.contract.errors import FORBIDDEN, METHOD_NOT_ALLOWED, NOT_FOUND, UNAUTHORIZED, ProviderError
from hostway_fake.contract.operations import Match, Operation, resolve
from hostway_fake.domain.refusals import Refusal
from hostway_fake.exceptions import HostwayFakeError
from hostway_fake.faults.outcomes import Delay
from hostway_fake.journal.calls import Call, Effect
from hostway_fake.journal.reliance import answered
from hostway_fake.service import parsing, responses
from hostway_fake.service.context import RequestContext
from hostway_fake.service.faulting import Handled, no_wire, subject, suffer
from hostway_fake.service.handlers import HANDLERS, refused_action
from hostway_fake.service.messages import Answer, Breakage, Exchanged, Request
from hostway_fake.service.parsing import check_message
from hostway_fake.world import World, Worlds


def exchange(worlds: Worlds, request: Request) -> Exchanged:
    """Answer one request, or say how the wire breaks: never raises for what a client sends.

    What is no HTTP at all is refused first; then the order is the contract's: 401, path and account 404 or 403, 405,
    and the handler's.
    A rule for faults acts before the handler or after it. Whatever comes of a call stands in the journal.
    """
    context = _identified(worlds, request)
    world, operation, rule = context.world, context.operation, None
    result: Exchanged | Exception
    try:
        fault = world.rulebook.meet(subject(context), context.now) if world.rulebook else None
        if fault is None:
            effect, saw, result = _handled(context)
        else:
            rule = fault.rule
            effect, saw, result = suffer(context, fault.step, _handled)
            if isinstance(result, Breakage) and not request.has_wire:
                result = no_wire(context, result)
            if isinstance(result, HostwayFakeError):
                saw = type(result).__name__
    except HostwayFakeError as error:
        effect, saw, result = Effect.NONE, type(error).__name__, error
    except OSError as stopped:  # the server ends while a call is delayed that nothing has come of yet
        effect, saw, result = Effect.NONE, Delay.word, stopped
    answer = _finished(result)
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
            answer=answer.body if answer else b"",
            answered_at=world.clock.now() if can_have_waited else context.now,
            answer_headers=answer.headers if answer else (),
        )
    )
    if isinstance(result, Exception):
        raise result
    return result


def _handled(context: RequestContext) -> Handled:
    """What a call does when nothing goes wrong."""
    operation = context.operation
    error: ProviderError | None = None
    try:
        if operation is None or context.refusal is not None:
            raise context.refusal or Refusal(NOT_FOUND)
        answer = HANDLERS[operation.name](context)
        effect = Effect.NONE if operation.method == "GET" else Effect.APPLIED
    except Refusal as refusal:
        answer, effect, error = responses.refused(context, refusal), Effect.REFUSED, refusal.error
    name = operation.name if operation else ""
    context.world.journal.count(answered(name, context.request.method, answer.status, error))
    return effect, str(answer.status), answer.without_body() if context.request.method == "HEAD" else answer


def _finished(result: Exchanged | Exception) -> Answer | None:
    """The answer, if one was finished, though the client may never see it."""
    answer = result.answer if isinstance(result, Breakage) else result
    return answer if isinstance(answer, Answer) else None


def _identified(worlds: Worlds, request: Request) -> RequestContext:
    """The world that a request is for, and the operation, or the refusal that it meets on the way."""
    try:
        check_message(request)
    except Refusal as no_http:
        return RequestContext(worlds.home, request, worlds.home.clock.now(), refusal=no_http)
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
    """The operation that a request asks for: by its method, or by the key in its body where there are several."""
    operations = match.operations(request.method)
    if "" in operations or not operations:
        return operations.get("")
    try:
        return operations.get(parsing.action(request))
    except Refusal:
        return None


def _refused(context: RequestContext, match: Match) -> Refusal:
    """Why a path that exists has no operation for a request."""
    method = context.request.method
    if match.operations(method):
        return refused_action(context, match.allow)
    return Refusal(METHOD_NOT_ALLOWED, f"{method} is not one of {match.allow}.", allow=match.allow)


def _world(worlds: Worlds, request: Request) -> tuple[World, bool]:
    """The world that the user chooses, home for one whom nobody knows; and whether the credentials are admitted."""
    credentials = _credentials(request.headers.get("authorization", ""))
    if credentials is None:
        return worlds.home, False
    has_scheme, account, password = credentials
    world = worlds.by_account.get(account)
    if world is None:
        return worlds.home, False
    return world, world.admits(password) and (has_scheme or world.settings.readings["authorization"] == "either")


@lru_cache(maxsize=1024)
def _credentials(authorization: str) -> tuple[bool, str, bytes] | None:
    """Whether the word Basic was there, the account and the password, or nothing if there are none to read."""
    scheme, _, rest = authorization.strip().partition(" ")
    has_scheme = scheme.lower() == "basic"
    encoded = rest.strip() if has_scheme else authorization.strip()
    try:
        account, colon, password = b64decode(encoded, validate=True).partition(b":")
        return (has_scheme, account.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None
