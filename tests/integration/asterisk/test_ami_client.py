"""The AMI client on real sockets, against the fake Asterisk: what it asks and is told."""

import asyncio
import time

import pytest

from pbxcharge.asterisk.ami_lists import SpoolEnd, SpoolUnreadable
from pbxcharge.asterisk.events import FullyBooted, Hangup, LegEvent
from pbxcharge.errors import AmiNoReply, AmiRefused, ChannelGone
from tests.fakes.ami_site import (
    site,
)
from tests.fakes.until import until


async def test_client_is_ready_after_login_and_resync() -> None:
    """Not before the resync has finished."""
    async with site(ready=False) as here:
        here.gate.clear()
        await until(lambda: here.client.connected)
        await asyncio.sleep(0.02)
        assert not here.client.ready
        here.gate.set()
        await here.client.wait_ready(5)
        assert isinstance(here.events[0], FullyBooted)


async def test_a_call_is_told_in_order() -> None:
    """Events arrive as values, in Asterisk's order."""
    async with site() as here:
        here.talk().hang_up("callee")
        await until(lambda: len([e for e in here.events if isinstance(e, Hangup)]) == 2)
        legs = [e for e in here.events if isinstance(e, LegEvent) and e.call_id]
        names = "LegRinging LegAnswered BridgeEnter HangupRequest Hangup"
        assert [type(e).__name__ for e in legs] == names.split()


async def test_status_and_spool_show_what_there_is() -> None:
    """A live leg with its lease; the ends that were written; an entry nobody can read."""
    async with site() as here:
        call = here.talk()
        here.talk().hang_up()
        here.pbx.spool["odd"] = "what"
        legs = [entry for entry in await here.client.status() if entry.call_id]
        [leg] = [entry for entry in legs if entry.uniqueid == call.metered_leg.uniqueid]
        assert leg.hangs_up_at_s == int(call.metered_leg.hangs_up_at)
        assert f"{leg.answered_at_us}" == call.metered_leg.answered_variable.replace(".", "")
        ended, odd = await here.client.db_get_tree()
        assert isinstance(ended, SpoolEnd)
        assert isinstance(odd, SpoolUnreadable)


async def test_timeout_is_armed_to_the_millisecond() -> None:
    """What is asked for is set on the channel, by uniqueid or by name."""
    async with site() as here:
        leg = here.talk().metered_leg
        await here.client.absolute_timeout(leg.uniqueid, 1250)
        await here.client.absolute_timeout(leg.name, 60_007)
        assert [a["Timeout"] for a in here.sent("AbsoluteTimeout")] == ["1.250", "60.007"]
        assert leg.hangs_up_at - here.pbx.now() == pytest.approx(60, abs=2)


async def test_lease_ends_the_call_without_the_daemon() -> None:
    """The fake enforces what the real one does: the leg ends by its own timer."""
    async with site() as here:
        call = here.talk()
        await here.client.absolute_timeout(call.metered_leg.uniqueid, 1)
        await until(call.ended.is_set)
        await until(lambda: [e for e in here.events if isinstance(e, Hangup) and e.call_id])


