"""`cdr`: the records of every attempt to call."""

from typing import Annotated, Any

import typer

from pbxcharge.cli.account import Subtree
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.explain_facts import caller
from pbxcharge.cli.output import at, table
from pbxcharge.cli.period import Since, Until, month_bounds
from pbxcharge.core.disposition import Disposition

app = typer.Typer(no_args_is_help=True, help="Records of every attempt to call.")

Document = dict[str, Any]


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
    account_id: Subtree = None,
    since: Since = None,
    until: Until = None,
    month: Annotated[str | None, typer.Option(help="A month (UTC), such as 2026-03.")] = None,
    disposition: Annotated[
        Disposition | None, typer.Option(case_sensitive=False, help="What became of them.")
    ] = None,
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
                caller(cdr),
                cdr["number"] or cdr["dialled"],
                cdr["disposition"],
                cdr["talk_s"],
                cdr["charge"],
                cdr["currency"],
                cdr["ended_by"],
                _reason(cdr),
                cdr["call_id"],
            )
            for cdr in cdrs
        ),
        "no records",
    )


def _reason(cdr: Document) -> str | None:
    """Why the attempt was refused; with the account above the payer, if it was there."""
    if cdr["refused_by"] in (None, cdr["account_id"]):
        reason: str | None = cdr["reason"]
        return reason
    return f"{cdr['reason']} at {cdr['refused_by']}"
