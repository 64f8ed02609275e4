"""Granted calls as values, what they reserve, and how they come back from the store."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from pbxcharge.core.attempt import Attempt, Granted, Leg, PayingLevel
from pbxcharge.core.call import Call
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.credit import Hold, Payer, Reserve
from pbxcharge.core.limits import UNLIMITED, Limits
from pbxcharge.core.plan import Terms
from pbxcharge.core.price import Price, Rate, RelativeTerms
from pbxcharge.core.pricing import limit_s, moment, moment_of_record, prices
from pbxcharge.core.rating import RatedLevel, Rating, rating_id
from pbxcharge.core.sale import first_slice_s

SETUP_AT_US = 1_790_000_000_000_000
CALLER = Leg("1790000000.1", "PJSIP/alice-00000001")
LEG = Leg("1790000000.2", "PJSIP/carrier-00000002")
WALLET = "alice:outgoing"
PER_SECOND = Fraction(60, 100)
"""A price per minute that makes one second cost 0.01."""


def a_rate(**terms: Any) -> Rate:
    """0.01 a second in blocks of 1 s, where a test does not say otherwise."""
    price: dict[str, Any] = {"price_per_minute": PER_SECOND, "first_s": 1, "next_s": 1}
    return Rate(destination="Germany", prefix="49", **(price | terms))


def granted(
    call_id: str = "a",
    *,
    rates: Sequence[Rate | RelativeTerms] | None = None,
    terms: Terms | None = None,
    limits: Limits = UNLIMITED,
    wallets: Sequence[str] = (WALLET,),
    ring_s: int = 30,
    renew_lead_ms: int = 10_000,
    setup_at_us: int = SETUP_AT_US,
    trunks: tuple[str, ...] = ("carrier",),
) -> Granted:
    """A call of alice to Germany; each further rate and wallet is a level above her."""
    levels = tuple(RatedLevel("basic", "v1", rate, limits) for rate in rates or (a_rate(),))
    rating = Rating(levels, terms or Terms())
    return Granted(
        attempt=_attempt(call_id, setup_at_us),
        levels=tuple(PayingLevel(wallet.partition(":")[0], wallet) for wallet in wallets),
        rating=rating,
        rating_id=rating_id(rating.canonical()),
        ring_s=ring_s,
        renew_lead_ms=renew_lead_ms,
        trunks=trunks,
    )


def reservation(
    call: Granted,
    step: int,
    least_s: int,
    want_s: int,
    priced: Sequence[Price] | None = None,
) -> Reserve:
    """What the daemon asks of the engine for a slice; without prices for one before the answer."""
    return Reserve(
        call_id=call.attempt.call_id,
        step=step,
        payers=tuple(
            Payer(payer.wallet_id, price, rated.limits, quotas=payer.quotas)
            for payer, rated, price in zip(
                call.levels, call.rating.levels, priced or ringing_prices(call), strict=True
            )
        ),
        least_s=least_s,
        want_s=want_s,
        lease_from_us=call.attempt.setup_at_us,
        node=call.attempt.pbx,
        at_us=call.attempt.setup_at_us,
    )


def first_reservation(call: Granted) -> Reserve:
    """What is asked for before the call is allowed."""
    at = moment(call.rating, call.attempt.setup_at_us, None, None)
    slice_s, longest_s = call.rating.terms.slice_s, limit_s(call.rating, at)
    return reservation(call, 1, *first_slice_s(ringing_prices(call), slice_s, longest_s))


def ringing_prices(call: Granted) -> tuple[Price, ...]:
    """The prices of a call that is not answered yet."""
    return prices(call.rating, moment(call.rating, call.attempt.setup_at_us, None, None))


def final_prices(call: Granted, cdr: Cdr) -> tuple[Price, ...]:
    """The prices by which a call is charged."""
    return prices(call.rating, moment_of_record(cdr, call.rating))


def restored(stored: Call, hold: Hold) -> Call:
    """A call as the store gives it back: what it recorded, and the paid talk of its hold."""
    return Call(
        granted=stored.granted,
        step=hold.step,
        through_s=hold.through_s,
        phase=stored.phase,
        leg=stored.leg,
        answered_ms=stored.answered_ms,
        answered_at_us=stored.answered_at_us,
        settled_in=stored.answered_ms is not None,
        armed_s=hold.through_s,
        warned=stored.warned,
        stopped=stored.stopped,
        hung_up_by=stored.hung_up_by,
        ending_as=stored.ending_as,
        hang_up_ms=stored.hang_up_ms,
        exhausted=stored.exhausted,
        trunk=stored.trunk,
        slices=stored.slices,
        coverage=hold.coverage,
    )


def _attempt(call_id: str, setup_at_us: int) -> Attempt:
    return Attempt(
        call_id=call_id,
        pbx="pbx1",
        linkedid=CALLER.uniqueid,
        caller=CALLER,
        call_type="public",
        endpoint="alice",
        dialled="004930123456",
        number="4930123456",
        account_id="alice",
        organization_id="acme",
        setup_at_us=setup_at_us,
    )
