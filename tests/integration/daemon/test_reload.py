"""Plans that change while calls run: by SIGHUP and by `plan apply`, whole or not at all."""

import signal
from pathlib import Path
from typing import Any

from tests.exchange import PLAN, SECOND, Exchange, exchange, slices_of, timing
from tests.fakes.until import until

DEARER = PLAN.replace("0.60", "6.00")


def plan_file(x: Exchange) -> Path:
    """The file of the plan that everybody is charged by."""
    return x.site.folder / "plans" / "seconds.yaml"


async def hang_up(x: Exchange, phone: str) -> int:
    """What one second of talk costs now."""
    call = await x.talk(phone)
    call.hang_up()
    return int((await x.settled(call))["charge_micros"])


async def hup(x: Exchange, event: str) -> dict[str, Any]:
    """Send a SIGHUP, and wait for the line that it ends with."""
    seen = len(x.site.log.lines)
    x.site.signal(signal.SIGHUP)
    return await x.site.log.wait(event, after=seen)


async def test_sighup_charges_the_next_call_by_the_new_price_and_the_live_one_by_the_old() -> None:
    """0.01 a second for the call that runs, 0.10 for the next; the log says what has changed.

    Seen failing with the catalog of the start in Authorizer.
    """
    change = timing(renew_lead_s=4)
    async with exchange({"alice": "9.00", "bob": "9.00"}, change=change) as x:
        runs = await x.talk("alice")
        plan_file(x).write_text(DEARER)
        said = await hup(x, "plans_in_force")
        assert said["actor"] == "SIGHUP"
        assert [text.partition(":")[0] for text in said["changed"]] == ["seconds"]
        assert await hang_up(x, "bob") == 10 * SECOND
        await x.site.log.wait("slice", call_id=runs.call_id, paid_s=15)
        runs.hang_up()
        record = await x.settled(runs)
        assert record["charge_micros"] == record["billed_s"] * SECOND
        await x.site.run("verify")


async def test_products_come_into_force_with_the_plans_or_none_of_them_does() -> None:
    """A step that is missing refuses the reload; with it both are among what changed."""
    async with exchange({"alice": "9.00"}) as x:
        add_on = x.site.folder / "products" / "call-forwarding.yaml"
        add_on.write_text(add_on.read_text().replace("subscription: call-", "subscription: all-"))
        await hup(x, "plans refused, nothing was changed")
        (found,) = x.site.log.find("finding", key="subscription")
        assert "create the subscription plan all-forwarding" in found["hint"]
        terms = add_on.parent.parent / "subscriptions" / "call-forwarding.yaml"
        terms.write_text(terms.read_text().replace("name: call-", "name: all-"))
        changed = (await x.site.ask("plan", "apply"))["changes"]
        assert [(it["plan"], it["before"] is None, it["after"] is None) for it in changed] == [
            ("product call-forwarding", False, False),
            ("subscription all-forwarding", True, False),
            ("subscription call-forwarding", False, True),
        ]


async def test_bad_file_changes_nothing_and_the_log_says_why() -> None:
    """One file of two is wrong: neither is in force, every finding has its file and line."""
    async with exchange({"alice": "9.00"}) as x:
        plan_file(x).write_text(DEARER)
        (x.site.folder / "plans" / "kiosk.yaml").write_text("name: kiosk\ntype: prepayed\n")
        await hup(x, "plans refused, nothing was changed")
        (found,) = x.site.log.find("finding", key="type")
        assert (found["file"].endswith("kiosk.yaml"), found["line"]) == (True, 2)
        assert await hang_up(x, "alice") == SECOND


async def test_other_settings_are_named_as_needing_a_restart() -> None:
    """Rules of dialling count at once; a changed ring time does not, and is named by its key."""
    async with exchange({"alice": "9.00"}) as x:
        text = x.site.config.read_text().replace("ring_s: 20", "ring_s: 30")
        x.site.config.write_text(text.replace("add: '44'", "add: '33'"))
        said = await hup(x, "changed settings need a restart")
        assert said["settings"] == "timing.ring_s"
        assert (await x.ask("alice", "02079460000")).verdict["PBXC_SIPCODE"] == "404"
        assert (await x.ask("alice")).verdict["PBXC_RING_S"] == "20"


