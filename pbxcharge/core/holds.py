"""Wallets, and the holds that set aside what is in them for live calls."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pbxcharge.core.coverage import Coverage

MICROS_UNIT: Final = "micros"
SECONDS_UNIT: Final = "seconds"


@dataclass(frozen=True, slots=True)
class Wallet:
    """Credit of one kind of one account, as the engine knows it.

    Args:
        wallet_id: see account.wallet_id.
        account_id: whose it is.
        kind: what it pays for.
        balance_micros: the sum of its entries.
        held_micros: the sum of its pending holds.
        floor_micros: how low the balance may be spent; minus the credit limit.
        calls: how many live calls hold credit of it.
        closed: the account has others in its place; nothing is paid from it or into it.
        unit: of what is in it; amounts are micro-units, in wallets of included minutes seconds.
    """

    wallet_id: str
    account_id: str
    kind: str
    balance_micros: int = 0
    held_micros: int = 0
    floor_micros: int = 0
    calls: int = 0
    closed: bool = False
    unit: str = MICROS_UNIT

    @property
    def available_micros(self) -> int:
        """Balance 10, held 3, credit limit 2: 9 may still be promised. Negative after a cut."""
        return self.balance_micros - self.floor_micros - self.held_micros

    def moved(self, balance_micros: int, held_micros: int, calls: int) -> "Wallet":
        """The wallet after its balance, what is held and its calls rose or fell by so much."""
        return Wallet(
            self.wallet_id,
            self.account_id,
            self.kind,
            self.balance_micros + balance_micros,
            self.held_micros + held_micros,
            self.floor_micros,
            self.calls + calls,
            self.closed,
            self.unit,
        )


@dataclass(frozen=True, slots=True)
class HoldLine:
    """What a hold sets aside in one wallet."""

    wallet_id: str
    amount_micros: int


class HoldState(StrEnum):
    """Pending becomes posted (something was charged) or voided, once, on evidence."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Hold:
    """Credit set aside for one call.

    Args:
        call_id: one hold for each call.
        step: the number of the last reservation that was granted, from 1.
        through_s: seconds of talk that are paid for.
        lines: every wallet that pays, all or none.
        node: the PBX whose daemon holds it.
        expires_at_us: end of the lease; from then on others may look for evidence.
        state: see HoldState.
        begun_at_us: when its first step was granted.
        coverage: which seconds quotas take something off, at each level that has any; what they
            use is held in lines of their own, after those of the levels.
    """

    call_id: str
    step: int
    through_s: int
    lines: tuple[HoldLine, ...]
    node: str
    expires_at_us: int
    state: HoldState = HoldState.PENDING
    begun_at_us: int = 0
    coverage: tuple[Coverage, ...] = ()

    def held_micros(self, wallet: str) -> int:
        """What this hold sets aside in one wallet."""
        return sum(line.amount_micros for line in self.lines if line.wallet_id == wallet)

    @property
    def level_lines(self) -> tuple[HoldLine, ...]:
        """What is held in the wallet of each level: money."""
        # Asked for each step of each call, and nearly none of them has any.
        return level_lines(self.lines, self.coverage) if self.coverage else self.lines


def level_lines(
    lines: tuple[HoldLine, ...], coverage: tuple[Coverage, ...]
) -> tuple[HoldLine, ...]:
    """The lines of the levels alone, without those of the quotas that cover the call."""
    if not coverage:
        return lines
    quotas = {span.wallet_id for spans in coverage for span in spans}
    return tuple(line for line in lines if line.wallet_id not in quotas)
