"""What a row of the table says of an operation: the arguments in its path, and the error of each status."""

import pytest

from hostway_fake.contract import errors
from hostway_fake.contract.errors import INJECTED, ProviderError
from hostway_fake.contract.operations import BY_NAME, OPERATIONS, Operation


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("create_snapshot", {"server_id"}),
        ("list_snapshots", {"server_id"}),
        ("get_snapshot", {"server_id", "snapshot_id"}),
    ],
)
def test_an_operation_has_the_arguments_of_its_path(name: str, arguments: set[str]) -> None:
    assert {word for word in ("server_id", "snapshot_id", "account_id") if BY_NAME[name].has(word)} == arguments


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        pytest.param(name, status, error, marks=pytest.mark.documented(*page))
        for name, page, worded in [
            (
                "create_snapshot",
                ("ServerSnapshotCreate", "552"),
                {400: errors.EXTRA_VOLUMES, 409: errors.NAME_TAKEN, 413: errors.LIMIT_REACHED},
            ),
            ("get_snapshot", ("ServerSnapshotGet",), {401: errors.UNAUTHORIZED, 404: errors.NOT_FOUND}),
            ("list_snapshots", ("ServerSnapshotList",), {401: errors.UNAUTHORIZED, 404: errors.NOT_FOUND}),
        ]
        for status, error in worded.items()
    ],
)
def test_a_failure_is_worded_by_the_page_of_its_operation(name: str, status: int, error: ProviderError) -> None:
    assert BY_NAME[name].failure(status) is error


@pytest.mark.parametrize("status", INJECTED)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_has_an_error_for_every_status(operation: Operation, status: int) -> None:
    assert operation.failure(status).status == status
