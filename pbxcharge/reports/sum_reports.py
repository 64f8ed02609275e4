"""Reports that are one list of sums: accounts, destinations, margins, refusals."""

from pbxcharge.core.money import parse_amount
from pbxcharge.reports.table import Cell, Chart, Report, Table
from pbxcharge.reports.words import (
    Document,
    cut_note,
    heading_facts,
    length,
    local,
    lying,
    named,
    share,
    summed_name,
    total,
)

SITE = "the site"
_COUNTS = ("calls", "answered", "talk_s", "billed_s")
_GROUPS = {"account": (), "destination": ("destination",), "trunk": ("trunk",)}


def account_report(answer: Document) -> Report:
    """What `/reports/accounts` answers, as a report."""
    rows = answer["rows"]
    headings = (
        *("account", "name", "kind", "plan", "status", ">calls", ">answered", ">talk"),
        *(">charged", ">refunded", ">fees", ">credits", ">topped up", ">balance", ">held"),
    )
    return _report(
        answer,
        "Accounts",
        Table("Accounts", headings, _accounts(rows, summed_name(answer)), "no accounts"),
        _charged(answer),
        "Charged and refunded are what the account paid and got back for calls set up in this "
        "time, its own and those below it that it pays for; fees (with penalties) and credits are "
        "those of its subscriptions that were booked in it, topped up is what was paid in; balance "
        "and held are as they are now.",
    )


def _charged(answer: Document) -> Chart:
    """Of users alone where there are some: what those above them pay is for the same calls."""
    rows = answer["rows"]
    users = [row for row in rows if row["kind"] == "user"]
    title = "Charged by user" if users else "Charged by account"
    bars = ((row["account_id"], parse_amount(row["charge"])) for row in users or rows)
    return lying(title, answer["currency"], bars, cut=answer["cut"])


def _accounts(rows: list[Document], whole: str) -> list[tuple[Cell, ...]]:
    """The accounts, and one row for all of each kind: what two levels pay is never added up."""
    amounts = ("charge", "refunded", "fees", "credits", "topped_up", "balance", "held")
    names = ("account_id", "name", "kind", "plan", "status", "calls", "answered")
    cells: list[tuple[Cell, ...]] = [
        (*(row[name] for name in names), length(row["talk_s"]), *(row[name] for name in amounts))
        for row in rows
    ]
    for kind in sorted({row["kind"] for row in rows}):
        alike = [row for row in rows if row["kind"] == kind]
        sums = (total(alike, name) for name in amounts)
        cells.append((whole, "", kind, "", "", *_counted(alike), *sums))
    return cells


def destination_report(answer: Document) -> Report:
    """What `/reports/destinations` answers, as a report."""
    rows = answer["rows"]
    headings = (
        *("destination", "prefix", ">calls", ">answered", ">", ">talk", ">average", ">billed"),
        *(">charge", ">refunded", ">net"),
    )
    amounts = ("charge", "refunded", "net")
    whole: Document = {"destination": summed_name(answer), "prefix": ""}
    whole |= {name: sum(row[name] for row in rows) for name in _COUNTS}
    whole |= {name: total(rows, name) for name in amounts}
    cells = [
        (
            row["destination"],
            row["prefix"],
            *_talked(row),
            length(row["billed_s"]),
            *(row[name] for name in amounts),
        )
        for row in (*rows, *([whole] if rows else []))
    ]
    return _report(
        answer,
        "Destinations",
        Table("Destinations", headings, cells, "no calls"),
        lying(
            "Charged by destination",
            answer["currency"],
            (
                (named((row["destination"], row["prefix"])), parse_amount(row["charge"]))
                for row in rows
            ),
            cut=answer["cut"],
        ),
        "Destination and prefix are those of the payer's own plan; refused and emergency calls "
        "have none and are not here.",
    )


def margin_report(answer: Document) -> Report:
    """What `/reports/margins` answers, as a report."""
    rows, group = answer["rows"], answer["by"]
    headings = (
        *("level", *_GROUPS[group], ">calls", ">talk", ">income", ">paid", ">margin", ">"),
        *(">calls without cost", ">their income"),
    )
    cells = [
        (
            row["account_id"] or SITE,
            *((row["group"] or "none",) if group != "account" else ()),
            row["calls"],
            length(row["talk_s"]),
            row["income"],
            row["paid"],
            row["margin"],
            _margin_share(row),
            row["calls_without_cost"],
            row["income_without_cost"],
        )
        for row in rows
    ]
    return _report(
        answer,
        "Margins",
        Table("Margins", headings, cells, "nobody was charged"),
        lying(
            "Margin by level" if group == "account" else f"Margin by level and {group}",
            answer["currency"],
            ((_seller(row), parse_amount(row["margin"])) for row in rows),
            cut=answer["cut"],
        ),
        "Income is what the level below paid, less refunds; paid is what the level paid above, at "
        "the top what the carrier asks by its deck. The margin, and its share of the income, leave "
        "out calls without a known cost.",
    )


def _margin_share(row: Document) -> str:
    """The margin in per cent of the income that it is of: that of calls with a known cost."""
    known = parse_amount(row["income"]) - parse_amount(row["income_without_cost"])
    return share(parse_amount(row["margin"]), known)


def refused_report(answer: Document) -> Report:
    """What `/reports/refused` answers, as a report."""
    rows, zone = answer["rows"], answer["zone"]
    headings = ("reason", "account", "type", "refused by", ">attempts", ">SIP", "first", "last")
    cells = [
        (
            row["reason"],
            row["account_id"],
            row["call_type"],
            row["refused_by"],
            row["calls"],
            row["sip_code"],
            local(row["first_at"], zone),
            local(row["last_at"], zone),
        )
        for row in rows
    ]
    return _report(
        answer,
        "Refused attempts",
        Table("Refused attempts", headings, cells, "nothing was refused"),
        lying(
            "Attempts by reason",
            "",
            ((row["reason"], row["calls"]) for row in rows),
            cut=answer["cut"],
        ),
        "Refused by is the account whose status, plan, limits or credit decided, the account's own "
        "or one above. SIP is what the phone was told; callers from outside are told 480 in place "
        "of what is between the payer and the site.",
    )


def _report(answer: Document, title: str, main: Table, chart: Chart, note: str) -> Report:
    return Report(title, heading_facts(answer), (chart,), (), main, (*cut_note(answer), note))


def _seller(row: Document) -> str:
    name = row["account_id"] or SITE
    return f"{name}, {row['group']}" if row["group"] else name


def _counted(rows: list[Document]) -> tuple[Cell, ...]:
    calls, answered, talk_s = (
        sum(row[name] for row in rows) for name in ("calls", "answered", "talk_s")
    )
    return (calls, answered, length(talk_s))


def _talked(row: Document) -> tuple[Cell, ...]:
    """Calls, answered ones and their share; talk, and the average of the answered ones."""
    average = length(row["talk_s"] // row["answered"]) if row["answered"] else ""
    answered = share(row["answered"], row["calls"])
    return (row["calls"], row["answered"], answered, length(row["talk_s"]), average)
