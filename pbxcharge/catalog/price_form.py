"""What may stand in a price of a charging plan, wherever in the file it stands."""

from datetime import UTC, tzinfo
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, ValidationInfo

from pbxcharge.catalog.form import Form
from pbxcharge.catalog.instants import read_instant
from pbxcharge.catalog.scalars import (
    SECONDS_MAX,
    Amount,
    Line,
    Price,
    Segments,
    Slug,
    matching,
    one_of,
    whole,
    wrong,
)
from pbxcharge.core.money import DECIMALS_MAX, Rounding
from pbxcharge.core.number import E164_DIGITS_MAX
from pbxcharge.core.price import MaximumThen

Prefix = Annotated[
    str,
    matching(
        f"[1-9][0-9]{{0,{E164_DIGITS_MAX - 1}}}",
        "a prefix",
        f"1 to {E164_DIGITS_MAX} leading digits of the full international number, "
        "without plus or zeros, such as 44",
    ),
]
Seconds = Annotated[int, whole(0, SECONDS_MAX, "s")]
SecondsFromOne = Annotated[int, whole(1, SECONDS_MAX, "s")]
RoundingMethod = Annotated[Rounding, one_of(Rounding)]
Decimals = Annotated[int, whole(0, DECIMALS_MAX)]


def _read_instant(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, list | dict):
        raise wrong("is a list or a group, not a single value")
    zone: tzinfo = (info.context or {}).get("zone", UTC)
    return read_instant(value, zone) if isinstance(value, str) else value


Instant = Annotated[int, BeforeValidator(_read_instant)]
"""A day, or a day and a time, of the site's zone: as seconds since the epoch."""


class RateStatus(StrEnum):
    """Whether a destination may be called."""

    OPEN = "open"
    FORBIDDEN = "forbidden"


class HouseType(StrEnum):
    """Kinds of call that have one price, whatever the number."""

    LOCAL = "local"
    EXTENDED_LOCAL = "extended_local"
    INCOMING = "incoming"


class RoundingForm(Form):
    """How a charge is rounded, once, at its end; None keeps what the plan, or the house, says."""

    method: RoundingMethod | None = None
    decimals: Decimals | None = None


class StepForm(Form):
    """Another price, or another length of the blocks, from a second on."""

    required: ClassVar = ("from",)

    from_s: SecondsFromOne = Field(default=1, alias="from")
    price_per_minute: Price | None = None
    segment: SecondsFromOne | None = None


class MaximumForm(Form):
    """The most that a call costs, and what happens then."""

    required: ClassVar = ("amount",)

    amount: Amount = 0
    then: Annotated[MaximumThen, one_of(MaximumThen)] = MaximumThen.FREE


class WindowPriceForm(Form):
    """What a time window changes in a price; what is not written stays as outside of it."""

    price_per_minute: Price | None = None
    segments: Segments | None = None
    connect_fee: Amount | None = None
    first_amount: Amount | None = None
    first_price_per_minute: Price | None = None
    steps: tuple[StepForm, ...] | None = None


class PriceForm(Form):
    """A price, wherever it stands, and a name for what it is the price of."""

    destination: Line = ""
    price_per_minute: Price | None = None
    segments: Segments | None = None
    connect_fee: Amount = 0
    first_amount: Amount | None = None
    first_price_per_minute: Price | None = None
    steps: tuple[StepForm, ...] = ()
    free_seconds: Seconds = 0
    grace_seconds: Seconds = 0
    minimum_charge: Amount = 0
    maximum_charge: MaximumForm | None = None
    surcharge_percent: Price = Fraction(0)
    status: Annotated[RateStatus, one_of(RateStatus)] = RateStatus.OPEN
    rounding: RoundingForm = RoundingForm()
    windows: dict[str, WindowPriceForm] = Field(default_factory=dict)
    effective_from: Instant = 0
    effective_until: Instant | None = None


class RateForm(PriceForm):
    """One destination: its prefixes and its price."""

    required: ClassVar = ("destination", "prefixes")

    prefixes: tuple[Prefix, ...] = ()


class HouseForm(PriceForm):
    """The one price of calls between phones of this PBX."""

    hints: ClassVar = {"prefixes": "calls inside the house have one price for all numbers"}


class IncomingForm(PriceForm):
    """The price of calls from the public network, or of those from some of its numbers."""

    hints: ClassVar = {"prefixes": "write caller_prefixes: the numbers that calls come from"}

    caller_prefixes: tuple[Prefix, ...] | None = None


class AdjustmentForm(Form):
    """What is added for each started interval of the billed time."""

    required: ClassVar = ("amount", "interval_s")

    amount: Amount = 0
    interval_s: SecondsFromOne = 60


class RelativeForm(Form):
    """What calls cost of what the level above charges."""

    required: ClassVar = ("multiplier",)
    hints: ClassVar = {"multiplier": "1 is what the level above charges, 1.20 is 20 % more"}

    multiplier: Price = Fraction(1)
    adjustment: AdjustmentForm = AdjustmentForm()


class ExceptionForm(PriceForm):
    """Destinations with another price than the plan's, or with none."""

    required: ClassVar = ("destination",)

    prefixes: tuple[Prefix, ...] = ()
    call_type: Annotated[HouseType | None, one_of(HouseType)] = None
    caller_prefixes: tuple[Prefix, ...] = ()
    multiplier: Price | None = None
    adjustment: AdjustmentForm = AdjustmentForm()


class PublicForm(Form):
    """Prices of public calls: a rate deck, rows of the file, or both."""

    deck: Slug | None = None
    rates: tuple[RateForm, ...] = ()
