"""Code that retries, as people write it, against faults; and anything at all, against what must always hold."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from types import ModuleType
from typing import Any, Final

import httpx
import pytest
import requests
import stamina
import tenacity
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import Retry

from hostway_fake import START, FakeHostway, ServerHandle
from hostway_fake.faults import after_commit, before_commit, ok


def passed(fake: FakeHostway) -> float:
    return (fake.clock.now() - START).total_seconds()


@pytest.fixture
def waiting(fake: FakeHostway, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """tenacity and stamina wait on the fake's clock."""
    module = ModuleType("client_under_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with fake.patch_sleep(module):
        yield


class BusyError(Exception):
    """The service answered 503."""


def create(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> requests.Response:
    answer = session.post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "nightly"}})
    if answer.status_code == 503:
        raise BusyError
    return answer


def test_urllib3_retries_two_503s_and_honours_retry_after(fake: FakeHostway, server: ServerHandle) -> None:
    fake.faults.on("create_snapshot").first(2).respond(503, retry_after=7)
    with requests.Session() as session:
        session.auth = fake.auth
        fake.mount(session, Retry(3, allowed_methods=None, status_forcelist=[503]))

        assert create(fake, server, session).status_code == 202

    assert [call.client_saw for call in fake.calls] == ["503", "503", "202"]
    assert passed(fake) == 14
    assert len(server.snapshots) == 1


def test_urllib3_meets_what_the_lost_create_left(fake: FakeHostway, server: ServerHandle) -> None:
    fake.faults.script(
        "create_snapshot", [before_commit.respond(503), before_commit.respond(503), after_commit.reset()]
    )
    with requests.Session() as session:
        session.auth = fake.auth
        fake.mount(session, Retry(5, allowed_methods=None, status_forcelist=[503], backoff_factor=1))

        assert create(fake, server, session).status_code == 409

    assert [(call.effect, call.client_saw) for call in fake.calls] == [
        ("none", "503"),
        ("none", "503"),
        ("applied", "reset"),
        ("refused", "409"),
    ]
    assert len(server.snapshots) == 1


def test_urllib3_tries_a_refused_connection_again(fake: FakeHostway, server: ServerHandle) -> None:
    fake.faults.on().first(2).unavailable()
    with requests.Session() as session:
        session.auth = fake.auth
        fake.mount(session, Retry(connect=2))

        assert create(fake, server, session).status_code == 202


@pytest.mark.usefixtures("waiting")
def test_tenacity_retries_two_503s(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    fake.faults.on("create_snapshot").first(2).respond(503)
    retrying = tenacity.Retrying(wait=tenacity.wait_fixed(30), retry=tenacity.retry_if_exception_type(BusyError))

    assert retrying(create, fake, server, session).status_code == 202
    assert passed(fake) == 60


@pytest.mark.usefixtures("waiting")
def test_stamina_retries_two_503s(fake: FakeHostway, server: ServerHandle, session: requests.Session) -> None:
    fake.faults.on("create_snapshot").first(2).respond(503)
    retrying = stamina.retry(on=BusyError, wait_initial=30, wait_jitter=0, wait_max=30, timeout=None)

    assert retrying(create)(fake, server, session).status_code == 202
    assert passed(fake) == 60


def test_httpx_retries_by_its_transport(fake: FakeHostway, server: ServerHandle) -> None:
    fake.faults.script(None, [before_commit.unavailable(), before_commit.unavailable(), ok])
    with httpx.Client(transport=fake.httpx_transport(retries=2), auth=fake.auth) as client:
        answer = client.post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "nightly"}})

    assert answer.status_code == 202


def test_a_client_of_httpx_retries_two_503s(fake: FakeHostway, server: ServerHandle) -> None:
    fake.faults.on("create_snapshot").first(2).respond(503, retry_after=5)
    with httpx.Client(transport=fake.httpx_transport(), auth=fake.auth) as client:
        for _ in range(3):
            answer = client.post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "nightly"}})
            if answer.status_code != 503:
                break
            fake.sleep(int(answer.headers["Retry-After"]))

    assert (answer.status_code, passed(fake)) == (202, 10)


# Whatever the rules, whatever the calls

