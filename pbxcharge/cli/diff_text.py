"""How two versions of a plan differ, for people: key by key, and prices by destination."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pbxcharge.cli.output import plural, remark, say, table

Document = dict[str, Any]

ROWS_MAX = 40
"""More changes than so many are added up by destination."""
PREFIXES_SHOWN = 3

_COLUMNS = [
    *(("for", "<"), ("prefix", "<"), ("destination", "<"), ("change", "<")),
    *(("before", "<"), ("after", "<"), ("percent", ">")),
]
_SUMMARY = [
    *(("for", "<"), ("destination", "<"), ("prefixes", ">"), ("changes", "<")),
    ("percent", ">"),
]


def show_diff(plan: Document, every: bool) -> None:
    """One plan: its versions, what it says otherwise, and its prices.

    Args:
        plan: as `plan diff` answers it.
        every: each prefix has a line of its own.
    """
    say(f"{plan['plan']}: {_versions(plan)}")
    both = plan["before"] is not None and plan["after"] is not None
    settings = plan["settings"]
    if settings and (both or every):
        rows = ((it["key"], _word(it["before"]), _word(it["after"])) for it in settings)
        table([("key", "<"), ("before", "<"), ("after", "<")], rows, "")
    if plan["prices"]:
        _show_prices(plan["prices"], every)
    elif not settings:
        remark("only what a version does not keep differs")
    say("")


def _versions(plan: Document) -> str:
    if plan["replaces"] is not None:
        return f"to come, in place of {plan['replaces']}, {plan['before']} → {plan['after']}"
    if plan["before"] is None:
        return f"new, {plan['after']}, {plural(len(plan['prices']), 'price')}"
    if plan["after"] is None:
        return f"gone, {plan['before']}, {plural(len(plan['prices']), 'price')}"
    return f"{plan['before']} → {plan['after']}"


def _show_prices(prices: Sequence[Document], every: bool) -> None:
    groups = [[it] for it in prices] if every else [*_alike(prices)]
    if not every and len(groups) > ROWS_MAX:
        table(_SUMMARY, _by_destination(prices), "")
        remark(f"{plural(len(prices), 'price')} differ; --all shows each")
        return
    table(_COLUMNS, map(_row, groups), "")
    if len(groups) < len(prices):
        remark(f"{plural(len(prices), 'price')} differ; --all shows each")


def _alike(prices: Iterable[Document]) -> Iterator[list[Document]]:
    """Prefixes together whose prices change in the same way, such as those of one row."""
    groups: dict[tuple[Any, ...], list[Document]] = {}
    for it in prices:
        key = (_for(it), it["destination"], _said(it, "before"), _said(it, "after"))
        groups.setdefault(key, []).append(it)
    yield from groups.values()


def _row(group: Sequence[Document]) -> tuple[Any, ...]:
    first = group[0]
    before, after = _said(first, "before"), _said(first, "after")
    percent = f"{first['percent']} %" if first["percent"] else ""
    what = _for(first), _prefixes(group), first["destination"], first["change"]
    return *what, before, after, percent


def _for(price: Document) -> str:
    return f"{price['for']}, exception" if price["exception"] else str(price["for"])


def _prefixes(group: Sequence[Document]) -> str:
    shown = ", ".join(_prefix(it) for it in group[:PREFIXES_SHOWN])
    more = len(group) - PREFIXES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _prefix(price: Document) -> str:
    begins = price["effective_from"]
    return f"{price['prefix']} from {begins}" if begins else str(price["prefix"])


def _said(price: Document, side: str) -> str:
    """What differs; of a row that is new or gone all that it says but its name."""
    words = price[side]
    if words is None:
        return ""
    keys = price["differs"] if price["change"] == "changed" else [*words]
    if price["change"] != "changed":
        keys = [key for key in keys if key != "destination"]
    return ", ".join(_key_word(key, words.get(key)) for key in keys)


def _key_word(key: str, word: str | None) -> str:
    """The price per minute and the segments speak for themselves."""
    plain = key in ("price_per_minute", "segments")
    return _word(word) if plain else f"{key} {_word(word)}"


def _word(word: str | None) -> str:
    return "none" if word is None else word


def _by_destination(prices: Iterable[Document]) -> Iterator[tuple[Any, ...]]:
    groups: dict[tuple[str, str], list[Document]] = {}
    for it in prices:
        groups.setdefault((_for(it), it["destination"]), []).append(it)
    for (what, destination), group in groups.items():
        counted = Counter(map(_kind, group))
        changes = ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items()))
        yield what, destination, len(group), changes, _span(group)


def _kind(price: Document) -> str:
    percent = price["percent"]
    if price["change"] != "changed" or percent is None:
        return str(price["change"])
    return "cheaper" if percent.startswith("-") else "dearer"


def _span(group: Iterable[Document]) -> str:
    """From the lowest to the highest change."""
    found = sorted({it["percent"] for it in group if it["percent"]}, key=_tenths)
    if not found:
        return ""
    return f"{found[0]} %" if len(found) == 1 else f"{found[0]} to {found[-1]} %"


def _tenths(percent: str) -> int:
    return int(percent.replace(".", ""))
