"""A phone of our own, for calls that a test steers while they go on, and for what is heard."""

from tests.asterisk.harness.legs import CalledLeg, FarEnd, HandsetCall
from tests.asterisk.harness.party import Party
from tests.asterisk.harness.user_agent import Address


class Handset(Party):
    """An extension's phone, known to Asterisk by its address; it rings until it is told more."""

    def __init__(self, extension: str, host: str, peer: Address, name: str = "") -> None:
        super().__init__(name or extension, host, peer, FarEnd.never_answers())
        self.extension = extension

    def call(self, number: str) -> HandsetCall:
        """Dial; what becomes of it is in the call's trace."""
        return self._place(number, self.name)

    async def ring(self, nth: int = 1, within_s: float = 10.0) -> CalledLeg:
        """Wait for the n-th call to this phone."""
        return await self.leg(self.extension, nth, within_s)
