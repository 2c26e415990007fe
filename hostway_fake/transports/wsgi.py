"""The Flask application for everything that speaks WSGI. The exchange decides the responses."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from flask import Flask
from flask import Response as FlaskResponse
from flask import request as current
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.routing import MapAdapter

from hostway_fake.contract.limits import BODY_LIMIT
from hostway_fake.service.exchange import exchange
from hostway_fake.service.messages import Request, Response, WireFault, origin_form
from hostway_fake.service.parsing import content_length
from hostway_fake.world import Worlds

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def create_app(worlds: Worlds) -> Flask:
    """Return the Flask application that responds for ``worlds``.

    It has no URL rules. Every request goes to `hostway_fake.service.exchange`, which matches paths by the table of
    operations, so that all errors are the provider's and never Flask's.
    """
    app = _App("hostway_fake", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True

    @app.before_request
    def respond() -> FlaskResponse:
        result = exchange(worlds, _request(current.environ))
        return _broken(current.environ, result) if isinstance(result, WireFault) else _response(result)

    return app


class _NoSessions(SessionInterface):
    """Sessions are not supported, so that no cookie is read."""

    def open_session(self, app: Flask, request: Any) -> SessionMixin | None:
        return _NO_SESSION

    def is_null_session(self, obj: object) -> bool:
        return True

    def save_session(self, app: Flask, session: SessionMixin, response: Any) -> None:
        """Do nothing."""


_NO_SESSION: Final = NullSession()


class _App(Flask):
    """Flask without routing and without sessions."""

    session_interface: SessionInterface = _NoSessions()

    def create_url_adapter(self, request: Any) -> MapAdapter | None:
        return super().create_url_adapter(request) if request is None else None


def _request(environ: "WSGIEnvironment") -> Request:
    headers = {_header(name): value for name, value in environ.items() if name[:5] == "HTTP_"}
    for name, header in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        if environ.get(name):
            headers[header] = environ[name]
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or _rebuilt(environ)
    target, scheme, headers = origin_form(raw, environ["wsgi.url_scheme"], headers)
    return Request(
        environ["REQUEST_METHOD"],
        target,
        headers,
        _body(environ, headers),
        scheme,
        reused=environ.get("hostway_fake.reused", False),
        wait=environ.get("hostway_fake.wait"),
        has_wire="hostway_fake.break" in environ,
    )


@lru_cache(maxsize=1024)
def _header(name: str) -> str:
    return name[5:].replace("_", "-").lower()


def _rebuilt(environ: "WSGIEnvironment") -> str:
    """Return the target on a server that does not keep the raw one. A ``%2F`` in it is lost."""
    path = quote((environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1"))
    return path + ("?" + query if (query := environ.get("QUERY_STRING")) else "")


def _body(environ: "WSGIEnvironment", headers: dict[str, str]) -> bytes:
    """Return the body, at most one byte over the limit. Empty if it is declared longer or has an invalid length."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return bytes(stream.read(BODY_LIMIT + 1))
    length = content_length(headers.get("content-length", ""))
    return b"" if length is None or length > BODY_LIMIT else bytes(stream.read(length))


class _Response(FlaskResponse):
    """A finished response: werkzeug must not add or correct a header."""

    default_mimetype = None

    def get_wsgi_response(self, environ: "WSGIEnvironment") -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        return self.iter_encoded(), self.status, self.headers.to_wsgi_list()


def _response(response: Response) -> FlaskResponse:
    return _Response([response.body], f"{response.status} {response.reason}", list(response.headers))


def _broken(environ: "WSGIEnvironment", breakage: WireFault) -> FlaskResponse:
    """Let the server that runs the application break the wire. The returned response is not sent."""
    environ["hostway_fake.break"](breakage)
    return FlaskResponse()
