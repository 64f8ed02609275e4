"""`pbxcharge plan …`: which charging plans are in force, and putting others into force."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbxcharge.cli import findings as shown
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import BadConfiguration, Exit
from pbxcharge.cli.output import complain, facts, remark, say, table
from pbxcharge.cli.plan_diff import against_files, show_differences, stored_plan
from pbxcharge.cli.plan_jumps import jump_findings
from pbxcharge.cli.plan_owners import owner_findings
from pbxcharge.cli.plan_text import show_plan
from pbxcharge.errors import (
    ActDeclined,
    DatabaseMissing,
    NobodyThere,
    NotTheOwner,
    OutcomeUnknown,
    PbxchargeError,
)

if TYPE_CHECKING:
    from pbxcharge.alone import Catalog, Finding, PlanChange, SiteFiles
    from pbxcharge.cli.reach import Api

app = typer.Typer(no_args_is_help=True, help="Charging plans.")

_BEGINS = " from "
"""In what a plan to come is called, before its instant."""
Document = dict[str, Any]
Tell = Callable[[Run], Awaitable[Document]]


@dataclass(frozen=True, slots=True)
class InForce:
    """What is in force before the files are applied.

    Args:
        versions: of the plans, and of the rate decks.
        users: how many accounts each plan charges, also those that are not there.
        named: who they are, of plans that are no longer in the files.
        by_daemon: whether the daemon says so; else the files themselves do.
        misplaced: plans of the files that belong to nobody, or to others than they charge.
        jumps: prices of the files that are ten times the last version's, or a tenth.
    """

    versions: dict[str, str]
    users: dict[str, int]
    named: dict[str, list[str]]
    by_daemon: bool
    misplaced: "tuple[Finding, ...]" = ()
    jumps: "tuple[Finding, ...]" = ()


@command(app, "list", examples=("pbxcharge plan list",))
async def list_plans(run: Run) -> None:
    """List the charging plans, with how many accounts each charges."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/plans"), priced=True)
    run.show(answer, lambda: _plans_table(answer))


@command(
    app,
    "show",
    examples=("pbxcharge plan show retail", "pbxcharge plan show retail --version 3c8d"),
)
async def show(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="PLAN", help="Name of the plan.")],
    version: Annotated[
        str | None, typer.Option(help="A version of its history, or how one begins.")
    ] = None,
) -> None:
    """Show one charging plan and the accounts that it charges."""
    from pbxcharge.cli.reach import read

    if version is not None:
        document = await stored_plan(run, name, version)
        run.show({"plan": document}, lambda: show_plan(document, None))
        return
    answer = await read(run, lambda api: api.get("/plan", name=name), priced=True)
    run.show(answer, lambda: _plan_facts(name, answer))


@command(
    app,
    "apply",
    examples=(
        "pbxcharge plan apply --check new/retail.yaml     # what would change",
        "pbxcharge plan apply new/retail.yaml new/kiosk.yaml",
        "pbxcharge plan apply                             # what lies in the plans folder",
    ),
)
async def apply(
    run: Run,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...", help="New plan files; else what lies in the folder counts."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say what would change, and change nothing.")
    ] = False,
) -> None:
    """Check plan files and put them into force; all of them or none."""
    from pbxcharge.alone import alone_in

    try:
        with alone_in(run.settings.plans) as alone:
            if not alone:
                raise ActDeclined("busy", "another `plan apply` is at work: try again")
            answer = await _apply(run, files or [], check)
    except OSError as error:
        where = error.filename or run.settings.plans
        message = f"{where}: {error.strerror or error}; nothing was changed"
        raise BadConfiguration(message) from error
    run.show(answer, lambda: _show_applied(answer))
    raise typer.Exit(Exit.DONE if answer["done"] else Exit.REFUSED)


