"""The far end of the trunk: behaves as each dialled number was planned to."""

import asyncio
from dataclasses import dataclass
from typing import Self

from tests.asterisk.harness import sip
from tests.asterisk.harness.seen import CallTrace
from tests.asterisk.harness.user_agent import Address, Dialog, UserAgent, token


@dataclass(frozen=True, slots=True)
class FarEnd:
    """How a number behaves when it is called.

    ring_s: seconds from the first sound to the final answer. code: that answer, None for never.
    early_media: 183 with media while ringing, in place of 180. talk_s: hangs up so many
    seconds after the answer. moved_to: the address that a 302 names.
    """

    ring_s: float = 0.1
    code: int | None = 200
    early_media: bool = False
    talk_s: float | None = None
    moved_to: str = ""

    @classmethod
    def answers(cls, after_s: float = 0.1, talk_s: float | None = None) -> Self:
        """Somebody picks up, and hangs up after `talk_s` if that is given."""
        return cls(ring_s=after_s, talk_s=talk_s)

    @classmethod
    def never_answers(cls) -> Self:
        """Rings until the caller's side gives up."""
        return cls(code=None)

    @classmethod
    def busy(cls) -> Self:
        """Is talking to somebody else: 486."""
        return cls(code=486)

    @classmethod
    def refuses(cls, code: int) -> Self:
        """The carrier does not put the call through."""
        return cls(code=code)

    @classmethod
    def announces(cls, for_s: float, talk_s: float | None = None) -> Self:
        """Plays early media (183) before somebody picks up."""
        return cls(ring_s=for_s, early_media=True, talk_s=talk_s)

    @classmethod
    def moves(cls, to: str) -> Self:
        """Says 302 and names another address."""
        return cls(code=302, moved_to=to)


class CarrierLeg(Dialog):
    """One call that reached the carrier."""

    def __init__(self, agent: "Carrier", invite: sip.SipMessage) -> None:
        super().__init__(agent, invite.dialled, invite.get("Call-ID"))
        self.invite = invite
        self.local = f"{invite.get('To')};tag={token()}"
        self.remote = invite.get("From")
        self.target = sip.address_in(invite.get("Contact"))
        self._story: asyncio.Task[None] | None = None

    def play(self, far_end: FarEnd) -> None:
        """Begin to behave."""
        self.note(self.invite, "INVITE", sent=False)
        self.answer(self.invite, 100)
        self._story = self.agent.run(self._play(far_end))

    async def _play(self, far_end: FarEnd) -> None:
        if far_end.early_media:
            self.answer(self.invite, 183, sdp=True)
        else:
            self.answer(self.invite, 180)
        if far_end.code is None:
            return
        await asyncio.sleep(far_end.ring_s)
        self._final(far_end)
        if far_end.code == 200 and far_end.talk_s is not None:
            await asyncio.sleep(far_end.talk_s)
            if not self.trace.over:
                self.hang_up()

    def pick_up(self) -> None:
        """Answer a call that would ring for ever."""
        self._final(FarEnd.answers())

    def _final(self, far_end: FarEnd) -> None:
        code = far_end.code or 0
        raw = self.answer(self.invite, code, sdp=code == 200,
                          contact=f"<{far_end.moved_to}>" if far_end.moved_to else "")  # fmt: skip
        self.insist(raw, ("ACK", self.invite.cseq))

    def on_request(self, message: sip.SipMessage) -> None:
        """A CANCEL ends the ringing, an ACK the repetition of the final answer."""
        if message.method == "ACK":
            self.heard(("ACK", message.cseq))
            return
        super().on_request(message)
        if message.method == "CANCEL" and self.trace.final_code is None:
            if self._story is not None:
                self._story.cancel()
            self.insist(self.answer(self.invite, 487), ("ACK", self.invite.cseq))


class Carrier(UserAgent):
    """All numbers behind the trunk; a number that nobody planned does not exist (404)."""

    def __init__(self, host: str, peer: Address) -> None:
        super().__init__("carrier", host, peer)
        self._plans: dict[str, FarEnd] = {}
        self._legs: dict[str, list[CarrierLeg]] = {}
        self._arrived = asyncio.Event()

    def plan(self, number: str, far_end: FarEnd) -> None:
        """Say how a number behaves from now on."""
        self._plans[number] = far_end

    def legs(self, number: str) -> list[CarrierLeg]:
        """Every call that came for this number, oldest first."""
        return self._legs.get(number, [])

    def trace(self, number: str) -> CallTrace:
        """What the carrier saw of the only call to this number.

        Raises:
            LookupError: there was none, or more than one.
        """
        legs = self.legs(number)
        if len(legs) != 1:
            raise LookupError(f"{len(legs)} calls reached {number}")
        return legs[0].trace

    async def leg(self, number: str, nth: int = 1, within_s: float = 10.0) -> CarrierLeg:
        """Wait for the n-th call to this number.

        Raises:
            TimeoutError: it did not come in time.
        """
        try:
            async with asyncio.timeout(within_s):
                while len(self.legs(number)) < nth:
                    await self._arrived.wait()
        except TimeoutError:
            raise TimeoutError(f"no call {nth} to {number} within {within_s} s") from None
        return self.legs(number)[nth - 1]

    def on_stranger(self, request: sip.SipMessage) -> None:
        """An INVITE is a new call; its repetitions find the dialog."""
        if request.method != "INVITE":
            super().on_stranger(request)
            return
        leg = CarrierLeg(self, request)
        self.dialogs[leg.call_id] = leg
        self._legs.setdefault(request.dialled, []).append(leg)
        leg.play(self._plans.get(request.dialled, FarEnd.refuses(404)))
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()
