"""`pbxcharge product …`: the products of the site, main products and add-ons."""

from typing import Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import facts, say, table

app = typer.Typer(no_args_is_help=True, help="Products: main products and add-ons.")

Document = dict[str, Any]
Reseller = Annotated[str | None, typer.Option(help="Only what this service provider manages.")]


@command(
    app, "list", examples=("pbxcharge product list", "pbxcharge product list --reseller telco")
)
async def list_products(run: Run, reseller: Reseller = None) -> None:
    """List the products, with how many accounts have each."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/products", reseller=reseller), priced=True)
    run.show(answer, lambda: _products_table(answer["products"]))


@command(app, "show", examples=("pbxcharge product show smartcall",))
async def show(
    run: Run, name: Annotated[str, typer.Argument(metavar="PRODUCT", help="Name of the product.")]
) -> None:
    """Show one product: features, usage charges, subscription."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/product", name=name), priced=True)
    run.show(answer, lambda: _show(answer["product"]))


def feature_rows(features: list[Document]) -> list[tuple[str, ...]]:
    """Features as rows: name, yes or no, attributes, who may edit them, who sees to them."""
    return [
        (
            it["feature"],
            "yes" if it["on"] else "no",
            ", ".join(f"{name} {value}" for name, value in it["attributes"].items()),
            ", ".join(it["edited_by"]),
            it["enforced"],
        )
        for it in features
    ]


def _products_table(products: list[Document]) -> None:
    columns = ("product", "kind", "shown as", "subscription", "plan", "goes with", "managed by")
    table(
        [*((heading, "<") for heading in columns), ("accounts", ">")],
        (
            (
                it["name"],
                it["kind"],
                it["shown_name"],
                it["subscription"],
                _plain_plan(it),
                ", ".join(it["goes_with"]),
                it["managed_by"],
                it["accounts"],
            )
            for it in products
        ),
        "no products: write files into the folder of products",
        terse=True,
    )


def _plain_plan(product: Document) -> str | None:
    plain = (row["plan"] for row in product["usage"] if row["access_code"] is None)
    return next(plain, None)


def _show(product: Document) -> None:
    facts(
        {
            "product": product["name"],
            "shown as": product["shown_name"] or None,
            "kind": product["kind"],
            "currency": product["currency"],
            "managed by": product["managed_by"] or "the operator alone",
            "account role": product["account_role"],
            "users may": product["default_acl"],
            "services": ", ".join(product["services"]) or "none",
            "subscription": product["subscription"] or "none",
            "quotas": ", ".join(product["quotas"]) or None,
            "priority": product["priority"] if product["kind"] == "add_on" else None,
            "goes with": ", ".join(product["goes_with"]) or None,
            "version": product["version"],
            "accounts": product["accounts"],
        }
    )
    say("")
    columns = ("feature", "on", "attributes", "edited by", "enforced by")
    rows = feature_rows(product["features"])
    table([(heading, "<") for heading in columns], rows, "no features", terse=True)
    if product["usage"]:
        say("")
        _usage_table(product["usage"])


def _usage_table(usage: list[Document]) -> None:
    columns = ("service", "node", "access code", "plan", "overdraft protection")
    table(
        [(heading, "<") for heading in columns],
        (
            (
                row["service"],
                row["node"] or "any",
                row["access_code"] or "plain calling",
                row["plan"],
                " ".join(filter(None, (row["overdraft"], row["overdraft_amount"]))),
            )
            for row in usage
        ),
        "",
    )