async def _apply(run: Run, files: Sequence[Path], check: bool) -> Document:
    """Check here, install, and let the daemon check again what it then puts into force."""
    from pbxcharge.alone import has_errors, place, plan_changes, read_files

    placed = place(run.settings.plans, files)
    read = read_files(run.config, placed.files)
    found = [*placed.findings, *read.findings]
    if read.catalog is None or has_errors(found):
        return _answer(False, (), found)
    before = await _in_force(run, read)
    changes = plan_changes(before.versions, _versions(run, read.catalog))
    found += [*_users_findings(run, before), *before.misplaced, *before.jumps]
    answer = _answer(not has_errors(found), changes, found, before)
    if check or not answer["done"]:
        differences = await against_files(run, read.catalog) if check else []
        return answer | {"checked_only": check, "differences": differences}
    tell = _tell if before.by_daemon else partial(_record, catalog=read.catalog)
    answer["in_force"] = before.by_daemon
    return await _install(run, placed.files, answer, tell)


async def _install(run: Run, files: Any, answer: Document, tell: Tell) -> Document:
    from pbxcharge.alone import Installation

    installation = Installation(files)
    try:
        installation.put()
    except OSError as error:
        where = error.filename or run.settings.plans
        raise BadConfiguration(
            f"{where}: {error.strerror or error}; nothing was changed"
        ) from error
    try:
        said = await tell(run)
    except OutcomeUnknown as error:
        installation.finish()
        raise OutcomeUnknown(
            "the files are installed, and the daemon did not answer: give `plan apply` again"
        ) from error
    except BaseException:
        installation.take_back()
        raise
    if not said["done"]:
        installation.take_back()
        return answer | said | {"changes": [], "in_force": False}
    installation.finish()
    return answer | {"needs_restart": said.get("needs_restart", [])}


async def _tell(run: Run) -> Document:
    from pbxcharge.cli.reach import daemon

    async with daemon(run) as client:
        return await client.act("/plans/apply")


async def _record(run: Run, catalog: "Catalog") -> Document:
    """Without the daemon the files are in force as they lie there; the books only say so."""
    from pbxcharge.alone import plans_now, plans_to_come, writing

    prices = (plans_now(catalog), catalog.decks, plans_to_come(catalog), None, catalog.offered)
    try:
        async with writing(run.settings, *prices) as books:
            return await books.act("/plans/apply")
    except PbxchargeError as error:
        remark(f"the daemon writes this into the history of plans when it starts: {error}")
        return {"done": True}


async def _in_force(run: Run, files: "SiteFiles") -> InForce:
    """What the daemon says; without it what the files said until now."""
    from pbxcharge.alone import (
        NO_DECKS,
        NO_PLANS,
        NOTHING_OFFERED,
        plans_now,
        plans_to_come,
        read_files,
        reading,
    )
    from pbxcharge.cli.reach import daemon

    try:
        async with daemon(run) as client:
            return await _ask(run, client, files, by_daemon=True)
    except NobodyThere:
        pass
    until_now = read_files(run.config).catalog
    plans = plans_now(until_now) if until_now is not None else NO_PLANS
    to_come = plans_to_come(until_now) if until_now is not None else ()
    decks = until_now.decks if until_now is not None else NO_DECKS
    offered = until_now.offered if until_now is not None else NOTHING_OFFERED
    try:
        async with reading(run.settings, plans, decks, to_come, None, offered) as books:
            return await _ask(run, books, files, by_daemon=False)
    except DatabaseMissing:
        users: dict[str, int] = {}
    except NotTheOwner as error:
        users = {}
        remark(f"who is charged by which plan was not looked at: {error}")
    versions = {} if until_now is None else _versions(run, until_now)
    return InForce(versions, users, {}, False)


async def _ask(run: Run, api: "Api", files: "SiteFiles", *, by_daemon: bool) -> InForce:
    from pbxcharge.alone import deck_versions, label, plans_now

    answer = await api.get("/plans")
    versions = {plan["name"]: plan["version"] for plan in answer["plans"]}
    versions |= deck_versions(answer["decks"]) | answer["offers"]
    for plan in answer["to_come"]:
        versions[label(plan["name"], plan["effective_from"])] = plan["version"]
    users = {plan["name"]: plan["accounts"] for plan in answer["plans"]} | answer["missing"]
    named = {}
    kept = plans_now(files.catalog) if files.catalog is not None else {}
    for name, count in users.items():
        if count and name not in kept:
            named[name] = (await api.get("/plan", name=name))["accounts"]
    misplaced = await owner_findings(api, files, run.settings.plans, users, versions)
    jumps = await jump_findings(api, files)
    return InForce(versions, users, named, by_daemon, misplaced, jumps)


