"""`pbxcharge plan history`: with the daemon and without, whoever put what into force."""

import os
from typing import Any

from tests.integration.cli.test_cli_plan import GOLD, write
from tests.site import Site

ME = f"uid:{os.geteuid()}"
DEARER = GOLD.replace("0.60", "0.66")


async def history(site: Site, plan: str) -> list[Any]:
    """What the command says of a plan, line by line."""
    lines: list[Any] = (await site.ask("plan", "history", plan))["history"]
    return lines


async def test_what_is_in_force_at_the_start_is_written_once(served: Site) -> None:
    """By the daemon; a restart with the same files adds nothing."""
    (kiosk,) = await history(served, "kiosk")
    assert (kiosk["state"], kiosk["until"], kiosk["from"]) == (
        "in_force",
        None,
        kiosk["applied_at"],
    )
    assert (kiosk["applied_by"], kiosk["applied_through"]) == ("daemon", "start")
    await served.stop()
    await served.serve()
    assert await history(served, "kiosk") == [kiosk]
    assert (await served.run("verify")).out == "the books are right\n"


async def test_each_application_has_who_did_it_and_when(served: Site) -> None:
    """Another version ends the one before at the same instant; the first one may come back."""
    for text in (GOLD, DEARER, GOLD):
        await served.run("plan", "apply", write(served.folder / "gold.yaml", text))
    first, second, third = await history(served, "gold")
    assert (first["until"], second["until"]) == (second["from"], third["from"])
    assert [it["state"] for it in (first, second, third)] == ["past", "past", "in_force"]
    assert first["version"] == third["version"] != second["version"]
    assert {it["applied_by"] for it in (first, second, third)} == {ME}
    shown = (await served.run("plan", "history", "gold")).out
    assert "in force" in shown
    assert "plan apply" in shown


async def test_a_plan_to_come_is_planned_by_whoever_applied_it(served: Site) -> None:
    """Until its instant; taken away before, it never was in force."""
    later = GOLD.replace("name: gold", "name: gold\neffective_from: 2099-01-01")
    await served.run("plan", "apply", write(served.folder / "gold.yaml", later))
    (planned,) = await history(served, "gold")
    assert (planned["state"], planned["from"], planned["applied_by"]) == ("to_come", None, ME)
    assert planned["effective_from"] == "2099-01-01 00:00"
    assert "to come: 2099-01-01 00:00" in (await served.run("plan", "history")).out
    (served.folder / "plans" / "gold.yaml").unlink()
    await served.run("plan", "apply")
    (withdrawn,) = await history(served, "gold")
    assert (withdrawn["state"], withdrawn["ended_by"]) == ("withdrawn", ME)
    assert "never" in (await served.run("plan", "history", "gold")).out


async def test_without_the_daemon_it_is_written_all_the_same(site: Site) -> None:
    """By whoever applied it; the daemon that starts next finds nothing to add."""
    await site.run("plan", "apply", write(site.folder / "gold.yaml", GOLD))
    (gold,) = await history(site, "gold")
    assert (gold["applied_by"], gold["applied_through"]) == (ME, "apply")
    await site.run("plan", "apply")
    assert await history(site, "gold") == [gold]


async def test_a_plan_that_never_was_in_force_has_no_history(site: Site) -> None:
    """Also if it lies in the folder: nobody has put it into force yet."""
    assert (
        "no plan 'kiosk' was ever in force"
        in (await site.run("plan", "history", "kiosk", code=1)).err
    )
    assert "no plan was ever in force" in (await site.run("plan", "history")).err
