"""The API's server: uvicorn as one part of the daemon, on a Unix socket of the operator's group."""

import asyncio
import contextlib
import socket
import stat
import struct
from collections.abc import Generator
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from pbxcharge.api.app import build_app
from pbxcharge.api.desk import Desk
from pbxcharge.errors import SocketTaken
from pbxcharge.flow.archive import Archive
from pbxcharge.flow.billing import Billing
from pbxcharge.flow.journal import Journal
from pbxcharge.flow.meter import Meter
from pbxcharge.flow.office import Office
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.reload import Reload
from pbxcharge.store import Queries

SOCKET_MODE = 0o660
FOLDER_MODE = 0o755
STOP_WITHIN_S = 1
REQUESTS_MAX = 100
_CREDENTIALS = struct.Struct("3i")


class ApiServer:
    """Serves the local API from `start` until `stop`.

    Args:
        path: of the socket; its folder is made if it is missing.
        office: the admin acts.
        queries: reads the books.
        meter: the live calls.
        journal: the live cost log.
        prices: the plans in force and the number rules.
        archive: what of the live cost log is being stored.
        reload: puts changed plans into force.
        billing: charges what subscriptions owe.
    """

    def __init__(
        self,
        path: Path,
        office: Office,
        queries: Queries,
        meter: Meter,
        journal: Journal,
        prices: Prices,
        archive: Archive | None = None,
        reload: Reload | None = None,
        billing: Billing | None = None,
    ) -> None:
        self._path = path
        self.desk = Desk(
            queries,
            prices,
            office.currency,
            office,
            meter,
            journal,
            archive,
            reload=reload,
            billing=billing,
        )
        self.server = _Server(_config(self.desk))
        self._serving: asyncio.Task[None] | None = None
        self._inode: tuple[int, int] | None = None

    async def start(self) -> None:
        """Listen; from the return on, requests are answered.

        Raises:
            SocketTaken: somebody else answers there, or something that is no socket is in the way.
        """
        listening = await asyncio.to_thread(_listen, self._path)
        self._inode = _inode(self._path)
        self._serving = asyncio.create_task(self.server.serve([listening]), name="local API")
        up = asyncio.create_task(self.server.up.wait())
        await asyncio.wait({up, self._serving}, return_when=asyncio.FIRST_COMPLETED)
        if not up.done():
            up.cancel()
            await self._serving

    async def stop(self) -> None:
        """Answer what was asked, end the streams, take the socket away. Safe to repeat."""
        if self._serving is None:
            return
        if _inode(self._path) == self._inode:
            self._path.unlink(missing_ok=True)
        self.desk.streams.close()
        self.server.should_exit = True
        await self._serving
        self._serving = None


class _Server(uvicorn.Server):
    """uvicorn without its hold on the process: signals belong to the daemon."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class _PeerProtocol(H11Protocol):
    """Names the user at the other end of the socket as the client, which headers cannot."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        peer = transport.get_extra_info("socket")
        packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, uid, _ = _CREDENTIALS.unpack(packed)
        self.client = (f"uid:{uid}", pid)


def _config(desk: Desk) -> uvicorn.Config:
    return uvicorn.Config(
        build_app(desk),
        http=_PeerProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        # Trusting such headers would let a client write under another user's name.
        proxy_headers=False,
        server_header=False,
        limit_concurrency=REQUESTS_MAX,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )


def _listen(path: Path) -> socket.socket:
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    _clear_away(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        listening.bind(str(path))
        # Nobody can connect before `listen`, so nobody sees another mode than this one.
        path.chmod(SOCKET_MODE)
        listening.listen(REQUESTS_MAX)
    except OSError as error:
        listening.close()
        raise SocketTaken(path, str(error)) from error
    listening.setblocking(False)
    return listening


def _clear_away(path: Path) -> None:
    """Remove what a killed daemon left behind; a socket at which somebody listens stays."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SocketTaken(path, "it is not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
        knock.settimeout(1.0)
        try:
            knock.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
        except OSError as error:
            raise SocketTaken(path, str(error)) from error
        else:
            raise SocketTaken(path, "somebody answers there")


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
