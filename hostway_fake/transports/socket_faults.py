"""Break a socket, so that a client observes each outcome as on a real server."""

import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import assert_never

from hostway_fake.faults.outcomes import (
    ConnectionReset,
    ConnectTimeout,
    Delay,
    DnsFailure,
    EmptyResponse,
    Hang,
    MalformedBody,
    SlowBody,
    StaleConnection,
    TlsFailure,
    TruncatedBody,
    Unavailable,
)
from hostway_fake.service.messages import Response, Wait, WireFault

_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""With no time to linger, to close a socket is to reset it."""


class ServerStopped(OSError):
    """The server stops, and all waits in its threads end."""


def break_wire(connection: socket.socket, breakage: WireFault, head: Callable[[Response], bytes], wait: Wait) -> None:
    """Apply an outcome to a connection. The connection cannot be used afterwards.

    ``head`` returns the status line and headers of a response.
    """
    response = breakage.response
    match breakage.outcome:
        case ConnectionReset():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            connection.close()
        case MalformedBody(garbage=garbage):
            connection.sendall(garbage)
        case TruncatedBody() as outcome if response is not None:
            connection.sendall(head(response) + outcome.part(response.body))
        case SlowBody(bytes_per_second) if response is not None:
            connection.sendall(head(response))
            for byte in response.body:
                wait(1 / bytes_per_second)
                connection.sendall(bytes((byte,)))
        case Hang():
            with suppress(OSError):
                while connection.recv(1 << 16):
                    pass
        case (
            EmptyResponse()
            | StaleConnection()
            | TruncatedBody()
            | SlowBody()
            | Delay()
            | Unavailable()
            | ConnectTimeout()
            | DnsFailure()
            | TlsFailure()
        ):
            pass  # the client observes only the end of the connection
        case _ as unknown:
            assert_never(unknown)
