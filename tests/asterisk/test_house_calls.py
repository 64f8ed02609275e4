"""Calls inside the house: who pays whom for what, beside Asterisk's own records."""

from tests.asterisk.harness import FarEnd
from tests.asterisk.metered import ANSWERS, LATE_S, Metered, OnTime, instant
from tests.asterisk.office import allowed_from, asterisk_says, forward, house, talking


async def test_a_local_call_is_paid_by_who_calls(metered: Metered) -> None:
    """Alice calls Bob's extension number: 0.01 for each begun 2 s, hers alone."""
    alice, bob = await house(metered), await house(metered)
    phone = alice.dial(bob.phone.extension[3:])
    call = await allowed_from(metered, alice, "local")
    await call.talk_reaches(2.5)
    phone.hang_up()
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert (cdr["call_type"], cdr["account_id"]) == ("local", alice.account_id)
    assert cdr["ended_by"] == "caller"
    assert await bob.cdrs() == []
    caller, callee = alice.phone.extension, bob.phone.extension
    assert await asterisk_says(metered, call, 1) == [f"{caller}>{callee} ANSWERED"]


async def test_a_local_call_ends_when_its_credit_does(metered: Metered, on_time: OnTime) -> None:
    """0.03 are 6 s with a colleague, on the lease of the colleague's leg."""
    alice, bob = await house(metered, "0.03"), await house(metered)
    phone = alice.dial(bob.phone.extension[3:])
    call = await allowed_from(metered, alice, "local")
    on_time(await call.late_s(6))
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"]) == ("0.03", "credit")
    assert (await phone.trace.until_over()).bye_sent is False


async def test_the_callee_hangs_up_a_local_call(metered: Metered) -> None:
    """The record says so, although the colleague's leg is the metered one."""
    alice, bob = await house(metered), await house(metered)
    bob.phone.usually = FarEnd.answers(talk_s=1.5)
    alice.dial(bob.phone.extension[3:])
    call = await allowed_from(metered, alice, "local")
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert cdr["ended_by"] == "callee"


async def test_another_organization_is_called_by_its_code(metered: Metered) -> None:
    """8 77 and the number: extended_local, at its own price."""
    alice = await house(metered)
    bob = await house(metered, organization="initech", code="77")
    bob.phone.usually = FarEnd.answers(talk_s=2.5)
    alice.dial(f"877{bob.phone.extension[3:]}")
    call = await allowed_from(metered, alice, "extended_local")
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert (cdr["account_id"], cdr["call_type"]) == (alice.account_id, "extended_local")
    caller, callee = alice.phone.extension, bob.phone.extension
    assert f"{caller}>{callee} ANSWERED" in await asterisk_says(metered, call, 1)


async def test_two_organizations_with_the_same_number(metered: Metered) -> None:
    """Number 5555 is somebody else at acme than at hooli; each colleague reaches the own one."""
    alice, bob = await house(metered), await house(metered, number="5555")
    carol = await house(metered, organization="hooli", code="66")
    dave = await house(metered, organization="hooli", code="66", number="5555")
    alice.dial("5555")
    await (await bob.phone.ring()).trace.until("ACK")
    carol.dial("5555")
    await (await dave.phone.ring()).trace.until("ACK")
    for caller, callee in ((alice, bob), (carol, dave)):
        call = await allowed_from(metered, caller, "local")
        (await callee.phone.ring()).hang_up()
        assert (await call.cdr())["account_id"] == caller.account_id
        assert len(callee.phone.legs(callee.phone.extension)) == 1


async def test_a_number_of_the_house_is_called_without_the_trunk(metered: Metered) -> None:
    """Alice dials Bob's public number: local, no leg at the carrier, and Bob pays nothing."""
    alice, bob = await house(metered), await house(metered)
    bob.phone.usually = FarEnd.answers(talk_s=1.5)
    did = await metered.did(bob)
    alice.dial(f"00{did}")
    call = await allowed_from(metered, alice, "local")
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert metered.asterisk.carrier.legs(did) == []
    assert await bob.cdrs() == []


