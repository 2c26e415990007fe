"""Edits of a true response, as frozen values: the contract changes under the client.

JSON is kept as text, so that the values cannot change.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from hostway_fake import checks
from hostway_fake.exceptions import InvalidValueError, invalid


@dataclass(frozen=True, slots=True)
class Change:
    """A JSON merge patch (RFC 7396) of the body."""

    name: ClassVar[str] = "change"
    patch: str

    def edit(self, body: object) -> object:
        """Return the patched body."""
        return _merged(body, json.loads(self.patch))


@dataclass(frozen=True, slots=True)
class Without:
    """A key that is missing in the body."""

    name: ClassVar[str] = "without"
    path: str

    def __post_init__(self) -> None:
        _check_path("without", self.path)

    def edit(self, body: object) -> object:
        """Return the body without the key."""
        return _edited(body, self.name, self.path, lambda holder, key: {k: v for k, v in holder.items() if k != key})


@dataclass(frozen=True, slots=True)
class Extra:
    """An additional key in the body."""

    name: ClassVar[str] = "extra"
    path: str
    value: str

    def __post_init__(self) -> None:
        _check_path("extra", self.path)

    def edit(self, body: object) -> object:
        """Return the body with the key."""
        value = json.loads(self.value)
        return _edited(body, self.name, self.path, lambda holder, key: {**holder, key: value}, may_be_new=True)


@dataclass(frozen=True, slots=True)
class RenameKey:
    """A key of the body that has another name. It keeps its value and its position."""

    name: ClassVar[str] = "rename_key"
    path: str
    new_name: str

    def __post_init__(self) -> None:
        _check_path("rename_key", self.path)
        if not checks.text("new_name", self.new_name):
            raise invalid("new_name", self.new_name, "a key that is not empty")

    def edit(self, body: object) -> object:
        """Return the body with the new name."""

        def renamed(holder: dict[str, Any], key: str) -> dict[str, Any]:
            return {self.new_name if k == key else k: v for k, v in holder.items()}

        return _edited(body, self.name, self.path, renamed)


BodyEdit = Change | Without | Extra | RenameKey
"""The edits of the body of a successful response."""


def as_text(what: str, data: object) -> str:
    """Return plain data as JSON text.

    Raises:
        InvalidValueError: If JSON cannot contain the data.
    """
    try:
        return json.dumps(data, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        kind = type(data).__name__  # the value itself may be too deep or too long to be shown
        raise InvalidValueError(f"{what}: got a {kind}, expected data that JSON can contain ({error})", what) from None


def _merged(target: object, patch: object) -> object:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged


_PATH: Final = "keys separated by dots, such as 'snapshot.links'"


def _check_path(what: str, path: object) -> None:
    if not all(checks.text(what, path).split(".")):
        raise invalid(what, path, _PATH)


def _edited(
    body: object,
    what: str,
    path: str,
    edit: Callable[[dict[str, Any], str], dict[str, Any]],
    *,
    may_be_new: bool = False,
) -> object:
    """Return the body with an edited key. A list on the way is edited in each of its items."""

    def inside(value: object, keys: list[str]) -> object:
        if isinstance(value, list):
            return [inside(item, keys) for item in value]
        key, *rest = keys
        if not isinstance(value, dict) or (key not in value and (rest or not may_be_new)):
            raise InvalidValueError(
                f"{what}: got {path!r}, which the response does not have, expected a path such as one of: "
                + ", ".join(map(repr, dict.fromkeys(_paths(body)))),
                what,
            )
        return {**value, key: inside(value[key], rest)} if rest else edit(value, key)

    return inside(body, path.split("."))


def _paths(value: object, start: str = "") -> Iterator[str]:
    """Yield the paths of all keys."""
    for item in value if isinstance(value, list) else ():
        yield from _paths(item, start)
    for key, held in value.items() if isinstance(value, dict) else ():
        yield start + key
        yield from _paths(held, f"{start}{key}.")
