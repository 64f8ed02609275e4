"""Emergency calls beside a daemon: always connected, free, and recorded afterwards."""

from typing import Any

from tests.asterisk.harness import FarEnd
from tests.asterisk.metered import metered_site
from tests.asterisk.two_second_plans import (
    Money,
    talk_of,
)


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


def list_another_number(settings: Any) -> None:
    """The site's list has 110, which nobody has written into the dialplan."""
    settings["timing"].update(spool_check_s=1)
    settings["emergency"]["numbers"].append({"dialled": "110", "sent": "112"})


async def test_a_number_that_the_dialplan_lacks_is_put_through_by_the_daemon() -> None:
    """110 reaches the trunk as 112, free, without an account that pays; forwards do not.

    Seen failing with a dialplan that knows no other verdict than ALLOW, and with a Gate that asks
    the authorizer first.
    """
    async with metered_site(settings=list_another_number) as metered:
        payer = await metered.payer()
        await payer.set_status("suspended")
        metered.asterisk.carrier.plan("112", FarEnd.answers(talk_s=1.5))
        call = payer.dial("110")
        assert (await call.trace.until_over()).final_code == 200
        (cdr,) = await payer.cdrs_when(1)
        assert (cdr["call_type"], cdr["dialled"]) == ("emergency", "110")
        assert (cdr["disposition"], cdr["charge"]) == ("ANSWERED", "0.00")
        assert metered.site.log.find("emergency number asked for, Asterisk's dialplan lacks it")
        await metered.asterisk.cli(
            f"channel originate Local/{payer.phone.extension}*110@pbxc-behalf/n application Wait 5"
        )
        await payer.cdrs_when(2)
        assert len(metered.asterisk.carrier.legs("112")) == 1
