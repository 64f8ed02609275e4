"""The rig itself: what it says about a call is what happened."""

import asyncio
from pathlib import Path

import pytest

from tests.asterisk.conftest import Scripted
from tests.asterisk.harness import AsteriskInstance, FarEnd, SippFailed, Verdict
from tests.asterisk.harness.sipp import read_sightings


async def test_sipp_hangs_up_and_both_sides_saw_it(scripted: Scripted) -> None:
    """0.5 s of talk, ended by the caller: the carrier's BYE is received, the caller's is sent."""
    number = scripted.asterisk.number()
    scripted.asterisk.carrier.plan(number, FarEnd.answers(after_s=0.3))
    scripted.answerer.allows(number, "sipp-hangs-up")
    call = await scripted.asterisk.sipp_phone().call(number, talk_s=0.5)
    seen = await call.ended()
    far_end = scripted.asterisk.carrier.trace(number)
    assert (seen.final_code, seen.bye_sent) == (200, True)
    assert (far_end.final_code, far_end.bye_sent) == (200, False)
    assert 0.3 <= far_end.at("200") - far_end.at("180") < 1.3
    assert 0.5 <= seen.talk_s < 1.5


async def test_sipp_stays_until_the_other_side_hangs_up(scripted: Scripted) -> None:
    """The far end talks for half a second and leaves; SIPp's call ends with it."""
    number = scripted.asterisk.number()
    scripted.asterisk.carrier.plan(number, FarEnd.answers(talk_s=0.5))
    scripted.answerer.allows(number, "sipp-stays")
    seen = await (await scripted.asterisk.sipp_phone().call(number)).ended()
    assert seen.bye_sent is False
    assert scripted.asterisk.carrier.trace(number).bye_sent is True


async def test_sipp_gives_up_while_it_rings(scripted: Scripted) -> None:
    """CANCEL on both sides, 487 for the caller."""
    number = scripted.asterisk.number()
    scripted.asterisk.carrier.plan(number, FarEnd.never_answers())
    scripted.answerer.allows(number, "sipp-cancels")
    call = await scripted.asterisk.sipp_phone().call(number, cancel_after_s=0.5)
    seen = await call.ended()
    assert seen.final_code == 487
    await scripted.asterisk.carrier.trace(number).until("CANCEL")


async def test_sipp_hears_a_refusal(scripted: Scripted) -> None:
    """A number that nobody planned is refused by the answerer: 403."""
    phone = scripted.asterisk.sipp_phone()
    seen = await (await phone.call(scripted.asterisk.number(), talk_s=1)).ended()
    assert seen.final_code == 403


async def test_sipp_says_when_the_call_went_otherwise_than_written(scripted: Scripted) -> None:
    """SIPp means to talk for 30 s and the far end hangs up: that is a failure, not a result."""
    number = scripted.asterisk.number()
    scripted.asterisk.carrier.plan(number, FarEnd.answers(talk_s=0.2))
    scripted.answerer.allows(number, "sipp-fails")
    call = await scripted.asterisk.sipp_phone().call(number, talk_s=30, within_s=10)
    with pytest.raises(SippFailed):
        await call.ended()


def test_a_line_that_sipp_still_writes_is_no_message() -> None:
    """Date, time, epoch, direction, Call-ID, CSeq, start line; the last line is cut off."""
    log = (
        "2026-01-01\t00:00:00.5\t100.500000\tS\t1@h\tCSeq:1 INVITE\tINVITE sip:1@h SIP/2.0\n"
        "2026-01-01\t00:00:00.6\t100.600000\tR\t1@h\tCSeq:1 INVITE\tSIP/2.0 180 Ringing\n"
        "2026-01-01\t00:00:00.7\t100.7"
    )
    seen = [(s.what, s.method, s.sent, s.at_epoch_s) for s in read_sightings(log, ahead_s=-100)]
    assert seen == [("INVITE", "INVITE", True, 100.5), ("180", "INVITE", False, 100.6)]


async def test_a_number_that_nobody_planned_does_not_exist(scripted: Scripted) -> None:
    """A test that forgets to plan its far end fails, instead of talking to somebody else's."""
    number = scripted.asterisk.number()
    scripted.answerer.allows(number, "unplanned")
    call = (await scripted.asterisk.handset()).call(number)
    assert (await call.trace.until_over()).final_code == 404


async def test_many_calls_at_once_are_kept_apart(scripted: Scripted) -> None:
    """Twenty phones call twenty numbers; each talks as long as its own far end wants."""
    asterisk = scripted.asterisk
    talks = {asterisk.number(): 0.3 + 0.05 * n for n in range(20)}
    calls = []
    for number, talk_s in talks.items():
        verdict = Verdict(call_id=f"many{number}")
        calls.append(await scripted.dial(number, FarEnd.answers(talk_s=talk_s), verdict))
    await asyncio.gather(*(call.trace.until_over(20) for call in calls))
    for number, talk_s in talks.items():
        assert talk_s - 0.01 < asterisk.carrier.trace(number).talk_s < talk_s + 1


async def test_an_asterisk_that_is_killed_says_no_goodbye_and_starts_again() -> None:
    """A crash sends no BYE and no Hangup event; what was written down before is still there."""
    async with AsteriskInstance() as asterisk:
        refused = (await asterisk.handset()).call("4420777")
        await refused.trace.until_over(5)
        # Asterisk puts its database on the disk once a second.
        await asyncio.sleep(1.5)
        asterisk.carrier.plan("112", FarEnd.answers())
        call = (await asterisk.handset()).call("112")
        await call.trace.until("200")
        await asterisk.kill()
        assert call.trace.first("BYE") is None
        await asterisk.start()
        assert [entry[0] for entry in (await asterisk.spool()).values()] == ["deny"]


async def test_nothing_is_left_of_an_instance() -> None:
    """After the block the process is gone, and so are the folders."""
    async with AsteriskInstance() as asterisk:
        pid, folder = asterisk.pid, asterisk.folder
        assert runs(pid)
    assert not runs(pid)
    assert not folder.exists()


def runs(pid: int) -> bool:
    """A process that has ended and is not yet waited for has no command line any more."""
    command = Path(f"/proc/{pid}/cmdline")
    return command.exists() and command.read_bytes() != b""
