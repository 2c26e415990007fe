"""The standard library's response, over bytes in memory."""

import http.client
import io
from functools import cached_property

from hostway_fake.service.messages import Response


class SilentBody(io.BytesIO):
    """The body of a connection on which nothing more arrives."""

    def read(self, amt: int | None = None) -> bytes:
        raise TimeoutError("timed out")


class WireResponse(http.client.HTTPResponse):
    """The standard library's response, over bytes in memory and with the head read already.

    urllib3 and requests ask it for the body, for the headers that set cookies, and whether it is closed.
    """

    def __init__(self, response: Response, method: str, body: io.BytesIO) -> None:
        # not the constructor of http.client, which takes a socket and waits for begin() to read the head
        self.fp = body  # type: ignore[assignment]  # the stubs expect the buffered reader of a socket
        self.debuglevel: int = 0
        self.version: int = 11
        self.status: int = response.status
        self.code: int = response.status
        self.reason: str = response.reason
        self.chunked: bool = False
        self.chunk_left: int | None = None
        self.length: int | None = 0 if method == "HEAD" or response.status == 204 else len(response.body)
        self.will_close: bool = False
        self._method = method
        self._headers = response.headers

    @cached_property
    def headers(self) -> http.client.HTTPMessage:  # type: ignore[override]  # an attribute in the stubs
        message = http.client.HTTPMessage()
        for name, value in self._headers:
            message.set_raw(name, value)
        return message

    @property
    def msg(self) -> http.client.HTTPMessage:  # type: ignore[override]  # as for headers
        return self.headers
