"""Scenes (a) to (f), (n): credit that ends, is missing, comes back, grows, is shared, not needed.

The plan `kiosk`, and the prices of (n), too: 0.60 a minute in blocks of 2 s, so 0.02 a block, 0.01
a second. Slices of 5 s are rounded up to whole blocks: 6 s. Each next slice is paid 3 s before the
last ends. Every number that is expected here was worked out by hand from that, never by the
program.
"""

import asyncio
from typing import Any

from tests.asterisk.harness import FarEnd
from tests.demo.judging import charged, epoch_s, milliseconds, paid_up_to, purse, records, timely
from tests.demo.world import Customer, Placed, World

ALICE = Customer("alice", "a", "0.16")
BOB = Customer("bob", "b")
CAROL = Customer("carol", "c", "0.30")
DAVE = Customer("dave", "d", "0.10")
ERIN = Customer("erin", "e", "0.22", phones=2)
FRANK = Customer("frank", "f")
OSCAR = Customer("oscar", "n", "0.06", plan="topup-menu")
WARNING_PACKETS = 10
"""The tone lasts 0.4 s, 50 packets a second."""


async def credit_ends(world: World) -> None:
    """(a) Metered slice by slice, warned, cut off."""
    stage, scene = world.stage, "a"
    call = await world.talk(ALICE, "442079460101")
    # 0.16 at 0.01 a second is 16 s. Slices end at 6, at 12, and the last one, cut short, at 16.
    stage.say(scene, "Somebody answers. Alice has paid in 0.16, which is 16 s of talk.")
    await world.log.wait("slice", call_id=call.call_id, paid_s=12)
    wallet = await world.wallet("alice")
    # Two slices of 6 s: 0.12 held; 0.16 - 0.12 = 0.04 left.
    stage.check(scene, "held while she talks", wallet["held"], "0.12")
    stage.check(scene, "still available", wallet["available"], "0.04")
    await world.log.wait("warned", call_id=call.call_id)
    before_warning = len(call.sipp.ear.heard_at_epoch_s)
    await timely(world, call, 16)
    slices = [f"{line['paid_s']} s" for line in world.log.find("slice", call_id=call.call_id)]
    stage.check(scene, "paid after the first 6 s, up to", ", ".join(slices), "12 s, 16 s")
    _only_payer_warned(world, call, before_warning)
    await charged(world, call, talk_s=16, charge="0.16", left="0.00", ended_by="credit")


def _only_payer_warned(world: World, call: Placed, before_warning: int) -> None:
    heard = len(call.sipp.ear.heard_at_epoch_s)
    world.stage.check("a", "sound packets at Alice's phone before the warning", before_warning, 0)
    world.stage.judge(
        "a", f"sound packets at Alice's phone after it: {heard}",
        heard >= WARNING_PACKETS, f"expected at least {WARNING_PACKETS}",
    )  # fmt: skip
    (leg,) = world.asterisk.carrier.legs(call.number)
    far = len(leg.ear.heard_at_epoch_s)
    world.stage.check("a", "sound packets at the other end", far, 0)


async def no_credit(world: World) -> None:
    """(b) Refused, and the far end never hears of it."""
    stage, scene, number = world.stage, "b", "442079460102"
    world.far_end(number)
    sipp = await world.dial(BOB, "02079460102")
    seen = await sipp.ended()
    stage.check(scene, "SIP answer to Bob, who has no credit", seen.final_code, 402)
    stage.check(
        scene, "calls that reached the other end", len(world.asterisk.carrier.legs(number)), 0
    )
    refused = await world.log.wait("refused", account="bob")
    stage.check(scene, "reason in the log", refused["reason"], "not_enough_credit")


async def hangs_up_early(world: World) -> None:
    """(c) What was held and not used is back at once."""
    stage, scene = world.stage, "c"
    call = await world.talk(CAROL, "442079460103", talk_s=3.5)
    # After 3 s the second slice is paid, too: 12 s are 0.12.
    held = await world.log.wait("slice", call_id=call.call_id)
    stage.check(scene, "held while she talks", held["cost"], "0.12")
    ended_at = await world.ended(call)
    # 3.5 s are 4 started seconds, two blocks: 0.04. The other 0.08 are hers again: 0.30 - 0.04.
    await charged(world, call, talk_s=4, charge="0.04", left="0.26", ended_by="caller")
    settled = await world.log.wait("settled", call_id=call.call_id)
    stage.figure(
        scene, f"booked {milliseconds(epoch_s(settled['timestamp']) - ended_at)} after the hangup"
    )


async def topped_up(world: World) -> None:
    """(d) A top-up lengthens the call, also in its last segment."""
    stage, scene = world.stage, "d"
    call = await world.talk(DAVE, "442079460104")
    # 0.10 is 10 s: 6, and a last slice of 4. No other fits, so he is warned at 7 s.
    await world.log.wait("warned", call_id=call.call_id)
    stage.say(scene, "0.10 ends Dave's call at 10 s. He was warned, and pays in 0.04.")
    await world.top_up(DAVE, "0.04")
    # 0.14 is 14 s.
    told = world.log.lines[await paid_up_to(world, call, 14)]
    late_s = epoch_s(told["timestamp"]) - await _paid_in_at(world)
    stage.figure(scene, f"lengthened {milliseconds(late_s)} after the top-up")
    stage.say(scene, "And 0.04 once more, before the end is near again.")
    await world.top_up(DAVE, "0.04")
    # 0.18 is 18 s.
    await timely(world, call, 18)
    await charged(world, call, talk_s=18, charge="0.18", left="0.00", ended_by="credit")


