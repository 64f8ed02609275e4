"""What may stand in the file of a charging plan, key by key."""

from enum import StrEnum
from fractions import Fraction
from typing import Annotated, ClassVar

from pydantic import Field

from pbxcharge.catalog.form import Form
from pbxcharge.catalog.scalars import (
    SECONDS_MAX,
    Amount,
    Line,
    Price,
    Segments,
    Slug,
    YesNo,
    amount,
    matching,
    one_of,
    price,
    unlimited_or,
    whole,
)
from pbxcharge.core.limits import (
    CALLS_PER_MINUTE,
    CONCURRENT_CALLS,
    SPEND_PER_DAY_MICROS,
    SPEND_PER_HOUR_MICROS,
)
from pbxcharge.core.money import DECIMALS_MAX, Rounding
from pbxcharge.core.number import E164_DIGITS_MAX
from pbxcharge.core.plan import PRICE_PER_MINUTE_MAX, PlanKind
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

SLICE_MIN_S = 5
_CALLS = unlimited_or(whole(1, 1_000_000))


class Method(StrEnum):
    """How prices come about: fixed prices are the plan's own."""

    FIXED = "fixed"


class RateStatus(StrEnum):
    """Whether a destination may be called."""

    OPEN = "open"
    FORBIDDEN = "forbidden"


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


class PriceForm(Form):
    """A price, wherever it stands, and a name for what it is the price of."""

    later: ClassVar = ("effective_from", "effective_until", "time_windows")

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


class AllowForm(Form):
    """The kinds of call that may be made, or taken."""

    public: YesNo = False
    incoming: YesNo = False
    local: YesNo = False
    extended_local: YesNo = False


class SegmentsForm(Form):
    """Charging segments of rates without a pair of their own."""

    outgoing: Segments = (60, 10)
    incoming: Segments = (60, 10)


class InitialCreditForm(Form):
    """Credit granted once per account, to each of its wallets."""

    outgoing: Amount = 0
    incoming: Amount = 0


class ReservationForm(Form):
    """How much of a call is paid in advance."""

    slice_s: Annotated[int, whole(SLICE_MIN_S, 3600, "s")] = 60


class OutOfCreditForm(Form):
    """What happens when the credit ends: a warning, then the cut."""

    later: ClassVar = ("action", "context", "sound")

    warn_before_s: Annotated[int, whole(0, 600, "s")] = 10


class LimitsForm(Form):
    """What a plan allows at most; None is no limit."""

    concurrent_calls: Annotated[int | None, _CALLS] = CONCURRENT_CALLS
    calls_per_minute: Annotated[int | None, _CALLS] = CALLS_PER_MINUTE
    spend_per_hour: Annotated[int | None, unlimited_or(amount)] = SPEND_PER_HOUR_MICROS
    spend_per_day: Annotated[int | None, unlimited_or(amount)] = SPEND_PER_DAY_MICROS
    price_per_minute_max: Annotated[Fraction | None, unlimited_or(price)] = PRICE_PER_MINUTE_MAX
    high_risk: YesNo = False
    call_max_s: Annotated[int | None, unlimited_or(whole(1, SECONDS_MAX, "s"))] = 4 * 3600


class PricesForm(Form):
    """Prices for each kind of call; a single price for incoming calls is a list of one."""

    public: tuple[RateForm, ...] = ()
    local: HouseForm | None = None
    extended_local: HouseForm | None = None
    incoming: tuple[IncomingForm, ...] = ()


class PlanForm(Form):
    """The file of a charging plan."""

    required: ClassVar = ("name", "type")
    later: ClassVar = (
        "owner",
        "wallets",
        "relative",
        "exceptions",
        "effective_from",
        "effective_until",
        "time_windows",
        "monthly_limit",
    )

    name: Slug = ""
    type: Annotated[PlanKind, one_of(PlanKind, later=("postpaid", "unlimited"))] = PlanKind.PREPAID
    method: Annotated[Method, one_of(Method, later=("relative",))] = Method.FIXED
    allow: AllowForm = AllowForm()
    charging_segments: SegmentsForm = SegmentsForm()
    initial_credit: InitialCreditForm = InitialCreditForm()
    credit_limit: Amount = 0
    reservation: ReservationForm = ReservationForm()
    out_of_credit: OutOfCreditForm = OutOfCreditForm()
    limits: LimitsForm = LimitsForm()
    rounding: RoundingForm = RoundingForm()
    prices: PricesForm = PricesForm()
