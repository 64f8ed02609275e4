"""What calls cost while the daemon, the link or a timer is away.

Every call costs 0.01 a second, in blocks of 1 s unless a test says otherwise, so an amount in
hundredths is the number of seconds billed. The comments work the numbers out by hand.
"""

import pytest

from tests.scenarios.story import Story


def test_a_daemon_that_is_back_within_the_lease_is_not_missed() -> None:
    """Killed at 50 s, back at 58 s: renewed before the paid time is over."""
    story = Story(
        """
        0.0    a       dials
        2.0    a       answers
        50.0   daemon  dies
        58.0   daemon  starts
        100.0  a       caller hangs up
        """,
        credit="5.00",
    )
    assert story.record("a") == "ANSWERED 98 s, billed 98 s: 0.98, by caller, event"


def test_a_daemon_that_stays_away_costs_no_free_talk() -> None:
    """Asterisk ends the call at the paid instant; the record comes when the daemon does."""
    story = Story(
        """
        0.0    a       dials
        2.0    a       answers
        20.0   daemon  dies
        300.0  daemon  starts
        """,
        credit="5.00",
    )
    assert story.ended_s("a") == 62.0
    assert story.record("a") == "ANSWERED 60 s, billed 60 s: 0.60, by lease, spool"


def test_a_daemon_that_dies_while_it_rings_costs_no_free_talk() -> None:
    """Answered and ended while nobody listened: both instants are in the spool."""
    story = Story(
        """
        0.0    a       dials
        1.0    daemon  dies
        5.0    a       answers
        300.0  daemon  starts
        """,
        credit="5.00",
    )
    assert story.ended_s("a") == 65.0
    assert story.record("a") == "ANSWERED 60 s, billed 60 s: 0.60, by lease, spool"


def test_a_hangup_while_the_daemon_is_away_is_charged_to_its_instant() -> None:
    """18 s of talk, of which the daemon saw neither begin nor end."""
    story = Story(
        """
        0.0   a       dials
        1.0   daemon  dies
        5.0   a       answers
        23.0  a       caller hangs up
        40.0  daemon  starts
        """,
        credit="5.00",
    )
    # 5 s to 23 s; the spool names no party here.
    assert story.record("a") == "ANSWERED 18 s, billed 18 s: 0.18, by unknown, spool"
    assert story.balance == "4.82"


def test_a_broken_link_is_made_up_for_at_the_next_login() -> None:
    """Answer and bridge are missed in 10 s without AMI; the call is renewed all the same."""
    story = Story(
        """
        0.0    a    dials
        1.0    ami  breaks
        5.0    a    answers
        15.0   ami  works
        100.0  a    callee hangs up
        """,
        credit="5.00",
    )
    assert story.record("a") == "ANSWERED 95 s, billed 95 s: 0.95, by callee, event"


def test_a_link_that_stays_broken_ends_the_call_at_what_asterisk_was_told() -> None:
    """The next slice is held, but Asterisk cannot be told of it: the old lease ends the call."""
    story = Story(
        """
        0.0    a    dials
        2.0    a    answers
        50.0   ami  breaks
        100.0  ami  works
        """,
        credit="5.00",
    )
    assert story.ended_s("a") == 62.0
    assert story.record("a") == "ANSWERED 60 s, billed 60 s: 0.60, by lease, spool"


def test_a_leg_that_lost_its_timer_is_armed_again_by_the_next_check() -> None:
    """Checked every 30 s: the cut comes at the paid instant by Asterisk's own timer."""
    story = Story(
        """
        0.0   a  dials
        2.0   a  answers
        10.0  a  loses its timer
        """,
        credit="0.60",
        checked=True,
    )
    assert story.ended_s("a") == 62.0
    assert story.record("a") == "ANSWERED 60 s, billed 60 s: 0.60, by credit, event"


def test_without_any_timer_the_daemon_itself_ends_the_call() -> None:
    """The second means, 1 s after the paid instant: that second is told, not charged."""
    story = Story(
        """
        0.0   a  dials
        2.0   a  answers
        61.0  a  loses its timer
        """,
        credit="0.60",
    )
    assert story.ended_s("a") == pytest.approx(63.0, abs=0.05)
    assert story.record("a") == "ANSWERED 61 s, billed 60 s, 1 s unpaid: 0.60, by credit, event"
