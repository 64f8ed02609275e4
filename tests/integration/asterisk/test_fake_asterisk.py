"""The fake Asterisk is held to the real one: same headers, same order of events, same leases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pbxcharge.asterisk.agi_protocol import AgiRequest
from pbxcharge.asterisk.agi_server import AgiServer
from pbxcharge.asterisk.agi_session import AgiHandler, AgiSession
from tests.fakes.fake_agi_caller import HEADER
from tests.fakes.fake_asterisk import FakeAsterisk
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.until import until

RECORDINGS = Path(__file__).parents[2] / "recordings"
ALLOW = {
    "PBXC_CALL": "0192f0c1a2b3abcdefghij",
    "PBXC_DIAL": "PJSIP/44123@carrier",
    "PBXC_RING_S": "2",
    "PBXC_RING_LEASE_S": "3",
    "PBXC_LEASE_S": "0.1",
    "PBXC_SIPCODE": "0",
    "PBXC_VERDICT": "ALLOW",
}
OPTIONAL = ("SwapUniqueid", "TechCause", "Forward")
Shape = tuple[str, ...]


def shapes(raw: bytes) -> dict[str, set[Shape]]:
    """Header names of every event and response, in their order, by its name."""
    found: dict[str, set[Shape]] = {}
    for block in raw.decode().split("\r\n\r\n"):
        lines = [line.split(": ") for line in block.split("\r\n") if ": " in line]
        names = tuple(line[0] for line in lines if line[0] not in OPTIONAL)
        if names and names[0] == "Event":
            found.setdefault(lines[0][1], set()).add(names)
    return found


def order(raw: bytes) -> list[str]:
    """Names of the events with the channel they are about, without what only lists say."""
    told = []
    for block in raw.decode().split("\r\n\r\n"):
        headers = dict(line.split(": ", 1) for line in block.split("\r\n") if ": " in line)
        if "Timestamp" in headers and "Event" in headers:
            told.append(f"{headers['Event']} {headers['Channel'].split('-')[0]}")
    return told


@asynccontextmanager
async def pbx_with(handler: AgiHandler | None = None) -> AsyncIterator[FakeAsterisk]:
    """Run a fake Asterisk beside a FastAGI server that answers with this handler."""

    async def allow(request: AgiRequest, session: AgiSession) -> None:
        await session.set_variables(ALLOW)

    server = AgiServer(handler or allow, port=0, logger=RecordingLogger())
    await server.start()
    pbx = FakeAsterisk(server.port)
    await pbx.start()
    try:
        yield pbx
    finally:
        await pbx.stop()
        await server.close(0.1)


class Listener:
    """Someone logged in at the fake's AMI who keeps the bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.raw = b""
        self.writer = writer
        self._task = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while chunk := await reader.read(65536):
            self.raw += chunk

    async def act(self, **headers: str) -> None:
        """Send an action and wait for what answers it."""
        before = len(self.raw)
        lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        self.writer.write(f"{lines}\r\n".encode())
        await until(lambda: len(self.raw) > before)


@asynccontextmanager
async def listening(pbx: FakeAsterisk) -> AsyncIterator[Listener]:
    """Log in."""
    listener = Listener(*await asyncio.open_connection("127.0.0.1", pbx.ami_port))
    await listener.act(Action="Login", Username="pbxcharge", Secret="secret", ActionID="1")
    await until(lambda: b"FullyBooted" in listener.raw)
    try:
        yield listener
    finally:
        listener.writer.close()
        await listener._task


async def test_fake_sends_the_headers_of_the_real_one() -> None:
    """Every event and list item that the fake knows has the names of the recorded ones in order."""
    real: dict[str, set[Shape]] = {}
    for recording in RECORDINGS.glob("*.ami"):
        for name, seen in shapes(recording.read_bytes()).items():
            real.setdefault(name, set()).update(seen)
    async with pbx_with() as pbx, listening(pbx) as listener:
        call = pbx.place_call("alice", "44123")
        assert await call.authorize()
        call.dial()
        call.ring()
        call.answer()
        await listener.act(Action="Status", ActionID="2", Variables="PBXC_LEG")
        call.blind_transfer("44999")
        call.end()
        busy = pbx.place_call("alice", "44123")
        assert await busy.authorize()
        busy.dial()
        busy.reject()
        await listener.act(Action="DBGetTree", ActionID="3", Family="pbxcharge")
        await until(lambda: b"DBGetTreeComplete" in listener.raw)
    fake = shapes(listener.raw)
    assert len(fake) >= 13
    for name, seen in fake.items():
        assert seen <= real[name], name


async def test_fake_tells_an_answered_call_in_the_order_of_the_real_one() -> None:
    """From the first Newchannel to the last Hangup."""
    async with pbx_with() as pbx, listening(pbx) as listener:
        call = pbx.place_call("alice", "44123")
        assert await call.authorize()
        call.dial()
        call.ring()
        call.answer()
        call.hang_up("caller")
        await until(lambda: listener.raw.count(b"Event: Hangup\r\n") == 2)
    assert order(listener.raw) == order((RECORDINGS / "answered.ami").read_bytes())


def test_fake_asks_with_the_headers_of_the_real_one() -> None:
    """The FastAGI header has the same names in the same order."""
    real = (RECORDINGS / "authorize.agi").read_text().splitlines()
    fake = HEADER.splitlines()
    assert [line.split(":")[0] for line in fake] == [line.split(":")[0] for line in real]


