"""Scene (p): SmartCall, a product with a subscription, and call forwarding as an add-on to it.

The files are those of the example site. Calls to the United Kingdom are included; the first month
of SmartCall is free, and call forwarding costs 1.00 at once.
"""

from tests.demo.house_scenes import its_phone
from tests.demo.judging import records, story
from tests.demo.world import Customer, World

QUINN = Customer("quinn", "p", "2.00", phones=0)
ROSE = Customer("rose", "p")


async def smartcall(world: World) -> None:
    """(p) Quinn's calls may go on to a mobile only with the add-on, which is assigned live."""
    stage, scene, number = world.stage, "p", "442079460118"
    await world.command("account", "set-product", "quinn", "smartcall")
    phone = await its_phone(world, QUINN)
    world.far_end(number)
    await world.asterisk.cli(f"database put pbxc-forward {phone.extension} 02079460118:::")
    stage.say(scene, "Quinn's calls are forwarded to 020 7946 0118. Rose calls him.")
    dialled = phone.extension.removeprefix("ext")
    await (await world.dial(ROSE, dialled, talk_s=1.5)).ended()
    (refused,) = await records(world, "quinn", 1)
    why = f"{refused['reason']}, {refused['feature']}"
    stage.check(scene, "without the add-on", why, "feature_missing, call_forwarding")
    await world.command("addon", "assign", "quinn", "call-forwarding")
    await (await world.dial(ROSE, dialled, talk_s=1.5)).ended()
    _, forwarded = await records(world, "quinn", 2)
    stage.check(scene, "with it, in included minutes", story(forwarded), "public, 2 s, 0.00")
    await world.command("account", "subscriptions", "quinn")
    ledger = (await world.get("/ledger", account_id="quinn"))["entries"]
    fees = sorted(entry["amount"] for entry in ledger if entry["kind"] == "fee")
    stage.check(scene, "fees so far", ", ".join(fees), "-1.00, 0.00")
