"""What the room of Asterisk costs: CPU of one FastAGI session, of an event, of an action.

Run as `python -m bench.asterisk_room`. The other side runs in a process of its own, so that only
the daemon's side is counted.
"""

import asyncio
import multiprocessing
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import structlog
import uvloop

from pbxcharge.asterisk.agi_protocol import AgiRequest
from pbxcharge.asterisk.agi_server import AgiServer
from pbxcharge.asterisk.agi_session import AgiSession
from pbxcharge.asterisk.ami_client import AmiClient
from pbxcharge.asterisk.events import Event, FullyBooted
from tests.fakes.fake_agi_caller import HEADER, FakeAgiCaller

SESSIONS, AT_ONCE = 10_000, 64
EVENT_ROUNDS = 2_000
ACTIONS = 10_000
RECORDING = Path(__file__).parents[1] / "tests" / "recordings" / "answered.ami"
WANTED = (b"DialBegin", b"Newstate", b"DialEnd", b"BridgeEnter", b"Hangup\r", b"HangupRequest")
VERDICT = {
    "PBXC_CALL": "0192f0c1a2b3abcdefghij",
    "PBXC_DIAL": "PJSIP/44123@carrier",
    "PBXC_RING_S": "30",
    "PBXC_RING_LEASE_S": "90",
    "PBXC_LEASE_S": "60",
    "PBXC_SIPCODE": "0",
    "PBXC_VERDICT": "ALLOW",
}


def events() -> list[bytes]:
    """Event messages of a recorded call."""
    blocks = RECORDING.read_bytes().split(b"\r\n\r\n")
    starts = tuple(b"Event: " + name for name in WANTED)
    return [block + b"\r\n\r\n" for block in blocks if block.startswith(starts)]


def call_in(port: int) -> None:
    """Be Asterisk: hold many FastAGI sessions."""
    header = HEADER.format(
        channel="PJSIP/alice-1",
        uniqueid="1.1",
        linkedid="1.1",
        endpoint="alice",
        number="44123",
        way="outgoing",
    )

    async def calls() -> None:
        loop = asyncio.get_running_loop()

        async def worker() -> None:
            for _ in range(SESSIONS // AT_ONCE):
                _, caller = await loop.create_connection(
                    lambda: FakeAgiCaller(header, lambda _: None), "127.0.0.1", port
                )
                await caller.closed

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))

    uvloop.run(calls())


class Ami(asyncio.Protocol):
    """Be Asterisk: log in anybody, send events when asked to, answer actions."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(b"Asterisk Call Manager/11.0.0\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer each action; a Setvar asks for events."""
        for block in data.split(b"\r\n\r\n")[:-1]:
            action_id = block.split(b"ActionID: ")[1].split(b"\r\n")[0]
            reply = b"Response: Success\r\nActionID: %s\r\nMessage: ok\r\nTimestamp: 1.0\r\n\r\n"
            self._transport.write(reply % action_id)
            if b"Action: Login" in block:
                self._transport.write(b"Event: FullyBooted\r\nUptime: 1\r\n\r\n")
            if b"Action: Setvar" in block:
                for _ in range(EVENT_ROUNDS):
                    for message in events():
                        self._transport.write(message)


def be_ami(listening: socket.socket) -> None:
    """Serve AMI for ever."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Ami, sock=listening)
        await server.serve_forever()

    asyncio.run(serve())


async def sessions() -> float:
    """CPU of a FastAGI session in µs."""

    async def allow(request: AgiRequest, session: AgiSession) -> None:
        await session.set_variables(VERDICT)

    server = AgiServer(allow, port=0, logger=structlog.get_logger())
    await server.start()
    other = multiprocessing.get_context("fork").Process(target=call_in, args=(server.port,))
    began = time.process_time()
    other.start()
    while other.is_alive():  # noqa: ASYNC110 - a process has no event to offer
        await asyncio.sleep(0.05)
    cpu_s = time.process_time() - began
    await server.close()
    return cpu_s / server.counts["answered"] * 1e6


async def on_ami(work: Callable[[AmiClient, list[int]], Awaitable[float]]) -> float:
    """Do something with a client that is ready."""
    listening = socket.create_server(("127.0.0.1", 0))
    other = multiprocessing.get_context("fork").Process(target=be_ami, args=(listening,))
    other.start()
    seen = [0]

    def take(event: Event, received_ns: int) -> None:
        seen[0] += not isinstance(event, FullyBooted)

    async def resync() -> None:
        return

    client = AmiClient(
        "127.0.0.1",
        listening.getsockname()[1],
        "bench",
        "bench",
        on_event=take,
        on_connected=resync,
        ping_deadline_s=30,
        logger=structlog.get_logger(),
    )
    await client.start()
    await client.wait_ready(10)
    try:
        return await work(client, seen)
    finally:
        await client.close()
        other.terminate()
        other.join()


async def per_event(client: AmiClient, seen: list[int]) -> float:
    """CPU of an event in µs."""
    total = EVENT_ROUNDS * len(events())
    began = time.process_time()
    await client.set_variable("PJSIP/a-1", "GO", "1")
    while seen[0] < total:  # noqa: ASYNC110 - what counts must cost nothing
        await asyncio.sleep(0.05)
    return (time.process_time() - began) / total * 1e6


async def per_action(client: AmiClient, seen: list[int]) -> float:
    """CPU of an action with its reply in µs, 64 at once."""

    async def worker() -> None:
        for _ in range(ACTIONS // AT_ONCE):
            await client.absolute_timeout("PJSIP/carrier-00000001", 10_000)

    began = time.process_time()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return (time.process_time() - began) / (ACTIONS // AT_ONCE * AT_ONCE) * 1e6


def main() -> None:
    """Print what it costs on both loops."""
    for name, run in (("uvloop", uvloop.run), ("asyncio", asyncio.run)):
        session_us, event_us = run(sessions()), run(on_ami(per_event))
        action_us = run(on_ami(per_action))
        print(
            f"{name}: FastAGI session {session_us:.0f} µs, AMI event {event_us:.1f} µs "
            f"(five: {5 * event_us:.0f}), action with reply {action_us:.1f} µs of CPU"
        )


if __name__ == "__main__":
    main()
