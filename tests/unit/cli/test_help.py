"""Help: quick, complete, and in words of the trade."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from pbxcharge.cli.main import app

COMMAND = Path(sys.executable).parent / "pbxcharge"
HELP_WITHIN_S = 0.3
SLOW = (
    "httpx",
    "fastapi",
    "pydantic",
    "ruamel",
    "rich",
    "jinja2",
    "matplotlib",
    "weasyprint",
    "aiosqlite",
    "structlog",
    "uvloop",
)
PROMISED = [
    *(
        "schema",
        "serve",
        "check",
        "topup",
        "adjust",
        "refund",
        "rerate",
        "balance",
        "ledger",
        "quote",
        "replay",
        "tail",
    ),
    "import",
    *("verify", "account add", "account show", "account list", "account set-plan"),
    *(
        "account set-status",
        "account set-time-zone",
        "extension add",
        "did add",
        "did list",
        "did remove",
    ),
    *("calls hang-up", "cdr list", "cdr export", "explain"),
    *("report calls", "report accounts", "report destinations", "report margins"),
    *("report refused", "reconcile asterisk", "reconcile carrier"),
    *("xdr list", "statement"),
    *(
        "plan list",
        "plan show",
        "plan apply",
        "plan history",
        "plan diff",
        "deck list",
        "deck show",
    ),
    *("db backup", "db migrate", "dialplan emergency"),
    *("product list", "product show", "subscription list", "subscription show"),
    *("subscription assign", "subscription close", "subscription remove"),
    *("addon assign", "addon unassign", "addon list", "feature set", "feature clear"),
    *("account products", "account subscriptions", "account set-product", "account set-billing"),
    *("bill run", "bill preview"),
    *("account expire", "account suspend", "account resume", "account set-manager"),
    *("account quotas", "account set-discounts"),
]


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its words."""
    for name, command in group.commands.items():
        words = f"{before}{name}"
        if hasattr(command, "commands"):
            yield from commands(command, f"{words} ")
        else:
            yield words, command


COMMANDS = dict(commands(typer.main.get_command(app)))


def test_help_is_there_before_one_has_waited() -> None:
    """The best of five, in processor time: how busy the machine is decides nothing."""
    taken_s = min(processor_s(COMMAND, "--help") for _ in range(5))
    print(f"\npbxcharge --help: {taken_s * 1000:.0f} ms of processor time")
    assert taken_s < HELP_WITHIN_S


def processor_s(*command: str | Path) -> float:
    """Processor time of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def test_help_imports_nothing_slow() -> None:
    """What takes long to import is left to the command that needs it."""
    code = "import sys; import pbxcharge.cli.main; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in out.stdout.split()}
    assert loaded.isdisjoint(SLOW)
    assert "typer" in loaded


def test_every_promised_command_is_there() -> None:
    """And no other without being named here."""
    assert sorted(COMMANDS) == sorted(PROMISED)


@pytest.mark.parametrize("words", PROMISED)
def test_every_command_is_explained_in_one_line(words: str) -> None:
    """It says what it does, gives an example, and takes --json and --config."""
    command = COMMANDS[words]
    assert command.help and "\n" not in command.help.strip()
    assert len(command.help) <= 80
    assert f"pbxcharge {words}" in command.epilog or "pbxcharge --config" in command.epilog
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--json", "--config"} <= options


def groups(group: Any) -> Iterator[Any]:
    """The program and every group of its commands."""
    yield group
    for command in group.commands.values():
        if hasattr(command, "commands"):
            yield from groups(command)


GROUPS = {group.name: group for group in groups(typer.main.get_command(app))}


@pytest.mark.parametrize("name", GROUPS)
def test_no_line_of_a_list_of_commands_is_cut_off(name: str) -> None:
    """On a screen of 80 columns each command is explained whole, beside the longest name.

    Seen failing with "… by files; what is not in them stays." as the help of `import`.
    """
    known = GROUPS[name].commands
    room = 80 - 2 - 6 - max(map(len, known))
    lines = [command.get_short_help_str(room) for command in known.values()]
    assert [line for line in lines if line.endswith("...")] == []


def test_running_calls_are_listed_without_a_further_word() -> None:
    """The group is a command, too: with examples, and with its options behind its name."""
    group = typer.main.get_command(app).commands["calls"]  # type: ignore[attr-defined]
    assert "pbxcharge calls --watch" in group.epilog
    assert {"--json", "--config"} <= {name for each in group.params for name in each.opts}


@pytest.mark.parametrize("words", PROMISED)
def test_every_option_and_argument_is_explained(words: str) -> None:
    """No parameter without a sentence."""
    for parameter in COMMANDS[words].params:
        assert parameter.help, parameter.name
