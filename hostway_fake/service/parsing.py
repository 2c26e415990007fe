"""Parsing of requests into commands. A refusal says which part of the request is invalid."""

import json
import re
from functools import lru_cache
from typing import Final, NoReturn
from urllib.parse import parse_qsl, unquote

from hostway_fake.contract.catalogue import DEFAULT_ZONE
from hostway_fake.contract.errors import BAD_BODY, BAD_HTTP, BODY_TOO_LARGE, UNSUPPORTED_MEDIA
from hostway_fake.contract.limits import BODY_LIMIT, DEPTH_LIMIT, VOLUME_LIMIT
from hostway_fake.contract.operations import SERVER_FILTERS
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.servers import CreateServer, Filters
from hostway_fake.domain.snapshots import CreateSnapshot
from hostway_fake.domain.volumes import CreateVolume
from hostway_fake.journal.secrets import masked_host, masked_url
from hostway_fake.service.messages import Request

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE: Final = re.compile(r"[^\0-\x08\x0a-\x1f\x7f]*")
_LENGTH: Final = re.compile(r"[0-9]+")
_LONGEST: Final = 18
"""The number of digits of a length that is converted. A longer one is above every limit."""
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_SQUARE: Final = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_MEDIA_TYPE_END: Final = re.compile(r"[;\s]")


def check_message(request: Request) -> None:
    """Refuse a request that is not well-formed HTTP. This is checked before anything else."""
    headers = request.headers
    if request.parse_error:
        raise Refusal(BAD_HTTP, request.parse_error)
    host = headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise Refusal(BAD_HTTP, f"Host must be a host and an optional port, not {_brief(masked_host(host))}.")
    if not _is_token(request.method):
        raise Refusal(BAD_HTTP, f"The method must be a token, not {_brief(request.method)}.")
    for name, value in headers.items():
        if not _is_token(name):
            raise Refusal(BAD_HTTP, f"The name of a header must be a token, not {_brief(name)}.")
        if not _VALUE.fullmatch(value):
            # The message does not contain the value, which may be a secret.
            raise Refusal(BAD_HTTP, f"The header {name} holds a control character.")
    length = headers.get("content-length")
    if length is None:
        return
    declared = content_length(length)
    if declared is None:
        raise Refusal(BAD_HTTP, f"Content-Length must be a number, not {_brief(length)}.")
    if len(request.body) < declared <= BODY_LIMIT:
        raise Refusal(BAD_HTTP, f"The body ended after {len(request.body)} of {declared} bytes.")
    if len(request.body) > declared:
        raise Refusal(BAD_HTTP, f"The body goes on after {declared} bytes.")


@lru_cache(maxsize=1024)
def _is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def content_length(length: str) -> int | None:
    """Return the number of bytes of a ``Content-Length``, or None if it is not a number.

    >>> content_length("0031"), content_length("+31")
    (31, None)
    """
    if not _LENGTH.fullmatch(length):
        return None
    digits = length.lstrip("0")
    return int(digits or 0) if len(digits) <= _LONGEST else 10**_LONGEST


def create_snapshot(request: Request) -> CreateSnapshot:
    """Return the command in the body of ``create_snapshot``."""
    snapshot = _object(_json(request), "snapshot")
    name = _filled(snapshot, "snapshot", "name")
    return CreateSnapshot(name, _string(snapshot, "snapshot", "description", ""))


def restore_snapshot(request: Request) -> None:
    """Refuse a body whose action is not ``restore``."""
    action = _json(request).get("action")
    if action != "restore":
        raise Refusal(
            BAD_BODY, f"action must be 'restore', not {_brief(action) if isinstance(action, str) else _kind(action)}."
        )


def create_server(request: Request) -> CreateServer:
    """Return the command in the body of ``create_server``. References are ids, or URLs that end in an id."""
    server = _object(_json(request), "server")
    _string(server, "server", "securityGroupRef", "")
    return CreateServer(
        _filled(server, "server", "name"),
        _reference(server, "server", "imageRef"),
        _reference(server, "server", "flavorRef"),
        _string(server, "server", "zone", DEFAULT_ZONE),
        _filled(server, "server", "adminPass") if "adminPass" in server else "",
    )


def update_server(request: Request) -> str:
    """Return the new name in the body of ``update_server``."""
    return _filled(_object(_json(request), "server"), "server", "name")


def action(request: Request) -> str:
    """Return the only key in the body of an action."""
    body = _json(request)
    if len(body) != 1:
        raise Refusal(BAD_BODY, f"The body must hold one action, not {len(body)}.")
    return next(iter(body))


def reboot_server(request: Request) -> None:
    """Refuse a reboot whose type is neither HARD nor SOFT."""
    kind = _string(_object(_json(request), "reboot"), "reboot", "type", None)
    if kind not in ("HARD", "SOFT"):
        raise Refusal(BAD_BODY, f"reboot.type must be 'HARD' or 'SOFT', not {_brief(kind)}.")


def resize_server(request: Request) -> str:
    """Return the flavor in the body of a resize."""
    return _reference(_object(_object(_json(request), "resize"), "flavor", "resize."), "resize.flavor", "id")


def empty_action(request: Request) -> None:
    """Refuse an action whose value is not null."""
    ((word, value),) = _json(request).items()
    if value is not None:
        raise Refusal(BAD_BODY, f"{word} must be null, not {_kind(value)}.")


