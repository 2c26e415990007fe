"""The way in for sessions that know nothing of the fake: the one patch of ``requests`` in the process."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool

from hostway_fake.exceptions import BlockedHostError
from hostway_fake.journal.secrets import masked_url
from hostway_fake.transports.origin import Origin
from hostway_fake.transports.requests import Pool


class _Interception:
    """A fake that is reached by sessions that know nothing of it; each of their adapters has a pool of its own."""

    def __init__(self, pool: Pool, block_others: bool) -> None:
        self.origin = pool.origin
        self.block_others = block_others
        self._pool = pool
        self._pools: WeakKeyDictionary[HTTPAdapter, Pool] = WeakKeyDictionary()

    def pool(self, adapter: HTTPAdapter) -> Pool:
        return self._pools.get(adapter) or self._pools.setdefault(adapter, self._pool.another())


class _Interceptor:
    """The one patch of ``requests`` in the process, there while anything is intercepted.

    It sits where an adapter asks for a pool, so that every session keeps its own adapters and retries.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._active: tuple[_Interception, ...] = ()
        self._original: Any = None

    def add(self, interception: _Interception) -> None:
        with self._lock:
            if not self._active:
                self._original = HTTPAdapter.get_connection_with_tls_context
                HTTPAdapter.get_connection_with_tls_context = self._patch(self._original)  # type: ignore[method-assign]
            self._active = (interception, *self._active)

    def remove(self, interception: _Interception) -> None:
        with self._lock:
            self._active = tuple(other for other in self._active if other is not interception)
            if not self._active:
                HTTPAdapter.get_connection_with_tls_context = self._original  # type: ignore[method-assign]

    def _patch(self, original: Any) -> Any:
        def get_connection_with_tls_context(
            adapter: HTTPAdapter, request: PreparedRequest, *args: Any, **kwargs: Any
        ) -> HTTPConnectionPool:
            active = self._active
            origin = Origin.of(request.url or "")
            for interception in active:
                if interception.origin == origin:
                    return interception.pool(adapter)
            for interception in active:
                if interception.block_others:
                    asked = f"{request.method} {masked_url(request.url or '')}"
                    only = f"only {interception.origin.header} may be called under intercept(block_others=True)"
                    raise BlockedHostError(f"{asked}: {only}")
            pool: HTTPConnectionPool = original(adapter, request, *args, **kwargs)
            return pool

        return get_connection_with_tls_context


_INTERCEPTOR = _Interceptor()
"""Process-wide, as what it patches is."""


@contextmanager
def intercept(pool: Pool, block_others: bool) -> Iterator[None]:
    interception = _Interception(pool, block_others)
    _INTERCEPTOR.add(interception)
    try:
        yield
    finally:
        _INTERCEPTOR.remove(interception)
