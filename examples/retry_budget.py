"""A client with a budget for retries meets an outage: a short one is waited out, a long one is given up in time."""

import time

import requests

from hostway_fake import START, FakeHostway

BUDGET = 60.0
"""Seconds for which a call may be tried again."""


def get(session: requests.Session, url: str) -> requests.Response:
    """The first answer that is no 503; waits twice as long each time, and for as long as it is asked to."""
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
