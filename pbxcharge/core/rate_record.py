"""A rate as it is stored with the calls it priced: exact, JSON-able, readable for years.

The names below are those of stored records, not of Python attributes: renaming an attribute must
not change them. A record that cannot be read in full is refused, since a price from a part of the
terms would be a wrong one.
"""

from collections.abc import Mapping
from typing import Any

from pbxcharge.core.money import Rounding
from pbxcharge.core.rate_terms import RULE_SET, MaximumThen, Rate, Step, Variant
from pbxcharge.core.record_fields import RecordFields, fraction_text

Canonical = str | int | list[dict[str, Any]] | None


def rate_to_canonical(rate: Rate) -> dict[str, Canonical]:
    """The terms of a rate in JSON's own kinds, fractions as "n/d": 0.10 a minute is "1/10".

    Equal rates give equal mappings. `rate_from_canonical` reads it back. The hours at which a call
    was placed are no terms of its rate: they are stored beside it.
    """
    # Without variants it is the text that was stored before there were any.
    variants = {"variants": [_variant_to_canonical(variant) for variant in rate.variants]}
    return {
        "rule_set": RULE_SET,
        "destination": rate.destination,
        "prefix": rate.prefix,
        "connect_fee_micros": rate.connect_fee_micros,
        "first_s": rate.first_s,
        "next_s": rate.next_s,
        "price_per_minute": fraction_text(rate.price_per_minute),
        "first_price_per_minute": fraction_text(rate.first_price_per_minute),
        "first_amount_micros": rate.first_amount_micros,
        "steps": [_step_to_canonical(step) for step in rate.steps],
        "free_s": rate.free_s,
        "grace_s": rate.grace_s,
        "minimum_charge_micros": rate.minimum_charge_micros,
        "maximum_charge_micros": rate.maximum_charge_micros,
        "maximum_then": rate.maximum_then.value,
        "surcharge_percent": fraction_text(rate.surcharge_percent),
        "forbidden": int(rate.forbidden),
        "rounding": rate.rounding.value,
        "rounding_decimals": rate.rounding_decimals,
        **(variants if rate.variants else {}),
    }


def rate_from_canonical(record: Mapping[str, Any]) -> Rate:
    """The rate that was stored, exactly.

    Raises ValueError for another rule set, a missing or unknown name, and a value of another kind.
    """
    fields = RecordFields(record, "stored rate")
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
        steps=_steps(fields.take("steps", list)),
        free_s=fields.whole("free_s"),
        grace_s=fields.whole("grace_s"),
        minimum_charge_micros=fields.whole("minimum_charge_micros"),
        maximum_charge_micros=fields.whole_or_none("maximum_charge_micros"),
        maximum_then=MaximumThen(fields.text("maximum_then")),
        surcharge_percent=fields.fraction("surcharge_percent"),
        forbidden=bool(fields.whole("forbidden")),
        rounding=Rounding(fields.text("rounding")),
        rounding_decimals=fields.whole("rounding_decimals"),
        variants=tuple(_variant_from_canonical(one) for one in fields.list_or_empty("variants")),
    )
    fields.refuse_the_rest()
    return rate


def _step_to_canonical(step: Step) -> dict[str, str | int | None]:
    return {
        "from_s": step.from_s,
        "price_per_minute": fraction_text(step.price_per_minute),
        "next_s": step.next_s,
    }


def _step_from_canonical(record: Any) -> Step:
    if not isinstance(record, Mapping):
        raise ValueError(f"a step of a stored rate is {record!r}")
    fields = RecordFields(record, "step of a stored rate")
    step = Step(
        fields.whole("from_s"),
        fields.fraction_or_none("price_per_minute"),
        fields.whole_or_none("next_s"),
    )
    fields.refuse_the_rest()
    return step


def _steps(records: list[Any]) -> tuple[Step, ...]:
    return tuple(_step_from_canonical(record) for record in records)


def _variant_to_canonical(variant: Variant) -> dict[str, Canonical]:
    steps = variant.steps
    return {
        "window": variant.window,
        "price_per_minute": fraction_text(variant.price_per_minute),
        "connect_fee_micros": variant.connect_fee_micros,
        "first_s": variant.first_s,
        "next_s": variant.next_s,
        "first_price_per_minute": fraction_text(variant.first_price_per_minute),
        "first_amount_micros": variant.first_amount_micros,
        "steps": None if steps is None else [_step_to_canonical(step) for step in steps],
    }


def _variant_from_canonical(record: Any) -> Variant:
    if not isinstance(record, Mapping):
        raise ValueError(f"a variant of a stored rate is {record!r}")
    fields = RecordFields(record, "variant of a stored rate")
    steps = fields.list_or_none("steps")
    variant = Variant(
        window=fields.text("window"),
        price_per_minute=fields.fraction_or_none("price_per_minute"),
        connect_fee_micros=fields.whole_or_none("connect_fee_micros"),
        first_s=fields.whole_or_none("first_s"),
        next_s=fields.whole_or_none("next_s"),
        first_price_per_minute=fields.fraction_or_none("first_price_per_minute"),
        first_amount_micros=fields.whole_or_none("first_amount_micros"),
        steps=None if steps is None else _steps(steps),
    )
    fields.refuse_the_rest()
    return variant
