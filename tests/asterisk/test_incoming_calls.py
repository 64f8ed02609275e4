"""Calls from the public network: paid by the number's owner, from the incoming wallet."""

import pytest

from tests.asterisk.harness import FarEnd, HandsetCall
from tests.asterisk.metered import (
    ANSWERS,
    LATE_S,
    AllowedCall,
    Metered,
    OnTime,
    Payer,
    instant,
)
from tests.asterisk.office import (
    allowed_from,
    asterisk_says,
    channel_of,
    forward,
    house,
    operator,
    talking,
)
from tests.asterisk.two_second_plans import (
    Money,
)

CALLER = "441632960961"


async def owner(metered: Metered, incoming: str = "1.00", outgoing: str = "1.00") -> Payer:
    """Somebody who can be called from outside, and has paid in for it."""
    payer = await house(metered, outgoing)
    if incoming:
        await payer.top_up(incoming, wallet="incoming")
    return payer


async def called(
    metered: Metered, payer: Payer, context: str | None = None
) -> tuple[HandsetCall, AllowedCall]:
    """A call from outside to a number of this payer, which the daemon lets in."""
    did = await metered.did(payer, context)
    phone = metered.asterisk.carrier.call(did, CALLER)
    return phone, await allowed_from(metered, payer, "incoming")


async def test_the_owner_pays_for_a_call_from_outside(metered: Metered) -> None:
    """Bob's phone answers: 0.04 for each begun 2 s, from his incoming wallet alone."""
    bob = await owner(metered)
    outside, call = await called(metered, bob)
    await call.talk_reaches(2.5)
    outside.hang_up()
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert (cdr["account_id"], cdr["call_type"]) == (bob.account_id, "incoming")
    assert (cdr["direction"], cdr["ended_by"]) == ("incoming", "caller")
    assert cdr["uniqueid"] == await call.leg()
    assert await bob.money("incoming") == Money.left("1.00", cdr["charge"])
    assert await bob.money() == Money("1.00", "0.00", "1.00")
    assert await asterisk_says(metered, call, 1) == [f"carrier>{bob.phone.extension} ANSWERED"]


async def test_the_phone_that_was_called_hangs_up(metered: Metered) -> None:
    """The metered leg is the trunk's; the record names the callee all the same."""
    bob = await owner(metered)
    bob.phone.usually = FarEnd.answers(talk_s=1.5)
    _, call = await called(metered, bob)
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert cdr["ended_by"] == "callee"


async def test_a_call_from_outside_ends_when_the_credit_does(
    metered: Metered, on_time: OnTime
) -> None:
    """0.12 are 6 s; the carrier gets a BYE."""
    bob = await owner(metered, "0.12")
    outside, call = await called(metered, bob)
    on_time(await call.late_s(6))
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"]) == ("0.12", "credit")
    assert (await outside.trace.until_over()).bye_sent is False


async def test_who_was_called_is_warned_and_not_who_calls(metered: Metered) -> None:
    """The payer has the phone that was called: it hears the tone 3 s before the end."""
    bob = await owner(metered, "0.12")
    outside, call = await called(metered, bob)
    await call.told("warned")
    await outside.trace.until_over()
    # "beep" is 0.4 s of sound, 50 packets a second.
    assert len((await bob.phone.ring()).ear.heard_at_epoch_s) > 10
    assert outside.ear.heard_at_epoch_s == []


async def test_nobody_outside_hears_of_an_empty_wallet(metered: Metered) -> None:
    """No incoming credit, whatever the outgoing wallet holds: 480, and no phone rings."""
    bob = await owner(metered, "")
    did = await metered.did(bob)
    outside = metered.asterisk.carrier.call(did, CALLER)
    assert (await outside.trace.until_over()).final_code == 480
    (cdr,) = await bob.cdrs_when(1)
    assert (cdr["reason"], cdr["direction"]) == ("not_enough_credit", "incoming")
    assert bob.phone.legs(bob.phone.extension) == []


@pytest.mark.parametrize("says", [486, 480])
async def test_an_unanswered_call_from_outside_costs_nothing(metered: Metered, says: int) -> None:
    """Busy, or away: the carrier is told so, and what was held is free again."""
    bob = await owner(metered, "0.12")
    bob.phone.usually = FarEnd.refuses(says)
    outside, call = await called(metered, bob)
    assert (await outside.trace.until_over()).final_code == says
    assert (await call.cdr())["charge"] == "0.00"
    assert await bob.money("incoming") == Money("0.12", "0.00", "0.12")


