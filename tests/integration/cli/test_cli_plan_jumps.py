"""Prices that jump, as an admin is warned of them: by `check`, and before they are applied."""

from pathlib import Path
from typing import Any

from tests.integration.cli.test_cli_plan import GOLD, write
from tests.site import Site

DEARER = GOLD.replace("0.60", "6.00")
MESSAGE = "United Kingdom: 60 s cost 6.00, ten times the 0.60 of the last version"
KEY = "prices.public[1].price_per_minute"


def jumps(found: list[dict[str, Any]]) -> list[tuple[str, int, str, str]]:
    """File, line, key and message of each."""
    return [
        (Path(it["file"]).name, it["line"], it["key"], it["message"])
        for it in found
        if "of the last version" in it["message"]
    ]


async def test_check_warns_of_what_lies_in_the_folder(served: Site) -> None:
    """With the line of the row; once it is in force it is the last version itself."""
    await served.run("plan", "apply", write(served.folder / "gold.yaml", GOLD))
    (served.folder / "plans" / "gold.yaml").write_text(DEARER)
    checked = await served.ask("check")
    assert jumps(checked["findings"]) == [("gold.yaml", 7, KEY, MESSAGE)]
    await served.run("plan", "apply")
    assert jumps((await served.ask("check"))["findings"]) == []


async def test_apply_warns_and_does_it_all_the_same(served: Site) -> None:
    """`--check` says it before anything is changed."""
    await served.run("plan", "apply", write(served.folder / "gold.yaml", GOLD))
    new = write(served.folder / "new.yaml", DEARER)
    checked = await served.ask("plan", "apply", "--check", new)
    applied = await served.ask("plan", "apply", new)
    assert jumps(checked["findings"]) == jumps(applied["findings"])
    assert jumps(applied["findings"]) == [("new.yaml", 7, KEY, MESSAGE)]
    assert applied["done"]


async def test_it_is_found_without_the_daemon_too(site: Site) -> None:
    """By what the books say was in force last; a plan to come by what it takes the place of."""
    await site.run("plan", "apply", write(site.folder / "gold.yaml", GOLD))
    later = DEARER.replace("name: gold", "name: gold\neffective_from: 2099-01-01")
    (site.folder / "plans" / "later.yaml").write_text(later)
    assert jumps((await site.ask("check"))["findings"]) == [("later.yaml", 8, KEY, MESSAGE)]
