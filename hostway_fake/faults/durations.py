"""Durations that are drawn from a distribution. Each draw comes from the seed of the fake."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp
from statistics import NormalDist
from typing import Final

from hostway_fake import checks
from hostway_fake.exceptions import WrongTypeError, invalid

Draw = Callable[[], float]
"""Returns a number above 0 and below 1."""

_STANDARD: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A log-normal distribution, as response times often have. See `lognormal`."""

    median: float
    sigma: float

    def __post_init__(self) -> None:
        checks.positive("median", self.median)
        checks.positive("sigma", self.sigma, 10)


def lognormal(*, median: float, sigma: float) -> LogNormal:
    """Return a log-normal distribution for ``delay``.

    Args:
        median: The median, in virtual seconds. Half of the delays are shorter.
        sigma: The standard deviation of the logarithm. With 0.5, one delay in a hundred is over 3.2 times the median.

    Raises:
        InvalidValueError: If a value is not above 0, or if sigma is above 10.
    """
    return LogNormal(median, sigma)


Seconds = float | tuple[float, float] | LogNormal
"""A number of seconds, a range for a uniform distribution, or a log-normal distribution."""


def check(seconds: Seconds) -> None:
    """Raise an error that names the value if it is no duration above 0."""
    if isinstance(seconds, LogNormal):
        return
    if not isinstance(seconds, tuple):
        checks.positive("seconds", seconds)
        return
    if len(seconds) != 2:
        raise WrongTypeError(f"seconds: got {seconds!r}, expected a number, two numbers, or lognormal(...)")
    if not checks.number("seconds", seconds[0]) < checks.positive("seconds", seconds[1]):
        raise invalid("seconds", seconds, "the shortest before the longest")


def with_jitter(seconds: Seconds, jitter: float) -> Seconds:
    """Return the range around a number of seconds, ``jitter`` seconds to each side.

    Raises:
        InvalidValueError: If the jitter is larger than the number, or if the duration is a distribution already.
    """
    if isinstance(seconds, tuple | LogNormal):
        raise invalid("jitter", jitter, "none: the duration is a distribution already")
    checks.positive("jitter", jitter, checks.positive("seconds", seconds))
    return (seconds - jitter, seconds + jitter)


def drawn(seconds: Seconds, draw: Draw) -> float:
    """Return a number of seconds, at most the longest time."""
    match seconds:
        case LogNormal(median, sigma):
            return min(median * exp(sigma * _STANDARD.inv_cdf(draw())), checks.MAX_SECONDS)
        case (shortest, longest):
            return shortest + (longest - shortest) * draw()
        case number:
            return number
