"""The far end of the trunk: every number that is not of the house."""

from tests.asterisk.harness.legs import FarEnd, HandsetCall
from tests.asterisk.harness.party import Party
from tests.asterisk.harness.user_agent import Address


class Carrier(Party):
    """All numbers behind the trunk; a number that nobody planned does not exist (404)."""

    def __init__(self, host: str, peer: Address, name: str = "carrier") -> None:
        super().__init__(name, host, peer, FarEnd.refuses(404))

    def call(self, number: str, caller: str = "441632960000") -> HandsetCall:
        """Bring a call in: to this number of the house, from that caller."""
        return self._place(number, caller)
