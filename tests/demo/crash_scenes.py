"""Scenes (g) and (h): the daemon dies. Prices and slices as in the scenes before."""

from tests.demo.judging import charged, milliseconds, paid_up_to, timely
from tests.demo.world import Customer, Placed, World

GINA = Customer("gina", "g", "0.18")
HUGO = Customer("hugo", "h", "0.30")
IVAN = Customer("ivan", "h", "0.10")


async def killed_and_back(world: World) -> None:
    """(g) The daemon dies and comes back within the lease: the caller notices nothing."""
    stage, scene = world.stage, "g"
    call = await world.talk(GINA, "442079460107")
    await _paid_and_armed(world, call, 12)
    stage.say(scene, "Gina talks, 12 s are paid. kill -9 of the daemon.")
    died_s = stage.elapsed_s
    await world.site.kill()
    await world.site.serve()
    stage.figure(scene, f"away for {stage.elapsed_s - died_s:.1f} s")
    # 0.18 is 18 s: the new daemon pays the rest, warns, and lets her go at the end of it.
    await timely(world, call, 18)
    messages = [seen.what for seen in call.sipp.trace.sightings]
    noticed = messages[messages.index("ACK") + 1 :]
    stage.check(scene, "SIP messages at Gina's phone after the answer", ", ".join(noticed),
                "BYE, 200")  # fmt: skip
    await charged(world, call, talk_s=18, charge="0.18", left="0.00", ended_by="credit")


async def killed_for_good(world: World) -> None:
    """(h) The daemon dies and stays away: Asterisk ends the call at the paid instant."""
    stage, scene = world.stage, "h"
    call = await world.talk(HUGO, "442079460108")
    await _paid_and_armed(world, call, 12)
    stage.say(scene, "Hugo talks, 12 s are paid, and he could pay for 30. kill -9 of the daemon.")
    await world.site.kill()
    await _refused_meanwhile(world)
    seen = await timely(world, call, 12)
    unpaid_s = max(0.0, seen.ended_at - seen.paid_until)
    stage.figure(scene, f"unpaid talk, with nobody there: {milliseconds(unpaid_s)}")
    stage.say(scene, "Only now the daemon is started again, and reads what Asterisk wrote down.")
    await world.site.serve()
    # 12 s at 0.01: 0.12; 0.30 - 0.12 = 0.18.
    await charged(world, call, talk_s=12, charge="0.12", left="0.18", ended_by="lease",
                  end_source="spool")  # fmt: skip
    (record,) = await world.records_of("ivan")
    stage.check(scene, "Ivan's attempt, in the records", record["reason"], "daemon_away")


async def _refused_meanwhile(world: World) -> None:
    """Nobody is let through on trust."""
    number = "442079460109"
    world.far_end(number)
    sipp = await world.dial(IVAN, "02079460109")
    seen = await sipp.ended()
    world.stage.check("h", "SIP answer to Ivan meanwhile", seen.final_code, 503)
    legs = world.asterisk.carrier.legs(number)
    world.stage.check("h", "calls that reached the other end", len(legs), 0)


async def _paid_and_armed(world: World, call: Placed, paid_s: int) -> None:
    """Wait until so much is paid, and Asterisk's own timer says so too."""
    await paid_up_to(world, call, paid_s)
    await world.armed_until(call, call.answered_at + paid_s)
