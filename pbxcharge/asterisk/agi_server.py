"""The FastAGI server: limits on size, time and number around every session.

A dead or malformed session costs its own caller a refusal and nobody else anything: the dialplan
lets a call through only on an explicit verdict.
"""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from pbxcharge.asterisk.agi_connection import AgiConnection, AgiLimits
from pbxcharge.asterisk.agi_session import AgiEndpoint, AgiHandler, AgiSession, RouteTable
from pbxcharge.errors import AgiError, AgiHangup, PortTaken
from pbxcharge.logger import Logger

BACKLOG = 512
LOOPBACK = ("127.0.0.0/8", "::1/128")


class AgiServer:
    """FastAGI over TCP; to be built inside the running loop.

    Args:
        handler: answers the script `authorize`; AgiHandler says what it is promised.
        host: address to listen at; the protocol has no authentication, so loopback.
        port: 0 takes a free one.
        limits: bounds of every session.
        peers: networks that may connect.
        logger: takes what an operator should see.

    `counts` has how many sessions were `answered`, ended by a `hangup` of the caller, were
    `malformed`, took too `long`, whose handler `failed`, and those turned away:
    `peer_not_allowed`, `sessions_max`, and those `crowded_out` that had not asked for anything.
    """

    def __init__(
        self,
        handler: AgiHandler,
        *,
        host: str = "127.0.0.1",
        port: int = 4573,
        limits: AgiLimits | None = None,
        peers: Sequence[str] = LOOPBACK,
        logger: Logger,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.limits = limits or AgiLimits()
        self.routes = RouteTable(loop=self.loop)
        self.routes.serve("authorize", handler)
        self.counts: Counter[str] = Counter()
        self._host, self._port = host, port
        self._is_allowed = lru_cache(maxsize=1024)(_Peers(peers).admits)
        self._logger = logger
        self._open: set[AgiConnection] = set()
        self._waiting: dict[AgiConnection, None] = {}
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens at."""
        return self._port

    @property
    def sessions(self) -> int:
        """Sessions that are open, or whose handler is not done yet."""
        return len(self._open)

    async def start(self) -> None:
        """Listen.

        Raises:
            PortTaken: the address cannot be had.
        """
        try:
            self._listener = await self.loop.create_server(
                lambda: AgiConnection(self), self._host, self._port, backlog=BACKLOG
            )
        except OSError as error:
            raise PortTaken(self._host, self._port, error.strerror or str(error)) from error
        self._port = self._listener.sockets[0].getsockname()[1]

    def stop_accepting(self) -> None:
        """Close the port; sessions that are open go on."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def close(self, grace_s: float = 1.0) -> None:
        """Close the port, let sessions finish for a while, then end them."""
        self.stop_accepting()
        if tasks := [c.task for c in self._open if c.task is not None]:
            await asyncio.wait(tasks, timeout=grace_s)
        for connection in list(self._open):
            connection.abort()
        if late := [task for task in tasks if not task.done() and task.cancel()]:
            await asyncio.wait(late, timeout=grace_s)
        await asyncio.sleep(0)  # the transports say that they are closed on the next turn

    async def answer(
        self, connection: AgiConnection, endpoint: AgiEndpoint, session: AgiSession
    ) -> None:
        """Run one handler; whatever it raises ends its own session alone."""
        try:
            await endpoint(session)
        except AgiHangup:
            self.counts["hangup"] += 1
        except AgiError as error:
            if error is not connection.error:  # that one is counted already
                self.broken(error)
        except TimeoutError as error:
            self._count("long", error=str(error))
        except asyncio.CancelledError:
            self._count("long", error="cancelled")
            raise
        except Exception:
            # A bug in one handler must not cost another caller anything.
            self.counts["failed"] += 1
            self._logger.error("agi_handler_failed", exc_info=True)
        else:
            self.counts["answered"] += 1

    def admit(self, connection: AgiConnection, peer: tuple[str, int]) -> bool:
        """Whether the peer may connect and there is room for it."""
        if not self._is_allowed(peer[0]):
            self._count("peer_not_allowed", peer=peer[0])
        elif self._asking >= self.limits.sessions_max:
            self._count("sessions_max")
        else:
            if len(self._waiting) >= self.limits.waiting_max:
                self._close_oldest()
            self._open.add(connection)
            self._waiting[connection] = None
            return True
        return False

    @property
    def _asking(self) -> int:
        return len(self._open) - len(self._waiting)

    def _close_oldest(self) -> None:
        """Asterisk asks as soon as it has connected; who is silent for long is somebody else."""
        oldest = next(iter(self._waiting))
        del self._waiting[oldest]
        self._count("crowded_out")
        oldest.abort()

    def begin(self, connection: AgiConnection) -> bool:
        """Whether there is room for a session whose header is here."""
        self._waiting.pop(connection, None)
        if self._asking <= self.limits.sessions_max:
            return True
        self._count("sessions_max")
        return False

    def left(self, connection: AgiConnection) -> None:
        """Make room: this session is closed and its handler done."""
        self._waiting.pop(connection, None)
        self._open.discard(connection)

    def broken(self, error: AgiError) -> None:
        """Count a session that broke the protocol."""
        self._count("malformed", error=str(error))

    def _count(self, reason: str, **facts: object) -> None:
        """Count, and log ten and then every thousandth: a flood must not fill the disk."""
        self.counts[reason] += 1
        count = self.counts[reason]
        if count <= 10 or count % 1000 == 0:
            self._logger.warning("agi_session_ended", reason=reason, count=count, **facts)


class _Peers:
    """Networks that may connect."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(network) for network in networks]

    def admits(self, address: str) -> bool:
        ip = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            return any(ip.ipv4_mapped in network for network in self._networks)
        return any(ip in network for network in self._networks)
