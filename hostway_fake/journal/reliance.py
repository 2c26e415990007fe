"""The behaviors of the contract that calls relied on, each with its evidence and page."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hostway_fake.contract.errors import ProviderError
from hostway_fake.contract.evidence import Evidence, Source
from hostway_fake.contract.operations import BY_NAME
from hostway_fake.contract.readings import READINGS, Reading

ResponseKey = tuple[str, str, int, ProviderError | None]
"""The operation, empty for none; the method, if a reading depends on it; the status; the error, if it is one."""


_METHODS = frozenset(method for reading in READINGS.values() for method in reading.methods)


def response_key(operation: str, method: str, status: int, error: ProviderError | None) -> ResponseKey:
    """Return the key under which a response is counted. Methods that no reading depends on share one key."""
    return operation, method if method in _METHODS else "", status, error


class Reliance(NamedTuple):
    """A behavior of Hostway that calls relied on.

    Attributes:
        behavior: The name of an operation that succeeded, the status and message of an error, or the name of a
            reading.
        label: The evidence: documented, contradicted, assumed or ours.
        page: The page of the documentation.
        calls: The number of calls that relied on it.
    """

    behavior: str
    label: Evidence
    page: str
    calls: int


def reliances(response_key: Mapping[ResponseKey, int]) -> tuple[Reliance, ...]:
    """Return the behaviors that responses show, the best documented first."""
    counted: Counter[tuple[str, Source]] = Counter()
    for response, calls in response_key.items():
        for behavior, source in _behaviors(*response):
            counted[behavior, source] += calls
    found = (Reliance(name, source.evidence, source.page, calls) for (name, source), calls in counted.items())
    return tuple(sorted(found, key=_rank))


_LABELS = tuple(Evidence)


def _rank(reliance: Reliance) -> tuple[int, str, str]:
    return _LABELS.index(reliance.label), reliance.page, reliance.behavior


def _behaviors(operation: str, method: str, status: int, error: ProviderError | None) -> Iterator[tuple[str, Source]]:
    if error is not None:
        yield f"{status} {error.message}", error.source
    else:
        yield operation, BY_NAME[operation].source
    yield from ((each.name, each.source) for each in READINGS.values() if _relies(each, operation, method, status))


def _relies(reading: Reading, operation: str, method: str, status: int) -> bool:
    met = operation in reading.operations if operation else len(reading.operations) == len(BY_NAME)
    return (
        met
        and (not reading.statuses or status in reading.statuses)
        and (not reading.methods or method in reading.methods)
    )
