"""What a call is priced with is stored when it is allowed; nothing that comes later changes it."""

from pbxcharge.core.slices import slices_from_text
from tests.exchange import PLAN, SECOND, exchange, slices_of, timing


async def test_call_keeps_its_price_through_a_changed_plan_a_crash_and_a_deleted_plan() -> None:
    """Allowed at 0.60 a minute, charged by 0.60 a minute, and `explain` explains it.

    Meanwhile the plan was made ten times dearer, the daemon killed, the plan deleted.
    Seen failing with another price in what Queries.open_calls reads.
    """
    long = slices_of(30)
    async with exchange({"alice": "1.00"}, plan=long, change=timing(renew_lead_s=20)) as x:
        call = await x.talk("alice")
        plan = x.site.folder / "plans" / "seconds.yaml"
        plan.write_text(long.replace("0.60", "6.00"))
        await x.site.kill()
        plan.unlink()
        await x.serve()
        await x.site.log.wait("slice", call_id=call.call_id, paid_s=60)
        call.hang_up()
        record = await x.settled(call)
        assert record["charge_micros"] == record["billed_s"] * SECOND
        slices = slices_from_text(record["slices"])
        assert [one.through_s for one in slices] == [30, 60]
        assert [one.held_micros for one in slices] == [(30 * SECOND,), (60 * SECOND,)]
        assert slices[0].at_ms is None and slices[1].at_ms is not None
        shown = (await x.site.ask("explain", call.call_id))["cdr"]
        assert (shown["priced_again"], shown["differences"]) == ("same", [])
        assert {line["price_per_minute"] for line in shown["lines"]} == {"0.60"}
        assert (await x.ask("alice")).verdict["PBXC_SIPCODE"] == "404"
        await x.site.run("verify")


async def test_next_call_has_the_new_price() -> None:
    """The same user, after a restart with the changed file: 0.10 a second instead of 0.01."""
    async with exchange({"alice": "1.00"}) as x:
        first = await x.talk("alice")
        (x.site.folder / "plans" / "seconds.yaml").write_text(PLAN.replace("0.60", "6.00"))
        first.hang_up()
        assert (await x.settled(first))["charge_micros"] == SECOND
        await x.site.stop()
        await x.serve()
        second = await x.talk("alice")
        second.hang_up()
        assert (await x.settled(second))["charge_micros"] == 10 * SECOND
        plans = {row["plan_version"] for row in x.rows("SELECT plan_version FROM cdr_level")}
        assert len(plans) == 2
