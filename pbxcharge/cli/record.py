"""`cdr` and `quote`: calls that were, and calls that might be, with the lines of their price."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from pbxcharge.cli.account import AccountId
from pbxcharge.cli.call import CallId
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import Exit
from pbxcharge.cli.output import at, facts, say, table
from pbxcharge.cli.period import Since, Until, month_bounds
from pbxcharge.cli.reasons import in_words
from pbxcharge.core.cdr import Disposition

app = typer.Typer(no_args_is_help=True, help="Records of every attempt to call.")

Document = dict[str, Any]

LINE_COLUMNS = [
    ("line", "<"),
    ("seconds of talk", "<"),
    ("blocks", ">"),
    ("per minute", ">"),
    ("amount", ">"),
]


def add_to(top: typer.Typer) -> None:
    """The command that stands at the top of the command line."""
    command(
        top,
        "quote",
        examples=(
            "pbxcharge quote alice 02079460000 90",
            "pbxcharge quote alice 101",
            "pbxcharge quote alice 004930123456 90 --incoming   # from that number to alice",
        ),
    )(quote)


@command(
    app,
    "list",
    examples=(
        "pbxcharge cdr list alice --month 2026-03",
        "pbxcharge cdr list --disposition 'NOT ALLOWED' --since 2026-03-01",
    ),
)
async def list_records(
    run: Run,
    account_id: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT]", help="Only this one and those below it.")
    ] = None,
    since: Since = None,
    until: Until = None,
    month: Annotated[str | None, typer.Option(help="A month (UTC), such as 2026-03.")] = None,
    disposition: Annotated[Disposition | None, typer.Option(help="What became of them.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many of the newest.")] = 50,
) -> None:
    """List records, also of refused and unanswered calls."""
    from pbxcharge.cli.reach import read

    if month is not None:
        since, until = month_bounds(month)
    asked = {
        "scope": account_id,
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
        "disposition": disposition and str(disposition),
        "limit": limit,
    }
    answer = await read(run, lambda api: api.get("/cdrs", **asked))
    cdrs = answer["cdrs"][::-1]
    run.show({"cdrs": cdrs}, lambda: _records_table(cdrs))


@command(app, "show", examples=("pbxcharge cdr show 019a0c5d3b1fc4d8a1e2f3",))
async def show_record(run: Run, call_id: CallId) -> None:
    """Explain one call: its record and the lines of its charge."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/cdr", call_id=call_id))
    run.show(answer, lambda: _explain(answer["cdr"]))
    if answer["cdr"]["priced_again"] == "differs":
        raise typer.Exit(Exit.REFUSED)


async def quote(
    run: Run,
    account_id: AccountId,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="As the user would dial it.")],
    seconds: Annotated[int, typer.Argument(min=0, metavar="SECONDS", help="Length of talk.")] = 60,
    incoming: Annotated[
        bool, typer.Option("--incoming", help="NUMBER calls the account from outside.")
    ] = False,
) -> None:
    """Say what a call would cost, line by line."""
    from pbxcharge.cli.reach import read

    asked = {
        "account_id": account_id,
        "number": number,
        "seconds": seconds,
        "incoming": incoming or None,
    }
    answer = await read(run, lambda api: api.get("/quote", **asked), priced=True)
    run.show(answer, lambda: _quoted(answer))
    if "refused" in answer:
        raise typer.Exit(Exit.REFUSED)


def _records_table(cdrs: list[Document]) -> None:
    table(
        [
            ("at (UTC)", "<"),
            ("account", "<"),
            ("type", "<"),
            ("from", "<"),
            ("to", "<"),
            ("disposition", "<"),
            ("talk s", ">"),
            ("charge", ">"),
            ("", "<"),
            ("ended by", "<"),
            ("reason", "<"),
            ("call", "<"),
        ],
        (
            (
                at(cdr["setup_at"]),
                cdr["account_id"],
                cdr["call_type"],
                _caller(cdr),
                cdr["number"] or cdr["dialled"],
                cdr["disposition"],
                cdr["talk_s"],
                cdr["charge"],
                cdr["currency"],
                cdr["ended_by"],
                cdr["reason"],
                cdr["call_id"],
            )
            for cdr in cdrs
        ),
        "no records",
    )


def _explain(cdr: Document) -> None:
    facts(_record_facts(cdr))
    for level in cdr["levels"]:
        say(
            f"\n{level['account_id']} pays {level['charge']} {cdr['currency']}: plan "
            f"{level['plan']} ({level['plan_version'][:12]}), {priced_as(level)}"
        )
        if level is cdr["levels"][0]:
            _lines_table(cdr["lines"], level["charge"])
    if cdr["cost"] is not None:
        _cost(cdr, cdr["currency"])
    say(f"\n{_verdict(cdr)}")


