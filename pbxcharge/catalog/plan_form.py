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
    """To numbers outside; needs prices."""
    incoming: YesNo = False
    """From outside to a DID; needs a price."""
    local: YesNo = False
    """To phones of the same organization; needs a price."""
    extended_local: YesNo = False
    """To phones of other organizations on this PBX; needs a price."""


class SegmentsForm(Form):
    """Charging segments of rates without a pair of their own."""

    outgoing: Segments = (60, 10)
    """First and next block of outgoing calls in seconds: 75 s at 60/10 are billed as 80 s."""
    incoming: Segments = (60, 10)
    """First and next block of incoming calls in seconds."""


class InitialCreditForm(Form):
    """Credit granted once per account, to each of its wallets."""

    outgoing: Amount = 0
    """For outgoing calls, or for all where wallets are shared; 0 if not given."""
    incoming: Amount = 0
    """For incoming calls; 0 if not given. Shared wallets have none."""


class ReservationForm(Form):
    """How much of a call is paid in advance."""

    slice_s: Annotated[int, whole(SLICE_MIN_S, 3600, "s")] = 60
    """Seconds that are held ahead of the talk, rounded up to whole blocks; 60."""


class OutOfCreditForm(Form):
    """What happens when the credit ends: a warning, then the cut, and where the caller goes."""

    warn_before_s: Annotated[int, whole(0, 600, "s")] = 10
    """Seconds before the end at which the payer alone is warned; 10, and 0 is no warning."""
    sound: Sound = ""
    """One of Asterisk's sounds for the warning; the site's, or a tone, without it."""
    action: Annotated[Action, one_of(Action)] = Action.HANG_UP
    """`hang_up` (default), or `continue`: the caller goes on in a context of the dialplan."""
    context: Context = ""
    """Where the caller goes on, at extension s, with `action: continue`."""


class LimitsForm(Form):
    """What a plan allows at most; None is no limit."""

    concurrent_calls: Annotated[int | None, _CALLS] = CONCURRENT_CALLS
    """Live calls at once; 10, or `unlimited`."""
    calls_per_minute: Annotated[int | None, _CALLS] = CALLS_PER_MINUTE
    """Calls let through in 60 s; 30, or `unlimited`."""
    spend_per_hour: Annotated[int | None, unlimited_or(amount)] = SPEND_PER_HOUR_MICROS
    """What running calls hold, and what was charged in 60 minutes; 50.00, or `unlimited`."""
    spend_per_day: Annotated[int | None, unlimited_or(amount)] = SPEND_PER_DAY_MICROS
    """The same in 24 hours; 200.00, or `unlimited`."""
    price_per_minute_max: Annotated[Fraction | None, unlimited_or(price)] = PRICE_PER_MINUTE_MAX
    """Dearer numbers are refused; 5.00, or `unlimited`."""
    high_risk: YesNo = False
    """Whether the prefixes of the site's high-risk list may be called; no."""
    call_max_s: Annotated[int | None, unlimited_or(whole(1, SECONDS_MAX, "s"))] = 4 * 3600
    """The longest call in seconds; 14400, or `unlimited`."""


class PricesForm(Form):
    """Prices for each kind of call; a single price for incoming calls is a list of one.

    So is a list of public prices: the rows of a group without a deck.
    """

    alone: ClassVar = ("incoming",)
    listed: ClassVar = {"public": "rates"}

    public: PublicForm = PublicForm()
    """Rows by prefix, the longest one decides; or `deck` and, where some are to win over it,
    `rates`."""
    local: HouseForm | None = None
    """The one price of calls inside the organization; 0 is free."""
    extended_local: HouseForm | None = None
    """The one price of calls to other organizations of this PBX; 0 is free."""
    incoming: tuple[IncomingForm, ...] = ()
    """One price, or rows by `caller_prefixes`."""


class PlanForm(Form):
    """The file of a charging plan."""

    required: ClassVar = ("name", "type")
    name: Slug = ""
    """By which accounts name the plan."""
    owner: Owner = OWNER_SITE
    """`site` (default), or an account: only accounts below it may have the plan."""
    type: Annotated[PlanKind, one_of(PlanKind)] = PlanKind.PREPAID
    """`prepaid`, `postpaid` or `unlimited`."""
    monthly_limit: Annotated[int | None, unlimited_or(amount)] = None
    """Of a postpaid plan, required there: an amount for each calendar month, or `unlimited`."""
    wallets: Annotated[WalletPolicy, one_of(WalletPolicy)] = WalletPolicy.SEPARATE
    """`separate` (default) or `shared`; a shared one takes the outgoing initial credit."""
    effective_from: Instant = 0
    """First day, or day and time of the site's zone, of the plan."""
    effective_until: Instant | None = None
    """First day, or day and time of the site's zone, without the plan."""
    method: Annotated[Method, one_of(Method)] = Method.FIXED
    """`fixed` (default): the prices below; `relative`: those of the level above, and a margin."""
    relative: RelativeForm | None = None
    """The margin of a relative plan: 75 s at 60/10 that cost 0.02 above are, by 1.25 and 0.001 for
    each 10 s, 0.025 + 0.008 = 0.033."""
    allow: AllowForm = AllowForm()
    """Kinds of call that are allowed; each needs a price."""
    charging_segments: SegmentsForm = SegmentsForm()
    """First and next block of prices without a pair of their own; 60/10."""
    initial_credit: InitialCreditForm = InitialCreditForm()
    """Granted once for each account and wallet, ever."""
    credit_limit: Amount = 0
    """Of a prepaid plan, how far below zero outgoing calls may go; 0. A balance of 3.00 and a limit
    of 5.00 are 8.00 to spend."""
    reservation: ReservationForm = ReservationForm()
    """How much of a call is paid in advance."""
    out_of_credit: OutOfCreditForm = OutOfCreditForm()
    """What happens when the credit ends."""
    limits: LimitsForm = LimitsForm()
    """Against fraud; they hold also where nothing is written."""
    rounding: RoundingForm = RoundingForm()
    """Of each charge, once, at its end."""
    time_windows: dict[str, TimeWindowForm] = Field(default_factory=dict)
    """Days and hours by name; the first one that holds an instant counts."""
    holidays: tuple[Holiday, ...] = ()
    """Dates that are a `holiday` and no weekday."""
    prices: PricesForm = PricesForm()
    """A price for each kind of call that is allowed."""
    exceptions: tuple[ExceptionForm, ...] = ()
    """Rows that win over every price, whatever the length of the prefix: a price, a margin, or
    `status: forbidden`."""
