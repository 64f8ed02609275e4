"""What may stand in the file of a charging plan, key by key."""

from enum import StrEnum
from fractions import Fraction
from typing import Annotated, ClassVar

from pydantic import Field

from pbxcharge.catalog.form import Form
from pbxcharge.catalog.price_form import (
    ExceptionForm,
    HouseForm,
    IncomingForm,
    Instant,
    PublicForm,
    RelativeForm,
    RoundingForm,
)
from pbxcharge.catalog.scalars import (
    SECONDS_MAX,
    Amount,
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
from pbxcharge.catalog.window_form import Holiday, TimeWindowForm
from pbxcharge.core.limits import (
    CALLS_PER_MINUTE,
    CONCURRENT_CALLS,
    SPEND_PER_DAY_MICROS,
    SPEND_PER_HOUR_MICROS,
)
from pbxcharge.core.plan import PRICE_PER_MINUTE_MAX, PlanKind, WalletPolicy

SLICE_MIN_S = 5
OWNER_SITE = "site"
Owner = Annotated[
    str,
    matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "an account", "site, or the id of an account"),
]
Sound = Annotated[
    str,
    matching(
        r"[A-Za-z0-9][A-Za-z0-9/_.-]{0,99}",
        "a sound",
        "a file of Asterisk's sounds without its ending, such as custom/credit-low",
    ),
]
Context = Annotated[
    str,
    matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,78}", "a context", "of the dialplan: pbxc-topup"),
]
_CALLS = unlimited_or(whole(1, 1_000_000))


class Method(StrEnum):
    """How prices come about: the plan's own, or relative to what the level above charges."""

    FIXED = "fixed"
    RELATIVE = "relative"


class Action(StrEnum):
    """What becomes of the caller when the credit has ended."""

    HANG_UP = "hang_up"
    CONTINUE = "continue"


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
    """What happens when the credit ends: a warning, then the cut, and where the caller goes."""

    warn_before_s: Annotated[int, whole(0, 600, "s")] = 10
    sound: Sound = ""
    action: Annotated[Action, one_of(Action)] = Action.HANG_UP
    context: Context = ""


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
    """Prices for each kind of call; a single price for incoming calls is a list of one.

    So is a list of public prices: the rows of a group without a deck.
    """

    public: PublicForm = PublicForm()
    local: HouseForm | None = None
    extended_local: HouseForm | None = None
    incoming: tuple[IncomingForm, ...] = ()


class PlanForm(Form):
    """The file of a charging plan."""

    required: ClassVar = ("name", "type")
    name: Slug = ""
    owner: Owner = OWNER_SITE
    type: Annotated[PlanKind, one_of(PlanKind)] = PlanKind.PREPAID
    monthly_limit: Annotated[int | None, unlimited_or(amount)] = None
    wallets: Annotated[WalletPolicy, one_of(WalletPolicy)] = WalletPolicy.SEPARATE
    effective_from: Instant = 0
    effective_until: Instant | None = None
    method: Annotated[Method, one_of(Method)] = Method.FIXED
    relative: RelativeForm | None = None
    allow: AllowForm = AllowForm()
    charging_segments: SegmentsForm = SegmentsForm()
    initial_credit: InitialCreditForm = InitialCreditForm()
    credit_limit: Amount = 0
    reservation: ReservationForm = ReservationForm()
    out_of_credit: OutOfCreditForm = OutOfCreditForm()
    limits: LimitsForm = LimitsForm()
    rounding: RoundingForm = RoundingForm()
    time_windows: dict[str, TimeWindowForm] = Field(default_factory=dict)
    holidays: tuple[Holiday, ...] = ()
    prices: PricesForm = PricesForm()
    exceptions: tuple[ExceptionForm, ...] = ()
