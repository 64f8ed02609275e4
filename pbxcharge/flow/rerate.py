"""Re-rating: settled calls priced again, and charged anew where they cost something else."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pbxcharge.core.account import wallet_owner
from pbxcharge.core.cdr import Cdr, Revision
from pbxcharge.core.credit import (
    BelowRefund,
    Converted,
    Operation,
    Outcome,
    OutOfBounds,
    Recharged,
    Wallet,
)
from pbxcharge.core.effects import Effect, RevisionWritten
from pbxcharge.core.revision import recharges
from pbxcharge.failpoints import Failpoint, reach
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.records import Records
from pbxcharge.flow.rerate_judge import Judge, Rerated, Verdict, Wanted, below_refund
from pbxcharge.flow.wallets import moved_on

TOGETHER: Final = 10
"""So many calls are given to the writer at once, so that running calls are never behind many."""


class NotRecharged(Exception):
    """A level of the call could not be charged anew, so none is.

    Args:
        why: the engine's answer.
    """

    def __init__(self, why: Outcome) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass(frozen=True, slots=True)
class _Signed:
    """Whose correction of a call it is, and when."""

    wanted: Wanted
    at_us: int
    actor: str

    def revision(self, after: Cdr) -> Revision:
        """What is kept beside the record."""
        wanted = self.wanted
        return Revision(after.revision, self.at_us, self.actor, wanted.note, after, wanted.run_id)

    def operations(self, before: Cdr, after: Cdr, wallets: Sequence[Wallet]) -> Sequence[Operation]:
        """What is booked: in each wallet that pays otherwise, and on to the one in its place."""
        found: list[Operation] = []
        for operation in recharges(before, after, self.at_us, self.actor, self.wanted.note):
            found.append(operation)
            owner = wallet_owner(operation.wallet_id)
            own = [wallet for wallet in wallets if wallet.account_id == owner]
            found += moved_on(own, operation.wallet_id, self.at_us, self.actor)
        return found


class Rerating:
    """Prices settled calls again and books the difference.

    Args:
        writer: the one writer.
        records: what is committed.
        judge: says what becomes of each call.
        clock: dates the entries.
        turn: of everybody who changes accounts, and with them which wallets are closed.
    """

    def __init__(
        self, writer: Writer, records: Records, judge: Judge, clock: Clock, turn: asyncio.Lock
    ) -> None:
        self._writer = writer
        self._records = records
        self._judge = judge
        self._clock = clock
        self._turn = turn

    async def look(self, wanted: Wanted) -> list[Rerated]:
        """What would become of the calls; nothing is written."""
        return await self._judge.all(wanted)

    async def book(self, wanted: Wanted, actor: str) -> list[Rerated]:
        """Charge the calls anew that cost something else; each in one step, or not at all.

        Safe to repeat: a call that the run has charged anew stays as it is.

        Raises:
            StorageDown: some may be booked, others not; the same run tells.
        """
        async with self._turn:
            judged = await self.look(wanted)
            names = {each.account_id for it in judged if it.after for each in it.after.levels}
            wallets = await self._records.wallets(sorted(names))
            now_us = self._clock.wall_us()
            # Each has an instant of its own: what moves on from closed wallets is named by it.
            signed = [
                (call, _Signed(wanted, now_us + place, actor)) for place, call in enumerate(judged)
            ]
            booked: list[Rerated | BaseException] = []
            for first in range(0, len(signed), TOGETHER):
                together = signed[first : first + TOGETHER]
                booking = [self._book(call, by, wallets) for call, by in together]
                # All are waited for, also when one fails: whoever comes next reads what they did.
                booked += await asyncio.gather(*booking, return_exceptions=True)
        reach(Failpoint.AFTER_MONEY)
        return [_sure(each) for each in booked]

    async def _book(self, call: Rerated, signed: _Signed, wallets: Sequence[Wallet]) -> Rerated:
        before, after, rating = call.before, call.after, call.rating
        if call.verdict is not Verdict.CHANGED or before is None or after is None or rating is None:
            return call
        operations = signed.operations(before, after, wallets)
        effect = RevisionWritten(signed.revision(after), rating)
        try:
            await self._writer.submit(operations, lambda outcomes: _whole(outcomes, effect))
        except NotRecharged as error:
            return _not_recharged(call, error.why)
        return call


def _sure(booked: Rerated | BaseException) -> Rerated:
    if isinstance(booked, BaseException):
        raise booked
    return booked


def _whole(outcomes: tuple[Outcome, ...], effect: Effect) -> tuple[Effect, ...]:
    """The correction of a call, unless one of its levels could not be charged anew.

    Raises:
        NotRecharged: then the writer undoes them all.
    """
    for outcome in outcomes:
        if not isinstance(outcome, Recharged | Converted):
            raise NotRecharged(outcome)
    return (effect,)


def _not_recharged(call: Rerated, why: Outcome) -> Rerated:
    """A refund may have come between, or a balance at its end."""
    if isinstance(why, BelowRefund):
        owner = wallet_owner(why.wallet_id)
        message = below_refund(owner, why.charge_micros, why.refunded_micros)
        return replace(call, verdict=Verdict.BELOW_REFUND, why=message)
    if isinstance(why, OutOfBounds):
        message = "a balance would pass 10^12 units"
        return replace(call, verdict=Verdict.OUT_OF_BOUNDS, why=message)
    raise AssertionError(f"{why} is no answer to a correction")
