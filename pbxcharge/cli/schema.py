"""`pbxcharge schema`: what editors complete files by, and programs check tables by."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import BadConfiguration
from pbxcharge.cli.output import print_json, say

EDITOR_LINE = "# yaml-language-server: $schema={}"


class Kind(StrEnum):
    """The kinds of file that have a schema."""

    SETTINGS = "settings"
    PLAN = "plan"
    SUBSCRIPTION = "subscription"
    PRODUCT = "product"
    DISCOUNT = "discount"
    IMPORT = "import"
    DECK = "deck"
    ACCOUNTS = "accounts"
    EXTENSIONS = "extensions"
    DIDS = "dids"


def add_to(app: typer.Typer) -> None:
    """The command stands at the top of the command line."""
    examples = ("pbxcharge schema plan", "pbxcharge schema --output /etc/pbxcharge/schemas")
    command(app, "schema", examples=examples)(schema)


def schema(
    run: Run,
    kind: Annotated[
        Kind | None,
        typer.Argument(
            metavar="[KIND]",
            help="settings, plan, subscription, product, discount, import; deck, accounts, …",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write them all into this folder.")
    ] = None,
) -> None:
    """Make the JSON Schema of YAML files and of table rows."""
    from pbxcharge.schemas import FILES, KINDS, file_schema

    if (kind is None) == (output is None):
        raise typer.BadParameter("name one kind, or a folder for all of them with --output")
    if kind is not None:
        print_json(file_schema(kind))
        return
    assert output is not None  # noqa: S101 - one of the two is given
    paths = {name: output / f"{name}.schema.json" for name in KINDS}
    written = [_write(path, file_schema(name)) for name, path in paths.items()]
    whole = [path for name, path in paths.items() if name in FILES]
    run.show({"done": True, "files": list(map(str, written))}, lambda: _told(whole))


def _write(path: Path, document: dict[str, Any]) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise BadConfiguration(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def _told(written: list[Path]) -> None:
    say("The first line of a file tells the editor its schema:")
    for path in written:
        say(f"  {EDITOR_LINE.format(path)}")
