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
    RelativeTerms,
    rate_from_canonical,
    rate_to_canonical,
    terms_from_canonical,
    terms_to_canonical,
)
from pbxcharge.core.price_chain import (
    ANY_ANSWER,
    Answer,
    Priced,
    RatedLevel,
    RatedTrunk,
    priced_chain,
)
from pbxcharge.core.windows import NO_WINDOWS, timeline_from_canonical, timeline_to_canonical

__all__ = [
    "RatedLevel",
    "RatedTrunk",
    "Rating",
    "canonical_json",
    "lines_canonical",
    "rating_from_canonical",
    "rating_id",
]


@dataclass(frozen=True, slots=True)
class Rating:
    """The prices of every charged level, the caller's own first, and the terms of the call.

    Args:
        levels: empty if no level of the chain has a plan of its own.
        terms: of the caller's own plan.
        rule_set: the number of the pricing rules in force.
        trunks: that may carry the call, in order, where decks tell what it costs.
        answer_within_s: an answer comes so many seconds after the set-up, if any; told where time
            windows make it matter.

    `fixed` are the prices of a call that costs the same whenever it is answered and whoever
    carries it; else it is None. `timed` tells that the second of the answer matters, `by_cost`
    that the trunk does.
    """

    levels: tuple[RatedLevel, ...]
    terms: Terms
    rule_set: int = RULE_SET
    trunks: tuple[RatedTrunk, ...] = ()
    answer_within_s: int = 0
    timed: bool = field(init=False, repr=False, compare=False)
    by_cost: bool = field(init=False, repr=False, compare=False)
    fixed: Priced | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The value is frozen; the rest of it follows from the fields that were given.
        timed = any(len(level.timeline.changes) > 1 for level in self.levels)
        by_cost = bool(self.levels) and isinstance(self.levels[-1].rate, RelativeTerms)
        object.__setattr__(self, "timed", timed)
        object.__setattr__(self, "by_cost", by_cost)
        object.__setattr__(self, "fixed", None if timed else self._fixed())

    def __hash__(self) -> int:
        """Of a part of the content that tells nearly all ratings apart, since it is asked often."""
        names = [(one.plan_version, one.rate.prefix, one.timeline) for one in self.levels]
        return hash((self.rule_set, *names, *(trunk.name for trunk in self.trunks)))

    def _fixed(self) -> Priced | None:
        if not self.by_cost:
            return priced_chain(self.levels, ANY_ANSWER, self.terms.call_max_s)
        costs = {trunk.rate for trunk in self.trunks} or {None}
        if len(costs) > 1:
            return None
        return priced_chain(self.levels, (Answer(0, *costs),), self.terms.call_max_s)

    def canonical(self) -> str:
        """The content as canonical JSON: sorted keys, no spaces, exact fractions."""
        return canonical_json(
            {
                "rule_set": self.rule_set,
                "terms": _terms_to_canonical(self.terms),
                "levels": [_level_to_canonical(level) for level in self.levels],
                **_offers_to_canonical(self),
            }
        )


def _offers_to_canonical(rating: Rating) -> dict[str, Any]:
    # Without them it is the text that was stored before there were any.
    trunks = [_trunk_to_canonical(trunk) for trunk in rating.trunks]
    within = {"answer_within_s": rating.answer_within_s} if rating.answer_within_s else {}
    return {**({"trunks": trunks} if trunks else {}), **within}


def _trunk_to_canonical(trunk: RatedTrunk) -> dict[str, Any]:
    return {
        "name": trunk.name,
        "deck": trunk.deck,
        "deck_version": trunk.deck_version,
        "rate": trunk.rate and rate_to_canonical(trunk.rate),
    }


def _trunk_from_canonical(trunk: Mapping[str, Any]) -> RatedTrunk:
    rate = trunk["rate"] and rate_from_canonical(trunk["rate"])
    return RatedTrunk(trunk["name"], trunk["deck"], trunk["deck_version"], rate)


def _terms_to_canonical(terms: Terms) -> dict[str, Any]:
    # Without a sound or a context it is the text that was stored before there were any.
    later = ("warn_sound", "after")
    return {
        name: value for name, value in asdict(terms).items() if value != "" or name not in later
    }


def _level_to_canonical(level: RatedLevel) -> dict[str, Any]:
    # Without limits or hours it is the text that was stored before there were any, under its hash.
    limits = {} if level.limits == UNLIMITED else {"limits": _limits_to_canonical(level.limits)}
    timeline = level.timeline
    hours = {} if timeline == NO_WINDOWS else {"timeline": timeline_to_canonical(timeline)}
    return {
        "plan": level.plan,
        "plan_version": level.plan_version,
        "rate": terms_to_canonical(level.rate),
        **limits,
        **hours,
    }


def _limits_to_canonical(limits: Limits) -> dict[str, Any]:
    found = asdict(limits)
    if limits.monthly_limit_micros is None:
        del found["monthly_limit_micros"]
    return found


def _level_from_canonical(level: Mapping[str, Any]) -> RatedLevel:
    limits = Limits(**level["limits"]) if "limits" in level else UNLIMITED
    hours = timeline_from_canonical(level["timeline"]) if "timeline" in level else NO_WINDOWS
    rate = terms_from_canonical(level["rate"])
    return RatedLevel(level["plan"], level["plan_version"], rate, limits, hours)


def lines_canonical(charge: Charge) -> str:
    """The lines of a charge as canonical JSON; amounts are exact fractions of micro-units."""
    return canonical_json([_line(line) for line in charge.lines])


def _line(line: ChargeLine) -> dict[str, Any]:
    price = line.price_per_minute
    # Without a window it is the text that was stored before there were any.
    window = {"window": line.window} if line.window else {}
    taken = {"quota": line.quota, "discount": str(line.discount)} if line.quota else {}
    return {
        "kind": str(line.kind),
        "amount": str(line.amount),
        "from_s": line.from_s,
        "to_s": line.to_s,
        "blocks": line.blocks,
        "price_per_minute": None if price is None else str(price),
        **window,
        **taken,
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
        trunks=tuple(_trunk_from_canonical(trunk) for trunk in content.get("trunks", ())),
        answer_within_s=content.get("answer_within_s", 0),
    )
