"""The AMI client on real sockets, against the fake Asterisk and its faults."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from pbxcharge.asterisk import ami_link
from pbxcharge.asterisk.ami_client import AmiClient
from pbxcharge.asterisk.ami_link import REFUSED_RETRY_S, RETRY_S, retry_delay_s
from pbxcharge.asterisk.ami_lists import SpoolEnd, SpoolUnreadable
from pbxcharge.asterisk.events import Event, FullyBooted, Hangup, LegEvent
from pbxcharge.errors import AmiDown, AmiNoReply, AmiRefused, ChannelGone
from tests.fakes.fake_asterisk import FakeAsterisk
from tests.fakes.fake_call import FakeCall
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.until import until

VERDICT = {
    "PBXC_CALL": "0192f0c1a2b3abcdefghij",
    "PBXC_DIAL": "PJSIP/44123@carrier",
    "PBXC_RING_S": "30",
    "PBXC_RING_LEASE_S": "90",
    "PBXC_LEASE_S": "60",
    "PBXC_VERDICT": "ALLOW",
}


@dataclass
class Site:
    """A fake Asterisk and a client of it, with what the client was told."""

    pbx: FakeAsterisk
    client: AmiClient = field(init=False)
    logger: RecordingLogger = field(default_factory=RecordingLogger)
    events: list[Event] = field(default_factory=list)
    resyncs: int = 0
    resyncing: int = 0
    finished: int = 0
    losses: int = 0
    failing_resyncs: int = 0
    raising: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, event: Event, received_ns: int) -> None:
        """Put an event aside."""
        assert 0 <= time.monotonic_ns() - received_ns < 5_000_000_000
        if self.raising:
            raise ZeroDivisionError
        self.events.append(event)

    async def resync(self) -> None:
        """Ask what there is, as the daemon does."""
        assert self.resyncing == 0, "two resyncs at once"
        self.resyncing += 1
        self.resyncs += 1
        try:
            await self.gate.wait()
            await self.client.status()
            await asyncio.sleep(0.01)
            if self.resyncs <= self.failing_resyncs:
                raise ZeroDivisionError
            self.finished += 1
        finally:
            self.resyncing -= 1

    def lose(self) -> None:
        """Count a loss."""
        self.losses += 1

    def talk(self) -> FakeCall:
        """Begin a call that is answered."""
        call = self.pbx.place_call("alice", "44123")
        call.verdict = VERDICT
        call.dial()
        call.ring()
        call.answer()
        return call

    def sent(self, name: str) -> list[dict[str, str]]:
        """Actions of this name that the server saw."""
        return [action for action in self.pbx.actions if action["Action"] == name]


@asynccontextmanager
async def site(
    *, ready: bool = True, secret: str = "secret", **deadlines: Any
) -> AsyncIterator[Site]:
    """Run both; the client is ready unless it is not waited for."""
    here = Site(FakeAsterisk())
    await here.pbx.start()
    here.gate.set()
    settings: dict[str, Any] = {
        "ping_interval_s": 0.1,
        "ping_deadline_s": 10.0,
        "action_deadline_s": 10.0,
    }
    here.client = AmiClient(
        "127.0.0.1",
        here.pbx.ami_port,
        "pbxcharge",
        secret,
        on_event=here.take,
        on_connected=here.resync,
        on_lost=here.lose,
        logger=here.logger,
        **(settings | deadlines),
    )
    await here.client.start()
    try:
        if ready:
            await here.client.wait_ready(10)
        yield here
    finally:
        await here.client.close()
        await here.pbx.stop()


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


async def test_wrong_secret_is_tried_seldom_and_the_right_one_is_taken() -> None:
    """It says why it is not ready, waits longer each time, and comes back by itself."""
    async with site(ready=False, secret="hunter2") as here:
        with pytest.raises(AmiRefused, match="Authentication failed"):
            await here.client.wait_ready(0.5)
        assert (here.pbx.connects, here.losses) == (1, 0)
        here.pbx.secret = "hunter2"
        await here.client.wait_ready(10)
        assert "hunter2" not in repr(here.logger.events)


async def test_actions_are_refused_before_the_link_is_up() -> None:
    """Asterisk would answer them with Permission denied, or never."""
    async with site(ready=False) as here:
        here.pbx.booted = False
        await until(lambda: here.sent("Login"))
        with pytest.raises(AmiDown):
            await here.client.hang_up("PJSIP/a-1")
        here.pbx.emit("FullyBooted", "Uptime: 1\r\n", "system,all")
        await here.client.wait_ready(5)
        here.pbx.drop_ami()
        await until(lambda: len(here.sent("Login")) == 2)
        await asyncio.sleep(0.05)
        assert not here.client.connected


@pytest.mark.parametrize(("mute", "booted"), [(True, True), (False, False)])
async def test_login_that_leads_nowhere_is_given_up(
    monkeypatch: pytest.MonkeyPatch, mute: bool, booted: bool
) -> None:
    """No answer to the login, or no FullyBooted after it: the link is begun again."""
    monkeypatch.setattr(ami_link, "LOGIN_S", 0.1)
    monkeypatch.setattr(ami_link, "BOOT_S", 0.1)
    async with site(ready=False) as here:
        here.pbx.mute, here.pbx.booted = mute, booted
        await until(lambda: here.pbx.connects == 2)
        here.pbx.mute, here.pbx.booted = False, True
        await here.client.wait_ready(10)
        assert here.losses == 0


async def test_half_open_link_is_noticed_by_its_ping() -> None:
    """A peer that answers nothing is left after the ping's deadline; no proof of life meanwhile."""
    async with site(ping_deadline_s=0.3) as here:
        await until(lambda: here.client.last_proof)
        here.pbx.mute = True
        await asyncio.sleep(0.1)
        proof = here.client.last_proof
        await until(lambda: here.losses >= 1)
        assert here.client.last_proof == proof
        assert not here.client.ready
        here.pbx.mute = False
        await here.client.wait_ready(10)


