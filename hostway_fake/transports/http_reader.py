"""Read from a connection of the thread server: the bytes, the lines of a head, and the body."""

import io
import socket
from collections.abc import Callable
from http.client import HTTPMessage
from typing import Any, Final

from hostway_fake.clock import monotonic
from hostway_fake.contract.limits import BODY_LIMIT
from hostway_fake.journal.secrets import masked_url
from hostway_fake.service.parsing import content_length

LINE_LIMIT: Final = 65536
"""Bytes of the longest line that is read."""
BLANK: Final = " \t"


class ParseError(Exception):
    """The request cannot be read to its end. The message tells the client why."""


class SocketReader(io.RawIOBase):
    """The receiving side of a connection, with an idle timeout and a deadline for each request.

    The deadline is set only for a request that does not arrive in one piece. Most do: then the clock is not read and
    the timeout of the socket is not changed.
    """

    def __init__(self, connection: socket.socket, read_timeout: float, idle: float | None) -> None:
        self._connection = connection
        self._read_timeout = self._silence = read_timeout
        self._idle = idle
        self._deadline: float | None = None
        self.is_idle: bool = True
        self.is_over: bool = False

    def drain(self, silence: float) -> None:
        """Start to discard what the client sends, with a new deadline and at most ``silence`` seconds between reads."""
        self._deadline, self._silence = None, min(silence, self._read_timeout)

    def rest(self) -> None:
        """Wait for the next request."""
        self._deadline, self.is_idle = None, True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        timeout = self._idle if self.is_idle else self._left()
        if timeout is None:
            received = self._connection.recv_into(buffer)
        else:
            self._connection.settimeout(timeout)
            try:
                received = self._connection.recv_into(buffer)
            finally:
                self._connection.settimeout(None)
        self.is_over = not received
        return received

    def _left(self) -> float:
        """Return for how many seconds the next read may wait."""
        now = monotonic()
        if self._deadline is None:
            self._deadline = now + self._read_timeout
        if now >= self._deadline:
            raise TimeoutError("the request takes too long to arrive")
        return min(self._deadline - now, self._silence)


class HeadLines:
    """The lines of a head. A lone carriage return is noted: it ends a line for the library, but not in HTTP."""

    def __init__(self, rfile: io.BufferedReader, first: bytes) -> None:
        self.rfile = rfile
        self.has_bare_cr: bool = False
        self._look_at(first)

    def readline(self, limit: int) -> bytes:
        line = self.rfile.readline(limit)
        self._look_at(line)
        return line

    def _look_at(self, line: bytes) -> None:
        self.has_bare_cr |= b"\r" in line.removesuffix(b"\n").removesuffix(b"\r")


class HeaderFields(HTTPMessage):
    """Headers whose content type is ignored, so that the library does not report a multipart type as a defect."""

    def get_content_type(self) -> str:
        return "text/plain"

    def get_content_maintype(self) -> str:
        return "text"


def header_block(received: bytes) -> bytes:
    """Return the header lines and the empty line after them, if they are complete and end as HTTP requires."""
    fields, end, _ = received.partition(b"\r\n\r\n")
    return (
        fields + end if end and not fields.startswith(b"\r\n") and fields.count(b"\n") == fields.count(b"\r\n") else b""
    )


def list_members(header: str) -> list[str]:
    """Return the members of a header that is a list, in lower case."""
    return [word.strip().lower() for word in header.split(",")]


class BodyReader:
    """Reads the body of a request.

    Args:
        rfile: The connection, after the head of the request.
        headers: The headers of the request.
        send_continue: Sends ``100 Continue``, if the client expects it.

    Attributes:
        is_unread: Whether a part of the body was not read, because the body is over the limit.
    """

    def __init__(self, rfile: io.BufferedReader, headers: HTTPMessage, send_continue: Callable[[], object]) -> None:
        self._rfile = rfile
        self._headers = headers
        self._send_continue = send_continue
        self.is_unread: bool = False

    def read(self) -> bytes:
        """Read the whole body, whatever the response will be. A body over the limit is not read and counts as empty."""
        coding = ", ".join(self._headers.get_all("Transfer-Encoding", [])).strip(BLANK).lower()
        lengths = self._headers.get_all("Content-Length", [])
        if coding and (coding != "chunked" or lengths):
            raise ParseError("Transfer-Encoding must be chunked, and excludes Content-Length.")
        if coding:
            self._send_continue()
            return self._chunked()
        length = lengths[0].strip(BLANK) if len(lengths) == 1 else ""
        if not lengths or length == "0":
            return b""
        declared = content_length(length)
        if declared is None:
            raise ParseError(f"Content-Length must be a number, not {masked_url(', '.join(lengths))!a}.")
        if declared > BODY_LIMIT:
            self.is_unread = True
            return b""
        self._send_continue()
        return self._exactly(declared)

    def _exactly(self, count: int) -> bytes:
        """Read ``count`` bytes. Raise `ParseError` if the client closes the connection or stops sending before that."""
        body = bytearray()
        try:
            while len(body) < count:
                piece = self._rfile.read1(count - len(body))
                if not piece:
                    break
                body += piece
        except TimeoutError:
            pass
        if len(body) < count:
            raise ParseError(f"The body ended after {len(body)} of {count} bytes.")
        return bytes(body)

    def _chunked(self) -> bytes:
        body = bytearray()
        while size := self._chunk_size():
            if len(body) + size > BODY_LIMIT:
                self.is_unread = True
                return bytes(BODY_LIMIT + 1)
            body += self._exactly(size)
            if self._line() != b"":
                raise ParseError("A chunk of the body is longer than its size says.")
        while self._line():
            pass  # trailers
        return bytes(body)

    def _chunk_size(self) -> int:
        size = self._line().partition(b";")[0].strip()
        if not size or len(size) > 16 or size.strip(b"0123456789abcdefABCDEF"):
            raise ParseError("A chunk of the body has no size.")  # the next bytes may belong to the body
        return int(size, 16)

    def _line(self) -> bytes:
        try:
            line = self._rfile.readline(LINE_LIMIT + 1)
        except TimeoutError:
            line = b""
        if not line.endswith(b"\n"):
            raise ParseError("The chunked body ended too early.")
        return line.rstrip(b"\r\n")
