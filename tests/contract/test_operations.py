"""The table of operations, and how a path finds its row."""

import re
from typing import Final
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake.contract.operations import BASES, OPERATIONS, resolve


def test_names_are_unique_and_so_are_method_and_path() -> None:
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({(row.method, row.path, row.action) for row in OPERATIONS}) == len(OPERATIONS)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_is_found_in_both_families(operation: object, base: str, slash: str) -> None:
    assert operation in OPERATIONS
    row = OPERATIONS[OPERATIONS.index(operation)]
    path = re.sub("{.*?}", "x", base + row.path) + slash

    match = resolve(path)

    assert match is not None
    assert match.operations(row.method)[row.action] is row
    assert match.account == ("x" if base else None)
    assert match.arguments == dict.fromkeys(re.findall("{(.*?)}", row.path), "x")
    assert row.argument in ("", *match.arguments)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/",
        "//",
        "*",
        "servers",
        "/server",
        "/servers/s/snapshots/p/q",
        "//servers/s/snapshots",
        "/servers//snapshots",
        "/servers/s//snapshots",
        "/servers/s/snapshots//",
        "/servers/s/../s/snapshots/",
        "/servers/../snapshots",
        "/servers/./snapshots",
        "/servers/%2e%2e/snapshots",
        "/servers/s/snapshots/..",
        "/servers%2Fs/snapshots",
        "/Servers/s/snapshots",
        "/accounts/a/servers/s/snapshots",
        "/accounts/a/flexcloud",
        "/accounts//flexcloud/servers/s/snapshots",
        "/accounts/a/flexcloud/accounts/a/flexcloud/servers/s/snapshots",
    ],
)
def test_other_paths_match_nothing(target: str) -> None:
    assert resolve(target) is None


@pytest.mark.parametrize("target", ["/servers/s/snapshots?a=/b", "/servers/s/snapshots/?", "/%73ervers/s/snapshots"])
def test_a_query_plays_no_part_and_segments_are_decoded(target: str) -> None:
    match = resolve(target)

    assert match is not None
    assert match.arguments == {"server_id": "s"}


_TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text not in (".", "..")
)


@given(server=_TEXT, snapshot=_TEXT)
def test_an_argument_comes_back_whatever_is_in_it(server: str, snapshot: str) -> None:
    match = resolve(f"/servers/{quote(server, safe='')}/snapshots/{quote(snapshot, safe='')}")

    assert match is not None
    assert match.arguments == {"server_id": server, "snapshot_id": snapshot}


def test_the_base_of_a_link_is_encoded_anew() -> None:
    match = resolve("/accounts/a%2Fb/flexcloud/servers/s/snapshots")

    assert match is not None
    assert (match.account, match.base) == ("a/b", "/accounts/a%2Fb/flexcloud")


def test_allow_names_head_beside_get() -> None:
    match = resolve("/servers/s/snapshots")

    assert match is not None
    assert match.allow == "GET, HEAD, POST"
    assert match.operations("HEAD") is match.operations("GET")
    assert [row.name for row in match.operations("GET").values()] == ["list_snapshots"]
    assert match.operations("get") == {}
