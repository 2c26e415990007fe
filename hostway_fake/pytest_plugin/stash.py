"""What the hooks and the fixtures of the plugin share."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from hostway_fake.fake import FakeHostway
    from hostway_fake.pytest_plugin.lookups import Lookups
    from hostway_fake.pytest_plugin.watch import WatchedFake
    from hostway_fake.transports.server import ThreadServer

MARKER = "fake_hostway"
"""The name of the marker, and of the fixture whose options it has."""

ROOT: pytest.StashKey[FakeHostway] = pytest.StashKey()
SERVERS: pytest.StashKey[dict[bool, tuple[ThreadServer, AbstractContextManager[ThreadServer]]]] = pytest.StashKey()
"""The servers that all tests share, by whether they use TLS."""
TEST: pytest.StashKey[pytest.Item] = pytest.StashKey()
"""The test that runs. A fixture that requests ``request`` instead costs each test about 20 microseconds."""
TLS: pytest.StashKey[bool] = pytest.StashKey()
FAILED: pytest.StashKey[bool] = pytest.StashKey()
WATCHED: pytest.StashKey[list[WatchedFake]] = pytest.StashKey()
DEFAULTS: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
"""The options of all fakes from the configuration."""
ALLOWED: pytest.StashKey[tuple[str, ...]] = pytest.StashKey()
EVIDENCE: pytest.StashKey[Counter[tuple[str, str, str]]] = pytest.StashKey()
LOOKUPS: pytest.StashKey[Lookups] = pytest.StashKey()
FOLDER: pytest.StashKey[Path | None] = pytest.StashKey()
"""The folder of ``--fake-hostway-timeline``."""


def marked_options(node: pytest.Item | pytest.Collector) -> dict[str, Any]:
    """Return the options of the markers of a test. The closest marker wins."""
    options: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers(MARKER))):
        if marker.args:
            pytest.fail(
                f"{node.nodeid}: @pytest.mark.{MARKER} takes keyword arguments only, not {marker.args!r}",
                pytrace=False,
            )
        options |= marker.kwargs
    return options


def allowed_words(given: object) -> tuple[str, ...]:
    """Return the words of the option ``allow``. Fail the test if one does not exist."""
    if not given:
        return ()
    from hostway_fake.pytest_plugin.configuration import checked_allow

    try:
        return checked_allow("fake_hostway allow", given)
    except pytest.UsageError as error:
        said = str(error)
    pytest.fail(said, pytrace=False)


def watch_lookups(config: pytest.Config, url: str) -> None:
    """Note lookups of the host of a URL."""
    if LOOKUPS not in config.stash:
        from hostway_fake.pytest_plugin.lookups import Lookups

        config.stash[LOOKUPS] = Lookups(config.rootpath)
    config.stash[LOOKUPS].expect(url)
