"""`pbxcharge plan history`: which version of a plan was in force when, and by whose hand."""

from typing import Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import at, table

Document = dict[str, Any]

_WORDS = {
    "apply": "plan apply",
    "reload": "reload",
    "start": "start of the daemon",
}


def add_to(app: typer.Typer) -> None:
    """The command, among those of plans."""
    command(
        app,
        "history",
        examples=("pbxcharge plan history retail", "pbxcharge plan history"),
    )(history)


async def history(
    run: Run,
    name: Annotated[
        str | None, typer.Argument(metavar="[PLAN]", help="Name of the plan; else all plans.")
    ] = None,
) -> None:
    """List the versions of a plan, who applied each, and when."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/plans/history", name=name))
    run.show(answer, lambda: _show(answer["history"]))


def _show(spells: list[Document]) -> None:
    columns = [
        *(("plan", "<"), ("version", "<"), ("from (UTC)", "<"), ("until (UTC)", "<")),
        *(("applied (UTC)", "<"), ("by", "<"), ("through", "<")),
    ]
    table(columns, (_row(spell) for spell in spells), "no plan was ever in force")


def _row(spell: Document) -> tuple[Any, ...]:
    through = _WORDS.get(spell["applied_through"], spell["applied_through"])
    times = _began(spell), _ended(spell), at(spell["applied_at"])
    return spell["plan"], spell["version"], *times, spell["applied_by"], through


def _began(spell: Document) -> str:
    if spell["from"] is not None:
        return at(spell["from"])
    return "never" if spell["until"] else f"to come: {spell['effective_from']} (local)"


def _ended(spell: Document) -> str:
    if spell["state"] == "withdrawn":
        return f"withdrawn {at(spell['until'])}"
    return at(spell["until"]) or ("in force" if spell["state"] == "in_force" else "")
