"""Calls from the public network on a real Asterisk: the trunk's own leg is what is metered."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.asterisk.conftest import Scripted
from tests.asterisk.harness import (
    Answerer,
    AsteriskInstance,
    FarEnd,
    Handset,
    HandsetCall,
    Verdict,
    denial,
)

ANSWERS = FarEnd.answers(after_s=0.2)
LATE_S = 1.0
EARLY_S = 0.003
CALLER = "441632960961"
SITE = """
[menu]
exten => _X.,1,UserEvent(Menu,Number: ${EXTEN})
 same => n,Wait(20)
[old-menu]
exten => s,1,Wait(20)
[swallows]
exten => _X.,1,Wait(20)
exten => T,1,Wait(20)
[swallows-all]
exten => _.,1,Wait(20)
[errors]
exten => _X.,1,Wait(20)
exten => e,1,Wait(20)
[twice]
exten => _X.,1,Goto(pbxc-in,${EXTEN},1)
[pick-up]
exten => _*8.,1,PickupChan(PJSIP/${EXTEN:2},p)
include => pbxc-out
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site() -> AsyncIterator[Scripted]:
    """A site with menus, good ones and bad ones."""
    async with (
        AsteriskInstance(dialplan=SITE, phone_context="pick-up") as instance,
        await Answerer().open(instance.agi_port) as answerer,
    ):
        yield Scripted(instance, answerer)


async def bring_in(
    site: Scripted, verdict: Verdict, phone: Handset | None = None
) -> tuple[str, HandsetCall]:
    """A call from the carrier to a number of the house; the phone, if there is one, answers."""
    number = site.asterisk.number()
    site.answerer.says(number, verdict)
    if phone is not None and phone.usually.code is None:
        phone.usually = ANSWERS
    return number, site.asterisk.carrier.call(number, CALLER)


async def test_a_phone_is_called_and_the_trunks_leg_is_metered(site: Scripted) -> None:
    """2 s are paid: the carrier's own leg lives 2 s after the phone has answered, and says so."""
    phone = await site.asterisk.handset()
    _, call = await bring_in(site, Verdict.rings("in-1", phone.extension, "2"), phone)
    await call.trace.until_over()
    observer = site.asterisk.observer
    leg = await observer.leg_of("in-1")
    assert leg == (await observer.wait_for("Newchannel", Exten=call.trace.number))["Uniqueid"]
    assert 2 - EARLY_S <= await observer.ended(leg) - await observer.answered(leg) < 2 + LATE_S
    assert call.trace.bye_sent is False
    assert not (await (await phone.ring()).trace.until("BYE")).sent
    kind, call_id, answered, *_ = (await site.asterisk.spool())[leg]
    assert (kind, call_id) == ("end", "in-1")
    assert abs(float(answered) - call.trace.at("200")) < LATE_S


async def test_the_question_names_the_trunk_and_who_calls(site: Scripted) -> None:
    """Trunk, number as it came, way, linkedid, and the caller's number."""
    phone = await site.asterisk.handset()
    number, call = await bring_in(site, Verdict.rings("in-2", phone.extension, "1"), phone)
    await call.trace.until_over()
    (asked,) = site.answerer.asked(number)
    said = [asked[f"agi_arg_{n}"] for n in range(1, 6)]
    assert said == ["carrier", number, "incoming", asked["agi_uniqueid"], CALLER]


async def test_a_caller_without_a_number_is_asked_for_all_the_same(site: Scripted) -> None:
    """What is no number in the caller's name is left out: four arguments and an empty fifth."""
    phone = await site.asterisk.handset()
    number = site.asterisk.number()
    site.answerer.says(number, Verdict.rings("in-3", phone.extension, "1"))
    phone.usually = ANSWERS
    await site.asterisk.carrier.call(number, "anonymous").trace.until_over()
    (asked,) = site.answerer.asked(number)
    assert asked.get("agi_arg_5", "") == ""


