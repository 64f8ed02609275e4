"""Margins: what each seller of a call keeps, refunds taken off, the site at the top."""

from dataclasses import replace

from pbxcharge.core.cdr import Cdr, LevelCharge
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.margin import Margin, margins, refunded_micros
from pbxcharge.core.settlement import blank_cdr
from tests.fakes.granted_call import granted

CHARGES = {"alice": 250_000, "acme": 150_000, "telco": 120_000}
LEVELS = tuple(
    LevelCharge(name, f"{name}:outgoing", "plan", "v1", "44", "UK", micros)
    for name, micros in CHARGES.items()
)
BACK = Entry("r-1", "alice:outgoing", EntryKind.REFUND, 50_000, 9, "uid:0", "a", "charge:a:alice")
CHARGE = Entry("charge:a:alice", "alice:outgoing", EntryKind.CHARGE, -250_000, 8, "meter", "a")


def record(cost_micros: int | None = 100_000) -> Cdr:
    """A call that three levels pay for, and a carrier asks 0.10 for."""
    blank = blank_cdr(granted().attempt, "EUR", Disposition.ANSWERED)
    return replace(blank, levels=LEVELS, cost_micros=cost_micros)


def test_a_seller_keeps_what_is_paid_below_less_what_it_pays() -> None:
    """0.25, of which 0.05 was given back, and 0.15 above: acme keeps 0.05."""
    found = list(margins(record(), [CHARGE, BACK]))
    assert found == [
        Margin("acme", 200_000, 150_000),
        Margin("telco", 150_000, 120_000),
        Margin(None, 120_000, 100_000),
    ]
    assert [each.keeps_micros for each in found] == [50_000, 30_000, 20_000]


def test_without_a_deck_nobody_knows_what_the_site_keeps() -> None:
    """The margins of the others are known."""
    found = margins(record(cost_micros=None), [])
    assert [each.seller for each in found] == ["acme", "telco"]


def test_a_refund_is_of_the_level_that_got_it() -> None:
    """A charge in the same wallet is none."""
    assert refunded_micros(record(), [CHARGE, BACK]) == (50_000, 0, 0)
