"""How a rule says no. Each refusal names the provider's error; nothing has changed when one is raised."""

from hostway_fake.contract.errors import ProviderError


class Refusal(Exception):
    """The provider's error, with the place or value at fault filled in; ``allow`` are the methods of a 405."""

    def __init__(self, error: ProviderError, at_fault: object = "", *, allow: str = "") -> None:
        self.error = error
        self.allow = allow
        self.details: str = error.details.format(at_fault)
        super().__init__(f"{error.status} {error.message}" + (f": {self.details}" if self.details else ""))
