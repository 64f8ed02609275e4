"""Ports that nobody uses, outside the range from which the system hands out its own."""

import random
import socket

FIRST, LAST = 10_000, 32_000
_taken: set[int] = set()


def free_port(kind: socket.SocketKind, host: str = "127.0.0.1", width: int = 1) -> int:
    """A port that can be bound, with `width - 1` more above it that this process leaves alone.

    Raises:
        OSError: none of a thousand tries was free.
    """
    for _ in range(1_000):
        port = random.randrange(FIRST, LAST, 2)
        wanted = range(port, port + width)
        if _taken.isdisjoint(wanted) and _can_bind(kind, host, port):
            _taken.update(wanted)
            return port
    raise OSError(f"no free port on {host}")


def _can_bind(kind: socket.SocketKind, host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
