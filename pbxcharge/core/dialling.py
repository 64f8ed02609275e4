"""How Asterisk is to dial the public network: over which trunk a number leaves the house."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Dialling:
    """The usual way to dial, and other ways for some prefixes; the longest prefix wins.

    With `PJSIP/{number}@carrier`, and `PJSIP/{number}@second` for 49, the number 4930123456 is
    dialled as `PJSIP/4930123456@second`.

    Args:
        usual: what Dial is given, with `{number}` in it.
        by_prefix: the same for leading digits of E.164.
    """

    usual: str
    by_prefix: Mapping[str, str] = field(default_factory=dict)

    def string(self, number: str) -> str:
        """What Dial is given for a number."""
        for length in range(len(number), 0, -1):
            if (way := self.by_prefix.get(number[:length])) is not None:
                return way.replace("{number}", number)
        return self.usual.replace("{number}", number)
