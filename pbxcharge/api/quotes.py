"""The answer to "what would this call cost, and how long would the credit last"."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from pbxcharge.api.desk import Desk, declined, unknown_account
from pbxcharge.api.documents import Document, denial_document
from pbxcharge.api.money import micros_of
from pbxcharge.api.quoted import free_document, quote_document
from pbxcharge.core.account import Account
from pbxcharge.core.allowances import coverage_ahead
from pbxcharge.core.attempt import PayingLevel
from pbxcharge.core.authorization import Denial
from pbxcharge.core.coverage import Coverage
from pbxcharge.core.money import MICROS
from pbxcharge.core.permission import Access
from pbxcharge.core.plan import Plan
from pbxcharge.core.price import Price
from pbxcharge.core.quotation import (
    Bound,
    CoverageOf,
    Credit,
    Quote,
    QuotedLevel,
    credit_of,
    quote,
)
from pbxcharge.core.resolution import Route, from_number, organization_of
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.quotas import quotas_at
from pbxcharge.flow.routing import Resolved, route_to
from pbxcharge.flow.zones import month_from_us, zone_name

SECONDS_MAX = 366 * 86_400


async def make_quote(
    desk: Desk,
    account_id: str,
    number: str,
    seconds: int,
    incoming: bool = False,
    at: str | None = None,
    credit: str | None = None,
    forwarded: bool = False,
    access: str = "",
) -> Document:
    """What a call would cost and how long it could last, or why it would be refused.

    `number` is dialled by a phone of the account; with `incoming` it calls the account. An
    emergency number is nobody's expense, whatever account and plan say. `at` is the instant of the
    call, in the site's local time where it names no zone; now without it. `credit` is what the
    caller's own level is to have, instead of what it has. `forwarded` and `access` say how the call
    would come; the first digits of the number may be an access code, too.
    """
    if not 0 <= seconds <= SECONDS_MAX:
        raise declined(Refusal.OUT_OF_BOUNDS, f"a call lasts 0 to {SECONDS_MAX} s")
    chain = await desk.queries.chain(account_id)
    if not chain:
        raise unknown_account(account_id)
    if number in desk.prices.emergency and not incoming:
        return {"quote": free_document(account_id, number, seconds, desk.currency)}
    given_micros, at_s = _given_micros(credit), _at_s(at, desk.prices.zone)
    route = await _route(desk, chain[0], number, incoming=incoming)
    came = Access(access, "" if incoming else number, forwarded)
    circumstances = desk.prices.circumstances(route, "", at_s * MICROS, 0, came)
    plans = _plans(desk, None if at is None else at_s)
    covering = await _coverage_of(desk, Resolved(chain, route), at_s * MICROS)
    quoted = quote(route, seconds, chain, plans, circumstances, covering)
    if isinstance(quoted, Denial):
        return {"refused": denial_document(quoted)}
    credits = await _credits(desk, quoted, chain, given_micros)
    document = quote_document(quoted, credits, account_id, number, desk.currency)
    return {"quote": {**document, "at": _instant(at_s, desk.prices.zone)}}


async def _coverage_of(desk: Desk, resolved: Resolved, at_us: int) -> CoverageOf:
    """What is left now of what the payers have included, for a call of this instant."""
    quotas = await quotas_at(resolved, desk.queries, desk.prices, at_us, at_us + 1)
    known = await desk.queries.allowances(list(quotas)) if quotas else []
    wallets = {wallet.wallet_id: wallet for wallet in known}

    def coverage_of(account_id: str, price: Price, talk_s: int) -> Coverage:
        return coverage_ahead(price, quotas.get(account_id, ()), wallets, talk_s, at_us)

    return coverage_of


def _given_micros(credit: str | None) -> int | None:
    if credit is None:
        return None
    micros = micros_of(credit)
    if micros < 0:
        raise declined(Refusal.AMOUNT_INVALID, "nobody talks for less than nothing")
    return micros


def _at_s(at: str | None, zone: tzinfo) -> int:
    """The UTC second of an instant: 2026-12-24T22:00 at the site, 2026-12-24T21:00Z anywhere.

    Of an hour that a clock passes twice in autumn, the first one is meant.
    """
    if at is None:
        return Clock().wall_us() // MICROS
    try:
        written = datetime.fromisoformat(at)
        at_s = int((written if written.tzinfo else written.replace(tzinfo=zone)).timestamp())
        _instant(at_s, zone)
    except (ValueError, OverflowError, OSError):
        message = f"{at!r} is not an instant such as 2026-12-24T22:00 or 2026-12-24T21:00Z"
        raise declined(Refusal.NAME_INVALID, message) from None
    if at_s < 0:
        # Plans without dates count from 1970 on: all would have no price.
        raise declined(Refusal.NAME_INVALID, f"{at!r} is before 1970, when nothing was priced yet")
    return at_s


def _instant(at_s: int, zone: tzinfo) -> Document:
    """An instant with the site's clock."""
    return {
        "local": datetime.fromtimestamp(at_s, zone).strftime("%Y-%m-%d %H:%M:%S"),
        "time_zone": str(zone),
    }


def _plans(desk: Desk, at_s: int | None) -> Mapping[str, Plan]:
    """The plans in force, or those of an instant by their effective dates."""
    return desk.prices.plans if at_s is None else desk.prices.plans_then(at_s)


async def _route(desk: Desk, account: Account, number: str, *, incoming: bool) -> Route:
    numbering = desk.prices.numbering
    if incoming:
        return from_number(number, numbering)
    return await route_to(number, organization_of(account), desk.queries, numbering)


async def _credits(
    desk: Desk, quoted: Quote, chain: tuple[Account, ...], given_micros: int | None
) -> list[Credit]:
    """What each level can spend now; the caller's own what was given, if anything was."""
    above = {account.account_id: chain[place:] for place, account in enumerate(chain)}
    found = []
    for place, level in enumerate(quoted.levels):
        if place == 0 and given_micros is not None:
            found.append(Credit(given_micros, Bound.GIVEN))
        else:
            zone = zone_name(above[level.account_id], str(desk.prices.zone))
            found.append(await _credit(desk, level, zone))
    return found


async def _credit(desk: Desk, level: QuotedLevel, zone: str) -> Credit:
    """What the wallet has and its account may spend, by what is committed now."""
    now_us, limits = Clock().wall_us(), level.rated.limits
    activity = await desk.queries.activity(level.account_id, now_us)
    paying = PayingLevel(level.account_id, level.wallet_id, zone)
    month_us = month_from_us(paying, limits, now_us)
    if month_us is not None:
        charged_micros = await desk.queries.charged_micros(level.account_id, month_us)
        activity = activity.with_month(month_us, charged_micros)
    wallets = await desk.queries.wallets([level.account_id])
    wallet = next((each for each in wallets if each.wallet_id == level.wallet_id), None)
    return credit_of(wallet, limits, activity, month_us, now_us)
