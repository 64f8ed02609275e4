"""`pbxcharge check`: everything that is wrong with the files of a site, at once."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbxcharge.cli import findings as shown
from pbxcharge.cli.command import Run
from pbxcharge.cli.exits import Exit
from pbxcharge.cli.output import plural, say
from pbxcharge.cli.plan_jumps import jump_findings
from pbxcharge.errors import OperatingError

if TYPE_CHECKING:
    from pbxcharge.alone import Finding, SiteFiles
    from pbxcharge.cli.reach import Api
    from pbxcharge.settings import Settings


async def check(
    run: Run,
    emergency_file: Annotated[
        Path | None,
        typer.Option(
            "--dialplan", help="Also compare the emergency context of this dialplan file."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 if there are warnings, too.")
    ] = False,
) -> None:
    """Check the site's files, also against books and Asterisk."""
    from pbxcharge.alone import (
        below_cost,
        below_level,
        books_findings,
        emergency_finding,
        in_order,
        inspect_files,
    )

    files = inspect_files(run.config)
    found = list(files.findings)
    if emergency_file is not None and files.settings is not None:
        differs = emergency_finding(files.settings, emergency_file)
        found += [differs] if differs else []
    facts, not_read = await _facts(run, files)
    of_books = (*books_findings(files, facts), *facts["jumps"]) if facts else ()
    phones = facts["endpoints"] if facts else ()
    loaded, not_asked = await _of_asterisk(run.config, files.settings, phones)
    losing = (*below_cost(files, facts), *below_level(files, facts))
    every = in_order((*found, *loaded, *of_books, *losing))
    document = {**_document(every), "asterisk_not_asked": not_asked, "books_not_read": not_read}
    run.show(document, lambda: _show(every, run.config, not_asked, not_read))
    refused = _count(every, "error") or (strict and every)
    raise typer.Exit(Exit.REFUSED if refused else Exit.DONE)


async def _facts(run: Run, files: "SiteFiles") -> tuple[dict[str, Any] | None, str | None]:
    """What the books say of the accounts that the files are for, or why they were not asked.

    And of earlier versions of the plans: prices that jump.
    """
    from pbxcharge.cli.reach import read

    if files.settings is None:
        return None, "the settings have errors"
    try:
        return await read(run, lambda api: _asked(api, files)), None
    except OperatingError as error:
        return None, str(error)


async def _asked(api: "Api", files: "SiteFiles") -> dict[str, Any]:
    from pbxcharge.alone import asked_of_books

    facts = await api.get("/check", **asked_of_books(files))
    return facts | {"jumps": await jump_findings(api, files)}


async def _of_asterisk(
    config: Path, settings: "Settings | None", phones: Sequence[str]
) -> "tuple[tuple[Finding, ...], str | None]":
    """How what Asterisk has loaded differs, or why it was not asked.

    A secret that cannot be read from here may be one that systemd hands to the daemon; what is
    wrong with one that can be read keeps the daemon from starting.
    """
    from pbxcharge.alone import asterisk_findings
    from pbxcharge.settings import read_ami_secret

    if settings is None:
        return (), "the settings have errors"
    secret, unread = read_ami_secret(config, settings.ami, os.environ)
    if secret is None:
        file = settings.ami.secret_file
        wrong = unread if file and os.access(file, os.R_OK) else ()
        return wrong, "its secret has errors" if wrong else "; ".join(map(_in_a_line, unread))
    try:
        return await asterisk_findings(settings, secret, phones), None
    except OperatingError as error:
        return (), str(error)


def _in_a_line(finding: "Finding") -> str:
    where = " ".join(filter(None, (finding.file, finding.key)))
    return f"{where} {finding.message}" + (f" → {finding.hint}" if finding.hint else "")


def _document(found: "Sequence[Finding]") -> dict[str, Any]:
    apart = sorted(found, key=lambda finding: finding.severity != "error")
    return {
        "errors": _count(found, "error"),
        "warnings": _count(found, "warning"),
        "findings": [shown.document(finding) for finding in apart],
    }


def _show(
    found: "Sequence[Finding]", config: Path, not_asked: str | None, not_read: str | None
) -> None:
    shown.show_apart(found)
    if not_asked:
        say(f"what Asterisk has loaded (dialplan, endpoints) was not compared: {not_asked}")
    if not_read:
        what = "who is charged by which plan was not looked at, nor the last versions of plans"
        say(f"{what}: {not_read}")
    errors, warnings = _count(found, "error"), _count(found, "warning")
    say(f"{config}: {plural(errors, 'error')}, {plural(warnings, 'warning')}")


def _count(found: "Sequence[Finding]", severity: str) -> int:
    return sum(finding.severity == severity for finding in found)
