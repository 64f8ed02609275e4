"""Two trunk legs that are left alone with each other: paid while they talk, and not for long."""

from tests.exchange import Exchange, exchange, slices_of, timing
from tests.fakes.fake_call import FakeCall
from tests.fakes.until import until

ORPHANED = "0044207946"


async def pair(x: Exchange) -> tuple[FakeCall, FakeCall]:
    """Two calls of alice's, connected with each other by her."""
    kept, moved = await x.talk("alice", f"{ORPHANED}0001"), await x.talk("alice", f"{ORPHANED}0002")
    x.pbx.transfer_attended(kept, moved)
    return kept, moved


async def test_two_legs_left_alone_end_after_a_while_and_are_paid() -> None:
    """2 s after alice has left: both charged for their whole talk, both ended as orphans.

    Seen failing without `_end_if_orphan` in core.call.advance.
    """
    async with exchange({"alice": "1.00"}, change=timing(orphan_max_s=2)) as x:
        calls = await pair(x)
        for call in calls:
            record = await x.settled(call)
            assert (record["ended_by"], record["unpaid_s"]) == ("orphan", 0)
            assert record["charge_micros"] == record["billed_s"] * 10_000
            assert record["talk_s"] >= 2


async def test_zero_ends_them_as_soon_as_it_is_seen() -> None:
    """`orphan_max_s: 0`."""
    async with exchange({"alice": "1.00"}, change=timing(orphan_max_s=0)) as x:
        for call in await pair(x):
            assert (await x.settled(call))["ended_by"] == "orphan"


async def test_a_leg_that_is_joined_again_goes_on() -> None:
    """A phone takes the call over in time."""
    change = timing(orphan_max_s=3, status_check_s=1, spool_check_s=1)
    async with exchange({"alice": "1.00"}, change=change) as x:
        kept, _ = await pair(x)
        await x.site.log.wait("left alone", call_id=kept.call_id)
        phone = x.pbx.new_channel("bob", context="pbxc-out", exten="1")
        x.pbx.connect(kept.metered_leg, phone)
        looks = len(x.pbx.acted("Status"))
        await until(lambda: len(x.pbx.acted("Status")) > looks + 4)
        assert not kept.ended.is_set()


async def test_a_restart_finds_them_again() -> None:
    """The daemon dies after the transfer; its next life sees who was left alone."""
    change, long = timing(orphan_max_s=1, renew_lead_s=4), slices_of(30)
    async with exchange({"alice": "1.00"}, change=timing(orphan_max_s=60), plan=long) as x:
        kept, moved = await pair(x)
        await x.site.log.wait("left alone", call_id=moved.call_id)
        await x.site.kill()
        x.site.change(change)
        await x.serve()
        assert (await x.settled(kept))["ended_by"] == "orphan"


async def test_a_conference_and_a_parking_lot_are_no_orphanage() -> None:
    """Outsiders alone in a conference that a phone has left talk on."""
    change = timing(orphan_max_s=0, status_check_s=1, spool_check_s=1)
    async with exchange({"alice": "1.00"}, change=change) as x:
        one, two = await x.talk("alice"), await x.talk("alice")
        x.pbx.connect(one.metered_leg, two.metered_leg, kind="base")
        for call in (one, two):
            x.pbx.hang_up(call.caller, 16)
        await until(lambda: len(x.pbx.acted("BridgeList")) >= 2)
        assert not one.ended.is_set()
        assert x.site.log.find("left alone") == []


async def test_a_forwarded_call_is_nobodys_orphan() -> None:
    """A call from outside that goes on to a mobile: nobody of the site has left it."""
    change = timing(orphan_max_s=0, status_check_s=1, spool_check_s=1)
    async with exchange({"alice": "1.00"}, change=change) as x:
        incoming = x.pbx.new_channel("carrier", context="from-carrier", exten="442079460009")
        incoming.state = 6
        forwarded = FakeCall(x.pbx, incoming, "alice", f"{ORPHANED}0003")
        await forwarded.authorize()
        forwarded.dial()
        forwarded.answer()
        looks = len(x.pbx.acted("Status"))
        await until(lambda: len(x.pbx.acted("Status")) > looks + 2)
        assert not forwarded.ended.is_set()
