"""A top-up lengthens the call that runs.

Those after the last slice was asked for were seen failing with a deaf `call._credit_raised`.
"""

from tests.asterisk.metered import (
    FIGURE,
    Metered,
    OnTime,
    Record,
    instant,
)
from tests.asterisk.two_second_plans import (
    Money,
)

PAID = Money("0.00", "0.00", "0.00")


async def test_a_top_up_lengthens_a_call(metered: Metered, on_time: OnTime) -> None:
    """0.10 is 10 s; 0.04 more, paid in at the counter (`topup`), makes it 14 s."""
    payer = await metered.payer("0.10")
    call = await payer.talk()
    await metered.site.run("topup", payer.account_id, "0.04")
    on_time(await call.late_s(14))
    assert (await call.cdr())["charge"] == "0.14"
    assert await payer.money() == PAID


async def test_a_top_up_after_the_warning_takes_back_the_cut(
    metered: Metered, on_time: OnTime, record_property: Record
) -> None:
    """Warned 3 s before the end of 6 s, then 0.06 more: 12 s, and a second warning before them."""
    payer = await metered.payer("0.06")
    call = await payer.talk()
    await call.told("warned")
    paid_in_at = instant((await payer.top_up("0.06"))["entry"]["at"])
    extended = await call.told("extended", paid_s=12)
    record_property(f"{FIGURE}top-up to longer call", instant(extended["timestamp"]) - paid_in_at)
    on_time(await call.late_s(12))
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"]) == ("0.12", "credit")
    assert len(call.tellings("warned")) == 2
    assert await payer.money() == PAID


async def test_a_top_up_in_the_last_block_lengthens_a_call(
    metered: Metered, on_time: OnTime
) -> None:
    """1.7 s before the end, when not one block was left: one block more, 8 s in all."""
    payer = await metered.payer("0.06")
    call = await payer.talk()
    await call.talk_reaches(4.3)
    await payer.top_up("0.02")
    on_time(await call.late_s(8))
    assert (await call.cdr())["charge"] == "0.08"
    assert await payer.money() == PAID
