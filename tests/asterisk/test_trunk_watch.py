"""Every way past the meter that a site may have, on a real Asterisk: the leg is hung up at once.

Instants are Asterisk's own: from the leg's Newchannel to its Hangup. Meanwhile a granted call and
an emergency call go on beside each of them, untouched.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.asterisk.harness import AmiEvent, AsteriskInstance, FarEnd
from tests.asterisk.metered import ANSWERS, Metered, PaidCall, metered_site
from tests.site import Line

WITHIN_S = 1.0
WAYS_PAST = """
; What an operator has forgotten, beside the paid way out.
[forgotten]
exten => _X.,1,Dial(PJSIP/${EXTEN}@carrier,20)
[forks]
exten => _X.,1,Dial(PJSIP/${EXTEN}@carrier&PJSIP/9${EXTEN}@second,20)
[inherits]
exten => _X.,1,Set(__PBXC_LEG=${GLOBAL(STOLEN)})
 same => n,Dial(PJSIP/${EXTEN}@carrier,20)
[waits]
exten => s,1,Answer()
 same => n,Wait(20)
[careless]
exten => _X.,1,Set(__FORWARD_CONTEXT=forgotten)
 same => n,Dial(PJSIP/ext${EXTEN},20)
"""


def two_trunks(settings: Any) -> None:
    """The site has a second way out, beside the one that its paid calls take."""
    settings["trunks"] = ["carrier", "second"]


class Beside:
    """A pair of an Asterisk and a daemon with a paid call and an emergency call that go on."""

    def __init__(self, metered: Metered, paid: PaidCall) -> None:
        self.metered = metered
        self.asterisk = metered.asterisk
        self.paid = paid

    def number(self) -> str:
        """A number that answers, and that nobody was granted."""
        number = self.metered.number()
        self.asterisk.carrier.plan(number, ANSWERS)
        return number

    async def originate(self, where: str) -> None:
        """As an operator does it on the console."""
        await self.asterisk.cli(f"channel originate {where} application Wait 20")

    def call_file(self, number: str) -> None:
        """As a program does it that may write Asterisk's spool, whole when it gets there."""
        written = self.asterisk.folder / f"{number}.call"
        written.write_text(f"Channel: PJSIP/{number}@carrier\nApplication: Wait\nData: 20\n")
        written.rename(self.asterisk.folder / "var" / "outgoing" / written.name)

    async def caught(self, number: str) -> tuple[Line, float]:
        """What was told about the leg to this number, and how long it has lived."""
        told = await self.metered.site.log.wait("unauthorized leg", number=number)
        observer = self.asterisk.observer
        born: AmiEvent = await observer.wait_for("Newchannel", Uniqueid=told["uniqueid"])
        return told, await observer.ended(told["uniqueid"]) - born.at_epoch_s

    def untouched(self, rescue: str) -> bool:
        """Whether the paid call and the emergency call still go on."""
        ended = {event["Uniqueid"] for event in self.asterisk.observer.seen("Hangup")}
        legs = self.asterisk.observer.seen("DialBegin")
        of = {event["DialString"]: event["DestUniqueid"] for event in legs}
        return not {of[f"{self.paid.number}@carrier"], of[f"{rescue}@carrier"]} & ended


@contextlib.asynccontextmanager
async def beside() -> AsyncIterator[Beside]:
    """Every leg that is caught is caught beside these; afterwards the books are clean."""
    async with (
        AsteriskInstance(dialplan=WAYS_PAST, global_lines="STOLEN=none") as asterisk,
        metered_site(asterisk=asterisk, settings=two_trunks) as metered,
    ):
        payer, poor = await metered.payer("1.00"), await metered.payer()
        paid = await payer.talk()
        asterisk.carrier.plan("112", ANSWERS)
        rescue = poor.dial("112")
        await rescue.trace.until("200")
        pair = Beside(metered, paid)
        yield pair
        assert pair.untouched("112")
        rescue.hang_up()
        paid.phone.hang_up()
        assert (await paid.cdr())["ended_by"] == "caller"


