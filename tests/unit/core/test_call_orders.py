"""What ends a call early, and Asterisk's timer, which ends it in any case.

Unless a test says otherwise: blocks of 1 s, slices of 60 s, renewed 10 s before the paid end,
warned 10 s before the cut, set up at 0 and answered at 2 s.
"""

from dataclasses import replace

import pytest

from pbxcharge.core.call import Call, Phase, advance, deadline_ms
from pbxcharge.core.call_events import (
    Armed,
    ArmFailed,
    AskSlice,
    EndOrdered,
    HangUp,
    HangupRequested,
    Investigate,
    LegDialled,
    Record,
    RenewalStopped,
    Seen,
    Warn,
)
from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.plan import Terms
from pbxcharge.core.price import MaximumThen
from tests.fakes.call_rows import (
    ANSWER,
    RAISED,
    TICK,
    arm,
    held,
    play,
    ringing,
    talking,
)
from tests.fakes.granted_call import CALLER, LEG, a_rate, granted


def test_a_call_ends_at_its_longest() -> None:
    """At most 90 s: the last slice ends there, is warned of, and is the limit's doing."""
    play(
        talking(terms=Terms(call_max_s=90)),
        (52_000, TICK, AskSlice(2, 61, 90)),
        (52_010, held(2, 90), arm(90)),
        (82_000, TICK, Warn(10_000)),
        (93_000, TICK, HangUp(LEG, EndedBy.LIMIT)),
    )


def test_a_maximum_charge_that_hangs_up_is_a_limit() -> None:
    """0.01 a second and at most 0.75: 75 s, in whole blocks of 10 s 70 s."""
    rate = a_rate(next_s=10, first_s=10, maximum_charge_micros=750_000)
    ends = replace(rate, maximum_then=MaximumThen.HANG_UP)
    play(talking(rates=[ends]), (52_000, TICK, AskSlice(2, 70, 70)))


def test_a_suspended_account_keeps_what_is_paid_and_gets_no_more() -> None:
    """Suspended at 20 s: not renewed, warned at 52 s, ended at 62 s because of the status."""
    play(
        talking(),
        (20_000, RenewalStopped(EndedBy.STATUS), Record()),
        (52_000, TICK, Warn(10_000)),
        (60_000, RAISED),
        (63_000, TICK, HangUp(LEG, EndedBy.STATUS)),
    )


def test_an_account_that_is_active_again_is_renewed_again() -> None:
    """Suspended at 20 s, active at 55 s: what was due meanwhile is asked for at once."""
    play(
        talking(terms=Terms(warn_before_s=0)),
        (20_000, RenewalStopped(EndedBy.STATUS), Record()),
        (52_000, TICK),
        (55_000, RenewalStopped(None), Record(), AskSlice(2, 120, 120)),
        (55_001, RenewalStopped(None)),
    )


def test_a_blocked_account_ends_the_call_now() -> None:
    """The leg is hung up at once, again 2 s later, and nothing more is asked for or armed."""
    call = play(
        talking(),
        (20_000, EndOrdered(EndedBy.STATUS), Record(), HangUp(LEG, EndedBy.STATUS)),
        (20_100, HangupRequested(EndedBy.CALLEE)),
        (21_999, TICK),
        (22_000, TICK, HangUp(LEG, EndedBy.STATUS)),
        (22_001, RenewalStopped(None)),
        (22_002, EndOrdered(EndedBy.OPERATOR), Record(), HangUp(LEG, EndedBy.STATUS)),
    )
    assert (call.hung_up_by, call.stopped) == (None, EndedBy.STATUS)


def test_a_call_ordered_to_end_while_it_rings_ends_by_the_caller() -> None:
    """No leg has been seen yet: the caller's channel is what can be ended."""
    order = EndOrdered(EndedBy.OPERATOR)
    play(ringing(), (1_000, order, Record(), HangUp(CALLER, EndedBy.OPERATOR)))
    dialled = play(ringing(), (500, LegDialled(LEG)))
    play(dialled, (1_000, order, Record(), HangUp(LEG, EndedBy.OPERATOR)))


# Asterisk's timer.


def test_a_timeout_that_was_not_taken_is_tried_again() -> None:
    """Asterisk could not be told: half a second later the same again."""
    play(
        talking(),
        (52_000, TICK, AskSlice(2, 61, 120)),
        (52_010, held(2, 120), arm(120)),
        (52_020, ArmFailed(120)),
        (52_519, TICK),
        (52_520, TICK, arm(120)),
        (52_530, Armed(120)),
        (52_540, ArmFailed(120)),
    )


