"""The adapter and the session for ``requests``, without a socket. Retries and exceptions are those of the libraries.

All private parts of requests that this project relies on are in this module. A test fails when a new version changes
one of them.
"""

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any, Final, Self
from warnings import catch_warnings

import requests.adapters
import requests.sessions
from requests import PreparedRequest, Session
from requests import Request as RequestsRequest
from requests import Response as RequestsResponse
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPConnectionPool, Retry

from hostway_fake.transports.in_process import InProcess
from hostway_fake.transports.urllib3 import Pool, defined_in


def _pristine(module: ModuleType, owner: str, name: str) -> Any:
    """Return a method as the source of its module defines it, whoever has replaced it."""
    method = defined_in(vars(vars(module)[owner])[name], module)
    if method is None:
        spec = spec_from_file_location(module.__name__, module.__file__ or "")
        assert spec is not None
        assert spec.loader is not None
        fresh = module_from_spec(spec)
        with catch_warnings(action="ignore"):  # requests warns about what it does not find
            spec.loader.exec_module(fresh)
        method = vars(vars(fresh)[owner])[name]
    return method


ADAPTER_SEND: Final = _pristine(requests.adapters, "HTTPAdapter", "send")
_SESSION_SEND: Final = _pristine(requests.sessions, "Session", "send")


def is_mocked(method: Any) -> bool:
    """Tell whether a method of requests is one of responses or requests-mock, which replace all adapters."""
    return str(getattr(method, "__module__", "")).partition(".")[0] in ("responses", "requests_mock")


def send_past_mocks(session: Session, request: PreparedRequest, **options: Any) -> RequestsResponse:
    """Send a request by the mounted adapter, even if requests-mock is active.

    requests-mock replaces ``Session.send`` by a function that uses its own adapter for every URL. `mount` sets this
    function on a session, so that the real ``Session.send`` sends requests to the fake.
    """
    send = type(session).send
    if send is not _SESSION_SEND and is_mocked(send):
        adapter = type(session).get_adapter(session, request.url or "")
        send = _SESSION_SEND if isinstance(adapter, HostwayAdapter) else send
    sent: RequestsResponse = send(session, request, **options)
    return sent


def retries_of(session: Session, url: str) -> int | Retry:
    """Return the retries of the adapter that a session has for a URL."""
    retries: int | Retry = getattr(session.get_adapter(url), "max_retries", 0)
    return retries


class HostwayAdapter(InProcess, HTTPAdapter):
    """A `requests` adapter that can be mounted on a session."""

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> RequestsResponse:
        """Send a request, even if responses is active, which replaces ``HTTPAdapter.send`` for all adapters."""
        send = HTTPAdapter.send
        if send is not ADAPTER_SEND and is_mocked(send):
            send = ADAPTER_SEND
        sent: RequestsResponse = send(self, request, *args, **options)
        return sent

    def __init__(self, pool: Pool, max_retries: int | Retry = 0) -> None:
        super().__init__(max_retries=max_retries)
        self._pool = pool
        self.prefixes: tuple[str, ...] = pool.origin.prefixes

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        return self._pool

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        return request.path_url

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Do nothing: there is no certificate."""

    def close(self) -> None:
        self._pool.close()

    def clone(self) -> Self:
        return type(self)(self._pool.clone(), self.max_retries)


class HostwaySession(Session):
    """A session that ignores the environment of the machine and does not spend time on merging empty settings."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def get_adapter(self, url: str) -> BaseAdapter:
        """Return the adapter for a URL. Ignore credentials in the URL."""
        scheme, slashes, rest = url.partition("://")
        authority, slash, path = rest.partition("/")
        return super().get_adapter(scheme + slashes + authority.rpartition("@")[2] + slash + path)

    def prepare_request(self, request: RequestsRequest) -> PreparedRequest:
        """Prepare a copy of a request in which empty dicts are None or "": requests handles those faster."""
        same = RequestsRequest.__new__(type(request))
        told = {"headers": request.headers or None, "params": request.params or (None if self.params else "")}
        same.__dict__.update(request.__dict__, **told)
        return super().prepare_request(same)

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        if self.trust_env or self.proxies:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        return {
            "proxies": proxies or {},
            "stream": self.stream if stream is None else stream,
            "verify": self.verify if verify is None else verify,
            "cert": self.cert if cert is None else cert,
        }