async def test_slice_is_armed_at_the_answer_and_ends_the_call_without_the_daemon() -> None:
    """The dead-man lease: nobody renews it, so the leg ends by itself and the spool says when."""
    async with pbx_with() as pbx:
        call = pbx.place_call("alice", "44123")
        assert await call.authorize()
        call.dial()
        call.answer()
        await until(call.ended.is_set)
        leg = call.metered_leg
        kind, call_id, answered, ended, *rest = pbx.spool[leg.uniqueid].split("|")
        assert (kind, call_id, rest) == ("end", ALLOW["PBXC_CALL"], ["16", "", leg.name])
        assert 0.09 < float(ended) - float(answered) < 1
        assert pbx.channels == {}


async def test_ringing_ends_by_its_limit() -> None:
    """Nobody answers: Dial gives up, the entry has no answer."""
    async with pbx_with() as pbx:
        call = pbx.place_call("alice", "44123")
        assert await call.authorize()
        call.verdict["PBXC_RING_S"] = "0.05"
        call.dial()
        await until(call.ended.is_set)
        assert pbx.spool[call.metered_leg.uniqueid].split("|")[2] == ""


async def test_without_a_verdict_the_call_is_refused_and_written_down() -> None:
    """Daemon down, or a session that breaks: 503, and the attempt is in the spool."""

    async def silent(request: AgiRequest, session: AgiSession) -> None:
        return

    async with pbx_with(silent) as pbx:
        call = pbx.place_call("alice", "44123")
        assert not await call.authorize()
        pbx.agi_port = 1
        down = pbx.place_call("bob", "44123")
        assert not await down.authorize()
        assert (call.sip_code, down.sip_code) == (503, 503)
        kinds = [entry.split("|")[:3] for entry in pbx.spool.values()]
        assert kinds == [["deny", "alice", "44123"], ["deny", "bob", "44123"]]


async def test_verdict_of_the_daemon_is_obeyed_and_settled_entries_are_deleted() -> None:
    """A denial gives its SIP code and no spool entry."""

    async def deny(request: AgiRequest, session: AgiSession) -> None:
        await session.database_del("pbxcharge", "9.9")
        await session.set_variables({"PBXC_SIPCODE": "402", "PBXC_VERDICT": "DENY"})

    async with pbx_with(deny) as pbx:
        pbx.spool["9.9"] = "end|c||1.0|0|"
        call = pbx.place_call("alice", "44123")
        assert not await call.authorize()
        assert (call.sip_code, pbx.spool, pbx.channels) == (402, {}, {})


async def test_caller_who_leaves_while_asking_is_told_to_the_daemon() -> None:
    """HANGUP in the middle of the question."""
    hungup = asyncio.Event()

    async def wait(request: AgiRequest, session: AgiSession) -> None:
        await until(lambda: session.hungup)
        hungup.set()

    async with pbx_with(wait) as pbx:
        call = pbx.place_call("alice", "44123")
        asking = asyncio.create_task(call.authorize())
        await until(lambda: call.asking)
        call.hang_up()
        assert not await asking
        await asyncio.wait_for(hungup.wait(), 5)


async def test_emergency_call_needs_nobody() -> None:
    """No daemon, no lease; the spool has it."""
    async with pbx_with() as pbx:
        call = pbx.place_call("alice", "112")
        leg = call.dial_emergency()
        call.answer()
        assert (leg.leg_variable, leg.timer) == ("emergency", None)
        call.hang_up()
        assert pbx.spool[f"{call.caller.uniqueid}-emergency"].startswith("emergency|alice|112|")


async def test_faults_lose_double_and_delay_events() -> None:
    """What an unreliable world does to events can be done here."""
    async with pbx_with() as pbx, listening(pbx) as listener:
        pbx.omitted, pbx.doubled = {"Newchannel"}, {"Cdr"}
        pbx.hold_events()
        pbx.place_call("alice", "44123").hang_up()
        await asyncio.sleep(0.02)
        assert b"Hangup" not in listener.raw
        pbx.release_events()
        await until(lambda: listener.raw.count(b"Event: Cdr") == 2)
        assert b"Newchannel" not in listener.raw


async def test_restart_forgets_calls_keeps_the_spool_and_names_begin_at_0() -> None:
    """What makes stale names dangerous."""
    async with pbx_with() as pbx:
        first = pbx.place_call("alice", "44123").caller
        pbx.spool["9.9"] = "end|c||1.0|0|"
        await pbx.restart()
        second = pbx.place_call("bob", "44123").caller
        assert (pbx.spool, list(pbx.channels.values())) == ({"9.9": "end|c||1.0|0|"}, [second])
        assert first.name.endswith("-00000000")
        assert second.name.endswith("-00000000")
        assert first.uniqueid != second.uniqueid


async def test_transferred_leg_keeps_its_lease_and_ends_both_calls() -> None:
    """The metered leg makes a call of its own; when its lease ends, so does that one."""
    async with pbx_with() as pbx:
        call = pbx.place_call("alice", "44123")
        assert await call.authorize()
        call.verdict["PBXC_LEASE_S"] = "0.3"
        call.dial()
        call.answer()
        onward = call.blind_transfer("44999")
        assert await onward.authorize()
        onward.verdict["PBXC_LEASE_S"] = "60"
        onward.dial()
        onward.answer()
        await until(lambda: call.ended.is_set() and onward.ended.is_set())
        assert pbx.channels == {}
        assert len(pbx.spool) == 2
        assert pytest.approx(0.3, abs=0.3) == pbx.now() - (call.answered_at or 0)