async def test_the_other_actions_reach_the_channel() -> None:
    """Hang-up with its cause, digits, variables, versions, a round trip."""
    async with site() as here:
        call = here.talk()
        await here.client.play_dtmf(call.caller.uniqueid, "A")
        await here.client.set_variable(call.caller.uniqueid, "PBXC_AFTER", "TOPUP")
        assert here.pbx.played == [(call.caller.uniqueid, "A")]
        assert here.pbx.variables == {(call.caller.uniqueid, "PBXC_AFTER"): "TOPUP"}
        assert (await here.client.core_settings()).asterisk_version.startswith("22")
        assert await here.client.ping() == pytest.approx(time.time_ns() // 1000, abs=5_000_000)
        await here.client.hang_up(call.metered_leg.uniqueid, 21)
        await until(lambda: [e for e in here.events if isinstance(e, Hangup) and e.cause == 21])


async def test_channel_that_is_gone_is_told_apart() -> None:
    """A leg that ended a moment ago is no failure of AMI."""
    async with site() as here:
        for action in (
            here.client.hang_up("PJSIP/x-00000001"),
            here.client.absolute_timeout("1.999", 1000),
            here.client.play_dtmf("1.999", "A"),
        ):
            with pytest.raises(ChannelGone):
                await action


async def test_nothing_can_be_smuggled_into_an_action() -> None:
    """No pattern, no second action, no function, no endless timeout ever leaves."""
    async with site() as here:
        names = {action["Action"] for action in here.pbx.actions}
        for action in (
            here.client.hang_up("/.*/"),
            here.client.hang_up(""),
            here.client.hang_up("PJSIP/a-1\nAction: Originate"),
            here.client.set_variable("PJSIP/a-1", "X", "1\nAction: Originate"),
            here.client.set_variable("PJSIP/a-1", "SHELL(x)", "1"),
            here.client.absolute_timeout("PJSIP/a-1", 0),
            here.client.play_dtmf("PJSIP/a-1", "A\nB"),
            here.client.play_dtmf("PJSIP/a-1", "AB"),
        ):
            with pytest.raises(AmiRefused):
                await action
        names |= {"Ping"}
        assert {action["Action"] for action in here.pbx.actions} <= names


async def test_unanswered_action_ends_after_its_deadline() -> None:
    """The link stays; a reply that comes too late disturbs nobody."""
    async with site(action_deadline_s=0.3) as here:
        here.pbx.reply_delay_s = 0.5
        with pytest.raises(AmiNoReply):
            await here.client.core_settings()
        here.pbx.reply_delay_s = 0
        await asyncio.sleep(0.3)
        assert await here.client.core_settings()
        assert (here.losses, here.client.counts) == (0, {})


async def test_exception_in_a_handler_costs_neither_link_nor_other_events() -> None:
    """It is counted and logged, and the next event is told."""
    async with site() as here:
        here.raising = True
        call = here.talk()
        await until(lambda: here.client.counts["handler_failed"] >= 5)
        here.raising = False
        call.hang_up()
        await until(lambda: [e for e in here.events if isinstance(e, Hangup)])
        assert here.losses == 0
        assert here.logger.named("ami_handler_failed")


async def test_malformed_event_is_counted_and_the_next_one_told() -> None:
    """It costs neither the link nor what comes after it."""
    async with site() as here:
        here.pbx.emit("Hangup", "Uniqueid: 1.1\r\nUniqueid: 1.2\r\n")
        here.pbx.emit("Hangup", "Uniqueid: 1.1\r\n")
        here.talk().hang_up()
        await until(lambda: [e for e in here.events if isinstance(e, Hangup)])
        assert (here.client.counts["malformed"], here.losses) == (2, 0)
        assert len(here.logger.named("ami_malformed")) == 2


async def test_bytes_one_at_a_time_are_understood() -> None:
    """Login, resync, a whole call."""
    async with site(ready=False) as here:
        here.pbx.byte_at_a_time = True
        await here.client.wait_ready(10)
        here.talk().hang_up()
        await until(lambda: len([e for e in here.events if isinstance(e, Hangup)]) == 2)
        assert here.client.counts == {}


async def test_loaded_dialplan_is_read_as_asterisk_has_it() -> None:
    """The emergency context with what each number does; a context that is not there is empty."""
    async with site() as here:
        loaded = await here.client.loaded_context("pbxc-emergency")
        assert loaded["911"] == "Gosub(pbxc-emergency-call,s,1(911,PJSIP/112@carrier))"
        assert await here.client.loaded_context("nowhere") == {}


async def test_missing_event_filter_is_said_once() -> None:
    """An Asterisk that does not know the filter's syntax sends all events; the client copes."""
    async with site() as here:
        for _ in range(3):
            here.pbx.emit("VarSet", "Variable: X\r\nValue: 1\r\n")
        await until(lambda: here.client.counts["unfiltered"] == 3)
        assert len(here.logger.named("ami_unfiltered")) == 1
