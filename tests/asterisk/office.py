"""What a site has beside the paid dialplan: pick-up, parking, groups, a queue, a conference."""

import asyncio

from tests.asterisk.harness import AmiEvent, AsteriskInstance, Observer
from tests.asterisk.metered import ANSWERS, AllowedCall, Metered, Payer

CONTEXT = "office"
DIALPLAN = """
[office]
include => pbxc-out
include => pbxc-forward-codes
; Takes a ringing call: *8ext100.
exten => _*8.,1,PickupChan(PJSIP/${EXTEN:2},p)
; Fetches a parked call.
exten => _70X,1,ParkedCall(default,${EXTEN})
; Two numbers outside at once, paid by two extensions; the test writes who.
exten => _601X.,1,Dial(${DB(group/${EXTEN})},20,i)
 same => n,Hangup(${HANGUPCAUSE})
exten => 602,1,Queue(helpers)
exten => 603,1,ConfBridge(board)
; An announcement, as good as any application that answers.
exten => 604,1,Answer()
 same => n,Wait(30)
[menu]
exten => _X.,1,UserEvent(Menu,Number: ${EXTEN})
 same => n,Wait(30)
[helpdesk]
exten => _X.,1,Queue(helpdesk)
[board]
exten => _X.,1,ConfBridge(board)
[conference]
exten => s,1,ConfBridge(board)
[wait]
exten => s,1,Wait(30)
[hang-up]
exten => s,1,Hangup()
"""


def office() -> AsteriskInstance:
    """An Asterisk whose phones dial in such a context."""
    return AsteriskInstance(dialplan=DIALPLAN, phone_context=CONTEXT)


async def house(metered: Metered, credit: str = "1.00", number: str = "", **more: str) -> Payer:
    """Somebody whose plan has a price for every kind of call, and whose phone answers."""
    payer = await metered.payer(credit, plan="house", number=number, **more)
    payer.phone.usually = ANSWERS
    return payer


async def allowed_from(metered: Metered, payer: Payer, call_type: str) -> AllowedCall:
    """The call of this kind that this payer makes or takes."""
    told = await metered.site.log.wait("authorized", account=payer.account_id, type=call_type)
    return AllowedCall(metered, str(told["number"]), str(told["call_id"]))


async def forward(metered: Metered, payer: Payer, value: str) -> None:
    """Write this user's forwards into Asterisk's database, as the codes do."""
    await metered.asterisk.cli(f"database put pbxc-forward {payer.phone.extension} {value}")


async def operator(metered: Metered) -> Observer:
    """A manager session that may steer calls."""
    return await metered.asterisk.manager()


async def channel_of(metered: Metered, call: AllowedCall) -> str:
    """The name of the metered leg."""
    event = await metered.asterisk.observer.wait_for("Newchannel", Uniqueid=await call.leg())
    return event["Channel"]


async def phone_channel(metered: Metered, extension: str, nth: int = 1) -> str:
    """The name of the n-th channel that this phone has had."""
    start = f"PJSIP/{extension}-"
    async with asyncio.timeout(10):
        while True:
            seen = metered.asterisk.observer.seen("Newchannel")
            names = [event["Channel"] for event in seen if event["Channel"].startswith(start)]
            if len(names) >= nth:
                return names[nth - 1]
            await asyncio.sleep(0.05)


async def talking(metered: Metered, call: AllowedCall) -> None:
    """Wait until the metered leg is in a bridge with somebody."""
    observer = metered.asterisk.observer
    bridge = (await observer.wait_for("BridgeEnter", Uniqueid=await call.leg()))["BridgeUniqueid"]
    await observer.wait_for("BridgeEnter", BridgeUniqueid=bridge, BridgeNumChannels="2")


def who(channel: str) -> str:
    """Whose channel it is: `carrier` of `PJSIP/carrier-00000001`; `Local` is nobody's."""
    return "Local" if channel[:5] == "Local" else channel.removeprefix("PJSIP/").rpartition("-")[0]


async def asterisk_says(metered: Metered, call: AllowedCall, count: int) -> list[str]:
    """Asterisk's own records of the conversation, so many: who, with whom, what became of it."""
    leg = await metered.asterisk.observer.wait_for("Newchannel", Uniqueid=await call.leg())
    linkedid = leg["Linkedid"]
    own = {e["Uniqueid"] for e in metered.asterisk.observer.seen("Newchannel", Linkedid=linkedid)}
    async with asyncio.timeout(10):
        while True:
            found = [e for e in metered.asterisk.observer.seen("Cdr") if e["UniqueID"] in own]
            if len(found) >= count:
                return sorted(map(_own, found))
            await asyncio.sleep(0.05)


def _own(event: AmiEvent) -> str:
    parties = f"{who(event['Channel'])}>{who(event['DestinationChannel'])}"
    return f"{parties} {event['Disposition']}"