async def test_proof_of_life_is_an_instant_before_the_ping() -> None:
    """All that happened before it has been told; it moves on with each answer.

    Half a second of margin: Asterisk may tell an event after the answer to a later ping.
    """
    async with site() as here:
        await until(lambda: here.client.last_proof)
        first = here.client.last_proof
        assert first is not None
        await until(lambda: here.client.last_proof != first)
        second = here.client.last_proof
        assert second is not None
        assert first.monotonic_ns < second.monotonic_ns <= time.monotonic_ns() - 500_000_000
        assert first.sent_at_us <= first.asterisk_at_us < second.asterisk_at_us
        assert second.asterisk_at_us <= time.time_ns() // 1000 - 500_000


async def test_loss_fails_what_waits_and_nothing_is_sent_again() -> None:
    """After a restart a name may be somebody else's call: what was open is decided anew."""
    async with site() as here:
        call = here.talk()
        here.pbx.reply_delay_s = 30
        waiting = asyncio.create_task(here.client.hang_up(call.metered_leg.name))
        await until(lambda: here.sent("Hangup"))
        here.pbx.reply_delay_s = 0
        await here.pbx.restart()
        with pytest.raises(AmiDown):
            await waiting
        with pytest.raises(AmiDown):
            await here.client.hang_up("PJSIP/alice-00000000")
        await until(lambda: here.client.ready and here.resyncs == 2)
        await here.client.ping()
        assert len(here.sent("Hangup")) == 1
        assert here.losses == 1


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


async def test_failing_resync_begins_again_until_it_succeeds() -> None:
    """Without a resync the client is not ready, whatever the link says."""
    async with site(ready=False) as here:
        here.failing_resyncs = 2
        await here.client.wait_ready(10)
        assert (here.resyncs, here.losses) == (3, 2)


async def test_link_lost_in_its_resync_begins_a_new_one() -> None:
    """A resync that was overtaken never makes the client ready, and two never run at once."""
    async with site(ready=False) as here:
        here.gate.clear()
        await until(lambda: here.client.connected)
        for lost in (1, 2):
            here.pbx.drop_ami()
            await until(lambda: here.losses == lost and here.client.connected)  # noqa: B023
        assert not here.client.ready
        here.gate.set()
        await here.client.wait_ready(10)
        assert (here.losses, here.resyncs, here.finished) == (2, 2, 2)
        assert not here.logger.named("ami_resync_failed")


async def test_waits_are_short_again_after_a_link_that_was_used() -> None:
    """Each loss of a good link is a first failure."""
    async with site() as here:
        for _ in range(2):
            here.pbx.drop_ami()
            await until(lambda: not here.client.ready)
            await here.client.wait_ready(10)
        assert [down["failures"] for down in here.logger.named("ami_down")] == [1, 1]
        assert here.client.last_failure is None


async def test_asterisk_that_is_away_is_waited_for() -> None:
    """The first retries are quick; the daemon is back a moment after Asterisk is."""
    async with site() as here:
        await here.pbx.stop()
        await until(lambda: here.losses == 1)
        with pytest.raises(AmiDown, match="no connection"):
            await here.client.wait_ready(0.6)
        await here.pbx.start()
        await here.client.wait_ready(10)


async def test_closed_client_does_not_come_back() -> None:
    """Neither from a live link nor from a retry that was on its way."""
    async with site() as here:
        here.pbx.drop_ami()
        await until(lambda: here.losses == 1)
        await here.client.close()
        connects = here.pbx.connects
        await here.client.start()
        await asyncio.sleep(0.5)
        assert here.pbx.connects == connects


def test_waits_grow_and_are_bounded() -> None:
    """0.2 s after the first failure, 2 s at most; a refused login up to a minute."""
    assert [retry_delay_s(n, False, 0) for n in range(1, 6)] == [*RETRY_S, 2]
    assert [retry_delay_s(n, True, 0) for n in range(1, 9)] == [*REFUSED_RETRY_S, 60]
    assert retry_delay_s(3, False, 1) == pytest.approx(0.8)


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
