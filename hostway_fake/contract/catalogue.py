"""The catalogue: images, flavors and zones, with ids from the samples of the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Image:
    """An image, from which a server is installed."""

    id: str
    name: str
    status: str = "ACTIVE"
    type: str = "BASE"


@dataclass(frozen=True, slots=True)
class Flavor:
    """A size of a server: ``ram`` in MB, ``disk`` in GB. Its id is a number inside a server, and text elsewhere."""

    id: str
    name: str
    vcpu: int
    ram: int
    disk: int


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone, in which a server is."""

    name: str
    location: str


IMAGES: Final[Mapping[str, Image]] = {
    image.id: image
    for image in (
        Image("20GB_Ubuntu 10.10 x64 R1soft", "Ubuntu 10.10 x64"),
        Image("20GB_Windows 2008 R2 Standard with R1soft", "Windows 2008 R2 Standard"),
        Image("debian_lenny_template", "Debian Lenny"),
    )
}
FLAVORS: Final[Mapping[str, Flavor]] = {
    flavor.id: flavor
    for flavor in (
        Flavor("1", "Small", vcpu=1, ram=512, disk=10),
        Flavor("2", "Large", vcpu=2, ram=2048, disk=40),
        Flavor("3", "1024MB Server3", vcpu=1, ram=1024, disk=20),
        Flavor("4", "16384MB Server", vcpu=4, ram=16384, disk=60),
    )
}
ZONES: Final[Mapping[str, Zone]] = {
    zone.name: zone
    for zone in (Zone("USOTE", "ote"), Zone("AUS001", "aus.001"), Zone("USOTE-2012-TAMPA", "ote.2012.tampa"))
}

DEFAULT_IMAGE: Final = "20GB_Ubuntu 10.10 x64 R1soft"
"""The image of a server that a test adds, as in the sample of the page."""
DEFAULT_FLAVOR: Final = "3"
DEFAULT_ZONE: Final = "USOTE"
