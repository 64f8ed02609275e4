"""The warning before the credit ends: heard by the payer and by nobody else."""

import pytest

from tests.asterisk.conftest import Scripted
from tests.asterisk.harness import FarEnd, Verdict


@pytest.mark.parametrize(
    ("of_site", "of_plan", "packets"), [("", "", 10), ("hello", "", 25), ("beep", "hello", 25)]
)
async def test_only_the_payer_hears_the_warning(
    scripted: Scripted, of_site: str, of_plan: str, packets: int
) -> None:
    """Four keys that no phone has play the plan's or the site's sound on the payer's leg alone."""
    asterisk = scripted.asterisk
    number = asterisk.number()
    call_id = f"warned{of_site}{of_plan}"
    verdict = Verdict(call_id=call_id, lease_s="3", sound=of_plan)
    call = await scripted.dial(number, FarEnd.answers(), verdict)
    await call.trace.until("200")
    asked = next(r for r in scripted.answerer.requests if r["agi_arg_2"] == number)
    payer = asked["agi_channel"]
    async with await asterisk.manager() as ami:
        await ami.action("Setvar", Channel=payer, Variable="PBXC_WARN_SOUND", Value=of_site)
        for digit in "ABCD":
            answer = await ami.action("PlayDTMF", Channel=payer, Digit=digit, Receive="1")
            assert answer["Response"] == "Success"
    await call.trace.until_over(10)
    leg = await asterisk.observer.leg_of(call_id)
    talk_s = await asterisk.observer.ended(leg) - await asterisk.observer.answered(leg)
    assert 2.999 <= talk_s < 4
    # "beep" is 0.4 s of sound and "hello" longer, 50 packets a second; all else is silent.
    assert len(call.ear.heard_at_epoch_s) > packets
    assert asterisk.carrier.legs(number)[0].ear.heard_at_epoch_s == []
