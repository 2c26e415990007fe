"""What must not be seen in a print, a journal or a timeline: credentials and passwords, and how they are masked."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

MASK: Final = "***"
"""What stands in the place of a secret."""

_WORDS: Final = (
    r"pass|passwd|password|passphrase|pwd|secret|token|jwt|bearer|cookie|session|session_?id|credentials?|signature|"
    r"authori[sz]ation|authentication|auth|(?:api|auth|access|private|signing)[-_ ]?key"
)
_SECRET: Final = re.compile(rf".*(?:{_WORDS})s?\W*|(?:.*\W)?sig\W*", re.DOTALL)
_HINTS: Final = tuple(b"pass pwd secret token key auth session cookie credential jwt bearer sig \\u".split())
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"(\s*:\s*)?', re.DOTALL)
_QUERY: Final = re.compile(r"[?#;].*=.*", re.DOTALL)
_PAIR: Final = re.compile(r"([^?#&;=]+)=([^&;#]*)")
_URLS: Final = ("referer", "origin", "x-original-url", "x-rewrite-url")
_DECODER: Final = json.JSONDecoder()


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Whether what has this name, of a header, a key or a parameter, is a secret.

    >>> [is_secret(name) for name in ("adminPass", "Authorization", "X-Auth-Token", "name")]
    [True, True, True, False]
    """
    return _SECRET.fullmatch(name.lower()) is not None


def masked_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Headers, without the values of those that are secret, and without secrets in the queries of others."""
    masked = _secret(tuple(headers))
    urls = {name: masked_url(headers[name]) for name in _URLS if name in headers}
    return {**headers, **masked, **urls} if masked or urls else headers


@lru_cache(maxsize=1024)
def _secret(names: tuple[str, ...]) -> Mapping[str, str]:
    return {name: MASK for name in names if is_secret(name)}


def masked_url(url: str) -> str:
    """A URL or a target, without credentials before its host and without the secrets in its query."""
    if "@" in url:
        url = re.sub(r"(?<=//)[^/?#]*@", f"{MASK}@", url)
    return _QUERY.sub(lambda query: _PAIR.sub(_masked_pair, query[0]), url)


def _masked_pair(pair: re.Match[str]) -> str:
    name = unquote_plus(unquote_plus(pair[1]))
    return f"{pair[1]}={MASK}" if is_secret(name) else pair[0]


def masked_body(body: bytes) -> bytes:
    """A body, without the secrets in it: what is no JSON, and may hold some, is masked as a whole."""
    if not body:
        return body
    lowered = body.replace(b"\0", b"").lower()  # so that UTF-16 can be read
    if not any(hint in lowered for hint in _HINTS):
        return body
    if b"\0" in body:
        return MASK.encode()
    try:
        json.loads(body)
        return _masked_members(body.decode()).encode()
    except (ValueError, RecursionError):
        return MASK.encode()


def _masked_members(text: str) -> str:
    """JSON without the values of keys that are secret; the rest is as it was written."""
    parts, kept = [], 0
    for string in _STRING.finditer(text):
        if string[2] is not None and string.start() >= kept and is_secret(json.loads(f'"{string[1]}"')):
            parts.append(text[kept : string.end()] + f'"{MASK}"')
            kept = _DECODER.raw_decode(text, string.end())[1]
    return "".join((*parts, text[kept:]))
