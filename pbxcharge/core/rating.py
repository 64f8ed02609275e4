"""What a call is priced with: kept once per distinct content, under the hash of that content.

A changed plan file never changes a live call, and a charge can be explained when the file is long
gone, because both read only this.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from pbxcharge.core.limits import UNLIMITED, Limits
from pbxcharge.core.plan import Terms
from pbxcharge.core.price import (
    RULE_SET,
    Charge,
    ChargeLine,
    Rate,
    hang_up_limit_s,
    rate_from_canonical,
    rate_to_canonical,
)


@dataclass(frozen=True, slots=True)
class RatedLevel:
    """The plan settings that matter and the matched rate of one charged level."""

    plan: str
    plan_version: str
    rate: Rate
    limits: Limits = UNLIMITED


@dataclass(frozen=True, slots=True)
class Rating:
    """The rates of every charged level, the caller's own first, and the terms of the call.

    Args:
        levels: empty if no level of the chain has a plan of its own.
        terms: of the caller's own plan.
        rule_set: the number of the pricing rules in force.

    `limit_s` is the longest talk that the terms and the rates leave.
    """

    levels: tuple[RatedLevel, ...]
    terms: Terms
    rule_set: int = RULE_SET
    limit_s: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rates = [level.rate for level in self.levels]
        object.__setattr__(self, "limit_s", talk_limit_s(rates, self.terms.call_max_s))

    def canonical(self) -> str:
        """The content as canonical JSON: sorted keys, no spaces, exact fractions."""
        return canonical_json(
            {
                "rule_set": self.rule_set,
                "terms": _terms_to_canonical(self.terms),
                "levels": [_level_to_canonical(level) for level in self.levels],
            }
        )


def _terms_to_canonical(terms: Terms) -> dict[str, Any]:
    # Without a sound or a context it is the text that was stored before there were any.
    later = ("warn_sound", "after")
    return {
        name: value for name, value in asdict(terms).items() if value != "" or name not in later
    }


def _level_to_canonical(level: RatedLevel) -> dict[str, Any]:
    # Without limits it is the text that was stored before there were any, under the same hash.
    limits = {} if level.limits == UNLIMITED else {"limits": _limits_to_canonical(level.limits)}
    return {
        "plan": level.plan,
        "plan_version": level.plan_version,
        "rate": rate_to_canonical(level.rate),
        **limits,
    }


def _limits_to_canonical(limits: Limits) -> dict[str, Any]:
    found = asdict(limits)
    if limits.monthly_limit_micros is None:
        del found["monthly_limit_micros"]
    return found


def _level_from_canonical(level: Mapping[str, Any]) -> RatedLevel:
    limits = Limits(**level["limits"]) if "limits" in level else UNLIMITED
    rate = rate_from_canonical(level["rate"])
    return RatedLevel(level["plan"], level["plan_version"], rate, limits)


def talk_limit_s(rates: list[Rate], call_max_s: int) -> int:
    """The longest talk that the plan and every maximum charge with `hang_up` leave."""
    limits = [hang_up_limit_s(rate) for rate in rates]
    return min([call_max_s, *(limit for limit in limits if limit is not None)])


def lines_canonical(charge: Charge) -> str:
    """The lines of a charge as canonical JSON; amounts are exact fractions of micro-units."""
    return canonical_json([_line(line) for line in charge.lines])


def _line(line: ChargeLine) -> dict[str, Any]:
    price = line.price_per_minute
    # Without a window it is the text that was stored before there were any.
    window = {"window": line.window} if line.window else {}
    return {
        "kind": str(line.kind),
        "amount": str(line.amount),
        "from_s": line.from_s,
        "to_s": line.to_s,
        "blocks": line.blocks,
        "price_per_minute": None if price is None else str(price),
        **window,
    }


def canonical_json(content: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON that is the same text for the same content."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def rating_id(body: str) -> str:
    """The id of a rating: the hash of its canonical JSON."""
    return sha256(body.encode()).hexdigest()


def rating_from_canonical(body: str) -> Rating:
    """The rating that was stored.

    Raises:
        ValueError: the text is not a stored rating.
        KeyError: a field is missing.
    """
    content = json.loads(body)
    return Rating(
        levels=tuple(_level_from_canonical(level) for level in content["levels"]),
        terms=Terms(**content["terms"]),
        rule_set=content["rule_set"],
    )
