"""The index of rules leaves out no rule that matches, and asks few that do not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostway_fake import FakeHostway
from hostway_fake.faults import rules
from hostway_fake.faults.index import Index
from hostway_fake.faults.rules import CallInfo, CallMatcher

_TEXTS = st.text("ab[]!*?", max_size=4)
_SUBJECTS = st.builds(
    CallInfo,
    operation=st.sampled_from([None, "get_snapshot", "list_servers"]),
    server=st.none() | _TEXTS,
    id=st.none() | _TEXTS,
    name=st.none() | _TEXTS,
    account=st.none() | _TEXTS,
)
_FIELDS = st.dictionaries(st.sampled_from(["server", "id", "name", "account"]), _TEXTS.filter(bool), max_size=3)
_WHICH = st.builds(
    lambda operation, fields: CallMatcher(operation, **fields), st.sampled_from([None, "get_snapshot"]), _FIELDS
)


@given(whiches=st.lists(_WHICH, max_size=8), subjects=st.lists(_SUBJECTS, max_size=4), data=st.data())
def test_index_finds_every_rule_that_matches(whiches: list[CallMatcher], subjects: list[CallInfo], data: Any) -> None:
    index = Index()
    for number, which in enumerate(whiches):
        index.add(number, which)
    removed = data.draw(st.sets(st.sampled_from(range(len(whiches))))) if whiches else set()
    for number in removed:
        index.remove(number, whiches[number])
    for subject in subjects:
        found = index.candidates(subject)
        assert found == sorted(set(found), reverse=True)
        matching = {number for number, which in enumerate(whiches) if which.matches(subject)} - removed
        assert matching <= set(found)
        assert not removed & set(found)
    for number in set(range(len(whiches))) - removed:
        index.remove(number, whiches[number])
    assert not index._places
    assert not any(index._lengths.values())


@pytest.mark.parametrize("pattern", ["name-{}", "name-{}-*", "*-{}-end", "*-{}-*", "?{}?"])
def test_request_asks_none_of_many_rules_that_do_not_concern_it(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    met = rules.ActiveRule.after_call

    def counted(standing: rules.ActiveRule, *args: Any) -> Any:
        asked.append(standing.number)
        return met(standing, *args)

    with FakeHostway() as fake, fake.session() as session:
        url = f"{fake.url}/servers/{fake.add_server().id}/snapshots"
        for number in range(500):
            fake.faults.on("create_snapshot", name=pattern.format(number)).respond(503)
        fake.faults.on("create_snapshot", name="*b").respond(500)
        monkeypatch.setattr(rules.ActiveRule, "after_call", counted)
        assert session.post(url, json={"snapshot": {"name": "a"}}).status_code == 202
        assert session.get(url).status_code == 200
        assert asked == []
        assert session.post(url, json={"snapshot": {"name": "ab"}}).status_code == 500
        assert asked == [501]
