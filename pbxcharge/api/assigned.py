"""Acts about products, subscriptions and the life of accounts, and what each answers."""

from collections.abc import Mapping
from datetime import date, tzinfo
from fractions import Fraction

from pbxcharge.api.accounts import account_answer, obeyed
from pbxcharge.api.desk import Desk, declined, done
from pbxcharge.api.documents import Document, instant
from pbxcharge.api.money import micros_of
from pbxcharge.api.offer_documents import products_document
from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import Suspension
from pbxcharge.core.assigned import AssignedSubscription
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingRule, anchor_date
from pbxcharge.core.feature import AttributeValue, EditedBy, Feature
from pbxcharge.core.money import parse_price
from pbxcharge.core.period import instant_us, local_day
from pbxcharge.core.subscription_terms import NO_ADJUSTMENT, FeeAdjustment
from pbxcharge.errors import AmountError
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.zones import zone_name, zone_of


async def set_product(
    desk: Desk, by: str, *, id: str, account_id: str, product: str | None
) -> Document:
    """Give an account a main product, or none; what it forbids now, running calls obey."""
    try:
        act = await desk.acting.products.set_main(id, account_id, product, by)
    finally:
        await obeyed(desk, account_id)
    return await account_answer(desk, act)


async def assign_add_on(
    desk: Desk,
    by: str,
    *,
    id: str,
    account_id: str,
    product: str,
    begins: str | None = None,
    ends: str | None = None,
    for_good: bool = False,
) -> Document:
    """Give an account an add-on, or move the end of one that it has."""
    from_us = await _instant(desk, account_id, begins)
    until_us = await _instant(desk, account_id, ends)
    products = desk.acting.products
    act = await products.assign_add_on(id, account_id, product, by, from_us, until_us, for_good)
    return await _products(desk, account_id, act)


async def unassign_add_on(
    desk: Desk, by: str, *, account_id: str, product: str, ends: str | None = None
) -> Document:
    """Take an add-on from an account, now or at an instant."""
    at_us = await _instant(desk, account_id, ends)
    act = await desk.acting.products.unassign_add_on(account_id, product, by, at_us)
    return await _products(desk, account_id, act)


async def set_feature(
    desk: Desk,
    by: str,
    *,
    account_id: str,
    feature: str,
    on: bool | None = None,
    attributes: Mapping[str, str] | None = None,
    edited_by: str = EditedBy.ADMIN,
) -> Document:
    """Have a feature of one account otherwise than its products say."""
    which = Feature(feature)
    values = _values(which, attributes or {})
    editor = EditedBy(edited_by)
    act = await desk.acting.products.set_feature(account_id, which, on, values, editor, by)
    return await _products(desk, account_id, act)


async def clear_feature(
    desk: Desk, by: str, *, account_id: str, feature: str, edited_by: str = EditedBy.ADMIN
) -> Document:
    """Leave a feature to the products of the account again."""
    editor = EditedBy(edited_by)
    act = await desk.acting.products.clear_feature(account_id, Feature(feature), editor, by)
    return await _products(desk, account_id, act)


async def assign_subscription(
    desk: Desk,
    by: str,
    *,
    id: str,
    account_id: str,
    subscription: str,
    begins: str | None = None,
    amount: str | None = None,
    percent: str | None = None,
) -> Document:
    """Give an account or an organization a subscription."""
    starts_us = await _instant(desk, account_id, begins)
    adjustment = _adjustment(amount, percent)
    act = await desk.acting.subscriptions.assign(
        id, account_id, subscription, by, starts_us, adjustment
    )
    return await _assigned(desk, act)


async def close_subscription(desk: Desk, by: str, *, id: str, ends: str | None = None) -> Document:
    """End a subscription, now or at an instant."""
    (found,) = await desk.queries.subscriptions.named([id]) or (None,)
    at_us = await _instant(desk, found.account_id, ends) if found is not None else None
    return await _assigned(desk, await desk.acting.subscriptions.close(id, by, at_us))


async def remove_subscription(desk: Desk, by: str, *, id: str) -> Document:
    """Take a subscription away that was never active."""
    return await _assigned(desk, await desk.acting.subscriptions.remove(id, by))


async def expire(desk: Desk, by: str, *, account_id: str, at: str | None) -> Document:
    """Have an account expire at an instant, or never."""
    at_us = await _instant(desk, account_id, at)
    act = await desk.acting.terms.expire(account_id, at_us, by)
    await obeyed(desk, account_id)
    answer = await account_answer(desk, act)
    return {**answer, "zone": str(await _zone(desk, account_id))}


