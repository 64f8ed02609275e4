"""`explain`: why a call or a subscription was charged so, from what the books have alone."""

from typing import Annotated, Any

import typer

from pbxcharge.cli.charge_text import lines_table, priced_as, priced_by, terms_facts
from pbxcharge.cli.command import Run, command
from pbxcharge.cli.exits import Exit
from pbxcharge.cli.explain_facts import call_facts
from pbxcharge.cli.explain_fee import print_fee
from pbxcharge.cli.output import at, facts, say, table

Document = dict[str, Any]


def add_to(top: typer.Typer) -> None:
    """The command that stands at the top of the command line."""
    command(
        top,
        "explain",
        examples=(
            "pbxcharge explain 019a0c5d3b1fc4d8a1e2f3",
            "pbxcharge explain 019a0c5d3b1fc4d8a1e2f3 --json",
            "pbxcharge explain subscription:alice-smartcall:2026-11-01:fee",
        ),
    )(explain)


async def explain(
    run: Run,
    call_id: Annotated[
        str, typer.Argument(metavar="CALL|XDR", help="Id of a call, or of a subscription's charge.")
    ],
) -> None:
    """Say why a call or a subscription was charged so."""
    from pbxcharge.cli.reach import read

    # Ids of the system's own entries have a colon, those of calls have none; that of a charge
    # names its call.
    if call_id.startswith("charge:"):
        call_id = call_id.split(":")[1]
    if ":" in call_id:
        await _explain_fee(run, call_id)
        return
    answer = await read(run, lambda api: api.get("/explain", call_id=call_id))
    run.show(answer, lambda: _print(answer))
    if "differs" in _verdicts(answer):
        raise typer.Exit(Exit.REFUSED)


async def _explain_fee(run: Run, xdr_id: str) -> None:
    from pbxcharge.cli.reach import read

    answer = await read(run, lambda api: api.get("/explain/xdr", xdr_id=xdr_id))
    run.show(answer, lambda: print_fee(answer))
    if not answer["adds_up"]:
        raise typer.Exit(Exit.REFUSED)


def _verdicts(answer: Document) -> list[str]:
    again = [each["priced_again"] for each in answer["corrections"]]
    return [answer["cdr"]["priced_again"], *again]


def _print(answer: Document) -> None:
    currency = answer["cdr"]["currency"]
    facts(call_facts(answer))
    if answer["corrections"]:
        say("\nas it was charged first; how it was corrected stands below")
    _print_priced(answer, currency)
    _print_slices(answer)
    _print_wallets(answer["wallets"])
    _print_margins(answer["margins"])
    _print_entries(answer["entries"])
    say(f"\n{_verdict(answer['cdr'])}")
    for correction in answer["corrections"]:
        _print_correction(correction, currency)


def _print_priced(priced: Document, currency: str) -> None:
    for level in priced["levels"]:
        say(f"\n{level['account_id']} pays {level['charge']} {currency}")
        priced_by(level)
        if level["lines"]:
            lines_table(level["lines"], level["charge"])
        _print_parts(level.get("parts", []))
    if priced["carrier"] is not None and priced["carrier"]["lines"]:
        _print_carrier(priced["carrier"], currency)


def _print_parts(parts: list[Document]) -> None:
    """The talk by the discount that included minutes or a volume discount gave."""
    if not parts:
        return
    say("\nby discount, without the connect fee")
    rows = [
        (
            f"{part['from_s']} to {part['to_s']}",
            part["to_s"] - part["from_s"],
            f"{part['discount_percent'].removesuffix('.00')} %",
            part["quota"] or "",
            part["amount"],
        )
        for part in parts
    ]
    columns = [
        ("seconds of talk", "<"),
        ("seconds", ">"),
        ("off", ">"),
        ("by", "<"),
        ("amount", "."),
    ]
    table(columns, rows, "no parts")


def _print_carrier(carrier: Document, currency: str) -> None:
    say(f"\nthe carrier of trunk {carrier['trunk']} asks {carrier['cost']} {currency}")
    facts(
        {
            "deck": f"{carrier['deck']}, version {carrier['deck_version'][:12]}",
            "price": priced_as(carrier),
            **terms_facts(carrier["terms"]),
        }
    )
    lines_table(carrier["lines"], carrier["cost"])


def _print_slices(answer: Document) -> None:
    """The reservations: credit is held ahead of the talk, slice by slice."""
    slices = answer["slices"]
    if not slices:
        if answer["wallets"]:
            say("\nheld ahead of the talk: by which steps was not kept for this call")
        return
    say("\nheld ahead of the talk, step by step: what is held is the charge for all talk so far")
    accounts = [(f"held of {account}", ".") for account in answer["payer"]["levels"]]
    table(
        [("step", ">"), ("at", "<"), ("pays the talk to", ">"), *accounts],
        (
            (number, _since(one["at_ms"]), f"{one['through_s']} s", *one["held"])
            for number, one in enumerate(slices, 1)
        ),
        "nothing",
    )


def _since(at_ms: int | None) -> str:
    if at_ms is None:
        return "before it rang"
    return f"{at_ms // 1000}.{at_ms % 1000:03} s after the answer"


def _print_wallets(wallets: list[Document]) -> None:
    if not wallets:
        return
    say("")
    columns = [("wallet", "<"), ("held at last", "."), ("charged", "."), ("given back", ".")]
    names = ("wallet_id", "held", "charged", "given_back")
    table(columns, ([wallet[name] for name in names] for wallet in wallets), "none")


def _print_margins(margins: list[Document]) -> None:
    if all(each["receives"] == "0.00" for each in margins):
        return
    say("")
    table(
        [("seller", "<"), ("is paid", "."), ("pays", "."), ("keeps", ".")],
        (
            (each["account_id"] or "the site", each["receives"], each["pays"], each["keeps"])
            for each in margins
        ),
        "none",
    )


def _print_entries(entries: list[Document]) -> None:
    if not entries:
        return
    say("")
    table(
        [
            *(("booked (UTC)", "<"), ("wallet", "<"), ("kind", "<"), ("amount", ".")),
            *(("id", "<"), ("by", "<"), ("note", "<")),
        ],
        (
            (
                *(at(entry["at"]), entry["wallet_id"], entry["kind"], entry["amount"]),
                *(entry["id"], entry["actor"], entry["note"]),
            )
            for entry in entries
        ),
        "none",
    )


def _print_correction(correction: Document, currency: str) -> None:
    say(
        f"\ncorrection {correction['revision']}: charged anew at {at(correction['at'])} UTC by "
        f"{correction['actor']}, {correction['charge']} {currency}"
        + (f": {correction['note']}" if correction["note"] else "")
    )
    _print_priced(correction, currency)
    say(f"\n{_verdict(correction)}")


def _verdict(priced: Document) -> str:
    differences = "\n".join(f"  {difference}" for difference in priced["differences"])
    match priced["priced_again"]:
        case "same":
            return "Priced again from what is stored: the same."
        case "differs":
            return (
                f"Priced again from what is stored, it DIFFERS:\n{differences}\n"
                "The books are not as they were written: `pbxcharge verify` looks at all of them."
            )
        case "not_priced":
            return "There was nothing to charge, so nothing was priced."
        case _:
            return f"Cannot be priced again:\n{differences}"