def _users_findings(run: Run, before: InForce) -> "Iterable[Finding]":
    """Accounts whose plan vanishes are an error; those whose plan was not there have a warning."""
    from pbxcharge.alone import missing_finding, vanished_finding

    for plan, account_ids in before.named.items():
        finding = vanished_finding if plan in before.versions else missing_finding
        yield finding(run.settings.plans, plan, account_ids)


def _versions(run: Run, catalog: "Catalog") -> dict[str, str]:
    from pbxcharge.alone import versions_now

    return versions_now(catalog, run.settings.time_zone)


def _answer(
    done: bool,
    changes: "Iterable[PlanChange]",
    found: "Iterable[Finding]",
    before: InForce | None = None,
) -> Document:
    users = before.users if before else {}
    return {
        "done": done,
        "changes": [
            {
                "plan": change.name,
                "before": change.before,
                "after": change.after,
                # A plan to come will charge those who have the plan of its name.
                "accounts": users.get(change.name.partition(_BEGINS)[0], 0),
            }
            for change in changes
        ],
        "findings": [shown.document(finding) for finding in found],
        "checked_only": False,
        "in_force": False,
        "needs_restart": [],
    }


def _show_applied(answer: Document) -> None:
    shown.complain_of_documents(answer["findings"])
    if not answer["done"]:
        complain("nothing was changed")
        return
    columns = [("plan", "<"), ("change", "<"), ("before", "<"), ("after", "<"), ("accounts", ">")]
    table(columns, (_change_row(change) for change in answer["changes"]), "no plan changes")
    if answer["needs_restart"]:
        remark(f"changed settings that need a restart: {', '.join(answer['needs_restart'])}")
    if answer["checked_only"]:
        show_differences(answer["differences"])
        say("nothing was changed: this was a check")
    elif answer["in_force"]:
        say(f"in force from the next call on{_later(answer['changes'])}")
    else:
        say("the daemon does not run: in force from its next start on")


def _later(changes: list[Document]) -> str:
    """A plan to come is in the table with its instant, until which the next call knows nothing."""
    to_come = any(_BEGINS in change["plan"] for change in changes)
    return ", a plan to come from its instant on" if to_come else ""


def _change_row(change: Document) -> tuple[Any, ...]:
    before, after = change["before"], change["after"]
    new = "to come" if _BEGINS in change["plan"] else "new"
    word = new if before is None else "removed" if after is None else "changed"
    return change["plan"], word, before, after, change["accounts"]


def _plans_table(answer: Document) -> None:
    columns = [("plan", "<"), ("version", "<"), ("type", "<"), ("allows", "<"), ("accounts", ">")]
    rows = [
        (plan["name"], plan["version"], plan["type"], ", ".join(plan["allows"]), plan["accounts"])
        for plan in answer["plans"]
    ]
    table(columns, rows, "no plans")
    if answer["to_come"]:
        say("\nto come")
        columns = [("plan", "<"), ("version", "<"), ("type", "<"), ("from", "<"), ("until", "<")]
        table(columns, (_row_to_come(plan) for plan in answer["to_come"]), "none")
    for name, count in answer["missing"].items():
        complain(f"there is no plan {name}, but it charges accounts: {count}")


def _row_to_come(plan: Document) -> tuple[Any, ...]:
    dates = plan["effective_from"], plan["effective_until"]
    return plan["name"], plan["version"], plan["type"], *dates


def _plan_facts(name: str, answer: Document) -> None:
    accounts = ", ".join(answer["accounts"]) or "none"
    if answer["plan"] is not None:
        show_plan(answer["plan"], accounts)
    elif answer["accounts"]:
        complain(f"there is no plan {name}, but it charges the accounts below")
        facts({"plan": name, "accounts": accounts})
    for plan in answer["to_come"]:
        say(f"\nto come, from {plan['effective_from']}")
        show_plan(plan, None)
