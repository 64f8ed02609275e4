"""`pbxcharge subscription …`: subscription plans, and those that come with no product."""

from typing import Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import facts, moment, plural, say, table
from pbxcharge.cli.product import Reseller

app = typer.Typer(no_args_is_help=True, help="Subscription plans, and who has which.")

Document = dict[str, Any]
Name = Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help="Name of the plan.")]
Assigned = Annotated[str, typer.Argument(metavar="ID", help="As it was assigned.")]
Begins = Annotated[
    str | None,
    typer.Option("--from", metavar="DAY", help="A day or an instant to come; else at once."),
]


@command(
    app,
    "list",
    examples=("pbxcharge subscription list", "pbxcharge subscription list --account alice"),
)
async def list_subscriptions(
    run: Run,
    account: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="What this account has of them.")
    ] = None,
    closed: Annotated[bool, typer.Option("--all", help="Of an account, closed ones too.")] = False,
    reseller: Reseller = None,
) -> None:
    """List the subscription plans, or the subscriptions of an account."""
    from pbxcharge.cli.reach import read

    if account is not None:
        await show_assigned(run, account, closed)
        return
    answer = await read(run, lambda api: api.get("/subscriptions", reseller=reseller), priced=True)
    run.show(answer, lambda: _plans_table(answer["subscriptions"]))


@command(app, "show", examples=("pbxcharge subscription show smartcall-basic",))
async def show(run: Run, name: Name) -> None:
    """Show one subscription plan: fees, promotions, terms, credits."""
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/subscription", name=name), priced=True)
    run.show(answer, lambda: _show(answer["subscription"]))


@command(
    app,
    "assign",
    examples=(
        "pbxcharge subscription assign alice phone-rental",
        "pbxcharge subscription assign acme support --from 2027-01-01 --discount 20%",
        "pbxcharge subscription assign alice phone-rental --surcharge 1.50 --id rental-4711",
    ),
)
async def assign(
    run: Run,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="A user or an organization.")],
    name: Name,
    begins: Begins = None,
    discount: Annotated[
        str | None, typer.Option(help="Off the fee of every period: 5.00, or 20%.")
    ] = None,
    surcharge: Annotated[
        str | None, typer.Option(help="On the fee of every period: 1.50, or 10%.")
    ] = None,
    assignment_id: Annotated[
        str | None, typer.Option("--id", help="Makes a retry harmless; else one is made.")
    ] = None,
) -> None:
    """Give an account or an organization a subscription of its own."""
    from pbxcharge.cli.money import new_id
    from pbxcharge.cli.reach import act

    if discount is not None and surcharge is not None:
        raise typer.BadParameter("a discount or a surcharge, not both")
    wanted = {
        "id": assignment_id or new_id("subscription"),
        "account_id": account,
        "subscription": name,
        "begins": begins,
        **_adjustment(discount, surcharge),
    }
    answer = await act(run, lambda api: api.act("/subscriptions", **wanted), priced=True)
    run.show(answer, lambda: _say(answer, "assigned"))


@command(
    app,
    "close",
    examples=(
        "pbxcharge subscription close rental-4711",
        "pbxcharge subscription close rental-4711 --at 2027-01-01",
    ),
)
async def close(
    run: Run,
    assignment_id: Assigned,
    ends: Annotated[
        str | None, typer.Option("--at", metavar="DAY", help="The first day without it; else now.")
    ] = None,
) -> None:
    """End a subscription, and charge what it owes until then."""
    from pbxcharge.cli.reach import act

    wanted = {"id": assignment_id, "ends": ends}
    answer = await act(run, lambda api: api.act("/subscriptions/close", **wanted), priced=True)
    run.show(answer, lambda: _say(answer, "closed"))


@command(app, "remove", examples=("pbxcharge subscription remove rental-4711",))
async def remove(run: Run, assignment_id: Assigned) -> None:
    """Take away a subscription that was never active."""
    from pbxcharge.cli.reach import act

    answer = await act(
        run, lambda api: api.act("/subscriptions/remove", id=assignment_id), priced=True
    )
    run.show(answer, lambda: _say(answer, "removed"))


async def show_assigned(run: Run, account: str, closed: bool) -> None:
    """The subscriptions of an account."""
    from pbxcharge.cli.reach import read

    wanted = {"account_id": account, "all": True if closed else None}
    answer = await read(run, lambda api: api.get("/account/subscriptions", **wanted), priced=True)
    run.show(answer, lambda: _assigned_table(answer))


def _adjustment(discount: str | None, surcharge: str | None) -> dict[str, str]:
    """Below 0 is a discount: 20% off is -20 percent."""
    text = discount if discount is not None else surcharge
    if text is None:
        return {}
    sign = "-" if discount is not None else ""
    if text.endswith("%"):
        return {"percent": sign + text.removesuffix("%").strip()}
    return {"amount": sign + text}


