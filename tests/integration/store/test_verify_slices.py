"""What was held for a call, step by step, as `verify` looks at it."""

from dataclasses import replace

import pytest

from pbxcharge.core.cdr import Cdr, LevelCharge
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.settlement import blank_cdr
from pbxcharge.store.verify_slices import slice_findings
from tests.fakes.granted_call import granted


def record(slices: str) -> Cdr:
    """A call of 70 s, charged 0.70 at one level and 0.35 above."""
    levels = tuple(
        LevelCharge(name, f"{name}:outgoing", "basic", "v1", "49", "Germany", micros)
        for name, micros in (("alice", 700_000), ("acme", 350_000))
    )
    blank = blank_cdr(granted().attempt, "EUR", Disposition.ANSWERED)
    return replace(blank, talk_s=70, levels=levels, slices=slices)


def found(slices: str) -> list[str]:
    """What is found of a record with these steps."""
    return [finding.code for finding in slice_findings(record(slices))]


@pytest.mark.parametrize(
    "slices",
    [
        "",
        "[[70,700000,350000,null]]",
        "[[60,800000,400000,null],[120,1200000,600000,50000]]",
        "[[60,900000,900000,null],[80,800000,400000,50000]]",
    ],
)
def test_steps_that_held_what_was_charged_are_right(slices: str) -> None:
    """Also none, and a first one that held the dearest of all prices."""
    assert found(slices) == []


@pytest.mark.parametrize(
    "slices",
    [
        "[[60,700000,350000,null]]",
        "[[70,699999,350000,null]]",
        "[[70,700000,349999,null]]",
        "[[70,700000,null]]",
        "[[70,700000,350000,null],[70,700000,350000,1]]",
        "[70]",
        "[[]]",
        "{}",
        '[["a",700000,350000,null],[80,700000,350000,1]]',
        "[",
    ],
)
def test_steps_that_cannot_be_are_named(slices: str) -> None:
    """Too short, too little at some level, a level too few, not rising, unreadable."""
    assert found(slices) == ["slices_differ"]
