"""When a closed set grows, each test names the member and the place that does not know it yet."""

import re
from pathlib import Path
from typing import Final, get_args

import pytest

from hostway_fake import FakeHostway, faults
from hostway_fake.contract.operations import BY_NAME
from hostway_fake.fake.client_access import ClientAccess
from hostway_fake.faults import methods
from hostway_fake.faults.methods import OutcomeMethods
from hostway_fake.faults.outcomes import Outcome, WireOutcome
from hostway_fake.faults.script import FaultScript
from hostway_fake.journal.calls import WITHOUT_STATUS
from hostway_fake.service.handlers import HANDLERS

_ROOT: Final = Path(__file__).parents[2]
_OUTCOMES: Final = sorted(kind.name for kind in get_args(Outcome))
_METHODS: Final = sorted(name for name in vars(ClientAccess) if not name.startswith("_"))


@pytest.mark.parametrize("operation", BY_NAME)
def test_operation_has_a_handler(operation: str) -> None:
    assert operation in HANDLERS, f"{operation}: no entry in HANDLERS of service/handlers.py"


def test_every_handler_has_an_operation() -> None:
    unknown = set(HANDLERS) - set(BY_NAME)

    assert not unknown, f"{unknown}: no row in contract/operations.py"


@pytest.mark.parametrize("outcome", _OUTCOMES)
def test_outcome_can_be_written_everywhere(outcome: str) -> None:
    in_files = FaultScript.schema()["$defs"]["_Rule"]["properties"]
    assert hasattr(OutcomeMethods, outcome), f"{outcome}: no method of OutcomeMethods in faults/methods.py"
    assert hasattr(methods, outcome), f"{outcome}: no step in faults/methods.py"
    assert hasattr(faults, outcome), f"{outcome}: not in faults/__init__.py"
    assert outcome in in_files, f"{outcome}: no key of fault files in faults/script.py"


@pytest.mark.parametrize("outcome", [kind.name for kind in get_args(WireOutcome)])
def test_outcome_without_a_status_can_be_filtered_for(outcome: str) -> None:
    assert outcome in WITHOUT_STATUS, f"{outcome}: not in WITHOUT_STATUS of journal/calls.py"


@pytest.mark.parametrize("method", _METHODS)
def test_method_that_connects_clients_is_in_the_documentation(method: str) -> None:
    pages = "".join(path.read_text() for path in (_ROOT / "docs").rglob("*.md"))

    assert re.search(rf"\b{method}\b", pages), f"{method}: not in docs/"
    assert hasattr(FakeHostway, method)