async def test_emergency_list_is_compared_with_the_dialplan_again() -> None:
    """A number that is on the list and not in the dialplan is said at once."""
    async with exchange({"alice": "9.00"}) as x:
        x.site.config.write_text(x.site.config.read_text().replace("911", "110"))
        seen = len(x.site.log.lines)
        await hup(x, "plans_in_force")
        await until(lambda: "110 is missing" in str(x.site.log.lines[seen:]))


async def test_wallets_may_be_spent_as_low_as_the_new_plan_says() -> None:
    """A credit limit of 5.00 is there at once: alice has nothing, and may call.

    Seen failing without `_align_plans` in Provisioning.change_plans.
    """
    async with exchange({"alice": "0.00"}) as x:
        assert (await x.ask("alice")).verdict["PBXC_SIPCODE"] == "402"
        plan_file(x).write_text(PLAN + "credit_limit: 5.00\n")
        await x.site.run("plan", "apply")
        assert (await x.ask("alice")).verdict["PBXC_VERDICT"] == "ALLOW"


async def test_plan_that_charges_accounts_cannot_vanish() -> None:
    """The finding names them; they go on being charged by it, and may be given another plan."""
    async with exchange({"alice": "9.00", "bob": "9.00"}) as x:
        plan_file(x).unlink()
        refused = await x.site.run("plan", "apply", code=1)
        assert "plan seconds is gone, but it charges the accounts alice, bob" in refused.err
        await hup(x, "plans refused, nothing was changed")
        assert await hang_up(x, "alice") == SECOND
        await x.site.run("account", "set-plan", "alice", "kiosk")
        await x.site.run("account", "set-status", "bob", "closed")
        applied = await x.site.ask("plan", "apply")
        assert [(it["plan"], it["after"]) for it in applied["changes"]] == [("seconds", None)]


async def test_settings_with_an_error_change_nothing() -> None:
    """Also where the plans are right."""
    async with exchange({"alice": "9.00"}) as x:
        plan_file(x).write_text(DEARER)
        x.site.config.write_text(x.site.config.read_text().replace("ring_s: 20", "ring_s: soon"))
        await hup(x, "plans refused, nothing was changed")
        assert x.site.log.find("finding", key="timing.ring_s")
        assert await hang_up(x, "alice") == SECOND


async def test_sighup_is_obeyed_before_asterisk_is_there() -> None:
    """A daemon that waits for Asterisk takes new plans, and is not ended by the signal."""
    async with exchange({"alice": "9.00"}, serve=False, asterisk=False) as x:
        await x.serve(ready=False)
        await x.site.log.wait("ami_down")
        plan_file(x).write_text(DEARER)
        await hup(x, "plans_in_force")
        await x.pbx.start()
        await x.site.log.wait("ready")
        assert await hang_up(x, "alice") == 10 * SECOND


async def test_reload_while_the_books_cannot_be_written_changes_nothing() -> None:
    """The wallets cannot follow, so neither do the prices; once they can, both do."""
    async with exchange({"alice": "9.00"}) as x:
        plan_file(x).write_text(DEARER + "credit_limit: 5.00\n")
        with x.books_locked():
            await hup(x, "plans not changed")
        assert (await x.site.ask("plan", "apply"))["done"]
        assert await hang_up(x, "alice") == 10 * SECOND


async def test_calls_go_on_through_a_hundred_reloads() -> None:
    """Reload after reload while a call is metered and others begin: each has one price, whole."""
    prices = [PLAN, DEARER]
    async with exchange({"alice": "90.00", "bob": "90.00"}, plan=slices_of(60)) as x:
        runs = await x.talk("alice")
        charges = set()
        for turn in range(10):
            for step in range(10):
                plan_file(x).write_text(prices[(turn + step) % 2])
                x.site.signal(signal.SIGHUP)
            charges.add(await hang_up(x, "bob"))
        assert charges <= {SECOND, 10 * SECOND}
        runs.hang_up()
        record = await x.settled(runs)
        assert record["charge_micros"] == record["billed_s"] * SECOND
