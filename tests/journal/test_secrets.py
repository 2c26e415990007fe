"""What is secret is masked, wherever a client puts it, and nothing else is."""

import json
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import (
    BlockedHostError,
    EndlessWaitError,
    FakeHostway,
    FrozenClockError,
    InvalidValueError,
    WrongTypeError,
)
from hostway_fake.journal.secrets import is_secret, masked_body, masked_headers, masked_url

_SECRET_NAMES = (
    "adminPass",
    "admin_pass",
    "password",
    "PASSWORD",
    "X-Auth-Token",
    "X-Auth",
    "client_secret",
    "api_key",
    "Cookie",
)
_OTHER_NAMES = (
    *("Authorization", "Proxy-Authorization", "Set-Cookie", "credentials"),
    *("pass", "passwd", "passphrase", "pwd", "jwt", "bearer", "session", "session_id", "signature", "sig", "x-sig"),
    *("authorisation", "authentication", "auth", "api key", "auth-key", "access_key", "private_key", "signingkey"),
)
_OPEN_NAMES = ("name", "description", "status", "passenger", "keyboard", "author")


@pytest.mark.parametrize("name", [*_SECRET_NAMES, *_OTHER_NAMES])
def test_what_is_called_so_is_secret(name: str) -> None:
    assert is_secret(name)
    assert json.loads(masked_body(json.dumps({name: "x"}).encode())) == {name: "***"}


@pytest.mark.parametrize("name", [*_OPEN_NAMES, "", "X-Authorization-Id"])
def test_what_is_called_otherwise_is_not(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("target", "masked"),
    [
        ("/servers?password=x&name=web", "/servers?password=***&name=web"),
        ("/servers?name=web&access%5Ftoken=x%20y&token=", "/servers?name=web&access%5Ftoken=***&token=***"),
        ("/servers?a=1;token=x&server[adminPass]=x", "/servers?a=1;token=***&server[adminPass]=***"),
        ("/servers?admin%2550ass=x", "/servers?admin%2550ass=***"),
        ("/servers#token=x", "/servers#token=***"),
        ("/servers;passwords=x", "/servers;passwords=***"),
        ("http://a:b@host/x?sig=y#api_key=z", "http://***@host/x?sig=***#api_key=***"),
        ("/servers?next=http://a:b@host/", "/servers?next=http://***@host/"),
        ("/servers?password", "/servers?password"),
        ("/password=x", "/password=x"),
        ("/servers", "/servers"),
    ],
)
def test_a_query_is_masked(target: str, masked: str) -> None:
    assert masked_url(target) == masked


def test_headers_are_masked_and_the_client_s_are_left_alone() -> None:
    headers = {"host": "a", "authorization": "Basic x", "x-auth-token": "y", "referer": "http://b/?token=z&c=d"}

    assert masked_headers(headers) == {
        "host": "a",
        "authorization": "***",
        "x-auth-token": "***",
        "referer": "http://b/?token=***&c=d",
    }
    assert headers["authorization"] == "Basic x"


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        (b'{ "adminPass" :"x", "a": 1}', b'{ "adminPass" :"***", "a": 1}'),
        (b'{"adminPass": "a\\"b", "name": "c"}', b'{"adminPass": "***", "name": "c"}'),
        (b'{"admin\\u0050ass": "x"}', b'{"admin\\u0050ass": "***"}'),
        (b'{"adminPass": -12.5e3, "a": 1}', b'{"adminPass": "***", "a": 1}'),
        (
            b'{"adminPass": [{"a": ["x"]}], "a": {"password": {"b": "x"}}}',
            b'{"adminPass": "***", "a": {"password": "***"}}',
        ),
        (b'{"name": "\\"adminPass\\": \\"x\\"", "a": 1}', b'{"name": "\\"adminPass\\": \\"x\\"", "a": 1}'),
        (b'[{"password": "x"}]', b'[{"password": "***"}]'),
        (b'{"adminPass": hunter2, "a": 1}', b"***"),
        (b'{"adminPass": "hunter', b"***"),
        (b"{'adminPass': 'hunter2'}", b"***"),
        (b"name=a&password=hunter2&b=c", b"***"),
        (b"<adminPass>hunter2</adminPass>", b"***"),
        (b'--x\r\nContent-Disposition: form-data; name="pwd"\r\n\r\nhunter2', b"***"),
        (b"[" * 100_000 + b'"token"', b"***"),
        (b'{"name": "a"', b'{"name": "a"'),
        (b"\xff\x00 pass", b"***"),
        (b"\xff\x00", b"\xff\x00"),
        (b"", b""),
    ],
)
def test_a_body_is_masked_and_otherwise_as_it_was_sent(body: bytes, masked: bytes) -> None:
    assert masked_body(body) == masked


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_body_in_another_encoding_is_masked_too(encoding: str) -> None:
    masked = masked_body('{"a": {"adminPass": "hunter2"}}'.encode(encoding))

    assert b"hunter2" not in masked.replace(b"\0", b"")
    assert masked == b"***" or json.loads(masked) == {"a": {"adminPass": "***"}}


