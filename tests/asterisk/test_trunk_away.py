"""The trunk cannot be reached: nobody pays, and what was held is free again."""

from tests.asterisk.metered import metered_site
from tests.asterisk.two_second_plans import (
    Money,
)


async def test_a_trunk_that_asterisk_does_not_know() -> None:
    """No leg is ever made, so only the caller's own end tells of it: FAILED."""
    async with metered_site(settings=lambda site: site.update(trunks=["away"])) as metered:
        payer = await metered.payer("0.10")
        call = await payer.call()
        # Asterisk's own answer where there is no route.
        assert (await call.phone.trace.until_over()).final_code == 404
        cdr = await call.cdr()
        assert (cdr["disposition"], cdr["charge"], cdr["uniqueid"]) == ("FAILED", "0.00", None)
        assert await payer.money() == Money("0.10", "0.00", "0.10")


async def test_a_trunk_whose_other_side_is_dead() -> None:
    """Like a phone that nobody picks up: the ring limit ends it, NO ANSWER."""
    async with metered_site(settings=lambda site: site["timing"].update(ring_s=5)) as metered:
        payer = await metered.payer("0.10")
        await metered.asterisk.carrier.close()
        call = await payer.call()
        assert (await call.phone.trace.until_over()).final_code == 480
        cdr = await call.cdr()
        assert (cdr["disposition"], cdr["charge"]) == ("NO ANSWER", "0.00")
        assert await payer.money() == Money("0.10", "0.00", "0.10")
