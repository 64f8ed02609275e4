"""Somebody who is called and calls: behaves as each dialled number was planned to."""

import asyncio
import re

from tests.asterisk.harness import sip
from tests.asterisk.harness.legs import CalledLeg, FarEnd, HandsetCall
from tests.asterisk.harness.seen import CallTrace
from tests.asterisk.harness.user_agent import Address, UserAgent


class Party(UserAgent):
    """A user agent with plans for the calls that come; `usually` is for numbers without one."""

    def __init__(self, name: str, host: str, peer: Address, usually: FarEnd) -> None:
        super().__init__(name, host, peer)
        self.usually = usually
        self._plans: dict[str, FarEnd] = {}
        self._legs: dict[str, list[CalledLeg]] = {}
        self._arrived = asyncio.Event()

    def plan(self, number: str, far_end: FarEnd) -> None:
        """Say how a number behaves from now on."""
        self._plans[number] = far_end

    def legs(self, number: str) -> list[CalledLeg]:
        """Every call that came for this number, oldest first."""
        return self._legs.get(number, [])

    def trace(self, number: str) -> CallTrace:
        """What was seen of the only call to this number.

        Raises:
            LookupError: there was none, or more than one.
        """
        legs = self.legs(number)
        if len(legs) != 1:
            raise LookupError(f"{len(legs)} calls reached {number}")
        return legs[0].trace

    async def leg(self, number: str, nth: int = 1, within_s: float = 10.0) -> CalledLeg:
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
        leg = CalledLeg(self, request)
        self.dialogs[leg.call_id] = leg
        self._legs.setdefault(request.dialled, []).append(leg)
        leg.play(self._plans.get(request.dialled, self.usually))
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()

    def _place(self, number: str, caller: str) -> HandsetCall:
        """Dial; what becomes of it is in the call's trace.

        Raises:
            ValueError: the number holds what would break the message.
        """
        if re.search(r"[\s<>@]", number):
            raise ValueError(number)
        call = HandsetCall(self, number, caller)
        self.dialogs[call.call_id] = call
        call.begin()
        return call
