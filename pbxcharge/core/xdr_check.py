"""Whether the record of a subscription's charge, its lines and its ledger entry say the same."""

from collections.abc import Iterator
from fractions import Fraction

from pbxcharge.core.fee_lines import FeeLine, fee_lines
from pbxcharge.core.ledger import Entry
from pbxcharge.core.money import format_amount
from pbxcharge.core.subscription_terms import SubscriptionPlan
from pbxcharge.core.xdr import Xdr


def lines_of(xdr: Xdr) -> tuple[FeeLine, ...]:
    """The lines that are stored with a record; none where they cannot be read."""
    try:
        return fee_lines(xdr.lines)
    except (ValueError, KeyError, TypeError, ArithmeticError):
        return ()


def differences(xdr: Xdr, entry: Entry | None, plan: SubscriptionPlan | None) -> tuple[str, ...]:
    """What does not fit together, in sentences; nothing where all does.

    30.00, less 15 of 30 days: the lines add up to 15.00, the record says 15.00, and the entry
    beside it took 15.00 from the wallet.

    Args:
        xdr: the record.
        entry: of the ledger, under the same id.
        plan: what the version that it was charged by says.
    """
    return (*_of_lines(xdr), *_of_entry(xdr, entry), *_of_plan(xdr, plan))


def _of_lines(xdr: Xdr) -> Iterator[str]:
    lines = lines_of(xdr)
    if not lines:
        yield "its lines cannot be read"
        return
    total = sum((line.amount_micros for line in lines), Fraction(0))
    if total != xdr.amount_micros:
        said = format_amount(xdr.amount_micros)
        yield f"its lines add up to {_amount(total)}, and {said} was booked"


def _of_entry(xdr: Xdr, entry: Entry | None) -> Iterator[str]:
    if entry is None:
        yield "there is no ledger entry under its id"
        return
    if entry.amount_micros != -xdr.amount_micros:
        said, moved = format_amount(-xdr.amount_micros), format_amount(entry.amount_micros)
        yield f"it would move {said}, and its ledger entry moved {moved}"
    if entry.wallet_id != xdr.wallet_id:
        yield f"it names wallet {xdr.wallet_id}, and its ledger entry {entry.wallet_id}"
    if entry.at_us != xdr.booked_at_us:
        yield "it was booked at another instant than its ledger entry"
    if entry.kind is not xdr.kind.entry_kind:
        yield f"it is of kind {xdr.kind}, and its ledger entry of kind {entry.kind}"


def _of_plan(xdr: Xdr, plan: SubscriptionPlan | None) -> Iterator[str]:
    if plan is None:
        version = f"version {xdr.version} of {xdr.subscription}"
        yield f"what {version} said is not kept, or cannot be read"
        return


def _amount(micros: Fraction) -> str:
    """Exact where it is a whole number of micro-units, else as a fraction of them."""
    if micros.denominator == 1:
        return format_amount(micros.numerator)
    return f"{micros} of {format_amount(1, 6)}"
