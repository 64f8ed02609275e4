"""Included minutes and discounts of a call, from the products of those who pay for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo

from pbxcharge.core.account import Account
from pbxcharge.core.attempt import Granted
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import priced_as
from pbxcharge.core.quota_sources import quota_sources
from pbxcharge.core.quotas import quotas_of
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
    chain, route, at_us = resolved.chain, resolved.route, granted.attempt.setup_at_us
    having = {
        account.account_id: quota_sources(account.assigned, prices.products, at_us)
        for account in chain
        if account.assigned
    }
    if not any(having.values()) or route is None or route.number is None:
        return granted
    customer = organization_of(chain[0])
    calendar, zone = await calendars.calendar(customer), _zone(chain, customer, prices)
    priced = priced_as(route.call_type, route.number, route.caller_number)
    until_us = at_us + (granted.ringing_s + limit_s) * MICROS
    levels = tuple(
        replace(
            level,
            quotas=quotas_of(
                level.account_id,
                having.get(level.account_id, ()),
                priced,
                calendar,
                zone,
                at_us,
                until_us,
            ),
        )
        for level in granted.levels
    )
    return replace(granted, levels=levels)


def _zone(chain: Sequence[Account], customer: str, prices: Prices) -> tzinfo:
    """Billing periods begin by the clocks of the customer."""
    place = next((n for n, account in enumerate(chain) if account.account_id == customer), 0)
    return zone_of(zone_name(chain[place:], str(prices.zone)))