async def test_a_menu_costs_from_its_answer_on(metered: Metered) -> None:
    """Nobody talks, the number's owner pays: 6 s of menu for 0.12."""
    bob = await owner(metered, "0.12")
    outside, call = await called(metered, bob, "menu")
    await outside.trace.until_over()
    assert 6 - 0.003 <= await call.ended_at() - await call.answered_at() < 6 + LATE_S
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"], cdr["talk_s"]) == ("0.12", "credit", 6)
    assert abs(instant(cdr["answered_at"]) - outside.trace.at("200")) < LATE_S
    assert await asterisk_says(metered, call, 1) == ["carrier> ANSWERED"]


async def test_a_caller_who_is_sent_elsewhere_keeps_the_paid_time(metered: Metered) -> None:
    """Redirect from the menu into another context: the same call, to the same paid instant."""
    bob = await owner(metered, "0.12")
    outside, call = await called(metered, bob, "menu")
    await outside.trace.until("200")
    async with await operator(metered) as ami:
        channel = await channel_of(metered, call)
        await ami.action("Redirect", Channel=channel, Context="wait", Exten="s", Priority="1")
    assert 6 - 0.003 <= await call.ended_at() - await call.answered_at() < 6 + LATE_S
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"]) == ("0.12", "credit")


async def test_a_queue_and_its_member_outside(metered: Metered) -> None:
    """The number's owner pays for the caller's whole stay, the member for his mobile's leg."""
    bob, carol = await owner(metered), await owner(metered)
    mobile = metered.number()
    metered.asterisk.carrier.plan(mobile, FarEnd.answers(after_s=1.5, talk_s=1.5))
    member = f"Local/{carol.phone.extension}*00{mobile}@pbxc-behalf/n"
    await metered.asterisk.cli(f"queue add member {member} to helpdesk")
    outside, call = await called(metered, bob, "helpdesk")
    leg = await metered.allowed(mobile)
    member_cdr = await leg.cdr()
    await metered.asterisk.cli(f"queue remove member {member} from helpdesk")
    if not outside.trace.over:
        outside.hang_up()
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert await leg.talk_is_charged(member_cdr)
    assert (cdr["account_id"], member_cdr["account_id"]) == (bob.account_id, carol.account_id)
    assert cdr["talk_s"] > member_cdr["talk_s"]
    assert cdr["linkedid"] == member_cdr["linkedid"]
    said = await asterisk_says(metered, call, 2)
    assert "Local>carrier ANSWERED" in said
    assert "carrier>Local ANSWERED" in said


async def test_a_call_from_outside_is_forwarded_outside(metered: Metered) -> None:
    """Both legs are Bob's: the one that comes in from the incoming wallet, the other one not."""
    bob, mobile = await owner(metered), metered.number()
    metered.asterisk.carrier.plan(mobile, FarEnd.answers(talk_s=2.5))
    await forward(metered, bob, f"00{mobile}:::")
    _, call = await called(metered, bob)
    onward = await metered.allowed(mobile)
    cdr, onward_cdr = await call.cdr(), await onward.cdr()
    assert await call.talk_is_charged(cdr)
    assert await onward.talk_is_charged(onward_cdr)
    assert cdr["account_id"] == onward_cdr["account_id"] == bob.account_id
    assert await bob.money("incoming") == Money.left("1.00", cdr["charge"])
    assert await bob.money() == Money.left("1.00", onward_cdr["charge"])
    assert "Local>carrier ANSWERED" in await asterisk_says(metered, call, 2)


async def test_a_forward_that_cannot_be_paid_lets_the_caller_in_nowhere(metered: Metered) -> None:
    """Only the forwarded leg is refused; the caller hears 480 and nothing is charged."""
    bob, mobile = await owner(metered, outgoing=""), metered.number()
    await forward(metered, bob, f"00{mobile}:::")
    outside, call = await called(metered, bob)
    assert (await outside.trace.until_over()).final_code == 480
    assert (await call.cdr())["charge"] == "0.00"
    reasons = [cdr["reason"] for cdr in await bob.cdrs_when(2)]
    assert "not_enough_credit" in reasons
    assert metered.asterisk.carrier.legs(mobile) == []


async def test_who_was_called_sends_the_caller_on(metered: Metered) -> None:
    """Blind transfer: the call in goes on at Bob's cost, and so does the one that he began."""
    bob, onward = await owner(metered), metered.number()
    metered.asterisk.carrier.plan(onward, FarEnd.answers(talk_s=2))
    _, call = await called(metered, bob)
    await talking(metered, call)
    (await bob.phone.ring()).transfer(f"00{onward}")
    second = await metered.allowed(onward)
    cdr, second_cdr = await call.cdr(), await second.cdr()
    assert await call.talk_is_charged(cdr)
    assert await second.talk_is_charged(second_cdr)
    assert cdr["account_id"] == second_cdr["account_id"] == bob.account_id
    assert cdr["talk_s"] >= second_cdr["talk_s"]
    said = await asterisk_says(metered, call, 2)
    assert f"carrier>{bob.phone.extension} ANSWERED" in said
    assert "carrier>carrier ANSWERED" in said


