"""A rate as it is stored with the calls it priced: exact, JSON-able, readable for years.

The names below are those of stored records, not of Python attributes: renaming an attribute must
not change them. A record that cannot be read in full is refused, since a price from a part of the
terms would be a wrong one.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from pbxcharge.core.money import Rounding
from pbxcharge.core.rate_terms import RULE_SET, MaximumThen, Rate, Step

Canonical = str | int | list[dict[str, str | int | None]] | None

_FRACTION = re.compile(r"-?[0-9]+/[1-9][0-9]*")


def rate_to_canonical(rate: Rate) -> dict[str, Canonical]:
    """The terms of a rate in JSON's own kinds, fractions as "n/d": 0.10 a minute is "1/10".

    Equal rates give equal mappings. `rate_from_canonical` reads it back.
    """
    return {
        "rule_set": RULE_SET,
        "destination": rate.destination,
        "prefix": rate.prefix,
        "connect_fee_micros": rate.connect_fee_micros,
        "first_s": rate.first_s,
        "next_s": rate.next_s,
        "price_per_minute": _fraction_text(rate.price_per_minute),
        "first_price_per_minute": _fraction_text(rate.first_price_per_minute),
        "first_amount_micros": rate.first_amount_micros,
        "steps": [_step_to_canonical(step) for step in rate.steps],
        "free_s": rate.free_s,
        "grace_s": rate.grace_s,
        "minimum_charge_micros": rate.minimum_charge_micros,
        "maximum_charge_micros": rate.maximum_charge_micros,
        "maximum_then": rate.maximum_then.value,
        "surcharge_percent": _fraction_text(rate.surcharge_percent),
        "forbidden": int(rate.forbidden),
        "rounding": rate.rounding.value,
        "rounding_decimals": rate.rounding_decimals,
    }


def rate_from_canonical(record: Mapping[str, Any]) -> Rate:
    """The rate that was stored, exactly.

    Raises ValueError for another rule set, a missing or unknown name, and a value of another kind.
    """
    fields = _Fields(record, "stored rate")
    if fields.whole("rule_set") != RULE_SET:
        raise ValueError(f"stored rate is of rule set {record['rule_set']}, not {RULE_SET}")
    rate = Rate(
        destination=fields.text("destination"),
        prefix=fields.text("prefix"),
        connect_fee_micros=fields.whole("connect_fee_micros"),
        first_s=fields.whole("first_s"),
        next_s=fields.whole("next_s"),
        price_per_minute=fields.fraction("price_per_minute"),
        first_price_per_minute=fields.fraction_or_none("first_price_per_minute"),
        first_amount_micros=fields.whole_or_none("first_amount_micros"),
        steps=tuple(_step_from_canonical(step) for step in fields.take("steps", list)),
        free_s=fields.whole("free_s"),
        grace_s=fields.whole("grace_s"),
        minimum_charge_micros=fields.whole("minimum_charge_micros"),
        maximum_charge_micros=fields.whole_or_none("maximum_charge_micros"),
        maximum_then=MaximumThen(fields.text("maximum_then")),
        surcharge_percent=fields.fraction("surcharge_percent"),
        forbidden=bool(fields.whole("forbidden")),
        rounding=Rounding(fields.text("rounding")),
        rounding_decimals=fields.whole("rounding_decimals"),
    )
    fields.refuse_the_rest()
    return rate


def _step_to_canonical(step: Step) -> dict[str, str | int | None]:
    return {
        "from_s": step.from_s,
        "price_per_minute": _fraction_text(step.price_per_minute),
        "next_s": step.next_s,
    }


def _step_from_canonical(record: Any) -> Step:
    if not isinstance(record, Mapping):
        raise ValueError(f"a step of a stored rate is {record!r}")
    fields = _Fields(record, "step of a stored rate")
    step = Step(
        fields.whole("from_s"),
        fields.fraction_or_none("price_per_minute"),
        fields.whole_or_none("next_s"),
    )
    fields.refuse_the_rest()
    return step


def _fraction_text(value: Fraction | None) -> str | None:
    return None if value is None else f"{value.numerator}/{value.denominator}"


class _Fields:
    """Fields of a record, each taken once, by name and kind."""

    def __init__(self, record: Mapping[str, Any], subject: str) -> None:
        self._left = dict(record)
        self._subject = subject

    def take(self, name: str, kind: type) -> Any:
        if name not in self._left:
            raise ValueError(f"{self._subject} has no {name}")
        value = self._left.pop(name)
        # Not isinstance: JSON's true is no number of seconds, though Python calls bool an int.
        if type(value) is not kind:
            raise ValueError(f"{name} of a {self._subject} is {value!r}")
        return value

    def text(self, name: str) -> str:
        return str(self.take(name, str))

    def whole(self, name: str) -> int:
        return int(self.take(name, int))

    def whole_or_none(self, name: str) -> int | None:
        return None if self._is_none(name) else self.whole(name)

    def fraction(self, name: str) -> Fraction:
        text = self.text(name)
        if _FRACTION.fullmatch(text) is None:
            raise ValueError(f"{name} of a {self._subject} is {text!r}")
        return Fraction(text)

    def fraction_or_none(self, name: str) -> Fraction | None:
        return None if self._is_none(name) else self.fraction(name)

    def refuse_the_rest(self) -> None:
        if self._left:
            raise ValueError(f"{self._subject} has unknown {', '.join(sorted(self._left))}")

    def _is_none(self, name: str) -> bool:
        if name in self._left and self._left[name] is None:
            del self._left[name]
            return True
        return False
