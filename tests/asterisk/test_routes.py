"""Routes on a real Asterisk: the next trunk is tried where one could not put the call through.

The dialplan does it by itself, so the daemon may be dead between two trunks.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.asterisk.harness import AsteriskInstance, FarEnd
from tests.asterisk.harness.wire import Wire
from tests.asterisk.metered import (
    ANSWERS,
    Metered,
    OnTime,
    Payer,
    metered_site,
)
from tests.asterisk.two_second_plans import (
    Money,
    long_slices,
)
from tests.site import REPOSITORY

DECK = "prefix,price_per_minute,first_s,next_s\n44,{price},2,2\n"
UNTOUCHED = Money("1.00", "0.00", "1.00")


def two_ways(settings: Any) -> None:
    """British numbers go by `carrier`, then by `second`; German ones first by one that is away."""
    settings["trunks"] = ["carrier", "second", "away"]
    settings["routes"] = [
        {"prefixes": [44], "trunks": ["carrier", "second"]},
        {"prefixes": [49], "trunks": ["away", "second"]},
    ]
    settings["timing"].update(ring_s=15)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def routed_pair() -> AsyncIterator[Metered]:
    """An Asterisk and a daemon with two carriers, for all tests that break neither."""
    async with metered_site(settings=two_ways) as pair:
        yield pair


@pytest_asyncio.fixture(loop_scope="session")
async def routed(routed_pair: Metered) -> AsyncIterator[Metered]:
    """The shared pair; after each test its books must be clean."""
    yield routed_pair
    await routed_pair.check_books()


def plan(asterisk: AsteriskInstance, number: str, first: FarEnd, second: FarEnd) -> None:
    """Say how a number behaves at either carrier."""
    asterisk.carrier.plan(number, first)
    asterisk.second_carrier.plan(number, second)


async def test_the_second_trunk_carries_what_the_first_does_not(routed: Metered) -> None:
    """503, then an answer: one record, by the second trunk, charged once for its talk."""
    payer, number = await routed.payer("1.00"), routed.number()
    plan(routed.asterisk, number, FarEnd.refuses(503), FarEnd.answers(0.2, talk_s=1.5))
    phone = payer.dial(f"00{number}")
    call = await routed.allowed(number)
    assert (await phone.trace.until_over(10)).first("200") is not None
    cdr = await call.cdr()
    assert (cdr["trunk"], cdr["disposition"], cdr["charge"]) == ("second", "ANSWERED", "0.02")
    assert await payer.ledger() == [("top_up", "1.00"), ("charge", "-0.02")]
    assert len(await payer.cdrs()) == 1
    assert (await call.told("trunk failed"))["trunk"] == "carrier"


async def test_a_trunk_that_cannot_be_reached_is_passed_over(routed: Metered) -> None:
    """No leg is made for it, nothing rings: the next one is tried at once."""
    payer, number = await routed.payer("1.00"), routed.number("49")
    routed.asterisk.second_carrier.plan(number, FarEnd.answers(0.2, talk_s=1.5))
    phone = payer.dial(f"00{number}")
    call = await routed.allowed(number)
    assert (await phone.trace.until_over(10)).first("200") is not None
    cdr = await call.cdr()
    assert (cdr["trunk"], cdr["disposition"]) == ("second", "ANSWERED")
    assert cdr["charge"] != "0.00"


@pytest.mark.parametrize(
    ("code", "disposition"), [(486, "BUSY"), (404, "FAILED"), (403, "FAILED"), (480, "NO ANSWER")]
)
async def test_what_the_callee_has_said_is_final(
    routed: Metered, code: int, disposition: str
) -> None:
    """Busy, no such number, refused, away: no second INVITE, and the caller hears it.

    Seen failing with a dialplan that looks at DIALSTATUS alone.
    """
    payer, number = await routed.payer("1.00"), routed.number()
    plan(routed.asterisk, number, FarEnd.refuses(code), ANSWERS)
    phone = payer.dial(f"00{number}")
    call = await routed.allowed(number)
    assert (await phone.trace.until_over(10)).final_code == code
    cdr = await call.cdr()
    assert (cdr["trunk"], cdr["disposition"]) == ("carrier", disposition)
    assert routed.asterisk.second_carrier.legs(number) == []
    assert await payer.money() == UNTOUCHED


async def test_when_all_fail_the_caller_hears_the_last(routed: Metered) -> None:
    """503 and 502: what was held is free again, and the record has the last cause."""
    payer, number = await routed.payer("1.00"), routed.number()
    plan(routed.asterisk, number, FarEnd.refuses(503), FarEnd.refuses(502))
    phone = payer.dial(f"00{number}")
    call = await routed.allowed(number)
    assert (await phone.trace.until_over(10)).final_code == 502
    cdr = await call.cdr()
    assert (cdr["trunk"], cdr["disposition"], cdr["hangup_cause"]) == ("second", "FAILED", 27)
    assert cdr["uniqueid"] is not None
    assert await payer.money() == UNTOUCHED


async def test_the_second_leg_is_cut_off_like_the_first(routed: Metered, on_time: OnTime) -> None:
    """0.08 at 0.02 for each begun 2 s are 8 s from its own answer on; ringing before is free."""
    payer, number = await routed.payer("0.08"), routed.number()
    plan(routed.asterisk, number, FarEnd(ring_s=1.0, code=503), ANSWERS)
    payer.dial(f"00{number}")
    await routed.asterisk.second_carrier.leg(number)
    call = await routed.allowed(number)
    cdr = await call.cdr()
    (leg,) = [
        event["DestUniqueid"]
        for event in routed.asterisk.observer.seen("DialBegin")
        if event["DialString"] == f"{number}@second"
    ]
    observer = routed.asterisk.observer
    on_time(await observer.ended(leg) - await observer.answered(leg) - 8)
    assert (cdr["charge"], cdr["billed_s"], cdr["ended_by"]) == ("0.08", 8, "credit")
    assert (cdr["trunk"], cdr["uniqueid"]) == ("second", leg)


async def killed_between(metered: Metered, payer: Payer) -> str:
    """A call whose first trunk fails when the daemon is dead."""
    number = metered.number()
    plan(metered.asterisk, number, FarEnd(ring_s=2.0, code=503), ANSWERS)
    payer.dial(f"00{number}")
    await metered.asterisk.carrier.leg(number)
    await metered.site.kill()
    return number


async def test_killed_between_two_trunks(on_time: OnTime) -> None:
    """The dialplan goes on alone: the leg has its own lease of the slice, and is charged later."""
    async with metered_site(settings=two_ways) as metered:
        payer = await metered.payer("1.00")
        number = await killed_between(metered, payer)
        leg = await metered.asterisk.second_carrier.leg(number)
        await leg.trace.until("BYE", 30)
        await metered.site.serve()
        (cdr,) = await payer.cdrs_when(1)
        observer = metered.asterisk.observer
        answered_at = await observer.answered(cdr["uniqueid"])
        on_time(await observer.ended(cdr["uniqueid"]) - answered_at - 6)
        assert (cdr["charge"], cdr["billed_s"], cdr["trunk"]) == ("0.06", 6, "second")
        assert cdr["end_source"] == "spool"
        assert await payer.money() == Money("0.94", "0.00", "0.94")


async def test_taken_up_on_the_second_trunk(on_time: OnTime) -> None:
    """Back while the second leg talks: the call is paid on to its last credit, and charged once."""
    async with metered_site(settings=two_ways, kiosk=long_slices(20)) as metered:
        payer = await metered.payer("0.24")
        number = await killed_between(metered, payer)
        await metered.asterisk.second_carrier.leg(number)
        await asyncio.sleep(1)
        await metered.site.serve()
        (cdr,) = await payer.cdrs_when(1)
        observer = metered.asterisk.observer
        ended_at = await observer.ended(cdr["uniqueid"])
        on_time(ended_at - await observer.answered(cdr["uniqueid"]) - 24)
        assert (cdr["charge"], cdr["trunk"], cdr["ended_by"]) == ("0.24", "second", "credit")


async def test_the_manager_is_lost_between_two_trunks(on_time: OnTime) -> None:
    """Unseen: a second leg that goes on, one that ends, and two that fail; each as if seen.

    The first trunk fails while nobody hears of it. 0.24 at 0.02 for each begun 2 s are 24 s. Seen
    failing with a recovery that knows no leg but the first one.
    """
    async with AsteriskInstance() as asterisk:
        wire = await Wire(asterisk.ami_port).open()
        async with metered_site(
            asterisk=asterisk, ami_port=wire.port, settings=two_ways, kiosk=long_slices(20)
        ) as metered:
            found = await unseen(metered, wire, on_time)
        await wire.close()
    assert found == [
        ("second", "ANSWERED", "0.24", "event"),
        ("second", "ANSWERED", "0.02", "spool"),
        ("second", "FAILED", "0.00", "spool"),
    ]


async def unseen(metered: Metered, wire: Wire, on_time: OnTime) -> list[tuple[str, ...]]:
    """Trunk, disposition, charge and witness of three calls that change trunks in a gap."""
    ends = (ANSWERS, FarEnd.answers(0.2, talk_s=1.5), FarEnd.refuses(502))
    payers = [await metered.payer("0.24") for _ in ends]
    for payer, end in zip(payers, ends, strict=True):
        number = metered.number()
        plan(metered.asterisk, number, FarEnd(ring_s=1.5, code=503), end)
        payer.dial(f"00{number}")
        await metered.asterisk.carrier.leg(number)
    wire.cut()
    observer, second = metered.asterisk.observer, metered.asterisk.second_carrier
    await asyncio.sleep(5)
    await wire.mend()
    cdrs = [(await payer.cdrs_when(1))[0] for payer in payers]
    leg = cdrs[0]["uniqueid"]
    on_time(await observer.ended(leg) - await observer.answered(leg) - 24)
    assert all(len(second.legs(cdr["number"])) == 1 for cdr in cdrs)
    keys = ("trunk", "disposition", "charge", "end_source")
    return [tuple(cdr[key] for key in keys) for cdr in cdrs]


def twice_the_cost(plan: Any) -> None:
    """The plan `kiosk` charges twice what the carrier asks for."""
    del plan["prices"]
    plan["method"], plan["relative"] = "relative", {"multiplier": 2}


async def test_the_deck_of_the_trunk_that_carries_the_call_is_its_price(tmp_path: Path) -> None:
    """0.30 a minute by the first trunk, 0.60 by the second, which carries it, and twice that.

    6 s at 0.02 a second are held while it rings, since the second may carry it; 2 s of talk cost
    0.02 and are 0.04.
    """
    rates = shutil.copytree(REPOSITORY / "config" / "rates", tmp_path / "rates")
    for deck, price in (("cheap", "0.30"), ("dear", "0.60")):
        (rates / f"{deck}.csv").write_text(DECK.format(price=price))

    def with_decks(settings: Any) -> None:
        decks = {"carrier": "cheap", "second": "dear"}
        settings["trunks"] = [{"name": name, "deck": deck} for name, deck in decks.items()]
        settings["rates"] = str(rates)

    async with metered_site(settings=with_decks, kiosk=twice_the_cost) as metered:
        payer, number = await metered.payer("1.00"), metered.number()
        first, second = FarEnd(ring_s=2.0, code=503), FarEnd.answers(0.2, talk_s=1.5)
        plan(metered.asterisk, number, first, second)
        payer.dial(f"00{number}")
        call = await metered.allowed(number)
        assert (await payer.money()).held == "0.12"
        assert (await call.told("trunk failed"))["cost"] == "0.12"
        cdr = await call.cdr()
        assert (cdr["trunk"], cdr["deck"], cdr["charge"]) == ("second", "dear", "0.04")
        assert cdr["cost"] == "0.02"
        assert await payer.money() == Money("0.96", "0.00", "0.96")
