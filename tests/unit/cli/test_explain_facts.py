"""The facts of a call: every rule, kind, end and witness has words of its own."""

from typing import Any

import pytest

from pbxcharge.cli.explain_facts import call_facts
from pbxcharge.cli.reasons import cause_in_words, ended_in_words, witness_in_words
from pbxcharge.core.cdr import EndedBy, EndSource
from pbxcharge.core.provenance import Meaning, PayerRule

WHO = ("alice", "acme", None)
CDR = {
    "call_id": "c",
    "account_id": "alice",
    "organization_id": "acme",
    "call_type": "public",
    "direction": "outgoing",
    "endpoint": "ext100",
    "dialled": "02079460000",
    "number": "442079460000",
    "caller_number": "",
    "callee_endpoint": None,
    "callee_context": None,
    "trunk": "carrier",
    "disposition": "ANSWERED",
    "reason": None,
    "refused_by": None,
    "feature": None,
    "forwarded": False,
    "setup_at": "2026-07-01T12:00:00.000000Z",
    "answered_at": "2026-07-01T12:00:05.500000Z",
    "ended_at": "2026-07-01T12:01:05.500000Z",
    "talk_s": 60,
    "billed_s": 60,
    "unpaid_s": 0,
    "clock": "ok",
    "ended_by": "caller",
    "end_source": "event",
    "hangup_cause": 16,
    "charge": "0.10",
    "currency": "EUR",
}


def told(cdr: dict[str, Any], **answer: Any) -> dict[str, Any]:
    """The facts of a call that alice and acme pay."""
    asked: dict[str, Any] = {
        "cdr": CDR | cdr,
        "payer": {"rule": "own_phone", "levels": ["alice", "acme"]},
        "meaning": "public",
        "charge_now": "0.10",
        "refunded": "0.00",
        "corrections": [],
        "zone": "Europe/Berlin",
    }
    return call_facts(asked | answer)


@pytest.mark.parametrize("rule", PayerRule)
def test_every_rule_of_payment_has_words(rule: PayerRule) -> None:
    """A new one without them would end the command."""
    assert told({}, payer={"rule": str(rule), "levels": []})["because"]


@pytest.mark.parametrize("meant", Meaning)
def test_every_meaning_of_what_was_dialled_has_words(meant: Meaning) -> None:
    """With what was dialled in them."""
    assert told({}, meaning=str(meant))["dialled"].startswith("02079460000")


def test_every_end_and_every_witness_has_words() -> None:
    """Of a call that never began there is no witness to name."""
    assert all(": " in (ended_in_words(str(by)) or "") for by in EndedBy)
    silent = [source for source in EndSource if witness_in_words(str(source)) is None]
    assert silent == [EndSource.NONE]


@pytest.mark.parametrize(
    ("cause", "words"), [(17, "17: busy"), (99, "99: see Q.850"), (None, None)]
)
def test_a_hangup_cause_is_a_number_with_words(cause: int | None, words: str | None) -> None:
    """Whoever needs more looks it up by the number."""
    assert cause_in_words(cause) == words


def test_instants_are_told_by_utc_and_by_the_sites_clock() -> None:
    """In July Berlin is two hours ahead; a site in UTC is told once."""
    both = "2026-07-01 12:00:00 UTC, 2026-07-01 14:00:00 Europe/Berlin"
    assert told({})["set-up"] == both
    assert told({}, zone="UTC")["set-up"] == "2026-07-01 12:00:00 UTC"


def test_unpaid_talk_and_a_clock_that_was_set_are_told() -> None:
    """Support would look for them."""
    facts = told({"talk_s": 64, "unpaid_s": 4, "clock": "corrected"})
    assert (
        facts["talk"] == "64 s, of them 4 s unpaid, which nobody is charged; 60 s in whole blocks"
    )
    assert "clock was set" in facts["clock"]


def test_the_charge_tells_of_its_correction_and_of_refunds() -> None:
    """What counts now comes first."""
    facts = told({}, charge_now="0.08", refunded="0.05", corrections=[{}])
    assert facts["charge"] == "0.08 EUR; 0.10 before it was corrected; 0.05 was refunded"


def test_whose_level_refused_is_told_apart() -> None:
    """The account's own, or one above it that pays as well."""
    by = [told({"reason": "no_rate", "refused_by": name})["refused by"] for name in WHO]
    assert by == ["alice, its own level", "acme, above alice", None]


@pytest.mark.parametrize(
    ("cdr", "because", "dialled"),
    [
        (
            {"reason": "unknown_account"},
            "ext100 belongs to nobody here",
            "02079460000",
        ),
        (
            {"reason": "number_invalid", "dialled": "xyz"},
            "ext100 belongs to nobody here",
            "xyz, which means nothing here",
        ),
        (
            {"reason": "number_invalid", "direction": "incoming", "dialled": "4420"},
            "4420 belongs to nobody here",
            "4420, which is nobody's number here",
        ),
    ],
)
def test_what_belongs_to_nobody_is_named(cdr: dict[str, Any], because: str, dialled: str) -> None:
    """A phone that is nobody's dialled a number that nobody looked at; a DID was looked for."""
    facts = told(cdr, payer={"rule": "nobody", "levels": []}, meaning="nothing")
    assert (facts["because"], facts["dialled"]) == (because, dialled)
