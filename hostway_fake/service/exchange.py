"""The one road from a request to an answer, and the only router. Every way in comes through here."""

import binascii
from base64 import b64decode
from functools import lru_cache

from hostway_fake.contract.errors import FORBIDDEN, NOT_FOUND, UNAUTHORIZED
from hostway_fake.contract.operations import resolve
from hostway_fake.domain.refusals import MethodRefused, Refusal
from hostway_fake.service import rendering
from hostway_fake.service.handlers import HANDLERS, Call
from hostway_fake.service.messages import Answer, Request
from hostway_fake.service.parsing import check_message
from hostway_fake.world import World, Worlds


def exchange(worlds: Worlds, request: Request) -> Answer:
    """Answer one request: never raises for what a client sends.

    What is no HTTP at all is refused first; then the order is the contract's: 401, path and account 404 or 403, 405,
    and the handler's.
    """
    world = worlds.home
    try:
        check_message(request)
        world = _authenticated(worlds, request)
        answer = _handled(worlds, world, request)
    except Refusal as refusal:
        answer = rendering.refused(world, refusal)
    return answer.without_body() if request.method == "HEAD" else answer


def _handled(worlds: Worlds, world: World, request: Request) -> Answer:
    match = resolve(request.target)
    if match is None:
        raise Refusal(NOT_FOUND)
    if match.account is not None and match.account != world.settings.account:
        raise Refusal(FORBIDDEN if match.account in worlds.by_account else NOT_FOUND)
    operation = match.operation(request.method)
    if operation is None:
        raise MethodRefused(request.method, match.allow)
    origin = f"{request.scheme}://{request.headers['host']}{match.base}"
    return HANDLERS[operation.name](Call(world, request, match.arguments, origin))


def _authenticated(worlds: Worlds, request: Request) -> World:
    """The world that the credentials choose."""
    credentials = _credentials(request.headers.get("authorization", ""))
    if credentials is None:
        raise Refusal(UNAUTHORIZED)
    has_scheme, account, password = credentials
    world = worlds.by_account.get(account)
    if world is None or not world.admits(password):
        raise Refusal(UNAUTHORIZED)
    if not has_scheme and world.settings.readings["authorization"] == "basic":
        raise Refusal(UNAUTHORIZED)
    return world


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
