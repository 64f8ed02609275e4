"""`pbxcharge account …`: what an account has of products, and what becomes of it."""

from typing import Annotated, Any

import typer

from pbxcharge.cli.account import AccountId, app
from pbxcharge.cli.addon import products_table
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import facts, moment, say, table
from pbxcharge.cli.product import feature_rows
from pbxcharge.cli.subscription import show_assigned
from pbxcharge.core.account_kinds import Suspension
from pbxcharge.core.billing_cycle import BillingCycle

Document = dict[str, Any]
Reason = Annotated[Suspension, typer.Option(help="What it is suspended for.")]


@command(app, "products", examples=("pbxcharge account products alice",))
async def products(run: Run, account_id: AccountId) -> None:
    """Show an account's products, and its features by them."""
    from pbxcharge.cli.reach import read

    answer = await read(
        run, lambda api: api.get("/account/products", account_id=account_id), priced=True
    )
    run.show(answer, lambda: _products(answer["account"], answer["zone"]))


@command(
    app,
    "subscriptions",
    examples=(
        "pbxcharge account subscriptions alice",
        "pbxcharge account subscriptions acme --all",
    ),
)
async def subscriptions(
    run: Run,
    account_id: AccountId,
    closed: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
) -> None:
    """Show an account's subscriptions: state, fee, what is next."""
    await show_assigned(run, account_id, closed)


@command(
    app,
    "set-product",
    examples=(
        "pbxcharge account set-product alice smartcall",
        "pbxcharge account set-product alice --none",
    ),
)
async def set_product(
    run: Run,
    account_id: AccountId,
    product: Annotated[
        str | None, typer.Argument(metavar="[PRODUCT]", help="Name of the main product.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="No product, and no plan.")] = False,
    assignment_id: Annotated[
        str | None, typer.Option("--id", help="Makes a retry harmless; else one is made.")
    ] = None,
) -> None:
    """Give an account a main product, plan and subscription."""
    from pbxcharge.cli.money import new_id
    from pbxcharge.cli.reach import act

    if (product is None) is not none:
        raise typer.BadParameter("name a product, or say --none")
    wanted = {
        "id": assignment_id or new_id("product"),
        "account_id": account_id,
        "product": product,
    }
    answer = await act(run, lambda api: api.act("/accounts/product", **wanted), priced=True)
    run.show(answer, lambda: _say_product(answer["account"], answer["already"]))


@command(
    app,
    "set-billing",
    examples=(
        "pbxcharge account set-billing acme monthly --anchor-day 15",
        "pbxcharge account set-billing acme weekly --from 2027-01-01   # Mondays",
        "pbxcharge account set-billing acme quarterly --anchor-month 2",
    ),
)
async def set_billing(
    run: Run,
    account_id: AccountId,
    cycle: Annotated[BillingCycle, typer.Argument(help="How long a billing period is.")],
    anchor_day: Annotated[
        int, typer.Option(help="The day on which periods begin: of a week 1 (Monday) to 7.")
    ] = 1,
    anchor_month: Annotated[
        int, typer.Option(help="Of quarters, half-years and years: a month in which one begins.")
    ] = 1,
    begins: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="Its first day; else the earliest possible."),
    ] = None,
) -> None:
    """Say by which periods an organization is billed."""
    from pbxcharge.cli.reach import act

    wanted = {
        "account_id": account_id,
        "cycle": cycle,
        "anchor_day": anchor_day,
        "anchor_month": anchor_month,
        "begins": begins,
    }
    answer = await act(run, lambda api: api.act("/accounts/billing", **wanted), priced=True)
    since = f" from {answer['billing']['from']}" if answer["billing"]["from"] else ""
    run.show(answer, lambda: _say(answer, f"is billed {cycle.replace('_', ' ')}{since}"))


