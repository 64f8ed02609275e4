"""The command line's front door; a command imports by itself what is slow to import."""

from typing import Annotated

import typer

from pbxcharge.cli import (
    account,
    account_quotas,
    addon,
    bill,
    call,
    deck,
    did,
    explain,
    export,
    feature,
    imports,
    money,
    plan,
    plan_diff,
    plan_history,
    product,
    quote,
    reconcile,
    record,
    replay,
    report,
    rerate,
    schema,
    site,
    statement,
    subscription,
    tail,
)
from pbxcharge.cli.command import ConfigOption, JsonOption, Run, end, examples_text

EPILOG = examples_text(
    "pbxcharge account add acme --name 'Acme Ltd'",
    "pbxcharge account add alice --parent acme --plan retail",
    "pbxcharge extension add alice-desk --number 101 --account alice",
    "pbxcharge topup alice 10.00 --id invoice-4711",
) + (
    "\n\nExit codes: 0 done, 1 refused or findings, 2 usage, 69 something it depends on is down, "
    "78 bad configuration."
)

ABOUT = "Prepaid charging for Asterisk: every second of talk is paid before it is talked."

app = typer.Typer(
    name="pbxcharge",
    help=ABOUT,
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain text: rich help takes longer to import than everything else together.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"pbxcharge {version('pbxcharge')}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            metavar="",
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Prepaid charging for Asterisk: every second of talk is paid before it is talked."""
    ctx.obj = Run(config, as_json)


@call.calls.callback()
def running_calls(
    ctx: typer.Context,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="On a terminal: refresh the list every second.")
    ] = False,
    account_id: account.Below = None,
) -> None:
    """List the calls that run now, or end one."""
    run = ctx.find_object(Run) or Run()
    ctx.obj = Run(config or run.config_option, run.as_json or as_json)
    if ctx.invoked_subcommand is None:
        end(lambda: call.list_calls(ctx.obj, account_id, watch=watch), ctx.obj)


app.add_typer(account_quotas.app, name="account")
app.add_typer(account.extensions, name="extension")
app.add_typer(did.app, name="did")
app.add_typer(plan.app, name="plan")
plan_history.add_to(plan.app)
plan_diff.add_to(plan.app)
app.add_typer(product.app, name="product")
app.add_typer(addon.app, name="addon")
app.add_typer(feature.app, name="feature")
app.add_typer(subscription.app, name="subscription")
app.add_typer(deck.app, name="deck")
imports.add_to(app)
money.add_to(app)
app.add_typer(call.calls, name="calls")
export.add_to(record.app)
app.add_typer(record.app, name="cdr")
app.add_typer(report.app, name="report")
app.add_typer(bill.app, name="bill")
statement.add_to(app)
tail.add_to(app)
replay.add_to(app)
rerate.add_to(app)
quote.add_to(app)
explain.add_to(app)
site.add_to(app)
schema.add_to(app)
app.add_typer(reconcile.app, name="reconcile")
app.add_typer(site.database, name="db")
app.add_typer(site.dialplan, name="dialplan")


def app_entry() -> None:
    """What the command `pbxcharge` runs."""
    app()
