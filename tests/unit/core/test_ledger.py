"""The ledger: a command given twice is one entry, and ids say what they are for."""

from dataclasses import replace

import pytest

from pbxcharge.core.account import wallet_id
from pbxcharge.core.account_kinds import AccountStatus, WalletKind
from pbxcharge.core.ledger import Entry, EntryKind, charge_entry_id, initial_entry_id

TOP_UP = Entry("t-1", "alice:outgoing", EntryKind.TOP_UP, 500_000, 1, "uid:0", note="cash")


def test_a_command_given_again_later_by_somebody_else_is_the_same() -> None:
    """Instant, actor and call do not make another command of it."""
    assert TOP_UP.same_command(replace(TOP_UP, at_us=2, actor="uid:7", call_id="a"))


@pytest.mark.parametrize(
    "other",
    [
        replace(TOP_UP, entry_id="t-2"),
        replace(TOP_UP, wallet_id="bob:outgoing"),
        replace(TOP_UP, kind=EntryKind.ADJUSTMENT),
        replace(TOP_UP, amount_micros=500_001),
        replace(TOP_UP, reverses="t-0"),
        replace(TOP_UP, note="card"),
    ],
)
def test_other_content_is_another_command(other: Entry) -> None:
    """Whatever of it differs."""
    assert not TOP_UP.same_command(other)


def test_ids_are_made_of_what_they_are_for() -> None:
    """One charge for each call and wallet, one initial credit for each account and wallet, ever."""
    assert wallet_id("alice", WalletKind.OUTGOING) == "alice:outgoing"
    assert charge_entry_id("a", "alice:outgoing") == "charge:a:alice:outgoing"
    assert initial_entry_id("alice", "outgoing") == "initial:alice:outgoing"


def test_only_blocked_and_closed_accounts_end_their_calls_at_once() -> None:
    """The others are not renewed."""
    ending = {status for status in AccountStatus if status.ends_calls}
    assert ending == {AccountStatus.BLOCKED, AccountStatus.CLOSED}
