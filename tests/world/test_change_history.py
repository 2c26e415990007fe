"""The history of status changes."""

from datetime import timedelta

from hostway_fake import START, ServerStatus
from hostway_fake.domain.model import StatusChange
from hostway_fake.world.history import History


def change(seconds: float, order: int, server_id: str = "a") -> StatusChange:
    return StatusChange(START + timedelta(seconds=seconds), order, server_id, server_id, ServerStatus.ACTIVE)


def orders(*changes: StatusChange, now: float = 100) -> list[int]:
    """The orders of the changes that a history of these changes shows."""
    history = History(10)
    for each in changes:
        history.append(each)
    return [each.order for each in history.until(START + timedelta(seconds=now))]


def test_history_shows_changes_up_to_now() -> None:
    assert orders(change(1, 1), change(2, 2), change(3, 3), now=2) == [1, 2]


def test_change_after_the_clock_went_back_replaces_later_changes_of_its_server() -> None:
    assert orders(change(1, 1), change(60, 2), change(30, 3)) == [1, 3]


def test_change_of_another_server_replaces_nothing() -> None:
    assert orders(change(60, 1), change(30, 2, "b")) == [1, 2]


def test_replaced_change_is_not_shown_before_its_instant_either() -> None:
    assert orders(change(60, 1), change(30, 2), change(40, 3), now=50) == [2, 3]
