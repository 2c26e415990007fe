"""A replica lags behind: a naive client takes the 404 of its new snapshot for an error, a careful one polls on."""

from collections.abc import Callable

import requests

from hostway_fake import FakeHostway

Sleep = Callable[[float], None]


def create_and_wait(session: requests.Session, url: str, name: str, sleep: Sleep) -> str:
    """Return the status of a new snapshot that is no longer in BUILD."""
    created = session.post(url, json={"snapshot": {"name": name}}, timeout=30)
    created.raise_for_status()
    while True:
        polled = session.get(created.headers["Location"], timeout=30)
        polled.raise_for_status()
        status = str(polled.json()["snapshot"]["status"])
        if status != "BUILD":
            return status
        sleep(10)


def create_and_wait_carefully(session: requests.Session, url: str, name: str, sleep: Sleep) -> str:
    """Return the same. Shortly after the create, a 404 means that the snapshot is not visible yet."""
    created = session.post(url, json={"snapshot": {"name": name}}, timeout=30)
    created.raise_for_status()
    patience = 3
    while True:
        polled = session.get(created.headers["Location"], timeout=30)
        if polled.status_code == 404 and patience:
            patience -= 1
            sleep(10)
            continue
        polled.raise_for_status()
        status = str(polled.json()["snapshot"]["status"])
        if status != "BUILD":
            return status
        sleep(10)


def main() -> None:
    """Run both clients against reads of snapshots that are five seconds behind."""
    for client in (create_and_wait, create_and_wait_carefully):
        with FakeHostway() as fake, fake.session() as session:
            server = fake.add_server()
            fake.faults.on("get_snapshot").lag(5)
            try:
                status = client(session, f"{fake.url}/servers/{server.id}/snapshots", "nightly", fake.sleep)
                print(f"{client.__name__}: {status} after {len(fake.calls)} calls")
            except requests.HTTPError as error:
                print(f"{client.__name__}: {error}")


if __name__ == "__main__":
    main()
