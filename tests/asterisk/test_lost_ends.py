"""A call whose end no witness saw is settled by the operator's rule.

Seen failing with the two rules of `recovery.lost_end` exchanged, and without the stored proof of
life.
"""

from pbxcharge.store import Queries
from tests.asterisk.metered import (
    AllowedCall,
    Document,
    Metered,
    Payer,
    eventually,
    instant,
    metered_site,
)
from tests.asterisk.two_second_plans import (
    Money,
    block_price,
    long_slices,
    talk_of,
)


async def test_a_lost_end_is_when_the_call_was_last_seen() -> None:
    """`last_seen`: charged to the last durable proof of life, less than the 20 s that were held."""
    async with metered_site(kiosk=long_slices(20)) as metered:
        payer = await metered.payer("0.20")
        cdr, seen_at = await lose_an_end(metered, payer)
        assert cdr["end_source"] == "last_seen"
        assert abs(instant(cdr["ended_at"]) - seen_at) < 0.001
        assert (cdr["talk_s"], cdr["unpaid_s"]) == (talk_of(cdr), 0)
        assert cdr["charge"] == block_price(cdr["talk_s"])


async def test_a_lost_end_may_cost_all_that_was_held() -> None:
    """`paid_through`: 20 s, however long the call lasted."""
    async with metered_site(
        kiosk=long_slices(20), settings=lambda site: site.update(lost_end="paid_through")
    ) as metered:
        payer = await metered.payer("0.20")
        cdr, _ = await lose_an_end(metered, payer)
        assert (cdr["end_source"], cdr["talk_s"]) == ("paid_through", 20)
        assert (cdr["charge"], cdr["unpaid_s"]) == ("0.20", 0)


async def test_asterisk_itself_dies() -> None:
    """No event, nothing written, no channel left after its restart: charged until last seen."""
    async with metered_site() as metered:
        payer = await metered.payer("1.00")
        call = await payer.talk()
        await seen_in_talk(metered, call)
        await metered.asterisk.kill()
        await metered.asterisk.start()
        cdr = await call.cdr()
        assert (cdr["disposition"], cdr["end_source"]) == ("ANSWERED", "last_seen")
        assert (cdr["talk_s"], cdr["charge"]) == (talk_of(cdr), block_price(cdr["talk_s"]))
        assert await payer.money() == Money.left("1.00", cdr["charge"])


async def lose_an_end(metered: Metered, payer: Payer) -> tuple[Document, float]:
    """A call whose end nobody heard, and of which nothing is written; and when it was last seen.

    The daemon is killed after it has seen the call alive, the caller hangs up, what the dialplan
    wrote is deleted, and the daemon comes back.
    """
    call = await payer.talk()
    await seen_in_talk(metered, call)
    await metered.site.kill()
    seen_at = await seen_alive(metered)
    call.phone.hang_up()
    assert seen_at < await call.ended_at()
    await metered.asterisk.cli("database deltree pbxcharge")
    await metered.site.serve()
    return await call.cdr(), seen_at


async def seen_in_talk(metered: Metered, call: AllowedCall) -> None:
    """Wait for a proof of life that is at least a second younger than the answer."""
    answered_at = await call.answered_at()

    async def seen() -> bool:
        return await seen_alive(metered) > answered_at + 1

    await eventually(seen)


async def seen_alive(metered: Metered) -> float:
    """The last durable proof that no end can have been missed."""
    queries = await Queries.connect(metered.site.database)
    try:
        return (await queries.pbx_seen("pbx1") or 0) / 1_000_000
    finally:
        await queries.close()
