"""Masking of credentials and passwords, in everything that is printed or kept."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

MASK: Final = "***"
"""The replacement for a secret."""

_WORDS: Final = (
    r"pass|passwd|password|passphrase|pwd|secret|token|jwt|bearer|cookie|session|session_?id|credentials?|signature|"
    r"authori[sz]ation|authentication|auth|(?:api|auth|access|private|signing)[-_ ]?key"
)
_SECRET: Final = re.compile(rf".*(?:{_WORDS})s?\W*|(?:.*\W)?sig\W*", re.DOTALL)
_HINTS: Final = tuple(b"pass pwd secret token key auth session cookie credential jwt bearer sig \\u".split())
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"(\s*:\s*)?', re.DOTALL)
_USERINFO: Final = re.compile(r"(?<=//)[^/?#]*@|(?:(?<=/)|^)[^/?#:@]*:[^/?#]*@")
_QUERY: Final = re.compile(r"[?#;]")
_PAIR: Final = re.compile(r"(?<![^?#&;=])([^?#&;=]++)=([^&;#]*)")  # begins at a separator only, so that it is linear
_CACHED: Final = 200
"""The length of a name above which it is not cached, because a client may send names of any length."""
_URLS: Final = ("referer", "origin", "x-original-url", "x-rewrite-url")
_DECODER: Final = json.JSONDecoder()


def is_secret(name: str) -> bool:
    """Tell whether the value of a header, key or parameter with this name is a secret.

    >>> [is_secret(name) for name in ("adminPass", "Authorization", "X-Auth-Token", "name")]
    [True, True, True, False]
    """
    return _known_secret(name) if len(name) <= _CACHED else _has_secret_word(name)


def _has_secret_word(name: str) -> bool:
    return _SECRET.fullmatch(name.lower()) is not None


_known_secret: Final = lru_cache(maxsize=1024)(_has_secret_word)


def masked_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return headers with secret values and secrets in URLs masked."""
    masked = {name: MASK for name in headers if is_secret(name)}
    urls = {name: masked_url(headers[name]) for name in _URLS if name in headers}
    if "@" in headers.get("host", ""):
        urls["host"] = masked_host(headers["host"])
    return {**headers, **masked, **urls} if masked or urls else headers


def masked_host(host: str) -> str:
    """Return the value of a ``Host`` header without credentials."""
    return f"{MASK}@{host.rpartition('@')[2]}" if "@" in host else host


def masked_url(url: str) -> str:
    """Return a URL or a target with its credentials and the secrets in its query masked.

    Credentials are masked before the host and, where they are a name and a password, in any segment of the path.
    """
    if "@" in url:
        url = _USERINFO.sub(f"{MASK}@", url)
    query = _QUERY.search(url)
    return url if query is None else url[: query.start()] + _PAIR.sub(_masked_pair, url[query.start() :])


def _masked_pair(pair: re.Match[str]) -> str:
    name = unquote_plus(unquote_plus(pair[1]))
    return f"{pair[1]}={MASK}" if is_secret(name) else pair[0]


def masked_body(body: bytes) -> bytes:
    """Return a body with its secrets masked. A body that is not JSON and may contain some is masked as a whole."""
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
    """Return JSON with the values of secret keys masked. The rest is unchanged."""
    parts, kept = [], 0
    for string in _STRING.finditer(text):
        if string[2] is not None and string.start() >= kept and is_secret(json.loads(f'"{string[1]}"')):
            parts.append(text[kept : string.end()] + f'"{MASK}"')
            kept = _DECODER.raw_decode(text, string.end())[1]
    return "".join((*parts, text[kept:]))
