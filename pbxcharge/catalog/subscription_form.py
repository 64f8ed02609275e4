"""What may stand in the file of a subscription plan, key by key."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pbxcharge.catalog.form import Form
from pbxcharge.catalog.offer_values import Fee, ManagedBy, Text
from pbxcharge.catalog.plan_form import OWNER_SITE
from pbxcharge.catalog.price_form import RoundingMethod
from pbxcharge.catalog.scalars import Line, Slug, YesNo, one_of, whole
from pbxcharge.catalog.site_values import Currency
from pbxcharge.core.money import Rounding
from pbxcharge.core.subscription_terms import (
    FEE_DECIMALS,
    ActivationMode,
    Applied,
    DeadReason,
    PenaltyKind,
)

MONTHS_MAX = 1200
PERIODS_MAX = 36_500
Periods = Annotated[int, whole(1, PERIODS_MAX)]


class Skip(StrEnum):
    """Billing periods that may be charged in full, whatever days of them had no service."""

    FIRST = "first"
    REGULAR = "regular"
    LAST = "last"


class FeesForm(Form):
    """Fees of other billing periods that are set; those that are not follow from the month's."""

    daily: Fee | None = None
    """Of a day; else a 30th of the monthly fee."""
    weekly: Fee | None = None
    """Of a week; else 7/30 of the monthly fee: 10 a month are 2.33333 a week."""
    two_weekly: Fee | None = None
    """Of two weeks; else 14/30 of the monthly fee."""
    quarterly: Fee | None = None
    """Of three months; else three monthly fees."""
    half_yearly: Fee | None = None
    """Of six months; else six monthly fees."""
    yearly: Fee | None = None
    """Of a year; else twelve monthly fees."""


class PeriodsForm(Form):
    """How many of other billing periods a promotional row lasts; else those that its months hold.

    Without a number a period belongs to the row if it starts within the months.
    """

    daily: Periods | None = None
    """So many days in the place of the months."""
    weekly: Periods | None = None
    """So many weeks."""
    two_weekly: Periods | None = None
    """So many times two weeks."""
    quarterly: Periods | None = None
    """So many quarters."""
    half_yearly: Periods | None = None
    """So many half-years."""
    yearly: Periods | None = None
    """So many years."""


class PromotionForm(Form):
    """Some months at another fee, one row after the other from the activation on."""

    required: ClassVar = ("months", "monthly_fee")

    months: Annotated[int, whole(1, MONTHS_MAX, "months")] = 1
    """How long."""
    monthly_fee: Fee = 0
    """The fee of these months; 0 is free."""
    fees: FeesForm = FeesForm()
    """Fees of other billing periods in these months, where they are set."""
    periods: PeriodsForm = PeriodsForm()
    """How many of other billing periods it is, where that is set."""


class SubscriptionRoundingForm(Form):
    """How a charge is rounded."""

    method: RoundingMethod = Rounding.AWAY_FROM_ZERO
    """`away_from_zero` (default: up), `half_away_from_zero`, `half_even` or `down`."""
    decimals: Annotated[int, whole(0, FEE_DECIMALS)] = 2
    """Decimals of a charge; 2: a fee of 2.33333 is charged as 2.34."""


class ProrateForm(Form):
    """Whether a billing period that the subscription is not active for as a whole costs a share."""

    first: YesNo = True
    """The period in which it becomes active; yes: 10 days of 30 cost a third."""
    last: YesNo = True
    """The period in which it is closed; yes."""


class MinimumTermForm(Form):
    """How long the subscription is to be kept, and what closing it earlier costs."""

    required: ClassVar = ("months",)

    months: Annotated[int, whole(1, MONTHS_MAX, "months")] = 1
    """From the activation on."""
    penalty: Annotated[PenaltyKind, one_of(PenaltyKind)] = PenaltyKind.NONE
    """`none` (default), `fixed`, or `remaining`: the fees to the end of the minimum term."""
    amount: Fee | None = None
    """Of a fixed penalty."""


class CreditsForm(Form):
    """Which days without service are credited; the fee is charged in full, and given back by days.

    Without this group all of them are, in every period.
    """

    for_days: tuple[Annotated[DeadReason, one_of(DeadReason)], ...] = tuple(DeadReason)
    """`expired`, `blocked`, `suspended`, `no_funds`; all of them (default), or `[]` for none."""
    skip: tuple[Annotated[Skip, one_of(Skip)], ...] = ()
    """Periods that are charged in full all the same: `first`, `regular`, `last`."""


class SubscriptionForm(Form):
    """The file of a subscription plan."""

    required: ClassVar = ("name", "currency", "monthly_fee")
    hints: ClassVar = {
        "currency": "that of the site",
        "monthly_fee": "the fees of other billing periods follow from it; 0 is free",
    }

    name: Slug = ""
    """By which products and assignments name it."""
    visible_name: Line = ""
    """What users see, also on statements; the name."""
    currency: Currency = ""
    """That of the site; it cannot be changed."""
    managed_by: ManagedBy = OWNER_SITE
    """`site` (default): administrators only; or a reseller, who uses it for its own accounts."""
    description: Text = ""
    """For people."""
    applied: Annotated[Applied, one_of(Applied)] = Applied.END_OF_PERIOD
    """When fees are charged: `end_of_period` (default), `progressive`: a part at the end of each
    day, or `in_advance`."""
    periods_in_advance: Annotated[int, whole(1, 120)] = 1
    """With `in_advance`: how many periods after the one that ends are paid; 1."""
    activation_mode: Annotated[ActivationMode, one_of(ActivationMode)] = ActivationMode.START_DATE
    """`start_date` (default), or `first_use`: with the first answered call, made or received."""
    activation_fee: Fee = 0
    """Charged once, at the activation; 0."""
    monthly_fee: Fee = 0
    """Of a month; 0 is free."""
    fees: FeesForm = FeesForm()
    """Fees of other billing periods that are set; else they follow from the monthly fee."""
    more_than_once: YesNo = False
    """Whether one account may have it twice at a time; no."""
    rounding: SubscriptionRoundingForm = SubscriptionRoundingForm()
    """Of each charge."""
    prorate: ProrateForm = ProrateForm()
    """Whether a partial period costs its share; both do."""
    minimum_term: MinimumTermForm | None = None
    """Without one it may be closed at any time."""
    promotions: tuple[PromotionForm, ...] = ()
    """Months at other fees: one month at 0, five at 1.99, then the monthly fee."""
    credits: CreditsForm = CreditsForm()
    """Days without service that are given back."""
