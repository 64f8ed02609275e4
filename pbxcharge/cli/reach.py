"""The way to the data: through the daemon's socket when it runs, otherwise to the books alone."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pbxcharge.cli.command import Run
from pbxcharge.cli.output import remark
from pbxcharge.errors import (
    LockTaken,
    NoAnswer,
    NobodyThere,
    OperatingError,
    OutcomeUnknown,
    SocketForbidden,
)

if TYPE_CHECKING:
    from pbxcharge.api.client import Client

Document = dict[str, Any]


class Api(Protocol):
    """The local API, over the daemon's socket or in this process."""

    async def get(self, path: str, **asked: Any) -> Document:
        """Read something."""
        ...

    async def act(self, path: str, **body: Any) -> Document:
        """Change something."""
        ...


Ask = Callable[[Api], Awaitable[Document]]

PATIENCE_S = 3.0
"""So long a command waits for somebody who holds the lock and does not answer (yet)."""
PAUSE_S = 0.1
FORBIDDEN = "you may not use the daemon's socket: be of its group"


async def read(run: Run, ask: Ask, *, priced: bool = False) -> Document:
    """Ask the daemon, or read what is committed if nobody answers.

    Args:
        run: where the site is.
        ask: the question.
        priced: whether the answer needs the site's plans.
    """
    try:
        async with _daemon(run) as client:
            return await ask(client)
    except NobodyThere:
        pass
    except NoAnswer as error:
        remark(f"{error}; this is read from the database")
    async with alone(run, priced, writes=False) as client:
        return await ask(client)


async def act(run: Run, ask: Ask, *, priced: bool = False) -> Document:
    """Let the daemon do it, or do it alone if none runs; tried again while somebody is starting.

    Every act is safe to repeat, so one whose answer was lost is simply given again.

    Raises:
        NoAnswer: the lock is taken and nobody answers.
        OutcomeUnknown: the same, and it may have been done.
    """
    give_up_at = time.monotonic() + PATIENCE_S
    trouble: OperatingError
    unknown = False
    while True:
        try:
            return await _once(run, ask, priced)
        except OutcomeUnknown as error:
            trouble, unknown = error, True
        except (LockTaken, NobodyThere, NoAnswer) as error:
            trouble = error
        if time.monotonic() >= give_up_at:
            raise _gave_up(trouble, unknown) from trouble
        await asyncio.sleep(PAUSE_S)


@asynccontextmanager
async def daemon(run: Run) -> AsyncIterator["Client"]:
    """The daemon, for what only it can do.

    Raises:
        NobodyThere, NoAnswer: it does not run, or does not answer.
    """
    try:
        async with _daemon(run) as client:
            yield client
    except NobodyThere:
        raise NobodyThere(
            f"nobody listens at {run.settings.socket}: this needs the daemon; start it "
            "(`systemctl start pbxcharge`, or `pbxcharge serve`)"
        ) from None


async def _once(run: Run, ask: Ask, priced: bool) -> Document:
    try:
        async with _daemon(run) as client:
            return await ask(client)
    except NobodyThere:
        pass
    async with alone(run, priced, writes=True) as client:
        return await ask(client)


@asynccontextmanager
async def alone(run: Run, priced: bool, *, writes: bool) -> AsyncIterator[Api]:
    """The books without the daemon; importing what that takes is for those who need it."""
    from pbxcharge.alone import NO_PLANS, plans_now, plans_to_come, reading, writing

    opened = writing if writes else reading
    if not priced:
        async with opened(run.settings, NO_PLANS) as client:
            yield client
        return
    catalog = run.catalog
    to_come = plans_to_come(catalog)
    prices = (plans_now(catalog), catalog.decks, to_come, catalog.in_force, catalog.offered)
    async with opened(run.settings, *prices) as client:
        yield client


@asynccontextmanager
async def _daemon(run: Run) -> AsyncIterator["Client"]:
    _knock(run.settings.socket)
    from pbxcharge.api.client import Client

    client = Client(run.settings.socket)
    try:
        # Asked first, so that nothing waits in the socket of a stopped daemon, to be done later.
        await client.health()
        yield client
    finally:
        await client.close()


def _knock(path: Path) -> None:
    """Find out cheaply whether anybody listens, before the client is imported.

    Raises:
        NobodyThere: nobody does.
        SocketForbidden: this user may not ask.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
        knocking.setblocking(False)
        try:
            knocking.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            raise NobodyThere("nobody listens at the daemon's socket") from None
        except PermissionError:
            raise SocketForbidden(FORBIDDEN) from None
        except OSError:
            # Whatever else is wrong, the client will say.
            return


def _gave_up(trouble: OperatingError, unknown: bool) -> OperatingError:
    if unknown:
        return OutcomeUnknown(
            "no answer: it is not known whether this was done; give it again with the same --id"
        )
    if isinstance(trouble, LockTaken):
        return NoAnswer(f"{trouble}, and nobody answers at the daemon's socket; nothing was done")
    return NoAnswer(f"{trouble}: is it stopped, or hung? Nothing was done")
