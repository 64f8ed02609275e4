"""What a stored version of a plan says, key by key, in the words of a plan file.

From the stored text alone, so that versions of earlier releases can be told apart, too: what this
release does not know is shown as it stands there.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, tzinfo
from fractions import Fraction
from typing import Any, Final

from pbxcharge.catalog.instants import written_instant
from pbxcharge.catalog.window_form import day_name
from pbxcharge.core.money import format_amount, format_price
from pbxcharge.core.plan import UNLIMITED_S
from pbxcharge.core.windows import Day

Content = Mapping[str, Any]
Words = dict[str, str]
Say = Callable[[Any], str]

USUAL_INTERVAL_S: Final = 60
USUAL_ROUNDING: Final = "away_from_zero, 4 decimals"


def _amount(micros: int | None) -> str:
    return "unlimited" if micros is None else format_amount(micros)


def _price(text: str) -> str:
    """An exact price: 1/10 is 0.10; one that no decimal number says stays a fraction."""
    price = Fraction(text)
    return format_price(price) if (price * 10**12).denominator == 1 else str(price)


def _price_or_unlimited(text: str) -> str:
    return "unlimited" if text == "None" else _price(text)


def _seconds_or_unlimited(seconds: int) -> str:
    return "unlimited" if seconds == UNLIMITED_S else str(seconds)


def _yes(said: Any) -> str:
    return "yes" if said else "no"


def _list(texts: list[str]) -> str:
    return ", ".join(texts) or "nothing"


def _steps(steps: list[Content] | None) -> str:
    return "; ".join(map(_step, steps or ())) or "none"


def _step(step: Content) -> str:
    price, next_s = step["price_per_minute"], step["next_s"]
    words = [f"from {step['from_s']} s"]
    words += [] if price is None else [_price(price)]
    words += [] if next_s is None else [f"in blocks of {next_s} s"]
    return " ".join(words)


_SETTINGS: Final[Mapping[str, tuple[str, Say]]] = {
    "name": ("name", str),
    "kind": ("type", str),
    "allowed": ("allow", _list),
    "initial_credit_micros": ("initial_credit.outgoing", _amount),
    "initial_incoming_micros": ("initial_credit.incoming", _amount),
    "credit_limit_micros": ("credit_limit", _amount),
    "monthly_limit_micros": ("monthly_limit", _amount),
    "wallets": ("wallets", str),
    "owner": ("owner", str),
    "slice_s": ("reservation.slice_s", str),
    "warn_before_s": ("out_of_credit.warn_before_s", str),
    "warn_sound": ("out_of_credit.sound", str),
    "after": ("out_of_credit.context", str),
    "call_max_s": ("limits.call_max_s", _seconds_or_unlimited),
    "price_per_minute_max": ("limits.price_per_minute_max", _price_or_unlimited),
    "high_risk": ("limits.high_risk", _yes),
}
"""The key of a plan file for each name of a stored version, and how its value is written."""

_LIMITS: Final[Mapping[str, tuple[str, Say]]] = {
    "concurrent_calls": ("concurrent_calls", lambda calls: str(calls or "unlimited")),
    "calls_per_minute": ("calls_per_minute", lambda calls: str(calls or "unlimited")),
    "spend_per_hour_micros": ("spend_per_hour", _amount),
    "spend_per_day_micros": ("spend_per_day", _amount),
}

_DEFAULTS: Final[Mapping[str, str]] = {
    "initial_credit.incoming": "0.00",
    "wallets": "separate",
    "owner": "site",
}
"""What a version means that does not say it."""

PRICES: Final = ("rates", "dated", "exceptions")
"""What of a version are rows of prices."""
_NAMES: Final = ("destination", "prefix", "rule_set", "from_s")
"""What of a row says what it is for."""

_ROW: Final[Mapping[str, tuple[str, Say]]] = {
    "price_per_minute": ("price_per_minute", _price),
    "connect_fee_micros": ("connect_fee", _amount),
    "first_price_per_minute": ("first_price_per_minute", _price),
    "first_amount_micros": ("first_amount", _amount),
    "steps": ("steps", _steps),
    "free_s": ("free_seconds", str),
    "grace_s": ("grace_seconds", str),
    "minimum_charge_micros": ("minimum_charge", _amount),
    "surcharge_percent": ("surcharge_percent", _price),
}
_UNSAID: Final[Mapping[str, Any]] = {
    "connect_fee_micros": 0,
    "steps": [],
    "free_s": 0,
    "grace_s": 0,
    "minimum_charge_micros": 0,
    "surcharge_percent": "0/1",
}
"""Values of a row that are as if nothing were written; so is null."""


def settings_words(content: Content, zone: tzinfo) -> Words:
    """Everything that a version says beside its prices: `{"reservation.slice_s": "60", …}`."""
    left = {key: value for key, value in content.items() if key not in PRICES}
    limits, schedule = left.pop("limits", {}), left.pop("schedule", ([], []))
    begins, ends = left.pop("effective_s", (0, None))
    deck, relative = left.pop("deck", None), left.pop("relative", None)
    words = dict(_DEFAULTS) | _said(left, _SETTINGS)
    words |= {f"limits.{key}": word for key, word in _said(limits, _LIMITS).items()}
    words |= {"effective_from": written_instant(begins, zone)} if begins else {}
    words |= {"effective_until": written_instant(ends, zone)} if ends is not None else {}
    return words | dict(_windows(*schedule)) | _deck(deck) | _relative(relative)


def row_words(record: Content, zone: tzinfo) -> Words:
    """What a row of prices says: `{"price_per_minute": "0.10", "segments": "60/10", …}`."""
    left = {key: value for key, value in record.items() if key not in _NAMES}
    relative = left.pop("relative", None)
    words = {} if relative is None else _margin(relative)
    words["segments"] = f"{left.pop('first_s')}/{left.pop('next_s')}"
    maximum, then = left.pop("maximum_charge_micros", None), left.pop("maximum_then", "free")
    words |= {} if maximum is None else {"maximum_charge": f"{_amount(maximum)}, then {then}"}
    words |= {"status": "forbidden"} if left.pop("forbidden", 0) else {}
    rounding = f"{left.pop('rounding')}, {left.pop('rounding_decimals')} decimals"
    words |= {} if rounding == USUAL_ROUNDING else {"rounding": rounding}
    words |= {f"windows.{it['window']}": _variant(it) for it in left.pop("variants", ())}
    until_s = left.pop("until_s", None)
    words |= {} if until_s is None else {"effective_until": written_instant(until_s, zone)}
    written = {key: it for key, it in left.items() if it is not None and it != _UNSAID.get(key)}
    return _said(written, _ROW) | words


def _said(content: Content, known: Mapping[str, tuple[str, Say]]) -> Words:
    """In the words of a plan file; what another release says beyond that, as it is kept."""
    words = {}
    for key, value in content.items():
        name, say = known.get(key, (key, json.dumps))
        words[name] = say(value)
    return words


def _windows(windows: list[Any], holidays: list[str]) -> Iterator[tuple[str, str]]:
    for place, (name, days, from_s, to_s) in enumerate(windows, 1):
        named = ", ".join(day_name(Day(day)) for day in days)
        hours = f"{_clock(from_s)} to {_clock(to_s)}"
        yield f"time_windows[{place}]", f"{name}: {named}, {hours}"
    for day in holidays:
        yield f"holidays {day}", "yes"


def _clock(second: int) -> str:
    seconds = f":{second % 60:02}" if second % 60 else ""
    return f"{second // 3600:02}:{second // 60 % 60:02}{seconds}"


def _deck(deck: list[Any] | None) -> Words:
    if deck is None:
        return {}
    name, version, first_s, next_s, method, decimals = deck
    return {
        "prices.public.deck": f"{name} {version}",
        "charging_segments of the deck": f"{first_s}/{next_s}",
        "rounding of the deck": f"{method}, {decimals} decimals",
    }


def _relative(terms: list[Content] | None) -> Words:
    words: Words = {}
    for record in terms or ():
        kind = record["prefix"].removeprefix("@") or "public"
        said = row_words(record, UTC)
        words |= {f"relative of {kind} calls: {key}": word for key, word in said.items()}
    return words


def _margin(relative: Content) -> Words:
    words = {"multiplier": _price(relative["multiplier"])}
    if (relative["adjustment_micros"], relative["interval_s"]) != (0, USUAL_INTERVAL_S):
        every = f"{_amount(relative['adjustment_micros'])} for each {relative['interval_s']} s"
        words["adjustment"] = every
    return words


def _variant(variant: Content) -> str:
    said = {key: value for key, value in variant.items() if value is not None and key != "window"}
    first_s, next_s = said.pop("first_s", None), said.pop("next_s", None)
    words = [f"{key} {word}" for key, word in _said(said, _ROW).items()]
    return ", ".join([*words, *([] if first_s is None else [f"segments {first_s}/{next_s}"])])
