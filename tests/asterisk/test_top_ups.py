"""A top-up lengthens the call that runs."""

from tests.asterisk.metered import Metered, Money, OnTime, Record, instant

PAID = Money("0.00", "0.00", "0.00")


async def test_a_top_up_lengthens_a_call(metered: Metered, on_time: OnTime) -> None:
    """0.06 is one slice of 6 s; 0.04 more, paid in at the counter after 1 s, makes it 10 s."""
    payer = await metered.payer("0.06")
    call = await payer.talk()
    await call.talk_reaches(1)
    await metered.site.run("topup", payer.account_id, "0.04")
    on_time(await call.late_s(10))
    assert (await call.cdr())["charge"] == "0.10"
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
    record_property("top_up_to_longer_call_s", instant(extended["timestamp"]) - paid_in_at)
    on_time(await call.late_s(12))
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"]) == ("0.12", "credit")
    assert len(call.tellings("warned")) == 2
    assert await payer.money() == PAID


async def test_a_top_up_in_the_last_block_lengthens_a_call(
    metered: Metered, on_time: OnTime
) -> None:
    """1.4 s before the end, when not one block was left: one block more, 8 s in all."""
    payer = await metered.payer("0.06")
    call = await payer.talk()
    await call.talk_reaches(4.6)
    await payer.top_up("0.02")
    on_time(await call.late_s(8))
    assert (await call.cdr())["charge"] == "0.08"
    assert await payer.money() == PAID


async def test_a_lowered_balance_ends_the_call_at_its_paid_instant(
    metered: Metered, on_time: OnTime
) -> None:
    """1.00, and 0.94 taken away while 6 s are paid: those 6 s, and no more."""
    payer = await metered.payer("1.00")
    call = await payer.talk()
    await call.talk_reaches(1)
    body = {"id": f"{payer.account_id}-less", "amount": "-0.94", "note": "a mistake"}
    await metered.act("/adjustments", account_id=payer.account_id, **body)
    on_time(await call.late_s(6))
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["ended_by"]) == ("0.06", "credit")
    assert await payer.money() == PAID
