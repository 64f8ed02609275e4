"""The history of plans beside running calls: reloads, dates, and books that cannot be written."""

from typing import Any

from tests.exchange import PLAN, SECOND, Exchange, exchange
from tests.integration.daemon.test_effective_dates import DATES, instant, write_later
from tests.integration.daemon.test_reload import DEARER, hang_up, hup, plan_file


async def history(x: Exchange) -> list[Any]:
    """Of the plan that everybody is charged by."""
    lines: list[Any] = (await x.site.ask("plan", "history", "seconds"))["history"]
    return lines


async def test_a_reload_ends_one_version_and_begins_the_next() -> None:
    """By SIGHUP; a second one with the same files adds nothing."""
    async with exchange({"alice": "9.00"}) as x:
        plan_file(x).write_text(DEARER)
        await hup(x, "plans_in_force")
        first, second = await history(x)
        assert (first["applied_through"], first["ended_through"]) == ("start", "reload")
        assert (second["applied_by"], second["state"]) == ("SIGHUP", "in_force")
        await hup(x, "plans_in_force")
        assert await history(x) == [first, second]


async def test_a_plan_begins_and_ends_by_its_dates() -> None:
    """Whoever applied it stays named; the usual plan gives its place, and takes it again."""
    async with exchange({"alice": "9.00"}) as x:
        dates = (f"effective_from: '{instant(12)}'", f"effective_until: '{instant(15)}'")
        write_later(x, PLAN.replace("0.60", "6.00"), *dates)
        seen = len(x.site.log.lines)
        await hup(x, "plans_in_force")
        for _ in range(2):
            await x.site.log.wait("plans_in_force", after=seen, within_s=60.0, actor=DATES)
            seen = len(x.site.log.lines)
        usual, special, again = await history(x)
        assert special["applied_through"] == "reload"
        assert (usual["until"], special["until"]) == (special["from"], again["from"])
        assert {usual["ended_through"], special["ended_through"], again["applied_through"]} == {
            "date"
        }
        assert (await x.site.run("verify")).out == "the books are right\n"


async def test_what_cannot_be_written_waits_with_its_instant() -> None:
    """The new price counts at once; the log says what waits, and the books have it later."""
    async with exchange({"alice": "9.00"}) as x:
        plan_file(x).write_text(DEARER)
        with x.books_locked():
            said = await hup(x, "history of plans not written yet")
            assert x.site.log.find("plans_in_force")
        written = await x.site.log.wait("history of plans written")
        assert written["timestamp"] > said["timestamp"]
        _, second = await history(x)
        assert second["applied_by"] == "SIGHUP"
        assert second["from"][:19] <= said["timestamp"][:19]
        assert await hang_up(x, "alice") == 10 * SECOND
