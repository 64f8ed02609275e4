"""`pbxcharge feature …`: features of one account that are otherwise than its products say."""

from typing import Annotated, Any

import typer

from pbxcharge.cli.account import AccountId
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import say
from pbxcharge.core.feature import EditedBy, Feature

app = typer.Typer(no_args_is_help=True, help="Features of one account.")

FeatureName = Annotated[Feature, typer.Argument(help="Which feature.")]
By = Annotated[
    EditedBy, typer.Option("--by", help="For whom: others than the operator as products allow.")
]


@command(
    app,
    "set",
    examples=(
        "pbxcharge feature set alice call_forwarding --on",
        "pbxcharge feature set alice mailbox --on --attribute limit=20",
        "pbxcharge feature set alice international_calls --off",
    ),
)
async def set_feature(
    run: Run,
    account_id: AccountId,
    feature: FeatureName,
    on: Annotated[bool, typer.Option("--on", help="Granted.")] = False,
    off: Annotated[bool, typer.Option("--off", help="Forbidden; else it stays as it was.")] = False,
    attribute: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Such as limit=20.")
    ] = None,
    by: By = EditedBy.ADMIN,
) -> None:
    """Have a feature of an account otherwise than its products say."""
    from pbxcharge.cli.reach import act

    wanted = {
        "account_id": account_id,
        "feature": feature,
        "on": on if on or off else None,
        "attributes": dict(map(_attribute, attribute or ())),
        "edited_by": by,
    }
    if (on and off) or not (on or off or attribute):
        raise typer.BadParameter("say --on or --off, or an --attribute")
    answer = await act(run, lambda api: api.act("/features", **wanted), priced=True)
    run.show(answer, lambda: _say(answer, feature))


@command(app, "clear", examples=("pbxcharge feature clear alice mailbox",))
async def clear(
    run: Run, account_id: AccountId, feature: FeatureName, by: By = EditedBy.ADMIN
) -> None:
    """Leave a feature of an account to its products again."""
    from pbxcharge.cli.reach import act

    wanted = {"account_id": account_id, "feature": feature, "edited_by": by}
    answer = await act(run, lambda api: api.act("/features/clear", **wanted), priced=True)
    run.show(answer, lambda: _say(answer, feature))


def _attribute(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE")
    return name.strip(), value.strip()


def _say(answer: dict[str, Any], feature: Feature) -> None:
    account = answer["account"]
    before = "already done: " if answer["already"] else ""
    found = next((it for it in account["features"] if it["feature"] == str(feature)), None)
    if found is None:
        say(f"{before}{account['account_id']}: {feature} is off, no product speaks of it")
        return
    values = "".join(f", {name} {value}" for name, value in found["attributes"].items())
    state = "on" if found["on"] else "off"
    say(f"{before}{account['account_id']}: {feature} is {state} by {found['by']}{values}")
