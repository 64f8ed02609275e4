"""Values as documents: instants, balances, and money that is never a float."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.api.documents import (
    cdr_document,
    entry_document,
    instant,
    running_balances,
    wallet_document,
)
from pbxcharge.core.credit import Wallet
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.settlement import blank_cdr
from tests.fakes.granted_call import granted


def entry(amount_micros: int) -> Entry:
    """An entry over an amount."""
    return Entry("e", "alice:outgoing", EntryKind.TOP_UP, amount_micros, 1, "uid:0")


@given(st.integers(0, 4_000_000_000_000_000))
def test_an_instant_keeps_its_microseconds(at_us: int) -> None:
    """Text and back, exactly; the Z says UTC."""
    text = instant(at_us)
    assert text is not None and text.endswith("Z")
    back = datetime.fromisoformat(text)
    assert int(back.replace(microsecond=0).timestamp()) * 1_000_000 + back.microsecond == at_us
    assert back.tzinfo == UTC


def test_no_instant_is_null() -> None:
    """An unanswered call has no answer."""
    assert instant(None) is None


def test_balances_run_back_from_the_one_there_is() -> None:
    """7.00 now, after -1.00, after +5.00, after +3.00."""
    newest_first = [entry(-1_000_000), entry(5_000_000), entry(3_000_000)]
    assert running_balances(7_000_000, newest_first) == [7_000_000, 8_000_000, 3_000_000]


def test_money_is_a_decimal_string_with_its_currency() -> None:
    """What is held and the credit limit count for what is available."""
    wallet = Wallet("alice:outgoing", "alice", "outgoing", 10_000_000, 1_500_000, -2_000_000, 1)
    document = wallet_document(wallet, "EUR")
    assert (document["balance"], document["held"]) == ("10.00", "1.50")
    assert (document["credit_limit"], document["available"]) == ("2.00", "10.50")
    assert document["currency"] == "EUR"


def test_a_balance_that_is_not_known_is_null() -> None:
    """In a list over several wallets."""
    assert entry_document(entry(1), "EUR")["balance"] is None


def test_a_record_is_plain_json() -> None:
    """Every field of the record, and no fraction anywhere."""
    document = cdr_document(blank_cdr(granted("c").attempt, "EUR", Disposition.NO_ANSWER))
    assert json.loads(json.dumps(document)) == document | {"levels": []}
    assert document["charge"] == "0.00"
    assert not any(isinstance(value, float) for value in document.values())
