"""Included minutes and discounts of a call, from the products of those who pay for it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo

from pbxcharge.core.account import Account
from pbxcharge.core.attempt import Granted
from pbxcharge.core.billing_period import BillingCalendar
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import priced_as
from pbxcharge.core.quota_sources import own_sources, quota_sources
from pbxcharge.core.quotas import QuotaSource, QuotaWallet, quotas_of
from pbxcharge.core.resolution import organization_of
from pbxcharge.flow.ports import Calendars
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.routing import Resolved
from pbxcharge.flow.zones import zone_name, zone_of


async def with_quotas(
    granted: Granted, resolved: Resolved, calendars: Calendars, prices: Prices, limit_s: int
) -> Granted:
    """The call with the quotas of each level, as they are when it is authorized.

    Args:
        granted: without any.
        resolved: who pays, and for what.
        calendars: the billing periods of customers.
        prices: the products in force.
        limit_s: the longest talk.
    """
    at_us = granted.attempt.setup_at_us
    until_us = at_us + (granted.ringing_s + limit_s) * MICROS
    found = await quotas_at(resolved, calendars, prices, at_us, until_us)
    if not found:
        return granted
    levels = tuple(
        replace(level, quotas=found.get(level.account_id, ())) for level in granted.levels
    )
    return replace(granted, levels=levels)


async def quotas_at(
    resolved: Resolved, calendars: Calendars, prices: Prices, at_us: int, until_us: int
) -> Mapping[str, tuple[QuotaWallet, ...]]:
    """The quotas that count a call between two instants, by account; of most calls there are none.

    Args:
        resolved: who pays, and for what.
        calendars: the billing periods of customers.
        prices: the products in force.
        at_us: when it is authorized.
        until_us: when it ends at the latest.
    """
    chain, route = resolved.chain, resolved.route
    having = {
        account.account_id: sources_of(account, prices, at_us)
        for account in chain
        if account.assigned or account.discounts
    }
    if not any(having.values()) or route is None or route.number is None:
        return {}
    calendar, zone = await billed_by(chain, calendars, prices)
    priced = priced_as(route.call_type, route.number, route.caller_number)
    return {
        account_id: quotas_of(account_id, sources, priced, calendar, zone, at_us, until_us)
        for account_id, sources in having.items()
    }


def sources_of(account: Account, prices: Prices, at_us: int) -> tuple[QuotaSource, ...]:
    """From where an account has quotas at an instant: its own, its add-ons, its main product."""
    own = own_sources(account.discounts, prices.discounts, at_us)
    return (*own, *quota_sources(account.assigned, prices.products, at_us))


async def billed_by(
    chain: Sequence[Account], calendars: Calendars, prices: Prices
) -> tuple[BillingCalendar, tzinfo]:
    """The billing periods of a customer, and by whose clocks they begin.

    Args:
        chain: a user of it and all above, or the customer itself and all above.
        calendars: the billing periods of customers.
        prices: the local time of the site.
    """
    customer = organization_of(chain[0])
    return await calendars.calendar(customer), _zone(chain, customer, prices)


def _zone(chain: Sequence[Account], customer: str, prices: Prices) -> tzinfo:
    """Billing periods begin by the clocks of the customer."""
    place = next((n for n, account in enumerate(chain) if account.account_id == customer), 0)
    return zone_of(zone_name(chain[place:], str(prices.zone)))
