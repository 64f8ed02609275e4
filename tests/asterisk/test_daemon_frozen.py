"""The daemon stands still (SIGSTOP): new calls get 503, running ones end as they are paid."""

import signal

from tests.asterisk.harness import FarEnd
from tests.asterisk.metered import ANSWERS, Metered, OnTime, Payer, metered_site


async def test_calls_begin_run_and_end_beside_a_frozen_daemon(on_time: OnTime) -> None:
    """Frozen for some 10 s: one runs out, one is answered, one is hung up, one is refused.

    Afterwards each is charged once and right, by Asterisk's clock: the late news of the ends are
    no reason to correct it.
    """
    async with metered_site() as metered:
        payers = [await metered.payer("1.00") for _ in range(4)]
        rings = await payers[0].call(FarEnd.answers(after_s=5))
        leaves = await payers[1].talk(FarEnd.answers(talk_s=3.5))
        runs = await payers[2].talk()
        metered.site.signal(signal.SIGSTOP)
        await assert_refused(metered, payers[3])
        on_time(await runs.late_s(6))
        on_time(await rings.late_s(6))
        for call in (runs, rings):
            assert await call.carrier_saw_bye()
        metered.site.signal(signal.SIGCONT)
        cdrs = [await call.cdr() for call in (rings, leaves, runs)]
        assert [cdr["charge"] for cdr in cdrs] == ["0.06", "0.04", "0.06"]
        assert [cdr["talk_s"] for cdr in cdrs] == [6, 4, 6]
        assert {cdr["clock"] for cdr in cdrs} == {"ok"}
        assert [len(await payer.cdrs_when(1)) for payer in payers] == [1, 1, 1, 1]
        money = [(await payer.money()).balance for payer in payers]
        assert money == ["0.94", "0.96", "0.94", "1.00"]
        assert (await payers[3].talk(FarEnd.answers(talk_s=0.5))).call_id


async def assert_refused(metered: Metered, payer: Payer) -> None:
    """A new call is told 503 after three seconds, and never reaches the carrier."""
    number = metered.number()
    metered.asterisk.carrier.plan(number, ANSWERS)
    trace = await payer.dial(f"00{number}").trace.until_over(10)
    assert trace.final_code == 503
    assert 2.9 < trace.at("503") - trace.at("INVITE") < 4
    assert metered.asterisk.carrier.legs(number) == []


async def test_frozen_for_less_than_the_lead_is_noticed_by_nobody(on_time: OnTime) -> None:
    """From 2 s to 5 s of the first slice, when the next one was due at 3 s: cut at 10 s, 0.10."""
    async with metered_site() as metered:
        payer = await metered.payer("0.10")
        call = await payer.talk()
        await call.talk_reaches(2)
        metered.site.signal(signal.SIGSTOP)
        await call.talk_reaches(5)
        metered.site.signal(signal.SIGCONT)
        on_time(await call.late_s(10))
        cdr = await call.cdr()
        assert (cdr["charge"], cdr["ended_by"], cdr["clock"]) == ("0.10", "credit", "ok")
