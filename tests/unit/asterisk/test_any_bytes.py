"""Whatever bytes come, and wherever TCP cuts them: the same events or a clean error, in bounds."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.asterisk.agi_connection import AgiConnection
from pbxcharge.asterisk.agi_protocol import AgiRequest, parse_authorize, parse_request
from pbxcharge.asterisk.agi_server import AgiServer
from pbxcharge.asterisk.agi_session import AgiSession
from pbxcharge.asterisk.ami_events import parse_event
from pbxcharge.asterisk.ami_lists import parse_spool, parse_status
from pbxcharge.asterisk.ami_message import MESSAGE_BYTES_MAX, Headers, parse_message
from pbxcharge.asterisk.ami_protocol import TURN_MESSAGES, LinkProtocol
from pbxcharge.errors import AgiError, AmiMalformed
from tests.fakes.recording_logger import RecordingLogger

RECORDINGS = Path(__file__).parents[2] / "recordings"
AMI = (RECORDINGS / "answered.ami").read_bytes()
AGI = (RECORDINGS / "authorize.agi").read_bytes().split(b"\n\n")[0] + b"\n\n"
HANGUP = next(b for b in AMI.split(b"\r\n\r\n") if b.startswith(b"Event: Hangup")) + b"\r\n\r\n"


@st.composite
def spoiled(draw: st.DrawFn, whole: bytes, pieces: tuple[bytes, ...]) -> bytes:
    """What was recorded, with something else in the place of a part of it."""
    begin = draw(st.integers(0, len(whole)))
    end = draw(st.integers(begin, min(len(whole), begin + 80)))
    other = draw(st.binary(max_size=80) | st.sampled_from(pieces))
    return whole[:begin] + other + whole[end:]


def cuts(draw: st.DrawFn, sent: bytes) -> list[bytes]:
    """The bytes, cut at any places."""
    places = sorted(draw(st.lists(st.integers(0, len(sent)), max_size=8)))
    return [sent[i:j] for i, j in zip([0, *places], [*places, len(sent)], strict=True)]


AMI_PIECES = (
    b"\r\n\r\n",
    b"\r\n",
    b"\n",
    b"Event: Hangup\r\n",
    b"ActionID: 1\r\n",
    b"Uniqueid: 1.1",
)
AGI_PIECES = (
    b"\n\n",
    b"\n",
    b"\r",
    b"\x00",
    b"agi_uniqueid: 9.9\n",
    b"200 result=1\n",
    b"HANGUP\n",
)


class AmiPeer:
    """What a link tells, and what it does to its transport."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def dispatch(self, headers: Headers, received_ns: int) -> None:
        """Keep what becomes of it."""
        try:
            self.told.append(parse_event(headers))
        except AmiMalformed as error:
            self.malformed(error)

    def malformed(self, error: Exception) -> None:
        """Keep it."""
        self.told.append(str(error))

    def unfiltered(self) -> None:
        """Keep it."""
        self.told.append("unfiltered")

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody loses it here."""

    def write(self, sent: bytes) -> None:
        """Send nothing."""

    def abort(self) -> None:
        """Keep it."""
        self.told.append("aborted")

    def pause_reading(self) -> None:
        """Whoever feeds goes on."""

    resume_reading = pause_reading


def link() -> tuple[LinkProtocol, AmiPeer]:
    """A link that is greeted."""
    peer = AmiPeer()
    protocol = LinkProtocol(peer)
    protocol.connection_made(cast(asyncio.Transport, peer))
    protocol.data_received(b"Asterisk Call Manager/11.0.0\r\n")
    return protocol, peer


@settings(deadline=None)
@given(st.data())
def test_manager_stream_may_be_spoiled_and_cut_anywhere(data: st.DataObject) -> None:
    """The same is told for one piece as for many, and no exception leaves."""
    sent = data.draw(spoiled(AMI, AMI_PIECES))

    async def fed(chunks: list[bytes]) -> list[object]:
        protocol, peer = link()
        for chunk in chunks:
            if not protocol.closed:
                protocol.data_received(chunk)
        return peer.told

    chunks = data.draw(st.composite(cuts)(sent))
    assert asyncio.run(fed(chunks)) == asyncio.run(fed([sent]))


@given(st.data())
def test_message_is_understood_or_malformed(data: st.DataObject) -> None:
    """Event, entry of a list, entry of the spool: a value, or AmiMalformed, nothing else."""
    block = data.draw(spoiled(HANGUP, AMI_PIECES) | st.binary(max_size=400))
    readers: list[Callable[[Headers], object]] = [parse_event, parse_status]
    for reader in readers:
        with suppress(AmiMalformed):
            reader(parse_message(block))
    parse_spool("/pbxcharge/1.1", block.decode("utf-8", "replace"))


def test_longer_message_is_not_taken_apart() -> None:
    """Asterisk sends none that is nearly as long."""
    with pytest.raises(AmiMalformed, match="too long"):
        parse_message(b"X: " + b"x" * MESSAGE_BYTES_MAX)


async def test_flood_of_events_leaves_turns_to_others() -> None:
    """Ten thousand in one packet are told in order, some in each turn of the loop."""
    protocol, peer = link()
    protocol.data_received(HANGUP * 10_000)
    told = [len(peer.told)]
    while len(peer.told) < 10_000:
        await asyncio.sleep(0)
        told.append(len(peer.told))
    assert max(b - a for a, b in zip([0, *told], told, strict=False)) <= TURN_MESSAGES
    assert len(told) > 10


async def test_message_in_crumbs_costs_no_more_than_whole() -> None:
    """Half a megabyte, byte by byte: what was searched is not searched again.

    Seen failing with `self._unread + data` searched anew for each piece.
    """
    protocol, _ = link()
    began_at = time.process_time()
    for _ in range(500_000):
        protocol.data_received(b"x")
    assert time.process_time() - began_at < 5


def test_longest_message_is_taken_apart_quickly() -> None:
    """64 KiB of one variable, again and again: no work grows with the square of it.

    Seen failing with `headers[name] += …` and no limit, which took minutes for a megabyte.
    """
    block = b"Event: Hangup" + b"\r\nChanVariable: x" * (MESSAGE_BYTES_MAX // 17 - 1)
    began_at = time.process_time()
    for _ in range(10):
        parse_message(block)
    assert time.process_time() - began_at < 3


class AgiPeer(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Say who is there."""
        return ("127.0.0.1", 1)

    def write(self, data: object) -> None:
        """Keep it."""
        self.written += cast(bytes, data)

    def abort(self) -> None:
        """Remember it."""
        self.aborted = True

    close = abort


