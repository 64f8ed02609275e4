"""Plans whose blocks are two seconds, what they charge, and how a test changes its site's files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from ruamel.yaml import YAML

Document = dict[str, Any]
Change = Callable[[Any], None]

HOUSE = """
name: house
type: prepaid
allow: {public: yes, incoming: yes, local: yes, extended_local: yes}
charging_segments: {outgoing: 2/2, incoming: 2/2}
initial_credit: {outgoing: 0.00, incoming: 0.00}
reservation: {slice_s: 5}
out_of_credit: {warn_before_s: 3}
prices:
  public: [{destination: United Kingdom, prefixes: [44], price_per_minute: 0.60}]
  local: {price_per_minute: 0.30}
  extended_local: {price_per_minute: 0.90}
  incoming: [{price_per_minute: 1.20}]
"""
"""A plan with a price for every kind of call; for each begun 2 s it charges as BLOCK says."""
LOUNGE = """
name: lounge
type: prepaid
allow: {public: yes}
charging_segments: {outgoing: 2/2}
initial_credit: {outgoing: 0.00}
reservation: {slice_s: 5}
out_of_credit: {warn_before_s: 3, sound: hello, action: continue, context: pbxc-topup}
prices:
  public:
    - {destination: United Kingdom, prefixes: [44], price_per_minute: 0.60}
    - destination: Germany
      prefixes: [49]
      price_per_minute: 0.60
      maximum_charge: {amount: 0.06, then: hang_up}
    - destination: France
      prefixes: [33]
      price_per_minute: 0.60
      maximum_charge: {amount: 0.06, then: free}
"""
"""A plan as kiosk, whose callers go on in a menu when their credit ends."""
BLOCK = {"public": "0.02", "local": "0.01", "extended_local": "0.03", "incoming": "0.04"}


def block_price(talk_s: int, kind: str = "public") -> str:
    """What `house` charges for a call, `kiosk` for one to Britain: 0.02 for each begun 2 s."""
    return f"{Decimal(BLOCK[kind]) * -(-talk_s // 2)}"


def talk_of(cdr: Document) -> int:
    """Seconds of talk by a record's instants; a begun one counts once it has lasted 0.1 s."""
    lasted = datetime.fromisoformat(cdr["ended_at"]) - datetime.fromisoformat(cdr["answered_at"])
    return max(1, 1 + int((lasted - timedelta(milliseconds=100)) // timedelta(seconds=1)))


@dataclass(frozen=True, slots=True)
class Money:
    """What a wallet says: decimal strings."""

    balance: str
    held: str
    available: str

    @classmethod
    def left(cls, credit: str, charge: str) -> Self:
        """What is left of a credit when nothing is held any more."""
        left = f"{Decimal(credit) - Decimal(charge)}"
        return cls(left, "0.00", left)


def unchanged(_: Any) -> None:
    """The example as it is."""


def long_slices(slice_s: int) -> Change:
    """The plan `kiosk` with slices of so many seconds: a daemon may be away for longer."""

    def change(plan: Any) -> None:
        plan["reservation"]["slice_s"] = slice_s

    return change


def rewrite(path: Path, change: Change) -> None:
    """Change a YAML file in place."""
    yaml = YAML()
    content = yaml.load(path)
    change(content)
    yaml.dump(content, path)
