"""Emergency calls beside a daemon: always connected, free, and recorded afterwards."""

from tests.asterisk.harness import FarEnd
from tests.asterisk.metered import Money, metered_site, talk_of


async def test_an_emergency_call_without_credit_is_free_and_recorded() -> None:
    """Zero credit, and a 112 that talks for 1.5 s: connected, 0.00, with its record later."""
    async with metered_site(settings=lambda s: s["timing"].update(spool_check_s=1)) as metered:
        payer = await metered.payer()
        metered.asterisk.carrier.plan("112", FarEnd.answers(talk_s=1.5))
        call = payer.dial("112")
        assert (await call.trace.until_over()).final_code == 200
        (cdr,) = await payer.cdrs_when(1)
        assert (cdr["call_type"], cdr["dialled"]) == ("emergency", "112")
        assert (cdr["disposition"], cdr["charge"]) == ("ANSWERED", "0.00")
        assert cdr["talk_s"] == talk_of(cdr)
        assert cdr["end_source"] == "spool"
        assert await payer.money() == Money("0.00", "0.00", "0.00")
        assert await payer.ledger() == []


async def test_an_emergency_call_needs_no_daemon() -> None:
    """Of a suspended account, while the daemon is dead: connected, and recorded at its return."""
    async with metered_site() as metered:
        payer = await metered.payer()
        await payer.set_status("suspended")
        await metered.site.kill()
        metered.asterisk.carrier.plan("112", FarEnd.answers(talk_s=0.5))
        call = payer.dial("911")
        assert (await call.trace.until_over()).final_code == 200
        caller = await metered.asterisk.observer.wait_for("Newchannel")
        await metered.asterisk.observer.wait_for("Hangup", Uniqueid=caller["Uniqueid"])
        await metered.site.serve()
        (cdr,) = await payer.cdrs_when(1)
        assert (cdr["call_type"], cdr["dialled"]) == ("emergency", "911")
        assert (cdr["disposition"], cdr["charge"]) == ("ANSWERED", "0.00")
