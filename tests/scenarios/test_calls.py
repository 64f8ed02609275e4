"""What people do with phones, and what they are charged for it.

Every call costs 0.01 a second, in blocks of 1 s unless a test says otherwise, so an amount in
hundredths is the number of seconds billed. The comments work the numbers out by hand.
"""

import pytest

from pbxcharge.core.plan import Terms
from tests.fakes.granted_call import a_rate
from tests.scenarios.story import Story

SHORT_SLICES = Terms(slice_s=5, warn_before_s=4)
"""Slices of 5 s, the payer warned 4 s before the cut."""


def test_a_call_is_cut_at_the_end_of_its_credit() -> None:
    """The payer is warned, Asterisk's own timer ends it at the paid instant, all is spent."""
    story = Story(
        """
        0.0   a  dials
        2.0   a  answers
        """,
        credit="0.90",
    )
    # 0.90 ÷ 0.01 = 90 s: slices of 60 s and 30 s; answered at 2 s, so cut at 92 s, warned at 82 s.
    assert story.record("a") == "ANSWERED 90 s, billed 90 s: 0.90, by credit, event"
    assert story.ended_s("a") == 92.0
    assert story.warned_s("a") == pytest.approx([82.0], abs=0.1)
    assert story.ledger == ["initial 0.90", "charge a -0.90"]
    assert story.balance == "0.00"


def test_an_early_hangup_gives_back_what_was_not_used() -> None:
    """Held is a slice, paid is the talk."""
    story = Story(
        """
        0.0   a  dials
        2.0   a  answers
        21.5  a  caller hangs up
        """,
        credit="5.00",
    )
    # 19.5 s of talk are 20 started seconds: 0.20 of the 0.60 held.
    assert story.record("a") == "ANSWERED 20 s, billed 20 s: 0.20, by caller, event"
    assert story.ledger == ["initial 5.00", "charge a -0.20"]
    assert story.balance == "4.80"


def test_a_long_call_costs_in_slices_what_it_costs_in_one_piece() -> None:
    """0.10 a minute at 60/6, 3 minutes and 1 s: three slices of 60 s and one of 60 more."""
    story = Story(
        """
        0.0    a  dials
        2.0    a  answers
        183.0  a  callee hangs up
        """,
        credit="5.00",
        rate=a_rate(price_per_minute=1, first_s=60, next_s=6),
    )
    # 181 s at 60/6: 60 + 21 × 6 = 186 s billed; 186 ÷ 60 × 1.00 = 3.10.
    assert story.record("a") == "ANSWERED 181 s, billed 186 s: 3.10, by callee, event"
    assert story.balance == "1.90"


def test_a_top_up_lengthens_a_call_also_in_its_last_segment() -> None:
    """Warned and about to be cut, the payer tops up; warned again before the new end."""
    story = Story(
        """
        0.0   a      dials
        2.0   a      answers
        61.0  alice  tops up 0.40
        """,
        credit="0.60",
    )
    # 0.60 + 0.40 = 100 s of talk: cut at 102 s instead of 62 s. Warned at 52 s and at 92 s.
    assert story.record("a") == "ANSWERED 100 s, billed 100 s: 1.00, by credit, event"
    assert story.warned_s("a") == pytest.approx([52.0, 92.0], abs=0.1)
    assert story.ledger == ["initial 0.60", "top_up 0.40", "charge a -1.00"]


def test_a_top_up_lengthens_a_call_that_uses_short_slices() -> None:
    """20 ms before the cut: the timer is moved in time."""
    story = Story(
        """
        0.0     a      dials
        1.0     a      answers
        20.980  alice  tops up 0.10
        """,
        credit="0.20",
        terms=SHORT_SLICES,
    )
    # 0.20 + 0.10 = 30 s of talk.
    assert story.record("a") == "ANSWERED 30 s, billed 30 s: 0.30, by credit, event"


