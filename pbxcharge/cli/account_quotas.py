"""`pbxcharge account quotas|set-discounts`: included minutes, discounts, what is left of them."""

from typing import Annotated, Any

import typer

from pbxcharge.cli.account import AccountId
from pbxcharge.cli.account_terms import app
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import at, facts, say, table

Document = dict[str, Any]


@command(app, "quotas", examples=("pbxcharge account quotas alice",))
async def quotas(run: Run, account_id: AccountId) -> None:
    """Show what is left of included minutes and discounts."""
    from pbxcharge.cli.reach import read

    answer = await read(
        run, lambda api: api.get("/account/quotas", account_id=account_id), priced=True
    )
    run.show(answer, lambda: _show(answer))


@command(
    app,
    "set-discounts",
    examples=(
        "pbxcharge account set-discounts alice welcome-60 loyal",
        "pbxcharge account set-discounts alice --none",
    ),
)
async def set_discounts(
    run: Run,
    account_id: AccountId,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DISCOUNT]...", help="Names, the one that is used first before."),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="No discounts of its own.")] = False,
) -> None:
    """Say which discounts an account has by itself."""
    from pbxcharge.cli.reach import act

    if bool(names) is none:
        raise typer.BadParameter("name discounts, or say --none")
    wanted = {"account_id": account_id, "names": names or []}
    answer = await act(run, lambda api: api.act("/accounts/discounts", **wanted), priced=True)
    run.show(answer, lambda: _say(answer))


def _say(answer: Document) -> None:
    before, account = "already done: " if answer["already"] else "", answer["account"]
    own = ", ".join(account["discounts"]) or "no discounts"
    say(f"{before}{account['account_id']} has {own} of its own")


def _show(answer: Document) -> None:
    first, until = answer["period_first"], answer["period_until"]
    facts(
        {
            "account": answer["account_id"],
            "billing period": f"{answer['billing_period']}, {first} until {until}",
            "time zone": answer["time_zone"],
        }
    )
    say("")
    named = [(heading, "<") for heading in ("quota", "from", "counts since", "usable until")]
    counted = [(heading, ">") for heading in ("granted", "used", "held", "left", "off now")]
    table(
        [*named, *counted, ("tiers", "<")],
        (_row(it, answer["currency"]) for it in answer["quotas"]),
        f"{answer['account_id']} has no included minutes and no discounts",
    )


def _row(quota: Document, currency: str) -> tuple[Any, ...]:
    granted = _count(quota, quota["granted"], currency)
    return (
        quota["quota"],
        f"{quota['source'].replace('_', '-')} {quota['product'] or ''}".rstrip(),
        at(quota["from"]),
        at(quota["until"]),
        f"{granted} rolled over" if quota["rolled_over"] else granted,
        *(_count(quota, quota[word], currency) for word in ("used", "held", "left")),
        f"{quota['discount_percent']} %",
        ", ".join(_tier(quota, tier, currency) for tier in quota["tiers"]),
    )


def _tier(quota: Document, tier: Document, currency: str) -> str:
    return f"{tier['discount_percent']} % from {_count(quota, tier['from'], currency)}"


def _count(quota: Document, count: int | str | None, currency: str) -> str:
    """6000 s are `100:00 min`; without an end it is nothing that could be counted."""
    if count is None:
        return "no end"
    if isinstance(count, str):
        return f"{count} {currency}"
    return f"{count // 60}:{count % 60:02} min"


__all__ = ["app"]
