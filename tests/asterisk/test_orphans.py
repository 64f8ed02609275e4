"""A phone connects its two paid calls with each other and leaves, on a real Asterisk."""

import re
from urllib.parse import quote

from tests.asterisk.harness import HandsetCall
from tests.asterisk.metered import LATE_S, Metered, PaidCall, Payer, metered_site

ORPHAN_MAX_S = 3


def connect(kept: HandsetCall, other: HandsetCall, sip_port: int) -> None:
    """REFER with Replaces: the far ends of both calls talk to each other from now on."""
    theirs, ours = (re.findall("tag=(.*)", end)[0] for end in (other.remote, other.local))
    replaces = quote(f"{other.call_id};to-tag={theirs};from-tag={ours}", safe="")
    refer_to = f"<sip:{other.trace.number}@127.0.0.1:{sip_port}?Replaces={replaces}>"
    kept.request("REFER", ("Refer-To", refer_to))


async def connected(metered: Metered, payer: Payer) -> list[PaidCall]:
    """Two calls of one payer, connected with each other."""
    calls = [await payer.talk(), await payer.talk()]
    for call in calls:
        await call.told("answered")
    observer = metered.asterisk.observer
    for call in calls:
        await observer.wait_for("BridgeEnter", Uniqueid=await call.leg())
        leg = (await observer.wait_for("DialBegin", DestUniqueid=await call.leg()))["Uniqueid"]
        await observer.wait_for("BridgeEnter", Uniqueid=leg)
    connect(calls[0].phone, calls[1].phone, metered.asterisk.sip_port)
    return calls


async def test_calls_that_a_phone_has_left_to_each_other_end_and_are_paid() -> None:
    """3 s after the transfer, both, by the daemon; each second of them is charged.

    Seen failing without `_end_if_orphan` in core.call.advance.
    """

    def shortly(settings: dict[str, dict[str, int]]) -> None:
        settings["timing"]["orphan_max_s"] = ORPHAN_MAX_S

    async with metered_site(settings=shortly) as metered:
        payer = await metered.payer("2.00")
        calls = await connected(metered, payer)
        left = await metered.asterisk.observer.wait_for("AttendedTransfer")
        for call in calls:
            cdr = await call.cdr()
            assert (cdr["ended_by"], cdr["unpaid_s"]) == ("orphan", 0)
            assert await call.talk_is_charged(cdr)
            alone_s = await call.ended_at() - left.at_epoch_s
            assert ORPHAN_MAX_S <= alone_s < ORPHAN_MAX_S + 2 * LATE_S


async def test_calls_that_are_left_alone_keep_their_leases_and_are_renewed() -> None:
    """With a minute to go they talk on over several slices, until the far end hangs up."""
    async with metered_site() as metered:
        payer = await metered.payer("2.00")
        calls = await connected(metered, payer)
        await calls[0].told("left alone")
        await calls[0].talk_reaches(14)
        assert all(call.paid_s > 14 for call in calls)
        (await calls[0].callee()).hang_up()
        for call in calls:
            assert await call.talk_is_charged(await call.cdr())
        assert (await calls[0].cdr())["ended_by"] == "callee"
