"""Calls made by SIPp: a SIP stack that is neither Asterisk's nor ours."""

import asyncio
import shutil
import socket
import tempfile
import time
from pathlib import Path

from tests.asterisk.harness.ports import free_port
from tests.asterisk.harness.seen import CallTrace, Sighting
from tests.asterisk.harness.user_agent import Address, Ear

SCENARIOS = Path(__file__).parent / "scenarios"


class SippFailed(AssertionError):
    """SIPp met a message that its scenario does not know, or none at all."""


def read_sightings(log: str, ahead_s: float) -> list[Sighting]:
    """SIPp's log of short messages as sightings, in order.

    log: lines of date, time, epoch, S or R, Call-ID, CSeq and start line between tabs; a last
    line that is still being written is left out. ahead_s: the monotonic clock minus the epoch's.
    """
    found = []
    for line in log.split("\n")[:-1]:
        _, _, epoch, direction, _, cseq, start = line.split("\t", 6)
        words = start.split()
        what = words[1] if words[0] == "SIP/2.0" else words[0]
        at = float(epoch)
        found.append(Sighting(what, cseq.split()[-1], direction == "S", at, at + ahead_s))
    return found


class SippCall:
    """One running SIPp with one call. SIPp does the signalling; what is heard, the ear counts."""

    def __init__(
        self, process: asyncio.subprocess.Process, folder: Path, number: str, ear: Ear
    ) -> None:
        self.process = process
        self.trace = CallTrace(number)
        self.ear = ear
        self._folder = folder
        self._ahead_s = time.monotonic() - time.time()
        self._following = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        while self.process.returncode is None:
            self._catch_up()
            await asyncio.sleep(0.01)
        self._catch_up()

    def _catch_up(self) -> None:
        log = self._folder / "messages"
        if log.exists():
            known = len(self.trace.sightings)
            for sighting in read_sightings(log.read_text(), self._ahead_s)[known:]:
                self.trace.note(sighting)

    async def ended(self, within_s: float = 60.0) -> CallTrace:
        """Wait for SIPp, see that its scenario went as written, and return what it saw.

        Raises:
            SippFailed: it did not.
            TimeoutError: the call still goes on.
        """
        async with asyncio.timeout(within_s):
            code = await self.process.wait()
            await self._following
        errors = self._folder / "errors"
        complaint = errors.read_text() if errors.exists() else ""
        if code != 0 or complaint:
            raise SippFailed(f"SIPp ended with {code}: {self.trace.story()}\n{complaint}")
        return self.trace

    async def close(self) -> None:
        """End SIPp, if need be in the middle of the call: the phone loses its power."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        self.ear.close()
        try:
            await self._following
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)


class SippPhone:
    """An extension's phone, played by SIPp; Asterisk knows it by its address."""

    def __init__(self, extension: str, host: str, peer: Address) -> None:
        self.extension = extension
        self._host = host
        self._peer = peer
        self._calls: list[SippCall] = []

    async def call(
        self,
        number: str,
        *,
        talk_s: float | None = None,
        cancel_after_s: float | None = None,
        within_s: float = 60.0,
    ) -> SippCall:
        """Dial, and stay until the other side hangs up.

        talk_s: hang up so long after the answer. cancel_after_s: give up after so much ringing.
        """
        if cancel_after_s is not None:
            return await self._start("caller_cancels", number, cancel_after_s, within_s)
        if talk_s is not None:
            return await self._start("caller_hangs_up", number, talk_s, within_s)
        return await self._start("caller_stays", number, 0.0, within_s)

    async def _start(self, scenario: str, number: str, pause_s: float, within_s: float) -> SippCall:
        folder = Path(tempfile.mkdtemp(prefix="pbxcharge-sipp-"))
        ear = Ear(self._host)
        try:
            process = await asyncio.create_subprocess_exec(
                "sipp", f"{self._peer[0]}:{self._peer[1]}", "-nostdin", "-m", "1", "-l", "1",
                "-sf", str(SCENARIOS / f"{scenario}.xml"), "-s", number,
                "-d", str(int(pause_s * 1000)),
                "-key", "extension", self.extension, "-key", "ear_port", str(ear.port),
                "-i", self._host, "-p", str(free_port(socket.SOCK_DGRAM, self._host)),
                "-mi", self._host, "-mp", str(free_port(socket.SOCK_DGRAM, self._host, width=4)),
                "-timeout", f"{int(within_s) + 1}s", "-timeout_error",
                "-trace_err", "-error_file", str(folder / "errors"),
                "-trace_shortmsg", "-shortmessage_file", str(folder / "messages"),
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except BaseException:
            ear.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        call = SippCall(process, folder, number, ear)
        self._calls.append(call)
        return call

    async def close(self) -> None:
        """End every SIPp that still runs."""
        for call in self._calls:
            await call.close()
