"""`FakeHostway`: puts the floors together. What users hold; no rule of Hostway's lives here."""

import copy
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, tzinfo
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Never, Self
from urllib.parse import quote

from hostway_fake import checks
from hostway_fake.clock import Clock, FakeClock
from hostway_fake.contract.catalogue import DEFAULT_FLAVOR, FLAVORS
from hostway_fake.contract.errors import REVISIONS
from hostway_fake.contract.readings import read
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
from hostway_fake.domain.identifiers import checked_server_id
from hostway_fake.domain.model import Snapshot, Volume
from hostway_fake.exceptions import (
    BlockedHostError,
    HostwayFakeError,
    InvalidValueError,
    UnfinishedRuleError,
    WrongTypeError,
    invalid,
)
from hostway_fake.fake import options
from hostway_fake.fake.builds import Builds
from hostway_fake.fake.clock_control import WorldClock, fake_clock, run_until
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
from hostway_fake.fake.patch_sleep import patch_sleep, sleeper
from hostway_fake.fake.server_handle import ServerHandle
from hostway_fake.faults.builder import Faults
from hostway_fake.journal.conduct import Conduct
from hostway_fake.journal.reliance import Reliance, ResponseKey
from hostway_fake.journal.sequence import Calls
from hostway_fake.journal.timeline import Timeline
from hostway_fake.service.exchange import exchange
from hostway_fake.transports.in_process import Exchange, Origin
from hostway_fake.world import Settings, World, Worlds

if TYPE_CHECKING:
    import ssl

    import httpx
    import requests
    from flask import Flask
    from urllib3 import Retry

    from hostway_fake.faults.script import FaultScript
    from hostway_fake.transports.requests import Pool
    from hostway_fake.transports.server import ThreadServer
    from hostway_fake.world import Savepoint


def _script(faults: "str | Path | Mapping[str, Any] | FaultScript") -> "FaultScript":
    from hostway_fake.faults.script import FaultScript

    if isinstance(faults, str | Path):
        return FaultScript.load(faults)
    return faults if isinstance(faults, FaultScript) else FaultScript.parse(faults)


_BLOCKED: Final = 100
"""The number of errors for requests to other hosts that are kept until a test ends."""

_RESTING: Final = (ServerStatus.ACTIVE, ServerStatus.STOPPED, ServerStatus.SUSPENDED, ServerStatus.UNKNOWN)


