"""How a call is paid ahead: slices, the end of the credit, and what calls share.

Unless a test says otherwise: blocks of 1 s, slices of 60 s, renewed 10 s before the paid end,
warned 10 s before the cut, set up at 0 and answered at 2 s.
"""

from dataclasses import replace

from pbxcharge.core.call import Call, Phase, advance, deadline_ms, granted_call, why_cut
from pbxcharge.core.call_events import (
    Armed,
    AskSlice,
    HangUp,
    Investigate,
    Record,
    RenewalStopped,
    Seen,
    Warn,
)
from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.credit import HoldLine, Reserved
from pbxcharge.core.plan import Terms
from pbxcharge.core.recovery import taken_up
from pbxcharge.core.slices import Slice
from tests.fakes.call_rows import (
    ANSWER,
    BRIDGED,
    RAISED,
    TICK,
    arm,
    commands_of,
    held,
    out_of_credit,
    play,
    refused,
    ringing,
    talking,
)
from tests.fakes.granted_call import LEG, a_rate, granted


def test_a_slice_is_renewed_at_the_lead_and_armed_after_it_is_held() -> None:
    """Paid to 62 s: asked for at 52 s, not a moment before; the timer follows the hold."""
    play(
        talking(),
        (51_999, TICK),
        (52_000, TICK, AskSlice(2, 61, 120)),
        (52_005, held(2, 120), arm(120)),
        (52_006, Armed(120)),
        (111_999, TICK),
        (112_000, TICK, AskSlice(3, 121, 180)),
    )


def test_each_slice_is_written_into_the_book_of_the_call() -> None:
    """The first one before the answer, the second 50 s after it, with what both levels hold.

    Seen failing without `holding` in `_reserved`.
    """
    lines = (HoldLine("a", 600_000), HoldLine("b", 300_000))
    more = (HoldLine("a", 1_200_000), HoldLine("b", 600_000))
    begun = granted_call(granted(), Reserved("a", 1, 60, lines, short=False))
    call = play(begun, (2_000, ANSWER, Record()), (2_001, BRIDGED))
    call = play(call, (52_000, TICK, AskSlice(2, 61, 120)))
    call, _ = advance(call, Reserved("a", 2, 120, more, short=False), 52_005)
    assert call.slices == (
        Slice(60, (600_000, 300_000), None),
        Slice(120, (1_200_000, 600_000), 50_005),
    )


def test_asterisk_is_not_told_before_the_slice_is_held() -> None:
    """Whatever happens while the reservation is on its way, the timer stays as it is."""
    asked = play(talking(), (52_000, TICK, AskSlice(2, 61, 120)))
    for event in (TICK, BRIDGED, RAISED, Armed(60), Seen(LEG, 10_000), RenewalStopped(None)):
        assert commands_of(asked, event, 52_100) == ()


def test_slices_are_whole_blocks() -> None:
    """60/7 and slices of 30 s from 60 s: the next block ends at 67 s, the slice at 95 s."""
    rate = a_rate(first_s=60, next_s=7)
    play(
        talking(terms=Terms(slice_s=30), rates=[rate]),
        (52_000, TICK, AskSlice(2, 67, 95)),
    )


def test_a_slice_shorter_than_the_lead_is_renewed_at_once() -> None:
    """Slices of 5 s, lead 10 s: asked for at the answer; armed only once the dialplan is done."""
    play(
        ringing(5, Terms(slice_s=5)),
        (2_000, ANSWER, Record(), AskSlice(2, 6, 10)),
        (2_010, held(2, 10), AskSlice(3, 15, 15)),
        (2_020, held(3, 15)),
        (2_030, BRIDGED, arm(15)),
    )


def test_without_a_bridge_the_dialplan_is_done_after_a_second() -> None:
    """The event that tells of the bridge is lost: armed 1 s after the answer."""
    call = play(
        ringing(5, Terms(slice_s=5)),
        (2_000, ANSWER, Record(), AskSlice(2, 6, 10)),
        (2_010, held(2, 10), AskSlice(3, 15, 15)),
        (2_020, held(3, 15)),
    )
    assert deadline_ms(call) == 3_000
    play(call, (2_999, TICK), (3_000, TICK, arm(15)))


