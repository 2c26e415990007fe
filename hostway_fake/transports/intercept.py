"""Connect clients that know nothing of the fake: patch requests, urllib3 and httpx while a block runs.

Where the patches sit:

- ``HTTPAdapter.get_connection_with_tls_context`` and ``PoolManager.connection_from_host``, where an adapter or a pool
  manager asks for the pool to a host. Everything above them is the client's own: adapters, retries, redirects.
- ``Session.get_adapter``. requests-mock sets this attribute on the session, and responses replaces
  ``HTTPAdapter.send``, before or after the patch. The patch is a data descriptor, which takes precedence over an
  attribute of the session. For a mocked session it returns an adapter with the real ``send``.
- The patches of httpx are in ``intercept_httpx``, because httpx is optional. They are applied once something else has
  imported httpx, before or during the block.

A patch that another library has wrapped meanwhile stays in place, and does nothing once no block runs.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from threading import Lock
from types import ModuleType
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from requests import Session
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPConnectionPool, PoolManager, ProxyManager

from hostway_fake.forks import renew_locks_after_fork
from hostway_fake.transports.in_process import OnBlocked, Origin, blocked_host_error
from hostway_fake.transports.requests import ADAPTER_SEND, HostwayAdapter, is_mocked
from hostway_fake.transports.urllib3 import Pool


class Interception:
    """A fake that clients reach without being connected to it. Each of their adapters has connections of its own."""

    def __init__(self, pool: Pool, block_others: bool, on_blocked: OnBlocked) -> None:
        self.pool: Pool = pool
        self.origin: Origin = pool.origin
        self.block_others: bool = block_others
        self.on_blocked: OnBlocked = on_blocked
        self._own: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def own(self, client: object, make: Callable[[], Any]) -> Any:
        """Return the pool or transport that connects ``client`` to the fake. ``make`` creates it on first use."""
        return self._own.get(client) or self._own.setdefault(client, make())


class Patch(NamedTuple):
    """A method to patch, and a function that builds its replacement from the original."""

    owner: type
    name: str
    replace: Callable[[Any], Any]


class Interceptor:
    """The interceptions of this process, and the patches, which are in place while there are any."""

    def __init__(self) -> None:
        self._lock = Lock()
        renew_locks_after_fork(self)
        self._active: tuple[Interception, ...] = ()
        self._patched: list[tuple[type, str, Any, Any]] = []
        self._modules: set[str] = set()

    def add(self, interception: Interception) -> None:
        """Add an interception. It takes precedence over the existing ones."""
        is_loaded = "httpx" in sys.modules
        patches = _httpx_patches(self) if is_loaded else ()
        with self._lock:
            self._active = (interception, *self._active)
            self._patch("requests", _PATCHES)
            if is_loaded:
                self._patch("httpx", patches)
            elif _WHEN_IMPORTED not in sys.meta_path:
                sys.meta_path.insert(0, _WHEN_IMPORTED)

    def remove(self, interception: Interception) -> None:
        """Remove an interception. Restore the patched methods after the last one."""
        with self._lock:
            self._active = tuple(other for other in self._active if other is not interception)
            if not self._active:
                self._undo()

    def httpx_was_imported(self) -> None:
        """Patch httpx, if a block runs."""
        patches = _httpx_patches(self)
        with self._lock:
            if self._active:
                self._patch("httpx", patches)

    def find(self, url: str) -> Interception | None:
        """Return the innermost interception of the host of a URL, or None."""
        active = self._active
        try:
            origin = Origin.from_url(url) if active else None
        except ValueError:  # not a valid URL: let the client report it
            return None
        return next((each for each in active if each.origin == origin), None)

    def check(self, method: str, url: str) -> None:
        """Raise `BlockedHostError` for a request to a host that is not intercepted, if a block allows no others."""
        active = self._active
        hosts = ", ".join(dict.fromkeys(each.origin.header for each in active))
        for each in active:
            if each.block_others:
                why = f"only {hosts} may be called under intercept(block_others=True)"
                raise blocked_host_error(method, url, why, each.on_blocked)

    def _patch(self, module: str, patches: Sequence[Patch]) -> None:
        if module not in self._modules:
            self._modules.add(module)
            for owner, name, replace in patches:
                original = vars(owner)[name]
                replacement = replace(original)
                setattr(owner, name, replacement)
                self._patched.append((owner, name, original, replacement))

    def _undo(self) -> None:
        for owner, name, original, replacement in reversed(self._patched):
            if vars(owner)[name] is replacement:
                setattr(owner, name, original)
        self._patched.clear()
        self._modules.clear()
        with suppress(ValueError):
            sys.meta_path.remove(_WHEN_IMPORTED)


_INTERCEPTOR: Final = Interceptor()
"""Process-wide, as what it patches is."""


@contextmanager
def intercept(pool: Pool, block_others: bool, on_blocked: OnBlocked) -> Iterator[None]:
    """Let every client of the process reach the fake of a pool while the block runs."""
    interception = Interception(pool, block_others, on_blocked)
    _INTERCEPTOR.add(interception)
    try:
        yield
    finally:
        _INTERCEPTOR.remove(interception)


# requests and urllib3


def _pool_of_adapter(original: Any) -> Any:
    def get_connection_with_tls_context(adapter: HTTPAdapter, request: Any, *args: Any, **options: Any) -> Any:
        url = request.url or ""
        interception = _INTERCEPTOR.find(url)
        if interception is not None:
            return interception.own(adapter, interception.pool.clone)
        _INTERCEPTOR.check(request.method, url)
        return original(adapter, request, *args, **options)

    return get_connection_with_tls_context


def _pool_of_manager(original: Any) -> Any:
    def connection_from_host(
        manager: PoolManager,
        host: str | None,
        port: int | None = None,
        scheme: str | None = "http",
        *more: Any,
        **options: Any,
    ) -> HTTPConnectionPool:
        authority = f"[{host}]" if ":" in (host or "") and not (host or "").startswith("[") else host
        url = f"{scheme}://{authority}" + (f":{port}" if port else "")
        interception = _INTERCEPTOR.find(url)
        if interception is not None:
            pool: HTTPConnectionPool = interception.own(manager, interception.pool.clone)
            return pool
        _INTERCEPTOR.check("", url)
        found: HTTPConnectionPool = original(manager, host, port, scheme, *more, **options)
        return found

    return connection_from_host


class _GetAdapter:
    """A patch of ``Session.get_adapter`` that returns the real adapter for a fake's URL, even if requests is mocked."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __get__(self, session: Session | None, owner: type) -> Any:
        if session is None:
            return self._original
        own = vars(session).get("get_adapter") or self._original.__get__(session, owner)
        if not (is_mocked(own) or is_mocked(HTTPAdapter.send)):
            return own
        real = self._original.__get__(session, owner)

        def get_adapter(url: str) -> BaseAdapter:
            interception = _INTERCEPTOR.find(url)
            adapter: BaseAdapter = (own if interception is None else real)(url)
            if interception is None or not isinstance(adapter, HTTPAdapter) or isinstance(adapter, HostwayAdapter):
                return adapter
            pool = interception.own(adapter, interception.pool.clone)
            return _past_mocks(adapter, pool)

        return get_adapter

    def __set__(self, session: Session, value: object) -> None:
        vars(session)["get_adapter"] = value

    def __delete__(self, session: Session) -> None:
        del vars(session)["get_adapter"]