def test_two_calls_share_what_is_left_and_end_together() -> None:
    """Begun 7 s apart, they spend all there was and end within one block."""
    story = Story(
        """
        0.0  a  dials
        0.5  a  answers
        7.0  b  dials
        7.5  b  answers
        """,
        credit="0.63",
        terms=SHORT_SLICES,
    )
    # 63 s of talk for two: a begins 7 s earlier, so 35 s and 28 s, both to 35.5 s.
    assert story.record("a") == "ANSWERED 35 s, billed 35 s: 0.35, by credit, event"
    assert story.record("b") == "ANSWERED 28 s, billed 28 s: 0.28, by credit, event"
    assert story.balance == "0.00"


def test_the_second_call_goes_on_with_what_the_first_gives_back() -> None:
    """Both have taken their last; one hangs up, and its rest lengthens the other at once."""
    story = Story(
        """
        0.0   a  dials
        0.0   b  dials
        1.0   a  answers
        1.0   b  answers
        56.0  a  caller hangs up
        """,
        credit="1.20",
    )
    # Two slices of 60 s take all. a talks 55 s and gives back 0.05: b talks 60 + 5 = 65 s.
    assert story.record("a") == "ANSWERED 55 s, billed 55 s: 0.55, by caller, event"
    assert story.record("b") == "ANSWERED 65 s, billed 65 s: 0.65, by credit, event"
    assert story.balance == "0.00"


def test_without_credit_for_the_first_segment_there_is_no_call() -> None:
    """0.59 for a first block of 60 s."""
    story = Story("0.0 a dials", credit="0.59", rate=a_rate(first_s=60))
    assert story.record("a") == "NOT ALLOWED, not_enough_credit"
    assert (story.ledger, story.balance) == (["initial 0.59"], "0.59")


@pytest.mark.parametrize(
    ("what", "disposition"),
    [("is busy", "BUSY"), ("does not answer", "NO ANSWER"), ("caller hangs up", "NO ANSWER")],
)
def test_a_call_that_nobody_answers_is_free(what: str, disposition: str) -> None:
    """What was held for it is back."""
    story = Story(f"0.0 a dials\n 9.0 a {what}", credit="1.00")
    by = "caller" if what == "caller hangs up" else "None"
    assert story.record("a") == f"{disposition} 0 s, billed 0 s: 0.00, by {by}, event"
    assert (story.ledger, story.balance) == (["initial 1.00"], "1.00")


def test_a_phone_rings_no_longer_than_its_lease() -> None:
    """Ring limit 30 s and a first slice of 60 s: Asterisk itself gives up."""
    story = Story("0.0 a dials", credit="1.00")
    assert story.ended_s("a") == 90.0
    assert story.record("a").startswith("NO ANSWER 0 s")


def test_a_call_that_comes_in_is_cut_at_the_end_of_its_credit() -> None:
    """Its leg is there before the answer; everything else is as for a call that goes out."""
    story = Story(
        """
        0.0   a  comes in
        2.0   a  answers
        """,
        credit="0.90",
    )
    assert story.record("a") == "ANSWERED 90 s, billed 90 s: 0.90, by credit, event"
    assert story.ended_s("a") == 92.0


def test_a_call_that_came_in_goes_on_after_a_restart() -> None:
    """The daemon is away for 5 s in mid-call, and renews in time."""
    story = Story(
        """
        0.0   a       comes in
        2.0   a       answers
        45.0  daemon  dies
        50.0  daemon  starts
        75.0  a       callee hangs up
        """,
        credit="5.00",
    )
    assert story.record("a") == "ANSWERED 73 s, billed 73 s: 0.73, by callee, event"


def test_a_call_that_came_in_and_ended_unseen_is_charged_by_what_was_written() -> None:
    """It rang, was answered and hung up while the daemon was away: the spool has both."""
    story = Story(
        """
        0.0   a       comes in
        1.0   daemon  dies
        2.0   a       answers
        12.0  a       caller hangs up
        20.0  daemon  starts
        """,
        credit="5.00",
    )
    record = story.record("a")
    assert record.startswith("ANSWERED 10 s, billed 10 s: 0.10")
    assert record.endswith("spool")
