"""Scenes (i) to (l): calls from outside, to colleagues, passed on, and one that nobody asked for.

Prices as before; talk that comes in costs 0.30 a minute, 0.01 for each block of 2 s, and colleagues
call each other free.
"""

from tests.asterisk.harness import FarEnd, Handset
from tests.demo.judging import milliseconds, records, story
from tests.demo.world import Customer, World

JUDY = Customer("judy", "i", phones=0)
KEN = Customer("ken", "j", "0.30", phones=0)
LIAM = Customer("liam", "j")
MIA = Customer("mia", "k", "1.00", phones=0)
JUDYS_NUMBER = "441632960110"


async def comes_in(world: World) -> None:
    """(i) Somebody calls Judy from outside, and she pays for it."""
    stage, scene = world.stage, "i"
    phone = await its_phone(world, JUDY)
    await world.command("topup", "judy", "0.10", "--wallet", "incoming")
    await world.command("did", "add", JUDYS_NUMBER, "--account", "judy")
    # She hangs up after 3.5 s: 4 started seconds, two blocks, 0.02.
    phone.usually = FarEnd.answers(0.3, talk_s=3.5)
    stage.say(scene, f"Somebody outside dials {JUDYS_NUMBER}. Judy's phone rings, she picks up.")
    call = world.asterisk.carrier.call(JUDYS_NUMBER, "442079460110")
    seen = await call.trace.until_over()
    stage.check(scene, "SIP answer to who called", seen.final_code, 200)
    (record,) = await records(world, "judy", 1)
    stage.check(scene, "kind, talk and charge", story(record), "incoming, 4 s, 0.02")
    stage.check(scene, "hung up by who was called", record["ended_by"], "callee")
    wallet = await world.wallet("judy", "incoming")
    # 0.10 - 0.02
    stage.check(scene, "left for calls that come in", wallet["balance"], "0.08")


async def forwarded(world: World) -> None:
    """(j) Liam calls Ken, who is not in: his calls go on to a number outside, and he pays that."""
    stage, scene, number = world.stage, "j", "442079460111"
    phone = await its_phone(world, KEN)
    world.far_end(number)
    await world.asterisk.cli(f"database put pbxc-forward {phone.extension} 02079460111:::")
    stage.say(scene, "Ken's calls are forwarded to 020 7946 0111. Liam, without credit, calls him.")
    sipp = await world.dial(LIAM, phone.extension.removeprefix("ext"), talk_s=3.5)
    await sipp.ended()
    (liam,) = await records(world, "liam", 1)
    (ken,) = await records(world, "ken", 1)
    stage.check(scene, "Liam's call to his colleague", story(liam), "local, 4 s, 0.00")
    # 4 s are two blocks of 0.02.
    stage.check(scene, "Ken's call to the number outside", story(ken), "public, 4 s, 0.04")
    together = liam["linkedid"] == ken["linkedid"]
    stage.check(scene, "both are parts of one conversation", together, True)


async def transferred(world: World) -> None:
    """(k) Mia connects two people outside, leaves, and goes on paying for both."""
    stage, scene = world.stage, "k"
    phone = await its_phone(world, MIA)
    world.far_end("33140000112")
    # Who is reached second hangs up after 3.5 s: 4 started seconds, 0.04.
    world.far_end("442079460113", FarEnd.answers(0.3, talk_s=3.5))
    stage.say(scene, "Mia calls 00 33 1 40 00 01 12, sends them to 020 7946 0113, and leaves.")
    call = phone.call("0033140000112")
    told = await world.log.wait("authorized", account="mia")
    # Who is told of the answer may be earlier than Asterisk: what it has not connected yet is
    # no call to be transferred.
    await world.asterisk.observer.wait_for(
        "BridgeEnter", Linkedid=told["linkedid"], BridgeNumChannels="2"
    )
    call.transfer("02079460113")
    both = await records(world, "mia", 2)
    france, britain = sorted(both, key=lambda record: str(record["number"]))
    stage.check(scene, "the call that they were sent to", story(britain), "public, 4 s, 0.04")
    # France is charged by the started minute.
    stage.check(scene, "her own call, which went on", france["charge"], "0.60")
    stage.judge(
        scene, f"without her: {france['talk_s']} s", france["talk_s"] >= britain["talk_s"],
        "expected at least as long as the other one",
    )  # fmt: skip


async def unauthorized(world: World) -> None:
    """(l) A leg to the carrier that nobody was granted is hung up."""
    stage, scene, number = world.stage, "l", "442079460114"
    world.far_end(number, FarEnd.never_answers())
    stage.say(scene, "Somebody on the machine dials the carrier past pbxcharge:")
    words = f"channel originate PJSIP/{number}@carrier application Wait 30"
    stage.printed(f"$ asterisk -rx '{words}'")
    await world.asterisk.cli(words)
    told = await world.log.wait("unauthorized leg", number=number)
    leg = await world.asterisk.carrier.leg(number)
    seen = await leg.trace.until_over()
    stage.check(scene, "trunk of the leg that was hung up", told["trunk"], "carrier")
    lasted_s = (await leg.trace.until("CANCEL")).at_epoch_s - seen.at("INVITE")
    stage.judge(scene, f"the carrier's end of it: cancelled after {milliseconds(lasted_s)}",
                lasted_s < 1.5, "expected within a second or so, unanswered")  # fmt: skip


async def its_phone(world: World, customer: Customer) -> Handset:
    """A phone that can be called, and belongs to this customer."""
    phone = await world.asterisk.handset()
    number = phone.extension.removeprefix("ext")
    words = ("extension", "add", phone.extension, "--number", number)
    await world.site.run(*words, "--account", customer.account)
    return phone
