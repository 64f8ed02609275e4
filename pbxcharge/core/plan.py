"""Charging plans: the prices and settings that an account's calls are charged by."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from pbxcharge.core.limits import DEFAULT_LIMITS, Limits
from pbxcharge.core.tariff import NO_PREFIXES, Prefixes, Tariff

UNLIMITED_S: Final = 10**9
"""The longest call where there is no limit: thirty years."""
PRICE_PER_MINUTE_MAX: Final = Fraction(5)


class PlanKind(StrEnum):
    """How an account pays. `prepaid` spends down to zero, or `credit_limit` below it."""

    PREPAID = "prepaid"


class CallType(StrEnum):
    """Kinds of call that a plan may allow; each allowed kind needs prices."""

    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Terms:
    """Settings of a plan that a running call obeys, stored with the call.

    Args:
        slice_s: length of one reservation, rounded up to whole blocks when used.
        warn_before_s: the payer hears a warning this long before the cut-off; 0 is never.
        call_max_s: the longest call.
        tolerance_ms: a started second counts once it has lasted this long.
    """

    slice_s: int = 60
    warn_before_s: int = 10
    call_max_s: int = 4 * 3600
    tolerance_ms: int = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """A charging plan as an admin wrote it.

    Args:
        name: unique on the site.
        version: hash of the content, so that a CDR names exactly what it was priced by.
        kind: prepaid.
        allowed: the call types that may be made.
        tariff: prices of public calls.
        initial_credit_micros: granted once per account, ever.
        credit_limit_micros: how far below zero a balance may be spent.
        terms: what a running call obeys.
        limits: what each account of the plan may do at most.
        price_per_minute_max: the highest price, with surcharge, of any block; None is no limit.
        barred: high-risk destinations that may not be called.
    """

    name: str
    version: str
    kind: PlanKind
    allowed: frozenset[CallType]
    tariff: Tariff
    initial_credit_micros: int
    credit_limit_micros: int
    terms: Terms
    limits: Limits = DEFAULT_LIMITS
    price_per_minute_max: Fraction | None = PRICE_PER_MINUTE_MAX
    barred: Prefixes = NO_PREFIXES
