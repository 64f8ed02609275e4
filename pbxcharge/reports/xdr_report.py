"""The history of an account's money: subscription charges beside calls, top-ups and the rest."""

from pbxcharge.reports.movement_words import KINDS, late, quantity, service_days, what
from pbxcharge.reports.table import Cell, Report, Table
from pbxcharge.reports.words import Document, cut_note, local

_HEADINGS = (
    *("booked", "account", "kind", "for", "for the period", ">used", ">charged for"),
    *(">amount", ">balance", "", "id"),
)


def xdr_report(answer: Document) -> Report:
    """What `/xdrs` answers, as a report."""
    zone = answer["zone"]
    scope = f"{answer['name']} ({answer['scope']})" if answer["scope"] else "the whole site"
    begins, ends = local(answer["from"], zone), local(answer["until"], zone)
    return Report(
        title="xDR history",
        facts=(
            ("of", scope),
            ("booked", f"from {begins} until before {ends} ({zone})"),
            *((("only", ", ".join(answer["kinds"])),) if answer["kinds"] else ()),
            ("currency", answer["currency"]),
            ("made", f"{local(answer['made_at'], zone)} ({zone})"),
        ),
        charts=(),
        sums=(),
        main=Table("History", _HEADINGS, [_row(row, zone) for row in answer["rows"]], "nothing"),
        notes=(
            *cut_note(answer),
            "What is charged is below zero, what is paid in or given back above; the balance is "
            "that of the wallet after it. A call that cost nothing stands at its set-up.",
        ),
    )


def _row(row: Document, zone: str) -> tuple[Cell, ...]:
    return (
        local(row["at"], zone),
        row["account_id"],
        KINDS[row["kind"]],
        what(row),
        service_days(row),
        quantity(row, "used"),
        quantity(row, "charged"),
        row["amount"],
        row["balance"],
        late(row, zone),
        row["call_id"] if row["kind"] == "call" else row["xdr_id"],
    )
