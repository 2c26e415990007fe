"""The exception with which a rule refuses a command. Nothing has changed when it is raised."""

from hostway_fake.contract.errors import ProviderError


class Refusal(Exception):
    """A refusal: an error of the API, with its details filled in. ``allow`` has the methods for a 405."""

    def __init__(self, error: ProviderError, at_fault: object = "", *, allow: str = "") -> None:
        self.error = error
        self.allow = allow
        self.details: str = error.details.format(at_fault)
        super().__init__(f"{error.status} {error.message}" + (f": {self.details}" if self.details else ""))
