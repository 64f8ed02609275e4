"""How two versions of a plan differ: key by key, and price by price."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction
from typing import Any

from pbxcharge.catalog.instants import written_instant
from pbxcharge.catalog.plan_words import Content, Words, row_words, settings_words
from pbxcharge.catalog.stored_plan import call_type_of
from pbxcharge.core.plan import CallType

RowKey = tuple[bool, str, int]
"""Of a row: whether it is an exception, its prefix, and the second from which on it counts."""


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A key with another value; None is a key that is not said."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A row with another price, a new row (`before` is None), or one that is gone.

    Args:
        call_type: of which calls.
        is_exception: whether it stands among the exceptions.
        prefix: digits, or a pseudo-destination.
        effective_from: from when on it counts, in local time; None is always.
        destination: its name, the new one if there are two.
        before: what the row said, word by word.
        after: what it says now.
        percent: by how much the price per minute, or the multiplier, has changed.
    """

    call_type: CallType
    is_exception: bool
    prefix: str
    effective_from: str | None
    destination: str
    before: Words | None
    after: Words | None
    percent: Fraction | None

    @property
    def changed(self) -> tuple[str, ...]:
        """The words that differ, where there is a row before and after."""
        before, after = self.before or {}, self.after or {}
        return tuple(key for key in {**before, **after} if before.get(key) != after.get(key))


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """What leads from one version of a plan to another; nothing at all if they say the same."""

    settings: tuple[SettingChange, ...]
    prices: tuple[PriceChange, ...]


def plan_diff(before: str | None, after: str | None, zone: tzinfo) -> PlanDiff:
    """How versions differ, by what is kept of each; None is no plan at all.

    0.10 a minute and then 0.12 is a change of +20 %. Of rate decks it tells the versions.
    """
    old, new = (json.loads(body) if body else {} for body in (before, after))
    settings = _settings(old, new, zone)
    prices = tuple(_prices(_rows(old), _rows(new), zone))
    return PlanDiff(settings, prices)


def _settings(old: Content, new: Content, zone: tzinfo) -> tuple[SettingChange, ...]:
    before, after = (settings_words(it, zone) if it else {} for it in (old, new))
    return tuple(
        SettingChange(key, before.get(key), after.get(key))
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    )


def _prices(
    old: Mapping[RowKey, Content], new: Mapping[RowKey, Content], zone: tzinfo
) -> Iterator[PriceChange]:
    for key in sorted(old.keys() | new.keys(), key=_in_order):
        before, after = old.get(key), new.get(key)
        if before != after:
            yield _change(key, before, after, zone)


def _change(
    key: RowKey, before: Content | None, after: Content | None, zone: tzinfo
) -> PriceChange:
    is_exception, prefix, from_s = key
    return PriceChange(
        call_type=call_type_of(prefix),
        is_exception=is_exception,
        prefix=prefix,
        effective_from=written_instant(from_s, zone) if from_s else None,
        destination=(after or before or {})["destination"],
        before=_words(before, zone),
        after=_words(after, zone),
        percent=_percent(before, after),
    )


def _words(record: Content | None, zone: tzinfo) -> Words | None:
    if record is None:
        return None
    return {"destination": record["destination"], **row_words(record, zone)}


def _percent(before: Content | None, after: Content | None) -> Fraction | None:
    """None where nothing can be compared: from no price, from a price of 0, or of another kind."""
    old, new = _price(before), _price(after)
    if old is None or new is None or old[0] != new[0] or not old[1]:
        return None
    return (new[1] / old[1] - 1) * 100


def _price(record: Content | None) -> tuple[bool, Fraction] | None:
    if record is None:
        return None
    if "relative" in record:
        return True, Fraction(record["relative"]["multiplier"])
    return False, Fraction(record["price_per_minute"])


def _rows(content: Content) -> dict[RowKey, Content]:
    """Every row of prices by what it is for."""
    exceptions = content.get("exceptions", ([], []))
    lists: list[tuple[bool, Iterable[Any]]] = [
        (False, (*content.get("rates", ()), *content.get("dated", ()))),
        (True, (*exceptions[0], *exceptions[1])),
    ]
    return {
        (is_exception, row["prefix"], row.get("from_s", 0)): row
        for is_exception, rows in lists
        for row in rows
    }


def _in_order(key: RowKey) -> tuple[int, bool, str, int]:
    is_exception, prefix, from_s = key
    return [*CallType].index(call_type_of(prefix)), not is_exception, prefix, from_s


def diff_document(diff: PlanDiff) -> dict[str, Any]:
    """The same in JSON's own kinds: what `plan diff` answers of one plan."""
    return {
        "settings": [
            {"key": it.key, "before": it.before, "after": it.after} for it in diff.settings
        ],
        "prices": [_price_document(it) for it in diff.prices],
    }


def _price_document(change: PriceChange) -> dict[str, Any]:
    kind = "new" if change.before is None else "gone" if change.after is None else "changed"
    return {
        "for": str(change.call_type),
        "exception": change.is_exception,
        "prefix": change.prefix,
        "destination": change.destination,
        "effective_from": change.effective_from,
        "change": kind,
        "percent": percent_text(change.percent) if change.percent else None,
        "differs": [*change.changed],
        "before": change.before,
        "after": change.after,
    }


def percent_text(percent: Fraction) -> str:
    """A change to a tenth of a percent, with its sign: 20 is "+20.0", 1/3 less is "-33.3"."""
    tenths = (abs(percent) * 10 + Fraction(1, 2)) // 1
    sign = "-" if percent < 0 else "+"
    return f"{sign}{tenths // 10}.{tenths % 10}"
