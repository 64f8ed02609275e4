"""`pbxcharge import`: accounts, phones and numbers from files, differences first."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbxcharge.cli import findings as shown
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import Exit
from pbxcharge.cli.output import complain, remark, say, table
from pbxcharge.core.imported import ROWS_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pbxcharge.alone import Finding

Document = dict[str, Any]

SHOWN_MAX = 200
"""Nobody reads more on a screen; --json shows all."""


def add_to(app: typer.Typer) -> None:
    """The command, beside those without a noun."""
    command(
        app,
        "import",
        examples=(
            "pbxcharge import accounts.csv extensions.csv dids.csv   # shows what would change",
            "pbxcharge import house.yaml --apply",
        ),
    )(import_files)


async def import_files(
    run: Run,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Tables (.csv) or YAML; read as one whole."),
    ],
    apply: Annotated[
        bool, typer.Option("--apply", help="Write what is shown, all of it or nothing.")
    ] = False,
) -> None:
    """Add and change accounts, phones and numbers by files. All others stay."""
    from pbxcharge.alone import read_import
    from pbxcharge.cli.reach import act

    rows, found = read_import(files)
    if len(rows) > ROWS_MAX:
        raise typer.BadParameter(f"an import has at most {ROWS_MAX:,} rows, these {len(rows):,}")
    wanted = [row.document() for row in rows]
    writes = apply and not found
    answer = await act(run, lambda api: api.act("/import", rows=wanted, apply=writes), priced=True)
    answer = _with(answer, found)
    run.show(answer, lambda: _show(answer, apply))
    if not answer["done"]:
        raise typer.Exit(Exit.REFUSED)


def _with(answer: Document, found: "Sequence[Finding]") -> Document:
    """The answer with what is wrong in the files' form; that is named once."""
    own = [shown.document(finding) for finding in found]
    named = {(finding["file"], finding["line"], finding["key"]) for finding in own}
    others = [
        finding
        for finding in answer["findings"]
        if (finding["file"], finding["line"], finding["key"]) not in named
    ]
    every = sorted(own + others, key=lambda each: (each["file"], each["line"], each["key"]))
    places = {(finding["file"], finding["line"]) for finding in every}
    refused = max(answer["refused"], len(places))
    changes = answer["changes"] if not every else []
    return {**answer, "done": not every, "refused": refused, "findings": every, "changes": changes}


def _show(answer: Document, apply: bool) -> None:
    shown.complain_of_documents(answer["findings"][:SHOWN_MAX])
    _more(len(answer["findings"]))
    if not answer["done"]:
        complain(f"{answer['refused']:,} refused; nothing was changed")
        return
    if answer["changes"]:
        columns = [("", "<"), ("what", "<"), ("id", "<"), ("differences", "<")]
        table(columns, map(_row, answer["changes"][:SHOWN_MAX]), "")
        _more(len(answer["changes"]))
    say(_summary(answer, apply))


def _summary(answer: Document, apply: bool) -> str:
    same = f"{answer['same']:,} are as they are"
    if not answer["changes"]:
        return f"nothing to do: {same}"
    add, change = ("added", "changed") if answer["written"] else ("to add", "to change")
    counted = f"{answer['add']:,} {add}, {answer['change']:,} {change}, {same}"
    credit = f"initial credit {answer['initial_credit']} {answer['currency']}"
    told = counted if answer["initial_credit"] == "0.00" else f"{counted}; {credit}"
    return told if apply else f"{told}\nnothing was changed: this was a look; --apply writes it"


def _more(count: int) -> None:
    if count > SHOWN_MAX:
        remark(f"… and {count - SHOWN_MAX:,} more; --json shows all")


def _row(change: Document) -> tuple[str, str, str, str]:
    return change["change"], change["subject"], change["id"], ", ".join(_differences(change))


def _differences(change: Document) -> list[str]:
    if change["change"] == "add":
        return [f"{column} {pair['after']}" for column, pair in change["fields"].items()]
    return [
        f"{column} {pair['before'] or 'none'} → {pair['after'] or 'none'}"
        for column, pair in change["fields"].items()
    ]