async def suspend(
    desk: Desk, by: str, *, account_id: str, reason: str, on: bool = True
) -> Document:
    """Suspend an account for a reason of its fees, or resume it."""
    act = await desk.acting.terms.suspend(account_id, Suspension(reason), by, on=on)
    await obeyed(desk, account_id)
    return await account_answer(desk, act)


async def set_manager(desk: Desk, by: str, *, account_id: str, managed_by: str | None) -> Document:
    """Say which reseller manages an account and those below it."""
    return await account_answer(
        desk, await desk.acting.terms.set_manager(account_id, managed_by, by)
    )


async def set_discounts(desk: Desk, by: str, *, account_id: str, names: list[str]) -> Document:
    """Have an account have these discounts by itself, and no others."""
    return await account_answer(desk, await desk.acting.discounts.set(account_id, names, by))


async def set_billing(
    desk: Desk,
    by: str,
    *,
    account_id: str,
    cycle: str,
    anchor_day: int = 1,
    anchor_month: int = 1,
    begins: str | None = None,
) -> Document:
    """Have an organization billed by another period, or from another day of it."""
    which = BillingCycle(cycle)
    try:
        rule = BillingRule(which, anchor_date(which, anchor_day, anchor_month))
    except ValueError as error:
        raise declined(Refusal.OUT_OF_BOUNDS, str(error)) from None
    if (from_us := await _instant(desk, account_id, begins)) is not None:
        zone = await _zone(desk, account_id)
        rule = BillingRule(which, rule.anchor, local_day(from_us, zone))
    act = await desk.acting.terms.set_billing(account_id, rule, by)
    answer = await account_answer(desk, act)
    last = (await desk.queries.subscriptions.billing_rules(account_id) or [rule])[-1]
    since = None if last.since == date.min else last.since.isoformat()
    return {**answer, "billing": {"cycle": str(last.cycle), "from": since}}


async def _assigned(desk: Desk, act: Done[AssignedSubscription] | Declined) -> Document:
    answer = done(act, _subscription)
    zone = await _zone(desk, answer["subscription"]["account_id"])
    return {**answer, "zone": str(zone)}


def _subscription(assigned: AssignedSubscription) -> Document:
    return {
        "subscription": {
            "id": assigned.assignment_id,
            "account_id": assigned.account_id,
            "subscription": assigned.subscription,
            "starts_at": instant(assigned.starts_at_us),
            "closes_at": instant(assigned.closed_at_us),
            "removed": assigned.removed,
        }
    }


async def _products(desk: Desk, account_id: str, act: Done[Account] | Declined) -> Document:
    await obeyed(desk, account_id)
    products = dict(desk.prices.products)
    answer = done(
        act, lambda account: {"account": products_document(account, products, Clock().wall_us())}
    )
    return {**answer, "zone": str(await _zone(desk, account_id))}


async def _zone(desk: Desk, account_id: str) -> tzinfo:
    zone = zone_name(await desk.queries.chain(account_id), "")
    return zone_of(zone) if zone else desk.prices.zone


async def _instant(desk: Desk, account_id: str, text: str | None) -> int | None:
    """A day or an instant by the clocks of the account.

    Raises:
        ActDeclined: it is neither.
    """
    if text is None:
        return None
    try:
        return instant_us(text, await _zone(desk, account_id))
    except ValueError as error:
        raise declined(Refusal.INSTANT_INVALID, str(error)) from None


def _values(feature: Feature, texts: Mapping[str, str]) -> dict[str, AttributeValue]:
    """The attributes of a feature, from what was written.

    Raises:
        ActDeclined: the feature has no such attribute, or the attribute no such value.
    """
    found: dict[str, AttributeValue] = {}
    for name, text in texts.items():
        if name not in feature.attributes:
            known = ", ".join(feature.attributes) or "none"
            message = f"{feature} has no attribute {name!r}; it has {known}"
            raise declined(Refusal.NAME_INVALID, message)
        try:
            found[name] = feature.attributes[name].read(text)
        except ValueError as error:
            raise declined(Refusal.OUT_OF_BOUNDS, f"{feature} {name}: {error}") from None
    return found


def _adjustment(amount: str | None, percent: str | None) -> FeeAdjustment:
    """A discount (below 0) or a surcharge.

    Raises:
        ActDeclined: it is none.
    """
    if amount is None and percent is None:
        return NO_ADJUSTMENT
    try:
        share = Fraction(0) if percent is None else parse_price(percent)
        micros = 0 if amount is None else micros_of(amount)
        return FeeAdjustment(amount_micros=micros, percent=share)
    except (AmountError, ValueError) as error:
        message = f"no discount and no surcharge: {error}"
        raise declined(Refusal.AMOUNT_INVALID, message) from None