async def test_ringing_is_bounded_before_anybody_answers(site: Scripted) -> None:
    """Ring limit 30 s, lease 1.25 s: the carrier's leg ends by its own timer while it rings."""
    phone = await site.asterisk.handset()
    phone.usually = FarEnd.never_answers()
    number = site.asterisk.number()
    verdict = Verdict("in-4", f"PJSIP/{phone.extension}", "30", "1.25", to=phone.extension)
    site.answerer.says(number, verdict)
    call = site.asterisk.carrier.call(number)
    await call.trace.until_over()
    ring = await phone.ring()
    cancelled = await ring.trace.until("CANCEL")
    assert 1.2 <= cancelled.at_epoch_s - ring.trace.at("INVITE") < 1.25 + LATE_S


@pytest.mark.parametrize(("says", "hears"), [(486, 486), (480, 480), (404, 404)])
async def test_the_caller_hears_what_the_phone_said(site: Scripted, says: int, hears: int) -> None:
    """Busy is busy; the end is written down without an answer."""
    phone = await site.asterisk.handset()
    phone.usually = FarEnd.refuses(says)
    number = site.asterisk.number()
    site.answerer.says(number, Verdict.rings(f"in-says-{says}", phone.extension))
    call = site.asterisk.carrier.call(number)
    assert (await call.trace.until_over()).final_code == hears
    leg = await site.asterisk.observer.leg_of(f"in-says-{says}")
    await site.asterisk.observer.ended(leg)
    assert (await site.asterisk.spool())[leg][:3] == ["end", f"in-says-{says}", ""]


@pytest.mark.parametrize("code", [480, 404, 403])
async def test_a_denial_rings_nobody(site: Scripted, code: int) -> None:
    """The carrier gets the daemon's answer, and nothing is written down."""
    number, call = await bring_in(site, denial(code))
    assert (await call.trace.until_over()).final_code == code
    assert number not in [entry[2] for entry in (await site.asterisk.spool()).values()]


async def test_a_silent_daemon_lets_nobody_in(site: Scripted) -> None:
    """503 after 3 s, and the attempt is written down in the trunk's name."""
    number = site.asterisk.number()
    site.answerer.hangs(number)
    call = site.asterisk.carrier.call(number)
    assert (await call.trace.until_over()).final_code == 503
    entry = next(e for e in (await site.asterisk.spool()).values() if e[2] == number)
    assert entry[:2] == ["deny", "carrier"]


@pytest.mark.parametrize("called", ["44,5", "44%225", "44&PJSIP", "44a"])
async def test_a_number_with_anything_else_in_it_is_refused_unasked(
    site: Scripted, called: str
) -> None:
    """404 before anybody is asked."""
    asked = len(site.answerer.requests)
    call = site.asterisk.carrier.call(called)
    assert (await call.trace.until_over()).final_code == 404
    assert len(site.answerer.requests) == asked


async def test_a_menu_is_paid_from_the_answer_of_the_trunks_leg(site: Scripted) -> None:
    """2 s are paid: the caller is in the menu for 2 s, counted from the carrier's 200."""
    number, call = await bring_in(site, Verdict("in-menu", "menu", lease_s="2"))
    await call.trace.until_over()
    observer = site.asterisk.observer
    menu = await observer.wait_for("UserEvent", UserEvent="Menu", Number=number)
    leg = await observer.leg_of("in-menu")
    assert menu["Uniqueid"] == leg
    lasted_s = await observer.ended(leg) - await observer.answered(leg)
    assert 2 - EARLY_S <= lasted_s < 2 + LATE_S
    assert call.trace.talk_s < 2 + LATE_S
    answered = float((await site.asterisk.spool())[leg][2])
    # Asterisk waits for sound before it goes on; the paid time does not.
    assert -0.1 < call.trace.at("200") - answered < 0.3


async def test_who_leaves_a_menu_at_once_has_been_answered(site: Scripted) -> None:
    """Asterisk still waits for sound when the caller hangs up: the answer is written down."""
    _, call = await bring_in(site, Verdict("in-and-out", "menu", lease_s="5"))
    await call.trace.until("200")
    call.hang_up()
    leg = await site.asterisk.observer.leg_of("in-and-out")
    await site.asterisk.observer.wait_for("Hangup", Uniqueid=leg)
    kind, call_id, answered, ended, *_ = (await site.asterisk.spool())[leg]
    assert (kind, call_id) == ("end", "in-and-out")
    assert 0 <= float(ended) - float(answered) < LATE_S


