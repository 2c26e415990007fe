"""How a rule says no. Each refusal names the provider's error; nothing has changed when one is raised."""

from hostway_fake.contract.errors import METHOD_NOT_ALLOWED, ProviderError


class Refusal(Exception):
    """The provider's error, with the place or value at fault filled in."""

    def __init__(self, error: ProviderError, at_fault: object = "") -> None:
        self.error = error
        self.details: str = error.details.format(at_fault)
        super().__init__(f"{error.status} {error.message}" + (f": {self.details}" if self.details else ""))


class MethodRefused(Refusal):
    """A path that exists, asked with a method that it does not answer."""

    def __init__(self, method: str, allow: str) -> None:
        super().__init__(METHOD_NOT_ALLOWED, f"{method} is not one of {allow}.")
        self.allow = allow
