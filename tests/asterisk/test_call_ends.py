"""The ways in which calls end before their credit does, and what each of them costs."""

import pytest

from tests.asterisk.harness import FarEnd
from tests.asterisk.metered import LATE_S, Metered, OnTime, instant
from tests.asterisk.two_second_plans import (
    Money,
)


async def test_what_is_not_used_is_back_at_once(metered: Metered) -> None:
    """The caller hangs up after 4 s: two blocks, 0.04; the other 0.02 of the slice is free.

    Seen failing with the charge of `settlement.settle` for all that was held.
    """
    payer = await metered.payer("1.00")
    number = metered.number()
    metered.asterisk.carrier.plan(number, FarEnd.answers())
    sipp = await metered.asterisk.sipp_phone(payer.phone.name).call(f"00{number}", talk_s=4)
    call = await metered.allowed(number)
    await call.told("answered")
    assert await payer.money() == Money("1.00", "0.06", "0.94")
    assert (await sipp.ended()).bye_sent is True
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert (cdr["ended_by"], cdr["end_source"]) == ("caller", "event")
    assert await payer.money() == Money.left("1.00", cdr["charge"])
    assert instant((await call.told("settled"))["timestamp"]) - await call.ended_at() < LATE_S


async def test_the_callee_hangs_up(metered: Metered) -> None:
    """After 1.5 s: one block."""
    payer = await metered.payer("1.00")
    call = await payer.talk(FarEnd.answers(talk_s=1.5))
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert cdr["ended_by"] == "callee"
    assert (await call.phone.trace.until_over()).bye_sent is False
    assert await payer.money() == Money.left("1.00", cdr["charge"])


async def test_nobody_answers(metered: Metered) -> None:
    """The ring limit of 15 s ends it: 480, no charge, and what was held meanwhile is free again.

    Seen failing with `settlement.settle` charging calls without an answer.
    """
    payer = await metered.payer("0.10")
    call = await payer.call(FarEnd.never_answers())
    assert await payer.money() == Money("0.10", "0.06", "0.04")
    assert (await call.phone.trace.until_over()).final_code == 480
    cdr = await call.cdr()
    assert (cdr["disposition"], cdr["charge"], cdr["answered_at"]) == ("NO ANSWER", "0.00", None)
    assert await payer.money() == Money("0.10", "0.00", "0.10")
    assert await payer.ledger() == [("top_up", "0.10")]


async def test_the_caller_gives_up_while_it_rings(metered: Metered) -> None:
    """CANCEL for the carrier, 487 for the caller, nothing to pay."""
    payer = await metered.payer("0.10")
    call = await payer.call(FarEnd.never_answers())
    await call.phone.trace.until("180")
    call.phone.cancel()
    assert (await call.phone.trace.until_over()).final_code == 487
    cdr = await call.cdr()
    assert (cdr["disposition"], cdr["charge"], cdr["ended_by"]) == ("NO ANSWER", "0.00", "caller")
    assert await payer.money() == Money("0.10", "0.00", "0.10")


@pytest.mark.parametrize(
    ("carrier_says", "disposition"),
    [(486, "BUSY"), (404, "FAILED"), (503, "FAILED"), (480, "NO ANSWER")],
)
async def test_the_carrier_refuses(metered: Metered, carrier_says: int, disposition: str) -> None:
    """The caller hears why, the record says it, and the hold is released."""
    payer = await metered.payer("0.10")
    call = await payer.call(FarEnd.refuses(carrier_says))
    assert (await call.phone.trace.until_over()).final_code == carrier_says
    cdr = await call.cdr()
    assert (cdr["disposition"], cdr["charge"]) == (disposition, "0.00")
    assert await payer.money() == Money("0.10", "0.00", "0.10")


async def test_early_media_is_not_charged(metered: Metered) -> None:
    """2.5 s of announcement before the answer are free; 1.5 s after it are one block.

    Seen failing with `Listener.hear` taking the dialling for the answer.
    """
    payer = await metered.payer("1.00")
    call = await payer.talk(FarEnd.announces(for_s=2.5, talk_s=1.5))
    cdr = await call.cdr()
    assert call.phone.trace.at("200") - call.phone.trace.at("183") > 2
    assert await call.talk_is_charged(cdr)


async def test_early_media_costs_no_paid_time(metered: Metered, on_time: OnTime) -> None:
    """4 s of credit are 4 s of talk, however long the announcement was."""
    payer = await metered.payer("0.04")
    call = await payer.talk(FarEnd.announces(for_s=5))
    on_time(await call.late_s(4))
    assert (await call.cdr())["charge"] == "0.04"