async def test_a_context_with_one_way_in_is_reached_by_it(site: Scripted) -> None:
    """A menu that knows no number but `s` is entered there."""
    _, call = await bring_in(site, Verdict("in-s", "old-menu", lease_s="1"))
    assert (await call.trace.until_over()).bye_sent is False
    assert call.trace.talk_s < 1 + LATE_S


@pytest.mark.parametrize("context", ["swallows", "swallows-all", "errors", "missing"])
async def test_a_context_that_would_swallow_the_cut_off_is_not_entered(
    site: Scripted, context: str
) -> None:
    """With a T or an e there Asterisk would clear the timer: such a call is refused instead."""
    _, call = await bring_in(site, Verdict(f"in-{context}", context, lease_s="1"))
    assert (await call.trace.until_over()).final_code == 503
    leg = await site.asterisk.observer.leg_of(f"in-{context}")
    await site.asterisk.observer.ended(leg)
    assert (await site.asterisk.spool())[leg][:3] == ["end", f"in-{context}", ""]
    assert f"context {context} of" in site.asterisk.log()


async def test_one_leg_is_one_call(site: Scripted) -> None:
    """A menu sends its caller to another number of the house: the leg is paid already, it ends."""
    number, call = await bring_in(site, Verdict("in-twice", "twice", lease_s="30"))
    await call.trace.until_over(5)
    assert len(site.answerer.asked(number)) == 1
    leg = await site.asterisk.observer.leg_of("in-twice")
    await site.asterisk.observer.ended(leg)
    assert (await site.asterisk.spool())[leg][:2] == ["end", "in-twice"]


async def test_the_lease_starts_at_the_answer_whoever_picks_up(site: Scripted) -> None:
    """A colleague picks the ringing phone's call up: 2 s are paid, and 2 s are talked."""
    phone, colleague = await site.asterisk.handset(), await site.asterisk.handset()
    phone.usually = FarEnd.never_answers()
    number = site.asterisk.number()
    site.answerer.says(number, Verdict.rings("in-pick", phone.extension, "2"))
    call = site.asterisk.carrier.call(number)
    await (await phone.ring()).trace.until("180")
    colleague.call(f"*8{phone.extension}")
    await call.trace.until("200")
    leg = await site.asterisk.observer.leg_of("in-pick")
    async with await site.asterisk.manager() as ami:
        left = await ami.action("Getvar", Channel=leg, Variable="TIMEOUT(absolute)")
    # The timer is the trunk's own, and not that of who picked up.
    assert 0 < float(left["Value"]) <= 2
    await call.trace.until_over()
    observer = site.asterisk.observer
    assert 2 - EARLY_S <= await observer.ended(leg) - await observer.answered(leg) < 2 + LATE_S


async def test_a_phone_that_moved_is_not_followed(site: Scripted) -> None:
    """302 is no way to make a trunk's leg dial out: nobody else is called."""
    phone = await site.asterisk.handset()
    other = site.asterisk.number()
    site.asterisk.carrier.plan(other, ANSWERS)
    phone.usually = FarEnd.moves(f"sip:{other}@carrier")
    _, call = await bring_in(site, Verdict.rings("in-moved", phone.extension), phone)
    assert (await call.trace.until_over()).final_code == 480
    assert site.asterisk.carrier.legs(other) == []


async def test_a_caller_from_outside_is_transferred_by_who_pays_for_it(site: Scripted) -> None:
    """Bob sends an outside caller on to a mobile: the question names Bob, not the trunk."""
    phone, mobile = await site.asterisk.handset(), site.asterisk.number()
    site.asterisk.carrier.plan(mobile, ANSWERS)
    site.answerer.says(mobile, Verdict(call_id="in-onward", lease_s="1"))
    _, call = await bring_in(site, Verdict.rings("in-first", phone.extension, "20"), phone)
    leg = await site.asterisk.observer.leg_of("in-first")
    await site.asterisk.observer.wait_for("BridgeEnter", Uniqueid=leg)
    ring = await phone.ring()
    await ring.trace.until("ACK")
    ring.transfer(mobile)
    await site.asterisk.carrier.leg(mobile)
    (asked,) = site.answerer.asked(mobile)
    assert (asked["agi_arg_1"], asked["agi_arg_3"]) == (phone.extension, "outgoing")
    await call.trace.until_over()
    assert (await site.asterisk.spool())[leg][:2] == ["end", "in-first"]