async def _asks(request: AgiRequest, session: AgiSession) -> None:
    parse_authorize(request)
    await session.set_variables({"PBXC_VERDICT": "ALLOW"})


async def asked(chunks: list[bytes]) -> tuple[Mapping[str, int], bytes]:
    """What a FastAGI session of these bytes comes to, and what it is told."""
    server = AgiServer(_asks, port=0, logger=RecordingLogger())
    connection, peer = AgiConnection(server), AgiPeer()
    connection.connection_made(peer)
    for chunk in chunks:
        connection.data_received(chunk)
    for _ in range(3):
        await asyncio.sleep(0)
    connection.connection_lost(None)
    for _ in range(3):
        await asyncio.sleep(0)
    assert server.sessions == 0
    return server.counts, peer.written


@settings(deadline=None)
@given(st.data())
def test_question_may_be_spoiled_and_cut_anywhere(data: st.DataObject) -> None:
    """One piece or many come to the same, and no exception leaves."""
    sent = data.draw(spoiled(AGI, AGI_PIECES) | st.binary(max_size=200))
    chunks = data.draw(st.composite(cuts)(sent))
    assert asyncio.run(asked(chunks)) == asyncio.run(asked([sent]))


@given(st.data())
def test_header_is_a_request_or_an_agi_error(data: st.DataObject) -> None:
    """Whatever stands in it."""
    with suppress(AgiError):
        parse_authorize(parse_request(data.draw(spoiled(AGI, AGI_PIECES)).removesuffix(b"\n\n")))
