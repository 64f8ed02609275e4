"""`pbxcharge plan diff`: what is in force against the files, and versions against each other."""

import json
from typing import Any

from tests.integration.cli.test_cli_plan import GOLD, write
from tests.site import Site

MANY = "    - {destination: France, prefixes: [331, 332, 333, 334], price_per_minute: 0.20}\n"
DEARER = GOLD.replace("0.60", "0.75") + "credit_limit: 5.00\n"


async def apply(site: Site, text: str) -> str:
    """Put a plan `gold` into force; its version."""
    await site.run("plan", "apply", write(site.folder / "gold.yaml", text))
    plans = (await site.ask("plan", "list"))["plans"]
    return next(str(plan["version"]) for plan in plans if plan["name"] == "gold")


async def differ(site: Site, *words: str) -> list[Any]:
    """What the command says that differs."""
    plans: list[Any] = (await site.run("--json", "plan", "diff", *words, code=1)).json["plans"]
    return plans


async def test_what_lies_in_the_folder_is_compared_with_what_is_in_force(served: Site) -> None:
    """Key by key, price by price with its change in percent; nothing once it is applied."""
    before = await apply(served, GOLD + MANY)
    assert not (await served.ask("plan", "diff"))["differs"]
    assert "no plan differs" in (await served.run("plan", "diff", "gold")).err
    (served.folder / "plans" / "gold.yaml").write_text(DEARER)
    (gold,) = await differ(served)
    assert gold["before"] == before
    assert gold["settings"] == [{"key": "credit_limit", "before": "0.00", "after": "5.00"}]
    changed, *gone = gold["prices"]
    assert (changed["prefix"], changed["percent"], changed["change"]) == ("331", None, "gone")
    assert gone[-1]["percent"] == "+25.0"
    shown = (await served.run("plan", "diff", "gold", code=1)).out.splitlines()
    assert shown[0].startswith(f"gold: {before} → ")
    assert any(line.split()[:3] == ["credit_limit", "0.00", "5.00"] for line in shown)
    assert any("331, 332, 333 and 1 more" in line for line in shown)
    assert any(line.endswith("0.60    0.75   +25.0 %") for line in shown) or "+25.0 %" in str(shown)
    assert "334" in (await served.run("plan", "diff", "gold", "--all", code=1)).out


async def test_versions_of_the_history_are_compared(served: Site) -> None:
    """Their beginnings are enough; the files play no part."""
    first = await apply(served, GOLD)
    second = await apply(served, DEARER)
    (served.folder / "plans" / "gold.yaml").write_text("broken: [")
    (gold,) = await differ(served, "gold", "--from", first[:6], "--to", second[:6])
    assert (gold["before"], gold["after"]) == (first, second)
    (back,) = await differ(served, "gold", "--to", first)
    assert [it["percent"] for it in back["prices"]] == ["-20.0"]
    same = await served.run("--json", "plan", "diff", "gold", "--to", second)
    assert not json.loads(same.out)["differs"]


async def test_a_new_plan_and_one_to_come_and_one_that_is_gone_are_named(site: Site) -> None:
    """Without the daemon, by what was in force last."""
    await site.run("plan", "apply")
    (site.folder / "plans" / "gold.yaml").write_text(GOLD)
    later = DEARER.replace("name: gold", "name: gold\neffective_from: 2099-01-01")
    (site.folder / "plans" / "later.yaml").write_text(later)
    (site.folder / "plans" / "night.yaml").unlink()
    found = {it["plan"]: (it["before"] is None, it["after"] is None) for it in await differ(site)}
    assert found == {
        "gold": (True, False),
        "gold from 2099-01-01 00:00": (False, False),
        "night": (False, True),
    }
    shown = (await site.run("plan", "diff", code=1)).out
    assert "gold: new, " in shown
    assert "night: gone, " in shown


async def test_a_version_to_come_is_compared_with_the_one_that_it_replaces(served: Site) -> None:
    """The next one by date: of two to come the second one with the first one."""
    first = await apply(served, GOLD)
    for year, price in (("2098", "0.75"), ("2099", "0.90")):
        later = GOLD.replace("0.60", price)
        dated = later.replace("name: gold", f"name: gold\neffective_from: {year}-01-01")
        (served.folder / "plans" / f"gold-{year}.yaml").write_text(dated)
    soon, late = await differ(served)
    assert (soon["before"], soon["replaces"]) == (first, "gold")
    assert (late["before"], late["replaces"]) == (soon["after"], "gold from 2098-01-01 00:00")
    assert [it["percent"] for plan in (soon, late) for it in plan["prices"]] == ["+25.0", "+20.0"]
    shown = (await served.run("plan", "apply", "--check")).out
    assert f"to come, in place of gold, {first} → {soon['after']}" in shown


async def test_what_cannot_be_compared_is_no_difference(site: Site) -> None:
    """Exit code 2: a plan or a version that there is not, and options that contradict."""
    await apply(site, GOLD)
    assert "there is no plan 'nix'" in (await site.run("plan", "diff", "nix", code=2)).err
    unknown = await site.run("plan", "diff", "gold", "--to", "ffff", code=2)
    assert "has no version 'ffff'" in unknown.err
    await site.run("plan", "diff", "--from", "ffff", code=2)
    await site.run("plan", "diff", "gold", "--to", "ffff", "--files", code=2)


async def test_a_check_of_new_files_shows_what_differs(served: Site) -> None:
    """As `plan diff` does once they lie in the folder."""
    await apply(served, GOLD)
    new = write(served.folder / "new.yaml", DEARER)
    checked = await served.ask("plan", "apply", "--check", new)
    (served.folder / "plans" / "gold.yaml").write_text(DEARER)
    assert checked["differences"] == await differ(served)
    assert "+25.0 %" in (await served.run("plan", "apply", "--check")).out


async def test_a_version_of_the_history_is_shown_whole(served: Site) -> None:
    """Long after another one took its place; which destinations were barred is not kept."""
    first = await apply(served, GOLD)
    await apply(served, DEARER)
    shown = (await served.ask("plan", "show", "gold", "--version", first[:5]))["plan"]
    assert (shown["version"], shown["credit_limit"]) == (first, "0.00")
    assert shown["prices"]["public"]["rows"][0]["price_per_minute"] == "0.60"
    text = (await served.run("plan", "show", "gold", "--version", first)).out
    assert "high-risk       barred" in text
    await served.run("plan", "show", "gold", "--version", "ffff", code=1)
