"""How clients reach a fake: sessions, adapters, transports, interception, WSGI, and a server."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from hostway_fake import checks
from hostway_fake.clock import FakeClock
from hostway_fake.exceptions import WrongTypeError, invalid
from hostway_fake.fake.account import Account
from hostway_fake.fake.patch_sleep import sleeper
from hostway_fake.transports.in_process import Origin

if TYPE_CHECKING:
    import ssl

    import httpx
    import requests
    from flask import Flask
    from urllib3 import Retry

    from hostway_fake.transports.server import ThreadServer
    from hostway_fake.transports.urllib3 import Pool


class ClientAccess:
    """The transports to an account at a base URL."""

    account: Account
    _url: str
    _over_socket: bool
    _ca_path: str | None

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return self._url

    @property
    def auth(self) -> tuple[str, str]:
        """User and password. The user is the name of the account."""
        settings = self.account.world.settings
        return settings.account, settings.password

    @property
    def ca_path(self) -> str | None:
        """The path of the CA file that clients must trust. None if the fake is not reached through TLS."""
        return self._ca_path

    def _pool(self) -> "Pool":
        from hostway_fake.transports.urllib3 import Pool

        world = self.account.world
        wait = sleeper(world) if isinstance(world.clock, FakeClock) else None
        return Pool(Origin.from_url(self._url), self.account.exchange, wait)

    def session(self) -> "requests.Session":
        """Return a new `requests.Session` that reaches this fake at `url` and sends its credentials.

        Environment variables for proxies and netrc files have no effect on it.

        Example:
            >>> from hostway_fake import FakeHostway
            >>> with FakeHostway() as fake, fake.session() as session:
            ...     session.get(f"{fake.url}/servers").json()
            {'servers': []}
        """
        from hostway_fake.transports.requests import HostwaySession

        session = HostwaySession()
        session.auth = self.auth
        if not self.auth[1].isascii():
            # requests encodes a str as Latin-1 and sends bytes unchanged; its stubs accept only str
            session.auth = (self.auth[0].encode(), self.auth[1].encode())  # type: ignore[assignment]
        if not self._over_socket:
            self.mount(session)
        elif self._ca_path is not None:
            session.verify = self._ca_path
        return session

    def mount(self, session: "requests.Session", max_retries: "int | Retry | None" = None) -> None:
        """Mount this fake on a session of your own, at `url`. No socket is used.

        The session keeps its headers, hooks and credentials. Mocks of ``responses`` and ``requests-mock`` do not
        intercept the requests to `url`.

        Args:
            session: The session.
            max_retries: A number or a `urllib3.Retry`, as for ``requests.adapters.HTTPAdapter``. Default: the
                retries of the adapter that the session has for `url`.

        Raises:
            WrongTypeError: If ``session`` is not a `requests.Session`.

        Example:
            >>> import requests
            >>> from hostway_fake import FakeHostway
            >>> with FakeHostway(url="https://api.example.com") as fake, requests.Session() as session:
            ...     session.auth = fake.auth
            ...     fake.mount(session)
            ...     session.get("https://api.example.com/servers").status_code
            200
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
        """Return a transport for ``httpx.Client(transport=...)`` that reaches this fake at `url`, without a socket.

        Args:
            retries: How often a refused connection is tried again, as for ``httpx.HTTPTransport``.

        Example:
            >>> import httpx
            >>> from hostway_fake import FakeHostway
            >>> with FakeHostway() as fake, httpx.Client(transport=fake.httpx_transport(), auth=fake.auth) as client:
            ...     client.get(f"{fake.url}/servers").json()
            {'servers': []}
        """
        from hostway_fake.transports.httpx import HostwayTransport

        account = self.account
        return HostwayTransport(
            Origin.from_url(self._url), account.exchange, checks.whole("retries", retries, 0), account.blocked.append
        )

    def async_httpx_transport(self, *, retries: int = 0) -> "httpx.AsyncBaseTransport":
        """Return a transport for ``httpx.AsyncClient(transport=...)``. See `httpx_transport`."""
        from hostway_fake.transports.httpx import AsyncHostwayTransport

        account = self.account
        return AsyncHostwayTransport(
            Origin.from_url(self._url), account.exchange, checks.whole("retries", retries, 0), account.blocked.append
        )

    @contextmanager
    def intercept(self, *, block_others: bool = False) -> Iterator[Self]:
        """Route requests to `url` from every `requests`, `httpx` and `urllib3` client in the process to this fake.

        Clients that were created before the block are included, but not a ``urllib3.HTTPConnectionPool`` that is used
        directly. Clients keep their own adapters and retries. httpx is intercepted as soon as other code has imported
        it. Blocks can be nested: the innermost one handles a request first. For aiohttp, ``http.client`` and other
        processes, use `serve`.

        Args:
            block_others: Whether requests to other hosts raise an error. By default they are sent as usual.

        Yields:
            This fake.

        Raises:
            BlockedHostError: In the client, if ``block_others`` is set and it calls another host.

        Example:
            >>> import requests
            >>> from hostway_fake import FakeHostway
            >>> with FakeHostway() as fake, fake.intercept():
            ...     requests.get(f"{fake.url}/servers", auth=fake.auth).json()
            {'servers': []}
        """
        from hostway_fake.transports.intercept import intercept

        checks.flag("block_others", block_others)
        with intercept(self._pool(), block_others, self.account.blocked.append):
            yield self

    @cached_property
    def wsgi_app(self) -> "Flask":
        """The Flask application, for ``test_client()`` or any WSGI server."""
        from hostway_fake.transports.wsgi import create_app

        return create_app(self.account.worlds)

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
        """Serve this fake on a real socket, in threads, while the block runs.

        The server listens before the block begins. It stops at the end of the block, also with open connections.

        Args:
            host: The address to listen on.
            port: The port. 0 selects a free one.
            read_timeout: Seconds that a request may take to arrive, from its first byte.
            idle_timeout: Seconds for which a connection is kept open between requests. None for no limit.
            tls: Whether to use TLS. A new certificate authority issues a certificate for ``host`` and the loopback
                addresses. Clients trust it through the PEM file ``server.ca_path``. This needs the extra ``tls``.
            ssl_context: An SSL context with a certificate of your own, instead of ``tls=True``.

        Yields:
            The server. It has a ``url``, and a ``ca_path`` with ``tls=True``.

        Raises:
            PortTakenError: If the port cannot be bound.
            Exception: At the end of the block, what was raised in the threads of the server.

        Example:
            >>> import requests
            >>> from hostway_fake import FakeHostway
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
        server = ThreadServer(self.wsgi_app, self.account.worlds, host, port, read_timeout, idle_timeout, secured)
        self.account.servers.add(server)
        try:
            yield server
        finally:
            server.stop()
            self.account.servers.discard(server)
        server.raise_failures()
