"""What a SIP party saw of one call: each message, who sent it, and when."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Sighting:
    """One SIP message at one party.

    `what` is the method of a request ("INVITE") or the code of a response ("180");
    `method` is the request's method in both cases; `sent` is true if this party sent it.
    """

    what: str
    method: str
    sent: bool
    at_epoch_s: float
    at_monotonic_s: float


class CallTrace:
    """All messages of one call at one party, in order, growing while the call goes on."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.sightings: list[Sighting] = []
        self._changed = asyncio.Event()

    def first(self, what: str, method: str = "INVITE") -> Sighting | None:
        """The first message of this kind; requests other than INVITE are found by name alone."""
        wanted = method if what.isdigit() else what
        return next((s for s in self.sightings if s.what == what and s.method == wanted), None)

    def at(self, what: str) -> float:
        """The epoch second of the first message of this kind.

        Raises:
            LookupError: no such message was seen.
        """
        sighting = self.first(what)
        if sighting is None:
            raise LookupError(f"no {what} in the call to {self.number}: {self.story()}")
        return sighting.at_epoch_s

    @property
    def final_code(self) -> int | None:
        """The final answer to the INVITE: 200, 402, 487 … or None while there is none."""
        finals = (s.what for s in self.sightings if s.method == "INVITE" and s.what.isdigit())
        return next((int(code) for code in finals if int(code) >= 200), None)

    @property
    def bye_sent(self) -> bool | None:
        """True if this party hung up, False if the other side did, None without a BYE."""
        bye = self.first("BYE")
        return None if bye is None else bye.sent

    @property
    def talk_s(self) -> float:
        """Seconds from the answer to the BYE as this party saw them."""
        return self.at("BYE") - self.at("200")

    def story(self) -> str:
        """The call in one line, for messages of failed tests."""
        if not self.sightings:
            return "(nothing)"
        start = self.sightings[0].at_epoch_s
        return " ".join(
            f"{'>' if s.sent else '<'}{s.what}@{s.at_epoch_s - start:.3f}" for s in self.sightings
        )

    @property
    def over(self) -> bool:
        """True once the call was refused, or hung up by either side."""
        code = self.final_code
        return self.first("BYE") is not None or (code is not None and code >= 300)

    def note(self, sighting: Sighting) -> None:
        """Add a message and wake whoever waits for it."""
        self.sightings.append(sighting)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def until(self, what: str, within_s: float = 10.0) -> Sighting:
        """Wait for a message of this kind.

        Raises:
            TimeoutError: it did not come in time.
        """
        await self._until(lambda: self.first(what) is not None, what, within_s)
        found = self.first(what)
        assert found is not None
        return found

    async def until_over(self, within_s: float = 30.0) -> Self:
        """Wait for a refusal or a BYE.

        Raises:
            TimeoutError: the call still goes on.
        """
        await self._until(lambda: self.over, "end", within_s)
        return self

    async def _until(self, met: Callable[[], bool], wanted: str, within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s):
                while not met():
                    await self._changed.wait()
        except TimeoutError:
            story = self.story()
            raise TimeoutError(f"{self.number}: no {wanted} within {within_s} s: {story}") from None
