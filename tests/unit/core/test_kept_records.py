"""Calls that every rule set has charged stay explained, and cost what they cost.

A call of each kind is kept as it was stored, with what its explanation says. Whoever raises
RULE_SET makes the records of the new one (`python -m tests.records.make`) and keeps those of the
old ones: they must go on to be priced by their own rules.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pbxcharge.core.cdr import Cdr, EndedBy, EndSource, LevelCharge
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.explanation import Verdict, explain
from pbxcharge.core.price import RULE_SET
from pbxcharge.core.rating import Rating, rating_from_canonical, rating_id
from tests.records.make import HERE, KINDS, explained, kept, site_catalog

KEPT = sorted(HERE.glob("rule_set_*/*.json"))
NOT_PRICED = {"unanswered", "refused"}


@cache
def content(file: Path) -> dict[str, Any]:
    """What is kept of one call."""
    return dict(json.loads(file.read_text()))


def record(file: Path) -> Cdr:
    """The record as it was stored."""
    fields: dict[str, Any] = dict(content(file)["record"])
    fields["levels"] = tuple(LevelCharge(**level) for level in fields["levels"])
    fields["disposition"] = Disposition(fields["disposition"])
    fields["end_source"] = EndSource(fields["end_source"])
    fields["ended_by"] = fields["ended_by"] and EndedBy(fields["ended_by"])
    return Cdr(**fields)


def rating(file: Path) -> Rating | None:
    """What it was priced with."""
    body = content(file)["rating"]
    return None if body is None else rating_from_canonical(body)


def test_every_rule_set_has_a_record_of_each_kind() -> None:
    """Also the newest. Seen failing with RULE_SET raised to 2, and with one file removed."""
    rule_sets = {int(file.parent.name.removeprefix("rule_set_")) for file in KEPT}
    assert rule_sets == set(range(1, RULE_SET + 1))
    for rule_set in rule_sets:
        names = {file.stem for file in KEPT if file.parent.name == f"rule_set_{rule_set}"}
        assert names >= set(KINDS), rule_set


@pytest.mark.parametrize("file", KEPT, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_kept_call_is_explained_as_ever(file: Path) -> None:
    """Every line of every level and of the carrier; priced again it costs what it cost.

    Seen failing with an adjustment that counts the talk and not what is billed.
    """
    explanation = explain(record(file), rating(file))
    expected = Verdict.NOT_PRICED if file.stem in NOT_PRICED else Verdict.SAME
    assert explanation.verdict is expected
    assert explained(explanation) == content(file)["explained"]


@pytest.mark.parametrize("file", KEPT, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_kept_rating_is_read_and_written_as_it_was(file: Path) -> None:
    """It stands under the hash of its text, so not a letter of it may change."""
    body, stored = content(file)["rating"], rating(file)
    if stored is not None:
        assert stored.canonical() == body
        assert rating_id(body) == content(file)["record"]["rating_id"]


@pytest.mark.parametrize("name", KINDS)
def test_the_newest_rule_set_charges_what_it_has_charged(name: str, tmp_path: Path) -> None:
    """From the plan files to the record: the same price, slices and lines.

    A change of any of them is a change of the rules, and those have a number. The version of a plan
    may change with what plans can say.
    """
    now = json.loads(json.dumps(kept(KINDS[name], site_catalog(tmp_path))))
    then = content(HERE / f"rule_set_{RULE_SET}" / f"{name}.json")
    assert now["explained"] == then["explained"]
    for part in ("charge_micros", "billed_s", "talk_s", "unpaid_s", "lines", "slices", "ended_by"):
        assert now["record"][part] == then["record"][part]
