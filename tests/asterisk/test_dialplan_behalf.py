"""Calls that an extension pays for without dialling: ring groups, queues, follow-me."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.asterisk.conftest import Scripted
from tests.asterisk.harness import Answerer, AsteriskInstance, FarEnd, Verdict, denial

ANSWERS = FarEnd.answers(after_s=0.2)
LATE_S = 1.0
EARLY_S = 0.003
# The last three digits of the number that is called name the member who pays.
SITE = """
[office]
include => pbxc-out
; A mistake that a site might make.
include => pbxc-behalf
exten => as-boss,1,Set(PBXC_ON_BEHALF=ext399)
 same => n,Goto(pbxc-out,0207,1)
[group]
exten => _X.,1,Dial(Local/ext${EXTEN:-3}*${EXTEN:0:-3}1@pbxc-behalf/n&Local/ext${EXTEN:-3}*${EXTEN:0:-3}2@pbxc-behalf/n,20,i)
 same => n,Hangup(${HANGUPCAUSE})
[direct]
exten => _X.,1,Dial(Local/ext${EXTEN:-3}*${EXTEN:0:-3}1@pbxc-behalf,20,i)
 same => n,Hangup(${HANGUPCAUSE})
[waiting]
exten => _X.,1,Queue(helpers)
[follow]
exten => _X.,1,FollowMe(bob,d)
[odd]
exten => _X.,1,Dial(Local/${MEMBER}@pbxc-behalf/n,20,i)
 same => n,Hangup(${HANGUPCAUSE})
"""  # noqa: E501 - a line of a dialplan cannot be broken


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site() -> AsyncIterator[Scripted]:
    """A site with groups, a queue and follow-me."""
    async with (
        AsteriskInstance(dialplan=SITE, phone_context="office") as instance,
        await Answerer().open(instance.agi_port) as answerer,
    ):
        yield Scripted(instance, answerer)


class Group:
    """A number of the house whose context calls two numbers outside, paid by one extension."""

    def __init__(self, site: Scripted, context: str, lease_s: str = "20") -> None:
        self.site = site
        member = site.asterisk.extension()
        base = site.asterisk.number()
        self.called, self.member = base + member[3:], member
        self.first, self.second = f"{base}1", f"{base}2"
        verdict = Verdict(f"group-{member}", context, lease_s=lease_s)
        site.answerer.says(self.called, verdict)

    def allows(self, number: str, far_end: FarEnd, lease_s: str = "20") -> None:
        """The daemon lets the call to this number through, which behaves so."""
        self.site.asterisk.carrier.plan(number, far_end)
        self.site.answerer.says(number, Verdict(call_id=f"to-{number}", lease_s=lease_s))

    async def lasted_s(self, number: str) -> float:
        """From the answer of the leg to this number to its end."""
        observer = self.site.asterisk.observer
        leg = await observer.leg_of(f"to-{number}")
        return await observer.ended(leg) - await observer.answered(leg)


async def test_each_member_outside_is_a_call_of_its_own(site: Scripted) -> None:
    """Two numbers ring, both asked for by the member; the one that answers is paid for 2 s."""
    group = Group(site, "group")
    group.allows(group.first, FarEnd.answers(after_s=0.3), "2")
    group.allows(group.second, FarEnd.never_answers())
    call = site.asterisk.carrier.call(group.called)
    await call.trace.until_over()
    assert 2 - EARLY_S <= await group.lasted_s(group.first) < 2 + LATE_S
    for number in (group.first, group.second):
        (asked,) = site.answerer.asked(number)
        assert asked["agi_arg_1"] == group.member
    loser = await site.asterisk.observer.leg_of(f"to-{group.second}")
    await site.asterisk.carrier.trace(group.second).until("CANCEL")
    await site.asterisk.observer.ended(loser)
    assert (await site.asterisk.spool())[loser][:3] == ["end", f"to-{group.second}", ""]


async def test_a_member_who_cannot_pay_is_left_out(site: Scripted) -> None:
    """One number is refused, the other one rings and answers."""
    group = Group(site, "group")
    site.answerer.says(group.first, denial(402))
    group.allows(group.second, ANSWERS, "1")
    call = site.asterisk.carrier.call(group.called)
    await call.trace.until_over()
    assert site.asterisk.carrier.legs(group.first) == []
    assert await group.lasted_s(group.second) < 1 + LATE_S


async def test_a_local_channel_that_optimizes_itself_away_leaves_the_lease(site: Scripted) -> None:
    """Without `/n` nothing stands between the legs: the outer one still ends when 2 s are over."""
    group = Group(site, "direct")
    group.allows(group.first, ANSWERS, "2")
    call = site.asterisk.carrier.call(group.called)
    await call.trace.until("200")
    # Asterisk does it when there is sound.
    call.speak()
    (await site.asterisk.carrier.leg(group.first)).speak()
    await call.trace.until_over()
    observer = site.asterisk.observer
    local = f"Local/{group.member}*{group.first}@"
    ended = observer.seen("LocalOptimizationEnd")
    assert [event for event in ended if event["LocalOneChannel"].startswith(local)]
    assert 2 - EARLY_S <= await group.lasted_s(group.first) < 2 + LATE_S
    leg = await observer.leg_of(f"to-{group.first}")
    assert (await site.asterisk.spool())[leg][:2] == ["end", f"to-{group.first}"]


async def test_a_queue_rings_members_outside_on_their_own_account(site: Scripted) -> None:
    """The caller waits on the owner's account; the member's mobile is the member's call."""
    group = Group(site, "waiting")
    group.allows(group.first, ANSWERS, "2")
    member = f"Local/{group.member}*{group.first}@pbxc-behalf/n"
    await site.asterisk.cli(f"queue add member {member} to helpers")
    call = site.asterisk.carrier.call(group.called)
    await call.trace.until("200")
    assert 2 - EARLY_S <= await group.lasted_s(group.first) < 2 + LATE_S
    await site.asterisk.cli(f"queue remove member {member} from helpers")
    call.hang_up()
    (asked,) = site.answerer.asked(group.first)
    assert asked["agi_arg_1"] == group.member
    assert asked["agi_arg_4"] == site.answerer.asked(group.called)[0]["agi_uniqueid"]


