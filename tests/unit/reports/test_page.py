"""The page: one file, no scripts, nothing from elsewhere, all text escaped, charts in words."""

import builtins
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from pbxcharge.errors import ChartsMissing
from pbxcharge.reports import page
from pbxcharge.reports.charts import described, svg
from pbxcharge.reports.render import report
from pbxcharge.reports.table import Chart
from tests.fakes import report_answers as answers

SVG = "{http://www.w3.org/2000/svg}"
DAYS = Chart("Charged", "EUR", tuple((f"2026-11-{day:02}", day) for day in range(1, 31)), True)


def texts(drawn: str) -> list[str]:
    """What can be read in a drawing."""
    root = ElementTree.fromstring(drawn)
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def test_a_page_is_whole_in_one_file() -> None:
    """No script, no address that a browser would fetch; a policy in it forbids both."""
    made = page.page(report(answers.calls()))
    assert made.startswith("<!DOCTYPE html>")
    assert "default-src 'none'" in made
    assert "<script" not in made.lower()
    fetched = re.findall(r"(?:src|(?<!xlink:)href|action)\s*=|@import|url\((?!#)", made)
    assert not fetched
    assert made.count("<svg") == made.count("</svg>") == 2


def test_every_text_is_escaped() -> None:
    """Names of accounts, numbers that others send, destinations in files: also within charts."""
    evil = "<script>alert('x')</script>&$x^2$"
    place = answers.destination(evil, "44", "1.00")
    called = {**answers.CALL, "direction": "incoming", "caller_number": evil}
    made = page.page(report(answers.calls([called], name=evil, by_destination=[place])))
    assert "<script" not in made
    assert "&lt;script&gt;alert" in made


def test_a_chart_is_told_to_those_who_cannot_see_it() -> None:
    """By a title and by every bar that is not nothing, in words."""
    drawn = svg(Chart("Charged <by> day", "EUR", (("11-01", 1_500_000), ("11-02", 0)), True), 1)
    root = ElementTree.fromstring(drawn)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "chart1-title chart1-desc"
    first, second = list(root)[:2]
    assert (first.tag, first.text) == (f"{SVG}title", "Charged <by> day")
    assert (second.tag, second.text) == (f"{SVG}desc", "11-01: 1.50 EUR")


def test_text_in_a_chart_is_text_and_scales() -> None:
    """It is found, copied and read aloud; the drawing is as wide as its page."""
    drawn = svg(Chart("x", "EUR", (("Germany", 1_230_000), ("$x$", 500_000)), False), 1)
    assert {"Germany", "1.23", "$x$", "0.50"} <= set(texts(drawn))
    root = ElementTree.fromstring(drawn)
    assert "viewBox" in root.attrib
    assert not {"width", "height"} & root.attrib.keys()


def test_two_drawings_share_no_names() -> None:
    """Else a part of the second one would be cut by the first one's frame."""
    names = [set(re.findall(r'\bid="([^"]+)"', svg(DAYS, number))) for number in (1, 2)]
    assert names[0] and not names[0] & names[1]
    drawn = svg(DAYS, 2)
    asked = set(re.findall(r'(?:url\(|href=")#([^")]+)', drawn))
    assert asked and asked <= names[1]


def test_the_same_report_is_the_same_page() -> None:
    """So that two of them can be compared."""
    assert page.page(report(answers.calls())) == page.page(report(answers.calls()))


def test_not_every_day_of_a_quarter_has_its_label() -> None:
    """As many as can be read; a week has all."""
    quarter = tuple((f"2026-{month:02}-{day:02}", 1) for month in (1, 2, 3) for day in range(1, 31))
    assert (
        len([text for text in texts(svg(Chart("x", "EUR", quarter, True), 1)) if "-" in text]) <= 16
    )
    week = svg(Chart("x", "EUR", quarter[:7], True), 1)
    assert [text for text in texts(week) if "-" in text] == [f"01-0{day}" for day in range(1, 8)]


@pytest.mark.parametrize(
    "chart",
    [
        Chart("one", "EUR", (("2026-11-01", 1_000_000),), True),
        Chart("one", "EUR", (("x" * 200, 1),), False),
        Chart("loss", "EUR", (("a", 2_000_000), ("b", -1_000_000)), False),
        Chart("all lost", "EUR", (("b", -1_000_000),), False),
        Chart("count", "", (("no_rate", 3),), False),
        Chart("huge", "EUR", (("a", 10**18), ("b", 1)), False),
    ],
)
def test_any_bars_can_be_drawn(chart: Chart) -> None:
    """One, a loss, a very long name, a very large sum."""
    assert ElementTree.fromstring(svg(chart, 1)).tag == f"{SVG}svg"


def test_a_chart_in_words_leaves_nothing_out_but_nothing() -> None:
    """Counts have no currency."""
    assert described(Chart("x", "", (("a", 3), ("b", 0)), False)) == "a: 3"
    assert described(Chart("x", "EUR", (("a", 0),), False)) == "nothing"


def test_an_empty_report_is_a_page_without_a_chart_of_names() -> None:
    """With the sentence that there is nothing."""
    made = page.page(report(answers.listed("refused", [])))
    assert "nothing was refused" in made
    assert "<svg" not in made


def test_where_nothing_was_charged_there_is_a_word_in_place_of_bars() -> None:
    """An axis without a length would show amounts that mean nothing."""
    made = page.page(report(answers.calls([], by_day=[], by_destination=[])))
    assert "<svg" not in made
    assert "<p>nothing</p>" in made


def test_a_missing_library_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is read."""
    wanted = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "matplotlib":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return wanted(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ChartsMissing, match=r"matplotlib.*pbxcharge\[reports\]"):
        page.require_page()