def create_volume(request: Request) -> CreateVolume:
    """Return the command in the body of ``create_volume``."""
    volume = _object(_json(request), "volume")
    size = volume.get("size")
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= VOLUME_LIMIT:
        got = _kind(size) if isinstance(size, bool) or not isinstance(size, int) else _brief(str(size)).strip("'")
        raise Refusal(BAD_BODY, f"volume.size must be a whole number from 1 to {VOLUME_LIMIT}, not {got}.")
    metadata = _object(volume, "metadata", "volume.") if "metadata" in volume else {}
    return CreateVolume(
        _string(volume, "volume", "display_name", ""),
        _string(volume, "volume", "display_description", ""),
        size,
        _string(volume, "volume", "volume_type", ""),
        _string(metadata, "volume.metadata", "contents", ""),
        _string(volume, "volume", "availability_zone", DEFAULT_ZONE),
    )


def attach_volume(request: Request) -> tuple[str, str]:
    """Return the volume id and the device in the body of ``attach_volume``."""
    attachment = _object(_json(request), "volumeAttachment")
    volume_id = _filled(attachment, "volumeAttachment", "volumeId")
    return volume_id, _string(attachment, "volumeAttachment", "device", "")


def filters(request: Request) -> Filters:
    """Return the filters in the query of a list of servers. Of equal keys, the last one counts."""
    asked = dict(parse_qsl(request.target.partition("?")[2], keep_blank_values=True))
    return Filters(*map(asked.get, SERVER_FILTERS))


def _object(parent: dict[str, object], key: str, place: str = "") -> dict[str, object]:
    value = parent.get(key)
    if not isinstance(value, dict):
        raise Refusal(BAD_BODY, f"{place}{key} must be an object, not {_kind(value)}.")
    return value


def _filled(parent: dict[str, object], place: str, key: str) -> str:
    value = _string(parent, place, key, None)
    if not value:
        raise Refusal(BAD_BODY, f"{place}.{key} must not be empty.")
    return value


def _reference(parent: dict[str, object], place: str, key: str) -> str:
    """Return an id: text, a number as a server shows for its flavor, or the end of a URL."""
    value = parent.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return str(value)
    return unquote(_filled(parent, place, key).rstrip("/").rpartition("/")[2])


def _json(request: Request) -> dict[str, object]:
    """Return the JSON object in the body. Refuse other media types, large bodies, and other values."""
    content_type = request.headers.get("content-type", "").strip()
    media_type = _MEDIA_TYPE_END.split(content_type, maxsplit=1)[0]
    if content_type and media_type.lower() != "application/json":
        raise Refusal(UNSUPPORTED_MEDIA, _brief(media_type))
    if max(len(request.body), content_length(request.headers.get("content-length", "0")) or 0) > BODY_LIMIT:
        raise Refusal(BODY_TOO_LARGE, BODY_LIMIT)
    if _is_too_deep(request.body):
        raise Refusal(BAD_BODY, "The body is nested too deeply.")
    try:
        parsed = _DECODER.decode(request.body.decode())
    except UnicodeDecodeError as error:
        raise Refusal(BAD_BODY, f"The body is not UTF-8: byte {error.start} is invalid.") from None
    except json.JSONDecodeError as error:
        raise Refusal(BAD_BODY, f"The body is not JSON: {error}.") from None
    except ValueError:
        raise Refusal(BAD_BODY, "The body holds a number of too many digits.") from None
    if not isinstance(parsed, dict):
        raise Refusal(BAD_BODY, f"The body must be an object, not {_kind(parsed)}.")
    return parsed


def _is_too_deep(body: bytes) -> bool:
    """Tell whether a body is nested too deeply, independent of the stack of the caller.

    Each pass removes the innermost brackets, at the speed of `bytes.replace`.
    """
    if body.count(b"[") + body.count(b"{") <= DEPTH_LIMIT:
        return False
    brackets = _STRING.sub(b"", body).translate(_SQUARE, _NO_BRACKETS)
    depth = 0
    while b"[]" in brackets:
        brackets, depth = brackets.replace(b"[]", b""), depth + 1
        if depth > DEPTH_LIMIT:
            return True
    return brackets.count(b"[") > DEPTH_LIMIT


def _refuse_constant(constant: str) -> NoReturn:
    raise Refusal(BAD_BODY, f"The body is not JSON: {constant} is not a number.")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _string(parent: dict[str, object], place: str, key: str, default: str | None) -> str:
    value = parent.get(key, default)
    if not isinstance(value, str):
        raise Refusal(BAD_BODY, f"{place}.{key} must be a string, not {_kind(value)}.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refusal(BAD_BODY, f"{place}.{key} holds half of a surrogate pair.") from None
    return value


def _kind(value: object) -> str:
    """Return the kind of a JSON value, in the terms of JSON."""
    match value:
        case None:
            return "null or absent"
        case bool():
            return "a boolean"
        case dict():
            return "an object"
        case list():
            return "an array"
        case str():
            return "a string"
        case _:
            return "a number"


def _brief(text: str) -> str:
    """Return a value of the client for a message: quoted, short, and with secrets masked."""
    text = masked_url(text)
    return ascii(text if len(text) <= 60 else text[:60] + "...")
