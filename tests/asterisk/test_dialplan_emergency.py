"""Emergency calls on a real Asterisk: nothing refuses, shortens or ends them."""

import asyncio

from tests.asterisk.conftest import Scripted
from tests.asterisk.harness import AsteriskInstance, FarEnd

ANSWERS = FarEnd.answers(after_s=0.2)


async def test_an_emergency_call_asks_nobody(scripted: Scripted) -> None:
    """The call is put through although no daemon was asked, and its leg says what it is."""
    asterisk = scripted.asterisk
    asterisk.carrier.plan("112", ANSWERS)
    asked = len(scripted.answerer.requests)
    call = (await asterisk.handset()).call("112")
    await call.trace.until("200")
    await asterisk.observer.leg_of("emergency")
    call.hang_up()
    assert len(scripted.answerer.requests) == asked


async def test_every_form_on_the_list_reaches_the_emergency_service(scripted: Scripted) -> None:
    """911 is dialled, 112 is called: the list says what each form dials."""
    asterisk = scripted.asterisk
    asterisk.carrier.plan("112", ANSWERS)
    before = len(asterisk.carrier.legs("112"))
    call = (await asterisk.handset()).call("911")
    await call.trace.until("200")
    call.hang_up()
    assert len(asterisk.carrier.legs("112")) == before + 1


async def test_no_timer_of_the_caller_ends_an_emergency_call(scripted: Scripted) -> None:
    """A site's own limit of 1 s on the caller's leg is lifted for the emergency service."""
    asterisk = scripted.asterisk
    asterisk.carrier.plan("112", ANSWERS)
    call = (await asterisk.handset()).call("limited-emergency")
    await call.trace.until("200")
    # There is no event for "was not ended": well beyond the limit it must still be there.
    await asyncio.sleep(2)
    assert not call.trace.over
    call.hang_up()
    await call.trace.until("200", 5)


async def test_an_emergency_call_is_written_down(scripted: Scripted) -> None:
    """Kind, endpoint, number as dialled, set-up, answer, end and cause."""
    asterisk = scripted.asterisk
    asterisk.carrier.plan("112", ANSWERS)
    phone = await asterisk.handset()
    call = phone.call("911")
    await call.trace.until("200")
    call.hang_up()
    entry = await written(asterisk, phone.name)
    assert entry[:3] == ["emergency", phone.name, "911"]
    setup, answered, ended = map(float, entry[3:6])
    assert 0.2 <= answered - setup < 2
    assert answered <= call.trace.at("200") + 0.1
    assert answered <= ended < answered + 2
    assert entry[6] == "16"


async def test_an_emergency_call_that_nobody_answers_is_written_down(scripted: Scripted) -> None:
    """The caller gives up while it rings: there is a set-up and an end, and no answer."""
    asterisk = scripted.asterisk
    asterisk.carrier.plan("112", FarEnd.never_answers())
    phone = await asterisk.handset()
    call = phone.call("112")
    await call.trace.until("180")
    call.cancel()
    entry = await written(asterisk, phone.name)
    assert entry[:3] == ["emergency", phone.name, "112"]
    assert entry[4] == ""


async def written(asterisk: AsteriskInstance, extension: str) -> list[str]:
    """The spool entry of an extension's call, once its leg has ended."""
    await asterisk.observer.wait_for(
        "Hangup", where=lambda event: event["Channel"].startswith(f"PJSIP/{extension}-")
    )
    return next(entry for entry in (await asterisk.spool()).values() if entry[1] == extension)
