"""Where the payer goes when the credit ends: the rows are those of the call machine's tests."""

from dataclasses import replace

import pytest

from pbxcharge.core.attempt import Attempt, Leg
from pbxcharge.core.call import Call, advance, deadline_ms
from pbxcharge.core.call_events import (
    AfterFailed,
    Armed,
    ArmTimeout,
    AskSlice,
    Bridged,
    CreditRaised,
    EndOrdered,
    HangUp,
    Record,
    RenewalStopped,
    SetAfter,
    Tick,
    Unknown,
)
from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.plan import Terms
from pbxcharge.core.recovery import taken_up
from tests.fakes.call_rows import ANSWER, held, play, refused, ringing
from tests.fakes.granted_call import CALLER, LEG, SETUP_AT_US

MENU = Terms(warn_before_s=0, after="topup")
RAISED, TICK = CreditRaised(), Tick()


def after(through_s: int) -> SetAfter:
    """The payer goes on after this much talk; the call was answered at 2 s."""
    return SetAfter(CALLER, "topup", through_s, SETUP_AT_US + (2 + through_s) * 1_000_000)


NOWHERE = SetAfter(CALLER, "", 0, SETUP_AT_US + 2_000_000)


def out_of_credit(terms: Terms = MENU) -> Call:
    """Paid to 62 s, and refused at 52 s: the payer is told where to go on, once."""
    told = (after(60),) if terms.after else ()
    return play(
        ringing(60, terms),
        (2_000, ANSWER, Record()),
        (2_001, Bridged()),
        (52_000, TICK, AskSlice(2, 61, 120)),
        (52_010, refused(2), Record(), *told),
        (55_000, TICK),
    )


def test_the_payer_goes_on_when_the_credit_ends() -> None:
    """Told with the last slice, ten seconds before its end; nothing more is due until then."""
    assert deadline_ms(out_of_credit()) == 63_000


def test_without_a_context_the_payers_leg_is_told_nothing() -> None:
    """`action: hang_up`."""
    play(out_of_credit(Terms(warn_before_s=0)), (63_000, TICK, HangUp(LEG, EndedBy.CREDIT)))


def test_a_top_up_takes_it_back_before_the_timer_is_moved() -> None:
    """A daemon that dies between the two leaves a plain hangup."""
    play(
        out_of_credit(),
        (60_000, RAISED, AskSlice(3, 120, 120)),
        (60_010, held(3, 120), NOWHERE, ArmTimeout(LEG, 122_000, 120)),
        (60_020, Armed(120)),
    )


def test_credit_that_is_not_enough_changes_nothing() -> None:
    """Another call gave something back, less than a block: the payer still goes on."""
    play(
        out_of_credit(),
        (60_000, RAISED, AskSlice(3, 120, 120)),
        (60_010, refused(3), AskSlice(4, 61, 61)),
        (60_020, refused(4), Record()),
    )


@pytest.mark.parametrize(
    ("event", "commands"),
    [
        (RenewalStopped(EndedBy.STATUS), (Record(), NOWHERE)),
        (EndOrdered(EndedBy.OPERATOR), (Record(), NOWHERE, HangUp(LEG, EndedBy.OPERATOR))),
    ],
)
def test_another_end_sends_nobody_on(
    event: RenewalStopped | EndOrdered, commands: tuple[object, ...]
) -> None:
    """Suspended, or ended by the operator: it is taken back before anything else is done."""
    play(out_of_credit(), (60_000, event, *commands))


def test_the_end_of_the_longest_call_sends_nobody_on() -> None:
    """The plan allows 60 s, and they are paid."""
    play(
        ringing(60, replace(MENU, call_max_s=60)),
        (2_000, ANSWER, Record()),
        (2_001, Bridged()),
        (61_999, TICK),
        (63_000, TICK, HangUp(LEG, EndedBy.LIMIT)),
    )


def test_what_asterisk_did_not_take_is_told_again() -> None:
    """Half a second later, and only if it is still what holds."""
    play(
        out_of_credit(),
        (55_010, AfterFailed(60)),
        (55_509, TICK),
        (55_510, TICK, after(60)),
        (55_600, AfterFailed(0)),
    )


def test_what_could_not_be_taken_back_is_taken_back_again() -> None:
    """An operator's end does not wait for its next hangup, 2 s later, to say that it is one.

    Seen failing with a `deadline_ms` that only knows the next hangup then.
    """
    call = play(
        out_of_credit(),
        (60_000, EndOrdered(EndedBy.OPERATOR), Record(), NOWHERE, HangUp(LEG, EndedBy.OPERATOR)),
        (60_010, AfterFailed(0)),
    )
    assert deadline_ms(call) == 60_510
    play(call, (60_510, TICK, NOWHERE))


def test_credit_that_comes_after_the_paid_instant_changes_nothing() -> None:
    """The leg's timer was lost: the call is ended by the daemon, for the credit, and goes on.

    Seen failing with a `_credit_raised` that does not look at the paid instant.
    """
    call = play(out_of_credit(), (62_500, RAISED), (63_000, TICK, HangUp(LEG, EndedBy.CREDIT)))
    assert call.after_s == 60


def test_credit_that_could_not_be_held_in_time_takes_nothing_back() -> None:
    """Nobody knows whether it would have been enough; the payer is where he can ask for more."""
    call = play(
        out_of_credit(),
        (61_900, RAISED, AskSlice(3, 120, 120)),
        (61_990, Unknown(3)),
        (62_490, TICK),
        (63_000, TICK, HangUp(LEG, EndedBy.LEASE)),
    )
    assert call.after_s == 60


def test_a_daemon_that_starts_takes_back_what_another_one_may_have_set() -> None:
    """Credit may have come meanwhile: asked for once more, and told again if there is none."""
    play(
        taken_up(out_of_credit(), 56_000),
        (56_000, TICK, NOWHERE, AskSlice(3, 61, 61)),
        (56_010, refused(3), Record(), after(60)),
    )


@pytest.mark.parametrize(
    ("channel", "endpoint", "direction", "found"),
    [
        ("PJSIP/alice-0000001a", "alice", "outgoing", True),
        ("PJSIP/alice-desk-0000001a", "alice", "outgoing", False),
        ("PJSIP/carrier-0000001a", "alice", "outgoing", False),
        ("Local/alice@pbxc-ring-0000001a;2", "alice", "outgoing", False),
        ("PJSIP/carrier-0000001a", "carrier", "incoming", False),
    ],
)
def test_only_a_phone_that_dialled_for_itself_goes_on(
    channel: str, endpoint: str, direction: str, found: bool
) -> None:
    """Nobody else's caller is sent into the payer's menu."""
    leg = Leg("1.2", channel)
    known = ringing().granted.attempt
    asked: Attempt = replace(known, caller=leg, endpoint=endpoint, direction=direction)
    assert asked.payers_leg == (leg if found else None)


def test_a_forwarded_call_tells_nobody_where_to_go() -> None:
    """The caller of a forward is somebody else's."""
    call = out_of_credit(Terms(warn_before_s=0))
    granted = call.granted
    local = replace(granted.attempt, caller=Leg("1.3", "Local/alice@pbxc-ring-00000001;2"))
    rating = replace(granted.rating, terms=MENU)
    moved = replace(call, granted=replace(granted, attempt=local, rating=rating))
    assert advance(moved, TICK, 56_000)[1] == ()
