"""`pbxcharge plan diff`: how versions of a plan differ from each other and from the files."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.diff_text import show_diff
from pbxcharge.cli.exits import Exit
from pbxcharge.cli.output import remark
from pbxcharge.errors import ActDeclined, PbxchargeError

if TYPE_CHECKING:
    from pbxcharge.alone import Catalog
    from pbxcharge.cli.reach import Api

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """A version of a plan; one of the files with its beginning and its content."""

    plan: str
    version: str
    effective_from_s: int = field(default=0, compare=False)
    body: str | None = field(default=None, compare=False)


Sides = dict[str, Side]
"""What stands on one side, by what the plan is called there."""
Pair = tuple[Side | None, Side | None, str | None]
"""Before, after, and what the plan before is called if it is another one, which is replaced."""


def add_to(app: typer.Typer) -> None:
    """The command, among those of plans."""
    command(
        app,
        "diff",
        examples=(
            "pbxcharge plan diff                          # what is in force, and the files",
            "pbxcharge plan diff retail --all",
            "pbxcharge plan diff retail --from 3c8d --to 9b1e",
        ),
    )(diff)


async def diff(
    run: Run,
    name: Annotated[
        str | None, typer.Argument(metavar="[PLAN]", help="Name of the plan; else all plans.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="VERSION", help="Of the history; else what is in force."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", help="Of the history; else the files.")
    ] = None,
    files: Annotated[
        bool, typer.Option("--files", help="Compare with what lies in the plans folder.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Show each prefix in a line.")] = False,
) -> None:
    """Show how plans in force differ from the files; 1 if they do."""
    from pbxcharge.cli.reach import read

    if name is None and (since or to):
        raise typer.BadParameter("versions are those of one plan: name it")
    if to and files:
        raise typer.BadParameter("--to and --files are two answers to one question")
    catalog = None if to else run.catalog
    try:
        answer = await read(run, lambda api: _compare(run, api, name, (since, to), catalog))
    except ActDeclined as error:
        raise typer.BadParameter(str(error)) from None
    run.show(answer, lambda: _show(answer, every))
    raise typer.Exit(Exit.REFUSED if answer["differs"] else Exit.DONE)


async def against_files(run: Run, catalog: "Catalog") -> list[Document]:
    """How the plans of files differ from those in force; nothing where the books cannot be read."""
    from pbxcharge.cli.reach import read

    try:
        answer = await read(run, lambda api: _compare(run, api, None, (None, None), catalog))
    except PbxchargeError as error:
        remark(f"what differs cannot be said: {error}")
        return []
    return list(answer["plans"])


async def stored_plan(run: Run, name: str, version: str) -> Document:
    """A version of the history, as `plan show` shows a plan."""
    from pbxcharge.alone import stored_plan_document
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/plan/version", name=name, version=version))
    return stored_plan_document(answer["body"], run.settings.time_zone)


async def _compare(
    run: Run,
    api: "Api",
    name: str | None,
    versions: tuple[str | None, str | None],
    catalog: "Catalog | None",
) -> Document:
    since, to = versions
    before = await _kept(api, name, since) if since else await _in_force(run, api, name)
    written = {} if catalog is None else _written(run, catalog, name)
    after = await _kept(api, name, to) if to else written
    if since or to:
        # Of one plan as it counts: what is to come stands beside it.
        before, after = ({name or "": it[name]} if name in it else {} for it in (before, after))
    if name is not None and not before and not after:
        raise ActDeclined("unknown_plan", f"there is no plan {name!r}, in force or in the files")
    plans = [
        await _document(run, api, key, _pair(key, before, after))
        for key in sorted({**before, **after})
        if before.get(key) != after.get(key)
    ]
    return {"differs": bool(plans), "plans": plans}


def _pair(called: str, before: Sides, after: Sides) -> Pair:
    """What is compared; a new plan to come with the one in whose place it will come."""
    new, old = after.get(called), before.get(called)
    if new is None or old is not None:
        return old, new, None
    earlier = {
        key: side
        for key, side in after.items()
        if side.plan == new.plan and side.effective_from_s < new.effective_from_s
    }
    if not earlier:
        return None, new, None
    replaced = max(earlier, key=lambda key: earlier[key].effective_from_s)
    return earlier[replaced], new, replaced


async def _document(run: Run, api: "Api", called: str, pair: Pair) -> Document:
    from pbxcharge.alone import diff_document, plan_diff

    before, after, replaced = pair
    old, new = await _body(api, before), await _body(api, after)
    found = diff_document(plan_diff(old, new, run.settings.time_zone))
    versions = {"before": before and before.version, "after": after and after.version}
    return {"plan": called, "replaces": replaced, **versions, **found}


async def _body(api: "Api", side: Side | None) -> str | None:
    if side is None:
        return None
    if side.body is not None:
        return side.body
    answer = await api.get("/plan/version", name=side.plan, version=side.version)
    return str(answer["body"])


async def _kept(api: "Api", name: str | None, version: str) -> Sides:
    answer = await api.get("/plan/version", name=name, version=version)
    return {answer["plan"]: Side(answer["plan"], answer["version"])}


async def _in_force(run: Run, api: "Api", name: str | None) -> Sides:
    places = (await api.get("/plans/places"))["plans"]
    return {
        _called(run, it["plan"], it["in_force"], it["effective_from_s"]): Side(
            it["plan"], it["version"]
        )
        for it in places
        if name in (None, it["plan"])
    }


def _written(run: Run, catalog: "Catalog", name: str | None) -> Sides:
    """The plans of the files that have not ended, with their content."""
    from pbxcharge.alone import plan_body, plans_now, plans_to_come

    now_s = int(time.time())
    held = plans_now(catalog).values()
    now = [plan for plan in held if not (plan.prices_nothing and plan.has_ended(now_s))]
    plans = [*((plan, True) for plan in now), *((plan, False) for plan in plans_to_come(catalog))]
    return {
        _called(run, plan.name, begun, plan.effective_from_s): Side(
            plan.name, plan.version, plan.effective_from_s, plan_body(plan)
        )
        for plan, begun in plans
        if name in (None, plan.name)
    }


def _called(run: Run, name: str, begun: bool, effective_from_s: int) -> str:
    from pbxcharge.alone import label, local_time

    if begun:
        return name
    return label(name, local_time(effective_from_s, run.settings.time_zone))


def _show(answer: Mapping[str, Any], every: bool) -> None:
    if not answer["plans"]:
        remark("no plan differs")
    show_differences(answer["plans"], every)


def show_differences(plans: Iterable[Document], every: bool = False) -> None:
    """Each plan that differs; `every` prefix in a line of its own."""
    for plan in plans:
        show_diff(plan, every)
