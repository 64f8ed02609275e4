"""Several calls of one account: they share what there is, and never spend more."""

import asyncio

from tests.asterisk.harness import FarEnd
from tests.asterisk.metered import Metered, Money, OnTime


async def test_two_calls_share_the_credit(metered: Metered, on_time: OnTime) -> None:
    """0.28 is 28 s of talk for both: they end within one block of each other, all is spent."""
    payer = await metered.payer("0.28")
    calls = [await payer.talk(), await payer.talk()]
    first, second = sorted([await call.ended_at() for call in calls])
    assert second - first <= 2.1
    cdrs = [await call.cdr() for call in calls]
    assert sum(cdr["billed_s"] for cdr in cdrs) == 28
    for call, cdr in zip(calls, cdrs, strict=True):
        on_time(await call.late_s(cdr["billed_s"]))
    assert {cdr["ended_by"] for cdr in cdrs} == {"credit"}
    assert await payer.money() == Money("0.00", "0.00", "0.00")


async def test_what_one_call_gives_back_lengthens_the_other(
    metered: Metered, on_time: OnTime
) -> None:
    """0.12 is a slice of 6 s each; one hangs up after 1.5 s, so the other has 4 s more."""
    payer = await metered.payer("0.12")
    short, long = await payer.talk(FarEnd.answers(talk_s=1.5)), await payer.talk()
    assert await payer.money() == Money("0.12", "0.12", "0.00")
    on_time(await long.late_s(10))
    assert ((await short.cdr())["charge"], (await long.cdr())["charge"]) == ("0.02", "0.10")
    assert await payer.money() == Money("0.00", "0.00", "0.00")


async def test_sixty_four_callers_and_credit_for_ten(metered: Metered) -> None:
    """64 calls at once on 0.60, a first slice being 0.06: 10 ring, 54 are told 402."""
    payer = await metered.payer("0.60")
    numbers = [metered.number() for _ in range(64)]
    for number in numbers:
        metered.asterisk.carrier.plan(number, FarEnd.never_answers())
    calls = [payer.dial(f"00{number}") for number in numbers]
    await asyncio.gather(*(call.trace.until_rings_or_over() for call in calls))
    rings = [call for call in calls if call.trace.first("180")]
    others = [call.trace for call in calls if call not in rings]
    assert [t.story() for t in others if t.final_code != 402] == []
    assert len(rings) == 10
    assert await payer.money() == Money("0.60", "0.60", "0.00")
    for call in rings:
        call.cancel()
    cdrs = await payer.cdrs_when(64)
    assert [cdr["disposition"] for cdr in cdrs].count("NOT ALLOWED") == 54
    assert await payer.money() == Money("0.60", "0.00", "0.60")
