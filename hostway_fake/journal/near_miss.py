"""What came nearest to a call that was waited for, and in what it differs."""

from collections.abc import Callable, Iterable, Mapping

from hostway_fake.journal.calls import Call

_SHOWN = 3

Matches = Callable[[str, str | None], bool]
"""Whether a value is what was wanted."""


def is_equal(wanted: str, value: str | None) -> bool:
    return wanted == value


def differences(call: Call, wanted: Mapping[str, str], matches: Matches = is_equal) -> list[str]:
    """In what a call is not what was wanted, attribute by attribute."""
    held: list[tuple[str, str | None]] = [(what, getattr(call, what)) for what in wanted]
    return [
        f"{what} is {value if value is None else str(value)!r}, not {wanted[what]!r}"
        for what, value in held
        if not matches(wanted[what], value)
    ]


def nearest(
    calls: Iterable[Call], wanted: Mapping[str, str], matches: Matches = is_equal, alike: Callable[[Call], str] = str
) -> list[str]:
    """Lines about the calls that differ least from what was wanted; ``alike`` says why one that does not is none."""
    ranked = sorted(calls, key=lambda call: len(differences(call, wanted, matches)))
    if not ranked:
        return ["  there were no calls at all"]
    lines = (f"  {call}: {'; '.join(differences(call, wanted, matches)) or alike(call)}" for call in ranked[:_SHOWN])
    return ["the nearest:", *lines]
