"""What an account has included and discounted in its billing period, and what is left of it."""

from pbxcharge.api.desk import Desk, unknown_account
from pbxcharge.api.documents import Document, instant
from pbxcharge.core.allowance import EVERYWHERE, Quota
from pbxcharge.core.assigned_product import ProductKind
from pbxcharge.core.measure import Measure
from pbxcharge.core.money import format_amount
from pbxcharge.core.period import local_day
from pbxcharge.core.quota_use import QuotaUse, quota_uses
from pbxcharge.core.shown_lines import percent_text
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.quotas import billed_by, sources_of
from pbxcharge.flow.zones import local_text

_KINDS = {ProductKind.MAIN: "product", ProductKind.ADD_ON: "add_on"}


async def account_quotas(desk: Desk, account_id: str) -> Document:
    """The quotas of an account as they stand now, in the order in which calls use them."""
    chain = await desk.queries.chain(account_id)
    if not chain:
        raise unknown_account(account_id)
    at_us = Clock().wall_us()
    calendar, zone = await billed_by(chain, desk.queries, desk.prices)
    sources = sources_of(chain[0], desk.prices, at_us)
    wallets = {it.wallet_id: it for it in await desk.queries.allowances([account_id])}
    kinds = {each.product: _KINDS[each.kind] for each in chain[0].assigned}
    period = calendar.holding(local_day(at_us, zone))
    return {
        "account_id": account_id,
        "at": instant(at_us),
        "time_zone": str(zone),
        "billing_period": str(period.cycle),
        "period_first": period.first.isoformat(),
        "period_until": period.until.isoformat(),
        "currency": desk.currency,
        "quotas": [
            {
                **_quota(use),
                "source": kinds.get(use.source, "account"),
                "product": use.source or None,
                "from": local_text(zone, use.wallet.from_us),
                "until": local_text(zone, use.wallet.until_us),
            }
            for use in quota_uses(account_id, sources, wallets, calendar, zone, at_us)
        ],
    }


def _quota(use: QuotaUse) -> Document:
    """Counts are whole seconds, or amounts before any discount."""
    quota = use.quota
    return {
        "quota": quota.name,
        "shown_name": quota.shown_name,
        "measure": str(quota.measure),
        "destinations": [] if quota.destinations == EVERYWHERE else sorted(_places(quota)),
        "rolled_over": use.rolled_over,
        "granted": _count(quota, use.granted),
        "used": _count(quota, use.used),
        "held": _count(quota, use.held),
        "left": _count(quota, use.left),
        "discount_percent": percent_text(use.discount),
        "tiers": [
            {
                "from": _count(quota, tier.from_used),
                "discount_percent": percent_text(tier.discount_percent / 100),
            }
            for tier in quota.tiers
        ],
        "wallet_id": use.wallet.wallet_id,
    }


def _places(quota: Quota) -> frozenset[str]:
    return quota.destinations.digits


def _count(quota: Quota, count: int | None) -> int | str | None:
    if count is None or quota.measure is Measure.SECONDS:
        return count
    return format_amount(count)