async def test_a_menu_of_the_house_is_called_without_the_trunk(metered: Metered) -> None:
    """Bob's number leads to a menu: Alice hears it, for the price of a local call."""
    alice, bob = await house(metered, "0.03"), await house(metered)
    did = await metered.did(bob, "menu")
    phone = alice.dial(f"00{did}")
    call = await allowed_from(metered, alice, "local")
    menu = await metered.asterisk.observer.wait_for("UserEvent", UserEvent="Menu", Number=did)
    assert menu["Uniqueid"] != await call.leg()
    await phone.trace.until_over()
    assert 6 - 0.003 <= await call.ended_at() - await call.answered_at() < 6 + LATE_S
    assert (await call.cdr())["charge"] == "0.03"


async def test_forward_always_is_two_calls(metered: Metered) -> None:
    """Alice pays for reaching Bob, Bob for his mobile; one linkedid, and both end together."""
    alice, bob = await house(metered), await house(metered)
    mobile = metered.number()
    metered.asterisk.carrier.plan(mobile, FarEnd.answers(talk_s=2.5))
    await forward(metered, bob, f"00{mobile}:::")
    alice.dial(bob.phone.extension[3:])
    inner, outer = await allowed_from(metered, alice, "local"), await metered.allowed(mobile)
    inner_cdr, outer_cdr = await inner.cdr(), await outer.cdr()
    assert await inner.talk_is_charged(inner_cdr)
    assert await outer.talk_is_charged(outer_cdr)
    payers = (inner_cdr["account_id"], outer_cdr["account_id"])
    assert payers == (alice.account_id, bob.account_id)
    assert inner_cdr["linkedid"] == outer_cdr["linkedid"]
    assert abs(instant(inner_cdr["ended_at"]) - instant(outer_cdr["ended_at"])) < LATE_S
    assert bob.phone.legs(bob.phone.extension) == []
    assert await asterisk_says(metered, inner, 4) == [
        "Local> ANSWERED",
        "Local>carrier ANSWERED",
        f"{alice.phone.extension}> ANSWERED",
        f"{alice.phone.extension}>Local ANSWERED",
    ]


async def test_forward_on_busy_and_on_no_answer(metered: Metered) -> None:
    """Bob's phone is tried first; the mobile is asked for when it has failed."""
    for phone, value in ((FarEnd.busy(), ":00{}::"), (FarEnd.never_answers(), "::00{}:1")):
        alice, bob = await house(metered), await house(metered)
        bob.phone.usually = phone
        mobile = metered.number()
        metered.asterisk.carrier.plan(mobile, FarEnd.answers(talk_s=1))
        await forward(metered, bob, value.format(mobile))
        alice.dial(bob.phone.extension[3:])
        inner, outer = await allowed_from(metered, alice, "local"), await metered.allowed(mobile)
        assert await inner.talk_is_charged(await inner.cdr())
        assert await outer.talk_is_charged(await outer.cdr())
        assert len(bob.phone.legs(bob.phone.extension)) == 1


async def test_nobody_is_told_of_another_ones_credit(metered: Metered) -> None:
    """Bob's credit for the mobile ends, and Alice talks: she hears no warning, nor does she pay."""
    alice, bob = await house(metered), await house(metered, "0.06")
    mobile = metered.number()
    metered.asterisk.carrier.plan(mobile, ANSWERS)
    await forward(metered, bob, f"00{mobile}:::")
    phone = alice.dial(bob.phone.extension[3:])
    call = await metered.allowed(mobile)
    await call.told("warned")
    await phone.trace.until_over()
    assert phone.ear.heard_at_epoch_s == []
    assert (await call.callee()).ear.heard_at_epoch_s == []
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"]) == ("0.06", "credit")