async def test_every_way_past_the_meter_is_closed_within_a_second() -> None:
    """Originate, a call file, a forgotten context, an inherited call id, a 302 that is followed.

    Seen failing without `DialBegin` in TrunkWatch.hear.
    """
    async with beside() as site:
        numbers = [site.number() for _ in range(6)]
        carrier = f"{site.asterisk.carrier.host}:{site.asterisk.carrier.port}"
        await site.originate(f"PJSIP/{numbers[0]}@carrier")
        await site.originate(f"PJSIP/carrier/sip:{numbers[1]}@{carrier}")
        await site.originate(f"Local/{numbers[2]}@forgotten")
        await site.asterisk.cli(f"dialplan set global STOLEN {site.paid.call_id}")
        await site.originate(f"Local/{numbers[3]}@inherits")
        phone = await site.asterisk.handset()
        phone.usually = FarEnd.moves(f"sip:{numbers[4]}@127.0.0.1")
        await site.originate(f"Local/{phone.extension[3:]}@careless")
        site.call_file(numbers[5])
        for number in numbers:
            told, lived_s = await site.caught(number)
            assert told["trunk"] == "carrier"
            assert lived_s < WITHIN_S
        counted = site.metered.site.log.find("unauthorized leg")
        assert [line["count"] for line in counted] == [1, 2, 3, 4, 5, 6]


async def test_a_fork_over_two_trunks_is_closed_on_both() -> None:
    """One Dial past the paid way rings a number on each trunk: every leg is judged by itself."""
    async with beside() as site:
        first = site.number()
        site.asterisk.second_carrier.plan(f"9{first}", ANSWERS)
        await site.originate(f"Local/{first}@forks")
        for number, trunk in ((first, "carrier"), (f"9{first}", "second")):
            told, lived_s = await site.caught(number)
            assert told["trunk"] == trunk
            assert lived_s < WITHIN_S


async def test_followme_to_a_trunk_is_closed_too() -> None:
    """A follow-me list that names a number over the trunk instead of the paid way."""
    async with beside() as site:
        number = site.number()
        (site.asterisk.folder / "etc" / "followme.conf").write_text(
            f"[roamer]\ncontext => forgotten\nnumber => {number},20\n"
        )
        await site.asterisk.cli("module reload app_followme.so")
        await site.asterisk.cli("channel originate Local/s@waits application FollowMe roamer")
        _, lived_s = await site.caught(number)
        assert lived_s < WITHIN_S


async def test_an_originated_emergency_call_is_left_alone() -> None:
    """Known by its number: no variable of ours is on it, and nobody of the site dialled it."""
    async with beside() as site:
        rescue = len(site.asterisk.carrier.legs("112"))
        await site.originate("PJSIP/112@carrier")
        leg = await site.asterisk.carrier.leg("112", rescue + 1)
        await site.originate(f"PJSIP/{(other := site.number())}@carrier")
        await site.caught(other)
        with pytest.raises(TimeoutError):
            await leg.trace.until("BYE", within_s=2)
        leg.hang_up()


async def test_a_leg_dialled_while_the_daemon_was_dead_is_found_at_its_start() -> None:
    """Together with an emergency call, which is found too and left alone."""
    async with AsteriskInstance() as asterisk, metered_site(asterisk=asterisk) as metered:
        await metered.site.kill()
        number = metered.number()
        for planned in (number, "112"):
            asterisk.carrier.plan(planned, ANSWERS)
            where = f"PJSIP/{planned}@carrier"
            await asterisk.cli(f"channel originate {where} application Wait 20")
            await (await asterisk.carrier.leg(planned)).trace.until("200")
        await metered.site.serve()
        told = await metered.site.log.wait("unauthorized leg")
        assert told["number"] == number
        assert (await asterisk.carrier.trace(number).until("BYE")).sent is False
        with pytest.raises(TimeoutError):
            await asterisk.carrier.trace("112").until("BYE", within_s=2)
        (await asterisk.carrier.leg("112")).hang_up()