class _RealSend(HTTPAdapter):
    send = ADAPTER_SEND


def _past_mocks(adapter: HTTPAdapter, pool: Pool) -> HTTPAdapter:
    """Return the same adapter, with the same attributes, except that it has the pool and the real ``send``."""
    kind = type(adapter)
    bases = (_RealSend,) if kind is HTTPAdapter else (kind, _RealSend)
    past: HTTPAdapter = object.__new__(
        type(kind.__name__, bases, {"get_connection_with_tls_context": lambda *_, **__: pool})
    )
    past.__dict__ = adapter.__dict__
    return past


_PATCHES: Final = (
    Patch(HTTPAdapter, "get_connection_with_tls_context", _pool_of_adapter),
    Patch(PoolManager, "connection_from_host", _pool_of_manager),
    Patch(ProxyManager, "connection_from_host", _pool_of_manager),
    Patch(Session, "get_adapter", _GetAdapter),
)


# httpx


def _httpx_patches(interceptor: Interceptor) -> Sequence[Patch]:
    from hostway_fake.transports.intercept_httpx import patches

    return patches(interceptor)


class _WhenImported(MetaPathFinder):
    """Patches httpx as soon as another module has imported it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "httpx":
            return None
        with suppress(ValueError):
            sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                run(module)
                _INTERCEPTOR.httpx_was_imported()

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # of this loader only
        return spec


_WHEN_IMPORTED: Final = _WhenImported()
