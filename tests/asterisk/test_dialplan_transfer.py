"""A paid leg that is transferred asks again: it neither loses nor gains paid time by that."""

import pytest

from tests.asterisk.conftest import Scripted
from tests.asterisk.harness import Answerer, AsteriskInstance, FarEnd, HandsetCall, Verdict

ANSWERS = FarEnd.answers(after_s=0.2)
# Without the rest of its lease the leg would live 1 s longer at least.
LATE_S = 0.9
# The rest of the lease is read and set in whole milliseconds, and the timer counts in them too.
EARLY_S = 0.003


async def transfer(
    scripted: Scripted, call_id: str, lease_s: str, to: str = ""
) -> tuple[HandsetCall, str]:
    """A phone calls out with this lease and, once talking, sends the far end to a second number."""
    asterisk = scripted.asterisk
    first, second = asterisk.number(), to or asterisk.number()
    call = await scripted.dial(first, ANSWERS, Verdict(call_id=call_id, lease_s=lease_s))
    asterisk.carrier.plan(second, ANSWERS)
    leg = await asterisk.observer.leg_of(call_id)
    linkedid = (await asterisk.observer.wait_for("DialBegin", DestUniqueid=leg))["Linkedid"]
    # Before both legs are in the bridge there is nobody to transfer.
    await asterisk.observer.wait_for("BridgeEnter", Linkedid=linkedid, BridgeNumChannels="2")
    call.transfer(second)
    return call, second


async def test_a_transferred_leg_ends_at_its_own_paid_instant(scripted: Scripted) -> None:
    """3 s paid, transferred at once, the daemon answers after 1 s: 3 s of talk, not 4, not 30."""
    call, second = await transfer(scripted, "moved-on", "3")
    scripted.answerer.says(second, Verdict(call_id="second", lease_s="30"), after_s=1.0)
    observer = scripted.asterisk.observer
    leg = await observer.leg_of("moved-on")
    assert (await scripted.asterisk.carrier.leg(second)).trace.number == second
    talk_s = await observer.ended(leg) - await observer.answered(leg)
    assert 3 - EARLY_S <= talk_s < 3 + LATE_S
    # What the first leg was talking to has nobody left.
    far_end = scripted.asterisk.carrier.trace(second)
    assert (await far_end.until("BYE", 5)).sent is False
    # The second authorization made other variables; the end is still the first call's.
    assert (await scripted.asterisk.spool())[leg][:2] == ["end", "moved-on"]
    assert call.trace.first("202", "REFER") is not None


@pytest.mark.parametrize("answer_after_s", [1.2, 60.0])
async def test_a_transferred_leg_ends_while_the_daemon_thinks(
    scripted: Scripted, answer_after_s: float
) -> None:
    """1 s paid and a daemon that takes longer: the leg ends when it is due, and reaches nobody."""
    _, second = await transfer(scripted, f"late{answer_after_s:.0f}", "1")
    scripted.answerer.says(second, Verdict(call_id="never"), after_s=answer_after_s)
    observer = scripted.asterisk.observer
    leg = await observer.leg_of(f"late{answer_after_s:.0f}")
    talk_s = await observer.ended(leg) - await observer.answered(leg)
    assert 1 - EARLY_S <= talk_s < 1 + LATE_S
    assert scripted.asterisk.carrier.legs(second) == []


async def test_a_transfer_cannot_leave_the_paid_way() -> None:
    """A site lets its phones dial 9 for free; a paid leg that is sent there is not put through."""
    office = """
[office]
include => pbxc-out
exten => 9,1,Dial(PJSIP/free@carrier)
"""
    async with (
        AsteriskInstance(dialplan=office, phone_context="office") as site,
        await Answerer().open(site.agi_port) as answerer,
    ):
        site.carrier.plan("free", ANSWERS)
        await transfer(Scripted(site, answerer), "free-ride", "1", to="9")
        await site.observer.ended(await site.observer.leg_of("free-ride"))
        assert site.carrier.legs("free") == []


async def test_a_refused_transfer_ends_the_leg(scripted: Scripted) -> None:
    """The daemon says no to the second number: nobody is left to talk to, so the paid leg ends."""
    _, second = await transfer(scripted, "refused", "30")
    observer = scripted.asterisk.observer
    leg = await observer.leg_of("refused")
    talk_s = await observer.ended(leg) - await observer.answered(leg)
    assert talk_s < 5
    assert scripted.asterisk.carrier.legs(second) == []


async def test_who_transfers_a_leg_is_asked_for_it(scripted: Scripted) -> None:
    """The trunk's leg asks in the name of the phone that sent it on, which pays for both."""
    _, second = await transfer(scripted, "sent-on", "5")
    scripted.answerer.says(second, Verdict(call_id="onward", lease_s="5"))
    await scripted.asterisk.carrier.leg(second)
    first, again = scripted.answerer.requests[-2:]
    assert again["agi_arg_2"] == second
    assert again["agi_arg_1"] == first["agi_arg_1"] != "carrier"


async def test_a_paid_leg_that_is_sent_to_an_emergency_number_is_not_cut(
    scripted: Scripted,
) -> None:
    """2 s are paid, then the leg is transferred to 112: it talks on, and the paid call is over."""
    asterisk = scripted.asterisk
    others = len(asterisk.carrier.legs("112"))
    await transfer(scripted, "to-safety", "2", to="112")
    leg = await asterisk.observer.leg_of("to-safety")
    rescue = await asterisk.carrier.leg("112", others + 1)
    await asterisk.observer.wait_for("UserEvent", UserEvent="PbxchargeEmergency", Call="to-safety")
    assert (await asterisk.spool())[leg][:2] == ["end", "to-safety"]
    with pytest.raises(TimeoutError):
        await rescue.trace.until("BYE", within_s=3.5)
    rescue.hang_up()
    await asterisk.observer.ended(leg)
    assert (await asterisk.spool())[f"{leg}-emergency"][0] == "emergency"
