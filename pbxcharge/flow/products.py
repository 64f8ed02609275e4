"""Acts about products: the main product of an account, its add-ons, features of its own."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pbxcharge.core.account import Account
from pbxcharge.core.assigned import AssignedSubscription
from pbxcharge.core.assigned_product import AssignedProduct, ProductKind
from pbxcharge.core.effects import Effect, FeatureCleared, FeatureOverridden
from pbxcharge.core.entitlement import entitlements
from pbxcharge.core.feature import AttributeValue, EditedBy, Feature, FeatureOverride
from pbxcharge.core.product import Product
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.assigning import Stamp, product_begun, product_ended
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.identity import malformed_assignment, unknown_account
from pbxcharge.flow.main_product import against_main, main_turned
from pbxcharge.flow.offer_record import recorded
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.product_rules import (
    against_add_on,
    against_product,
    against_twice,
    past,
)
from pbxcharge.flow.provision import Provisioning
from pbxcharge.flow.records import Records
from pbxcharge.flow.rules import first

Act = Done[Account] | Declined


class Products:
    """Writes what accounts have of products, one act after the other; each is safe to repeat.

    Args:
        writer: the one writer.
        records: what is committed.
        prices: what is in force.
        provisioning: puts accounts under other plans.
        clock: when something begins, or ends.
        turn: of everybody who changes accounts.
    """

    def __init__(
        self,
        writer: Writer,
        records: Records,
        prices: Prices,
        provisioning: Provisioning,
        clock: Clock,
        turn: asyncio.Lock,
    ) -> None:
        self._writer = writer
        self._records = records
        self._prices = prices
        self._provisioning = provisioning
        self._clock = clock
        self._turn = turn

    async def set_main(
        self, assignment_id: str, account_id: str, name: str | None, actor: str
    ) -> Act:
        """Give an account a main product in the place of its plan, or of another product.

        Its plan is that of the product for plain calling, whose initial credit is granted if none
        ever was. The product's subscription begins at once, and that of the one before ends.
        """
        async with self._turn:
            chain = await self._records.chain(account_id)
            if not chain:
                return unknown_account(account_id)
            account = chain[0]
            if account.product == name:
                return Done(account, already=True)
            prices, stamp = self._prices, Stamp(self._clock.wall_us(), actor)
            before = await self._subscriptions(account_id)
            against = against_main(name, chain, before, prices, stamp.at_us)
            if declined := first([*malformed_assignment(assignment_id), *against]):
                return declined
            plan, assigned, effects = None, None, []
            if name is not None:
                plan = prices.products[name].plain_plan
                assigned = AssignedProduct(assignment_id, name, ProductKind.MAIN, stamp.at_us)
                effects = await self._recorded(prices.products[name], stamp)
            effects += main_turned(account, assigned, before, prices, stamp)
            changed = replace(account, product=name, plan=plan)
            return await self._put(changed, effects, stamp)

    async def assign_add_on(
        self,
        assignment_id: str,
        account_id: str,
        name: str,
        actor: str,
        from_us: int | None = None,
        until_us: int | None = None,
        for_good: bool = False,
    ) -> Act:
        """Give an account an add-on, now or from an instant on; or move the end of one it has.

        When it begins is fixed once set. Its subscription begins and ends with it.
        """
        async with self._turn:
            chain = await self._records.chain(account_id)
            if not chain:
                return unknown_account(account_id)
            account, stamp = chain[0], Stamp(self._clock.wall_us(), actor)
            begins_us = stamp.at_us if from_us is None else from_us
            had = _had(account, name, max(stamp.at_us, begins_us), assignment_id)
            if had is not None:
                end_us = None if for_good else until_us if until_us is not None else had.until_us
                return await self._moved(account, had, from_us, end_us, stamp)
            assigned = AssignedProduct(assignment_id, name, ProductKind.ADD_ON, begins_us, until_us)
            if declined := await self._declined_add_on(assigned, chain, stamp.at_us):
                return declined
            product = self._prices.products[name]
            comes = self._prices.subscriptions.get(product.subscription or "")
            others = await self._subscriptions(account_id)
            open_ones = [each.subscription for each in others if each.open_at(begins_us)]
            if comes is not None and (declined := first(against_twice(comes, account, open_ones))):
                return declined
            effects = await self._recorded(product, stamp)
            effects += product_begun(account, assigned, comes, stamp)
            await self._writer.submit((), effects)
            return await self._now(account_id)

    async def unassign_add_on(
        self, account_id: str, name: str, actor: str, at_us: int | None = None
    ) -> Act:
        """Take an add-on from an account, now or at an instant; one that has gone is gone."""
        async with self._turn:
            account = await self._records.account(account_id)
            if account is None:
                return unknown_account(account_id)
            stamp = Stamp(self._clock.wall_us(), actor)
            had = _had(account, name, stamp.at_us)
            if had is None and any(each.product == name for each in account.assigned):
                return Done(account, already=True)
            if had is None:
                message = f"{account_id} has no add-on {name}"
                hint = f"see account products {account_id}"
                return Declined(Refusal.UNKNOWN_ASSIGNMENT, message, hint, "product")
            end_us = stamp.at_us if at_us is None else at_us
            return await self._moved(account, had, None, end_us, stamp)

    async def set_feature(
        self,
        account_id: str,
        feature: Feature,
        on: bool | None,
        attributes: Mapping[str, AttributeValue],
        by: EditedBy,
        actor: str,
    ) -> Act:
        """Have a feature of one account otherwise than its products say.

        What is not said stays as it was said before: another limit leaves the feature granted.
        """
        async with self._turn:
            account = await self._records.account(account_id)
            if account is None:
                return unknown_account(account_id)
            if declined := self._against_editing(account, feature, by):
                return declined
            before = _override(account, feature)
            merged = FeatureOverride(
                feature,
                before.on if on is None else on,
                {**before.attributes, **attributes},
            )
            if merged == before:
                return Done(account, already=True)
            now_us = self._clock.wall_us()
            saved = FeatureOverridden(account_id, merged, by, now_us, actor)
            await self._writer.submit((), [saved])
            return await self._now(account_id)

    async def clear_feature(
        self, account_id: str, feature: Feature, by: EditedBy, actor: str
    ) -> Act:
        """Leave a feature to the products of the account again."""
        async with self._turn:
            account = await self._records.account(account_id)
            if account is None:
                return unknown_account(account_id)
            if declined := self._against_editing(account, feature, by):
                return declined
            if all(own.feature is not feature for own in account.overrides):
                return Done(account, already=True)
            cleared = FeatureCleared(account_id, feature, self._clock.wall_us(), actor)
            await self._writer.submit((), [cleared])
            return await self._now(account_id)

    async def _declined_add_on(
        self, assigned: AssignedProduct, chain: Sequence[Account], at_us: int
    ) -> Declined | None:
        products = self._prices.products
        found = list(malformed_assignment(assigned.assignment_id))
        found += against_product(assigned.product, ProductKind.ADD_ON, chain, products)
        if not found:
            found += against_add_on(products[assigned.product], chain[0])
        if assigned.from_us < at_us:
            found.append(past("from"))
        if assigned.until_us is not None and assigned.until_us <= assigned.from_us:
            message = "it would end before it begins"
            found.append(Declined(Refusal.INSTANT_INVALID, message, field="until"))
        if not found and await self._records.subscriptions.products_named([assigned.assignment_id]):
            message = f"{assigned.assignment_id} is the id of another assignment"
            found.append(Declined(Refusal.ID_TAKEN, message, field="id"))
        return first(found)

    def _against_editing(self, account: Account, feature: Feature, by: EditedBy) -> Declined | None:
        if account.product is None:
            message = f"{account.account_id} has no main product, so nothing is kept from it"
            return Declined(Refusal.PRODUCT_DECIDES, message, "account set-product first")
        products, now_us = self._prices.products, self._clock.wall_us()
        has = entitlements(account.assigned, account.overrides, products, now_us)
        if by is not EditedBy.ADMIN and by not in has.edited_by(feature):
            message = f"{feature} of {account.account_id} is not edited by the {by}"
            return Declined(Refusal.NOT_ALLOWED, message, field="feature")
        return None

    async def _recorded(self, product: Product, stamp: Stamp) -> list[Effect]:
        """What the histories do not say yet of a product, and of what comes with it."""
        comes = self._prices.subscriptions.get(product.subscription or "")
        kept = await self._records.plans.offered()
        return recorded(kept, [comes] if comes else [], [product], stamp.at_us, stamp.actor)

    async def _moved(
        self,
        account: Account,
        had: AssignedProduct,
        from_us: int | None,
        end_us: int | None,
        stamp: Stamp,
    ) -> Act:
        """Move the end of an add-on."""
        if from_us is not None and from_us != had.from_us:
            message = f"{account.account_id} has {had.product} from another instant on"
            hint = "when an add-on begins is fixed once it is assigned"
            return Declined(Refusal.EXISTS_OTHERWISE, message, hint, "from")
        if end_us == had.until_us:
            return Done(account, already=True)
        if had.until_us is not None and had.until_us <= max(stamp.at_us, had.from_us):
            message = f"{had.product} of {account.account_id} has ended"
            hint = "what has ended is assigned anew, under an id of its own"
            return Declined(Refusal.EXISTS_OTHERWISE, message, hint, "until")
        if end_us is not None and end_us < stamp.at_us:
            return past("until")
        subscriptions = await self._subscriptions(account.account_id)
        effects = product_ended(account, had, end_us, subscriptions, stamp)
        await self._writer.submit((), effects)
        return await self._now(account.account_id)

    async def _put(self, changed: Account, effects: Sequence[Effect], stamp: Stamp) -> Act:
        # Its first credit is there when its first fee is: both at one instant.
        act = await self._provisioning.put(changed, stamp.actor, effects, stamp.at_us)
        return act if isinstance(act, Declined) else await self._now(changed.account_id)

    async def _now(self, account_id: str) -> Act:
        """The account as it is now, with what it has."""
        account = await self._records.account(account_id)
        return unknown_account(account_id) if account is None else Done(account)

    async def _subscriptions(self, account_id: str) -> Sequence[AssignedSubscription]:
        return await self._records.subscriptions.of_accounts([account_id])


def _had(
    account: Account, name: str, at_us: int, assignment_id: str | None = None
) -> AssignedProduct | None:
    """The add-on of this name, or this id, that an account has at an instant, or is to have."""
    own = [had for had in account.assigned if had.kind is ProductKind.ADD_ON]
    by_id = (had for had in own if had.assignment_id == assignment_id and had.product == name)
    # One that was taken back before it began never was, and its subscription is gone.
    open_ones = (
        had
        for had in own
        if had.product == name and (had.until_us is None or max(at_us, had.from_us) < had.until_us)
    )
    return next(by_id, None) or next(open_ones, None)


def _override(account: Account, feature: Feature) -> FeatureOverride:
    found = (own for own in account.overrides if own.feature is feature)
    return next(found, FeatureOverride(feature))
