"""The link of the AMI client on real sockets: how it is made, lost, noticed and made again."""

import asyncio
import time

import pytest

from pbxcharge.asterisk import ami_link
from pbxcharge.asterisk.ami_link import REFUSED_RETRY_S, RETRY_S, retry_delay_s
from pbxcharge.errors import AmiDown, AmiRefused
from tests.fakes.ami_site import (
    site,
)
from tests.fakes.until import until


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
