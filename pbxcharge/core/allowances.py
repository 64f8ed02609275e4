"""Allowances of a reservation: what the quotas of its payers take off, and hold for it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pbxcharge.core.coverage import Coverage, cut, joined, of_level, uses
from pbxcharge.core.covering import Counter, covering
from pbxcharge.core.credit_terms import Books, Payer, Reserve
from pbxcharge.core.holds import MICROS_UNIT, SECONDS_UNIT, Hold, HoldLine, Wallet
from pbxcharge.core.measure import Measure
from pbxcharge.core.money import AMOUNT_MAX_MICROS
from pbxcharge.core.price import Covered, Price, block_end, costs_of, covered
from pbxcharge.core.quotas import ALLOWANCE, QuotaWallet

_UNITS: Final = {Measure.SECONDS: SECONDS_UNIT, Measure.AMOUNT: MICROS_UNIT}


@dataclass(frozen=True, slots=True)
class Taken:
    """What a hold takes of quotas: lines and wallets beside those of the levels."""

    coverage: tuple[Coverage, ...] = ()
    lines: tuple[HoldLine, ...] = ()
    wallets: tuple[Wallet, ...] = ()


NOTHING: Final = Taken()


@dataclass(frozen=True, slots=True)
class Allowances:
    """A reservation with the prices that its payers' quotas leave, as far as it may reach.

    Args:
        op: the reservation, at covered prices.
        asked: as it was asked.
        books: as they stand.
        hold: what is held for the call.
        coverage: of each level, also for talk that will not be granted now.
    """

    op: Reserve
    asked: Reserve
    books: Books
    hold: Hold | None
    coverage: tuple[Coverage, ...]

    def taken(self, through_s: int) -> Taken:
        """What is held of the quotas for talk up to an end, whole blocks that are begun by it.

        Lines keep their places as the hold grows, since each is known by its place.
        """
        if not any(self.coverage):
            return NOTHING
        coverage, used = [], dict.fromkeys(self._held, 0)
        for payer, spans in zip(self.asked.payers, self.coverage, strict=True):
            price = _plain(payer)
            till = cut(spans, block_end(price, through_s))
            coverage.append(till)
            used |= dict.fromkeys((span.wallet_id for span in till), 0)
            used |= uses(costs_of(price), till, through_s)
        lines = tuple(HoldLine(wallet_id, amount) for wallet_id, amount in used.items())
        return Taken(tuple(coverage), lines, tuple(self._wallets(lines)))

    @property
    def _held(self) -> tuple[str, ...]:
        """The quotas of which something is held already, in the order of their lines."""
        if self.hold is None or not self.hold.coverage:
            return ()
        levels = {line.wallet_id for line in self.hold.level_lines}
        return tuple(x.wallet_id for x in self.hold.lines if x.wallet_id not in levels)

    def _wallets(self, lines: tuple[HoldLine, ...]) -> Iterator[Wallet]:
        """Those that hold more now, and the others of the call's quotas, should they be new."""
        held = {line.wallet_id: line.amount_micros for line in lines}
        for wallet in _quota_wallets(self.asked, self.books).values():
            if wallet.wallet_id not in held and wallet.wallet_id not in self.books.wallets:
                yield wallet
        for wallet_id, amount in held.items():
            known = _quota_wallets(self.asked, self.books).get(wallet_id)
            wallet = known or self.books.wallets[wallet_id]
            begins = wallet_id not in self._held
            before = self.hold.held_micros(wallet_id) if self.hold else 0
            yield wallet.moved(0, amount - before, calls=1 if begins else 0)


def allow(op: Reserve, books: Books, hold: Hold | None) -> Allowances | None:
    """What the quotas of the payers may take off a reservation; None where nobody has any.

    Alice has two of a hundred minutes left and asks for three at 0.10: 0.10.
    """
    before = hold.coverage if hold else ()
    if not before and not has_quotas(op):
        return None
    wallets = _quota_wallets(op, books)
    coverage = tuple(
        _extended(op, payer, of_level(before, level), wallets, hold)
        for level, payer in enumerate(op.payers)
    )
    payers = tuple(
        replace(payer, price=covered(_plain(payer), spans))
        for payer, spans in zip(op.payers, coverage, strict=True)
    )
    return Allowances(replace(op, payers=payers), op, books, hold, coverage)


def coverage_ahead(
    price: Price,
    quotas: Iterable[QuotaWallet],
    wallets: Mapping[str, Wallet],
    until_s: int,
    at_us: int,
) -> Coverage:
    """What a call that began now could get of quotas, if no other one took anything.

    Args:
        price: of the talk.
        quotas: in the order in which they are used.
        wallets: what was used of them and is held; of one that is not there nothing was.
        until_s: talk that is asked about.
        at_us: now.
    """
    costs = costs_of(price)
    usable = [quota for quota in quotas if quota.usable(at_us)]
    used = [_used(wallets.get(quota.wallet_id)) for quota in usable]
    counters = [Counter(quota, amount) for quota, amount in zip(usable, used, strict=True)]
    grid_s = max(each.grid_s for each in costs)
    return covering(costs, counters, grid_s, block_end(price, until_s), at_us)


def _used(wallet: Wallet | None) -> int:
    return wallet.held_micros - wallet.balance_micros if wallet else 0


def has_quotas(op: Reserve) -> bool:
    """Whether any of the payers has quotas that count the call."""
    # Every reservation asks, and most have one payer: no generator is made for it.
    payers = op.payers
    return bool(payers[0].quotas) or (len(payers) > 1 and any(payer.quotas for payer in payers[1:]))


def _extended(
    op: Reserve, payer: Payer, before: Coverage, wallets: dict[str, Wallet], hold: Hold | None
) -> Coverage:
    """What was granted, and what may be of all talk that is asked about."""
    price = _plain(payer)
    costs = costs_of(price)
    ends = [span.until_s for span in before]
    from_s = max(each.grid_s for each in costs)
    if hold is not None:
        from_s = max(from_s, block_end(price, hold.through_s), *ends)
    own = uses(costs, before, from_s)
    counters = [_counter(quota, wallets[quota.wallet_id], own, hold) for quota in payer.quotas]
    until_s = block_end(price, max(op.want_s, op.horizon_s or 0))
    return joined(before, covering(costs, counters, from_s, until_s, op.at_us))


def _counter(quota: QuotaWallet, wallet: Wallet, own: dict[str, int], hold: Hold | None) -> Counter:
    """What was used, and what other calls hold; of this one what its price is now."""
    held = wallet.held_micros - (hold.held_micros(quota.wallet_id) if hold else 0)
    return Counter(quota, -wallet.balance_micros + held + own.get(quota.wallet_id, 0))


def _quota_wallets(op: Reserve, books: Books) -> dict[str, Wallet]:
    """The wallet of each quota; one that nobody used yet is made."""
    found: dict[str, Wallet] = {}
    for payer in op.payers:
        account_id = books.wallets[payer.wallet_id].account_id
        for quota in payer.quotas:
            name, unit = quota.wallet_id, _UNITS[quota.measure]
            found[name] = books.wallets.get(name) or Wallet(
                name, account_id, ALLOWANCE, floor_micros=-AMOUNT_MAX_MICROS, unit=unit
            )
    return found


def _plain(payer: Payer) -> Price:
    """The price without quotas: who asks gives no other."""
    price = payer.price
    return price.price if isinstance(price, Covered) else price
