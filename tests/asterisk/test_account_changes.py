"""What the operator does to an account, or to a call, while the call runs."""

import time

from tests.asterisk.metered import LATE_S, Metered, Money, OnTime, block_price


async def test_a_blocked_account_s_call_ends_at_once(metered: Metered) -> None:
    """Blocked after 1.3 s: charged to that moment, one block of 2 s."""
    payer = await metered.payer("1.00")
    call = await payer.talk()
    await call.talk_reaches(1.3)
    blocked_at = time.time()
    await payer.set_status("blocked")
    assert blocked_at <= await call.ended_at() < blocked_at + LATE_S
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"]) == ("0.02", "account_status")
    assert await payer.money() == Money("0.98", "0.00", "0.98")
    assert await call.carrier_saw_bye()


async def test_a_suspended_account_s_call_is_not_paid_further(
    metered: Metered, on_time: OnTime
) -> None:
    """Suspended in the first slice: its 6 s are talked to the end, whatever the credit."""
    payer = await metered.payer("1.00")
    call = await payer.talk()
    await call.talk_reaches(1)
    await payer.set_status("suspended")
    on_time(await call.late_s(6))
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"]) == ("0.06", "account_status")
    assert await payer.money() == Money("0.94", "0.00", "0.94")


async def test_a_call_goes_on_when_its_account_is_active_again(
    metered: Metered, on_time: OnTime
) -> None:
    """Suspended for a second: the call ends when its credit ends."""
    payer = await metered.payer("0.10")
    call = await payer.talk()
    await call.talk_reaches(1)
    await payer.set_status("suspended")
    await call.talk_reaches(2)
    await payer.set_status("active")
    on_time(await call.late_s(10))
    assert (await call.cdr())["ended_by"] == "credit"


async def test_the_operator_hangs_a_call_up(metered: Metered) -> None:
    """`calls hang-up` ends it at once, charged to that moment."""
    payer = await metered.payer("1.00")
    call = await payer.talk()
    await metered.site.run("calls", "hang-up", call.call_id)
    done_at = time.time()
    assert await call.ended_at() < done_at + LATE_S
    cdr = await call.cdr()
    assert cdr["ended_by"] == "operator"
    assert cdr["charge"] == block_price(cdr["talk_s"])
    assert await call.carrier_saw_bye()