_ANYWHERE: Final[dict[str, Callable[[Any], Any]]] = {
    "respond": lambda on: on.respond(503),
    "delay": lambda on: on.delay(1),
    "reset": lambda on: on.reset(),
    "empty": lambda on: on.empty(),
    "truncate": lambda on: on.truncate(0.5),
    "malformed": lambda on: on.malformed(),
    "stale": lambda on: on.stale_connection(),
}
_IN_PROCESS: Final[dict[str, Callable[[Any], Any]]] = {
    **_ANYWHERE,
    "hang": lambda on: on.hang(),
    "long delay": lambda on: on.delay(31),
    "slow body": lambda on: on.slow_body(100),  # how long it takes depends on the length of the URL in the body
    "very slow body": lambda on: on.slow_body(0.01),
    "unavailable": lambda on: on.before_commit().unavailable(),
}
_HITS: Final[dict[str, Callable[[Any], Any]]] = {
    "always": lambda on: on,
    "first": lambda on: on.first(2),
    "nth": lambda on: on.nth(2),
    "every": lambda on: on.every(3),
    "from": lambda on: on.from_(3),
    "between": lambda on: on.between(2, 6),
    "chance": lambda on: on.with_probability(0.4),
}
_WHICH: Final[dict[str, dict[str, Any]]] = {
    "any": {},
    "create": {"operation": "create_snapshot"},
    "list": {"operation": "list_snapshots"},
    "a name": {"operation": "create_snapshot", "name": "[ab]"},
    "a server": {"server": "jello*"},
    "an account": {"account": "jello614636"},
}


def rules_of(outcomes: Mapping[str, object]) -> st.SearchStrategy["Rules"]:
    words = [st.sampled_from(sorted(words)) for words in (_WHICH, _HITS, outcomes)]
    return st.lists(st.tuples(words[0], words[1], st.booleans(), words[2]), max_size=4)


_CALLS: Final = st.lists(
    st.tuples(st.sampled_from(["create", "list", "nowhere"]), st.sampled_from("abcd")), max_size=12
)

Rules = list[tuple[str, str, bool, str]]
Calls = list[tuple[str, str]]
Ask = Callable[..., object]


def on_the_adapter(fake: FakeHostway, stack: ExitStack) -> tuple[str, Ask]:
    return fake.url, partial(stack.enter_context(fake.session()).request, timeout=30)


def on_the_transport(fake: FakeHostway, stack: ExitStack) -> tuple[str, Ask]:
    client = httpx.Client(transport=fake.httpx_transport(), auth=fake.auth, timeout=30)
    return fake.url, stack.enter_context(client).request


def on_the_socket(fake: FakeHostway, stack: ExitStack) -> tuple[str, Ask]:
    """What is raised in the server's threads is raised when it ends."""
    url = stack.enter_context(fake.serve()).url
    return url, partial(stack.enter_context(fake.at(url).session()).request, timeout=30)


def play(rules: Rules, calls: Calls, way_in: Callable[[FakeHostway, ExitStack], tuple[str, Ask]]) -> list[str]:
    """The journal that calls under rules leave, once all that must hold was found to hold."""
    with ExitStack() as stack:
        fake = stack.enter_context(FakeHostway())
        server = fake.add_server("jello614636-USOTE-0214")
        url, ask = way_in(fake, stack)
        path = f"{url}/servers/{server.id}/snapshots"
        for which, hits, late, outcome in rules:
            begun = _HITS[hits](fake.faults.on(**_WHICH[which]))
            _IN_PROCESS[outcome](begun.after_commit() if late else begun)
        for call, name in calls:
            with suppress(requests.RequestException, httpx.HTTPError):
                if call == "create":
                    ask("POST", path, json={"snapshot": {"name": name}})
                else:
                    ask("GET", path if call == "list" else f"{url}/nowhere")
            fake.clock.advance(1)

        fired = {rule.name: rule.fired for rule in fake.faults.rules if rule.fired}
        assert Counter(call.rule for call in fake.calls if call.rule) == fired, "every hit is accounted for"
        applied = [call for call in fake.calls if call.effect == "applied"]
        assert len(applied) == len(server.snapshots), "effects are what the journal says"
        assert all(call.effect == "none" for call in fake.calls if call.method == "GET" and call.operation), "reads"
        journal = [str(call) for call in fake.calls]
        fake.faults.clear()
        ask("GET", path)
        assert fake.calls[-1].client_saw == "200", "the next clean call works"
        return journal


@given(rules_of(_ANYWHERE), _CALLS)
def test_whatever_is_scripted_nothing_is_lost(rules: Rules, calls: Calls) -> None:
    assert play(rules, calls, on_the_adapter) == play(rules, calls, on_the_socket)


@given(rules_of(_IN_PROCESS), _CALLS)
def test_in_process_nothing_is_lost_to_timeouts_either(rules: Rules, calls: Calls) -> None:
    assert play(rules, calls, on_the_adapter) == play(rules, calls, on_the_transport)
