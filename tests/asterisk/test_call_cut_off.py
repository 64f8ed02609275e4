"""A call ends when its credit ends: at the paid instant, for exactly the credit, with a warning."""

from tests.asterisk.metered import Metered, OnTime
from tests.asterisk.two_second_plans import (
    Money,
)


async def test_a_call_ends_when_its_credit_ends(metered: Metered, on_time: OnTime) -> None:
    """0.10 buys five blocks of 2 s: 10 s of talk in slices of 6 and 4, and nothing is left.

    Seen failing without the `ArmTimeout` of `call_due._arm`.
    """
    payer = await metered.payer("0.10")
    call = await payer.talk()
    on_time(await call.late_s(10))
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["billed_s"]) == ("0.10", 10)
    assert cdr["unpaid_s"] <= 1
    assert (cdr["disposition"], cdr["ended_by"]) == ("ANSWERED", "credit")
    assert (cdr["end_source"], cdr["clock"]) == ("event", "ok")
    assert await payer.money() == Money("0.00", "0.00", "0.00")
    assert await payer.ledger() == [("top_up", "0.10"), ("charge", "-0.10")]
    assert await call.carrier_saw_bye()


async def test_credit_for_no_whole_block_is_left(metered: Metered, on_time: OnTime) -> None:
    """0.25 at 0.10 for 2 s: the first slice is 4 s, cut by Asterisk alone, and 0.05 stays.

    Seen failing with the lease of `gate._variables` one second longer.
    """
    payer = await metered.payer("0.25")
    call = await payer.talk(country="49")
    on_time(await call.late_s(4))
    cdr = await call.cdr()
    assert (cdr["charge"], cdr["billed_s"], cdr["ended_by"]) == ("0.20", 4, "credit")
    assert await payer.money() == Money("0.05", "0.00", "0.05")


async def test_the_payer_alone_is_warned_before_the_end(metered: Metered, on_time: OnTime) -> None:
    """A tone 3 s before the end of 10 s: some 20 packets for the payer, not one for the callee.

    Seen failing without the digits of `Meter._warn`, and with `peer` for `self` in features.conf.
    """
    payer = await metered.payer("0.10")
    call = await payer.talk()
    answered_at = await call.answered_at()
    assert 2000 < (await call.told("warned"))["left_ms"] <= 3000
    on_time(await call.late_s(10))
    heard = call.phone.ear.heard_at_epoch_s
    assert len(heard) > 10
    assert answered_at + 7 <= heard[0] < answered_at + 9
    assert metered.asterisk.carrier.legs(call.number)[0].ear.heard_at_epoch_s == []