class FakeHostway:
    """A Hostway account of your own, and the ways to reach it.

    Everything is a keyword: ``seed`` for ids and guids; ``clock``, ``"fake"`` (stands still until advanced),
    ``"follow"`` (as ``datetime.now(UTC)``, frozen or not), ``"system"`` or an object with ``now()``; ``revision`` of
    the error bodies, ``"2013-04"`` or ``"2013-10"``; ``readings``, see `hostway_fake.READINGS`; ``url``, the base URL
    of the code under test, without a path; ``auth``, user and password, where the user is the account;
    ``build_seconds``, how long a build takes; ``action_seconds``, how long a server is PROCESSING when it is rebooted,
    resized, stopped or started; ``poll_step``, seconds by which each read of something unfinished moves the clock,
    never past the next event; ``poll_limit``, how often something unfinished may be polled in vain before
    `hostway_fake.FrozenClockError`; ``journal_size``, how many calls are remembered, and ``journal_bytes``,
    how many bytes their bodies may take together (64 MiB), the oldest forgotten first; ``remember_deleted``, how many
    DELETED snapshots and servers can still be read (10,000), the oldest forgotten first; ``faults``, a script of
    faults: the path of a TOML or JSON file, what such a file holds, or a `hostway_fake.faults.FaultScript`;
    ``time_zone`` of ``create_time`` and of the date in ids.

    >>> with FakeHostway() as fake:
    ...     server = fake.add_server("jello614636-USOTE-0214")
    ...     answer = fake.session().post(f"{fake.url}/servers/{server.id}/snapshots", json={"snapshot": {"name": "a"}})
    ...     fake.clock.advance(minutes=5)
    ...     later = fake.session().get(answer.headers["Location"])
    >>> answer.status_code, answer.json()["snapshot"]["status"], later.json()["snapshot"]["status"]
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
            raise options.unknown(unknown, FakeHostway.__init__.__kwdefaults__ or {})
        account, password = options.checked_auth(auth)
        settings = Settings(
            account=account,
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
        self._ca_path: str | None = None
        self._worlds = Worlds(World(settings, the_clock))
        self._servers: set[ThreadServer] = set()
        self._parent: FakeHostway | None = None
        self._siblings: dict[World, FakeHostway] = {}
        self._on_discard: Callable[[FakeHostway], None] | None = None  # is told before what was done is forgotten
        self._closed_response_counts: Counter[ResponseKey] = Counter()  # what was answered for siblings that are closed
        self._faults = Faults(self._worlds.default_world.rulebook)
        self._savepoints: list[Savepoint] = []
        self._blocked: deque[BlockedHostError] = deque(maxlen=_BLOCKED)  # raised for requests to other hosts
        self._script = None if faults is None else _script(faults)
        self._play()

    def _play(self) -> None:
        """Write the rules of the script that it was made with, and order its builds."""
        if self._script is not None:
            for rule in self._script.rules:
                self._faults.write(rule)
            for build in self._script.builds:
                self._worlds.default_world.script_build(build)

    def add_account(self, user: str, password: str, **others: Any) -> "FakeHostway":
        """Another fake, with its own world, behind the same ways in: the credentials of a request choose.

        ``others`` are the options of `FakeHostway`. Each account answers 403 to the other. Close a sibling to take its
        account away.
        """
        if "auth" in others:
            raise InvalidValueError("auth: expected user and password as arguments of their own", "auth")
        sibling = FakeHostway(**{"url": self._url, **others, "auth": (user, password)})
        sibling._worlds = Worlds(sibling._worlds.default_world, self._worlds.by_account)
        sibling._over_socket = self._over_socket and "url" not in others
        sibling._ca_path = self._ca_path if sibling._over_socket else None
        sibling._parent = self
        sibling._on_discard = self._on_discard
        self._siblings[sibling._worlds.default_world] = sibling
        return sibling

    def at(self, url: str, *, ca_path: str | None = None) -> "FakeHostway":
        """This fake, the same world, as it looks through a running server: ``url`` is the socket's.

        ``session()`` then goes over the socket. ``ca_path`` is the CA file that the session trusts. For a server that
        this fake started, it is set automatically.
        """
        face = copy.copy(self)
        face._url, face._over_socket = options.checked_url(url), True
        known = (server.ca_path for server in tuple(self._servers) if server.url == face._url)
        face._ca_path = next(known, None) if ca_path is None else str(options.checked_path(ca_path))
        return face

    @property
    def ca_path(self) -> str | None:
        """The path of the CA file that clients must trust, or None if the fake is not reached through TLS."""
        return self._ca_path

    def close(self, *, check: bool = True) -> None:
        """Stop its servers, forget the account, and close its siblings. A second call does nothing.

        A fault rule that was begun and given no outcome raises `hostway_fake.UnfinishedRuleError`, once all is closed;
        not so without ``check``, for a test that has failed already.
        """
        for fake in self._shut():
            if check:
                fake._faults.check()

    def _shut(self) -> "tuple[FakeHostway, ...]":
        """Close this fake and its siblings; all of them."""
        for server in tuple(self._servers):
            server.stop()
        family = (self, *(other for sibling in tuple(self._siblings.values()) for other in sibling._shut()))
        self._worlds.leave()
        self._discarding()
        world = self._worlds.default_world
        if self._parent is not None and world in self._parent._siblings:
            del self._parent._siblings[world]
            if self._closed_response_counts or world.journal.recorded:
                self._parent._closed_response_counts.update(self._response_counts())
        return family

    @property
    def _is_open(self) -> bool:
        return self._worlds.by_account.get(self.auth[0]) is self._worlds.default_world

    def _family(self) -> "Iterator[FakeHostway]":
        """This fake and its siblings."""
        yield self
        for sibling in tuple(self._siblings.values()):
            yield from sibling._family()

    def _discarding(self) -> None:
        if self._on_discard is not None:
            self._on_discard(self)

    def _response_counts(self) -> Counter[ResponseKey]:
        """What was answered for this account and all its siblings."""
        total = Counter(self._worlds.default_world.journal.response_counts())
        for each in (
            self._closed_response_counts,
            *(sibling._response_counts() for sibling in self._siblings.values()),
        ):
            total.update(each)
        return total

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(check=kind is None)

    def __repr__(self) -> str:
        return f"<FakeHostway {self.auth[0]} at {self.url}>"

    # Back to what was

    @contextmanager
    def savepoint(self) -> Iterator[Self]:
        """Undo at the end of the block what was done in it: state, clock, faults, builds and ids.

        Calls that were made inside stay in the journal, marked as rolled back. A clock that is not the fake's to move
        stays where it is. It costs about 10 ns for each living server and volume. What is forgotten inside, because
        there is more than `remember_deleted` or the journal has room for, stays forgotten. Savepoints nest;
        one that outlives the one around it raises `hostway_fake.InvalidValueError`. A rule that was begun inside and
        given no outcome raises `hostway_fake.UnfinishedRuleError`.

        >>> with FakeHostway() as fake:
        ...     with fake.savepoint():
        ...         _ = fake.add_server()
        ...         fake.clock.advance(hours=1)
        ...     fake.servers, fake.clock.now().isoformat()
        ((), '2013-04-12T19:29:00+00:00')
        """
        world, begun = self._worlds.default_world, self._faults.saved()
        saved = world.savepoint()
        self._savepoints.append(saved)
        unfinished: UnfinishedRuleError | None = None
        try:
            yield self
            unfinished = self._faults.unfinished(begun)
        finally:
            if not any(saved is each for each in self._savepoints):
                raise InvalidValueError("savepoint: it ends after the one around it, which has undone it already")
            while self._savepoints.pop() is not saved:
                pass  # one that began inside, and is undone with it
            self._discarding()
            world.roll_back(saved)
            self._faults.roll_back(begun)
        if unfinished:
            raise unfinished

    def reset(self) -> None:
        """Let all be as when this fake was made, and forget all calls; siblings and running servers stay."""
        self._discarding()
        self._closed_response_counts.update(self._worlds.default_world.journal.response_counts())
        self._worlds.default_world.reset()
        self._faults.roll_back([])
        self._play()

    def to_dict(self) -> dict[str, Any]:
        """This account as plain data, of which `from_dict` makes one that goes on as this one would, byte for byte.

        It holds the credentials. Left out is what happened: the journal, the timeline, evidence; and siblings. A clock
        of your own, or a time zone that has no name, raises `hostway_fake.WrongTypeError`.

        >>> with FakeHostway() as fake:
        ...     server = fake.add_server()
        >>> FakeHostway.from_dict(fake.to_dict()).servers[0].id == server.id
        True
        """
        from hostway_fake.world import persistence

        return persistence.dump(self._worlds.default_world, self._url)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """An account as `to_dict` wrote it. What was changed, or is not known, raises with its place."""
        from hostway_fake.world import persistence

        loaded = persistence.load(data)
        fake = cls(**loaded.options)
        fake._worlds.default_world.roll_back(loaded.state)
        persistence.check_same(dict(data), persistence.dump(fake._worlds.default_world, fake._url, loaded.state))
        return fake

    def save(self, path: str | Path) -> None:
        """Write what `to_dict` gives into a file that only its owner can read; the old file is whole until then."""
        from hostway_fake.world import persistence

        persistence.write(options.checked_path(path), self.to_dict())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """An account as `save` wrote it; a damaged file raises `hostway_fake.InvalidValueError` with the place."""
        from hostway_fake.world import persistence

        data = persistence.read(options.checked_path(path))
        try:
            return cls.from_dict(data)
        except HostwayFakeError as error:
            raise InvalidValueError(f"{path}: {error}") from None

    # What the code under test is given

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return self._url

    @property
    def auth(self) -> tuple[str, str]:
        """User and password; the user is the account."""
        return self._worlds.default_world.settings.account, self._worlds.default_world.settings.password

    @property
    def clock(self) -> WorldClock:
        """The clock of this world: what time it is, what is planned, and by default the means to move it."""
        return WorldClock(self._worlds.default_world)

    @property
    def builds(self) -> Builds:
        """How long the builds to come take and how they end, to order."""
        return Builds(self._worlds.default_world)

    def run_until(self, snapshot_id: str, status: str) -> Snapshot:
        """Advance exactly to the event after which a snapshot has ``status``, and return the snapshot.

        What is so already moves nothing. What will not happen raises `hostway_fake.CannotHappenError`, with what will.
        """
        world = self._worlds.default_world
        world.snapshot(snapshot_id)
        run_until(world, snapshot_id, status, SnapshotStatus)
        return world.snapshot(snapshot_id)

    # What goes wrong, and what happened

    @property
    def faults(self) -> Faults:
        """Rules for what goes wrong: which calls, which hits, before or after the commit point, and what happens."""
        return self._faults

    @property
    def calls(self) -> Calls:
        """The journal: every call of this account, oldest first; when it is full, the oldest are forgotten.

        It is a tuple that can be filtered and asserted on. Credentials and passwords are masked in it.
        """
        return self._worlds.default_world.journal.calls

    def timeline(self) -> Timeline:
        """What happened, in the order of the clock: calls, faults, changes of status, moves of the clock.

        >>> with FakeHostway() as fake:
        ...     server = fake.add_server("jello614636-USOTE-0214")
        ...     server.stop()
        ...     fake.clock.advance(10)
        >>> print(fake.timeline())
        2013-04-12 19:29:00.000 jello614636-USOTE-0214 is ACTIVE
        2013-04-12 19:29:00.000 jello614636-USOTE-0214 is PROCESSING
        2013-04-12 19:29:00.000 the clock moves by 10 s
        2013-04-12 19:29:10.000 jello614636-USOTE-0214 is STOPPED
        """
        return self._worlds.default_world.timeline()

    @property
    def conduct(self) -> Conduct:
        """How the client behaved, to be asserted: queries over the calls so far, and exact, for their time is ours."""
        return Conduct(self.calls)

    # How a client waits without waiting

    @property
    def sleep(self) -> Callable[[float], None]:
        """To be handed to a client in place of ``time.sleep``: it advances the clock and returns at once.

        It does not help a client that also asks ``time.monotonic`` for a deadline: see `patch_sleep`.
        """
        return sleeper(self._worlds.default_world)

    async def async_sleep(self, seconds: float) -> None:
        """As `sleep`, in place of ``asyncio.sleep`` or ``trio.sleep``; other tasks get their turn."""
        self.sleep(seconds)
        trio = sys.modules.get("trio")
        if trio is not None and trio.lowlevel.in_trio_run():
            await trio.lowlevel.checkpoint()
        else:
            import asyncio

            await asyncio.sleep(0)

    def patch_sleep(self, module: str | ModuleType) -> AbstractContextManager[None]:
        """While the block runs, a module's ``sleep``, ``time`` and ``monotonic`` run on the fake's clock.

        However they were imported, and so that deadlines expire too. tenacity, stamina and urllib3's ``Retry`` are
        covered with it. Not covered: ``asyncio.sleep``, ``datetime.now``, waiting on locks and sockets.
        """
        return patch_sleep(self._worlds.default_world, module)

    # What the account holds

    def add_server(
        self,
        id: str | None = None,  # noqa: A002  # the agreed name
        *,
        status: str = "ACTIVE",
        flavor: str = DEFAULT_FLAVOR,
    ) -> ServerHandle:
        """Add a server that has ``status`` at every instant; without an id it gets one in the documented format.

        ``status`` is one in which a server can rest: ACTIVE, STOPPED, SUSPENDED or UNKNOWN; ``flavor`` is the id of
        its size.
        """
        if id is not None:
            checked_server_id(id)
        if status not in _RESTING:
            raise invalid("status", status, "one of", _RESTING)
        if checks.text("flavor", flavor) not in FLAVORS:
            raise invalid("flavor", flavor, "one of", FLAVORS)
        return ServerHandle(
            self._worlds.default_world, self._worlds.default_world.add_server(id, ServerStatus(status), flavor).id
        )

    def server(self, id: str) -> ServerHandle:  # noqa: A002  # the agreed name
        """A server of this account, whoever made it, by its id."""
        world = self._worlds.default_world
        if not world.has_server(id):
            raise invalid("server id", id, "one of this account", (server.id for server in world.servers()))
        return ServerHandle(world, id)

    @property
    def servers(self) -> tuple[ServerHandle, ...]:
        """The servers of this account, DELETED ones too, in the order in which they were added."""
        return tuple(
            ServerHandle(self._worlds.default_world, server.id) for server in self._worlds.default_world.servers()
        )

    @property
    def volumes(self) -> tuple[Volume, ...]:
        """The volumes of this account, in the order in which they were added; ``server_id`` says where each is."""
        return self._worlds.default_world.volumes()

    def evidence(self) -> tuple[Reliance, ...]:
        """On which behaviours of Hostway the calls so far relied, and how well each is founded; the best first.

        >>> with FakeHostway() as fake:
        ...     _ = fake.session().get(f"{fake.url}/servers")
        >>> fake.evidence()[0]
        Reliance(behaviour='list_servers', label=<Evidence.DOCUMENTED: 'documented'>, page='Server pages', calls=1)
        """
        return self._worlds.default_world.journal.evidence()

    # Ways in

    @property
    def _exchange(self) -> Exchange:
        return partial(exchange, self._worlds)

    def _pool(self) -> "Pool":
        from hostway_fake.transports.requests import Pool

        default_world = self._worlds.default_world
        wait = sleeper(default_world) if isinstance(default_world.clock, FakeClock) else None
        return Pool(Origin.from_url(self._url), self._exchange, wait)

    def session(self) -> "requests.Session":
        """A `requests.Session` that reaches this fake at `url`, authenticated; proxies and netrc play no part."""
        from hostway_fake.transports.requests import HostwaySession

        session = HostwaySession()
        session.auth = self.auth
        if not self.auth[1].isascii():
            # requests sends text as Latin-1, and bytes as they are; its stubs know of text only
            session.auth = (self.auth[0].encode(), self.auth[1].encode())  # type: ignore[assignment]
        if not self._over_socket:
            self.mount(session)
        elif self._ca_path is not None:
            session.verify = self._ca_path
        return session

    def mount(self, session: "requests.Session", max_retries: "int | Retry | None" = None) -> None:
        """Let a session reach this fake at `url`, without a socket, also where its credentials stand in the URL.

        ``max_retries`` is that of requests' adapter: a number or a `urllib3.Retry`. Without it the session keeps the
        retries that it has for that URL. Mocks of ``responses`` and ``requests-mock`` do not come in between.
        """
        import requests
        from urllib3 import Retry

        from hostway_fake.transports.requests import HostwayAdapter, retries_of, send_past_mocks

        if not isinstance(session, requests.Session):
            raise WrongTypeError(f"session: got {session!r}, expected a requests.Session")
        if max_retries is None:
            max_retries = retries_of(session, f"{self._url}/")
        elif not isinstance(max_retries, Retry):
            checks.whole("max_retries", max_retries, 0)
        session.send = partial(send_past_mocks, session)  # type: ignore[method-assign]  # on this session only
        adapter = HostwayAdapter(self._pool(), max_retries)
        credentials = "{}:{}@".format(*(quote(each, safe="") for each in self.auth))
        for prefix in adapter.prefixes:
            session.mount(prefix, adapter)
            session.mount(prefix.replace("://", f"://{credentials}"), adapter)

    def httpx_transport(self, *, retries: int = 0) -> "httpx.BaseTransport":
        """For ``httpx.Client(transport=...)``: reaches this fake at `url`, without a socket.

        ``retries`` is that of httpx's own transport: how often a refused connection is tried again.
        """
        from hostway_fake.transports.httpx import HostwayTransport

        return HostwayTransport(
            Origin.from_url(self._url), self._exchange, checks.whole("retries", retries, 0), self._blocked.append
        )

    def async_httpx_transport(self, *, retries: int = 0) -> "httpx.AsyncBaseTransport":
        """For ``httpx.AsyncClient(transport=...)``, as `httpx_transport`."""
        from hostway_fake.transports.httpx import AsyncHostwayTransport

        return AsyncHostwayTransport(
            Origin.from_url(self._url), self._exchange, checks.whole("retries", retries, 0), self._blocked.append
        )

    @contextmanager
    def intercept(self, *, block_others: bool = False) -> Iterator[Self]:
        """Route requests to `url` from every `requests`, `httpx` and `urllib3` client in the process to this fake.

        Clients that were created before the block are included; a ``urllib3.HTTPConnectionPool`` that is used directly
        is not. Clients keep their own adapters and retries. httpx is covered once something else imports it. Requests
        to other hosts are sent as usual; with ``block_others=True`` they raise `hostway_fake.BlockedHostError`.
        Interceptions nest; the innermost is asked first. For aiohttp, ``http.client`` and other processes use `serve`.

        >>> import requests
        >>> with FakeHostway() as fake, fake.intercept():
        ...     requests.get(f"{fake.url}/servers", auth=fake.auth).json()
        {'servers': []}
        """
        from hostway_fake.transports.intercept import intercept

        checks.flag("block_others", block_others)
        with intercept(self._pool(), block_others, self._blocked.append):
            yield self

    @cached_property
    def wsgi_app(self) -> "Flask":
        """The Flask application: for ``test_client()`` or any WSGI server."""
        from hostway_fake.transports.wsgi import create_app

        return create_app(self._worlds)

    @contextmanager
    def serve(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        read_timeout: float = 5,
        idle_timeout: float | None = None,
        tls: bool = False,
        ssl_context: "ssl.SSLContext | None" = None,
    ) -> "Iterator[ThreadServer]":
        """Serve on a real socket, in a thread, while the block runs; what it yields has a ``url``.

        It listens before the block begins, and stops at its end, also with open connections. A taken port raises
        `hostway_fake.PortTakenError`. ``read_timeout`` is how many seconds a request may take to arrive, from its first
        byte; ``idle_timeout`` how many seconds a connection is kept open between requests, None for ever. An exception
        in the server's threads is raised at the end of the block.

        With ``tls=True`` the server uses TLS. A new certificate authority issues a certificate for ``host`` and the
        loopback addresses. Clients trust it through the PEM file ``server.ca_path``. This needs the extra ``tls``. To
        use your own certificate, pass ``ssl_context`` instead.

        >>> import requests
        >>> with FakeHostway() as fake, fake.serve(tls=True) as server:
        ...     requests.get(f"{server.url}/servers", auth=fake.auth, verify=server.ca_path).json()
        {'servers': []}
        """
        from hostway_fake.transports.server import ThreadServer
        from hostway_fake.transports.tls import checked_tls

        checks.positive("read_timeout", read_timeout)
        if idle_timeout is not None:
            checks.positive("idle_timeout", idle_timeout)
        if not checks.text("host", host) or "\0" in host:
            raise invalid("host", host, "an address of this machine, such as '127.0.0.1'")
        secured = checked_tls(host, tls, ssl_context)
        server = ThreadServer(self.wsgi_app, self._worlds, host, port, read_timeout, idle_timeout, secured)
        self._servers.add(server)
        try:
            yield server
        finally:
            server.stop()
            self._servers.discard(server)
        server.raise_failures()
