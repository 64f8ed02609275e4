"""What the operator does to an account, or to a call, while the call runs.

Seen failing with each of the orders in `Meter.account_changed` and `Meter.hang_up` left out.
"""

import time

from tests.asterisk.metered import LATE_S, Metered, OnTime
from tests.asterisk.two_second_plans import (
    Money,
    block_price,
)


async def test_the_call_of_a_blocked_account_ends_at_once(metered: Metered) -> None:
    """Charged to that moment; what was held beyond it is free again."""
    payer = await metered.payer("1.00")
    call = await payer.talk()
    asked_at = time.time()
    await payer.set_status("blocked")
    done_at = time.time()
    assert asked_at < await call.ended_at() < done_at + LATE_S
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert cdr["ended_by"] == "account_status"
    assert await payer.money() == Money.left("1.00", cdr["charge"])
    assert await call.carrier_saw_bye()


async def test_the_call_of_a_suspended_account_is_not_paid_further(
    metered: Metered, on_time: OnTime
) -> None:
    """Suspended in the first slice: its 6 s are talked to the end, whatever the credit."""
    payer = await metered.payer("1.00")
    call = await payer.talk()
    await payer.set_status("suspended")
    paid_s = call.paid_s
    on_time(await call.late_s(paid_s))
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"]) == (block_price(paid_s), "account_status")
    assert await payer.money() == Money.left("1.00", cdr["charge"])


async def test_a_call_goes_on_when_its_account_is_active_again(
    metered: Metered, on_time: OnTime
) -> None:
    """Suspended for a moment: the call ends when its credit ends."""
    payer = await metered.payer("0.10")
    call = await payer.talk()
    await payer.set_status("suspended")
    await call.talk_reaches(3.5)
    await payer.set_status("active")
    on_time(await call.late_s(10))
    assert (await call.cdr())["ended_by"] == "credit"


async def test_a_lowered_balance_ends_the_call_at_its_paid_instant(
    metered: Metered, on_time: OnTime
) -> None:
    """1.00, and all of it taken away while 6 s are paid: those 6 s, and no more."""
    payer = await metered.payer("1.00")
    call = await payer.talk()
    body = {"id": f"{payer.account_id}-less", "amount": "-1.00", "note": "a mistake"}
    await metered.act("/adjustments", account_id=payer.account_id, **body)
    paid_s = call.paid_s
    on_time(await call.late_s(paid_s))
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"]) == (block_price(paid_s), "credit")
    assert await payer.money() == Money.left("0.00", cdr["charge"])


async def test_the_operator_hangs_a_call_up(metered: Metered) -> None:
    """`calls hang-up` ends it at once, charged to that moment."""
    payer = await metered.payer("1.00")
    call = await payer.talk()
    await metered.site.run("calls", "hang-up", call.call_id)
    done_at = time.time()
    assert await call.ended_at() < done_at + LATE_S
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert cdr["ended_by"] == "operator"
    assert await call.carrier_saw_bye()
