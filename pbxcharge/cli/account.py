"""`pbxcharge account …` and `pbxcharge extension …`: who pays, and with which phones they call."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import facts, say, table
from pbxcharge.core.account import AccountKind, AccountStatus, WalletKind

app = typer.Typer(no_args_is_help=True, help="Organizations and users: who pays.")
extensions = typer.Typer(no_args_is_help=True, help="Phones of users.")

AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id of the account.")]


class Settable(StrEnum):
    """Kinds of account that can be added."""

    ORGANIZATION = "organization"
    USER = "user"


@command(
    app,
    "add",
    examples=(
        "pbxcharge account add acme --name 'Acme Ltd' --code 20",
        "pbxcharge account add alice --parent acme --name Alice --plan retail",
    ),
)
async def add(
    run: Run,
    account_id: AccountId,
    kind: Annotated[
        Settable | None,
        typer.Option(help="organization or user; by default a user if it has a parent."),
    ] = None,
    parent: Annotated[str | None, typer.Option(help="Organization of a user.")] = None,
    name: Annotated[str | None, typer.Option(help="Name for people; by default the id.")] = None,
    plan: Annotated[
        str | None, typer.Option(help="Charging plan: gives wallets and their initial credit.")
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(help="Digits by which other organizations dial this one's extensions."),
    ] = None,
) -> None:
    """Add an organization or a user."""
    from pbxcharge.cli.reach import act

    chosen = AccountKind(kind or (Settable.USER if parent else Settable.ORGANIZATION))
    wanted = {
        "account_id": account_id,
        "kind": chosen,
        "parent_id": parent,
        "name": name or account_id,
        "plan": plan,
        "code": code,
    }
    answer = await act(run, lambda api: api.act("/accounts", **wanted), priced=plan is not None)
    run.show(answer, lambda: _say_done(answer, "added"))


@command(app, "list", examples=("pbxcharge account list", "pbxcharge account list acme"))
async def list_accounts(
    run: Run,
    account_id: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT]", help="Only this one and those below it.")
    ] = None,
) -> None:
    """List accounts with plan, status and phones."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/accounts", scope=account_id))
    run.show(answer, lambda: _accounts_table(answer["accounts"]))


@command(app, "show", examples=("pbxcharge account show alice",))
async def show(run: Run, account_id: AccountId) -> None:
    """Show one account with its phones, wallets and limits."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/account", account_id=account_id))
    run.show(answer, lambda: _account_facts(answer["account"], answer.get("limits", {})))


@command(
    app,
    "set-plan",
    examples=("pbxcharge account set-plan alice retail", "pbxcharge account set-plan acme --none"),
)
async def set_plan(
    run: Run,
    account_id: AccountId,
    plan: Annotated[str | None, typer.Argument(metavar="[PLAN]", help="Name of the plan.")] = None,
    none: Annotated[bool, typer.Option("--none", help="Charge nothing at this level.")] = False,
) -> None:
    """Charge an account by another plan; the balance stays."""
    from pbxcharge.cli.reach import act

    if (plan is None) is not none:
        raise typer.BadParameter("name a plan, or say --none")
    answer = await act(
        run,
        lambda api: api.act("/accounts/plan", account_id=account_id, plan=plan),
        priced=plan is not None,
    )
    run.show(answer, lambda: _say_done(answer, f"charged by {plan}" if plan else "not charged"))


@command(
    app,
    "set-status",
    examples=(
        "pbxcharge account set-status alice suspended   # calls end when their paid time does",
        "pbxcharge account set-status alice blocked     # calls end now",
    ),
)
async def set_status(
    run: Run,
    account_id: AccountId,
    status: Annotated[AccountStatus, typer.Argument(help="What the account may do.")],
) -> None:
    """Say what an account may do; running calls obey at once."""
    from pbxcharge.cli.reach import act

    answer = await act(
        run, lambda api: api.act("/accounts/status", account_id=account_id, status=status)
    )
    run.show(answer, lambda: _say_done(answer, str(status)))


@command(
    extensions,
    "add",
    examples=("pbxcharge extension add alice-desk --number 101 --account alice",),
)
async def add_extension(
    run: Run,
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="Its name in pjsip.conf.")],
    number: Annotated[str, typer.Option(help="Internal number, unique in the organization.")],
    account: Annotated[str, typer.Option(help="The user who pays for its calls.")],
) -> None:
    """Give a user a phone; its calls are paid by this user."""
    from pbxcharge.cli.reach import act

    wanted = {"endpoint": endpoint, "number": number, "account_id": account}
    answer = await act(run, lambda api: api.act("/extensions", **wanted))
    run.show(answer, lambda: _say_extension(answer))


def _say_done(answer: dict[str, Any], what: str) -> None:
    account = answer["account"]
    before = "already done: " if answer["already"] else ""
    say(f"{before}{account['kind']} {account['account_id']} {what}{_credit(account)}")


def _credit(account: dict[str, Any]) -> str:
    return "".join(
        f", balance {wallet['balance']} {wallet['currency']}{_for_calls(wallet)}"
        for wallet in account["wallets"]
        if wallet["kind"] == WalletKind.OUTGOING or wallet["balance"] != "0.00"
    )


def _for_calls(wallet: dict[str, Any]) -> str:
    return " for incoming calls" if wallet["kind"] == WalletKind.INCOMING else ""


def _say_extension(answer: dict[str, Any]) -> None:
    extension = answer["extension"]
    before = "already done: " if answer["already"] else ""
    say(
        f"{before}{extension['endpoint']} is number {extension['number']} "
        f"of {extension['account_id']}"
    )


def _accounts_table(accounts: list[dict[str, Any]]) -> None:
    columns = [(heading, "<") for heading in ("account", "kind", "of", "name", "plan", "status")]
    table(
        [*columns, ("phones", "<")],
        (
            (
                account["account_id"],
                account["kind"],
                account["parent_id"],
                account["name"],
                account["plan"],
                account["status"],
                _phones(account),
            )
            for account in accounts
        ),
        "no accounts: pbxcharge account add",
    )


def _phones(account: dict[str, Any]) -> str:
    return ", ".join(f"{phone['endpoint']} ({phone['number']})" for phone in account["extensions"])


def _account_facts(account: dict[str, Any], limits: dict[str, Any]) -> None:
    pairs = {
        "account": account["account_id"],
        "kind": account["kind"],
        "of": account["parent_id"],
        "name": account["name"],
        "code": account["code"],
        "plan": account["plan"] or "none",
        "status": account["status"],
        "phones": _phones(account) or "none",
    }
    for wallet in account["wallets"]:
        pairs |= _wallet_facts(wallet)
    for limit, counted in limits.items():
        most = "unlimited" if counted["most"] is None else f"at most {counted['most']}"
        pairs[limit.replace("_", " ")] = f"{counted['now']}, {most}"
    facts(pairs)


def _wallet_facts(wallet: dict[str, Any]) -> dict[str, Any]:
    """The outgoing wallet under its own words, any other one under its name."""
    currency, kind = wallet["currency"], wallet["kind"]
    named = "" if kind == WalletKind.OUTGOING else f"{kind} "
    return {
        f"{named}balance": f"{wallet['balance']} {currency}",
        f"{named}held": f"{wallet['held']} {currency} by {wallet['live_calls']} live calls",
        f"{named}credit limit": f"{wallet['credit_limit']} {currency}",
        f"{named}available": f"{wallet['available']} {currency}",
    }
