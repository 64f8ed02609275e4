"""`docs/commands.md`: every command with its words, its options and its examples."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import typer

from pbxcharge import errors
from pbxcharge.cli.exits import Exit, exit_for, reason_of
from pbxcharge.cli.main import app
from pbxcharge.flow.acts import Refusal
from tests.docs.markdown import code, member_texts, page, sentence, table

COMMON = ("as_json", "config")
_KIND = re.compile("<([^>]+)>")
_KINDS = {"str": "TEXT", "list[str]": "TEXT", "path": "FILE", "int range": "N"}
OWN = ("PbxchargeError", "OperatingError", "ActDeclined")

INTRODUCTION = """\
`pbxcharge COMMAND --help` says the same on the spot. Commands go through the daemon's socket where it runs, and do their work
alone where it does not; whoever may use the socket may use all of them, except those that read the books by themselves
(`verify`, `replay`, `reconcile`, `db`), which run as the owner of the books.

Every command takes `--json` (money as decimal text, instants in UTC) and `--config FILE`, before or behind its own words. The
settings file is that of `--config`, else `$PBXCHARGE_CONFIG`, else `/etc/pbxcharge/pbxcharge.yaml`."""


@dataclass(frozen=True, slots=True)
class Known:
    """A command, or a group of them.

    Args:
        words: behind `pbxcharge`; empty for the program itself.
        command: as typer knows it.
    """

    words: tuple[str, ...]
    command: Any

    @property
    def is_group(self) -> bool:
        """Whether further words follow."""
        return hasattr(self.command, "commands")

    @property
    def options(self) -> frozenset[str]:
        """Every way to write every option."""
        return frozenset(
            name for each in self.command.params for name in each.opts if name[0] == "-"
        )


def known() -> Iterator[Known]:
    """The program, every group and every command, in the order of the help."""
    yield from _below(Known((), typer.main.get_command(app)))


def _below(one: Known) -> Iterator[Known]:
    yield one
    if one.is_group:
        for name, command in one.command.commands.items():
            yield from _below(Known((*one.words, name), command))


def commands_page() -> str:
    """The page."""
    parts = [_command(one) for one in known() if one.words and _does_something(one)]
    return page("Commands", "tests.docs.make", INTRODUCTION, _list(), *parts, _exits(), _refusals())


def _does_something(one: Known) -> bool:
    return not one.is_group or one.command.invoke_without_command


def _list() -> str:
    rows = (
        (f"[{' '.join(one.words)}](#pbxcharge-{'-'.join(one.words)})", one.command.help.strip())
        for one in known()
        if one.words and _does_something(one)
    )
    return table(("command", "what it does"), rows)


def _command(one: Known) -> str:
    words = " ".join(("pbxcharge", *one.words))
    context = typer.Context(one.command, info_name=words)
    rows = [(_name(each, context), _text(each, context)) for each in _own(one.command)]
    arguments = [_name(each, context) for each in _own(one.command) if not _is_option(each)]
    usage = [words, *(["[OPTIONS]"] if len(rows) > len(arguments) else []), *arguments]
    parts = [f"## {words}", one.command.help.strip(), f"```\n{' '.join(usage)}\n```"]
    if rows:
        cells = ((code(name), text) for name, text in rows)
        parts.append(table(("option", "what it is"), cells))
    parts.append(_examples(one.command))
    return "\n\n".join(filter(None, parts))


def _own(command: Any) -> list[Any]:
    """Arguments and options but those that every command has."""
    return [each for each in command.params if each.name not in COMMON]


def _is_option(parameter: Any) -> bool:
    return bool(parameter.opts[0].startswith("-"))


def _name(parameter: Any, context: typer.Context) -> str:
    """How it is written: `--limit N`, `[ACCOUNT]`, `FILE…`."""
    written, _ = parameter.get_help_record(context)
    if _is_option(parameter):
        return _KIND.sub(lambda found: _KINDS.get(found[1], found[1]), written)
    value = str(parameter.metavar or parameter.name.upper()).strip("[].…")
    value += "…" if parameter.nargs == -1 else ""
    return value if parameter.required else f"[{value}]"


def _text(parameter: Any, context: typer.Context) -> str:
    _, text = parameter.get_help_record(context)
    several = " May be given several times." if getattr(parameter, "multiple", False) else ""
    return " ".join(text.split()) + several


def _examples(command: Any) -> str:
    lines = (command.epilog or "").replace("\b", "").partition("Examples:")[2].splitlines()
    shown = "\n".join(line.strip() for line in lines if line.strip())
    return f"```\n{shown}\n```" if shown else ""


def _exits() -> str:
    texts = member_texts(Exit)
    rows = ((int(each), sentence(texts[str(int(each))])) for each in Exit)
    return "## Exit codes\n\n" + table(("code", "what it says"), rows)


def _refusals() -> str:
    rows = ((code(reason), sentence(text)) for reason, text in member_texts(Refusal).items())
    return "\n\n".join(
        (
            "## Why a command is declined",
            "Nothing has changed then. A sentence says what is wrong; with `--json` the `reason` is one of these, and the exit"
            " code is 1. Why a *call* is refused stands in [records](records.md#refused-attempts).",
            table(("reason", "what is wrong"), rows),
            "What else can go wrong has a `reason` of its own:",
            table(("reason", "exit", "what is wrong: what to do"), _errors()),
        )
    )


def _errors() -> Iterator[tuple[str, int, str]]:
    """Errors of operation by the word that programs get, those that end a command."""
    for name, kind in sorted(vars(errors).items()):
        if inspect.isclass(kind) and issubclass(kind, errors.PbxchargeError) and name not in OWN:
            error = kind.__new__(kind)
            text = (inspect.getdoc(kind) or "").splitlines()[0]
            yield code(reason_of(error)), int(exit_for(error)), sentence(text)
