"""What becomes of settled calls that are priced again; nothing is written here."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pbxcharge.core.authorization import Denial
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.corrections import paid
from pbxcharge.core.ledger import Entry
from pbxcharge.core.money import format_amount
from pbxcharge.core.rating import Rating
from pbxcharge.core.revision import costs_the_same, revised
from pbxcharge.flow.closed_months import ClosedMonths
from pbxcharge.flow.past_prices import PastPrices
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.records import Records


class Verdict(StrEnum):
    """What becomes of a call that is priced again. Only a `changed` one is charged anew."""

    CHANGED = "changed"
    """It costs something else, and is charged anew with `--apply`."""
    SAME = "same"
    """It costs what it was charged."""
    ALREADY = "already"
    """This run has charged it anew before."""
    REFUSED = "refused"
    """These plans would refuse it; it stays as it was charged."""
    MONTH_CLOSED = "month_closed"
    """It ended in a closed month; `--closed-month` charges it anew all the same."""
    BELOW_REFUND = "below_refund"
    """It would cost less than what was given back for it already."""
    OUT_OF_BOUNDS = "out_of_bounds"
    """The balance would pass what is kept."""
    NOT_PRICED = "not_priced"
    """Nobody pays for it."""
    UNKNOWN = "unknown_call"
    """There is no record of it."""


@dataclass(frozen=True, slots=True)
class Rerated:
    """A settled call, priced again.

    Args:
        call_id: the call.
        verdict: what becomes of it.
        why: of a call that stays as it is, for people.
        before: as it counts now.
        after: as it would count, or counts since it was booked.
        rating: what it is priced with then.
        ends_after_s: when these plans would have ended it, where that is before its end. It is
            charged for all talk that was paid for all the same.
    """

    call_id: str
    verdict: Verdict
    why: str = ""
    before: Cdr | None = None
    after: Cdr | None = None
    rating: Rating | None = None
    ends_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls are priced again, and by what.

    Args:
        call_ids: a few dozen.
        run_id: of the command; it charges a call anew once.
        closed_month: whether calls of closed months are charged anew, too.
        ratings: of calls that are not priced by the plans in force.
        note: for people.
    """

    call_ids: Sequence[str]
    run_id: str = ""
    closed_month: bool = False
    ratings: Mapping[str, Rating] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the books say of the calls, and what prices them."""

    cdrs: Mapping[str, Cdr]
    entries: Sequence[Entry]
    done: frozenset[str]
    past: PastPrices


class Judge:
    """Prices settled calls again.

    Args:
        records: what is committed.
        prices: what is in force.
        months: which of them are closed.
    """

    def __init__(self, records: Records, prices: Prices, months: ClosedMonths) -> None:
        self._records = records
        self._prices = prices
        self._months = months

    async def all(self, wanted: Wanted) -> list[Rerated]:
        """What becomes of each call; others are let through in between."""
        call_ids = list(dict.fromkeys(wanted.call_ids))
        known = await self._known(call_ids, wanted.run_id)
        judged = []
        for call_id in call_ids:
            judged.append(self._one(call_id, wanted, known))
            await asyncio.sleep(0)
        return judged

    async def _known(self, call_ids: list[str], run_id: str) -> _Known:
        settled = self._records.recharges
        cdrs = await settled.records(call_ids)
        done = await settled.charged_by(run_id, call_ids) if run_id else frozenset[str]()
        past = await PastPrices.of(self._prices, self._records, cdrs.values())
        return _Known(cdrs, await settled.entries(call_ids), done, past)

    def _one(self, call_id: str, wanted: Wanted, known: _Known) -> Rerated:
        cdr = known.cdrs.get(call_id)
        if cdr is None:
            return Rerated(call_id, Verdict.UNKNOWN, "there is no record of it, or it still runs")
        if call_id in known.done:
            return Rerated(call_id, Verdict.ALREADY, "this run did it before", cdr, cdr)
        if cdr.answered_at_us is None or not cdr.levels:
            return Rerated(call_id, Verdict.NOT_PRICED, "nobody pays for it", cdr)
        closed = "" if wanted.closed_month else self._months.why_closed(cdr)
        if closed:
            return Rerated(call_id, Verdict.MONTH_CLOSED, closed, cdr)
        return _compared(cdr, wanted.ratings.get(call_id), known)


def _compared(cdr: Cdr, rating: Rating | None, known: _Known) -> Rerated:
    ends_after_s = None
    if rating is None:
        again = known.past.again(cdr)
        if isinstance(again, Denial):
            return Rerated(cdr.call_id, Verdict.REFUSED, _refused(again), cdr)
        rating, ends_after_s = again.rating, again.ends_after_s
    after = revised(cdr, rating)
    if costs_the_same(cdr, after):
        return Rerated(cdr.call_id, Verdict.SAME, "", cdr, after, rating, ends_after_s)
    below = next(_below_refunds(after, known.entries), "")
    verdict = Verdict.BELOW_REFUND if below else Verdict.CHANGED
    return Rerated(cdr.call_id, verdict, below, cdr, after, rating, ends_after_s)


def _refused(denial: Denial) -> str:
    by = f" at {denial.account_id}" if denial.account_id else ""
    return f"these plans would refuse it{by}: {denial.reason}"


def _below_refunds(after: Cdr, entries: Sequence[Entry]) -> Iterator[str]:
    for level in after.levels:
        given_back = paid(after.call_id, level.wallet_id, entries).refunded_micros
        if level.charge_micros < given_back:
            yield below_refund(level.account_id, level.charge_micros, given_back)


def below_refund(account_id: str, charge_micros: int, refunded_micros: int) -> str:
    """Why a call cannot cost so little, and what may be done."""
    return (
        f"{account_id} was given back {format_amount(refunded_micros)} of it and would pay "
        f"{format_amount(charge_micros)}: leave it as it is, or refund what is left of it"
    )
