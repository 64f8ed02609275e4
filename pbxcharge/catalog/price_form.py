"""What may stand in a price of a charging plan, wherever in the file it stands."""

from datetime import UTC, tzinfo
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo

from pbxcharge.catalog.form import Form
from pbxcharge.catalog.instants import FORM, read_instant
from pbxcharge.catalog.scalars import (
    SECONDS_MAX,
    Amount,
    Line,
    Price,
    Reader,
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


Instant = Annotated[int, Reader(_read_instant, accepts={"type": "string", "pattern": FORM})]
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
    """`away_from_zero` (default), `half_away_from_zero`, `half_even` or `down`."""
    decimals: Decimals | None = None
    """Decimals of a charge; 4: 0.05083 is 0.0509."""


class StepForm(Form):
    """Another price, or another length of the blocks, from a second on."""

    required: ClassVar = ("from",)

    from_s: SecondsFromOne = Field(default=1, alias="from")
    """Counts for blocks that begin at this second of the talk, or later."""
    price_per_minute: Price | None = None
    """Of these blocks."""
    segment: SecondsFromOne | None = None
    """Length of these blocks in seconds."""


class MaximumForm(Form):
    """The most that a call costs, and what happens then."""

    required: ClassVar = ("amount",)

    amount: Amount = 0
    """The most that a call costs."""
    then: Annotated[MaximumThen, one_of(MaximumThen)] = MaximumThen.FREE
    """`free` (default): the call goes on; `hang_up`: it ends."""


class WindowPriceForm(Form):
    """What a time window changes in a price; what is not written stays as outside of it."""

    price_per_minute: Price | None = None
    """Of blocks that begin in the window."""
    segments: Segments | None = None
    """Of blocks that begin in the window."""
    connect_fee: Amount | None = None
    """Of calls answered in the window."""
    first_amount: Amount | None = None
    """Of a first block in the window, as a whole."""
    first_price_per_minute: Price | None = None
    """Of a first block in the window, by the minute."""
    steps: tuple[StepForm, ...] | None = None
    """In the place of the price's own."""


class PriceForm(Form):
    """A price, wherever it stands, and a name for what it is the price of."""

    destination: Line = ""
    """Its name, for records and people."""
    price_per_minute: Price | None = None
    """Exact: 0.0165; 0 is free."""
    segments: Segments | None = None
    """First and next block of its own: 61 s at 60/6 are 66 s."""
    connect_fee: Amount = 0
    """Of each answered call."""
    first_amount: Amount | None = None
    """The first block as a whole: 0.25 and then 0.12 a minute, 61 s at 60/60 are 0.37."""
    first_price_per_minute: Price | None = None
    """The first block, by the minute."""
    steps: tuple[StepForm, ...] = ()
    """Another price, or another length of the blocks, from a second on: 130 s at 60/60 and 0.10,
    from 90 s 0.05, are 0.25."""
    free_seconds: Seconds = 0
    """Are subtracted: 30 of 91 s leave 61 s."""
    grace_seconds: Seconds = 0
    """A call not longer is free, without fee and minimum."""
    minimum_charge: Amount = 0
    """An answered call costs at least this."""
    maximum_charge: MaximumForm | None = None
    """The most that a call costs, and what happens then."""
    surcharge_percent: Price = Fraction(0)
    """On fee and blocks: 0.90 and 10 are 0.99."""
    status: Annotated[RateStatus, one_of(RateStatus)] = RateStatus.OPEN
    """`open` (default), or `forbidden`: refused, whatever the credit."""
    rounding: RoundingForm = RoundingForm()
    """Its own, in the place of the plan's."""
    windows: dict[str, WindowPriceForm] = Field(default_factory=dict)
    """What a time window of the plan changes in the price: 3 minutes from 17:59 at 0.10, and 0.05
    from 18:00, are 0.20."""
    effective_from: Instant = 0
    """First day, or day and time of the site's zone, of the row. A prefix may have several
    rows whose times do not overlap; that of the instant at which a call is authorized counts."""
    effective_until: Instant | None = None
    """First day, or day and time of the site's zone, without the row."""


class RateForm(PriceForm):
    """One destination: its prefixes and its price."""

    required: ClassVar = ("destination", "prefixes")

    prefixes: tuple[Prefix, ...] = ()
    """Leading digits of the full international number, without plus or zeros; the longest one
    decides."""


class HouseForm(PriceForm):
    """The one price of calls between phones of this PBX."""

    hints: ClassVar = {"prefixes": "calls inside the house have one price for all numbers"}


class IncomingForm(PriceForm):
    """The price of calls from the public network, or of those from some of its numbers."""

    hints: ClassVar = {"prefixes": "write caller_prefixes: the numbers that calls come from"}

    caller_prefixes: tuple[Prefix, ...] | None = None
    """Leading digits of the callers' numbers; without them the price is for everybody."""


class AdjustmentForm(Form):
    """What is added for each started interval of the billed time."""

    required: ClassVar = ("amount", "interval_s")

    amount: Amount = 0
    """For each started interval of the billed time."""
    interval_s: SecondsFromOne = 60
    """Seconds: 75 s at 60/10 that are billed as 80 s have 8 intervals of 10 s."""


class RelativeForm(Form):
    """What calls cost of what the level above charges."""

    required: ClassVar = ("multiplier",)
    hints: ClassVar = {"multiplier": "1 is what the level above charges, 1.20 is 20 % more"}

    multiplier: Price = Fraction(1)
    """Times what the level above charges: 1.20 is 20 % more."""
    adjustment: AdjustmentForm = AdjustmentForm()
    """What is added for each started interval of the billed time."""


class ExceptionForm(PriceForm):
    """Destinations with another price than the plan's, or with none."""

    required: ClassVar = ("destination",)

    prefixes: tuple[Prefix, ...] = ()
    """Leading digits of the numbers that are called."""
    call_type: Annotated[HouseType | None, one_of(HouseType)] = None
    """`local`, `extended_local` or `incoming`, in the place of prefixes."""
    caller_prefixes: tuple[Prefix, ...] = ()
    """Leading digits of the callers' numbers, in the place of prefixes."""
    multiplier: Price | None = None
    """Times what the level above charges, in the place of a price."""
    adjustment: AdjustmentForm = AdjustmentForm()
    """What is added for each started interval of the billed time."""


class PublicForm(Form):
    """Prices of public calls: a rate deck, rows of the file, or both."""

    deck: Slug | None = None
    """A rate deck of the site: `rates/NAME.csv`."""
    rates: tuple[RateForm, ...] = ()
    """Rows by prefix; they win over the deck's."""
