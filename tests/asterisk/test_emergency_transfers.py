"""A phone puts a caller through to the emergency services, on a real Asterisk.

The far end of 112 talks for 20 s. The paid leg that talks with it has far less time than that.
"""

import asyncio
from typing import Any

from tests.asterisk.harness import AsteriskInstance, FarEnd, HandsetCall
from tests.asterisk.metered import Metered, PaidCall, Payer, metered_site
from tests.asterisk.office import allowed_from, house
from tests.asterisk.test_emergency_always import TALK_S, often, rescue
from tests.asterisk.test_orphans import connect

CREDIT = "0.06"
"""Pays for 6 s."""
MENU = """
[office]
include => pbxc-out
[sos]
exten => _X.,1,Goto(pbxc-out,112,1)
"""


def soon(settings: Any) -> None:
    """Legs that are left alone end after 3 s."""
    often(settings)
    settings["timing"]["orphan_max_s"] = 3


async def put_through(metered: Metered, payer: Payer) -> tuple[PaidCall, HandsetCall]:
    """A paid call whose far end talks with 112 from now on; the phone has left."""
    paid = await payer.talk()
    await paid.told("answered")
    call = await rescue(metered, payer)
    observer = metered.asterisk.observer
    await observer.wait_for("BridgeEnter", Uniqueid=await paid.leg())
    (rings,) = observer.seen("DialBegin", DialString="112@carrier")
    await observer.wait_for("BridgeEnter", Uniqueid=rings["DestUniqueid"])
    connect(paid.phone, call, metered.asterisk.sip_port)
    await observer.wait_for("AttendedTransfer")
    return paid, call


async def rescued(metered: Metered) -> bool:
    """Whether the far end of 112 hung up by itself, when it had talked."""
    trace = await metered.asterisk.carrier.trace("112").until_over(TALK_S + 10)
    assert abs(trace.at("BYE") - trace.at("ACK") - TALK_S) < 2
    return (await metered.asterisk.carrier.trace("112").until("BYE")).sent


async def test_neither_credit_nor_the_watchdog_ends_it() -> None:
    """The paid call ends in the books, charged until then; both far ends talk on.

    Seen failing without `Rescues.spare`: cut off after 3 s, as an orphan.
    """
    async with metered_site(settings=soon) as metered:
        payer = await metered.payer(CREDIT)
        paid, _ = await put_through(metered, payer)
        cdr = await paid.cdr()
        assert (cdr["charge"], cdr["ended_by"]) == (f"0.0{2 * -(-cdr['talk_s'] // 2)}", "caller")
        assert await rescued(metered)
        assert metered.site.log.find("leg of no open call") == []


async def test_it_outlives_the_death_and_the_return_of_the_daemon() -> None:
    """The daemon comes back in its middle, and knows neither leg."""
    async with metered_site(settings=soon) as metered:
        paid, _ = await put_through(metered, await metered.payer(CREDIT))
        await paid.cdr()
        await metered.site.kill()
        await asyncio.sleep(TALK_S / 3)
        await metered.site.serve()
        assert await rescued(metered)


async def test_a_menu_of_the_house_leads_to_it() -> None:
    """Alice pays the Local channel's near end, by which she alone talks with 112."""
    asterisk = AsteriskInstance(dialplan=MENU, phone_context="office")
    async with asterisk, metered_site(asterisk=asterisk, settings=soon) as metered:
        alice, bob = await house(metered, "0.03"), await house(metered)
        did = await metered.did(bob, "sos")
        asterisk.carrier.plan("112", FarEnd.answers(talk_s=TALK_S))
        alice.dial(f"00{did}")
        cdr = await (await allowed_from(metered, alice, "local")).cdr()
        assert (cdr["charge"], cdr["ended_by"]) == ("0.01", "caller")
        assert await rescued(metered)
