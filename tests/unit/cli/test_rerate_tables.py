"""What a rerate shows beside its tables."""

import pytest

from pbxcharge.cli.rerate_tables import rerate_document, show_rerate


def test_calls_of_closed_months_say_how_to_charge_them_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the month; whoever sees it need not search the manual."""
    why = "the books of 2026-01 are closed since 2026-02-04"
    call = {"call_id": "c1", "account_id": "ann", "verdict": "month_closed", "why": why}
    show_rerate(rerate_document([call], "EUR", "", applied=False))
    told = capsys.readouterr()
    assert why in told.out
    assert "--closed-month" in told.err
