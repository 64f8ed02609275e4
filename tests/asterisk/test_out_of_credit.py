"""When the credit ends: where the caller goes, and what is told before a call rings."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.asterisk.harness import AsteriskInstance, FarEnd
from tests.asterisk.metered import (
    AllowedCall,
    Metered,
    OnTime,
    PaidCall,
    metered_site,
)
from tests.asterisk.office import forward, house
from tests.asterisk.two_second_plans import (
    Money,
)

ANNOUNCES = """
[pbxc-announce]
exten => s,1,UserEvent(Announce,Talk: ${PBXC_TALK_S},Balance: ${PBXC_BALANCE})
 same => n,Return()
"""
STAY_S = 4


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lounge() -> AsyncIterator[Metered]:
    """A site that announces, with the example of a menu."""
    async with (
        AsteriskInstance(dialplan=ANNOUNCES, global_lines="PBXC_TOPUP_S = 30") as asterisk,
        metered_site(asterisk=asterisk) as pair,
    ):
        yield pair


async def caller_of(metered: Metered, call: AllowedCall) -> str:
    """The Uniqueid of the leg that dialled; it began the conversation."""
    return str((await call.told("authorized"))["linkedid"])


async def went_on(metered: Metered, caller: str) -> bool:
    """Whether this leg came into the menu; to be asked when it is gone."""
    await metered.asterisk.observer.wait_for("Hangup", 20, Uniqueid=caller)
    return bool(metered.asterisk.observer.seen("Newexten", Uniqueid=caller, Context="pbxc-topup"))


async def in_the_menu(metered: Metered, caller: str) -> None:
    """Wait until this leg is in the menu."""
    await metered.asterisk.observer.wait_for(
        "Newexten", 20, Uniqueid=caller, Context="pbxc-topup", Application="Wait"
    )


async def test_the_caller_tops_up_and_talks_on(lounge: Metered, on_time: OnTime) -> None:
    """0.06 is 6 s: cut there, then the menu, which hears of 0.04 more: a second call of 4 s.

    The carrier's leg ends at the paid instant, nothing is charged in the menu, and the second call
    is one of its own, from the same phone to the same number.
    """
    payer = await lounge.payer("0.06", plan="lounge")
    call = await payer.talk()
    caller = await caller_of(lounge, call)
    on_time(await call.late_s(6))
    assert await call.carrier_saw_bye()
    await in_the_menu(lounge, caller)
    assert await payer.money() == Money("0.00", "0.00", "0.00")
    await lounge.site.run("topup", payer.account_id, "0.04")
    _, told = await lounge.told("authorized", 2, number=call.number)
    again = AllowedCall(lounge, call.number, str(told["call_id"]))
    assert (told["linkedid"], told["endpoint"]) == (caller, payer.phone.extension)
    on_time(await again.late_s(4))
    first, second = await payer.cdrs_when(2)
    assert (first["charge"], first["ended_by"]) == ("0.06", "credit")
    assert (second["charge"], second["ended_by"]) == ("0.04", "credit")
    assert await payer.ledger() == [
        *(("top_up", "0.06"), ("charge", "-0.06"), ("top_up", "0.04"), ("charge", "-0.04"))
    ]
    call.phone.hang_up()


async def test_a_far_end_that_hangs_up_sends_nobody_on(lounge: Metered) -> None:
    """In the last slice, two seconds before the credit ends: a plain hangup."""
    payer = await lounge.payer("0.06", plan="lounge")
    call = await payer.talk()
    await call.told("warned")
    await call.talk_reaches(4)
    (await call.callee()).hang_up()
    assert not await went_on(lounge, await caller_of(lounge, call))
    assert (await call.cdr())["ended_by"] == "callee"


async def test_an_operator_sends_nobody_on(lounge: Metered) -> None:
    """`calls hang-up` in the last slice."""
    payer = await lounge.payer("0.06", plan="lounge")
    call = await payer.talk()
    await call.told("warned")
    # A command would take its time to start; three seconds are left.
    await lounge.act("/calls/hang-up", call_id=call.call_id)
    assert not await went_on(lounge, await caller_of(lounge, call))
    assert (await call.cdr())["ended_by"] == "operator"


async def test_without_a_context_the_end_is_a_plain_hangup(lounge: Metered) -> None:
    """The plan `kiosk` names none."""
    payer = await lounge.payer("0.06")
    call = await payer.talk()
    assert not await went_on(lounge, await caller_of(lounge, call))
    assert (await call.cdr())["ended_by"] == "credit"


async def test_a_top_up_in_time_takes_the_menu_back(lounge: Metered) -> None:
    """Told where to go, then 0.06 more: the far end hangs up at 8 s, and nobody goes anywhere."""
    payer = await lounge.payer("0.06", plan="lounge")
    call = await payer.talk()
    await call.told("warned")
    await payer.top_up("0.06")
    await call.told("extended", paid_s=12)
    await call.talk_reaches(6.5)
    (await call.callee()).hang_up()
    caller = await caller_of(lounge, call)
    assert not await went_on(lounge, caller)
    set_to = lounge.asterisk.observer.seen("VarSet", Uniqueid=caller, Variable="PBXC_AFTER")
    assert set_to[-1]["Value"] == ""


async def test_a_caller_of_a_forward_never_comes_into_the_payers_menu(lounge: Metered) -> None:
    """Alice calls Bob, who forwards outside and has 0.06: she is no guest of his menu."""
    alice = await house(lounge, "1.00")
    bob = await lounge.payer("0.06", plan="lounge")
    number = lounge.number()
    lounge.asterisk.carrier.plan(number, FarEnd.answers())
    await forward(lounge, bob, f"00{number}:::")
    alice.dial(bob.phone.extension[3:])
    call = await lounge.allowed(number)
    assert (await call.cdr())["ended_by"] == "credit"
    await lounge.quiet()
    linkedid = await caller_of(lounge, call)
    await lounge.asterisk.observer.wait_for("Hangup", 20, Uniqueid=linkedid)
    told = lounge.asterisk.observer.seen("Newexten", Linkedid=linkedid, Context="pbxc-topup")
    assert told == []


async def test_what_a_payer_has_is_told_before_it_rings(lounge: Metered) -> None:
    """0.50 is 50 s; while one call holds 0.06 of it, the next one is told of 44 s and 0.44."""
    payer = await lounge.payer("0.50", plan="lounge")
    told, phones = [], []
    for _ in range(2):
        call = await payer.talk()
        phones.append(call.phone)
        caller = await caller_of(lounge, call)
        event = await lounge.asterisk.observer.wait_for("UserEvent", Uniqueid=caller)
        told.append((event["Talk"], event["Balance"]))
    assert told == [("50", "0.50"), ("44", "0.44")]
    for phone in phones:
        phone.hang_up()


async def test_the_plans_sound_is_the_warning(lounge: Metered) -> None:
    """`hello` of the plan `lounge`, longer than a beep, for the payer alone."""
    payer = await lounge.payer("0.06", plan="lounge")
    call = await payer.talk()
    await call.told("warned")
    await call.ended_at()
    played = lounge.asterisk.observer.seen("Newexten", Context="pbxc-warning", AppData="hello")
    assert await caller_of(lounge, call) in {event["Uniqueid"] for event in played}
    assert lounge.asterisk.carrier.legs(call.number)[0].ear.heard_at_epoch_s == []
    call.phone.hang_up()


@pytest.mark.parametrize(("country", "ended_by"), [("49", "limit"), ("33", "callee")])
async def test_a_call_that_reaches_its_maximum_charge(
    lounge: Metered, on_time: OnTime, country: str, ended_by: str
) -> None:
    """At most 0.06: with `hang_up` it ends after those 6 s, with `free` it goes on."""
    payer = await lounge.payer("1.00", plan="lounge")
    call = await payer.talk(FarEnd.answers(talk_s=9), country=country)
    if country == "49":
        on_time(await call.late_s(6))
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"]) == ("0.06", ended_by)
    assert cdr["talk_s"] >= (6 if country == "49" else 9)
    assert await payer.money() == Money("0.94", "0.00", "0.94")
    assert not await went_on(lounge, await caller_of(lounge, call))


async def _dies(metered: Metered, *, told: bool) -> PaidCall:
    payer = await metered.payer("0.06", plan="lounge")
    call = await payer.talk()
    if told:
        caller = await caller_of(metered, call)
        await metered.asterisk.observer.wait_for(
            "VarSet",
            Uniqueid=caller,
            Variable="PBXC_AFTER",
            where=lambda event: event["Value"].endswith(":pbxc-topup"),
        )
    await metered.site.kill()
    return call


@pytest.mark.parametrize("told", [True, False])
async def test_a_daemon_that_dies(on_time: OnTime, told: bool) -> None:
    """After it has told where to go: the caller goes there, and not for ever. Before: a hangup."""
    async with (
        AsteriskInstance(global_lines=f"PBXC_TOPUP_S = {STAY_S}") as asterisk,
        metered_site(asterisk=asterisk) as metered,
    ):
        call = await _dies(metered, told=told)
        on_time(await call.late_s(6))
        caller = await caller_of(metered, call)
        assert await went_on(metered, caller) is told
        gone = await asterisk.observer.wait_for("Hangup", Uniqueid=caller)
        stayed_s = gone.at_epoch_s - await call.ended_at()
        assert stayed_s < STAY_S + 1
        assert stayed_s >= (STAY_S - 0.1 if told else 0)
        await metered.site.serve()
        assert (await call.cdr())["charge"] == "0.06"