async def test_who_cannot_pay_for_a_forward_is_not_forwarded(metered: Metered) -> None:
    """Bob has no credit: his leg is refused, Alice hears 480 and pays nothing."""
    alice, bob = await house(metered), await house(metered, "")
    mobile = metered.number()
    await forward(metered, bob, f"00{mobile}:::")
    phone = alice.dial(bob.phone.extension[3:])
    assert (await phone.trace.until_over()).final_code == 480
    (refused,) = await bob.cdrs_when(1)
    assert (refused["disposition"], refused["reason"]) == ("NOT ALLOWED", "not_enough_credit")
    (own,) = await alice.cdrs_when(1)
    assert (own["charge"], own["answered_at"]) == ("0.00", None)
    assert metered.asterisk.carrier.legs(mobile) == []


async def test_a_colleague_who_picks_up_is_paid_for_by_who_called(metered: Metered) -> None:
    """Carol takes the call that rings at Bob's: Alice's local call, until its credit ends."""
    alice, bob, carol = await house(metered, "0.03"), await house(metered), await house(metered)
    bob.phone.usually = FarEnd.never_answers()
    phone = alice.dial(bob.phone.extension[3:])
    call = await allowed_from(metered, alice, "local")
    await phone.trace.until("180")
    carol.dial(f"*8{bob.phone.extension}")
    cdr = await call.cdr()
    assert (cdr["disposition"], cdr["charge"], cdr["talk_s"]) == ("ANSWERED", "0.03", 6)
    assert cdr["ended_by"] == "credit"
    caller = alice.phone.extension
    said = await asterisk_says(metered, call, 3)
    assert f"{caller}>{carol.phone.extension} ANSWERED" in said


async def test_the_callee_sends_the_caller_on(metered: Metered) -> None:
    """Blind transfer by the callee: Bob's leg ends and with it Alice's call; Bob pays onward."""
    alice, bob = await house(metered), await house(metered)
    onward = metered.number()
    metered.asterisk.carrier.plan(onward, FarEnd.answers(talk_s=1.5))
    alice.dial(bob.phone.extension[3:])
    call = await allowed_from(metered, alice, "local")
    await talking(metered, call)
    (await bob.phone.ring()).transfer(f"00{onward}")
    second = await metered.allowed(onward)
    first_cdr, second_cdr = await call.cdr(), await second.cdr()
    assert await call.talk_is_charged(first_cdr)
    assert await second.talk_is_charged(second_cdr)
    payers = (first_cdr["account_id"], second_cdr["account_id"])
    assert payers == (alice.account_id, bob.account_id)
    assert await second.answered_at() >= await call.ended_at() - LATE_S
    said = await asterisk_says(metered, call, 2)
    assert f"{alice.phone.extension}>{bob.phone.extension} ANSWERED" in said
    assert f"{alice.phone.extension}>carrier ANSWERED" in said


async def test_the_callee_brings_the_caller_together_with_somebody(metered: Metered) -> None:
    """Attended transfer by the callee: Alice's call ends with Bob's leg, Bob's own one goes on."""
    alice, bob = await house(metered), await house(metered)
    outside = metered.number()
    metered.asterisk.carrier.plan(outside, ANSWERS)
    alice_phone = alice.dial(bob.phone.extension[3:])
    local = await allowed_from(metered, alice, "local")
    await talking(metered, local)
    consult = bob.dial(f"00{outside}")
    public = await metered.allowed(outside)
    await talking(metered, public)
    consult.connect(await bob.phone.ring())
    local_cdr = await local.cdr()
    assert await local.talk_is_charged(local_cdr)
    await public.talk_reaches(3.5)
    alice_phone.hang_up()
    public_cdr = await public.cdr()
    assert await public.talk_is_charged(public_cdr)
    assert public_cdr["talk_s"] >= 3
    payers = (local_cdr["account_id"], public_cdr["account_id"])
    assert payers == (alice.account_id, bob.account_id)