def test_the_longest_wait_for_a_warning_counts_as_lead() -> None:
    """Warned 30 s before: whether this slice is the last must be known by then."""
    play(talking(terms=Terms(warn_before_s=30)), (32_000, TICK, AskSlice(2, 61, 120)))


def test_nothing_is_asked_for_while_it_rings() -> None:
    """The first slice waits for the answer, however long that takes."""
    call = play(ringing(5, Terms(slice_s=5)), (20_000, TICK), (34_999, RAISED))
    assert (call.phase, call.open_step) == (Phase.RINGING, None)


# The end of the credit.


def test_the_payer_is_warned_before_the_cut() -> None:
    """Nothing more at 52 s: warned at once, with 9.99 s left; cut by the timer at 62 s."""
    call = play(
        talking(),
        (52_000, TICK, AskSlice(2, 61, 120)),
        (52_010, refused(2), Record(), Warn(9_990)),
        (55_000, TICK),
    )
    assert (deadline_ms(call), call.exhausted) == (63_000, True)


def test_a_call_taken_up_while_its_paid_time_runs_asks_for_credit_once_more() -> None:
    """Somebody may have topped up meanwhile; after the paid time only the reason counts."""
    spent = replace(talking(terms=Terms(warn_before_s=0)), exhausted=True)
    assert not taken_up(spent, 61_999).exhausted
    assert why_cut(taken_up(spent, 62_000)) is EndedBy.CREDIT


def test_a_short_last_slice_is_warned_of_at_its_own_end() -> None:
    """30 s more are all there is: asked again at 82 s, and only then the payer is warned."""
    play(
        talking(),
        (52_000, TICK, AskSlice(2, 61, 120)),
        (52_010, held(2, 90), arm(90)),
        (82_000, TICK, AskSlice(3, 91, 150)),
        (82_010, refused(3), Record(), Warn(9_990)),
    )


def test_a_plan_without_a_warning_warns_of_nothing() -> None:
    """`warn_before_s` 0 is never."""
    play(
        talking(terms=Terms(warn_before_s=0)),
        (52_000, TICK, AskSlice(2, 61, 120)),
        (52_010, refused(2), Record()),
        (61_999, TICK),
    )


def test_the_daemon_hangs_up_one_second_after_the_paid_instant() -> None:
    """Asterisk's own timer should have ended it at 62 s; the second means comes at 63 s."""
    play(
        out_of_credit(),
        (62_999, TICK),
        (63_000, TICK, HangUp(LEG, EndedBy.CREDIT)),
        (64_999, TICK),
        (65_000, TICK, HangUp(LEG, EndedBy.CREDIT), Investigate()),
    )


def test_a_top_up_in_the_last_segment_lengthens_the_call_at_once() -> None:
    """At 60 s credit comes: asked for in the same moment, and armed as soon as it is held."""
    play(
        out_of_credit(),
        (60_000, RAISED, AskSlice(3, 120, 120)),
        (60_010, held(3, 120), arm(120)),
        (61_500, TICK),
        (112_000, TICK, AskSlice(4, 121, 180)),
        (112_010, refused(4), Record(), Warn(9_990)),
    )


def test_a_small_top_up_is_taken_block_by_block() -> None:
    """Less than a slice has come, others may wait for it too: one block, then the next."""
    play(
        out_of_credit(),
        (60_000, RAISED, AskSlice(3, 120, 120)),
        (60_010, refused(3), AskSlice(4, 61, 61)),
        (60_020, held(4, 61), arm(61), AskSlice(5, 62, 62)),
        (60_030, refused(5), Record()),
    )


