"""A client with a budget for retries waits until a short outage is over, and gives up in time during a long one."""

import time

import requests

from hostway_fake import START, FakeHostway

BUDGET = 60.0
"""The number of seconds for which a request may be retried."""


def get(session: requests.Session, url: str) -> requests.Response:
    """Return the first response other than 503. Double the wait before each retry, and respect ``Retry-After``."""
    end, wait = time.monotonic() + BUDGET, 1.0
    while True:
        answer = session.get(url, timeout=10)
        if answer.status_code != 503:
            return answer
        wait = max(wait, float(answer.headers.get("Retry-After", 0)))
        if time.monotonic() + wait > end:
            raise TimeoutError(f"still 503 when the budget of {BUDGET:g} s was spent")
        time.sleep(wait)
        wait *= 2


def main() -> None:
    for outage in (20, 600):
        with FakeHostway() as fake, fake.session() as session, fake.patch_sleep(__name__):
            server = fake.add_server()
            fake.faults.outage(0, outage)
            try:
                said = str(get(session, f"{fake.url}/servers/{server.id}/snapshots").status_code)
            except TimeoutError as error:
                said = str(error)
            spent = (fake.clock.now() - START).total_seconds()
            print(f"an outage of {outage} s: {len(fake.calls)} calls in {spent:g} s, then {said}")


if __name__ == "__main__":
    main()
