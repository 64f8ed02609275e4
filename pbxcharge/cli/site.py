"""`serve`, `verify`, `db`, `dialplan`: the site as a whole; `check` stands in its own module."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbxcharge.cli import findings as shown
from pbxcharge.cli.check import check
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import BadConfiguration, Exit
from pbxcharge.cli.output import complain, plural, say

if TYPE_CHECKING:
    from pbxcharge.alone import Backup, BooksFinding

database = typer.Typer(no_args_is_help=True, help="The database.")
dialplan = typer.Typer(no_args_is_help=True, help="Parts of Asterisk's dialplan.")


def add_to(app: typer.Typer) -> None:
    """The commands of the site that stand at the top of the command line."""
    command(
        app,
        "serve",
        examples=("pbxcharge --config /etc/pbxcharge/pbxcharge.yaml serve",),
    )(serve)
    command(
        app,
        "check",
        examples=(
            "pbxcharge check",
            "pbxcharge check --strict                         # warnings count, too",
            "pbxcharge check --dialplan /etc/asterisk/pbxcharge-emergency.conf",
        ),
    )(check)
    command(app, "verify", examples=("pbxcharge verify",))(verify)


def serve(run: Run) -> None:
    """Run the daemon until SIGTERM."""
    from pbxcharge.settings import read_ami_secret

    settings, catalog = run.settings, run.catalog
    secret, found = read_ami_secret(run.config, settings.ami, os.environ)
    shown.complain_of((*run.files.findings, *found))
    if secret is None:
        raise BadConfiguration("the AMI secret cannot be read")
    from pbxcharge.serve import serve

    raise typer.Exit(serve(run.config, settings, catalog, secret))


def verify(run: Run) -> None:
    """Check the books: add everything up, price it again."""
    from pbxcharge.alone import verify as verify_books

    found = verify_books(run.settings)
    document = {"findings": [asdict(finding) for finding in found], "right": not found}
    run.show(document, lambda: _show_books(found))
    raise typer.Exit(Exit.REFUSED if found else Exit.DONE)


@command(database, "migrate", examples=("pbxcharge db migrate",))
def migrate(run: Run) -> None:
    """Make the database, or bring it to this release."""
    from pbxcharge.alone import migrate as migrate_alone

    done = migrate_alone(run.settings)
    document = {"done": True, "before": done.before, "after": done.after}
    run.show(document, lambda: say(_migrated(done.before, done.after)))


@command(
    database,
    "backup",
    examples=(
        "pbxcharge db backup /mnt/backup/before-the-update.db",
        "pbxcharge db backup /var/lib/pbxcharge-backup --keep 14",
    ),
)
def backup(
    run: Run,
    place: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A new file; or a folder, and the copy is named by its time."
        ),
    ],
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Keep so many copies in the folder, the newest ones."),
    ] = None,
) -> None:
    """Copy the books, also beside a running daemon, and check the copy."""
    from pbxcharge.alone import back_up

    if keep is not None and not place.is_dir():
        raise typer.BadParameter("--keep goes with a folder")
    made = back_up(run.settings, place, keep)
    run.show(_backup_document(made), lambda: _show_backup(made))
    raise typer.Exit(Exit.REFUSED if made.findings else Exit.DONE)


@command(
    dialplan,
    "emergency",
    examples=(
        "pbxcharge dialplan emergency --output /etc/asterisk/pbxcharge-emergency.conf",
        "asterisk -rx 'dialplan reload'",
    ),
)
def emergency(
    run: Run,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write this file; else print.")
    ] = None,
) -> None:
    """Make the dialplan's emergency context from the site's list."""
    from pbxcharge.alone import emergency_text

    text = emergency_text(run.settings)
    if output is None:
        run.show({"text": text}, lambda: print(text, end=""))
        return
    _replace(output, text)
    run.show({"done": True, "file": str(output)}, lambda: say(f"written: {output}"))


def _replace(path: Path, text: str) -> None:
    """Whole or not at all: a dialplan cut in half would lose emergency numbers."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise BadConfiguration(f"{path} cannot be written: {error.strerror or error}") from error


def _show_books(found: "list[BooksFinding]") -> None:
    for finding in found:
        say(f"{finding.code}: {finding.where}")
        say(f"  must be: {finding.what}")
        say(f"  → {finding.hint}")
    say(plural(len(found), "finding") if found else "the books are right")


def _backup_document(made: "Backup") -> dict[str, Any]:
    return {
        "done": not made.findings,
        "file": None if made.findings else str(made.path),
        "size_bytes": made.size_bytes,
        "removed": [str(path) for path in made.removed],
        "findings": [asdict(finding) for finding in made.findings],
    }


def _show_backup(made: "Backup") -> None:
    if made.findings:
        _show_books(list(made.findings))
        complain("no backup was made: the books are not right, see `pbxcharge verify`")
        return
    say(f"{made.path}: {made.size_bytes:,} bytes, checked: the books in it are right")
    for path in made.removed:
        say(f"removed: {path}")


def _migrated(before: int, after: int) -> str:
    if before == after:
        return f"already done: the database has schema {after}"
    if before == 0:
        return f"database made, schema {after}"
    return f"schema {before} brought to {after}"
