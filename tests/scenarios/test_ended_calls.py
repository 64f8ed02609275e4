"""What ends calls beside the end of credit: status, orders, limits.

Every call costs 0.01 a second, in blocks of 1 s unless a test says otherwise, so an amount in
hundredths is the number of seconds billed. The comments work the numbers out by hand.
"""

from dataclasses import replace

from pbxcharge.core.limits import UNLIMITED
from pbxcharge.core.plan import Terms
from tests.scenarios.story import Story


def test_a_suspended_account_ends_its_call_at_the_paid_instant() -> None:
    """Suspended in the middle: no renewal, a warning, and nothing unpaid."""
    story = Story(
        """
        0.0   a      dials
        2.0   a      answers
        20.0  alice  is suspended
        """,
        credit="5.00",
    )
    # The first slice of 60 s is paid; 0.60, and it ends at 62 s.
    assert story.record("a") == "ANSWERED 60 s, billed 60 s: 0.60, by account_status, event"
    assert story.warned_s("a") == [52.0]


def test_a_suspension_is_not_forgotten_by_a_restart() -> None:
    """The daemon dies after it, and comes back before the slice would be renewed."""
    story = Story(
        """
        0.0   a       dials
        2.0   a       answers
        20.0  alice   is suspended
        30.0  daemon  dies
        35.0  daemon  starts
        """,
        credit="5.00",
    )
    assert story.record("a") == "ANSWERED 60 s, billed 60 s: 0.60, by account_status, event"


def test_an_account_that_is_active_again_in_time_talks_on() -> None:
    """Suspended and reinstated within the paid time: the payer notices nothing."""
    story = Story(
        """
        0.0   a      dials
        2.0   a      answers
        20.0  alice  is suspended
        50.0  alice  is active
        80.0  a      callee hangs up
        """,
        credit="5.00",
    )
    assert story.record("a") == "ANSWERED 78 s, billed 78 s: 0.78, by callee, event"
    assert story.warned_s("a") == []


def test_a_blocked_account_ends_its_call_at_once() -> None:
    """Charged to that moment."""
    story = Story(
        """
        0.0   a      dials
        2.0   a      answers
        20.0  alice  is blocked
        """,
        credit="5.00",
    )
    # Blocked after 18 s; the hangup takes 2 ms, less than the 100 ms that begin a second.
    assert story.record("a") == "ANSWERED 18 s, billed 18 s: 0.18, by account_status, event"


def test_the_operator_ends_a_call() -> None:
    """Also one that still rings."""
    story = Story(
        """
        0.0   a         dials
        1.0   b         dials
        2.0   a         answers
        20.0  operator  ends all calls
        """,
        credit="5.00",
    )
    assert story.record("a") == "ANSWERED 18 s, billed 18 s: 0.18, by operator, event"
    assert story.record("b") == "NO ANSWER 0 s, billed 0 s: 0.00, by operator, event"


def test_a_lowered_balance_keeps_what_is_held() -> None:
    """The call ends at its paid instant, and the balance goes below zero by nobody's talk."""
    story = Story(
        """
        0.0   a      dials
        2.0   a      answers
        20.0  alice  loses 0.80
        """,
        credit="1.00",
    )
    # 0.60 were held before 0.80 were taken: 1.00 - 0.80 - 0.60 = -0.40.
    assert story.record("a") == "ANSWERED 60 s, billed 60 s: 0.60, by credit, event"
    assert story.balance == "-0.40"


def test_a_call_ends_at_the_longest_that_the_plan_allows() -> None:
    """90 s, with credit for much more."""
    story = Story("0.0 a dials\n 2.0 a answers", credit="5.00", terms=Terms(call_max_s=90))
    assert story.record("a") == "ANSWERED 90 s, billed 90 s: 0.90, by limit, event"
    assert story.warned_s("a") == [82.0]


def test_a_call_ends_when_a_limit_lets_it_spend_no_more() -> None:
    """0.75 an hour, with credit for much more: 75 s, after the warning, and a limit ended it."""
    limits = replace(UNLIMITED, spend_per_hour_micros=750_000)
    story = Story("0.0 a dials\n 2.0 a answers", credit="5.00", limits=limits)
    assert story.record("a") == "ANSWERED 75 s, billed 75 s: 0.75, by limit, event"
    assert [int(at_s) for at_s in story.warned_s("a")] == [67]


def test_a_limit_that_was_reached_is_not_forgotten_by_a_restart() -> None:
    """The daemon dies in the last slice and is back in it: the record still says why it was."""
    limits = replace(UNLIMITED, spend_per_day_micros=600_000)
    story = Story(
        """
        0.0   a       dials
        2.0   a       answers
        54.0  daemon  dies
        58.0  daemon  starts
        """,
        credit="5.00",
        limits=limits,
    )
    assert story.record("a") == "ANSWERED 60 s, billed 60 s: 0.60, by limit, event"


def test_calls_of_a_limited_account_spend_no_more_together() -> None:
    """1.50 an hour for two calls at once: they share it as they would share their credit."""
    story = Story(
        """
        0.0  a  dials
        0.0  b  dials
        2.0  a  answers
        2.0  b  answers
        """,
        credit="5.00",
        limits=replace(UNLIMITED, spend_per_hour_micros=1_500_000),
    )
    for call in "ab":
        assert story.record(call) == "ANSWERED 75 s, billed 75 s: 0.75, by limit, event"


def test_as_many_calls_as_the_plan_allows_and_no_more() -> None:
    """The third of two at once is refused; it may try again when one has ended."""
    story = Story(
        """
        0.0   a  dials
        0.0   b  dials
        1.0   c  dials
        5.0   a  caller hangs up
        6.0   d  dials
        7.0   b  caller hangs up
        8.0   d  caller hangs up
        """,
        credit="5.00",
        limits=replace(UNLIMITED, concurrent_calls=2),
    )
    assert story.record("c") == "NOT ALLOWED, concurrent_calls"
    assert story.record("d").startswith("NO ANSWER")
