"""A charge or a credit of a subscription for people: its lines, and what it was booked as."""

from typing import Any

from pbxcharge.cli.output import at, facts, say, table

Document = dict[str, Any]

_LINES = {
    "activation": "activation fee",
    "paid": "paid in advance, given back",
    "full_fee": "fee of a whole billing period",
    "promotion": "promotion",
    "adjustment": "discount or surcharge of the assignment",
    "days": "only a part of its days",
    "earlier": "charged or credited for earlier days",
    "dead_days": "days without service",
    "bound": "no more is credited than was charged",
    "fixed": "fixed penalty",
    "remaining": "fee to the end of the minimum term",
    "rounding": "rounding",
}


def print_fee(answer: Document) -> None:
    """Everything about a charge of a subscription, as tables."""
    xdr = answer["xdr"]
    facts(_facts(answer))
    sign = "charged" if not xdr["amount"].startswith("-") else "credited"
    say(f"\n{sign}: {xdr['amount'].removeprefix('-')} {xdr['currency']}")
    rows = [(_name(line), _days(line), line["amount"]) for line in answer["lines"]]
    columns = [("line", "<"), ("days", "<"), ("amount", ".")]
    table(columns, [*rows, ("total", "", xdr["amount"])], "no lines")
    _print_entry(answer["entry"])
    say(f"\n{_verdict(answer)}")


def _facts(answer: Document) -> Document:
    from pbxcharge.reports.movement_words import KINDS, days

    xdr, zone = answer["xdr"], answer["zone"]
    return {
        "record": xdr["xdr_id"],
        "what": KINDS[xdr["kind"]],
        "account": xdr["account_id"],
        "subscription": _subscription(answer),
        "plan": _plan(answer),
        "discount": _discount(answer["subscription"]),
        "period": days(xdr["period_first"], xdr["period_until"]),
        "days": _quantity(xdr),
        "owed": _both(xdr["owed_at"], zone),
        "booked": _both(xdr["booked_at"], zone) if xdr["booked_at"] != xdr["owed_at"] else None,
        "statement": f"of the billing period from {xdr['stated_first']}",
        "before rounding": f"{xdr['exact']} {xdr['currency']}",
    }


def _subscription(answer: Document) -> str:
    xdr, assigned = answer["xdr"], answer["subscription"]
    via = f", by product assignment {assigned['via']}" if assigned and assigned["via"] else ""
    return f"{xdr['assignment_id']}{via}"


def _plan(answer: Document) -> str:
    xdr, plan = answer["xdr"], answer["plan"]
    shown = f", shown as {plan['shown_name']}" if plan and plan["shown_name"] else ""
    if plan is None:
        return f"{xdr['plan']}, version {xdr['plan_version']}"
    rounding = plan["rounding"]
    method = rounding["method"].replace("_", " ")
    return (
        f"{xdr['plan']}{shown}, version {xdr['plan_version']}: {plan['monthly_fee']} a month, "
        f"{plan['applied'].replace('_', ' ')}, rounded {method} to {rounding['decimals']} decimals"
    )


def _discount(assigned: Document | None) -> str | None:
    if assigned is None:
        return None
    percent, amount = assigned["adjustment_percent"], assigned["adjustment"]
    if percent != "0.00":
        return f"{percent.removesuffix('.00')} % of the fee"
    return f"{amount} on the fee of a billing period" if amount != "0.00" else None


def _quantity(xdr: Document) -> str | None:
    if xdr["kind"] in ("activation", "penalty"):
        return None
    verb = "credited" if xdr["amount"].startswith("-") else "charged"
    return f"{xdr['quantity_used']} with service, {xdr['quantity_charged']} {verb}"


def _both(instant: str, zone: str) -> str:
    from pbxcharge.reports.words import local

    here = "" if zone == "UTC" else f", {local(instant, zone)} {zone}"
    return f"{at(instant)} UTC{here}"


def _name(line: Document) -> str:
    name = _LINES[line["kind"]]
    return f"{name}, from {line['first']}" if line["first"] else name


def _days(line: Document) -> str:
    return f"{line['days']} of {line['of_days']}" if line["of_days"] else ""


def _print_entry(entry: Document | None) -> None:
    if entry is None:
        return
    say("")
    names = ("wallet_id", "kind", "amount", "id", "actor", "note")
    headings = [("booked (UTC)", "<"), ("wallet", "<"), ("kind", "<"), ("amount", ".")]
    rows = [(at(entry["at"]), *(entry[name] for name in names))]
    table([*headings, ("id", "<"), ("by", "<"), ("note", "<")], rows, "none")


def _verdict(answer: Document) -> str:
    if answer["adds_up"]:
        return "Its lines add up to what was booked, and the ledger has the same."
    found = "\n".join(f"  {difference}" for difference in answer["differences"])
    return (
        f"It DIFFERS:\n{found}\n"
        "The books are not as they were written: `pbxcharge verify` looks at all of them."
    )
