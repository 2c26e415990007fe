"""Every transport through requests, where urllib3-future is in the place of urllib3: `.ci/run` runs it there."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3
from urllib3 import Retry

from hostway_fake import START, FakeHostway

BODY = {"snapshot": {"name": "nightly"}}


@pytest.fixture(params=["own", "mounted", "intercepted"])
def session(request: pytest.FixtureRequest, fake_hostway: FakeHostway) -> Iterator[requests.Session]:
    if request.param == "own":
        yield fake_hostway.session()
        return
    plain = requests.Session()
    plain.auth = fake_hostway.auth
    if request.param == "mounted":
        fake_hostway.mount(plain)
        yield plain
    else:
        with fake_hostway.intercept():
            yield plain


def test_urllib3_is_the_other_one() -> None:

    assert hasattr(urllib3, "AsyncPoolManager")


@pytest.mark.parametrize("stream", [True, False])
def test_snapshot_becomes_active(fake_hostway: FakeHostway, session: requests.Session, stream: bool) -> None:
    url = f"{fake_hostway.url}/servers/{fake_hostway.add_server().id}/snapshots"
    created = session.post(url, json=BODY, stream=stream)
    fake_hostway.clock.advance(60)
    assert session.get(created.headers["Location"]).json()["snapshot"]["status"] == "ACTIVE"
    assert b"".join(session.get(url, stream=True).iter_content(50)).startswith(b'{"snapshots"')


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("reset", requests.ConnectionError),
        ("empty", requests.ConnectionError),
        ("malformed", requests.ConnectionError),
        ("hang", requests.Timeout),
        ("unavailable", requests.ConnectionError),
    ],
)
def test_wire_breaks(fake_hostway: FakeHostway, session: requests.Session, fault: str, error: type[Exception]) -> None:
    getattr(fake_hostway.faults.on("list_servers").first(1), fault)()
    with pytest.raises(error):
        session.get(f"{fake_hostway.url}/servers", timeout=3)


def test_body_is_cut(fake_hostway: FakeHostway, session: requests.Session) -> None:
    fake_hostway.faults.on("list_servers").first(1).truncate(3)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        session.get(f"{fake_hostway.url}/servers", timeout=3)


def test_retries_wait_on_the_clock(fake_hostway: FakeHostway, session: requests.Session) -> None:
    fake_hostway.faults.on("list_servers").first(1).respond(503, retry_after=7)
    adapter: Any = session.get_adapter(f"{fake_hostway.url}/")
    adapter.max_retries = Retry(1, status_forcelist=[503])
    assert session.get(f"{fake_hostway.url}/servers").status_code == 200
    assert (fake_hostway.clock.now() - START).total_seconds() == 7


def test_interception_covers_pool_managers_too(fake_hostway: FakeHostway) -> None:
    headers = urllib3.make_headers(basic_auth=":".join(fake_hostway.auth))
    with fake_hostway.intercept(), urllib3.PoolManager() as manager:
        assert manager.request("GET", f"{fake_hostway.url}/servers", headers=headers).status == 200
