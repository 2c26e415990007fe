"""The errors of the operating system and of OpenSSL for a host that cannot be reached."""

import errno
import os
import socket
from typing import assert_never

from hostway_fake.faults.outcomes import ConnectTimeout, DnsFailure, TlsFailure, Unavailable, UnreachableOutcome

_UNTRUSTED = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate"


def error_for(outcome: UnreachableOutcome) -> OSError:
    """Return the error that a client's socket raises."""
    match outcome:
        case Unavailable():
            return ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        case ConnectTimeout():
            return TimeoutError("timed out")
        case DnsFailure():
            return socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        case TlsFailure():
            import ssl

            return ssl.SSLCertVerificationError(1, _UNTRUSTED)
        case _ as unknown:
            assert_never(unknown)