async def _paid_in_at(world: World) -> float:
    """When Dave's last payment was booked, seconds since 1970."""
    entries = (await world.get("/ledger", account_id="dave"))["entries"]
    return max(epoch_s(entry["at"]) for entry in entries if entry["kind"] == "top_up")


async def shared(world: World) -> None:
    """(e) Two calls of one account share what is left."""
    stage, scene = world.stage, "e"
    calls = await asyncio.gather(
        world.talk(ERIN, "442079460105"), world.talk(ERIN, "442079460106", phone=1)
    )
    stage.say(scene, "Both of Erin's phones talk. 0.22 is 22 s for both together.")
    await world.command("calls")
    records = await asyncio.gather(*(_cut_off_somewhere(world, call) for call in calls))
    # Each gets 6 s at first. The other 10 s are shared out in blocks of 2 s: 12 s and 10 s.
    seen = sorted(f"{record['billed_s']} s for {record['charge']}" for record in records)
    stage.check(scene, "charged", ", ".join(seen), "10 s for 0.10, 12 s for 0.12")
    stage.check(scene, "left of 0.22", await purse(world, "erin"), "0.00, held 0.00")
    ends = [seen.ended_at for seen in world.cut_offs if seen.scene == scene]
    apart_s = max(ends) - min(ends)
    # What lay between the two answers comes on top of the block.
    stage.judge(scene, f"ends are {apart_s:.3f} s apart", apart_s < 2.5, "expected a block of 2 s")


async def _cut_off_somewhere(world: World, call: Placed) -> dict[str, Any]:
    """Which of the two calls gets the odd block is theirs to find out; both end when paid."""
    await world.ended(call)
    record = await world.settled(call)
    await timely(world, call, record["billed_s"])
    return record


async def emergency(world: World) -> None:
    """(f) Connected without credit, without a question, without a charge."""
    stage, scene = world.stage, "f"
    world.far_end("112")
    sipp = await world.dial(FRANK, "112", talk_s=2)
    seen = await sipp.ended()
    stage.check(scene, "SIP answer to Frank's 112, without credit", seen.final_code, 200)
    (record,) = await world.records_of("frank")
    stage.check(scene, "kind of call", record["call_type"], "emergency")
    stage.check(scene, "charge", record["charge"], "0.00")
    stage.check(scene, "who told the daemon", record["end_source"], "spool")


async def menu(world: World) -> None:
    """(n) Where the credit ends the caller is asked to top up, and talks on."""
    stage, scene = world.stage, "n"
    call = await world.talk(OSCAR, "442079460117")
    call.stays_on = True
    # 0.06 is 6 s, the first slice.
    await timely(world, call, 6)
    await charged(world, call, talk_s=6, charge="0.06", left="0.00", ended_by="credit")
    await _hears_the_menu(world, call)
    # Who is called hangs up after 3.5 s: 4 started seconds, two blocks, 0.04.
    world.far_end(call.number, FarEnd.answers(0.3, talk_s=3.5))
    calls_before = len(world.log.lines)
    await world.top_up(OSCAR, "0.10")
    await world.log.wait("settled", account="oscar", after=calls_before)
    seen = await call.sipp.ended()
    _never_hung_up(world, [sighting.what for sighting in seen.sightings])
    _, later = await records(world, "oscar", 2)
    talk = f"{later['talk_s']} s, {later['charge']}"
    stage.check(scene, "talk and charge of the second call", talk, "4 s, 0.04")
    stage.check(scene, "ended by", later["ended_by"], "callee")
    entries = (await world.get("/ledger", account_id="oscar"))["entries"]
    booked = ", ".join(entry["amount"] for entry in reversed(entries))
    stage.check(scene, "booked, the menu not", booked, "0.06, -0.06, 0.10, -0.04")
    # 0.10 - 0.04
    stage.check(scene, "Oscar's balance", await purse(world, "oscar"), "0.06, held 0.00")


async def _hears_the_menu(world: World, call: Placed) -> None:
    """Nobody is talked to any more, and the phone is still connected."""
    told = await world.log.wait("authorized", call_id=call.call_id)
    await world.asterisk.observer.wait_for(
        "Newexten", 20, Uniqueid=told["linkedid"], Context="pbxc-topup", Application="Wait"
    )
    live = (await world.get("/calls"))["calls"]
    mine = [one for one in live if one["account_id"] == "oscar"]
    world.stage.check("n", "calls of Oscar that are metered, in the menu", len(mine), 0)
    world.stage.say(
        "n", "Oscar hears that nothing is left, and stays on the line. He pays in 0.10."
    )


def _never_hung_up(world: World, messages: list[str]) -> None:
    noticed = messages[messages.index("ACK") + 1 :]
    world.stage.check(
        "n", "SIP messages at Oscar's phone after the first answer", ", ".join(noticed), "BYE, 200"
    )
