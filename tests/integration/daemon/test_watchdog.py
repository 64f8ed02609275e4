"""The watchdog: systemd hears that the daemon lives only while calls could really be charged."""

import asyncio
import socket

from pbxcharge.flow import pulse
from tests.exchange import exchange
from tests.fakes.fake_systemd import fake_systemd

DEAF = "the daemon does not answer itself"


async def test_systemd_is_told_only_while_the_books_can_be_written() -> None:
    """With the books locked no WATCHDOG=1 comes; with the lock gone it comes again.

    Seen failing without `heartbeat()` in pulse.prove.
    """
    async with exchange({"alice": "1.00"}, serve=False) as x:
        with fake_systemd(x.site.folder) as systemd:
            await x.serve(NOTIFY_SOCKET=systemd.address, WATCHDOG_USEC="500000")
            await systemd.wait("WATCHDOG=1")
            with x.books_locked():
                await x.site.log.wait(DEAF)
                systemd.forget()
                seen = len(x.site.log.lines)
                await x.site.log.wait(DEAF, after=seen)
                assert "WATCHDOG=1" not in systemd.listen()
            await systemd.wait("WATCHDOG=1")


async def test_systemd_is_told_only_while_callers_are_answered() -> None:
    """Every FastAGI session taken by somebody else: the daemon cannot ask itself, nothing is said.

    They have all asked something, and do not answer the command that they got.

    Seen failing without the connection to the own port in pulse.prove.
    """
    async with exchange({"alice": "1.00"}, serve=False) as x:
        with fake_systemd(x.site.folder) as systemd:
            await x.serve(NOTIFY_SOCKET=systemd.address, WATCHDOG_USEC="500000")
            await systemd.wait("WATCHDOG=1")
            crowd = [socket.create_connection(("127.0.0.1", x.pbx.agi_port)) for _ in range(500)]
            for one in crowd:
                one.send(pulse.QUESTION)
            await x.site.log.wait(DEAF)
            for one in crowd:
                one.close()
            systemd.forget()
            await systemd.wait("WATCHDOG=1")


async def test_connections_that_say_nothing_cost_nobody_anything() -> None:
    """A scan of the port, connect and close a thousand times: calls go on being answered."""
    async with exchange({"alice": "1.00"}) as x:
        for _ in range(1000):
            socket.create_connection(("127.0.0.1", x.pbx.agi_port)).close()
        async with asyncio.timeout(2):
            assert (await x.ask("alice")).verdict["PBXC_VERDICT"] == "ALLOW"