def test_no_slice_is_held_while_asterisk_cannot_be_told_of_the_last_one() -> None:
    """The link is down: tried every half second, and the next slice waits until it is up."""
    cut_off = play(
        talking(terms=Terms(slice_s=5, warn_before_s=0)),
        (52_000, TICK, AskSlice(2, 65, 65)),
        (52_010, held(2, 65), arm(65)),
        (52_020, ArmFailed(65)),
        (52_520, TICK, arm(65)),
        (56_000, ArmFailed(65)),
        (56_500, TICK, arm(65)),
        (57_000, TICK),
    )
    assert deadline_ms(cut_off) == 68_000
    play(cut_off, (58_000, Armed(65), AskSlice(3, 70, 70)))
    play(cut_off, (58_000, Seen(LEG, 9_000), AskSlice(3, 70, 70)))


def test_a_timeout_that_could_not_be_set_in_time_is_given_up() -> None:
    """The paid instant is there: neither a timeout nor a slice, only the second means."""
    cut_off = play(
        talking(terms=Terms(slice_s=5, warn_before_s=0)),
        (52_000, TICK, AskSlice(2, 65, 65)),
        (52_010, held(2, 65), arm(65)),
        (66_800, ArmFailed(65)),
        (67_300, TICK),
    )
    assert deadline_ms(cut_off) == 68_000


def test_timeouts_are_set_one_after_the_other() -> None:
    """Two on their way could change places; the second waits for the answer to the first."""
    play(
        talking(terms=Terms(slice_s=5, warn_before_s=0)),
        (52_000, TICK, AskSlice(2, 65, 65)),
        (52_010, held(2, 65), arm(65)),
        (57_000, TICK, AskSlice(3, 70, 70)),
        (57_010, held(3, 70)),
        (57_020, Armed(65), arm(70)),
        (57_030, ArmFailed(65)),
        (57_040, Armed(65)),
        (57_050, ArmFailed(70)),
        (57_550, TICK, arm(70)),
    )


@pytest.mark.parametrize("left_ms", [None, 25_000, 38_499, 41_501, 60_000])
def test_a_leg_whose_timer_is_gone_or_wrong_is_armed_anew(left_ms: int | None) -> None:
    """At 22 s there must be 40 s on it; it shows none, too few, or too many."""
    play(talking(), (22_000, Seen(LEG, left_ms), arm(60)), (22_010, Armed(60)))


@pytest.mark.parametrize("left_ms", [38_500, 39_000, 40_400, 41_500])
def test_a_timer_that_is_right_to_the_second_is_left_alone(left_ms: int) -> None:
    """Asterisk shows whole seconds."""
    play(talking(), (22_000, Seen(LEG, left_ms)))


def test_what_status_shows_counts_more_than_an_answer_that_never_came() -> None:
    """The timeout was sent and lost: the check 30 s later finds the old one and arms again."""
    waiting = play(
        talking(),
        (52_000, TICK, AskSlice(2, 61, 120)),
        (52_010, held(2, 120), arm(120)),
    )
    play(waiting, (60_000, Seen(LEG, 2_000), arm(120)))
    play(waiting, (60_000, Seen(LEG, 62_000)), (60_001, ArmFailed(120)), (60_600, TICK))


def test_a_status_from_before_the_answer_does_not_arm_too_early() -> None:
    """It shows the ring lease; the dialplan has yet to arm the first slice, and would undo ours."""
    up = play(ringing(5, Terms(slice_s=60)), (2_000, ANSWER, Record(), AskSlice(2, 65, 65)))
    play(up, (2_005, held(2, 65)), (2_010, Seen(LEG, 33_000)), (3_000, TICK, arm(65)))


def test_an_overdue_leg_is_ended_when_it_is_seen() -> None:
    """The daemon was away and the timer lost: at 70 s it was due at 62 s."""
    back = replace(talking(), armed_s=60)
    call, commands = advance(back, Seen(LEG, None), 70_000)
    assert commands == (HangUp(LEG, EndedBy.LEASE), Investigate())
    assert (call.open_step, deadline_ms(call)) == (None, 72_000)


def test_a_call_that_comes_back_within_its_lease_goes_on() -> None:
    """Rebuilt from what is stored at 57 s: what was due is asked for, as a call that is late."""
    stored = Call(
        granted(),
        1,
        60,
        phase=Phase.UP,
        leg=LEG,
        answered_ms=2_000,
        answered_at_us=ANSWER.at_us,
        settled_in=True,
        armed_s=60,
    )
    play(
        stored,
        (57_000, Seen(LEG, 5_000), AskSlice(2, 120, 120)),
        (57_010, held(2, 120), arm(120)),
    )
