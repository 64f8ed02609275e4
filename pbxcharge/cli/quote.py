"""`quote`: what a call would cost, line by line, and how long the credit would last."""

from typing import Annotated, Any

import typer

from pbxcharge.cli.account import AccountId
from pbxcharge.cli.charge_text import lines_table, priced_as
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import Exit
from pbxcharge.cli.output import say, table
from pbxcharge.cli.reasons import in_words

Document = dict[str, Any]

NO_END_S = 10**9
"""Longer than any call: of credit that nothing bounds."""


def add_to(top: typer.Typer) -> None:
    """The command that stands at the top of the command line."""
    command(
        top,
        "quote",
        examples=(
            "pbxcharge quote alice 02079460000 90",
            "pbxcharge quote alice 101",
            "pbxcharge quote alice 004930123456 90 --incoming   # from that number to alice",
            "pbxcharge quote alice 004930123456 --credit 5.00   # how long can 5.00 talk there",
            "pbxcharge quote alice 004930123456 --at '2026-12-24 22:00'",
            "pbxcharge quote alice 07700900123 --forwarded      # may her calls go on to there",
        ),
    )(quote)


async def quote(
    run: Run,
    account_id: AccountId,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="As the user would dial it.")],
    seconds: Annotated[int, typer.Argument(min=0, metavar="SECONDS", help="Length of talk.")] = 60,
    incoming: Annotated[
        bool, typer.Option("--incoming", help="NUMBER calls the account from outside.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT",
            help="Answered at that time of the site, such as '2026-12-24 22:00'; now without it.",
        ),
    ] = None,
    credit: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="How long this lasts, instead of what there is."),
    ] = None,
    forwarded: Annotated[
        bool, typer.Option("--forwarded", help="The account's calls go on to NUMBER.")
    ] = False,
    access: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="Context of the dialplan, or access code; else none."),
    ] = None,
) -> None:
    """Say what a call would cost, and how long it could last."""
    from pbxcharge.cli.reach import read

    asked = {
        "account_id": account_id,
        "number": number,
        "seconds": seconds,
        "incoming": incoming or None,
        "at": at,
        "credit": credit,
        "forwarded": forwarded or None,
        "access": access,
    }
    answer = await read(run, lambda api: api.get("/quote", **asked), priced=True)
    run.show(answer, lambda: _print(answer, at=at))
    if "refused" in answer:
        raise typer.Exit(Exit.REFUSED)


def _print(answer: Document, *, at: str | None) -> None:
    if "refused" in answer:
        refused = answer["refused"]
        by = f" by {refused['refused_by']}" if refused["refused_by"] else ""
        say(f"would be refused{by}: {in_words(refused['reason'])} (SIP {refused['sip_code']})")
        if refused["feature"]:
            says = f"; {refused['product']} says no" if refused["product"] else ""
            say(f"needs {refused['feature']}{says}")
        return
    quoted = answer["quote"]
    currency, limit_s = quoted["currency"], quoted["limit_s"]
    say(
        f"{quoted['talk_s']} s {_way(quoted)}, needed to begin: "
        f"{quoted['needed_to_begin']} {currency}, "
        + ("of any length" if limit_s is None else f"at most {limit_s} s")
    )
    if not quoted["levels"]:
        say("\nnobody pays: emergency calls are free and always connected")
        return
    if at is not None:
        say(f"answered at {quoted['at']['local']} {quoted['at']['time_zone']}")
    _print_levels(quoted, currency)
    _print_credit(quoted["credit"], limit_s)


def _print_levels(quoted: Document, currency: str) -> None:
    for level in quoted["levels"]:
        say(
            f"\n{level['account_id']} pays {level['charge']} {currency}: plan "
            f"{level['plan']}, {priced_as(level)}, billed {level['billed_s']} s"
        )
        lines_table(level["lines"], level["charge"])
    if (cost := quoted["cost"]) is not None:
        say(f"\n{cost['trunk']} asks {cost['cost']} {currency}: deck {cost['deck']}")
        lines_table(cost["lines"], cost["cost"])


def _print_credit(credit: Document, limit_s: int | None) -> None:
    """How long the credit of each level lasts, and with all of them the call."""
    say("")
    columns = [
        ("credit of", "<"),
        ("has", "."),
        ("by", "<"),
        ("needs to begin", "."),
        ("lasts", ">"),
    ]
    table(columns, (_credit_row(level) for level in credit["levels"]), "no credit")
    say(f"\n{longest_talk(credit, limit_s)}")


def _credit_row(level: Document) -> tuple[Any, ...]:
    has = "no bound" if level["credit"] is None else level["credit"]
    lasts = _length(level["talk_s"])
    return level["account_id"], has, level["source"], level["needed_to_begin"], lasts


def longest_talk(credit: Document, limit_s: int | None) -> str:
    """How long the call can last, and what ends it then."""
    talk_s, levels = credit["talk_s"], credit["levels"]
    if talk_s is None:
        return "the call can last as long as anybody likes"
    if not talk_s:
        poor = next(level for level in levels if level["talk_s"] == 0)
        return f"the call cannot begin: {poor['account_id']} has not what it needs"
    if talk_s == limit_s:
        return f"the call can last {_length(talk_s)}, as long as the plan lets it"
    first = min(levels, key=_talk_s)
    return f"the call can last {_length(talk_s)}, then {first['account_id']} has no more"


def _talk_s(level: Document) -> int:
    return NO_END_S if level["talk_s"] is None else int(level["talk_s"])


def _length(seconds: int | None) -> str:
    """`3661 s (1:01:01)`."""
    if seconds is None:
        return "no end"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{seconds} s ({hours}:{minutes:02}:{rest:02})"


def _way(quoted: Document) -> str:
    """To a number, with its kind where it is no public one; or from one."""
    if quoted["call_type"] == "incoming":
        return f"from {quoted['caller_number'] or 'an unknown number'} (incoming)"
    kind = "" if quoted["call_type"] == "public" else f" ({quoted['call_type']})"
    return f"to {quoted['number']}{kind}"
