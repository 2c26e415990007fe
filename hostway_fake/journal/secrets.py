"""What must not be seen in a print, a journal or a timeline: credentials and passwords, and how they are masked."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

MASK: Final = "***"
"""What stands in the place of a secret."""

_SECRET: Final = re.compile(r".*(?:pass|passwd|password|passphrase|pwd|secret|token|cookie|credentials?|api[_-]?key)")
_AUTHORIZATION: Final = "authorization"
_HINTS: Final = (b"pass", b"pwd", b"secret", b"token", b"cookie", b"credential", b"key", b"authorization", b"\\u")
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*+)(?:"(\s*:\s*)?|\\?\Z)', re.DOTALL)
_SCALAR: Final = re.compile(r"[^,\]}\s]*")
_PAIR: Final = re.compile(r"([^?&=]+)=([^&#]*)")
_DECODER: Final = json.JSONDecoder()
_BEFORE_JSON: Final = "\xef\xbb\xbf\xff\xfe \t\r\n"


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Whether what has this name, of a header, a key or a parameter, is a secret.

    >>> [is_secret(name) for name in ("adminPass", "Authorization", "X-Auth-Token", "name")]
    [True, True, True, False]
    """
    lowered = name.lower()
    return lowered.endswith(_AUTHORIZATION) or _SECRET.fullmatch(lowered) is not None


def masked_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Headers, without the values of those that are secret."""
    secret = _secret(tuple(headers))
    return {**headers, **secret} if secret else headers


@lru_cache(maxsize=1024)
def _secret(names: tuple[str, ...]) -> Mapping[str, str]:
    return {name: MASK for name in names if is_secret(name)}


def masked_target(target: str) -> str:
    """A target, without the secrets in its query."""
    path, question, query = target.partition("?")
    return path + question + _masked_pairs(query) if "=" in query else target


def masked_body(body: bytes) -> bytes:
    """A body, without the secrets in it: JSON, whole or broken, or a form; the rest of it is as it was sent."""
    plain = body.replace(b"\0", b"")  # so that UTF-16 can be read
    lowered = plain.lower()
    if not any(hint in lowered for hint in _HINTS):
        return body
    text = plain.decode("latin-1")
    masked = _masked_members(text) if text.lstrip(_BEFORE_JSON).startswith(("{", "[")) else _masked_pairs(text)
    return body if masked == text else masked.encode("latin-1")


def _masked_pairs(text: str) -> str:
    """A form, or a query, without the values of what is secret."""
    return _PAIR.sub(lambda pair: f"{pair[1]}={MASK}" if is_secret(unquote_plus(pair[1])) else pair[0], text)


def _masked_members(text: str) -> str:
    """JSON without the values of keys that are secret."""
    parts, kept = [], 0
    for string in _STRING.finditer(text):
        if string[2] is not None and string.start() >= kept and is_secret(_unescaped(string[1])):
            parts.append(text[kept : string.end()] + f'"{MASK}"')
            kept = _end(text, string.end())
    return "".join((*parts, text[kept:]))


def _unescaped(key: str) -> str:
    try:
        return str(json.loads(f'"{key}"', strict=False))
    except ValueError:
        return key


def _end(text: str, start: int) -> int:
    """Where a value ends; one that is broken takes all that follows with it."""
    try:
        return _DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        scalar = _SCALAR.match(text, start)
        is_scalar = scalar is not None and text[start : start + 1] not in ('"', "[", "{")
        return scalar.end() if scalar and is_scalar else len(text)
