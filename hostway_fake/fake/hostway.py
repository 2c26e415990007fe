"""`FakeHostway`: a Hostway account of your own. It assembles the layers below; no rule of Hostway's is here."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never, Self

from hostway_fake import checks
from hostway_fake.clock import Clock
from hostway_fake.contract.errors import REVISIONS
from hostway_fake.contract.readings import read
from hostway_fake.exceptions import HostwayFakeError, InvalidValueError, WrongTypeError
from hostway_fake.fake import options
from hostway_fake.fake.account import Account
from hostway_fake.fake.client_access import ClientAccess
from hostway_fake.fake.clock_control import fake_clock
from hostway_fake.fake.controls import Controls
from hostway_fake.fake.options import (
    DEFAULT_ACTION_SECONDS,
    DEFAULT_AUTH,
    DEFAULT_BUILD_SECONDS,
    DEFAULT_JOURNAL_BYTES,
    DEFAULT_JOURNAL_SIZE,
    DEFAULT_POLL_LIMIT,
    DEFAULT_REMEMBER_DELETED,
    DEFAULT_URL,
)
from hostway_fake.suggestions import Suggests
from hostway_fake.world import Settings, World

if TYPE_CHECKING:
    from hostway_fake.faults.script import FaultScript


class FakeHostway(Controls, ClientAccess, Suggests):
    """A Hostway account of your own, and the ways to reach it.

    Args:
        seed: The seed of ids and guids. The same seed gives the same bytes.
        clock: ``"fake"`` stands still until it is advanced. ``"follow"`` returns ``datetime.now(UTC)``,
            so that freezegun controls it.
            ``"system"`` is the time of the machine. Or any object with a method ``now()`` that returns an aware
            datetime.
        revision: The revision of the error bodies, ``"2013-04"`` or ``"2013-10"``.
        readings: Values of readings by name, for points that the documentation leaves open. See
            `hostway_fake.READINGS`.
        url: The base URL that the code under test calls, without a path.
        auth: User and password. The user is the name of the account.
        build_seconds: Seconds that a snapshot or a server is in BUILD.
        action_seconds: Seconds that a server is PROCESSING when it is rebooted, resized, stopped or started.
        poll_step: Seconds by which each read of an unfinished resource moves the clock, but not beyond the next event.
            Default: reads do not move the clock.
        poll_limit: The number of polls of an unfinished resource while the clock does not move. One more raises
            `FrozenClockError`.
        journal_size: How many calls the journal keeps.
        journal_bytes: How many bytes the bodies of these calls may take together.
        remember_deleted: How many DELETED snapshots and servers can still be read.
        faults: Fault rules: the path of a TOML or JSON file, a mapping with the same keys, or a
            `hostway_fake.faults.FaultScript`.
        time_zone: The time zone of ``create_time`` and of the date in ids, a tzinfo or a name.

    Raises:
        InvalidValueError: If a value is invalid. The message has the option, the value and what was expected.
        WrongTypeError: If a value has the wrong type.
        UnknownOptionError: If an option does not exist.

    Example:
        >>> with FakeHostway() as fake:
        ...     server = fake.add_server("jello614636-USOTE-0214")
        ...     url = f"{fake.url}/servers/{server.id}/snapshots"
        ...     created = fake.session().post(url, json={"snapshot": {"name": "a"}})
        ...     fake.clock.advance(minutes=5)
        ...     later = fake.session().get(created.headers["Location"])
        >>> created.status_code, created.json()["snapshot"]["status"], later.json()["snapshot"]["status"]
        (202, 'BUILD', 'ACTIVE')
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        clock: str | Clock = "fake",
        revision: str = REVISIONS[0],
        readings: Mapping[str, str | int | bool] | None = None,
        url: str = DEFAULT_URL,
        auth: tuple[str, str] = DEFAULT_AUTH,
        build_seconds: float = DEFAULT_BUILD_SECONDS,
        action_seconds: float = DEFAULT_ACTION_SECONDS,
        poll_step: float | None = None,
        poll_limit: int = DEFAULT_POLL_LIMIT,
        journal_size: int = DEFAULT_JOURNAL_SIZE,
        journal_bytes: int = DEFAULT_JOURNAL_BYTES,
        remember_deleted: int = DEFAULT_REMEMBER_DELETED,
        faults: "str | Path | Mapping[str, Any] | FaultScript | None" = None,
        time_zone: str | tzinfo = UTC,
        **unknown: Never,
    ) -> None:
        if unknown:
            raise options.unknown(unknown)
        user, password = options.checked_auth(auth)
        settings = Settings(
            account=user,
            password=password,
            seed=options.checked_seed(seed),
            revision=options.checked_revision(revision),
            readings=read(readings),
            build_time=options.checked_seconds("build_seconds", build_seconds),
            action_time=options.checked_seconds("action_seconds", action_seconds),
            poll_step=None if poll_step is None else options.checked_seconds("poll_step", poll_step),
            poll_limit=checks.whole("poll_limit", poll_limit),
            journal_size=checks.whole("journal_size", journal_size),
            journal_bytes=checks.whole("journal_bytes", journal_bytes),
            remember_deleted=checks.whole("remember_deleted", remember_deleted),
            time_zone=options.checked_time_zone(time_zone),
        )
        the_clock = options.checked_clock(clock)
        if poll_step is not None:
            fake_clock(the_clock, "poll_step")
        self._url = options.checked_url(url)
        self._over_socket = False
        self._ca_path = None
        script = None if faults is None else _script(faults)
        self.account: Account = Account(World(settings, the_clock), script)

    def __repr__(self) -> str:
        account = vars(self).get("account")
        return f"<FakeHostway {account.name} at {self._url}>" if account else "<FakeHostway, not initialized>"

    def __copy__(self) -> Never:
        raise WrongTypeError("FakeHostway cannot be copied or pickled: to_dict() returns its state as plain data")

    def __deepcopy__(self, memo: object) -> Never:
        self.__copy__()

    def __reduce_ex__(self, protocol: object) -> Never:
        self.__copy__()

    # Accounts

    def add_account(self, user: str, password: str, **others: Any) -> "FakeHostway":
        """Add another account, with a world of its own, behind the same transports.

        The credentials of a request select the account. Each account responds with 403 to requests for the other.

        Args:
            user: The user, which is the name of the account.
            password: The password.
            **others: Options of `FakeHostway`. The default of ``url`` is the URL of this fake.

        Returns:
            The fake of the new account. Close it to remove the account.

        Raises:
            InvalidValueError: If an account of that name exists.
        """
        if "auth" in others:
            raise InvalidValueError("auth: expected user and password as arguments of their own", "auth")
        added = FakeHostway(**{"url": self._url, **others, "auth": (user, password)})
        self.account.add(added.account)
        added._over_socket = self._over_socket and "url" not in others
        added._ca_path = self._ca_path if added._over_socket else None
        return added

    def at(self, url: str, *, ca_path: str | None = None) -> "FakeHostway":
        """Return a fake of the same account whose ``url`` and ``session()`` lead to a running server.

        Args:
            url: The URL of the server.
            ca_path: The path of the CA file that ``session()`` trusts. Default: that of the server, if this fake
                started it.
        """
        face = object.__new__(FakeHostway)
        face.account = self.account
        face._url, face._over_socket = options.checked_url(url), True
        known = (server.ca_path for server in tuple(self.account.servers) if server.url == face._url)
        face._ca_path = next(known, None) if ca_path is None else str(options.checked_path(ca_path))
        return face

    def close(self, *, check: bool = True) -> None:
        """Stop the servers, remove the account, and close the accounts that were added to it.

        A second call does nothing.

        Args:
            check: Whether to raise errors that a client may have swallowed. Pass False if the test has failed anyway.

        Raises:
            UnfinishedRuleError: If a fault rule was begun and given no outcome.
            ScriptExhaustedError: If a script with ``then="fail_test"`` got one call too many.
        """
        for account in self.account.close():
            if check:
                account.faults.check()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(check=kind is None)

    # Savepoints and storage

    @contextmanager
    def savepoint(self) -> Iterator[Self]:
        """Restore the state, the clock, the fault rules, the build rules and the ids at the end of the block.

        Calls that were made in the block stay in the journal, marked as rolled back. A clock other than the fake clock
        is not moved back. Entries that the journal or `remember_deleted` dropped in the block are not restored.
        Savepoints nest. A savepoint costs about 10 ns for each living server and volume.

        Yields:
            This fake.

        Raises:
            InvalidValueError: If it ends after a savepoint that encloses it.
            UnfinishedRuleError: If a fault rule was begun in the block and given no outcome.

        Example:
            >>> with FakeHostway() as fake:
            ...     with fake.savepoint():
            ...         _ = fake.add_server()
            ...         fake.clock.advance(hours=1)
            ...     fake.servers, fake.clock.now().isoformat()
            ((), '2013-04-12T19:29:00+00:00')
        """
        with self.account.savepoint():
            yield self

    def reset(self) -> None:
        """Reset to the initial state and clear the journal. Other accounts and running servers stay."""
        self.account.reset()

    def to_dict(self) -> dict[str, Any]:
        """Return the state of this account as plain data, for `from_dict`.

        It contains the credentials. The journal, the timeline and added accounts are not included.

        Raises:
            WrongTypeError: If the clock is an object of your own, or the time zone has no name.

        Example:
            >>> with FakeHostway() as fake:
            ...     server = fake.add_server()
            >>> FakeHostway.from_dict(fake.to_dict()).servers[0].id == server.id
            True
        """
        from hostway_fake.world import persistence

        return persistence.dump(self.account.world, self._url)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return a fake with the state that `to_dict` returned. It sends the same responses as the original.

        Raises:
            InvalidValueError: If the data was modified or has an unknown format. The message contains the key.
        """
        from hostway_fake.world import persistence

        loaded = persistence.load(data)
        fake = cls(**loaded.options)
        world = fake.account.world
        world.roll_back(loaded.state)
        persistence.check_same(dict(data), persistence.dump(world, fake._url, loaded.state))
        return fake

    def save(self, path: str | Path) -> None:
        """Write the data of `to_dict` to a JSON file that only its owner can read. An existing file is replaced."""
        from hostway_fake.world import dump_file

        dump_file.write(options.checked_path(path), self.to_dict())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return a fake with the state that `save` wrote.

        Raises:
            InvalidValueError: If the file is damaged. The message has the key.
        """
        from hostway_fake.world import dump_file

        data = dump_file.read(options.checked_path(path))
        try:
            return cls.from_dict(data)
        except HostwayFakeError as error:
            raise InvalidValueError(f"{path}: {error}") from None


def _script(faults: "str | Path | Mapping[str, Any] | FaultScript") -> "FaultScript":
    from hostway_fake.faults.script import FaultScript

    if isinstance(faults, str | Path):
        return FaultScript.load(faults)
    return faults if isinstance(faults, FaultScript) else FaultScript.parse(faults)
