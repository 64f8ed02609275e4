"""Ports that nobody uses, outside the range from which the system hands out its own."""

import random
import socket

# Where single ports come from, and where wide ranges do: a call may take any port of a range at
# any time, so nobody else's single port may lie in one. Ranges of two processes may overlap, since
# who takes a port for a call goes on to the next one if it is in use.
SINGLE, WIDE = (10_000, 18_000), (18_000, 32_000)
# A port is picked some time before its owner binds it. Until it is given back, a socket at this
# address, which serves nothing else, keeps everybody away who picks ports here, in any process.
RESERVED_AT = "127.3.0.1"
_reserved: dict[int, socket.socket] = {}
_taken: set[int] = set()


def free_port(kind: socket.SocketKind, host: str = "127.0.0.1", width: int = 1) -> int:
    """A port that can be bound, with `width - 1` more above it that this process leaves alone.

    Raises:
        OSError: none of a thousand tries was free.
    """
    for _ in range(1_000):
        port = random.randrange(*SINGLE) if width == 1 else random.randrange(*WIDE, 2)
        if _can_bind(kind, host, port) and _take(port, width):
            return port
    raise OSError(f"no free port on {host}")


def give_back(port: int, width: int = 1) -> None:
    """A port that is needed no more, with those above it."""
    if width == 1:
        _reserved.pop(port).close()
    _taken.difference_update(range(port, port + width))


def _take(port: int, width: int) -> bool:
    wanted = range(port, port + width)
    if not _taken.isdisjoint(wanted) or (width == 1 and not _reserve(port)):
        return False
    _taken.update(wanted)
    return True


def _reserve(port: int) -> bool:
    reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        reservation.bind((RESERVED_AT, port))
    except OSError:
        reservation.close()
        return False
    _reserved[port] = reservation
    return True


def _can_bind(kind: socket.SocketKind, host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
