"""The command line ``hostway-fake``: parse arguments and print. It makes no decisions of its own."""

import argparse
import signal
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Final

from hostway_fake.checks import MAX_SECONDS
from hostway_fake.clock import FakeClock, SystemClock
from hostway_fake.contract.readings import READINGS
from hostway_fake.exceptions import HostwayFakeError, InvalidValueError, invalid
from hostway_fake.fake import FakeHostway
from hostway_fake.fake.options import DEFAULT_ACTION_SECONDS, DEFAULT_AUTH, DEFAULT_BUILD_SECONDS
from hostway_fake.faults import FaultScript
from hostway_fake.faults.outcomes import UnreachableOutcome

_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
_LOOK_SECONDS: Final = 0.2
"""The seconds between two checks for a signal. On Windows a signal does not interrupt a wait."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Return 0, or 1 after an error. argparse exits with 2 if it cannot parse."""
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.command(arguments))
    except HostwayFakeError as error:
        print(f"hostway-fake: {error}", file=sys.stderr)
    except Exception as error:  # raised in the server: one as it is, several as a group
        for each in error.exceptions if isinstance(error, ExceptionGroup) else (error,):
            print(f"hostway-fake: {type(each).__name__}: {each}", file=sys.stderr)
    return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="hostway-fake", description="A stateful fake of Hostway's snapshot API.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo", help="run a short tour on a real socket; exit status 0 if all responses are as documented"
    )
    demo.set_defaults(command=_demo)

    serve = commands.add_parser("serve", help="run a server on the system's clock until it is interrupted")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=int, default=8080, help="the port; 0 for any free port (default: %(default)s)")
    serve.add_argument(
        "--server",
        nargs="+",
        action="extend",
        default=[],
        metavar="ID",
        help="the ids of the servers at the start (default: one generated id)",
    )
    serve.add_argument(
        "--user",
        default=":".join(DEFAULT_AUTH),
        metavar="NAME:PASSWORD",
        help="the credentials of the account (default: %(default)s)",
    )
    serve.add_argument(
        "--build-seconds",
        type=float,
        default=DEFAULT_BUILD_SECONDS,
        metavar="N",
        help="how long snapshots and servers stay in BUILD (default: %(default)s)",
    )
    serve.add_argument(
        "--action-seconds",
        type=float,
        default=DEFAULT_ACTION_SECONDS,
        metavar="N",
        help="how long a server stays in PROCESSING (default: %(default)s)",
    )
    serve.add_argument(
        "--rate",
        type=float,
        default=1,
        metavar="N",
        help="the speed of the clock, in seconds for each real second (default: %(default)s, the system's clock)",
    )
    serve.add_argument(
        "--reading",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="select another reading of the documentation: "
        + ", ".join(name for name, reading in READINGS.items() if reading.values[1:]),
    )
    serve.add_argument(
        "--idle-timeout",
        type=float,
        metavar="SECONDS",
        help="close connections that are idle for longer (default: never)",
    )
    serve.add_argument(
        "--tls",
        action="store_true",
        help="use TLS with a certificate from a new CA, and print the path of the CA's PEM file",
    )
    serve.add_argument("--certfile", metavar="FILE", help="use TLS with this certificate chain, PEM")
    serve.add_argument("--keyfile", metavar="FILE", help="the key of --certfile, if it is not in the same file")
    serve.add_argument("--faults", metavar="FILE", help="a file with fault rules, TOML or JSON")
    serve.set_defaults(command=_serve)
    return parser


def _demo(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from hostway_fake.cli.demo import run

    return 0 if run(Console(highlight=False)) else 1


def _serve(arguments: argparse.Namespace) -> int:
    user, colon, password = arguments.user.partition(":")
    if not colon:
        raise InvalidValueError("user: expected a name and a password, NAME:PASSWORD")  # the text may be a password
    readings = _readings(arguments.reading)
    ssl_context = _ssl_context(arguments)
    clock = SystemClock() if arguments.rate == 1 else FakeClock(SystemClock().now(), arguments.rate)
    with (
        _stopped_by(_STOPPING) as stopping,
        FakeHostway(
            clock=clock,
            auth=(user, password),
            build_seconds=arguments.build_seconds,
            action_seconds=arguments.action_seconds,
            readings=readings,
            faults=None if arguments.faults is None else _faults(arguments.faults),
            poll_limit=MAX_SECONDS,
        ) as fake,
    ):
        servers = [fake.add_server(server_id) for server_id in arguments.server or [None]]
        serving = fake.serve(
            arguments.host,
            arguments.port,
            idle_timeout=arguments.idle_timeout,
            tls=arguments.tls,
            ssl_context=ssl_context,
        )
        with serving as server:
            # a password may be a secret
            known = f" password {password}" if (user, password) == DEFAULT_AUTH else ""
            authority = [f"ca {server.ca_path}"] if server.ca_path else []
            lines = [server.url, f"user {user}{known}", *(f"server {server.id}" for server in servers), *authority]
            print("\n".join(lines), flush=True)
            _wait_for(stopping)
    return 0


def _ssl_context(arguments: argparse.Namespace) -> ssl.SSLContext | None:
    """Return an SSL context for ``--certfile``, or None if it is not given."""
    certificate, key = arguments.certfile, arguments.keyfile
    if certificate is None:
        if key is not None:
            raise invalid("keyfile", key, "--certfile as well")
        return None
    if arguments.tls:
        raise invalid("certfile", certificate, "either --certfile or --tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except OSError as error:  # an ssl.SSLError is an OSError
        files = certificate if key is None else f"{certificate} and {key}"
        raise invalid(
            "certfile", files, f"a certificate and an unencrypted private key in PEM format: {error}"
        ) from None
    return context


def _no_password() -> bytes:
    """Return an empty password, so that OpenSSL does not prompt for one on the terminal."""
    return b""


def _readings(given: Sequence[str]) -> dict[str, str]:
    readings: dict[str, str] = {}
    for reading in given:
        name, equals, value = reading.partition("=")
        if not equals or name in readings:
            raise invalid("reading", reading, "NAME=VALUE, each name once")
        readings[name] = value
    return readings


def _faults(path: str) -> FaultScript:
    """Return the fault script of a file. Refuse outcomes that a socket cannot show."""
    script = FaultScript.load(path)
    for rule in script.rules:
        for step in rule.what.steps:
            if isinstance(step.outcome, UnreachableOutcome):
                name = step.outcome.name
                raise invalid("faults", path, f"no {name}, which is for calls in process only: {rule.which}")
    return script


def _wait_for(stopping: SimpleQueue[int]) -> None:
    """Wait until a queue has an item."""
    while True:
        with suppress(Empty):
            stopping.get(timeout=_LOOK_SECONDS)
            return


@contextmanager
def _stopped_by(signals: Sequence[signal.Signals]) -> Iterator[SimpleQueue[int]]:
    """Yield a queue that receives these signals.

    A signal handler may put into a `SimpleQueue` at any moment. Setting an `Event` there can deadlock. The block ends
    without an error after a signal: the process exits then, and ignores any further signal.
    """
    stopping = SimpleQueue[int]()
    before = {number: signal.signal(number, lambda number, _: stopping.put(number)) for number in signals}
    try:
        yield stopping
    except BaseException:
        for number, handler in before.items():
            signal.signal(number, handler)
        raise
    for number in signals:
        signal.signal(number, signal.SIG_IGN)
