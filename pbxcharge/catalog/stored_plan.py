"""A plan as the books keep it, read back: what a version said, long after its file is gone.

What a version does not say cannot be read back: the rows of its rate deck, which destinations the
site took for high-risk, and the site's duration tolerance.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from pbxcharge.core.limits import Limits
from pbxcharge.core.money import Rounding
from pbxcharge.core.plan import (
    NO_TARIFFS,
    NOT_RELATIVE,
    CallType,
    Plan,
    PlanDeck,
    PlanKind,
    Terms,
    WalletPolicy,
)
from pbxcharge.core.plan_history import version_of
from pbxcharge.core.price import RelativeTerms, terms_from_canonical
from pbxcharge.core.tariff import NO_PREFIXES, DatedRate, Prefixes, Priced, Tariff
from pbxcharge.core.windows import NO_SCHEDULE, Day, Schedule, Window

UNKNOWN_PREFIXES: Final = Prefixes(frozenset({"?"}))
"""Stands for the high-risk destinations that a version barred; no number begins with it."""

Content = Mapping[str, Any]


def stored_plan(body: str) -> Plan:
    """The plan that a stored version is, from the text that `plan_body` made of it.

    Raises:
        ValueError, KeyError, TypeError: the text is none, or of another release.
    """
    content: Content = json.loads(body)
    maximum = content["price_per_minute_max"]
    effective_from_s, effective_until_s = content.get("effective_s", (0, None))
    return Plan(
        name=content["name"],
        version=version_of(body),
        kind=PlanKind(content["kind"]),
        allowed=frozenset(map(CallType, content["allowed"])),
        tariffs=_tariffs(content["rates"], content.get("dated", ())),
        initial_credit_micros=content["initial_credit_micros"],
        credit_limit_micros=content["credit_limit_micros"],
        terms=_terms(content),
        limits=Limits(**content["limits"]),
        price_per_minute_max=None if maximum == "None" else Fraction(maximum),
        barred=NO_PREFIXES if content["high_risk"] else UNKNOWN_PREFIXES,
        initial_incoming_micros=content.get("initial_incoming_micros", 0),
        monthly_limit_micros=content.get("monthly_limit_micros"),
        wallets=WalletPolicy(content.get("wallets", WalletPolicy.SEPARATE)),
        owner=content.get("owner"),
        effective_from_s=effective_from_s,
        effective_until_s=effective_until_s,
        relative=_relative(content),
        exceptions=_tariffs(*content["exceptions"]) if "exceptions" in content else NO_TARIFFS,
        schedule=_schedule(content),
        deck=_deck(content),
    )


def call_type_of(prefix: str) -> CallType:
    """The kind of call that a row prices: `@incoming:44` incoming ones, `44` public ones."""
    name = prefix.partition(":")[0].removeprefix("@")
    return CallType(name) if prefix.startswith("@") else CallType.PUBLIC


def _terms(content: Content) -> Terms:
    return Terms(
        slice_s=content["slice_s"],
        warn_before_s=content["warn_before_s"],
        call_max_s=content["call_max_s"],
        warn_sound=content.get("warn_sound", ""),
        after=content.get("after", ""),
    )


def _tariffs(always: Sequence[Content], dated: Sequence[Content]) -> Mapping[CallType, Tariff]:
    rates: defaultdict[CallType, list[Priced]] = defaultdict(list)
    spans: defaultdict[CallType, list[DatedRate]] = defaultdict(list)
    for record in always:
        rates[call_type_of(record["prefix"])].append(terms_from_canonical(record))
    for record in dated:
        terms = {name: value for name, value in record.items() if name not in ("from_s", "until_s")}
        row = DatedRate(terms_from_canonical(terms), record["from_s"], record["until_s"])
        spans[call_type_of(record["prefix"])].append(row)
    return MappingProxyType(
        {kind: Tariff(tuple(rates[kind]), tuple(spans[kind])) for kind in {**rates, **spans}}
    )


def _relative(content: Content) -> Mapping[CallType, RelativeTerms]:
    if "relative" not in content:
        return NOT_RELATIVE
    terms = zip(CallType, map(terms_from_canonical, content["relative"]), strict=True)
    return MappingProxyType({kind: it for kind, it in terms if isinstance(it, RelativeTerms)})


def _schedule(content: Content) -> Schedule:
    if "schedule" not in content:
        return NO_SCHEDULE
    windows, holidays = content["schedule"]
    return Schedule(
        tuple(
            Window(name, frozenset(map(Day, days)), from_s, to_s)
            for name, days, from_s, to_s in windows
        ),
        frozenset(map(date.fromisoformat, holidays)),
    )


def _deck(content: Content) -> PlanDeck | None:
    if "deck" not in content:
        return None
    name, version, first_s, next_s, method, decimals = content["deck"]
    return PlanDeck(name, version, (first_s, next_s), (Rounding(method), decimals), Tariff())
