"""The calls that came nearest to an expected one, and the attributes in which they differ."""

from collections.abc import Callable, Iterable, Mapping

from hostway_fake.journal.calls import Call

_SHOWN = 3

Matches = Callable[[str, str | None], bool]
"""Tells whether a value is the wanted one."""


def is_equal(wanted: str, value: str | None) -> bool:
    """Tell whether two values are equal."""
    return wanted == value


def differences(call: Call, wanted: Mapping[str, str], matches: Matches = is_equal) -> list[str]:
    """Return the attributes of a call that differ from the wanted ones."""
    held: list[tuple[str, str | None]] = [(what, getattr(call, what)) for what in wanted]
    return [
        f"{what} is {value if value is None else str(value)!r}, not {wanted[what]!r}"
        for what, value in held
        if not matches(wanted[what], value)
    ]


def nearest(
    calls: Iterable[Call], wanted: Mapping[str, str], matches: Matches = is_equal, alike: Callable[[Call], str] = str
) -> list[str]:
    """Return lines about the calls that differ least. ``alike`` explains a call that does not differ at all."""
    ranked = sorted(calls, key=lambda call: len(differences(call, wanted, matches)))
    if not ranked:
        return ["  there were no calls at all"]
    lines = (f"  {call}: {'; '.join(differences(call, wanted, matches)) or alike(call)}" for call in ranked[:_SHOWN])
    return ["the closest calls:", *lines]
