"""A response is lost after the commit point: a naive retry gets 409, a careful one finds its own snapshot."""

import requests

from hostway_fake import FakeHostway


def create(session: requests.Session, url: str, name: str) -> str:
    """Return the id of a new snapshot. Retry once if no response arrives."""
    body = {"snapshot": {"name": name}}
    try:
        answer = session.post(url, json=body, timeout=30)
    except requests.ConnectionError:
        answer = session.post(url, json=body, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["snapshot"]["id"])


def create_or_find(session: requests.Session, url: str, name: str) -> str:
    """Return the same. After a lost response, a name that exists may be that of the first attempt."""
    body = {"snapshot": {"name": name}}
    try:
        answer = session.post(url, json=body, timeout=30)
    except requests.ConnectionError:
        answer = session.post(url, json=body, timeout=30)
        if answer.status_code == 409:
            listed = session.get(url, timeout=30)
            listed.raise_for_status()
            return next(str(each["id"]) for each in listed.json()["snapshots"] if each["name"] == name)
    answer.raise_for_status()
    return str(answer.json()["snapshot"]["id"])


def main() -> None:
    for client in (create, create_or_find):
        with FakeHostway() as fake, fake.session() as session:
            server = fake.add_server()
            fake.faults.on("create_snapshot").first(1).after_commit().reset()
            try:
                found = client(session, f"{fake.url}/servers/{server.id}/snapshots", "nightly")
                print(f"{client.__name__}: found {found}")
            except requests.HTTPError as error:
                print(f"{client.__name__}: {error}")
            print(*(f"    {call}" for call in fake.calls), sep="\n")
            assert [snapshot.name for snapshot in server.snapshots] == ["nightly"]


if __name__ == "__main__":
    main()
