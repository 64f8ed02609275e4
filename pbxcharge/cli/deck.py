"""`pbxcharge deck …`: the rate decks in the site's folder, and which row of them a number takes."""

from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbxcharge.cli.command import Run, command
from pbxcharge.cli.output import facts, table
from pbxcharge.cli.period import instant
from pbxcharge.core.money import format_amount, format_price
from pbxcharge.core.number import normalise
from pbxcharge.errors import ActDeclined

if TYPE_CHECKING:
    from pbxcharge.alone import Deck
    from pbxcharge.core.rate_terms import Rate

app = typer.Typer(no_args_is_help=True, help="Rate decks.")

Document = dict[str, Any]


@command(app, "list", examples=("pbxcharge deck list",))
def list_decks(run: Run) -> None:
    """List the rate decks, with which trunks and plans use each."""
    now_s = int(datetime.now(UTC).timestamp())
    decks = sorted(run.catalog.decks.values(), key=lambda deck: deck.name)
    answer = {"decks": [_deck_document(run, deck, now_s) for deck in decks]}
    run.show(answer, lambda: _decks_table(answer["decks"]))


@command(
    app,
    "show",
    examples=(
        "pbxcharge deck show carrier 004930123456",
        "pbxcharge deck show carrier 4930123456 --at 2026-12-01",
    ),
)
def show(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="DECK", help="Name of its file, without .csv.")],
    number: Annotated[
        str,
        typer.Argument(
            metavar="NUMBER", help="As it is dialled, or in full, or @local, @incoming:44."
        ),
    ],
    when: Annotated[
        str | None,
        typer.Option("--at", metavar="DATE", help="At this day or second (UTC); by default now."),
    ] = None,
) -> None:
    """Show the row of a rate deck that a number takes."""
    now = datetime.now(UTC)
    at_s = int((instant(when, now) if when else now).timestamp())
    deck = _known(run, name)
    priced = number if number.startswith("@") else _in_full(run, number)
    entry, rate = deck.find(priced, at_s), deck.table().match(priced, at_s)
    if entry is None or rate is None:
        raise ActDeclined("no_rate", f"{priced} has no rate in {name} at {_local(run, at_s)}")
    dates = {"effective_from": _local(run, entry.from_s)}
    dates["effective_until"] = _local(run, entry.until_s)
    answer = _row_document(priced, deck, entry.prefix, rate) | dates
    run.show(answer, lambda: facts(_row_facts(answer)))


def _known(run: Run, name: str) -> "Deck":
    decks = run.catalog.decks
    if name not in decks:
        known = ", ".join(sorted(decks)) or "none"
        raise ActDeclined("unknown_deck", f"there is no rate deck {name!r}; known: {known}")
    return decks[name]


def _in_full(run: Run, number: str) -> str:
    """A number as decks know it; what no rule of dialling fits may be that already."""
    full = normalise(number, run.settings.number_rules)
    if full is None and not (number.isascii() and number.isdigit()):
        raise ActDeclined("number_invalid", f"{number} is no number")
    return full or number


def _deck_document(run: Run, deck: "Deck", now_s: int) -> Document:
    to_come, first_s = deck.to_come(now_s)
    named = ((plan.name, plan.deck) for plan in run.catalog.written)
    plans = {name for name, used in named if used is not None and used.name == deck.name}
    return {
        "name": deck.name,
        "rows": deck.rows,
        "prefixes": deck.prefixes,
        "version": deck.version,
        "rows_to_come": to_come,
        "next_from": None if first_s is None else _local(run, first_s),
        "trunks": [trunk.name for trunk in run.settings.trunks if trunk.deck == deck.name],
        "plans": sorted(plans),
    }


def _row_document(priced: str, deck: "Deck", prefix: str, rate: "Rate") -> Document:
    return {
        "deck": deck.name,
        "version": deck.version,
        "number": priced,
        "prefix": prefix,
        "destination": rate.destination,
        "forbidden": rate.forbidden,
        "price_per_minute": format_price(rate.price_per_minute),
        "connect_fee": format_amount(rate.connect_fee_micros),
        "first_s": rate.first_s,
        "next_s": rate.next_s,
        **_further(rate),
    }


def _further(rate: "Rate") -> Document:
    """The terms that few rows have, where this one has them."""
    first, most = rate.first_amount_micros, rate.maximum_charge_micros
    terms: Document = {
        "first_amount": None if first is None else format_amount(first),
        "first_price_per_minute": _price(rate.first_price_per_minute),
        "free_seconds": rate.free_s or None,
        "grace_seconds": rate.grace_s or None,
        "minimum_charge": format_amount(rate.minimum_charge_micros or 0),
        "maximum_charge": None if most is None else format_amount(most),
        "maximum_then": None if most is None else str(rate.maximum_then),
        "surcharge_percent": _price(rate.surcharge_percent or None),
    }
    if not rate.minimum_charge_micros:
        del terms["minimum_charge"]
    return {name: value for name, value in terms.items() if value is not None}


def _price(price: Fraction | None) -> str | None:
    return None if price is None else format_price(price)


def _local(run: Run, at_s: int) -> str | None:
    """An instant as it is written in decks; None for one before all calls, or after them."""
    from pbxcharge.alone import local_time

    try:
        return local_time(at_s, run.settings.time_zone)
    except (OverflowError, ValueError, OSError):
        return None


def _decks_table(decks: Iterable[Document]) -> None:
    columns = [("deck", "<"), ("rows", ">"), ("version", "<"), ("to come", ">"), ("from", "<")]
    columns += [("trunks", "<"), ("plans", "<")]
    rows = [
        (
            deck["name"],
            f"{deck['rows']:,}",
            deck["version"],
            deck["rows_to_come"],
            deck["next_from"],
            ", ".join(deck["trunks"]),
            ", ".join(deck["plans"]),
        )
        for deck in decks
    ]
    table(columns, rows, "no rate decks")


def _row_facts(row: Document) -> Document:
    shown = {name.replace("_", " "): value for name, value in row.items() if name != "forbidden"}
    shown["deck"] = f"{row['deck']}, version {shown.pop('version')}"
    shown["segments"] = f"{shown.pop('first s')}/{shown.pop('next s')}"
    if row["forbidden"]:
        shown["status"] = "forbidden"
    return shown