def priced_as(level: Document) -> str:
    """The row of the plan that prices it; one margin for all public numbers has no row."""
    if not level["prefix"]:
        return level["destination"] or "relative to the level above"
    return f"{level['destination']}, prefix {level['prefix']}"


def _cost(cost: Document, currency: str) -> None:
    say(f"\n{cost['trunk']} asks {cost['cost']} {currency}: deck {cost['deck']}")


def _record_facts(cdr: Document) -> Document:
    return {
        "call": cdr["call_id"],
        "account": f"{cdr['account_id']} of {cdr['organization_id']}" if cdr["account_id"] else "",
        "type": cdr["call_type"],
        "direction": cdr["direction"],
        "from": _caller(cdr),
        "to": _callee(cdr),
        "disposition": cdr["disposition"],
        "reason": in_words(cdr["reason"]),
        "set-up": at(cdr["setup_at"]) + " UTC",
        "answer": cdr["answered_at"] and at(cdr["answered_at"]) + " UTC",
        "end": cdr["ended_at"] and at(cdr["ended_at"]) + " UTC",
        "talk": f"{cdr['talk_s']} s, billed {cdr['billed_s']} s, unpaid {cdr['unpaid_s']} s",
        "ended by": cdr["ended_by"],
        "end known by": cdr["end_source"],
        "hangup cause": cdr["hangup_cause"],
        "trunk": cdr["trunk"],
        "clock": None if cdr["clock"] == "ok" else cdr["clock"],
        "charge": f"{cdr['charge']} {cdr['currency']}",
    }


def _caller(call: Document) -> str:
    """A phone; or who called from outside, and by which trunk."""
    if call["direction"] == "outgoing":
        return str(call["endpoint"])
    return f"{call['caller_number'] or 'unknown'} by {call['endpoint']}"


def _callee(cdr: Document) -> str:
    number = cdr["number"]
    dialled = f"{number} (dialled {cdr['dialled']})" if number else cdr["dialled"]
    reached = cdr["callee_endpoint"] or cdr["callee_context"]
    return f"{dialled}, {reached}" if reached else str(dialled)


def _verdict(cdr: Document) -> str:
    differences = "\n".join(f"  {difference}" for difference in cdr["differences"])
    match cdr["priced_again"]:
        case "same":
            return "Priced again from what is stored: the same."
        case "differs":
            return f"Priced again from what is stored, it DIFFERS:\n{differences}"
        case "not_priced":
            return "There was no talk, so nothing was priced."
        case _:
            return f"Cannot be priced again:\n{differences}"


def _quoted(answer: Document) -> None:
    if "refused" in answer:
        refused = answer["refused"]
        by = f" by {refused['refused_by']}" if refused["refused_by"] else ""
        say(f"would be refused{by}: {in_words(refused['reason'])} (SIP {refused['sip_code']})")
        return
    quoted = answer["quote"]
    limit_s = quoted["limit_s"]
    say(
        f"{quoted['talk_s']} s {_quoted_way(quoted)}, needed to begin: "
        f"{quoted['needed_to_begin']} {quoted['currency']}, "
        + ("of any length" if limit_s is None else f"at most {limit_s} s")
    )
    if not quoted["levels"]:
        say("\nnobody pays: emergency calls are free and always connected")
    for level in quoted["levels"]:
        say(
            f"\n{level['account_id']} pays {level['charge']} {quoted['currency']}: plan "
            f"{level['plan']}, {priced_as(level)}, billed {level['billed_s']} s"
        )
        _lines_table(level["lines"], level["charge"])
    if quoted["cost"] is not None:
        _cost(quoted["cost"], quoted["currency"])


def _quoted_way(quoted: Document) -> str:
    """To a number, with its kind where it is no public one; or from one."""
    if quoted["call_type"] == "incoming":
        return f"from {quoted['caller_number'] or 'an unknown number'} (incoming)"
    kind = "" if quoted["call_type"] == "public" else f" ({quoted['call_type']})"
    return f"to {quoted['number']}{kind}"


def line_name(line: Document) -> str:
    """What a line is for, and in which time window: "blocks, evening"."""
    kind = str(line["kind"]).replace("_", " ")
    return f"{kind}, {line['window']}" if line["window"] else kind


def _lines_table(lines: list[Document], total: str) -> None:
    rows: Iterable[tuple[Any, ...]] = (
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
    )
    table(LINE_COLUMNS, [*rows, ("total", "", "", "", total)], "no lines")
