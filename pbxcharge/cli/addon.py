"""`pbxcharge addon …`: add-ons of accounts, beside their main product."""

from typing import Annotated, Any

import typer

from pbxcharge.cli.account import AccountId
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import moment, say, table

app = typer.Typer(no_args_is_help=True, help="Add-ons of accounts.")

Document = dict[str, Any]
AddOn = Annotated[str, typer.Argument(metavar="PRODUCT", help="Name of the add-on.")]


@command(
    app,
    "assign",
    examples=(
        "pbxcharge addon assign alice call-forwarding",
        "pbxcharge addon assign alice call-forwarding --from 2027-01-01 --until 2027-07-01",
        "pbxcharge addon assign alice call-forwarding --for-good   # takes its end back",
    ),
)
async def assign(
    run: Run,
    account_id: AccountId,
    product: AddOn,
    begins: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="Fixed once set; else it begins at once."),
    ] = None,
    ends: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="The first day without it.")
    ] = None,
    for_good: Annotated[bool, typer.Option("--for-good", help="It does not end any more.")] = False,
    assignment_id: Annotated[
        str | None, typer.Option("--id", help="Makes a retry harmless; else one is made.")
    ] = None,
) -> None:
    """Give an account an add-on, or move the end of one it has."""
    from pbxcharge.cli.money import new_id
    from pbxcharge.cli.reach import act

    if for_good and ends is not None:
        raise typer.BadParameter("say --until or --for-good, not both")
    wanted = {
        "id": assignment_id or new_id("addon"),
        "account_id": account_id,
        "product": product,
        "begins": begins,
        "ends": ends,
        "for_good": for_good,
    }
    answer = await act(run, lambda api: api.act("/addons", **wanted), priced=True)
    run.show(answer, lambda: _say(answer, product))


@command(
    app,
    "unassign",
    examples=(
        "pbxcharge addon unassign alice call-forwarding",
        "pbxcharge addon unassign alice call-forwarding --at 2027-01-01",
    ),
)
async def unassign(
    run: Run,
    account_id: AccountId,
    product: AddOn,
    ends: Annotated[
        str | None, typer.Option("--at", metavar="DAY", help="The first day without it; else now.")
    ] = None,
) -> None:
    """Take an add-on from an account; its subscription ends with it."""
    from pbxcharge.cli.reach import act

    wanted = {"account_id": account_id, "product": product, "ends": ends}
    answer = await act(run, lambda api: api.act("/addons/unassign", **wanted), priced=True)
    run.show(answer, lambda: _say(answer, product))


@command(app, "list", examples=("pbxcharge addon list alice",))
async def list_add_ons(run: Run, account_id: AccountId) -> None:
    """List the add-ons of an account, also those that have ended."""
    from pbxcharge.cli.reach import read

    answer = await read(
        run, lambda api: api.get("/account/products", account_id=account_id), priced=True
    )
    found = [had for had in answer["account"]["products"] if had["kind"] == "add_on"]
    hint = f"{account_id} has no add-ons: pbxcharge addon assign {account_id} PRODUCT"
    run.show({"add_ons": found}, lambda: products_table(found, answer["zone"], hint))


def products_table(products: list[Document], zone: str, empty: str) -> None:
    """What an account has of products, by its own clocks."""
    columns = ("product", "shown as", "kind", "state", "from", "until", "subscription", "id")
    table(
        [(heading, "<") for heading in columns],
        (
            (
                had["product"],
                had["shown_name"],
                had["kind"],
                had["state"],
                moment(had["from"], zone),
                moment(had["until"], zone),
                had["subscription"],
                had["id"],
            )
            for had in products
        ),
        empty,
        terse=True,
    )


def _say(answer: Document, product: str) -> None:
    account = answer["account"]
    before = "already done: " if answer["already"] else ""
    own = [had for had in account["products"] if had["product"] == product]
    had = own[-1]
    begins, ends = (moment(had[edge], answer["zone"]) for edge in ("from", "until"))
    until = f" until {ends}" if ends else ""
    say(f"{before}{account['account_id']} has {product} from {begins}{until}, id {had['id']}")
