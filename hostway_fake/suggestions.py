"""Suggestions in error messages: the nearest candidates, and the right names for natural guesses."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Final, Never, ParamSpec, TypeVar

from hostway_fake.exceptions import UnknownOptionError

_Parameters = ParamSpec("_Parameters")
_Returned = TypeVar("_Returned")

ATTRIBUTES: Final[Mapping[str, Mapping[str, str]]] = {
    "FakeHostway": {
        "base_url": "url",
        "host": "url",
        "user": "auth[0]",
        "username": "auth[0]",
        "password": "auth[1]",
        "credentials": "auth",
        "tick": "clock.advance(seconds)",
        "advance": "clock.advance(seconds)",
        "now": "clock.now()",
        "journal": "calls",
        "requests": "calls",
        "history": "timeline()",
        "snapshots": "server(id).snapshots",
        "create_server": "add_server(id)",
        "sibling": "add_account(user, password)",
        "mock": "intercept()",
        "patch": "intercept()",
        "start": "serve()",
        "app": "wsgi_app",
        "transport": "httpx_transport()",
        "on": "faults.on(operation)",
    },
    "RuleBuilder": {
        "times": "first(n)",
        "once": "first(1)",
        "twice": "first(2)",
        "after": "from_(n)",
        "timeout": "hang()",
        "drop": "reset()",
        "disconnect": "reset()",
        "close": "empty()",
        "error": "respond(503)",
        "status": "respond(503)",
        "return_": "respond(503)",
        "sleep": "delay(seconds)",
        "slow": "delay(seconds), or .slow_body(bytes_per_second)",
        "refuse": "unavailable()",
        "garbage": "malformed()",
        "probability": "with_probability(p)",
    },
    "WorldClock": {
        "tick": "advance(seconds)",
        "move": "advance(seconds)",
        "forward": "advance(seconds)",
        "sleep": "advance(seconds)",
        "set": "advance_to(instant)",
        "move_to": "advance_to(instant)",
        "next": "advance_to_next()",
        "time": "now()",
    },
    "Call": {
        "response": "response_body, .response_headers, .status",
        "request": "method, .target, .headers, .body",
        "request_body": "body",
        "request_headers": "headers",
        "status_code": "status",
        "url": "target",
        "path": "target",
        "answer": "response_body",
        "json": "body or .response_body, with json.loads",
    },
    "Calls": {
        "first": "[0]",
        "called": "filter(operation)",
        "assert_called_once": "assert_called(operation, times=1)",
        "assert_not_called": "assert_called(operation, times=0)",
    },
    "Builds": {"fail": 'next(ends="DELETED")', "script": "next(...), once for each build"},
    "ServerHandle": {"add_volume": "attach_volume()", "url": "id, with fake.url"},
    "RuleHandle": {
        "calls": "hits",
        "count": "hits",
        "acted": "fired",
        "owed": "remaining",
        "used": "fired",
        "delete": "remove()",
        "clear": "remove()",
    },
}
"""For each public class, what people try, and what they mean."""

_OPTION: Final = "Did you mean {}?"


class Suggests:
    """A class whose `AttributeError` suggests the attribute that a natural guess means."""

    __slots__ = ()

    if not TYPE_CHECKING:  # a type checker knows the attributes

        def __getattr__(self, name: str) -> Never:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            meant = None if name.startswith("_") else meant_attribute(type(self), name)
            raise AttributeError(f"{message}. Did you mean .{meant}?" if meant else message)


def meant_attribute(kind: type, name: str) -> str | None:
    """Return the attribute of a class that a guess means, or None."""
    for each in kind.__mro__:
        if name in ATTRIBUTES.get(each.__name__, ()):
            return ATTRIBUTES[each.__name__][name]
    return next(iter(get_close_matches(name, [each for each in dir(kind) if not each.startswith("_")], 1)), None)


def nearest(value: object, candidates: Iterable[str], count: int = 3) -> list[str]:
    """Return the candidates that a value resembles, the nearest first."""
    return get_close_matches(value, list(candidates), count, 0.6) if isinstance(value, str) else []


def suggests_keywords(
    **meant: str,
) -> Callable[[Callable[_Parameters, _Returned]], Callable[_Parameters, _Returned]]:
    """Make a function raise `UnknownOptionError` with a suggestion for keyword arguments that it does not have.

    Args:
        **meant: For each natural guess, what it means.
    """

    def decorate(function: Callable[_Parameters, _Returned]) -> Callable[_Parameters, _Returned]:
        known = [name for name in signature(function).parameters if name != "self"]

        @wraps(function)
        def checked(*args: _Parameters.args, **keywords: _Parameters.kwargs) -> _Returned:
            for name in keywords:
                if name not in known:
                    raise unknown_keyword(function.__name__, name, known, meant)
            return function(*args, **keywords)

        return checked

    return decorate


def unknown_keyword(
    function: str, name: str, known: Iterable[str], meant: Mapping[str, str] | None = None
) -> UnknownOptionError:
    """Return the error for a keyword argument that does not exist."""
    known = tuple(known)
    suggestion = (meant or {}).get(name) or next(iter(nearest(name, known, 1)), None)
    hint = _OPTION.format(suggestion) if suggestion else f"Expected one of: {', '.join(known)}."
    return UnknownOptionError(f"{function}() has no argument {name!r}. {hint}")
