"""One call through the fake Asterisk, step by step, as the project's dialplan carries it."""

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.fakes.fake_agi_caller import HEADER, FakeAgiCaller
from tests.fakes.fake_channels import FakeChannel, bridge, cdr

if TYPE_CHECKING:
    from tests.fakes.fake_asterisk import FakeAsterisk

AGI_S = 3.0
"""The time limit that the dialplan sets around the question."""
DISPOSITIONS = {17: "BUSY", 34: "FAILED"}


class FakeCall:
    """The caller's channel, and the metered leg once it is dialled.

    The metered leg of a call that comes in is the caller's own channel, from the verdict on.
    `verdict` has what the daemon set; empty when it gave none.
    """

    def __init__(
        self,
        pbx: "FakeAsterisk",
        caller: FakeChannel,
        endpoint: str,
        number: str,
        *,
        way: str = "outgoing",
        caller_number: str = "",
    ) -> None:
        self.pbx, self.caller = pbx, caller
        self.endpoint, self.number = endpoint, number
        self.way, self.caller_number = way, caller_number
        self.verdict: dict[str, str] = {}
        self.leg: FakeChannel | None = None
        self.callee: FakeChannel | None = None
        self.answered_at: float | None = None
        self.ended = asyncio.Event()
        self.sip_code: int | None = None
        self.origin: FakeCall | None = None
        self.onward: FakeCall | None = None
        self._agi: FakeAgiCaller | None = None
        self._failed = 0
        self._ring_limit: asyncio.TimerHandle | None = None

    @property
    def call_id(self) -> str:
        """The call id that the daemon gave."""
        return self.verdict["PBXC_CALL"]

    @property
    def metered_leg(self) -> FakeChannel:
        """The dialled leg, which is there."""
        assert self.leg is not None, "not dialled yet"
        return self.leg

    @property
    def asking(self) -> bool:
        """Whether the daemon has been reached and not answered yet."""
        return self._agi is not None and not self._agi.closed.done()

    async def authorize(self) -> bool:
        """Ask the daemon, at most 3 s; a call that is not allowed is refused and ended."""
        try:
            async with asyncio.timeout(AGI_S):
                self.verdict = await self._ask()
        except (TimeoutError, OSError):
            self.verdict = {}
        if self.ended.is_set():
            return False
        if self.verdict.get("PBXC_VERDICT") == "ALLOW" and self.verdict.get("PBXC_LEASE_S"):
            if self.way == "incoming":
                self._come_in()
            return True
        self._deny()
        return False

    async def _ask(self) -> dict[str, str]:
        header = HEADER.format(
            channel=self.caller.name,
            uniqueid=self.caller.uniqueid,
            linkedid=self.caller.linkedid,
            endpoint=self.endpoint,
            number=self.number,
            way=self.way,
        )
        if self.way == "incoming":
            header = f"{header[:-1]}agi_arg_5: {self.caller_number}\n\n"
        _, self._agi = await self.pbx.loop.create_connection(
            lambda: FakeAgiCaller(header, lambda key: self.pbx.spool.pop(key, None)),
            "127.0.0.1",
            self.pbx.agi_port,
        )
        try:
            await self._agi.closed
            return self._agi.variables
        finally:
            self._agi.abort()

    def _deny(self) -> None:
        sip_code = self.verdict.get("PBXC_SIPCODE", "503")
        if self.verdict.get("PBXC_VERDICT") != "DENY":
            at = f"{self.pbx.now():.6f}"
            self.pbx.spool[self.caller.uniqueid] = f"deny|{self.endpoint}|{self.number}|{at}|503"
        self.sip_code = int(sip_code)
        self._finish(21)

    def _come_in(self) -> None:
        """The caller's own channel is the metered leg: it is named, and its ring lease armed."""
        self.leg = self.caller
        self.caller.leg_variable = self.call_id
        self.pbx.calls[self.caller.uniqueid] = self
        self.pbx.arm(self.caller, float(self.verdict["PBXC_RING_LEASE_S"]))

    def dial(self, dial: str = "") -> FakeChannel:
        """Dial: the pre-dial handler names the metered leg and arms the ring lease."""
        incoming = self.way == "incoming"
        self._dial("" if incoming else self.call_id, dial or self.verdict["PBXC_DIAL"])
        if not incoming:
            self.pbx.arm(self.metered_leg, float(self.verdict["PBXC_RING_LEASE_S"]))
        ring_s = float(self.verdict["PBXC_RING_S"])
        self._ring_limit = self.pbx.loop.call_later(ring_s, self._no_answer)
        return self.metered_leg

    def dial_emergency(self) -> FakeChannel:
        """Dial without asking anybody."""
        self._dial("emergency", "PJSIP/112@carrier")
        return self.metered_leg

    def _dial(self, leg_variable: str, dial: str) -> None:
        pbx, caller = self.pbx, self.caller
        self.callee = leg = pbx.dial_trunk(dial, caller, leg_variable)
        leg.account = caller.account
        if leg_variable:
            self.leg = leg
        pbx.calls.setdefault(caller.uniqueid, self)
        pbx.calls[leg.uniqueid] = self

    @property
    def called(self) -> FakeChannel:
        """The dialled channel, which is there."""
        assert self.callee is not None, "not dialled yet"
        return self.callee

    def ring(self) -> None:
        """The far end rings."""
        self.called.state = 5
        self.pbx.emit("Newstate", self.called.describe())

    def answer(self) -> None:
        """The far end answers: the dialplan arms the slice, without the daemon."""
        pbx, leg = self.pbx, self.metered_leg
        self._stop_ringing()
        self.called.state = 6
        self.answered_at = pbx.now()
        pbx.emit("Newstate", self.called.describe())
        leg.answered_variable = f"{self.answered_at:.6f}"
        if leg.leg_variable != "emergency":
            pbx.arm(leg, float(self.verdict["PBXC_LEASE_S"]))
        self._dial_end("ANSWER")
        if self.caller.state != 6:
            self.caller.state = 6
            pbx.emit("Newstate", self.caller.describe())
        pbx.connect(self.called, self.caller)

    def answer_by_menu(self) -> None:
        """The dialplan itself answers a caller from outside, and arms the slice."""
        pbx, leg = self.pbx, self.metered_leg
        leg.state = 6
        self.answered_at = pbx.now()
        pbx.emit("Newstate", leg.describe())
        leg.answered_variable = f"{self.answered_at:.6f}"
        pbx.arm(leg, float(self.verdict["PBXC_LEASE_S"]))

    def _dial_end(self, status: str) -> None:
        described = self.caller.describe() + self.called.describe("Dest")
        self.pbx.emit("DialEnd", f"{described}DialStatus: {status}\r\n")

    def hang_up(self, by: str = "caller") -> None:
        """Caller or callee hangs up; while it rings, the caller gives up."""
        channel = self.caller if by == "caller" else self.called
        number = 16 if self.answered_at is not None else 127
        self.pbx.emit("HangupRequest", f"{channel.describe()}Cause: {number}\r\n")
        if self._agi is not None and self.leg is None:
            self._agi.hang_up()
        self.end(cause=number, source=channel.name)

    def reject(self, status: str = "BUSY", cause: int = 17) -> None:
        """The far end refuses."""
        leg = self.called
        self.pbx.emit("HangupRequest", f"{leg.describe()}Cause: {cause}\r\n")
        self.end(cause=cause, source=leg.name, status=status)

    def trunk_fails(self, cause: int = 34) -> FakeChannel | None:
        """The trunk cannot put the call through: the dialplan dials the next one, if there is one.

        It does so for causes that are the trunk's own, which the caller of this has to know.
        """
        leg, dials = self.metered_leg, [f"PBXC_DIAL{place}" for place in (2, 3, 4)]
        self._failed += 1
        dial = self.verdict.get(dials[self._failed - 1], "") if self._failed <= len(dials) else ""
        if not dial:
            self.end(cause=cause, status="CHANUNAVAIL")
            return None
        self._dial_end("CHANUNAVAIL")
        self._write_spool(leg, cause, "")
        self._stop_ringing()
        self.pbx.calls.pop(leg.uniqueid, None)
        self.pbx.hang_up(leg, cause)
        return self.dial(dial)

    def _no_answer(self) -> None:
        self.end(cause=0, status="NOANSWER")

    def blind_transfer(self, number: str) -> "FakeCall":
        """The caller sends the metered leg to a number and leaves; the leg asks anew."""
        pbx, caller, leg = self.pbx, self.caller, self.metered_leg
        described = caller.describe("Transferer") + leg.describe("Transferee")
        target = f"IsExternal: Yes\r\nContext: pbxc-out\r\nExtension: {number}\r\n"
        body = f"Result: Success\r\n{described}{bridge(str(uuid4()), 2)}{target}"
        pbx.emit("BlindTransfer", body)
        pbx.hang_up(caller, 16)
        self.onward = FakeCall(pbx, leg, "carrier", number)
        self.onward.origin = self
        return self.onward

    def end(self, *, cause: int = 16, source: str = "", status: str = "CANCEL") -> None:
        """Everything of the call ends: the hangup handler writes the spool, the events follow."""
        if self.ended.is_set():
            return
        self._stop_ringing()
        leg = self.leg
        if leg is not None:
            if self.answered_at is None and self.callee is not None:
                self._dial_end(status)
            self._write_spool(leg, cause, source)
        self._finish(cause)
        if self.onward is not None:
            self.onward.end(cause=cause)

    def _write_spool(self, leg: FakeChannel, cause: int, source: str) -> None:
        now = self.pbx.now()
        answered = "" if self.answered_at is None else f"{self.answered_at:.6f}"
        if leg.leg_variable == "emergency":
            head = f"emergency|{self.endpoint}|{self.number}|{self.caller.created_at:.6f}"
            key = f"{self.caller.uniqueid}-emergency"
            self.pbx.spool[key] = f"{head}|{answered}|{now:.6f}|{cause}"
        else:
            head = f"end|{leg.leg_variable}|{answered}"
            self.pbx.spool[leg.uniqueid] = f"{head}|{now:.6f}|{cause}|{source}|{leg.name}"

    def _finish(self, cause: int) -> None:
        pbx, leg = self.pbx, self.callee
        self.ended.set()
        talk_s = 0.0 if self.answered_at is None else pbx.now() - self.answered_at
        disposition = "NO ANSWER" if self.answered_at is None else "ANSWERED"
        disposition = DISPOSITIONS.get(cause, disposition)
        if self.origin is not None:
            self.origin.end(cause=cause)
        pbx.hang_up(self.caller, cause)
        pbx.emit("Cdr", cdr(self.caller, leg.name if leg else "", disposition, talk_s), "cdr,all")
        if leg is not None:
            pbx.hang_up(leg, cause)

    def _stop_ringing(self) -> None:
        if self._ring_limit is not None:
            self._ring_limit.cancel()
            self._ring_limit = None

    def abandon(self) -> None:
        """Asterisk was killed: nothing is told, nothing is written."""
        self._stop_ringing()
        self.ended.set()
