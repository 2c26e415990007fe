"""The facts that stand in tables: operations, statuses, numbers, names of errors, and the evidence for each."""

from typing import Final

import pytest

from hostway_fake.contract import errors, evidence, limits, readings
from hostway_fake.contract.errors import ERROR_NAMES, PHRASES, ErrorName, ProviderError
from hostway_fake.contract.evidence import Evidence, Source
from hostway_fake.contract.operations import BASES, OPERATIONS, Operation
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus

_BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
_ERRORS: Final = {name: value for name, value in vars(errors).items() if isinstance(value, ProviderError)}

_COLLECTION: Final = "/servers/{server_id}/snapshots"


# Operations


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            Operation(
                "create_snapshot",
                "POST",
                _COLLECTION,
                202,
                (errors.EXTRA_VOLUMES, errors.NAME_TAKEN, errors.LIMIT_REACHED),
                Source(Evidence.DOCUMENTED, "ServerSnapshotCreate", "552"),
                about="snapshot",
            ),
            marks=pytest.mark.documented("ServerSnapshotCreate", "552"),
        ),
        pytest.param(
            Operation(
                "get_snapshot",
                "GET",
                _COLLECTION + "/{snapshot_id}",
                200,
                (errors.UNAUTHORIZED, errors.NOT_FOUND),
                Source(Evidence.DOCUMENTED, "ServerSnapshotGet"),
                about="snapshot",
            ),
            marks=pytest.mark.documented("ServerSnapshotGet"),
        ),
        pytest.param(
            Operation(
                "list_snapshots",
                "GET",
                _COLLECTION,
                200,
                (errors.UNAUTHORIZED, errors.NOT_FOUND),
                Source(Evidence.DOCUMENTED, "ServerSnapshotList"),
            ),
            marks=pytest.mark.documented("ServerSnapshotList"),
        ),
    ],
    ids=lambda row: row.name,
)
def test_a_row_says_what_its_page_says(row: Operation) -> None:
    assert _BY_NAME[row.name] == row


@pytest.mark.documented("Server action pages")
def test_there_are_two_families_of_paths() -> None:
    assert BASES == ("", "/accounts/{account_id}/flexcloud")


# Statuses and numbers


@pytest.mark.documented("ServerSnapshotCreate", "552")
def test_the_statuses_of_a_snapshot_are_the_page_s() -> None:
    assert set(SnapshotStatus) == {"ACTIVE", "BUILD", "DELETED"}


@pytest.mark.documented("Server action pages")
def test_the_statuses_of_a_server_are_the_page_s() -> None:
    assert set(ServerStatus) == {"BUILD", "ACTIVE", "SUSPENDED", "DELETED", "UNKNOWN", "STOPPED", "PROCESSING"}


@pytest.mark.documented("ServerSnapshotCreate", "552")
def test_a_server_holds_up_to_three() -> None:
    assert limits.SNAPSHOTS_PER_SERVER == 3


def test_the_limit_of_a_body_is_ours() -> None:
    assert limits.BODY_LIMIT == 16 * 2**20
    assert errors.BODY_TOO_LARGE.source.evidence is Evidence.OURS


# Errors


@pytest.mark.parametrize(
    ("status", "name", "phrase", "is_documented"),
    [
        pytest.param(400, "badRequest", "Bad Request", False, marks=pytest.mark.assumed("Faults")),
        pytest.param(403, "forbidden", "Forbidden", True, marks=pytest.mark.documented("Zone", "June 2013")),
        pytest.param(404, "itemNotFound", "Not Found", True, marks=pytest.mark.documented("Faults")),
        pytest.param(405, "badMethod", "Method Not Allowed", False, marks=pytest.mark.assumed("Faults")),
        pytest.param(409, "conflict", "Conflict", True, marks=pytest.mark.documented("Volume attachment pages")),
        pytest.param(413, "overLimit", "Request entity too large", False, marks=pytest.mark.assumed("Faults")),
        pytest.param(415, "badMediaType", "Unsupported Media Type", False, marks=pytest.mark.assumed("Faults")),
        pytest.param(500, "computeFault", "Internal Server Error", False, marks=pytest.mark.assumed("Faults")),
        pytest.param(503, "serviceUnavailable", "Service Unavailable", False, marks=pytest.mark.assumed("Faults")),
    ],
)
def test_a_status_has_its_name_and_phrase(status: int, name: str, phrase: str, is_documented: bool) -> None:
    expected = Evidence.DOCUMENTED if is_documented else Evidence.ASSUMED

    assert (ERROR_NAMES[status].name, PHRASES[status]) == (name, phrase)
    assert ERROR_NAMES[status].source.evidence is expected


def test_no_two_statuses_share_a_name() -> None:
    assert len({each.name for each in ERROR_NAMES.values()}) == len(ERROR_NAMES)


@pytest.mark.documented("the 401 samples of several pages")
def test_401_has_no_name() -> None:
    assert 401 not in ERROR_NAMES


@pytest.mark.documented("Volume attachment pages")
def test_a_volume_is_already_attached_in_the_words_of_the_sample() -> None:
    error = errors.VOLUME_ATTACHED

    assert (error.status, error.message, error.details.format("hbs")) == (
        409,
        "VolumeAlreadyAttached",
        "hbs is already attached",
    )


@pytest.mark.parametrize("error", _ERRORS.values(), ids=_ERRORS)
def test_every_error_has_a_phrase_and_a_message(error: ProviderError) -> None:
    assert error.status in PHRASES
    assert error.message
    assert error.status == 401 or isinstance(ERROR_NAMES[error.status], ErrorName)


@pytest.mark.documented("ServerSnapshotCreate", "552")
@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (
            errors.EXTRA_VOLUMES,
            400,
            "The snapshot cannot be created because the server contains extra volumes.",
        ),
        (errors.NAME_TAKEN, 409, "The snapshot name must be unique in a server."),
        (errors.LIMIT_REACHED, 413, "The snapshot can be created up to 3 in a server."),
    ],
)
def test_details_are_the_sentences_of_the_page(error: ProviderError, status: int, sentence: str) -> None:
    assert (error.status, error.details) == (status, sentence)
    assert error.source == Source(Evidence.DOCUMENTED, "ServerSnapshotCreate", "552")


# Evidence


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (evidence.documented("Zone", "June 2013"), Source(Evidence.DOCUMENTED, "Zone", "June 2013")),
        (evidence.contradicted("Zone"), Source(Evidence.CONTRADICTED, "Zone", "")),
        (evidence.assumed(), Source(Evidence.ASSUMED, "", "")),
        (evidence.OURS, Source(Evidence.OURS, "", "")),
    ],
)
def test_a_source_says_how_sure_and_which_page(source: Source, expected: Source) -> None:
    assert source == expected


@pytest.mark.parametrize("fact", [*OPERATIONS, *_ERRORS.values(), *readings.READINGS.values()])
def test_what_is_not_assumed_or_ours_names_its_page(fact: Operation | ProviderError | readings.Reading) -> None:
    is_silent = fact.source.evidence in (Evidence.ASSUMED, Evidence.OURS)

    assert is_silent or fact.source.page


def test_no_reading_hides_another_of_its_name() -> None:
    assert len(readings.READINGS) == len(readings._TABLE)