_WORDS = st.sampled_from([*_SECRET_NAMES, *_OPEN_NAMES]) | st.text(max_size=3)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=12,
)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "***" if is_secret(key) else _without_secrets(each) for key, each in value.items()}
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value


@given(st.dictionaries(_WORDS, _VALUES, max_size=4), st.booleans(), st.sampled_from([None, 1]))
def test_what_json_holds_is_masked_by_key_and_nothing_else(held: Any, is_ascii: bool, indent: int | None) -> None:
    body = json.dumps(held, ensure_ascii=is_ascii, indent=indent).encode(errors="surrogatepass")

    assert json.loads(masked_body(body).decode(errors="surrogatepass")) == _without_secrets(held)


@pytest.mark.parametrize("piece", ['\\"', '", "adminPass": "'])
def test_a_long_body_is_read_once(piece: str) -> None:
    """What looks at it anew from each place takes minutes."""
    held = json.loads(masked_body(b'{"a": "' + piece.encode() * 300_000 + b'", "password": "x"}'))

    assert "***" in held.values()


def test_nothing_secret_is_printed(fake: FakeHostway, session: requests.Session) -> None:
    session.post(
        f"{fake.url}/servers?token=hunter2",
        json={"server": {"name": "a", "password": "hunter2", "adminPass": ["hunter2"]}},
        headers={"X-Auth-Token": "hunter2"},
    )

    fake.faults.on("list_zones").hang()
    with pytest.raises(EndlessWaitError) as endless:
        session.get(f"{fake.url}/zone?token=hunter2")
    fake.add_server("jello614636-USOTE-0214").add_snapshot("a", "BUILD")
    url = f"{fake.url}/servers/jello614636-USOTE-0214/snapshots?token=hunter2"
    for number in range(1000):
        session.get(f"{url}{number}")
    with pytest.raises(FrozenClockError) as frozen:
        session.get(url)
    with fake.intercept(block_others=True), pytest.raises(BlockedHostError) as blocked:
        requests.get("http://a:hunter2@b.test/?token=hunter2", timeout=1)
    assert "hunter2" not in f"{endless.value} {frozen.value} {blocked.value}"

    call = fake.calls[0]
    for told in (tuple(call), fake.timeline(), fake.timeline().to_json()):
        assert "hunter2" not in f"{told} {told!r}"


@pytest.mark.parametrize(
    "options",
    [
        {"auth": ("a", b"hunter2")},
        {"auth": ("hunter2",)},
        {"auth": "a:hunter2"},
        {"auth": ("a", "hunter2\ud800")},
        {"url": "http://a:hunter2@b.test"},
    ],
)
def test_an_option_that_is_none_is_named_without_its_secret(options: dict[str, Any]) -> None:
    with pytest.raises((InvalidValueError, WrongTypeError)) as caught:
        FakeHostway(**options)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("/accounts/user:password@x/servers", "/accounts/***@x/servers"),
        ("user:password@api.hostway.test:80", "***@api.hostway.test:80"),
        ("/servers/a@b", "/servers/a@b"),
    ],
)
def test_credentials_are_masked_in_any_segment_of_a_target(url: str, masked: str) -> None:
    assert masked_url(url) == masked


def test_credentials_in_the_host_header_are_masked() -> None:
    assert masked_headers({"host": "user:password@api.hostway.test"}) == {"host": "***@api.hostway.test"}
