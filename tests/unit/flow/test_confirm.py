"""Asterisk's own records beside what was settled."""

from dataclasses import replace

import pytest

from pbxcharge.asterisk.events import Cdr as AsteriskCdr
from pbxcharge.core.call import Call
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.settlement import blank_cdr
from pbxcharge.flow import confirm
from pbxcharge.flow.confirm import Confirmation
from tests.fakes.granted_call import CALLER, LEG, granted
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.until import until

OTHER = "PJSIP/carrier-00000009"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare at once."""
    monkeypatch.setattr(confirm, "WAIT_S", 0)


def record(channel: str, dest_channel: str, billable_s: int) -> AsteriskCdr:
    """What Asterisk writes about two channels."""
    return AsteriskCdr(0, "1.1", channel, dest_channel, "ANSWERED", billable_s, billable_s)


async def differences(talk_s: int, *records: AsteriskCdr, restarted: bool = False) -> list[object]:
    """What is said of a call that has talked so long, after these records."""
    log = RecordingLogger()
    confirmation = Confirmation(log)
    for one in records:
        confirmation.hear(one)
    if restarted:
        confirmation.forget()
    call = Call(granted(), 1, 60, leg=LEG)
    blank = blank_cdr(call.granted.attempt, "EUR", Disposition.ANSWERED)
    confirmation.settled(call, replace(blank, talk_s=talk_s))
    # What is settled last is compared last.
    marked = Call(granted(), 1, 60, leg=replace(LEG, channel=OTHER))
    confirmation.hear(record("", OTHER, 999))
    confirmation.settled(marked, blank)
    await until(lambda: [said for said in log.named("cdr differs") if said["asterisk_s"] == 999])
    return [said["asterisk_s"] for said in log.named("cdr differs")[:-1]]


@pytest.mark.parametrize(("billable_s", "told"), [(28, []), (30, []), (32, []), (33, [33])])
async def test_more_than_two_seconds_are_told(billable_s: int, told: list[object]) -> None:
    """Asterisk counts whole seconds in its own way."""
    assert await differences(30, record(CALLER.channel, LEG.channel, billable_s)) == told


async def test_parts_of_a_transferred_leg_are_added() -> None:
    """20 s as the dialled channel and 10 s as the caller are 30 s of talk."""
    before, after = record(CALLER.channel, LEG.channel, 20), record(LEG.channel, "x", 10)
    assert await differences(30, before, after) == []
    assert await differences(30, before) == [20]


async def test_leg_that_no_record_names_is_not_spoken_of() -> None:
    """The daemon may have been away; and after a restart the names are those of others."""
    assert await differences(30) == []
    assert await differences(30, record("a", "b", 5)) == []
    assert await differences(30, record("a", LEG.channel, 5), restarted=True) == []


async def test_channels_of_others_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are forgotten."""
    monkeypatch.setattr(confirm, "LEGS_MAX", 4)
    others = [record(f"a{n}", f"b{n}", 1) for n in range(5)]
    assert await differences(30, record("a", LEG.channel, 5), *others) == []
