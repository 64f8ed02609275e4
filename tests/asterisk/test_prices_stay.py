"""What a call is priced with is what was in force when it began."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.asterisk.harness import FarEnd
from tests.asterisk.metered import OnTime, metered_site
from tests.asterisk.two_second_plans import (
    Money,
    long_slices,
    rewrite,
)


def dearer(plan: Any) -> None:
    """4.80 a minute to Britain."""
    plan["prices"]["public"][0]["price_per_minute"] = "4.80"


def change(plan_file: Path) -> None:
    """The price is raised."""
    rewrite(plan_file, dearer)


@pytest.mark.parametrize("meddle", [change, Path.unlink], ids=["changed", "deleted"])
async def test_a_call_is_charged_by_the_price_it_began_with(
    on_time: OnTime, meddle: Callable[[Path], None]
) -> None:
    """0.24 at 0.60 a minute is 24 s, though the plan is changed, the daemon killed and started.

    The second slice is held at the old price, and `explain` explains it from what was stored.
    Seen failing with another price in what `rating_from_canonical` restores.
    """
    async with metered_site(kiosk=long_slices(20)) as metered:
        payer = await metered.payer("0.24")
        call = await payer.talk()
        await call.talk_reaches(1)
        meddle(metered.site.folder / "plans" / "kiosk.yaml")
        await metered.site.kill()
        await metered.site.serve()
        on_time(await call.late_s(24))
        cdr = await call.cdr()
        assert (cdr["charge"], cdr["ended_by"]) == ("0.24", "credit")
        shown = (await metered.site.ask("explain", call.call_id))["cdr"]
        assert shown["priced_again"] == "same"
        assert [(line["blocks"], line["amount"]) for line in shown["lines"]] == [
            (1, "0.02"),
            (11, "0.22"),
        ]
        assert {line["price_per_minute"] for line in shown["lines"]} == {"0.60"}


async def test_the_next_call_is_charged_by_the_new_price() -> None:
    """4.80 a minute is 0.16 for each block of 2 s."""
    async with metered_site() as metered:
        payer = await metered.payer("1.00")
        change(metered.site.folder / "plans" / "kiosk.yaml")
        await metered.site.stop()
        await metered.site.serve()
        call = await payer.talk(FarEnd.answers(talk_s=1.5))
        assert (await call.cdr())["charge"] == "0.16"
        assert await payer.money() == Money("0.84", "0.00", "0.84")