async def test_who_was_called_hands_the_caller_to_a_colleague(metered: Metered) -> None:
    """Attended transfer: Bob pays on for the call in and for the leg to Carol, until they end."""
    bob, carol = await owner(metered), await owner(metered)
    outside, call = await called(metered, bob)
    await talking(metered, call)
    consult = bob.dial(carol.phone.extension[3:])
    local = await allowed_from(metered, bob, "local")
    await talking(metered, local)
    consult.connect(await bob.phone.ring())
    await (await bob.phone.ring()).trace.until("BYE")
    consult.hang_up()
    await local.talk_reaches(3)
    outside.hang_up()
    cdr, local_cdr = await call.cdr(), await local.cdr()
    assert await call.talk_is_charged(cdr)
    assert await local.talk_is_charged(local_cdr)
    assert cdr["account_id"] == local_cdr["account_id"] == bob.account_id
    assert await carol.cdrs() == []
    said = await asterisk_says(metered, call, 2)
    assert f"carrier>{bob.phone.extension} ANSWERED" in said


async def test_a_colleague_picks_a_call_from_outside_up(metered: Metered, on_time: OnTime) -> None:
    """Carol talks, Bob pays: 6 s from the instant at which she took the call."""
    bob, carol = await owner(metered, "0.12"), await owner(metered)
    bob.phone.usually = FarEnd.never_answers()
    _, call = await called(metered, bob)
    await (await bob.phone.ring()).trace.until("180")
    carol.dial(f"*8{bob.phone.extension}")
    on_time(await call.late_s(6))
    cdr = await call.cdr()
    assert (cdr["account_id"], cdr["charge"]) == (bob.account_id, "0.12")
    assert await carol.cdrs() == []
    said = await asterisk_says(metered, call, 2)
    assert f"carrier>{carol.phone.extension} ANSWERED" in said


async def test_a_caller_who_is_parked_costs_on(metered: Metered) -> None:
    """Parked, and fetched by Carol: one call, Bob's."""
    bob, carol = await owner(metered), await owner(metered)
    outside, call = await called(metered, bob)
    await talking(metered, call)
    async with await operator(metered) as ami:
        channel = await channel_of(metered, call)
        await ami.action("Park", Channel=channel, Timeout="30000")
    space = await metered.asterisk.observer.wait_for("ParkedCall", ParkeeUniqueid=await call.leg())
    fetched = carol.dial(space["ParkingSpace"])
    await fetched.trace.until("200")
    await call.talk_reaches(3)
    outside.hang_up()
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert (cdr["account_id"], await carol.cdrs()) == (bob.account_id, [])
    said = await asterisk_says(metered, call, 2)
    assert f"carrier>{carol.phone.extension} ANSWERED" in said


async def test_a_conference_is_paid_by_each_numbers_owner(metered: Metered) -> None:
    """Two callers from outside meet in a conference: each leg is its number's owner's."""
    bob, carol = await owner(metered), await owner(metered)
    calls = [await called(metered, payer, "board") for payer in (bob, carol)]
    for _, call in calls:
        await metered.asterisk.observer.wait_for("ConfbridgeJoin", Uniqueid=await call.leg())
    for (outside, call), payer in zip(calls, (bob, carol), strict=True):
        await call.talk_reaches(2.5)
        outside.hang_up()
        cdr = await call.cdr()
        assert await call.talk_is_charged(cdr)
        assert cdr["account_id"] == payer.account_id
    # Asterisk's own record pairs whoever was there: it says nothing of who pays.
    said = await asterisk_says(metered, calls[1][1], 1)
    assert set(said) <= {"carrier> ANSWERED", "carrier>carrier ANSWERED"}


async def test_a_far_end_cannot_send_its_callee_anywhere(metered: Metered) -> None:
    """The caller from outside transfers Bob's phone to a number: asked as the trunk, refused."""
    bob, onward = await owner(metered), metered.number()
    metered.asterisk.carrier.plan(onward, ANSWERS)
    outside, call = await called(metered, bob)
    await talking(metered, call)
    outside.transfer(f"00{onward}")
    await metered.site.log.wait("refused", dialled=f"00{onward}", reason="unknown_account")
    assert await call.talk_is_charged(await call.cdr())
    assert metered.asterisk.carrier.legs(onward) == []
