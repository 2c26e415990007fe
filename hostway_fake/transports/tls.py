"""TLS for the thread server: a temporary certificate authority by trustme, the handshake, and the shutdown."""

import os
import ssl
from contextlib import suppress
from pathlib import Path
from socket import SHUT_WR, socket
from tempfile import mkstemp
from typing import Final

from hostway_fake import checks
from hostway_fake.exceptions import InvalidValueError, WrongTypeError, invalid

_DRAINED: Final = 1 << 20
_DRAIN_SECONDS: Final = 0.5


class TemporaryAuthority:
    """A certificate authority for one server. ``path`` is the PEM file that clients trust, until `discard`."""

    def __init__(self, host: str) -> None:
        try:
            import trustme
        except ImportError:
            raise ImportError("tls=True needs the extra tls: pip install 'hostway-fake[tls]'") from None
        authority = trustme.CA()
        names = dict.fromkeys(("localhost", "127.0.0.1", "::1", host))
        self.context: ssl.SSLContext = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(self.context)
        handle, path = mkstemp(prefix="hostway-fake-ca-", suffix=".pem")
        os.close(handle)
        authority.cert_pem.write_to_path(path)
        self.path = path

    def discard(self) -> None:
        """Delete the file."""
        Path(self.path).unlink(missing_ok=True)


def checked_tls(host: str, tls: object, context: object) -> TemporaryAuthority | ssl.SSLContext | None:
    """Return the certificate authority or SSL context for the options of ``serve``, or None."""
    if checks.flag("tls", tls) and context is not None:
        raise InvalidValueError("tls: got True, expected either tls=True or ssl_context", "tls")
    if context is not None and not isinstance(context, ssl.SSLContext):
        raise WrongTypeError(f"ssl_context: got {context!r}, expected an ssl.SSLContext")
    if context is not None and context.protocol is ssl.PROTOCOL_TLS_CLIENT:
        raise invalid("ssl_context", context, "a server-side context, such as ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)")
    return TemporaryAuthority(host) if tls else context


def complete_handshake(connection: ssl.SSLSocket, seconds: float) -> bool:
    """Complete the TLS handshake within ``seconds``. Return False if it fails, and discard what the client sends."""
    connection.settimeout(seconds)
    try:
        connection.do_handshake()
    except (OSError, ValueError):
        _drain(connection)
        return False
    connection.settimeout(None)
    return True


def send_close_notify(connection: socket) -> None:
    """Send the TLS close_notify alert, without waiting for that of the client."""
    if isinstance(connection, ssl.SSLSocket):
        connection.setblocking(False)
        with suppress(OSError, ValueError):
            connection.unwrap()


def _drain(connection: socket) -> None:
    """Read and discard what the client sends: closing a socket with unread data resets the connection."""
    with suppress(OSError):
        connection.shutdown(SHUT_WR)
        connection.settimeout(_DRAIN_SECONDS)
        left = _DRAINED
        while left > 0 and (received := socket.recv(connection, 1 << 16)):
            left -= len(received)
