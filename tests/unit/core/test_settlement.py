"""Settlement: how long a call lasted, what it is charged, who ended it, what became of it.

Unless a test says otherwise: 0.01 a second in blocks of 1 s, paid through 60 s, answered at 2 s.
"""

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.core.call import Call, Phase
from pbxcharge.core.call_events import HungUp
from pbxcharge.core.cdr import Cdr, EndedBy, EndSource
from pbxcharge.core.credit import HoldLine
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.plan import Terms
from pbxcharge.core.price import charge_micros
from pbxcharge.core.settlement import blank_cdr, settle, talk_seconds
from pbxcharge.core.slices import Slice
from tests.examples import examples
from tests.fakes.granted_call import CALLER, LEG, SETUP_AT_US, WALLET, a_rate, granted

CENT = 10_000
SECOND_US = 1_000_000
ANSWER_US = SETUP_AT_US + 2 * SECOND_US


def talked(through_s: int = 60, **more: Any) -> Call:
    """A call answered at 2 s whose end has come."""
    return Call(
        granted(**more),
        1,
        through_s,
        phase=Phase.ENDING,
        leg=LEG,
        answered_ms=2_000,
        answered_at_us=ANSWER_US,
        armed_s=through_s,
    )


def rang() -> Call:
    """A call that was never answered."""
    return Call(granted(), 1, 60, phase=Phase.ENDING, leg=LEG)


def end_after(talk_us: int, **more: Any) -> HungUp:
    """An end so long after the answer, by the Hangup event."""
    return HungUp(ANSWER_US + talk_us, EndSource.EVENT, **({"cause": 16, "was_up": True} | more))


def cdr_of(call: Call, end: HungUp) -> Cdr:
    """The record that the end makes."""
    return settle(call, end, "EUR", "meter:pbx1").cdr


def ended_by(call: Call, talk_s: Fraction | int, **more: Any) -> EndedBy | None:
    """Who ended a call after so many seconds of talk."""
    return cdr_of(call, end_after(int(talk_s * SECOND_US), **more)).ended_by


def test_a_record_keeps_the_slices_and_the_channel_that_asked() -> None:
    """What was held, slice by slice; a call that came from an older release has none."""
    slices = (Slice(60, (600_000,), None),)
    cdr = cdr_of(replace(talked(), slices=slices), end_after(SECOND_US))
    assert (cdr.slices, cdr.caller_channel) == ("[[60,600000,null]]", CALLER.channel)
    assert cdr_of(talked(), end_after(SECOND_US)).slices == ""


# Talk time.


@pytest.mark.parametrize(
    ("duration_us", "talk_s"),
    [
        (60_000_000, 60),
        (60_099_000, 60),
        (60_099_999, 60),
        (60_100_000, 61),
        (61_000_000, 61),
        (90_000, 1),
        (0, 1),
        (-5_000_000, 1),
    ],
)
def test_a_started_second_counts_once_it_has_lasted_the_tolerance(
    duration_us: int, talk_s: int
) -> None:
    """Tolerance 100 ms: 60.099 s is 60, 60.1 s is 61; an answered call lasts at least 1 s."""
    assert talk_seconds(duration_us, 100) == talk_s


def test_without_a_tolerance_every_started_second_counts() -> None:
    """0 ms: 60 s is 60, a microsecond more is 61; 1000 ms: never."""
    assert [talk_seconds(us, 0) for us in (60_000_000, 60_000_001)] == [60, 61]
    assert talk_seconds(60_999_999, 1000) == 60


def test_the_tolerance_is_the_plans() -> None:
    """60.5 s is 61, with a tolerance of 600 ms 60."""
    assert cdr_of(talked(70), end_after(60_500_000)).talk_s == 61
    tolerant = talked(70, terms=Terms(tolerance_ms=600))
    assert cdr_of(tolerant, end_after(60_500_000)).talk_s == 60


def test_the_talk_is_charged_and_nothing_else() -> None:
    """30 s of the 60 that are paid for: 0.30, explained line by line; the close charges it."""
    booked = settle(talked(), end_after(30_000_000), "EUR", "meter:pbx1")
    record = booked.cdr
    assert (record.talk_s, record.billed_s, record.unpaid_s) == (30, 30, 0)
    assert (record.charge_micros, record.currency) == (30 * CENT, "EUR")
    assert sum(Fraction(line["amount"]) for line in json.loads(record.lines)) == 30 * CENT
    assert booked.close.charges == (HoldLine(WALLET, 30 * CENT),)
    assert (booked.close.call_id, booked.close.at_us, booked.close.actor) == (
        "a",
        ANSWER_US + 30_000_000,
        "meter:pbx1",
    )


def test_talk_beyond_what_is_paid_is_not_charged_but_told() -> None:
    """Cut 1.2 s late: 62 s of talk, 60 charged, 2 unpaid."""
    record = cdr_of(talked(), end_after(61_200_000))
    assert (record.talk_s, record.unpaid_s, record.charge_micros) == (62, 2, 60 * CENT)


