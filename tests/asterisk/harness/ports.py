"""Ports that nobody uses, outside the range from which the system hands out its own."""

import os
import random
import socket

# Where single ports come from, and where wide ranges do: a call may take any port of a range at
# any time, so nobody else's single port may lie in one.
SINGLE, WIDE = (10_000, 18_000), (18_000, 32_000)
# Each worker of a parallel run picks from ports of its own: one that is picked is not bound yet.
WORKERS = 20
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
_taken: set[int] = set()


def free_port(kind: socket.SocketKind, host: str = "127.0.0.1", width: int = 1) -> int:
    """A port that can be bound, with `width - 1` more above it that this process leaves alone.

    Raises:
        OSError: none of a thousand tries was free.
    """
    for _ in range(1_000):
        if width == 1:
            port = random.randrange(SINGLE[0] + _worker, SINGLE[1], WORKERS)
        else:
            port = random.randrange(*WIDE, 2)
        wanted = range(port, port + width)
        if _taken.isdisjoint(wanted) and _can_bind(kind, host, port):
            _taken.update(wanted)
            return port
    raise OSError(f"no free port on {host}")


def give_back(port: int, width: int = 1) -> None:
    """A port that is needed no more."""
    _taken.difference_update(range(port, port + width))


def _can_bind(kind: socket.SocketKind, host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