def test_credit_that_comes_while_a_refusal_is_on_its_way_is_asked_for_again() -> None:
    """The refusal was decided before the top-up: no warning, a new question at once."""
    play(
        talking(),
        (52_000, TICK, AskSlice(2, 61, 120)),
        (52_005, RAISED),
        (52_010, refused(2), AskSlice(3, 61, 120)),
        (52_020, held(3, 120), arm(120)),
    )


def test_credit_that_comes_early_is_no_reason_to_ask() -> None:
    """A top-up at 20 s: the slice runs to 62 s and is renewed at 52 s as ever."""
    play(talking(), (20_000, RAISED), (51_999, TICK), (52_000, TICK, AskSlice(2, 61, 120)))


def test_credit_that_comes_twice_is_asked_for_as_a_whole_slice_again() -> None:
    """The refusal of what came first is no news of what came second."""
    play(
        out_of_credit(),
        (60_000, RAISED, AskSlice(3, 120, 120)),
        (60_001, RAISED),
        (60_010, refused(3), AskSlice(4, 120, 120)),
    )


# Sharing: whole slices ahead of time, what there is at one and the same lead, blocks when late.


def test_a_call_that_is_paid_ahead_leaves_the_last_credit_to_others() -> None:
    """Slices of 5 s: 10 s ahead a whole slice or nothing; 5 s ahead whatever there is."""
    play(
        talking_in_short_slices(),
        (7_000, TICK, AskSlice(4, 20, 20)),
        (7_010, refused(4)),
        (11_999, TICK),
        (12_000, TICK, AskSlice(5, 16, 20)),
        (12_010, held(5, 17), arm(17)),
        (13_999, TICK),
        (14_000, TICK, AskSlice(6, 18, 22)),
    )


def talking_in_short_slices() -> Call:
    """Slices of 5 s, no warning, paid to 17 s."""
    return play(
        ringing(5, Terms(slice_s=5, warn_before_s=0)),
        (2_000, ANSWER, Record(), AskSlice(2, 6, 10)),
        (2_010, held(2, 10), AskSlice(3, 15, 15)),
        (2_020, held(3, 15)),
        (2_030, BRIDGED, arm(15)),
        (2_040, Armed(15)),
    )


def test_a_slice_of_one_block_is_asked_for_twice_as_long_ahead_of_time() -> None:
    """Blocks and slices of 5 s: one block may go beyond a fair share, and the time for it is 5 s.

    Ahead of that two blocks or nothing; late, one block like everybody.
    """
    rate = a_rate(first_s=5, next_s=5)
    up = play(
        ringing(5, Terms(slice_s=5, warn_before_s=0), rates=[rate]),
        (2_000, ANSWER, Record(), AskSlice(2, 10, 10)),
        (2_010, held(2, 10), AskSlice(3, 20, 20)),
        (2_020, refused(3)),
        (2_030, BRIDGED, arm(10)),
        (2_040, Armed(10)),
    )
    play(up, (7_000, TICK, AskSlice(4, 15, 15)))
    play(up, (8_001, TICK, AskSlice(4, 15, 15)))


def test_with_slices_shorter_than_the_warning_the_payer_is_warned_early() -> None:
    """Slices of 5 s, warned 10 s before: no whole slice is left, so the end is near."""
    play(
        ringing(5, Terms(slice_s=5, warn_before_s=10)),
        (2_000, ANSWER, Record(), AskSlice(2, 6, 10)),
        (2_010, held(2, 10), AskSlice(3, 15, 15)),
        (2_020, refused(3), Warn(9_980)),
        (2_030, BRIDGED, arm(10)),
        (7_000, TICK, AskSlice(4, 11, 15)),
    )


def test_who_is_late_asks_for_a_whole_slice_and_then_for_blocks() -> None:
    """1 s behind its time: it must not outrun a call that waits for its own."""
    play(
        talking(),
        (53_001, TICK, AskSlice(2, 120, 120)),
        (53_010, refused(2), AskSlice(3, 61, 61)),
        (53_020, held(3, 61), arm(61), AskSlice(4, 62, 121)),
    )
