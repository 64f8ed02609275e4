"""Scenes (m) and (o): a call that goes by the second trunk, and one that three levels pay for.

Nora has the plan `kiosk`: 0.02 for each block of 2 s. In (o) the carrier's deck asks 0.02 for each
block of 2 s. The service provider `reseller` pays 1.5 times that, and 0.01 for each begun 10 s; its
organization `branch` 1.25 times what `reseller` pays, and Paula 1.5 times what `branch` pays:

    talk    carrier   reseller                     branch     Paula
     6 s       0.06    0.09 + 1 × 0.01 = 0.10      0.125      0.1875
    10 s       0.10    0.15 + 1 × 0.01 = 0.16      0.20       0.30
    12 s       0.12    0.18 + 2 × 0.01 = 0.20      0.25       0.375
"""

from typing import Any

from tests.asterisk.harness import FarEnd
from tests.demo.judging import charged, purse, records, story, timely
from tests.demo.world import Customer, World

NORA = Customer("nora", "m", "0.30")
PAULA = Customer("paula", "o", "1.00", plan="desk", parent="branch")
BRANCH = Customer("branch", "o", "0.24", 0, "branch", "reseller", "organization")
RESELLER = Customer("reseller", "o", "1.00", 0, "resale", None, "service_provider")


def routed(settings: Any) -> None:
    """Two trunks, the first with a deck; what begins with 44 goes by them in this order."""
    settings["trunks"] = [{"name": "carrier", "deck": "wholesale"}, "second"]
    settings["routes"] = [{"prefixes": [44], "trunks": ["carrier", "second"]}]


async def next_trunk(world: World) -> None:
    """(m) The first trunk cannot put the call through; the second carries it."""
    stage, scene, number = world.stage, "m", "442079460115"
    first, second = world.asterisk.carrier, world.asterisk.second_carrier
    world.far_end(number, FarEnd.refuses(503))
    # Who is called hangs up after 3.5 s: 4 started seconds, two blocks of 0.02.
    second.plan(number, FarEnd.answers(0.3, talk_s=3.5))
    sipp = await world.dial(NORA, "02079460115")
    seen = await sipp.ended()
    tried = ", ".join(str(leg.trace.final_code) for leg in first.legs(number))
    stage.check(scene, "answers of the first trunk", tried, "503")
    stage.check(scene, "calls that reached the second", len(second.legs(number)), 1)
    stage.check(scene, "SIP answer to Nora", seen.final_code, 200)
    told = await world.log.wait("trunk failed", account="nora")
    stage.check(scene, "trunk that failed, in the log", told["trunk"], "carrier")
    # One call, one record: it names the trunk that carried it.
    one = [f"{story(record)}, by {record['trunk']}" for record in await records(world, "nora", 1)]
    stage.check(scene, "in the records", "; ".join(one), "public, 4 s, 0.04, by second")
    # 0.30 - 0.04
    stage.check(scene, "Nora's balance", await purse(world, "nora"), "0.26, held 0.00")


async def three_levels(world: World) -> None:
    """(o) The carrier's price, three times marked up; the organization's credit ends first."""
    stage, scene = world.stage, "o"
    call = await world.talk(PAULA, "442079460116")
    # 12 s would be 0.25 for the branch.
    stage.say(scene, "Paula has 1.00. But her organization pays, too, and its 0.24 are 10 s.")
    await timely(world, call, 10)
    record = await charged(world, call, talk_s=10, charge="0.30", left="0.70", ended_by="credit")
    asked = f"{record['cost']}, by {record['trunk']}"
    stage.check(scene, "the carrier asks for it", asked, "0.10, by carrier")
    charges = {level["account_id"]: level["charge"] for level in record["levels"]}
    stage.check(scene, "reseller's charge", charges["reseller"], "0.16")
    stage.check(scene, "branch's charge", charges["branch"], "0.20")
    # 0.24 - 0.20, and 1.00 - 0.16
    stage.check(scene, "left to branch", await purse(world, "branch"), "0.04, held 0.00")
    stage.check(scene, "left to reseller", await purse(world, "reseller"), "0.84, held 0.00")
