"""The daemon stands still (SIGSTOP): new calls get 503, running ones end as they are paid."""

import signal

from tests.asterisk.harness import FarEnd
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


async def test_calls_begin_run_and_end_beside_a_frozen_daemon(on_time: OnTime) -> None:
    """Frozen for some 10 s: one runs out, one is answered, one is hung up, one is refused.

    Afterwards each is charged once and right, by Asterisk's clock: that the news of the ends came
    late is no reason to correct it. Seen failing with events in `Listener` dated when they come,
    without the dialplan's lease at the answer, and without the gate's look at who has left.
    """
    async with metered_site(settings=lambda s: s["timing"].update(spool_check_s=5)) as metered:
        payers = [await metered.payer("1.00") for _ in range(4)]
        rings = await payers[0].call(FarEnd.never_answers())
        leaves, runs = await payers[1].talk(), await payers[2].talk()
        callees = [await rings.callee(), await leaves.callee()]
        metered.site.signal(signal.SIGSTOP)
        callees[0].pick_up()
        callees[1].hang_up()
        await assert_refused(metered, payers[3])
        on_time(await runs.late_s(runs.paid_s))
        on_time(await rings.late_s(6))
        assert await runs.carrier_saw_bye()
        assert await rings.carrier_saw_bye()
        metered.site.signal(signal.SIGCONT)
        for payer, call in zip(payers, (rings, leaves, runs), strict=False):
            cdr = await call.cdr()
            assert await call.talk_is_charged(cdr)
            assert cdr["clock"] == "ok"
            assert await payer.money() == Money.left("1.00", cdr["charge"])
            assert len(await payer.ledger()) == 2
            assert len(await payer.cdrs()) == 1
        # The caller who was refused is not asked for any more when the daemon wakes up.
        (cdr,) = await payers[3].cdrs_when(1)
        assert cdr["reason"] == "daemon_away"
        assert metered.site.log.find("authorized", account=payers[3].account_id) == []


async def assert_refused(metered: Metered, payer: Payer) -> None:
    """A new call is told 503 after three seconds, and never reaches the carrier."""
    number = metered.number()
    metered.asterisk.carrier.plan(number, ANSWERS)
    trace = await payer.dial(f"00{number}").trace.until_over(10)
    assert trace.final_code == 503
    assert 2.9 < trace.at("503") - trace.at("INVITE") < 4
    assert metered.asterisk.carrier.legs(number) == []


async def test_frozen_for_less_than_the_lead_is_noticed_by_nobody(on_time: OnTime) -> None:
    """From 6 s to 8.5 s of a slice of 10 s, when the next one was due at 7 s: cut at 16 s, 0.16."""
    async with metered_site(kiosk=long_slices(10)) as metered:
        payer = await metered.payer("0.16")
        call = await payer.talk()
        await call.talk_reaches(6)
        metered.site.signal(signal.SIGSTOP)
        await call.talk_reaches(8.5)
        metered.site.signal(signal.SIGCONT)
        on_time(await call.late_s(16))
        cdr = await call.cdr()
        assert (cdr["charge"], cdr["ended_by"], cdr["clock"]) == ("0.16", "credit", "ok")