def test_started_blocks_are_billed_whole() -> None:
    """61 s at 60/6: billed 66 s, 0.66."""
    record = cdr_of(talked(66, rates=[a_rate(first_s=60, next_s=6)]), end_after(61_000_000))
    assert (record.talk_s, record.billed_s, record.charge_micros) == (61, 66, 66 * CENT)


@pytest.mark.parametrize(
    ("elapsed_ms", "talk_s", "clock"),
    [(30_000, 30, "ok"), (28_000, 30, "ok"), (27_999, 28, "corrected"), (50_000, 50, "corrected")],
)
def test_a_stepped_clock_is_corrected_by_the_monotonic_one(
    elapsed_ms: int, talk_s: int, clock: str
) -> None:
    """Asterisk says 30 s; the daemon saw both ends, and more than 2 s of difference counts."""
    record = cdr_of(talked(), end_after(30_000_000, elapsed_ms=elapsed_ms))
    assert (record.talk_s, record.clock) == (talk_s, clock)


def test_a_clock_that_went_back_costs_nobody_the_call() -> None:
    """The end before the answer, and nobody measured: 1 s, the least."""
    assert cdr_of(talked(), end_after(-3_600_000_000)).charge_micros == CENT


def test_a_call_within_the_grace_is_free() -> None:
    """Grace of 10 s and a connect fee: 10 s cost nothing, 11 s cost fee and 11 s."""
    call = talked(rates=[a_rate(grace_s=10, connect_fee_micros=5 * CENT)])
    assert cdr_of(call, end_after(10_000_000)).charge_micros == 0
    assert cdr_of(call, end_after(11_000_000)).charge_micros == 16 * CENT


def test_every_level_is_charged_by_its_own_rate() -> None:
    """30 s: alice 0.30 at 0.01 a second, her organization 0.15 at half of it."""
    half = a_rate(price_per_minute=Fraction(3, 10))
    call = talked(rates=[a_rate(), half], wallets=[WALLET, "acme:outgoing"])
    booked = settle(call, end_after(30_000_000), "EUR", "meter:pbx1")
    charged = [
        (level.account_id, level.wallet_id, level.charge_micros) for level in booked.cdr.levels
    ]
    assert charged == [("alice", WALLET, 30 * CENT), ("acme", "acme:outgoing", 15 * CENT)]
    assert [line.amount_micros for line in booked.close.charges] == [30 * CENT, 15 * CENT]
    assert booked.cdr.charge_micros == 30 * CENT


def test_a_record_says_what_it_was_priced_with() -> None:
    """Plan and version, prefix and destination, the rating and the rules in force."""
    record = cdr_of(talked(), end_after(30_000_000))
    (level,) = record.levels
    assert (level.plan, level.plan_version, level.prefix) == ("basic", "v1", "49")
    assert (level.destination, record.rule_set) == ("Germany", 1)
    assert record.rating_id == granted().rating_id


# What became of it.


@pytest.mark.parametrize(
    ("cause", "disposition"),
    [
        (17, Disposition.BUSY),
        (19, Disposition.NO_ANSWER),
        (16, Disposition.NO_ANSWER),
        (None, Disposition.NO_ANSWER),
        (1, Disposition.FAILED),
        (21, Disposition.FAILED),
        (34, Disposition.FAILED),
    ],
)
def test_an_unanswered_call_is_free_and_says_why(
    cause: int | None, disposition: Disposition
) -> None:
    """Busy, not answered, or failed, by the cause of the hangup."""
    end = HungUp(SETUP_AT_US + 9 * SECOND_US, EndSource.EVENT, cause=cause)
    booked = settle(rang(), end, "EUR", "meter:pbx1")
    record = booked.cdr
    assert (record.disposition, record.hangup_cause) == (disposition, cause)
    assert (record.talk_s, record.charge_micros, record.lines) == (0, 0, "[]")
    assert (record.answered_at_us, record.ended_at_us) == (None, end.at_us)
    assert booked.close.charges == (HoldLine(WALLET, 0),)


def test_an_answered_call_is_answered_whatever_its_cause() -> None:
    """Cause 17 after an answer is no busy line."""
    record = cdr_of(talked(), end_after(30_000_000, cause=17))
    assert (record.disposition, record.uniqueid) == (Disposition.ANSWERED, LEG.uniqueid)
    assert (record.answered_at_us, record.end_source) == (ANSWER_US, EndSource.EVENT)


def test_a_call_whose_leg_was_never_seen_has_a_record() -> None:
    """The caller gave up before anything was dialled."""
    end = HungUp(SETUP_AT_US, EndSource.LAST_SEEN)
    record = cdr_of(replace(rang(), leg=None), end)
    assert (record.uniqueid, record.caller_uniqueid) == (None, CALLER.uniqueid)
    assert record.ended_by is None