async def test_follow_me_asks_like_everybody(site: Scripted) -> None:
    """Its numbers are of the kind `ext300*4420…`, its context is pbxc-behalf."""
    group = Group(site, "follow")
    site.asterisk.carrier.plan("4420777", ANSWERS)
    site.answerer.says("4420777", Verdict(call_id="followed", lease_s="2"))
    call = site.asterisk.carrier.call(group.called)
    await call.trace.until("200")
    observer = site.asterisk.observer
    leg = await observer.leg_of("followed", 20)
    assert 2 - EARLY_S <= await observer.ended(leg) - await observer.answered(leg) < 2 + LATE_S
    call.hang_up()
    (asked,) = site.answerer.asked("4420777")
    assert asked["agi_arg_1"] == "ext398"


async def test_a_phone_cannot_call_on_behalf(site: Scripted) -> None:
    """A context that phones reach includes pbxc-behalf by mistake: it takes no phone's word."""
    asked = len(site.answerer.requests)
    call = (await site.asterisk.handset()).call("ext399*4420777")
    assert (await call.trace.until_over()).final_code == 480
    assert len(site.answerer.requests) == asked


async def test_who_dials_pays_whatever_was_said_on_its_leg(site: Scripted) -> None:
    """PBXC_ON_BEHALF is cleared where a phone enters the paid way."""
    phone = await site.asterisk.handset()
    site.answerer.says("0207", denial(403))
    await phone.call("as-boss").trace.until_over()
    (asked,) = site.answerer.asked("0207")
    assert asked["agi_arg_1"] == phone.extension


@pytest.mark.parametrize("member", ["ext300", "*4420777", "ext300*", "ext,300*4420", "ext300*44a7"])
async def test_a_member_that_names_nobody_or_nothing_is_not_called(
    site: Scripted, member: str
) -> None:
    """No payer, no number, or other signs in them: nobody is asked."""
    asked = len(site.answerer.requests)
    async with await site.asterisk.manager() as ami:
        await ami.action("Setvar", Variable="MEMBER", Value=member)
    called = site.asterisk.number()
    site.answerer.says(called, Verdict(f"odd-{called}", "odd"))
    call = site.asterisk.carrier.call(called)
    await asyncio.wait_for(call.trace.until_over(), 10)
    assert len(site.answerer.requests) == asked + 1
