"""The patches of httpx for `intercept`.

httpx sends requests in ``HTTPTransport.handle_request``, also if a transport of the user's wraps an ``HTTPTransport``.
pytest-httpx replaces that method too, before or after this patch. ``Client._transport_for_url`` is therefore patched as
well: it returns a transport to the fake in place of an ``HTTPTransport``.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import httpx

from hostway_fake.transports.httpx import AsyncHostwayTransport, HostwayTransport

if TYPE_CHECKING:
    from hostway_fake.transports.intercept import Interception, Interceptor, Patch


def patches(interceptor: "Interceptor") -> "Sequence[Patch]":
    """Return the patches of httpx that ask an interceptor."""
    from hostway_fake.transports.intercept import Patch

    def transport_for_url(original: Any) -> Any:
        def _transport_for_url(client: Any, url: httpx.URL) -> Any:
            transport = original(client, url)
            interception = interceptor.find(str(url)) if isinstance(transport, _TRANSPORTS) else None
            return transport if interception is None else _own(interception, transport)

        return _transport_for_url

    def handle(original: Any) -> Any:
        def handle_request(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            own = _find(interceptor, transport, request, original)
            response: httpx.Response = original(transport, request) if own is None else own.handle_request(request)
            return response

        return handle_request

    def handle_async(original: Any) -> Any:
        async def handle_async_request(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
            own = _find(interceptor, transport, request, original)
            handler = original.__get__(transport) if own is None else own.handle_async_request
            response: httpx.Response = await handler(request)
            return response

        return handle_async_request

    return (
        Patch(httpx.Client, "_transport_for_url", transport_for_url),
        Patch(httpx.AsyncClient, "_transport_for_url", transport_for_url),
        Patch(httpx.HTTPTransport, "handle_request", handle),
        Patch(httpx.AsyncHTTPTransport, "handle_async_request", handle_async),
    )


_TRANSPORTS = (httpx.HTTPTransport, httpx.AsyncHTTPTransport)


def _find(interceptor: "Interceptor", transport: Any, request: httpx.Request, original: Any) -> Any:
    """Return the transport that leads to the fake, or None; raise if the host of a request is blocked.

    Requests that another library mocks are not blocked, because they do not reach the network.
    """
    url = str(request.url)
    interception = interceptor.find(url)
    if interception is not None:
        return _own(interception, transport)
    if original.__module__.startswith("httpx."):
        interceptor.check(request.method, url)
    return None


def _own(interception: "Interception", transport: Any) -> Any:
    """Return a transport to the fake that tries a refused connection again as often as one of httpx's does."""
    kind = AsyncHostwayTransport if isinstance(transport, httpx.AsyncHTTPTransport) else HostwayTransport
    retries = getattr(transport._pool, "_retries", 0)
    pool = interception.pool
    return interception.own(
        transport, lambda: kind(interception.origin, pool.exchange, retries, interception.on_blocked)
    )
