"""Answers as reports: what people see of them, exact, and said when something is left out."""

from typing import Any

import pytest

from pbxcharge.reports.raw import csv_text
from pbxcharge.reports.render import report
from pbxcharge.reports.table import Report
from pbxcharge.reports.words import BARS_MAX, length, local, lying, share
from tests.fakes import report_answers as answers


def test_a_call_is_shown_by_the_clocks_of_the_report() -> None:
    """With its length, what was charged and given back; a corrected one has a mark."""
    shown = report(answers.calls(zone="Europe/Berlin"))
    assert shown.main.rows == [
        (
            *("2026-11-03 10:00:00", "ann", "public", "ext100", "442079460000", "United Kingdom"),
            *("1:01:40", "1:02:00", "1.3001", "0.30", "ANSWERED", 16, "caller", "c1*"),
        )
    ]
    assert shown.notes == ("* was charged anew, see pbxcharge explain CALL.",)


def test_a_refused_call_from_outside_shows_who_called_and_why_not() -> None:
    """The trunk that it came in by is not who called; one that hides its number is unknown."""
    called = {**answers.CALL, "direction": "incoming", "ended_by": None, "reason": "no_rate"}
    row = report(answers.calls([called, {**called, "caller_number": "4930", "number": None}]))
    first, second = row.main.rows
    assert (first[3], second[3], second[4]) == ("unknown", "4930", "02079460000")
    assert first[12] == "no_rate"


def test_sums_stand_under_their_groups_with_one_of_all() -> None:
    """Of types with their direction, and of dispositions."""
    types, dispositions = report(answers.calls()).sums
    expected = (2, 1, "50 %", "1:01:40", "1:02:00", "1.3001", "0.30", "1.0001")
    assert types.rows == [("public", "outgoing", *expected), ("all", "", *expected)]
    assert dispositions.rows == [("ANSWERED", *expected), ("all", *expected)]


def test_it_is_said_when_calls_are_left_out() -> None:
    """And that the sums have them."""
    notes = report(answers.calls(cut=True)).notes
    assert notes[0].startswith("Cut: the newest 1 of 2 calls are listed")
    assert "the sums count all" in notes[0]


def test_the_heading_says_whose_when_by_which_clocks_and_what_alone() -> None:
    """Whoever reads the page a year later has nothing else."""
    facts = dict(report(answers.calls(types=["public"], causes=[17])).facts)
    assert facts["of"] == "Ann & Co (ann)"
    assert facts["calls set up"].endswith("until before 2026-12-01 00:00:00 (UTC)")
    assert facts["only"] == "public, cause 17"
    assert dict(report(answers.calls(scope=None, name=None)).facts)["of"] == "the whole site"


def test_each_day_has_a_bar_also_without_calls() -> None:
    """A month with one call has 30."""
    days = report(answers.calls()).charts[0]
    assert len(days.bars) == 30
    assert [bar for bar in days.bars if bar[1]] == [("2026-11-03", 1_300_100)]


