"""A charge for people: by which row and on which terms, and its lines, one for each kind."""

from typing import Any

from pbxcharge.cli.output import facts, table

Document = dict[str, Any]

_COLUMNS = [
    ("line", "<"),
    ("seconds of talk", "<"),
    ("blocks", ">"),
    ("per minute", "."),
    ("amount", "."),
]
_NAMES = {
    "cost": "charge of the level above, multiplied",
    "adjustment": "added for each interval",
    "grace": "short call, free",
    "surcharge": "surcharge on the sum",
    "minimum": "raised to the minimum",
    "maximum": "lowered to the maximum",
}


def priced_as(level: Document) -> str:
    """The row of the plan that prices it; one margin for all public numbers has no row."""
    if not level["prefix"]:
        return ", ".join(filter(None, (level["destination"], "relative to the level above")))
    return f"{level['destination']}, prefix {level['prefix']}"


def line_name(line: Document) -> str:
    """What a line is for, and in which time window: "blocks, evening"."""
    kind = str(line["kind"])
    if line.get("quota"):
        return _allowance(line)
    name = _NAMES.get(kind, kind.replace("_", " "))
    return f"{name}, {line['window']}" if line["window"] else name


def _allowance(line: Document) -> str:
    """`2 min included (SmartMinutes)`, or `10 % off 1 min 30 s (SmartVolume)`."""
    minutes, seconds = divmod(line["to_s"] - line["from_s"], 60)
    parts = [f"{minutes} min" if minutes else "", f"{seconds} s" if seconds else ""]
    talk = " ".join(filter(None, parts))
    percent = line["discount_percent"].removesuffix(".00")
    given = f"{talk} included" if percent == "100" else f"{percent} % off {talk}"
    return f"{given} ({line['quota']})"


def lines_table(lines: list[Document], total: str) -> None:
    """The lines of a charge, and what they add up to."""
    rows = [
        (
            line_name(line),
            f"{line['from_s']} to {line['to_s']}" if line["to_s"] else "",
            line["blocks"] or "",
            line["price_per_minute"],
            line["amount"],
        )
        for line in lines
        # Terms without an adjustment have the line, too, since what is stored stays as it is.
        if (line["kind"], line["amount"]) != ("adjustment", "0.00")
    ]
    table(_COLUMNS, [*rows, ("total", "", "", "", total)], "no lines")


def priced_by(level: Document) -> None:
    """By which plan and row a level pays, on which terms, in which time windows."""
    terms = level["terms"] if level["lines"] else None
    facts(
        {
            "plan": f"{level['plan']}, version {level['plan_version'][:12]}",
            "price": priced_as(level),
            **(terms_facts(terms) if terms else {}),
            "windows": _windows(level["windows"]),
        }
    )


def terms_facts(terms: Document) -> Document:
    """What a row asks, in words: 0.10 a minute, 60/6 with what stands beside it."""
    rounding = terms["rounding"]
    return {
        "asks": _margin(terms) if "multiplier" in terms else _price(terms),
        "blocks": _segments(terms["segments"]),
        "also": "; ".join(terms.get("also", ())) or None,
        "rounded": f"{rounding['method'].replace('_', ' ')}, {rounding['decimals']} decimals",
    }


def _price(terms: Document) -> str:
    fee = terms["connect_fee"]
    connect = "" if fee == "0.00" else f", connect fee {fee}"
    return f"{terms['price_per_minute']} a minute{connect}"


def _margin(terms: Document) -> str:
    margin = f"{terms['multiplier']} × what the level above charges"
    if terms["adjustment"] == "0.00":
        return margin
    return f"{margin}, and {terms['adjustment']} for each {terms['interval_s']} s begun"


def _segments(segments: str) -> str:
    first, _, following = segments.partition("/")
    return f"{first} s first, then {following} s each; a block that has begun is charged whole"


def _windows(windows: list[Document]) -> str | None:
    """`no window, evening from second 30 on`; nothing where the price knows no windows."""
    return ", ".join(map(_window, windows)) or None


def _window(window: Document) -> str:
    name, from_s = window["window"] or "no window", window["from_s"]
    return f"{name} from second {from_s} on" if from_s else name
