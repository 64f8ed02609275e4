"""One call at one party: a leg that reached it, or one that it placed."""

import asyncio
from dataclasses import dataclass
from typing import Self

from tests.asterisk.harness import sip
from tests.asterisk.harness.user_agent import Dialog, UserAgent, token


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


class CalledLeg(Dialog):
    """One call that reached a party."""

    def __init__(self, agent: UserAgent, invite: sip.SipMessage) -> None:
        super().__init__(agent, invite.dialled, invite.get("Call-ID"))
        self.invite = invite
        self.local = f"{invite.get('To')};tag={token()}"
        self.remote = invite.get("From")
        self.target = sip.address_in(invite.get("Contact"))
        self.sound_to = sip.media_address(invite)
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


class HandsetCall(Dialog):
    """One call that a party makes; `caller` is what it says of itself."""

    def __init__(self, agent: UserAgent, number: str, caller: str) -> None:
        super().__init__(agent, number, f"{token()}@{agent.host}")
        self._branch = token()
        self.local = f"<sip:{caller}@{agent.host}>;tag={token()}"
        self.remote = f"<sip:{number}@{agent.peer[0]}>"
        self.target = f"sip:{number}@{agent.peer[0]}:{agent.peer[1]}"

    def begin(self) -> None:
        """Send the INVITE."""
        self.cseq = 1
        self.note("INVITE", "INVITE", sent=True)
        self._send_first("INVITE", self.ear.description)

    def _send_first(self, method: str, body: str = "") -> None:
        raw = self._first(method, body)
        self.send(raw)
        self.insist(raw, (method, 1))

    def _first(self, method: str, body: str = "") -> bytes:
        """The INVITE, and what concerns it before there is a dialog: same branch, same number."""
        via = ("Via", self.agent.via(self._branch))
        number = self.trace.number
        start = f"{method} sip:{number}@{self.agent.peer[0]}:{self.agent.peer[1]} SIP/2.0"
        return sip.compose(start, [via, *self.identity(1, method)], body)

    def cancel(self) -> None:
        """Give up while it rings."""
        self.note("CANCEL", "CANCEL", sent=True)
        self._send_first("CANCEL")

    def on_response(self, message: sip.SipMessage) -> None:
        """Final answers to the INVITE are acknowledged."""
        super().on_response(message)
        code = message.code or 0
        if message.method == "INVITE" and code >= 200:
            self.remote = message.get("To")
            if code < 300:
                self.target = sip.address_in(message.get("Contact"))
                headers = [("Via", self.agent.via(token())), *self.identity(1, "ACK")]
                self.send(sip.compose(f"ACK {self.target} SIP/2.0", headers))
            else:
                self.send(self._first("ACK"))
