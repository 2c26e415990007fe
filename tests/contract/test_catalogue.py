"""The pages of images, flavors and zones: what can be ordered, read-only."""

from typing import Any
from urllib.parse import quote

import pytest
import requests

from hostway_fake import FakeHostway
from hostway_fake.contract.catalogue import DEFAULT_FLAVOR, DEFAULT_IMAGE, DEFAULT_ZONE, FLAVORS, IMAGES, ZONES


def _got(fake: FakeHostway, session: requests.Session, path: str) -> Any:
    answer = session.get(f"{fake.url}/{path}")
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.documented("Image pages")
def test_the_samples_images_are_there(fake: FakeHostway, session: requests.Session) -> None:
    images = _got(fake, session, "images/detail")["images"]

    assert [image["id"] for image in images] == [
        "20GB_Ubuntu 10.10 x64 R1soft",
        "20GB_Windows 2008 R2 Standard with R1soft",
        "debian_lenny_template",
    ]
    assert {(image["status"], image["type"]) for image in images} == {("ACTIVE", "BASE")}


@pytest.mark.documented("Image pages")
@pytest.mark.parametrize("image_id", IMAGES)
def test_an_image_is_found_by_the_link_to_it(fake: FakeHostway, session: requests.Session, image_id: str) -> None:
    href = f"{fake.url}/images/{quote(image_id, safe='')}/"

    image = session.get(href).json()["image"]

    assert (image["id"], image["links"]) == (image_id, [{"href": href, "rel": "self"}])


@pytest.mark.documented("Flavor pages")
def test_a_flavor_has_its_measures_and_a_text_for_an_id(fake: FakeHostway, session: requests.Session) -> None:
    assert _got(fake, session, "flavors/3") == {
        "flavor": {
            "name": "1024MB Server3",
            "links": [{"href": f"{fake.url}/flavors/3/", "rel": "self"}],
            "vcpu": 1,
            "ram": 1024,
            "disk": 20,
            "id": "3",
        }
    }


@pytest.mark.documented("Flavor pages")
def test_the_samples_flavors_are_there() -> None:
    measures = {flavor.id: (flavor.vcpu, flavor.ram, flavor.disk) for flavor in FLAVORS.values()}

    assert (measures["1"], measures["3"], measures["4"]) == ((1, 512, 10), (1, 1024, 20), (4, 16384, 60))
    assert (FLAVORS["1"].name, FLAVORS["2"].name) == ("Small", "Large")


@pytest.mark.assumed("Image pages")
@pytest.mark.parametrize("kind", ["images", "flavors"])
def test_a_list_is_brief_and_its_detail_whole(fake: FakeHostway, session: requests.Session, kind: str) -> None:
    brief, whole = _got(fake, session, kind)[kind], _got(fake, session, f"{kind}/detail")[kind]

    assert [{key: each[key] for key in ("name", "links", "id")} for each in whole] == brief
    ones = [_got(fake, session, f"{kind}/{quote(each['id'], safe='')}") for each in whole]
    assert [one[kind[:-1]] for one in ones] == whole


@pytest.mark.documented("Zone")
def test_zones_stand_under_the_account(fake: FakeHostway, session: requests.Session) -> None:
    zones = _got(fake, session, "zone")

    assert list(zones) == [fake.auth[0]]
    assert {"zone": "USOTE-2012-TAMPA", "location": "ote.2012.tampa"} in zones[fake.auth[0]]
    assert [each["zone"] for each in zones[fake.auth[0]]] == ["USOTE", "AUS001", "USOTE-2012-TAMPA"]


@pytest.mark.documented("Zone")
def test_the_zones_of_another_account_are_forbidden(fake: FakeHostway, session: requests.Session) -> None:
    with fake.add_account("michalski275226", "secret"):
        refused = session.get(f"{fake.url}/accounts/michalski275226/flexcloud/zone")

    assert (refused.status_code, refused.json()) == (
        403,
        {"forbidden": {"message": "forbidden", "code": 403, "details": ""}},
    )


@pytest.mark.documented("Faults")
@pytest.mark.parametrize("path", ["images/nothing", "flavors/99", "flavors/", "zone/USOTE", "images/detail/x"])
def test_what_is_not_there_is_404(fake: FakeHostway, session: requests.Session, path: str) -> None:
    assert session.get(f"{fake.url}/{path}x").status_code == 404


@pytest.mark.parametrize("path", ["images", "images/detail", "flavors/1", "zone"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_catalogue_is_only_read(fake: FakeHostway, session: requests.Session, path: str, method: str) -> None:
    refused = session.request(method, f"{fake.url}/{path}", json={})

    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_what_a_server_has_by_default_is_in_the_catalogue() -> None:
    assert (DEFAULT_IMAGE in IMAGES, DEFAULT_FLAVOR in FLAVORS, DEFAULT_ZONE in ZONES) == (True, True, True)