def test_a_long_time_is_shown_by_months() -> None:
    """A year has 12 bars, the last one too when clocks changed in between."""
    year = {"from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
    shown = report({**answers.calls(), **year, "zone": "Africa/Abidjan"}).charts[0]
    assert [label for label, _ in shown.bars][::11] == ["2026-01", "2026-12"]
    assert (len(shown.bars), shown.title) == (12, "Charged for calls of each month")


def test_a_local_day_that_clocks_change_in_is_one_bar() -> None:
    """October in Berlin has 31."""
    october = {"from": "2026-09-30T22:00:00Z", "until": "2026-10-31T23:00:00Z"}
    shown = report({**answers.calls(), **october, "zone": "Europe/Berlin", "by_day": []}).charts[0]
    assert (len(shown.bars), shown.bars[0][0], shown.bars[-1][0]) == (
        31,
        "2026-10-01",
        "2026-10-31",
    )


@pytest.mark.parametrize(("names", "bars"), [(BARS_MAX + 1, BARS_MAX + 1), (40, BARS_MAX + 1)])
def test_many_names_are_few_bars(names: int, bars: int) -> None:
    """The largest, and one for all others; nothing is lost. One name more has its own bar."""
    chart = lying("x", "EUR", ((f"n{n}", n) for n in range(names)))
    assert len(chart.bars) == bars
    assert sum(value for _, value in chart.bars) == sum(range(names))
    assert chart.bars[-1][0] == ("n0" if names == bars else f"all others ({40 - BARS_MAX})")


@pytest.mark.parametrize(("cut", "label"), [(False, "all others"), (True, "others shown here")])
def test_what_a_cut_left_out_is_no_bar_of_others(cut: bool, label: str) -> None:
    """The bar of the shortest ones says that it is of those that are shown."""
    rows = [answers.destination(f"Land {n}", str(n), "1.00") for n in range(20)]
    for answer in (
        answers.listed("destinations", rows, cut=cut),
        answers.calls(by_destination=rows, destinations_cut=cut),
    ):
        assert report(answer).charts[-1].bars[-1][0] == f"{label} (8)"


def test_prefixes_of_one_destination_are_one_bar() -> None:
    """A destination without a name is shown by its prefix."""
    rows = [answers.destination(*row) for row in (("UK", "44", "1.00"), ("UK", "4420", "0.50"))]
    shown = report(answers.listed("destinations", [*rows, answers.destination("", "49", "0.10")]))
    assert shown.charts[0].bars == (("UK", 1_500_000), ("49", 100_000))
    assert shown.main.rows[-1][:3] == ("all", "", 6)
    assert shown.main.rows[-1][8:] == ("1.60", "0.90", "3.0003")


def test_accounts_are_added_up_by_their_kind() -> None:
    """What an organization pays is not added to what its users pay."""
    rows = [answers.account("ann", "1.50"), answers.account("ben", "0.25")]
    shown = report(
        answers.listed("accounts", [*rows, answers.account("acme", "1.00", "organization")])
    )
    assert shown.charts[0].bars == (("ann", 1_500_000), ("ben", 250_000))
    sums = [row for row in shown.main.rows if str(row[0]).startswith("all")]
    assert [(row[0], row[2], row[8], row[10], row[12]) for row in sums] == [
        ("all", "organization", "1.00", "2.99", "5.00"),
        ("all", "user", "1.75", "5.98", "10.00"),
    ]


def test_sums_of_a_cut_report_do_not_pass_for_all() -> None:
    """The other rows are in no sum: whoever takes it for the whole takes too little."""
    paid, called = [answers.account("ann", "1.50")], [answers.destination("UK", "44", "1.00")]
    for name, rows in (("accounts", paid), ("destinations", called)):
        assert report(answers.listed(name, rows)).main.rows[-1][0] == "all"
        assert report(answers.listed(name, rows, cut=True)).main.rows[-1][0] == "shown here"


def test_a_margin_is_shown_with_its_share_also_a_loss() -> None:
    """The top level is the site; by trunk, calls inside the house have none."""
    rows = [answers.margin(None, "3.00", "2.00", "1.00"), answers.margin("acme", "1", "2", "-1")]
    shown = report(answers.listed("margins", rows, by="account"))
    assert [(row[0], row[6]) for row in shown.main.rows] == [
        ("the site", "33 %"),
        ("acme", "-100 %"),
    ]
    assert shown.charts[0].bars == (("the site", 1_000_000), ("acme", -1_000_000))
    by_trunk = report(answers.listed("margins", rows[:1], by="trunk"))
    assert by_trunk.main.rows[0][:2] == ("the site", "none")


def test_the_share_of_a_margin_is_that_of_calls_with_a_known_cost() -> None:
    """0.06 of the 1.24 whose cost is known, not of all 1.90."""
    row = answers.margin(None, "1.90", "1.18", "0.06") | {"income_without_cost": "0.66"}
    assert report(answers.listed("margins", [row], by="account")).main.rows[0][6] == "4 %"


def test_refusals_are_counted_not_paid() -> None:
    """Their chart has no currency."""
    rows = [answers.refusal("no_rate", 3), answers.refusal("spend_rate", 5)]
    shown = report(answers.listed("refused", rows))
    assert (shown.charts[0].unit, shown.charts[0].bars[0]) == ("", ("spend_rate", 5))
    assert shown.main.rows[0][6] == "2026-11-05 10:00:00"


@pytest.mark.parametrize("name", ["accounts", "destinations", "margins", "refused"])
def test_an_empty_report_is_one(name: str) -> None:
    """Without rows there is none of all, either; what was cut is said."""
    empty: Report = report(answers.listed(name, [], by="account"))
    assert empty.main.rows == []
    assert not empty.charts[0].bars
    assert (
        report(answers.listed(name, [], by="account", cut=True)).notes[0].startswith("Cut: only 0")
    )


def test_csv_has_the_names_of_the_json_and_amounts_as_they_are() -> None:
    """Levels and lines become one cell each; a text that would be calculated gets a quote."""
    upper = [{"account_id": "acme", "charge": "0.05"}, {"account_id": "telco", "charge": "0.03"}]
    row: dict[str, Any] = {"number": "+44", "net": "-0.10", "upper_levels": upper, "reason": None}
    text = "".join(csv_text({"columns": list(row), "rows": [row]}))
    assert text == "number,net,upper_levels,reason\n'+44,-0.10,acme 0.05; telco 0.03,\n"


def test_words_of_time_and_share() -> None:
    """Lengths as people read them; shares rounded down, also of a loss; nothing of nothing."""
    assert (length(59), length(90), length(3700)) == ("0:59", "1:30", "1:01:40")
    assert (share(1, 3), share(-1, 3), share(1, 0)) == ("33 %", "-33 %", "")
    assert local("2026-07-01T00:00:00Z", "Europe/London") == "2026-07-01 01:00:00"
    assert local(None, "UTC") == ""
