"""What is secret is masked, wherever a client puts it, and nothing else is."""

import json
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import FakeHostway
from hostway_fake.journal.secrets import is_secret, masked_body, masked_headers, masked_target

_SECRET_NAMES = (
    "adminPass",
    "admin_pass",
    "password",
    "PASSWORD",
    "X-Auth-Token",
    "client_secret",
    "api_key",
    "Cookie",
)
_OPEN_NAMES = ("name", "description", "status", "passenger", "keyboard", "author")


@pytest.mark.parametrize("name", [*_SECRET_NAMES, "Authorization", "Proxy-Authorization", "Set-Cookie", "credentials"])
def test_what_is_called_so_is_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", [*_OPEN_NAMES, "", "X-Authorization-Id"])
def test_what_is_called_otherwise_is_not(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("target", "masked"),
    [
        ("/servers?password=x&name=web", "/servers?password=***&name=web"),
        ("/servers?name=web&access%5Ftoken=x%20y&token=", "/servers?name=web&access%5Ftoken=***&token=***"),
        ("/servers?password", "/servers?password"),
        ("/password=x", "/password=x"),
        ("/servers", "/servers"),
    ],
)
def test_a_query_is_masked(target: str, masked: str) -> None:
    assert masked_target(target) == masked


def test_headers_are_masked_and_the_client_s_are_left_alone() -> None:
    headers = {"host": "a", "authorization": "Basic x", "x-auth-token": "y"}

    assert masked_headers(headers) == {"host": "a", "authorization": "***", "x-auth-token": "***"}
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
        (b'{"adminPass": hunter2, "a": 1}', b'{"adminPass": "***", "a": 1}'),
        (b'{"adminPass": "hunter', b'{"adminPass": "***"'),
        (b'{"adminPass": [1, "hunter', b'{"adminPass": "***"'),
        (b'{"name": "\\"adminPass\\": \\"x\\"", "a": 1}', b'{"name": "\\"adminPass\\": \\"x\\"", "a": 1}'),
        (b'{"\\x pass": "x", "\\x": "y"}', b'{"\\x pass": "***", "\\x": "y"}'),
        (b'[{"password": "x"}]', b'[{"password": "***"}]'),
        (b"name=a&password=hunter2&b=c", b"name=a&password=***&b=c"),
        (b"\xff\x00 pass", b"\xff\x00 pass"),
        (b"", b""),
    ],
)
def test_a_body_is_masked_and_otherwise_as_it_was_sent(body: bytes, masked: bytes) -> None:
    assert masked_body(body) == masked


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_body_in_another_encoding_is_masked_too(encoding: str) -> None:
    masked = masked_body('{"a": {"adminPass": "hunter2"}}'.encode(encoding))

    assert b"hunter2" not in masked.replace(b"\0", b"")
    assert b"***" in masked


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


@pytest.mark.parametrize("piece", [b'\\"', b'"adminPass":', b'{"adminPass":', b"[", b'"'])
def test_a_long_body_that_is_broken_is_read_once(piece: bytes) -> None:
    """What looks at it anew from each place takes minutes."""
    assert masked_body(b'{"' + piece * 500_000 + b"\\").startswith(b"{")


def test_nothing_secret_is_printed(fake: FakeHostway, session: requests.Session) -> None:
    session.post(
        f"{fake.url}/servers?token=hunter2",
        json={"server": {"name": "a", "password": "hunter2", "adminPass": ["hunter2"]}},
        headers={"X-Auth-Token": "hunter2"},
    )

    (call,) = fake.calls
    for told in (tuple(call), fake.timeline(), fake.timeline().to_json()):
        assert "hunter2" not in f"{told} {told!r}"
