"""Refunds: what a call was charged is given back, in part or in full, and never twice."""

import asyncio
from dataclasses import dataclass, replace

from pbxcharge.core.account import wallet_owner
from pbxcharge.core.cdr import Cdr, LevelCharge
from pbxcharge.core.credit import Refund
from pbxcharge.core.ledger import EntryKind, reversal_entry_id
from pbxcharge.flow.acts import Declined, Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.closed_months import ClosedMonths
from pbxcharge.flow.records import Records
from pbxcharge.flow.till import MoneyAct, Till, malformed, wrong_amount
from pbxcharge.flow.wallets import moved_on


@dataclass(frozen=True, slots=True)
class Refunding:
    """A refund that is asked for.

    Args:
        entry_id: of the entry to be made.
        call_id: the call.
        account_id: whose charge of the call; None is the caller's own.
        amount_micros: how much; None is all that is left.
        note: for people.
        closed_month: whether it is given though the month of the call is closed.
    """

    entry_id: str
    call_id: str
    account_id: str | None = None
    amount_micros: int | None = None
    note: str = ""
    closed_month: bool = False


class Refunds:
    """Gives back what calls were charged.

    Args:
        till: moves the money.
        records: what is committed.
        clock: dates the entries.
        turn: of everybody who changes accounts, and with them which wallets are closed.
        months: which of them are closed.
    """

    def __init__(
        self, till: Till, records: Records, clock: Clock, turn: asyncio.Lock, months: ClosedMonths
    ) -> None:
        self._till = till
        self._records = records
        self._clock = clock
        self._turn = turn
        self._months = months

    async def give_back(self, wanted: Refunding, actor: str) -> MoneyAct:
        """Give back what a call was charged, or a part of it, never more than is left.

        Of a call that was charged anew it is given back from the charge that counts now.
        """
        if declined := malformed(wanted.entry_id, wanted.note):
            return declined
        if wanted.amount_micros is not None and wanted.amount_micros <= 0:
            return wrong_amount("a refund gives back: give an amount above 0")
        level = await self._charged(wanted)
        if isinstance(level, Declined):
            return level
        now_us = self._clock.wall_us()
        refund = Refund(
            entry_id=wanted.entry_id,
            call_id=wanted.call_id,
            wallet_id=level.wallet_id,
            amount_micros=wanted.amount_micros,
            at_us=now_us,
            actor=actor,
            note=wanted.note,
        )
        async with self._turn:
            wallets = await self._records.wallets([level.account_id])
            return await self._till.submit(
                refund, *moved_on(wallets, level.wallet_id, now_us, actor)
            )

    async def give_back_entry(self, charge_id: str, wanted: Refunding, actor: str) -> MoneyAct:
        """The same of one charge, by the id of its entry."""
        entry = await self._records.entry(charge_id)
        if entry is None:
            message = f"there is no entry {charge_id!r}"
            return Declined(Refusal.UNKNOWN_ENTRY, message, "`pbxcharge explain CALL` lists them")
        if entry.kind is not EntryKind.CHARGE or entry.call_id is None:
            message = f"{charge_id} is no charge of a call, but {entry.kind}"
            return Declined(Refusal.NOTHING_CHARGED, message, "correct others by adjust")
        if await self._records.entry(reversal_entry_id(charge_id)) is not None:
            message = f"{charge_id} was taken back when the call was charged anew"
            return Declined(Refusal.NOTHING_CHARGED, message, f"refund the call {entry.call_id}")
        named = replace(wanted, call_id=entry.call_id, account_id=wallet_owner(entry.wallet_id))
        return await self.give_back(named, actor)

    async def _charged(self, wanted: Refunding) -> LevelCharge | Declined:
        """The level of the call that gets something back."""
        records = await self._records.recharges.records([wanted.call_id])
        cdr = records.get(wanted.call_id)
        if cdr is None:
            message = f"there is no record of a call {wanted.call_id!r}, or it still runs"
            return Declined(Refusal.UNKNOWN_CALL, message)
        level = _level(cdr, wanted.account_id)
        if level is None:
            return Declined(Refusal.NOTHING_CHARGED, _who_paid(cdr, wanted.account_id))
        closed = "" if wanted.closed_month else self._months.why_closed(cdr)
        # A repeat is told what became of it, also after the end of the month.
        if closed and await self._records.entry(wanted.entry_id) is None:
            return Declined(
                Refusal.MONTH_CLOSED, closed, "give it with --closed-month all the same"
            )
        return level


def _level(cdr: Cdr, account_id: str | None) -> LevelCharge | None:
    """The charge that is meant: one account's, or the caller's own; None if it paid nothing."""
    wanted = account_id or cdr.account_id
    paid = (level for level in cdr.levels if level.charge_micros)
    return next((level for level in paid if level.account_id == wanted), None)


def _who_paid(cdr: Cdr, account_id: str | None) -> str:
    paid = [level.account_id for level in cdr.levels if level.charge_micros]
    wanted = account_id or cdr.account_id
    return f"{wanted} paid nothing for {cdr.call_id}; who did: {', '.join(paid) or 'nobody'}"
