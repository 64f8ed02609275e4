"""Subscription plans: what a service costs for each billing period, and when it is charged."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.money import Rounding, round_micros

FEE_DECIMALS = 5
"""Decimals of a fee, and the most that what is charged may have."""

_MONTHS = {
    BillingCycle.DAILY: Fraction(1, 30),
    BillingCycle.WEEKLY: Fraction(7, 30),
    BillingCycle.TWO_WEEKLY: Fraction(14, 30),
    BillingCycle.MONTHLY: Fraction(1),
    BillingCycle.QUARTERLY: Fraction(3),
    BillingCycle.HALF_YEARLY: Fraction(6),
    BillingCycle.YEARLY: Fraction(12),
}


class Applied(StrEnum):
    """When the fee of a period is charged."""

    END_OF_PERIOD = "end_of_period"
    """When the period is over; in full, even below zero, since the service was given."""
    PROGRESSIVE = "progressive"
    """A part at the end of each day."""
    IN_ADVANCE = "in_advance"
    """The current period at activation, the following ones at the end of each."""


class ActivationMode(StrEnum):
    """When a subscription becomes active."""

    START_DATE = "start_date"
    """When its assignment says so."""
    FIRST_USE = "first_use"
    """With the first answered call, made or received."""


class PenaltyKind(StrEnum):
    """What an early cancellation costs."""

    NONE = "none"
    FIXED = "fixed"
    """An amount, whenever it is cancelled."""
    REMAINING = "remaining"
    """The fees that would have been charged to the end of the minimum term."""


class DeadReason(StrEnum):
    """Why there was no service."""

    EXPIRED = "expired"
    """The account was expired."""
    BLOCKED = "blocked"
    """The account or the customer was blocked."""
    SUSPENDED = "suspended"
    """The customer was suspended."""
    NO_FUNDS = "no_funds"
    """What was available did not do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumTerm:
    """How long a subscription is to be kept, and the penalty for cancelling it earlier.

    Args:
        months: from activation on; 0 for one that may be closed at any time.
        penalty: see PenaltyKind.
        fixed_micros: the amount of a fixed penalty, not below 0.
    """

    months: int = 0
    penalty: PenaltyKind = PenaltyKind.NONE
    fixed_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTerms:
    """Which days without service are credited, and in which periods none is.

    Args:
        reasons: the reasons that count.
        skip_first: the period of the activation is charged in full.
        skip_regular: so are those between.
        skip_last: so is the period of the closing. The only period is first and last.
    """

    reasons: frozenset[DeadReason] = frozenset(DeadReason)
    skip_first: bool = False
    skip_regular: bool = False
    skip_last: bool = False

    def skips(self, is_first: bool, is_last: bool) -> bool:
        """Whether nothing is credited in a period: one that is first and last needs one skip."""
        regular = not is_first and not is_last
        return (
            (is_first and self.skip_first)
            or (is_last and self.skip_last)
            or (regular and self.skip_regular)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionalRow:
    """Some months at another fee: five months at 1.99.

    Args:
        months: how long, from the end of the row before; a period that starts within is promoted.
        monthly_fee_micros: the fee of a month, from which the others are derived.
        fees_micros: fees of other billing periods that are set, not derived.
        periods: for a billing period, how many of them it is instead of the months.
    """

    months: int
    monthly_fee_micros: int
    fees_micros: Mapping[BillingCycle, int] = field(default_factory=dict)
    periods: Mapping[BillingCycle, int] = field(default_factory=dict)

    def __hash__(self) -> int:
        # Its mappings have none; what was worked out for a row is remembered by it.
        return hash((self.months, self.monthly_fee_micros))

    def fee_micros(self, cycle: BillingCycle) -> int:
        """The fee of a period within the row."""
        return _fee_micros(cycle, self.monthly_fee_micros, self.fees_micros)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionPlan:
    """What a subscription costs, and when.

    10 a month, billed by the week, is 2.33333 a period, of which 2.34 is charged. Amounts are
    micro-units, not below 0.

    Raises ValueError, with one text per problem in `args`, for terms that no charge follows from.

    Args:
        name: by which products and assignments call it.
        shown_name: what users see.
        currency: that of the site.
        managed_by: the reseller whose own it is; None for the operator alone.
        description: for people.
        applied: see Applied.
        periods_in_advance: with `in_advance`, how many periods after the one that ended are paid.
        activation_mode: see ActivationMode.
        activation_fee_micros: charged once, at activation.
        monthly_fee_micros: the fee of a month, from which the others are derived.
        fees_micros: fees of other billing periods that are set, not derived.
        more_than_once: whether one account may have it twice at a time.
        rounding: how a charge is rounded.
        rounding_decimals: to how many decimals, 0 to 5.
        prorate_first: a partial first period costs its share, else the full fee.
        prorate_last: a partial last period does.
        minimum_term: see MinimumTerm.
        promotions: rows from the activation on, one after the other.
        credits: see CreditTerms.
    """

    name: str
    monthly_fee_micros: int
    shown_name: str = ""
    currency: str = ""
    managed_by: str | None = None
    description: str = ""
    applied: Applied = Applied.END_OF_PERIOD
    periods_in_advance: int = 1
    activation_mode: ActivationMode = ActivationMode.START_DATE
    activation_fee_micros: int = 0
    fees_micros: Mapping[BillingCycle, int] = field(default_factory=dict)
    more_than_once: bool = False
    rounding: Rounding = Rounding.AWAY_FROM_ZERO
    rounding_decimals: int = 2
    prorate_first: bool = True
    prorate_last: bool = True
    minimum_term: MinimumTerm = field(default_factory=MinimumTerm)
    promotions: tuple[PromotionalRow, ...] = ()
    credits: CreditTerms = field(default_factory=CreditTerms)

    def __hash__(self) -> int:
        # As that of a row; plans of one name and fee are told apart by all they say.
        return hash((self.name, self.monthly_fee_micros))

    def __post_init__(self) -> None:
        problems = tuple(_problems(self))
        if problems:
            raise ValueError(*problems)

    def fee_micros(self, cycle: BillingCycle) -> int:
        """The fee of a billing period without promotions: M/30 a day, M·7/30 a week, 3M a quarter.

        Rounded half away from zero to 5 decimals, unless it is set.
        """
        return _fee_micros(cycle, self.monthly_fee_micros, self.fees_micros)

    def rounded_micros(self, exact_micros: Fraction) -> int:
        """What is charged for an exact amount: 2.33333 is 2.34."""
        return round_micros(exact_micros, self.rounding, self.rounding_decimals)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeAdjustment:
    """A discount (below 0) or a surcharge of one assignment, on the fee of every full period.

    20 % off are 30 × 0.80 = 24; 5 off are 25, and 40 off are 0: a fee never falls below zero.

    Raises ValueError for an amount and a percentage at once, and for more than 100 % off.

    Args:
        amount_micros: added to the fee of a period, whatever its length.
        percent: of the fee, -100 or more.
    """

    amount_micros: int = 0
    percent: Fraction = Fraction(0)

    def __hash__(self) -> int:
        # That of a fraction takes a division.
        return hash((self.amount_micros, self.percent.numerator))

    def __post_init__(self) -> None:
        if self.amount_micros and self.percent:
            raise ValueError("a discount is an amount or a percentage, not both")
        if self.percent < -100:
            raise ValueError("a discount is at most 100 percent")

    def adjusted(self, fee_micros: int) -> Fraction:
        """The fee with it, exact."""
        share = Fraction(100 + self.percent) * Fraction(1, 100)
        return max(Fraction(0), fee_micros * share + self.amount_micros)


NO_ADJUSTMENT: Final = FeeAdjustment()


def assignable(plan: SubscriptionPlan, running: Iterable[str]) -> bool:
    """Whether an account may have the plan (again), by the plans of those not closed that it has.

    By name: a plan whose file has changed is the same plan.
    """
    return plan.more_than_once or plan.name not in running


def _fee_micros(cycle: BillingCycle, monthly_micros: int, set_: Mapping[BillingCycle, int]) -> int:
    if cycle in set_:
        return set_[cycle]
    exact = monthly_micros * _MONTHS[cycle]
    return round_micros(exact, Rounding.HALF_AWAY_FROM_ZERO, FEE_DECIMALS)


def _problems(plan: SubscriptionPlan) -> Iterator[str]:
    if plan.monthly_fee_micros < 0 or any(fee < 0 for fee in plan.fees_micros.values()):
        yield "a fee is below zero"
    if plan.activation_fee_micros < 0:
        yield "activation_fee_micros is below zero"
    if plan.periods_in_advance < 1:
        yield "periods_in_advance is below 1"
    if not 0 <= plan.rounding_decimals <= FEE_DECIMALS:
        yield f"rounding_decimals is not 0 to {FEE_DECIMALS}"
    if plan.minimum_term.months < 0:
        yield "the minimum term is below zero"
    if plan.minimum_term.fixed_micros < 0:
        yield "the penalty is below zero"
    for row in plan.promotions:
        yield from _row_problems(row)


def _row_problems(row: PromotionalRow) -> Iterator[str]:
    if row.months < 1 or any(count < 1 for count in row.periods.values()):
        yield "a promotional row lasts less than one period"
    if row.monthly_fee_micros < 0 or any(fee < 0 for fee in row.fees_micros.values()):
        yield "a promotional fee is below zero"
