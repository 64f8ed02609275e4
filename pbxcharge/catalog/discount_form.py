"""Included minutes, free packages and volume discounts, as they may stand in files."""

from enum import StrEnum
from fractions import Fraction
from typing import Annotated, ClassVar, Final

from pydantic import Field

from pbxcharge.catalog.form import Form
from pbxcharge.catalog.price_form import Prefix
from pbxcharge.catalog.scalars import Amount, Line, Price, Slug, one_of, whole
from pbxcharge.core.allowance import EVERYWHERE, ROLL_OVERS_MAX, Quota, Tier, included
from pbxcharge.core.measure import Measure
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import CallType
from pbxcharge.core.tariff import Prefixes

MINUTES_MAX: Final = 10_000_000
MINUTE_S: Final = 60
_PUBLIC: Final = frozenset("123456789")
"""With one of these each full international number begins."""


class Count(StrEnum):
    """What the tiers of a volume discount are counted in."""

    MINUTES = "minutes"
    AMOUNT = "amount"


class DiscountForm(Form):
    """What calls a discount is for; without `prefixes` and `call_types` for all of them."""

    required: ClassVar[tuple[str, ...]] = ("name",)

    name: Slug = ""
    """Unique in the product."""
    visible_name: Line = ""
    """What users see in the lines of their calls; the name."""
    prefixes: tuple[Prefix, ...] = ()
    """Leading digits of the numbers that are called."""
    call_types: tuple[Annotated[CallType, one_of(CallType)], ...] = ()
    """`public`: all numbers outside; `local`, `extended_local`, `incoming`."""
    rolls_over: Annotated[int, whole(0, ROLL_OVERS_MAX, "periods")] = 0
    """In so many more billing periods what is left of one may be used; 0."""


class IncludedForm(DiscountForm):
    """Talk that costs nothing: so many minutes, or so much money's worth, in a billing period."""

    minutes: Annotated[int | None, whole(1, MINUTES_MAX)] = None
    """Minutes of billed talk."""
    amount: Amount | None = None
    """What the talk would have cost, in the place of minutes."""


class TierForm(Form):
    """A discount from so much use in the billing period on, until the next tier begins."""

    required: ClassVar = ("from", "discount_percent")

    from_used: Price = Field(default=Fraction(0), alias="from")
    """Minutes, or an amount before discounts."""
    discount_percent: Price = Fraction(0)
    """0 to 100; 100 is free."""


class VolumeForm(DiscountForm):
    """A volume discount: each minute costs less the more there were before it in the period."""

    required: ClassVar[tuple[str, ...]] = ("name", "tiers")

    count: Annotated[Count, one_of(Count)] = Count.MINUTES
    """`minutes` (default), or `amount`."""
    tiers: tuple[TierForm, ...] = ()
    """From how much use on how much is taken off, in rising order."""


class OwnDiscountForm(VolumeForm, IncludedForm):
    """The file of a discount that accounts have by themselves: included talk, or tiers."""

    required: ClassVar[tuple[str, ...]] = ("name",)

    name: Slug = ""
    """By which accounts have it."""


def quota_of(form: IncludedForm | VolumeForm) -> Quota:
    """The quota that a group means. Raises ValueError for one that nothing follows from."""
    if isinstance(form, IncludedForm) and not (isinstance(form, VolumeForm) and form.tiers):
        return _included(form)
    if isinstance(form, IncludedForm) and (form.minutes, form.amount) != (None, None):
        raise ValueError("write tiers, or what is included: minutes or amount")
    assert isinstance(form, VolumeForm)  # noqa: S101 - the only other one there is
    return _volume(form)


def _included(form: IncludedForm) -> Quota:
    if (form.minutes is None) == (form.amount is None):
        raise ValueError("write either minutes or amount")
    if form.minutes is not None:
        used, measure = form.minutes * MINUTE_S, Measure.SECONDS
    else:
        used, measure = form.amount or 0, Measure.AMOUNT
    shown, where = form.visible_name or form.name, _destinations(form)
    return included(form.name, shown, measure, used, where, form.rolls_over)


def _volume(form: VolumeForm) -> Quota:
    shown, where = form.visible_name or form.name, _destinations(form)
    measure = Measure.SECONDS if form.count is Count.MINUTES else Measure.AMOUNT
    tiers = tuple(
        _tier(row, MINUTE_S if form.count is Count.MINUTES else MICROS) for row in form.tiers
    )
    return Quota(form.name, shown, measure, tiers, where, form.rolls_over)


def _tier(row: TierForm, unit: int) -> Tier:
    used = row.from_used * unit
    if used.denominator != 1:
        raise ValueError("a tier begins at a full second, or at a millionth of an amount")
    return Tier(used.numerator, row.discount_percent)


def _destinations(form: DiscountForm) -> Prefixes:
    if not (form.prefixes or form.call_types):
        return EVERYWHERE
    digits = set(form.prefixes)
    for kind in form.call_types:
        digits |= _PUBLIC if kind is CallType.PUBLIC else {f"@{kind}"}
    return Prefixes(frozenset(digits))
