"""One FastAGI session: a caller stands in front of the daemon and waits for the verdict."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from panoramisk import fast_agi

from pbxcharge.asterisk.agi_protocol import (
    AgiReply,
    AgiRequest,
    encode_command,
    format_command,
    verdict_command,
)
from pbxcharge.errors import AgiError, AgiHangup

if TYPE_CHECKING:
    from pbxcharge.asterisk.agi_connection import AgiConnection


class AgiSession(fast_agi.Request):  # type: ignore[misc]  # panoramisk carries no types
    """panoramisk's request, whose commands are checked, awaited one by one and bounded in time.

    Its own reader takes a `HANGUP` line for an answer (every later answer is then off by one),
    fails at a multi-line answer, and waits for ever; so nothing of it is left.
    """

    def __init__(self, connection: "AgiConnection", request: AgiRequest) -> None:
        super().__init__(connection.routes, request.headers, None, None)
        self.request = request
        self._connection = connection

    @property
    def hungup(self) -> bool:
        """Whether the caller is known to have hung up, or the session is lost."""
        return self._connection.hungup

    async def send_command(self, command: str) -> AgiReply:
        """Send one line and return its answer, whatever the code.

        Never a second command before the first is answered: Asterisk would stall, or carry out
        the second although the first failed. A command that is cancelled ends the session,
        which Asterisk takes for a refusal, because no verdict was set.

        Raises:
            AgiHangup: the caller is gone.
            AgiError: the line has a control character, or the answer is none.
            TimeoutError: no answer within the command's deadline; the session is over.
        """
        return await self._connection.ask(encode_command(command))

    async def command(self, verb: str, *args: str) -> AgiReply:
        """Send a verb with quoted arguments and return the answer, which has code 200.

        Raises:
            AgiHangup, AgiError, TimeoutError: as send_command; AgiError also for other codes.
        """
        return _accepted(await self.send_command(format_command(verb, *args)))

    async def set_variables(self, variables: Mapping[str, str]) -> None:
        """Set all variables on the caller's channel in one command, all or nothing.

        Raises:
            AgiHangup: the caller is gone; the verdict did no harm if it was sent at all.
            AgiError, TimeoutError: as command.
        """
        if self.hungup:
            raise AgiHangup("the caller hung up before the verdict")
        reply = _accepted(await self.send_command(verdict_command(variables)))
        if reply.result != "1":
            raise AgiError(f"variables not set: {reply.text}")

    async def database_put(self, family: str, key: str, value: str) -> None:
        """Write an entry into Asterisk's database.

        Raises:
            AgiHangup, AgiError, TimeoutError: as command.
        """
        await self.command("DATABASE PUT", family, key, value)

    async def database_del(self, family: str, key: str) -> None:
        """Delete an entry of Asterisk's database; one that is not there is no error.

        Raises:
            AgiHangup, AgiError, TimeoutError: as command.
        """
        await self.command("DATABASE DEL", family, key)


def _accepted(reply: AgiReply) -> AgiReply:
    if reply.code == 511:
        raise AgiHangup("the channel is dead")
    if reply.code != 200:
        raise AgiError(f"{reply.code} {reply.text[:120]}")
    return reply


AgiHandler = Callable[[AgiRequest, AgiSession], Awaitable[None]]
"""Answers one session. It is not cancelled when the caller hangs up: it learns that at its next
command, so that what it has reserved can be given back in order."""

AgiEndpoint = Callable[[AgiSession], Awaitable[None]]
"""A handler as panoramisk's table keeps it."""


class RouteTable(fast_agi.Application):  # type: ignore[misc]  # panoramisk carries no types
    """panoramisk's application as the table of scripts; its own handler must never serve.

    That one spins for ever, and freezes the whole process, when a peer closes before the blank
    line; it has no bound on size, time or number either.
    """

    async def handler(self, reader: object, writer: object) -> None:
        """Refuse: AgiServer serves.

        Raises:
            AgiError: always.
        """
        raise AgiError("panoramisk's own FastAGI handler is unsafe and is not used")

    def serve(self, script: str, handler: AgiHandler) -> None:
        """Answer sessions of this script with this handler."""

        async def endpoint(session: AgiSession) -> None:
            await handler(session.request, session)

        self.add_route(script, endpoint)

    def endpoint_of(self, script: str) -> AgiEndpoint:
        """Return who answers this script.

        Raises:
            AgiError: nobody does.
        """
        endpoint: AgiEndpoint | None = self._route.get(script)
        if endpoint is None:
            raise AgiError(f"no such AGI script: {script[:60]!r}")
        return endpoint
