"""Included talk through the real daemon: written in a product's file, used up by live calls."""

from pbxcharge.core.money import format_amount
from pbxcharge.store.verify import verify
from tests.exchange import SECOND, UK, Exchange
from tests.fakes.fake_call import FakeCall
from tests.fakes.included import FREE_S, including
from tests.fakes.until import until


async def talked(x: Exchange, call: FakeCall, more_than_s: float) -> None:
    """Time goes on until the call has lasted so long."""
    since = call.answered_at
    assert since is not None
    await until(lambda: x.pbx.now() - since > more_than_s)


async def test_free_talk_runs_out_in_the_middle_of_a_call() -> None:
    """The seconds after it are charged; the record says how many were free, `explain` why."""
    async with including("1.00") as x:
        call = await x.talk("alice")
        await talked(x, call, FREE_S + 1)
        (now,) = (await x.site.run("calls", "--json")).json["calls"]
        assert now["cost"] == format_amount((now["talk_s"] - FREE_S) * SECOND)
        call.hang_up()
        record = await x.settled(call)
        assert record["included_s"] == FREE_S
        assert record["charge_micros"] == (record["talk_s"] - FREE_S) * SECOND > 0
        told = await x.site.run("explain", call.call_id)
        assert f"{FREE_S} s included (SmartMinutes)" in told.out
        assert "Priced again from what is stored: the same." in told.out
        assert x.balance("alice") == 1_000_000 - record["charge_micros"]


async def test_without_credit_the_call_ends_with_the_free_talk() -> None:
    """4 s are paid for, and Asterisk itself ends the call then; the next one is refused."""
    async with including("0.00") as x:
        call = await x.talk("alice")
        record = await x.settled(call)
        assert (record["included_s"], record["charge_micros"]) == (FREE_S, 0)
        assert record["ended_by"] == "credit"
        refused = await x.ask("alice")
        assert refused.verdict["PBXC_VERDICT"] == "DENY"
        assert x.record(refused)["reason"] == "not_enough_credit"


async def test_two_calls_at_once_do_not_use_the_same_second() -> None:
    """Together they have 4 s, however they share them; what one leaves the other one gets."""
    async with including("1.00") as x:
        calls = [await x.talk("alice"), await x.talk("alice")]
        for call in calls:
            await talked(x, call, 3)
        for call in calls:
            call.hang_up()
        records = [await x.settled(call) for call in calls]
        assert sum(record["included_s"] for record in records) <= FREE_S
        paid_s = sum(record["talk_s"] - record["included_s"] for record in records)
        assert sum(record["charge_micros"] for record in records) == paid_s * SECOND


async def test_a_killed_daemon_settles_with_what_was_granted() -> None:
    """Killed while the call talks, it finds the end written down, and charges as if it had seen."""
    async with including("1.00") as x:
        call = await x.talk("alice")
        await talked(x, call, 2)
        await x.site.kill()
        call.hang_up()
        await x.serve()
        record = await x.settled(call)
        free_s = min(FREE_S, record["talk_s"])
        assert record["included_s"] == free_s
        assert record["charge_micros"] == (record["talk_s"] - free_s) * SECOND
        await x.site.stop()
        assert verify(x.site.database) == []


async def test_a_quote_takes_off_what_is_left() -> None:
    """Of 10 s 4 are included, and with 0.10 of credit a call lasts 14 s; later nothing is left."""
    async with including("0.10") as x:
        asked = ("quote", "alice", UK, "10", "--json")
        before = (await x.site.run(*asked)).json["quote"]
        assert before["levels"][0]["charge"] == "0.06"
        assert before["credit"]["talk_s"] == 14
        call = await x.talk("alice")
        await talked(x, call, FREE_S + 1)
        call.hang_up()
        await x.settled(call)
        after = (await x.site.run(*asked)).json["quote"]
        assert after["levels"][0]["charge"] == "0.10"


async def test_what_a_call_holds_and_uses_is_shown() -> None:
    """While it talks some of the 0.04 is held; after it all is used, by the daemon and alone."""
    async with including("1.00") as x:
        call = await x.talk("alice")
        await talked(x, call, FREE_S + 1)
        (now,) = (await x.site.ask("account", "quotas", "alice"))["quotas"]
        assert (now["product"], now["used"], now["held"], now["left"]) == (
            "phones",
            "0.00",
            "0.04",
            "0.00",
        )
        call.hang_up()
        await x.settled(call)
        (after,) = (await x.site.ask("account", "quotas", "alice"))["quotas"]
        assert (after["used"], after["held"], after["discount_percent"]) == ("0.04", "0.00", "0.00")
        await x.site.stop()
        assert (await x.site.ask("account", "quotas", "alice"))["quotas"] == [after]


async def test_an_accounts_own_discount_is_used_before_its_product() -> None:
    """Its file comes with a reload, which refuses to take it away while the account has it."""
    async with including("1.00") as x:
        own = x.site.folder / "discounts" / "own.yaml"
        own.write_text("name: own\namount: 0.02\n")
        await x.site.run("plan", "apply")
        await x.site.run("account", "set-discounts", "alice", "own")
        call = await x.talk("alice")
        await talked(x, call, FREE_S + 3)
        call.hang_up()
        assert (await x.settled(call))["included_s"] == FREE_S + 2
        quotas = (await x.site.ask("account", "quotas", "alice"))["quotas"]
        assert [(it["source"], it["used"]) for it in quotas] == [
            ("account", "0.02"),
            ("product", "0.04"),
        ]
        own.unlink()
        refused = await x.site.run("plan", "apply", code=1)
        assert "there is no discount own" in refused.out + refused.err
