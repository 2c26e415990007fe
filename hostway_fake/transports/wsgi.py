"""The Flask application: the shell for all that speaks WSGI. What it answers is decided below, by the exchange."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from flask import Blueprint, Flask
from flask import Response as FlaskResponse
from flask import request as current
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, Rule

from hostway_fake.contract.limits import BODY_LIMIT
from hostway_fake.contract.operations import BASES, OPERATIONS
from hostway_fake.service.exchange import exchange
from hostway_fake.service.messages import Request, Response, WireFault, origin_form
from hostway_fake.service.parsing import content_length
from hostway_fake.world import Worlds

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def create_app(worlds: Worlds) -> Flask:
    """The application that answers for ``worlds``.

    Its rules are those of the operations table. What no rule matches goes to the exchange all the same, so that the
    provider's errors are answered and never Flask's.
    """
    app = _App("hostway_fake", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.config["PROPAGATE_EXCEPTIONS"] = True

    def view(*_: object, **__: object) -> FlaskResponse:
        result = exchange(worlds, _request(current.environ))
        return _broken(current.environ, result) if isinstance(result, WireFault) else _response(result)

    app.register_blueprint(_api(view))
    app.register_error_handler(HTTPException, view)
    return app


class _NoSessions(SessionInterface):
    """There are none, and nobody looks for a cookie."""

    def open_session(self, app: Flask, request: Any) -> SessionMixin | None:
        return _NO_SESSION

    def is_null_session(self, obj: object) -> bool:
        return True

    def save_session(self, app: Flask, session: SessionMixin, response: Any) -> None:
        """There is nothing to save."""


_NO_SESSION: Final = NullSession()


class _Rule(Rule):
    """A rule that is only matched: no URL is built from it, and the code to do so takes nine tenths of its making."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        return lambda *_: ("", "")


class _App(Flask):
    """Flask, spared what no rule here asks for: the host plays no part in routing, and there are no sessions."""

    url_rule_class = _Rule
    session_interface: SessionInterface = _NoSessions()

    def create_url_adapter(self, request: Any) -> MapAdapter | None:
        if request is None:
            return super().create_url_adapter(request)
        return self.url_map.bind("", path_info=request.path, default_method=request.method)


def _api(view: Callable[..., FlaskResponse]) -> Blueprint:
    api = Blueprint("api", __name__)
    for operation, path in [(row, path) for row in OPERATIONS for path in row.paths]:
        for family, base in zip(("", "account_"), BASES, strict=True):
            rule = (base + path).replace("{", "<").replace("}", ">")
            api.add_url_rule(
                rule,
                family + operation.name,
                view,
                methods=[operation.method],
                provide_automatic_options=False,
            )
    return api


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
    """The target under a server that keeps no raw one; a ``%2F`` in it is lost."""
    path = quote((environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1"))
    return path + ("?" + query if (query := environ.get("QUERY_STRING")) else "")


def _body(environ: "WSGIEnvironment", headers: dict[str, str]) -> bytes:
    """The body, at most one byte over the limit; nothing of one that is declared longer or without a sane length."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return bytes(stream.read(BODY_LIMIT + 1))
    length = content_length(headers.get("content-length", ""))
    return b"" if length is None or length > BODY_LIMIT else bytes(stream.read(length))


class _Response(FlaskResponse):
    """An answer is finished: no header of it is to be completed or corrected."""

    default_mimetype = None

    def get_wsgi_response(self, environ: "WSGIEnvironment") -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        return self.iter_encoded(), self.status, self.headers.to_wsgi_list()


def _response(response: Response) -> FlaskResponse:
    return _Response([response.body], f"{response.status} {response.reason}", list(response.headers))


def _broken(environ: "WSGIEnvironment", breakage: WireFault) -> FlaskResponse:
    """Hand a breakage to the server that runs the application; what is returned here is not sent."""
    environ["hostway_fake.break"](breakage)
    return FlaskResponse()