def test_a_blank_record_knows_how_it_was_asked_for_and_nothing_else() -> None:
    """What a refusal is made of."""
    attempt = granted().attempt
    record = blank_cdr(attempt, "EUR", Disposition.NOT_ALLOWED)
    assert (record.call_id, record.pbx, record.linkedid) == ("a", "pbx1", CALLER.uniqueid)
    assert (record.account_id, record.organization_id) == ("alice", "acme")
    assert (record.endpoint, record.dialled) == ("alice", "004930123456")
    assert record.number == "4930123456"
    assert (record.call_type, record.direction) == ("public", "outgoing")
    assert (record.setup_at_us, record.ended_at_us, record.talk_s) == (SETUP_AT_US, None, 0)
    assert (record.billed_s, record.unpaid_s, record.charge_micros) == (0, 0, 0)
    assert (record.end_source, record.levels, record.rule_set) == (EndSource.NONE, (), 1)


# Who ended it.


def test_the_party_that_asked_first_ended_it() -> None:
    """Also at the very instant of the timer, and against what another witness says."""
    call = replace(talked(), hung_up_by=EndedBy.CALLER)
    assert ended_by(call, 30) is EndedBy.CALLER
    assert ended_by(call, 60) is EndedBy.CALLER
    assert ended_by(call, 30, by=EndedBy.CALLEE) is EndedBy.CALLER
    assert ended_by(talked(), 30, by=EndedBy.CALLEE) is EndedBy.CALLEE


def test_an_end_by_the_daemon_bears_its_reason() -> None:
    """The operator ended it; the channel that was hung up is no party that asked."""
    call = replace(talked(), ending_as=EndedBy.OPERATOR)
    assert ended_by(call, 30) is EndedBy.OPERATOR
    assert ended_by(call, 30, by=EndedBy.CALLEE) is EndedBy.OPERATOR


@pytest.mark.parametrize("talk_s", [Fraction(5975, 100), 60, Fraction(6003, 100), 61])
def test_an_end_at_the_paid_instant_was_the_timers(talk_s: Fraction | int) -> None:
    """Nobody asked: by credit when there was no more, by the limit, by the status, else lease."""
    call = talked()
    assert ended_by(call, talk_s) is EndedBy.LEASE
    assert ended_by(replace(call, exhausted=True), talk_s) is EndedBy.CREDIT
    assert ended_by(replace(call, stopped=EndedBy.STATUS), talk_s) is EndedBy.STATUS
    limited = talked(terms=Terms(call_max_s=60))
    assert ended_by(limited, talk_s) is EndedBy.LIMIT


@pytest.mark.parametrize("talk_s", [1, 30, Fraction(5974, 100)])
def test_an_earlier_end_that_nobody_asked_for_is_unknown(talk_s: Fraction | int) -> None:
    """Although 59.74 s are 60 s of talk: the timer does not come a quarter of a second early."""
    assert ended_by(replace(talked(), exhausted=True), talk_s) is EndedBy.UNKNOWN


def test_an_end_at_the_instant_that_was_armed_is_the_leases() -> None:
    """Held through 120 s, but Asterisk could only be told of 60 s."""
    call = replace(talked(120), armed_s=60)
    assert ended_by(call, 60) is EndedBy.LEASE
    assert ended_by(call, 70) is EndedBy.UNKNOWN


def test_the_timer_is_judged_by_the_clock_that_counts() -> None:
    """The wall clock went back by an hour; by the monotonic one the call ended at 60 s."""
    call = replace(talked(), exhausted=True)
    assert ended_by(call, -3540, elapsed_ms=60_000) is EndedBy.CREDIT
    assert ended_by(call, 3630, elapsed_ms=30_000) is EndedBy.UNKNOWN


# Never more than was held.

rates = st.builds(
    a_rate,
    price_per_minute=st.fractions(0, 5, max_denominator=1000),
    connect_fee_micros=st.integers(0, 10**6),
    first_s=st.integers(1, 60),
    next_s=st.integers(1, 60),
    free_s=st.integers(0, 30),
    grace_s=st.integers(0, 30),
    minimum_charge_micros=st.integers(0, 10**6),
    maximum_charge_micros=st.none() | st.integers(0, 10**7),
)


@settings(max_examples=examples(300), deadline=None)
@given(
    rate=rates,
    above=rates,
    through_s=st.integers(1, 4000),
    talk_us=st.integers(-(10**10), 10**10),
    elapsed_ms=st.none() | st.integers(0, 10**7),
)
def test_a_charge_never_exceeds_what_was_held(
    rate: Any, above: Any, through_s: int, talk_us: int, elapsed_ms: int | None
) -> None:
    """Whatever the clocks say, every level pays at most its charge for the talk that was paid.

    Seen failing with `talk_s` instead of `min(talk_s, call.through_s)` in `_talk`.
    """
    call = talked(through_s, rates=[rate, above], wallets=[WALLET, "acme:outgoing"])
    booked = settle(call, end_after(talk_us, elapsed_ms=elapsed_ms), "EUR", "meter:pbx1")
    for line, each in zip(booked.close.charges, (rate, above), strict=True):
        assert 0 <= line.amount_micros <= charge_micros(each, through_s)
    assert booked.cdr.unpaid_s == booked.cdr.talk_s - min(booked.cdr.talk_s, through_s)
