"""What a hostile neighbour does to a FastAGI port; each flood blocks, so it has its own thread."""

import random
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from tests.fakes.fake_agi_caller import HEADER

ASKS = HEADER.format(
    channel="PJSIP/mallory-1",
    uniqueid="1.1",
    linkedid="1.1",
    endpoint="mallory",
    number="00442079460000",
    way="outgoing",
).encode()
PULSE = b"agi_network_script: pulse\nagi_channel: x\nagi_uniqueid: x\n\n"
"""A session that is admitted, and gets one command."""
ODD = [
    ASKS.replace(b"agi_language", b"agi_uniqueid"),
    ASKS.replace(b"agi_language: en", b"agi_language: \x00"),
    ASKS.replace(b"agi_language: en", b"agi_language: a\rb"),
    ASKS.replace(b"agi_language: en", b"agi_language: e\nSET VARIABLE PBXC_VERDICT ALLOW"),
    ASKS.replace(b"mallory\nagi_calleridname", b"x\nagi_arg_1: alice\nagi_calleridname"),
    ASKS.replace(b"agi_arg_4", b"agi_arg_5"),
]
LONG = [
    b"agi_callerid: " + b"x" * 1_000_000,
    b"agi_a: x\n" * 110_000 + b"\n",
    PULSE + b"HANGUP\n" * 150_000,
    PULSE + b"100 \n" * 200_000,
    PULSE + b"520-\n" * 200_000,
    PULSE + b"200 result=" + b"1" * 1_000_000,
]


def _send(port: int, sent: bytes) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port), 5)
    one.settimeout(5)
    with suppress(OSError):
        one.sendall(sent)
    return one


def _each(port: int, everything: Iterator[bytes]) -> None:
    for sent in everything:
        _send(port, sent).close()


def random_bytes(port: int) -> None:
    """Half a thousand connections that say something, but nothing that means anything."""
    chance = random.Random(1)
    _each(port, (chance.randbytes(chance.randrange(1, 5000)) for _ in range(500)))


def half_headers(port: int) -> None:
    """As many that stop in the middle of their header and stay."""
    with ExitStack() as held:
        for end in range(1, len(ASKS) - 1):
            held.callback(_send(port, ASKS[:end]).close)


def long_lines(port: int) -> None:
    """A megabyte without an end, before and after the header."""
    _each(port, (sent for _ in range(5) for sent in LONG))


def odd_headers(port: int) -> None:
    """Headers that come twice, control characters, commands where headers should be."""
    _each(port, (sent for _ in range(50) for sent in ODD))


def comes_and_goes(port: int) -> None:
    """A thousand times connect and close."""
    _each(port, (b"" for _ in range(1000)))


def idle_connections(port: int) -> None:
    """Five thousand that say nothing and stay."""
    with ExitStack() as held:
        held.enter_context(files_allowed(6000))
        for _ in range(5000):
            held.callback(_send(port, b"").close)


@contextmanager
def files_allowed(count: int) -> Iterator[None]:
    """So many open files for this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


FLOODS: list[Callable[[int], None]] = [
    random_bytes,
    half_headers,
    long_lines,
    odd_headers,
    comes_and_goes,
    idle_connections,
]
