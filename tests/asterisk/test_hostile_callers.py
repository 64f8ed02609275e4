"""What a phone may put into a SIP address, sent by SIPp: percent-encoded signs, forged headers."""

import asyncio

import pytest

from tests.asterisk.metered import ANSWERS, Metered
from tests.asterisk.two_second_plans import (
    Money,
)

NO_NUMBERS = [
    "0044207%0A9460000",
    "0044207%0D%0A%0D%0AEvent%3A%20Hangup",
    "00442079460000%2C30%2Cg",
    "00442079460000%26PJSIP%2Fcarrier",
    "00442079460000%2Fx",
    "00442079460000%22",
    "00442079460000%27",
    "00442079460000%3Bphone-context%3D%2B44",
    "00442079460000;phone-context=+44",
    "00442079460000%24%7BEXTEN%7D",
    "0044207CALLME",
    "0044%D9%A2%D9%A0%D9%A7%D9%A9%D9%A4%D9%A6",
]
"""All of them begin as a number does, or no context would take them."""

SMUGGLED = {
    "its own end": "x%0D%0A%0D%0AEvent%3A%20Hangup%0D%0ATimestamp%3A%201%0D%0AChannel%3A%20a"
    "%0D%0AChannelState%3A%206%0D%0AX%3A%20",
    "another header": "x%0D%0AUniqueid%3A%209.9",
    "another caller": "x%0Aagi_arg_1%3A%20{rich}%0Aagi_arg_2%3A%20{number}%0Aagi_arg_3%3A%20public"
    "%0Aagi_arg_4%3A%201%0A%0A",
}


async def test_what_is_no_number_reaches_no_carrier(metered: Metered) -> None:
    """Each is refused as one that does not exist, and costs nothing.

    Seen failing without the dialplan's comparison of lengths.
    """
    payer = await metered.payer("1.00")
    phone = metered.asterisk.sipp_phone(payer.phone.name)
    calls = await asyncio.gather(*(phone.call(dialled) for dialled in NO_NUMBERS))
    traces = await asyncio.gather(*(call.ended() for call in calls))
    codes = {trace.number: trace.final_code for trace in traces}
    assert codes == dict.fromkeys(NO_NUMBERS, 404)
    assert metered.site.log.find("authorized", account=payer.account_id) == []
    assert await payer.money() == Money("1.00", "0.00", "1.00")


@pytest.mark.parametrize("dialled", ["%30%30{number}", "00{number}%00900"])
async def test_number_rated_is_the_number_dialled(metered: Metered, dialled: str) -> None:
    """`%30%30` is `00`, and nothing after a zero byte counts: the phone's owner pays for that."""
    payer = await metered.payer("1.00")
    number = metered.number()
    metered.asterisk.carrier.plan(number, ANSWERS)
    phone = metered.asterisk.sipp_phone(payer.phone.name)
    call = await phone.call(dialled.format(number=number), talk_s=1.2)
    await call.ended()
    allowed = await metered.allowed(number)
    cdr = await allowed.cdr()
    assert (cdr["account_id"], cdr["number"]) == (payer.account_id, number)
    assert await allowed.talk_is_charged(cdr)


@pytest.mark.parametrize("kind", SMUGGLED)
async def test_name_with_line_ends_in_it_pays_as_any_other(metered: Metered, kind: str) -> None:
    """Asterisk writes a phone's name as it came into what it tells the daemon.

    The owner of the phone pays for the whole call, nobody else for anything. Without `pbxc-clean`
    the forged question is refused; without `check_genuine` too, the forged end was believed.
    """
    rich, payer = await metered.payer("1.00"), await metered.payer("1.00")
    number = metered.number()
    metered.asterisk.carrier.plan(number, ANSWERS)
    phone = metered.asterisk.sipp_phone(payer.phone.name)
    phone.extension = SMUGGLED[kind].format(rich=rich.phone.name, number=f"00{number}")
    call = await phone.call(f"00{number}", talk_s=1.2)
    await call.ended()
    allowed = await metered.allowed(number)
    cdr = await allowed.cdr()
    assert (cdr["account_id"], cdr["end_source"]) == (payer.account_id, "event")
    assert await allowed.talk_is_charged(cdr)
    assert (await rich.money(), await rich.cdrs()) == (Money("1.00", "0.00", "1.00"), [])