@command(
    app,
    "expire",
    examples=(
        "pbxcharge account expire alice 2027-01-01",
        "pbxcharge account expire alice --never",
    ),
)
async def expire(
    run: Run,
    account_id: AccountId,
    day: Annotated[
        str | None, typer.Argument(metavar="[DAY]", help="The first day without service.")
    ] = None,
    never: Annotated[bool, typer.Option("--never", help="It does not expire.")] = False,
) -> None:
    """Say when an account expires."""
    from pbxcharge.cli.reach import act

    if (day is None) is not never:
        raise typer.BadParameter("name a day, or say --never")
    wanted = {"account_id": account_id, "at": day}
    answer = await act(run, lambda api: api.act("/accounts/expiry", **wanted))
    expires = answer["account"]["expires_at"]
    said = f"expires {moment(expires, answer['zone'])}" if expires else "does not expire"
    run.show(answer, lambda: _say(answer, said))


@command(app, "suspend", examples=("pbxcharge account suspend acme --reason overdue",))
async def suspend(run: Run, account_id: AccountId, reason: Reason = Suspension.OVERDUE) -> None:
    """Suspend an account for what it owes."""
    await _suspend(run, account_id, reason, on=True)


@command(app, "resume", examples=("pbxcharge account resume acme --reason overdue",))
async def resume(run: Run, account_id: AccountId, reason: Reason = Suspension.OVERDUE) -> None:
    """Take back that an account was suspended."""
    await _suspend(run, account_id, reason, on=False)


@command(
    app,
    "set-manager",
    examples=(
        "pbxcharge account set-manager globex telco",
        "pbxcharge account set-manager globex --none   # the operator's",
    ),
)
async def set_manager(
    run: Run,
    account_id: AccountId,
    reseller: Annotated[
        str | None, typer.Argument(metavar="[RESELLER]", help="A service provider.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="The operator manages it.")] = False,
) -> None:
    """Say which reseller manages an account."""
    from pbxcharge.cli.reach import act

    if (reseller is None) is not none:
        raise typer.BadParameter("name a reseller, or say --none")
    wanted = {"account_id": account_id, "managed_by": reseller}
    answer = await act(run, lambda api: api.act("/accounts/manager", **wanted))
    run.show(answer, lambda: _say(answer, f"is managed by {reseller or 'the operator'}"))


async def _suspend(run: Run, account_id: str, reason: Suspension, *, on: bool) -> None:
    from pbxcharge.cli.reach import act

    wanted = {"account_id": account_id, "reason": reason, "on": on}
    answer = await act(run, lambda api: api.act("/accounts/suspension", **wanted))
    reasons = [word.replace("_", " ") for word in answer["account"]["suspended_for"]]
    said = f"is suspended: {', '.join(reasons)}" if reasons else "is suspended for nothing it owes"
    run.show(answer, lambda: _say(answer, said))


def _say(answer: Document, what: str) -> None:
    before = "already done: " if answer["already"] else ""
    say(f"{before}{answer['account']['account_id']} {what}")


def _say_product(account: Document, already: bool) -> None:
    before, name = "already done: " if already else "", account["account_id"]
    if account["product"] is None:
        say(f"{before}{name} has no product, and no plan")
        return
    credit = "".join(f", balance {it['balance']} {it['currency']}" for it in account["wallets"][:1])
    say(f"{before}{name} has {account['product']}, charged by {account['plan']}{credit}")


def _products(account: Document, zone: str) -> None:
    facts(
        {
            "account": account["account_id"],
            "main product": account["product"] or "none",
            "plan": account["plan"] or "none",
            "managed by": account["managed_by"],
        }
    )
    say("")
    name = account["account_id"]
    hint = f"no products: pbxcharge account set-product {name} PRODUCT"
    products_table(account["products"], zone, hint)
    if account["product"] is not None:
        say("")
        columns = ("feature", "on", "by", "attributes", "edited by", "enforced by")
        rows = zip(feature_rows(account["features"]), account["features"], strict=True)
        shown = [(row[0], row[1], it["by"], *row[2:]) for row, it in rows]
        table([(heading, "<") for heading in columns], shown, "no features", terse=True)


__all__ = ["app"]
