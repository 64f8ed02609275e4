"""Events as lines for people: when, what, who, whom, the cost so far, and what else there is."""

from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from pbxcharge.cli.output import clock, day, printable

Document = dict[str, Any]

STYLES = {
    "authorized": "green",
    "answered": "bold green",
    "slice": "cyan",
    "extended": "cyan",
    "credit raised": "green",
    "credit exhausted": "yellow",
    "warned": "bold yellow",
    "timeout lost": "bold yellow",
    "timeout not armed": "bold yellow",
    "transferred": "magenta",
    "cut": "bold red",
    "refused": "red",
    "hang_up": "red",
    "settled": "bold",
    "emergency": "bold",
    "unauthorized leg": "bold red",
    "left alone": "yellow",
    "trunk failed": "yellow",
    "ringing": "dim",
    "taken up": "magenta",
    "timeout armed": "dim",
    "hangup requested": "dim",
}
"""How an event looks on a terminal; those without a style of their own are plain."""

_SHOWN_APART = frozenset(
    {
        *("event_id", "event", "at_us", "account", "organization", "number", "call_id"),
        *("cost", "currency", "paid_s", "paid_through_us", "linkedid", "setup_at_us"),
    }
)


def event_line(line: Document, today: str) -> Text:
    """One line for one event; the day stands before the time if it is another one than `today`."""
    at_us, event = line.get("at_us"), line["event"]
    at = clock(at_us) if at_us is None or day(at_us) == today else f"{day(at_us)} {clock(at_us)}"
    cost = f"{line['cost']} {line.get('currency', '')}" if "cost" in line else ""
    shown = Text(f"{at} ")
    shown.append(f"{event:<17} ", STYLES.get(event, ""))
    shown.append(f"{printable(line.get('account') or '-'):<12} ")
    shown.append(f"{printable(line.get('number') or line.get('dialled') or ''):<15} ")
    shown.append(f"{cost:>12}  ", "bold" if event == "settled" else "")
    shown.append("  ".join(_details(line)))
    if line.get("call_id"):
        shown.append(f"  {line['call_id']}", "dim")
    return shown


def today_utc() -> str:
    """Today's date (UTC)."""
    return datetime.now(UTC).date().isoformat()


def _details(line: Document) -> list[str]:
    """Paid talk and until when, then every other field as `name=value`."""
    found = []
    if line.get("paid_s") is not None:
        until = f" to {clock(line['paid_through_us'])}" if line.get("paid_through_us") else ""
        found.append(f"paid {line['paid_s']} s{until}")
    for name, value in line.items():
        if name not in _SHOWN_APART and value is not None and value != line.get("number"):
            found.append(f"{name}={printable(value)}")
    return found