def _say(answer: Document, what: str) -> None:
    found, zone = answer["subscription"], answer["zone"]
    before = "already done: " if answer["already"] else ""
    when = ""
    if what == "assigned":
        when = f" from {moment(found['starts_at'], zone)}"
    elif found["closes_at"] is not None and not found["removed"]:
        when = f" at {moment(found['closes_at'], zone)}"
    say(f"{before}{found['subscription']} of {found['account_id']} {what}{when}, id {found['id']}")


def _plans_table(plans: list[Document]) -> None:
    columns = [("subscription", "<"), ("shown as", "<"), ("monthly fee", "."), ("currency", "<")]
    more = ("applied", "activation", "minimum", "managed by")
    table(
        [*columns, *((heading, "<") for heading in more), ("assigned", ">")],
        (
            (
                it["name"],
                it["shown_name"],
                it["monthly_fee"],
                it["currency"],
                it["applied"],
                it["activation_mode"],
                _months(it["minimum_term"]["months"]),
                it["managed_by"],
                it["assigned"],
            )
            for it in plans
        ),
        "no subscription plans: write files into the folder of subscriptions",
        terse=True,
    )


def _assigned_table(answer: Document) -> None:
    account, zone = answer["account_id"], answer["zone"]
    columns = [("subscription", "<"), ("state", "<"), ("from", "<"), ("until", "<"), ("fee", ".")]
    more = [("period", "<"), ("discount", "<"), ("next", "<"), ("amount", "."), ("for", "<")]
    table(
        [*columns, *more, ("with", "<"), ("id", "<")],
        (
            (
                it["subscription"],
                it["state"],
                moment(it["activated_at"] or it["starts_at"], zone),
                moment(it["closes_at"], zone),
                it["fee"],
                it["billing_period"],
                it["discount"],
                moment(it["next"]["at"], zone) if it["next"] else "",
                it["next"]["amount"] if it["next"] else "",
                it["next"]["kind"] if it["next"] else "",
                it["came_with"],
                it["id"],
            )
            for it in answer["subscriptions"]
        ),
        f"{account} has no subscriptions: pbxcharge subscription assign {account} SUBSCRIPTION",
        terse=True,
    )


def _show(plan: Document) -> None:
    term = plan["minimum_term"]
    ahead = f", {plural(plan['periods_in_advance'], 'period')}"
    facts(
        {
            "subscription": plan["name"],
            "shown as": plan["shown_name"] or None,
            "description": plan["description"] or None,
            "managed by": plan["managed_by"] or "the operator alone",
            "monthly fee": f"{plan['monthly_fee']} {plan['currency']}",
            **{f"{cycle} fee": f"{fee} {plan['currency']}" for cycle, fee in plan["fees"].items()},
            "promotions": _promotions(plan) or None,
            "activation fee": f"{plan['activation_fee']} {plan['currency']}",
            "activation": plan["activation_mode"],
            "applied": plan["applied"] + (ahead if plan["applied"] == "in_advance" else ""),
            "rounding": f"{plan['rounding']}, {plan['rounding_decimals']} decimals",
            "partial periods": _prorated(plan),
            "minimum term": _months(term["months"]) or "none",
            "penalty": _penalty(term, plan["currency"]),
            "credits": _credits(plan["credits"]),
            "more than once": plan["more_than_once"],
            "version": plan["version"],
            "assigned": plan["assigned"],
        }
    )


def _credits(credits: Document) -> str:
    """For which days, and in which periods all the same none: blocked; none in the last period."""
    skipped = [word for word in ("first", "regular", "last") if credits[f"skip_{word}"]]
    if not credits["reasons"]:
        return "none"
    but = f"; none in the {' and '.join(skipped)} period" if skipped else ""
    return ", ".join(credits["reasons"]) + but


def _promotions(plan: Document) -> str:
    rows = [f"{_months(row['months'])} at {row['monthly_fee']}" for row in plan["promotions"]]
    return ", then ".join([*rows, plan["monthly_fee"]]) if rows else ""


def _prorated(plan: Document) -> str:
    prorated = [word for word in ("first", "last") if plan[f"prorate_{word}"]]
    return f"{' and '.join(prorated)} by the day" if prorated else "charged in full"


def _penalty(term: Document, currency: str) -> str | None:
    if term["penalty"] == "none":
        return None
    return f"{term['fixed']} {currency}" if term["penalty"] == "fixed" else "remaining fees"


def _months(count: int) -> str:
    return f"{count} month{'' if count == 1 else 's'}" if count else ""
