"""Files of discounts that accounts have by themselves."""

from fractions import Fraction

import pytest

from pbxcharge.catalog.discount_file import read_discount
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.source import parse_source
from pbxcharge.core.allowance import Quota, Tier, included
from pbxcharge.core.measure import Measure
from pbxcharge.core.tariff import Prefixes

TIERS = "tiers: [{from: 1, discount_percent: 10}]\n"


def discount(text: str) -> tuple[Quota | None, tuple[Finding, ...]]:
    """The discount of a text."""
    source, findings = parse_source("discounts/loyal.yaml", f"name: loyal\n{text}".encode())
    assert source is not None, findings
    return read_discount(source)


def test_a_file_is_included_talk_or_tiers() -> None:
    """With the keys that both have in a product."""
    where = Prefixes(frozenset({"49"}))
    found, findings = discount("minutes: 2\nprefixes: [49]\nrolls_over: 1\n")
    assert not findings
    assert found == included("loyal", "loyal", Measure.SECONDS, 120, where, 1)
    found, findings = discount("visible_name: Loyal\ncount: amount\n" + TIERS)
    assert not findings
    assert found == Quota("loyal", "Loyal", Measure.AMOUNT, (Tier(1_000_000, Fraction(10)),))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "either minutes or amount"),
        ("minutes: 1\namount: 1\n", "either minutes or amount"),
        ("minutes: 1\n" + TIERS, "write tiers, or what is included"),
        ("minutes: 1\ncount: amount\n", "counts only with tiers"),
    ],
)
def test_what_cannot_be_meant_is_named(text: str, said: str) -> None:
    """In one finding each."""
    (finding,) = discount(text)[1]
    assert said in finding.message
