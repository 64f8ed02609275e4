"""`pbxcharge account …` and `pbxcharge extension …`: who pays, and with which phones they call."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import at, facts, say, table
from pbxcharge.core.account_kinds import AccountKind, AccountStatus, WalletKind

app = typer.Typer(
    no_args_is_help=True, help="Service providers, organizations and users: who pays."
)
extensions = typer.Typer(no_args_is_help=True, help="Phones of users.")

AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id of the account.")]
_BELOW = "Only this one and those below it."
Subtree = Annotated[str | None, typer.Argument(metavar="[ACCOUNT]", help=_BELOW)]
Below = Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help=_BELOW)]


class Settable(StrEnum):
    """Kinds of account that can be added, as they are written here."""

    SERVICE_PROVIDER = "service-provider"
    ORGANIZATION = "organization"
    USER = "user"


@command(
    app,
    "add",
    examples=(
        "pbxcharge account add acme --name 'Acme Ltd' --code 20",
        "pbxcharge account add alice --parent acme --name Alice --plan retail",
        "pbxcharge account add bob --parent acme --product smartcall",
        "pbxcharge account add telco --kind service-provider --time-zone Europe/London",
        "pbxcharge account add globex --kind organization --parent telco",
    ),
)
async def add(
    run: Run,
    account_id: AccountId,
    kind: Annotated[
        Settable | None,
        typer.Option(help="By default a user if it has a parent, else an organization."),
    ] = None,
    parent: Annotated[
        str | None,
        typer.Option(help="Organization of a user; service provider of any other account."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name for people; by default the id.")] = None,
    plan: Annotated[
        str | None, typer.Option(help="Charging plan: gives wallets and their initial credit.")
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(help="Digits by which other organizations dial this one's extensions."),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="IANA name; by default that of the account above.")
    ] = None,
    product: Annotated[
        str | None, typer.Option(help="Main product of a user, in the place of a plan.")
    ] = None,
) -> None:
    """Add a service provider, an organization or a user."""
    from pbxcharge.cli.money import new_id
    from pbxcharge.cli.reach import act

    chosen = kind or (Settable.USER if parent else Settable.ORGANIZATION)
    wanted = {
        "account_id": account_id,
        "kind": AccountKind[chosen.name],
        "parent_id": parent,
        "name": name or account_id,
        "plan": plan,
        "code": code,
        "time_zone": time_zone,
        "product": product,
        "product_id": new_id("product") if product else "",
    }
    if plan is not None and product is not None:
        raise typer.BadParameter("an account has a plan of its own or a main product, not both")
    priced = plan is not None or product is not None
    answer = await act(run, lambda api: api.act("/accounts", **wanted), priced=priced)
    run.show(answer, lambda: _say_done(answer, "added"))


@command(app, "list", examples=("pbxcharge account list", "pbxcharge account list acme"))
async def list_accounts(
    run: Run,
    account_id: Subtree = None,
) -> None:
    """List accounts with plan, status and phones."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/accounts", scope=account_id))
    run.show(answer, lambda: _accounts_table(answer["accounts"]))


@command(app, "show", examples=("pbxcharge account show alice",))
async def show(run: Run, account_id: AccountId) -> None:
    """Show one account with its phones, wallets and limits."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/account", account_id=account_id), priced=True)
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
    app,
    "set-time-zone",
    examples=(
        "pbxcharge account set-time-zone acme Europe/Berlin",
        "pbxcharge account set-time-zone acme --inherit   # that of the account above",
    ),
)
async def set_time_zone(
    run: Run,
    account_id: AccountId,
    time_zone: Annotated[
        str | None, typer.Argument(metavar="[ZONE]", help="IANA name of the time zone.")
    ] = None,
    inherit: Annotated[
        bool, typer.Option("--inherit", help="That of the account above, or of the site.")
    ] = False,
) -> None:
    """Say whose clocks count for an account and those below it."""
    from pbxcharge.cli.reach import act

    if (time_zone is None) is not inherit:
        raise typer.BadParameter("name a time zone, or say --inherit")
    wanted = {"account_id": account_id, "time_zone": time_zone}
    answer = await act(run, lambda api: api.act("/accounts/time-zone", **wanted))
    run.show(answer, lambda: _say_done(answer, f"in {time_zone or 'the time zone above'}"))


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
        if wallet["kind"] != WalletKind.INCOMING or wallet["balance"] != "0.00"
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
        "time zone": _zone(account),
        "product": account["product"],
        "plan": _plan(account),
        "managed by": account["managed_by"],
        "status": account["status"],
        "suspended for": ", ".join(account["suspended_for"]).replace("_", " ") or None,
        "expires": at(account["expires_at"]) or None,
        "phones": _phones(account) or "none",
    }
    for wallet in account["wallets"]:
        pairs |= _wallet_facts(wallet)
    if month := account.get("month"):
        pairs["this month"] = f"{month['used']} of {month['limit']}, {month['left']} left"
    for limit, counted in limits.items():
        most = "unlimited" if counted["most"] is None else f"at most {counted['most']}"
        pairs[limit.replace("_", " ")] = f"{counted['now']}, {most}"
    facts(pairs)


def _zone(account: dict[str, Any]) -> str:
    own, zone = account["time_zone"], account["time_zone_in_force"]
    return str(zone) if own else f"{zone} (inherited)"


def _plan(account: dict[str, Any]) -> str:
    """The plan with its type, and whose it is, if it is somebody's."""
    if account["plan"] is None:
        return "none"
    known = [account.get("plan_type"), account.get("plan_owner") and f"of {account['plan_owner']}"]
    more = ", ".join(str(each) for each in known if each)
    return f"{account['plan']} ({more})" if more else str(account["plan"])


def _wallet_facts(wallet: dict[str, Any]) -> dict[str, Any]:
    """The outgoing or shared wallet under its own words, any other one under its name."""
    currency, kind = wallet["currency"], wallet["kind"]
    named = f"{kind} " if kind == WalletKind.INCOMING else ""
    shared = {"wallet": "shared, for calls of both directions"} if kind == WalletKind.SHARED else {}
    return {
        **shared,
        f"{named}balance": f"{wallet['balance']} {currency}",
        f"{named}held": f"{wallet['held']} {currency} by {wallet['live_calls']} live calls",
        f"{named}credit limit": _bound(wallet["credit_limit"], currency),
        f"{named}available": _bound(wallet["available"], currency),
    }


def _bound(amount: str | None, currency: str) -> str:
    return "unlimited" if amount is None else f"{amount} {currency}"
