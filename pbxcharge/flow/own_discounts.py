"""The act about included minutes and discounts that an account has by itself."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind
from pbxcharge.core.allowance import Quota
from pbxcharge.core.assigned_product import AssignedDiscount
from pbxcharge.core.effects import AccountSaved
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.identity import unknown_account
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.product_rules import against_closed
from pbxcharge.flow.records import Records
from pbxcharge.flow.rules import first

Act = Done[Account] | Declined

DISCOUNTS_MAX: Final = 16
"""So many an account may have by itself: each call of it looks at all of them."""


class OwnDiscounts:
    """Writes which discounts accounts have by themselves; safe to repeat.

    Args:
        writer: the one writer.
        records: what is committed.
        prices: what is in force.
        clock: from when on it counts.
        turn: of everybody who changes accounts.
    """

    def __init__(
        self, writer: Writer, records: Records, prices: Prices, clock: Clock, turn: asyncio.Lock
    ) -> None:
        self._writer = writer
        self._records = records
        self._prices = prices
        self._clock = clock
        self._turn = turn

    async def set(self, account_id: str, names: Sequence[str], actor: str) -> Act:
        """Have an account have these, in this order, and no others, from now on.

        One that it has already counts on from when it began, with what was used and rolls over.
        """
        async with self._turn:
            chain = await self._records.chain(account_id)
            if not chain:
                return unknown_account(account_id)
            account, now_us = chain[0], self._clock.wall_us()
            had = {own.name: own for own in account.discounts}
            wanted = dict.fromkeys(names)
            own = tuple(had.get(name, AssignedDiscount(name, now_us)) for name in wanted)
            if own == account.discounts:
                return Done(account, already=True)
            added = [name for name in wanted if name not in had]
            if declined := first(_against(added, len(own), chain, self._prices.discounts)):
                return declined
            changed = replace(account, discounts=own)
            await self._writer.submit((), [AccountSaved(changed, now_us, actor)])
            return Done(changed)


def _against(
    added: Sequence[str], count: int, chain: Sequence[Account], known: Mapping[str, Quota]
) -> Iterator[Declined]:
    """What is against it; what an account has may always be taken from it."""
    if not added:
        return
    yield from against_closed(chain)
    account = chain[0]
    if account.kind is AccountKind.SERVICE_PROVIDER:
        # Its calls are those of many customers, each with billing periods of its own.
        message = f"{account.account_id} is a {account.kind}, which has no billing period"
        hint = "set it for its organizations, or their users"
        yield Declined(Refusal.DISCOUNT_UNFIT, message, hint, "account")
    for name in added:
        if name not in known:
            hint = f"known: {', '.join(sorted(known)) or 'none'}; see the folder of discounts"
            message = f"there is no discount {name!r}"
            yield Declined(Refusal.UNKNOWN_DISCOUNT, message, hint, "discount")
    if count > DISCOUNTS_MAX:
        message = f"an account has at most {DISCOUNTS_MAX} discounts by itself, not {count}"
        yield Declined(Refusal.OUT_OF_BOUNDS, message, field="discount")
