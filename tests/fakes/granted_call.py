"""Granted calls as values, for tests that need one and care for little of it."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from pbxcharge.core.attempt import Attempt, Granted, Leg, PayingLevel
from pbxcharge.core.plan import Terms
from pbxcharge.core.rate import Rate
from pbxcharge.core.rating import RatedLevel, Rating, rating_id

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
    rates: Sequence[Rate] | None = None,
    terms: Terms | None = None,
    wallets: Sequence[str] = (WALLET,),
    ring_s: int = 30,
    renew_lead_ms: int = 10_000,
    setup_at_us: int = SETUP_AT_US,
) -> Granted:
    """A call of alice to Germany; each further rate and wallet is a level above her."""
    levels = tuple(RatedLevel("basic", "v1", rate) for rate in rates or (a_rate(),))
    rating = Rating(levels, terms or Terms())
    return Granted(
        attempt=_attempt(call_id, setup_at_us),
        levels=tuple(PayingLevel(wallet.partition(":")[0], wallet) for wallet in wallets),
        rating=rating,
        rating_id=rating_id(rating.canonical()),
        ring_s=ring_s,
        renew_lead_ms=renew_lead_ms,
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
