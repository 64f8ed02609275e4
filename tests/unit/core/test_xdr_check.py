"""A record of a subscription beside its lines, its entry and its plan: every difference is said."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from pbxcharge.core.fee_lines import FeeLine, FeeLineKind, fee_lines_text
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.xdr import Xdr, XdrKind
from pbxcharge.core.xdr_check import differences, lines_of
from tests.fakes.subscriptions import a_plan

LINES = (
    FeeLine(FeeLineKind.FULL_FEE, Fraction(30_000_000)),
    FeeLine(FeeLineKind.DAYS, Fraction(-15_000_000), 15, 30),
)
XDR = Xdr(
    xdr_id="subscription:s1:2026-11-01:fee",
    assignment_id="s1",
    account_id="alice",
    wallet_id="alice:outgoing",
    kind=XdrKind.FEE,
    subscription="SmartCall",
    version="v1",
    period_first=date(2026, 11, 1),
    period_until=date(2026, 12, 1),
    stated_first=date(2026, 11, 1),
    at_us=0,
    booked_at_us=0,
    quantity_used=15,
    quantity_charged=15,
    exact_micros=Fraction(15_000_000),
    amount_micros=15_000_000,
    lines=fee_lines_text(LINES),
)
ENTRY = Entry(XDR.xdr_id, XDR.wallet_id, EntryKind.FEE, -15_000_000, 0, "billing")


def test_what_fits_together_has_no_difference() -> None:
    """15 of 30 days of 30.00 are 15.00, and that was booked."""
    assert differences(XDR, ENTRY, a_plan()) == ()


@pytest.mark.parametrize(
    ("xdr", "entry", "said"),
    [
        ({"lines": fee_lines_text(LINES[:1])}, {}, "its lines add up to 30.00, and 15.00"),
        ({"lines": "[]"}, {}, "lines cannot be read"),
        ({"lines": '[{"kind":"fees"}]'}, {}, "lines cannot be read"),
        ({}, {"amount_micros": -14_000_000}, "its ledger entry moved -14.00"),
        ({}, {"wallet_id": "bob:outgoing"}, "its ledger entry bob:outgoing"),
        ({}, {"at_us": 1}, "another instant"),
        ({}, {"kind": EntryKind.PENALTY}, "of kind penalty"),
    ],
)
def test_each_difference_is_said(xdr: dict[str, Any], entry: dict[str, Any], said: str) -> None:
    """Once."""
    (found,) = differences(replace(XDR, **xdr), replace(ENTRY, **entry), a_plan())
    assert said in found


def test_what_is_missing_is_said() -> None:
    """The entry, and what the plan said."""
    entry, plan = differences(XDR, None, None)
    assert "no ledger entry" in entry
    assert "version v1 of SmartCall" in plan


def test_what_is_no_whole_micro_unit_is_said_exactly() -> None:
    """A third of one."""
    third = fee_lines_text((FeeLine(FeeLineKind.FULL_FEE, Fraction(1, 3)),))
    (said,) = differences(replace(XDR, lines=third), ENTRY, a_plan())
    assert "1/3 of 0.000001" in said


def test_lines_that_were_changed_by_hand_are_none() -> None:
    """Whatever they are now."""
    assert lines_of(replace(XDR, lines='[{"kind":"paid","amount":"1/0"}]')) == ()
