"""The project's dialplan on a real Asterisk: whom it lets through, and when it ends a call."""

import asyncio
from typing import Any

import pytest

from tests.asterisk.conftest import Scripted
from tests.asterisk.harness import (
    Answerer,
    AsteriskInstance,
    FarEnd,
    HandsetCall,
    Verdict,
    denial,
)

ANSWERS = FarEnd.answers(after_s=0.2)
# How much later than the paid instant a leg may end; 2 to 5 ms are usual.
LATE_S = 1.0
# Asterisk's timer counts in whole milliseconds.
EARLY_S = 0.001


async def test_a_paid_leg_ends_when_its_first_slice_ends(scripted: Scripted) -> None:
    """Two seconds are paid: the leg lives two seconds, and the caller hears of it at once."""
    number = scripted.asterisk.number()
    call = await scripted.dial(number, ANSWERS, Verdict(call_id="slice", lease_s="2"))
    await call.trace.until_over(10)
    observer = scripted.asterisk.observer
    leg = await observer.leg_of("slice")
    paid_until = await observer.answered(leg) + 2
    assert -EARLY_S <= await observer.ended(leg) - paid_until < LATE_S
    assert -EARLY_S <= call.trace.at("BYE") - paid_until < LATE_S
    assert call.trace.bye_sent is False
    assert (await scripted.asterisk.carrier.trace(number).until("BYE")).sent is False


async def test_the_lease_takes_fractions_of_a_second(scripted: Scripted) -> None:
    """1.5 s paid is neither 1 nor 2 s of talk."""
    number = scripted.asterisk.number()
    call = await scripted.dial(number, ANSWERS, Verdict(call_id="fraction", lease_s="1.5"))
    await call.trace.until_over(10)
    observer = scripted.asterisk.observer
    leg = await observer.leg_of("fraction")
    talk_s = await observer.ended(leg) - await observer.answered(leg)
    assert 1.5 - EARLY_S <= talk_s < 1.5 + LATE_S


async def test_the_lease_bounds_the_ringing(scripted: Scripted) -> None:
    """A leg that rings longer than ring limit and slice together is cancelled by its own timer."""
    number = scripted.asterisk.number()
    verdict = Verdict(call_id="ring", ring_s="30", ring_lease_s="1.25")
    call = await scripted.dial(number, FarEnd.never_answers(), verdict)
    await call.trace.until_over(10)
    far_end = scripted.asterisk.carrier.trace(number)
    cancelled = await far_end.until("CANCEL")
    assert 1.2 <= cancelled.at_epoch_s - far_end.at("INVITE") < 1.25 + LATE_S
    assert call.trace.final_code == 480


async def test_nobody_answers_within_the_ring_limit(scripted: Scripted) -> None:
    """The caller gets 480, the carrier a CANCEL, and the end is written down without an answer."""
    number = scripted.asterisk.number()
    verdict = Verdict(call_id="noanswer", ring_s="1")
    call = await scripted.dial(number, FarEnd.never_answers(), verdict)
    assert (await call.trace.until_over(10)).final_code == 480
    await scripted.asterisk.carrier.trace(number).until("CANCEL")
    leg = await scripted.asterisk.observer.leg_of("noanswer")
    await scripted.asterisk.observer.ended(leg)
    kind, call_id, answered, *_ = (await scripted.asterisk.spool())[leg]
    assert (kind, call_id, answered) == ("end", "noanswer", "")


@pytest.mark.parametrize(("carrier_says", "caller_hears"), [(486, 486), (404, 404), (503, 503)])
async def test_a_refusal_of_the_carrier_reaches_the_caller(
    scripted: Scripted, carrier_says: int, caller_hears: int
) -> None:
    """Busy is busy: the caller learns what the carrier said."""
    number = scripted.asterisk.number()
    far_end = FarEnd.refuses(carrier_says)
    call = await scripted.dial(number, far_end, Verdict(call_id=f"says{carrier_says}"))
    assert (await call.trace.until_over(10)).final_code == caller_hears


async def test_early_media_is_no_answer(scripted: Scripted) -> None:
    """Sound before the answer starts neither the slice nor the written answer."""
    number = scripted.asterisk.number()
    verdict = Verdict(call_id="early", lease_s="1")
    call = await scripted.dial(number, FarEnd.announces(for_s=2.0), verdict)
    await call.trace.until_over(10)
    observer = scripted.asterisk.observer
    leg = await observer.leg_of("early")
    assert call.trace.first("183") is not None
    assert await observer.ended(leg) - await observer.answered(leg) >= 1 - EARLY_S
    answered = (await scripted.asterisk.spool())[leg][2]
    assert float(answered) - call.trace.at("INVITE") >= 2


async def test_the_end_is_written_down_for_the_daemon(scripted: Scripted) -> None:
    """Kind, call, answer, end, cause and who hung up, by the leg's own Uniqueid."""
    number = scripted.asterisk.number()
    call = await scripted.dial(number, FarEnd.answers(0.1, talk_s=0.5), Verdict(call_id="spool"))
    await call.trace.until_over(10)
    observer = scripted.asterisk.observer
    leg = await observer.leg_of("spool")
    hangup = await observer.wait_for("Hangup", Uniqueid=leg)
    kind, call_id, answered, ended, cause, source, _ = (await scripted.asterisk.spool())[leg]
    assert (kind, call_id, cause) == ("end", "spool", "16")
    assert source.startswith("PJSIP/carrier-")
    # The event is made after the leg has written.
    assert 0 <= hangup.at_epoch_s - float(ended) < LATE_S
    assert 0.4 < float(ended) - float(answered) < 0.5 + LATE_S


@pytest.mark.parametrize("code", [402, 403, 404, 480, 486, 503])
async def test_a_denial_is_said_as_the_daemon_wants_it(scripted: Scripted, code: int) -> None:
    """The SIP answer is the daemon's, no call leaves, and the dialplan writes nothing down."""
    number = scripted.asterisk.number()
    call = await scripted.dial(number, ANSWERS, denial(code))
    assert (await call.trace.until_over(10)).final_code == code
    assert scripted.asterisk.carrier.legs(number) == []
    assert number not in [entry[2] for entry in (await scripted.asterisk.spool()).values()]


@pytest.mark.parametrize(
    "broken",
    [
        {"lease_s": ""}, {"lease_s": "0"}, {"lease_s": "0.000"}, {"lease_s": "soon"},
        {"lease_s": "-5"}, {"lease_s": "1e9"}, {"ring_lease_s": ""}, {"ring_lease_s": "0.0"},
        {"ring_s": ""}, {"ring_s": "0"}, {"ring_s": "1.5x"}, {"dial": ""}, {"call_id": ""},
        {"word": "allow"}, {"word": ""},
    ],
    ids=str,
)  # fmt: skip
async def test_no_call_without_every_limit(scripted: Scripted, broken: dict[str, str]) -> None:
    """An ALLOW with a time that is no time above zero is no permission."""
    number = scripted.asterisk.number()
    verdict = Verdict(**{"call_id": "broken", **broken})
    call = await scripted.dial(number, ANSWERS, verdict)
    assert (await call.trace.until_over(10)).final_code == 503
    assert scripted.asterisk.carrier.legs(number) == []


async def test_a_daemon_that_hangs_costs_the_caller_three_seconds(scripted: Scripted) -> None:
    """503 after 3 s, no call at the carrier, and the attempt is written down."""
    number = scripted.asterisk.number()
    scripted.answerer.hangs(number)
    phone = await scripted.asterisk.handset()
    call = phone.call(number)
    await call.trace.until_over(10)
    assert 2.9 < call.trace.at("503") - call.trace.at("INVITE") < 3 + LATE_S
    assert scripted.asterisk.carrier.legs(number) == []
    entry = next(e for e in (await scripted.asterisk.spool()).values() if e[2] == number)
    assert entry[:3] + entry[4:] == ["deny", phone.name, number, "503"]
    assert abs(float(entry[3]) - call.trace.at("503")) < LATE_S


async def test_a_daemon_that_dies_in_mid_dialogue_lets_nobody_through(scripted: Scripted) -> None:
    """Asterisk calls that a success; only the verdict counts, and there is none."""
    number = scripted.asterisk.number()
    scripted.answerer.dies(number)
    call = (await scripted.asterisk.handset()).call(number)
    assert (await call.trace.until_over(10)).final_code == 503
    assert scripted.asterisk.carrier.legs(number) == []


async def test_a_caller_who_gives_up_frees_the_channel_of_a_hung_daemon(scripted: Scripted) -> None:
    """The channel is gone at once, not when the daemon wakes up."""
    number = scripted.asterisk.number()
    scripted.answerer.hangs(number)
    phone = await scripted.asterisk.handset()
    call = phone.call(number)
    await call.trace.until("100")
    await asyncio.sleep(0.5)
    call.cancel()
    await call.trace.until("487")
    channel = f"PJSIP/{phone.name}-"
    await scripted.asterisk.observer.wait_for(
        "Hangup", 1, where=lambda event: event["Channel"].startswith(channel)
    )


async def test_a_daemon_that_is_down_refuses_at_once_and_is_told_later() -> None:
    """503 without waiting; the emergency number works all the same."""
    async with AsteriskInstance() as alone:
        call = (await alone.handset()).call("4420777")
        assert (await call.trace.until_over(5)).final_code == 503
        assert [entry[2] for entry in (await alone.spool()).values()] == ["4420777"]
        alone.carrier.plan("112", ANSWERS)
        emergency = (await alone.handset()).call("112")
        await emergency.trace.until("200")
        emergency.hang_up()


@pytest.mark.parametrize("dialled", ["44,5", "44%225", "44;5", "44&PJSIP", "44a"])
async def test_a_number_with_anything_else_in_it_is_refused_unasked(
    scripted: Scripted, dialled: str
) -> None:
    """Commas split arguments, quotes end texts: such a number gets 404 before anybody is asked."""
    asked = len(scripted.answerer.requests)
    call = (await scripted.asterisk.handset()).call(dialled)
    assert (await call.trace.until_over(5)).final_code == 404
    assert len(scripted.answerer.requests) == asked


async def test_the_question_names_who_asks_for_what(scripted: Scripted) -> None:
    """Endpoint, number, type and linkedid come as arguments; the endpoint is not what From says."""
    number = scripted.asterisk.number()
    phone = await scripted.asterisk.handset()
    extension, phone.name = phone.name, "ext399"
    await phone.call(number).trace.until_over(5)
    asked = next(r for r in scripted.answerer.requests if r["agi_arg_2"] == number)
    assert asked["agi_arg_1"] == extension
    assert asked["agi_arg_3"] == "outgoing"
    assert asked["agi_arg_4"] == asked["agi_uniqueid"]


async def test_a_callee_that_moved_gets_no_leg_that_nobody_authorized(scripted: Scripted) -> None:
    """302 to another number ends the call; the other number is not called."""
    number, other = scripted.asterisk.number(), scripted.asterisk.number()
    scripted.asterisk.carrier.plan(other, ANSWERS)
    call = await scripted.dial(
        number, FarEnd.moves(f"sip:{other}@carrier"), Verdict(call_id="moved")
    )
    await call.trace.until_over(10)
    assert (call.trace.final_code or 0) >= 400
    assert scripted.asterisk.carrier.legs(other) == []


async def _told_to_go_on(
    scripted: Scripted, call_id: str, context: str, *, word: str = "", paid_s: float = 1.0
) -> tuple[HandsetCall, str]:
    """A call with 1 s of talk, whose caller's leg is told where to go on; its Uniqueid."""
    number = scripted.asterisk.number()
    call = await scripted.dial(number, ANSWERS, Verdict(call_id=call_id, lease_s="1"))
    await call.trace.until("200")
    caller = next(r for r in scripted.answerer.requests if r["agi_arg_2"] == number)["agi_uniqueid"]
    observer = scripted.asterisk.observer
    paid_to = await observer.answered(await observer.leg_of(call_id)) + paid_s
    value = f"{word or call_id}:{paid_to:.6f}:{context}"
    async with await scripted.asterisk.manager() as ami:
        await ami.action("Setvar", Channel=caller, Variable="PBXC_AFTER", Value=value)
    return call, caller


async def test_after_the_credit_the_caller_can_go_on_elsewhere(scripted: Scripted) -> None:
    """The daemon names a context on the caller's leg; the paid leg's end sends the caller there."""
    _, caller = await _told_to_go_on(scripted, "after", "after-credit")
    await scripted.asterisk.observer.wait_for("UserEvent", 5, Uniqueid=caller)


@pytest.mark.parametrize(
    "told",
    [
        {"call_id": "after-early", "paid_s": 3.0},
        {"call_id": "after-late", "paid_s": -6.0},
        {"call_id": "after-other", "word": "another"},
        {"call_id": "after-nowhere", "context": "no-such-context"},
    ],
)
async def test_another_end_than_that_of_the_credit_is_a_plain_hangup(
    scripted: Scripted, told: dict[str, Any]
) -> None:
    """Before the paid instant, long after it, in another call; or the context is not loaded.

    Seen failing without the comparison of instants and of calls in `pbxc-after`.
    """
    call, caller = await _told_to_go_on(scripted, **({"context": "after-credit"} | told))
    await call.trace.until_over(5)
    await scripted.asterisk.observer.wait_for("Hangup", 5, Uniqueid=caller)
    assert scripted.asterisk.observer.seen("UserEvent", Uniqueid=caller) == []


async def test_a_daemon_that_hangs_keeps_nobody_in_the_menu() -> None:
    """Asked for the balance it says nothing: the caller stays the 2 s that the site allows."""
    async with (
        AsteriskInstance(global_lines="PBXC_TOPUP_S = 2") as asterisk,
        await Answerer().open(asterisk.agi_port) as answerer,
    ):
        answerer.hangs("")
        call, caller = await _told_to_go_on(Scripted(asterisk, answerer), "menu", "pbxc-topup")
        await call.trace.until_over(10)
        left_at = (await asterisk.observer.wait_for("Hangup", Uniqueid=caller)).at_epoch_s
        paid_to = await asterisk.observer.ended(await asterisk.observer.leg_of("menu"))
        assert any(request["agi_network_script"] == "balance" for request in answerer.requests)
        assert 2 - 0.1 <= left_at - paid_to < 2 + LATE_S


async def test_an_old_permission_lets_no_second_call_through(scripted: Scripted) -> None:
    """The same caller dials on after the first call, and the daemon dies while it is asked."""
    scripted.answerer.dies("4420777")
    call, _ = await _told_to_go_on(scripted, "again", "calls-again")
    await call.trace.until_over(10)
    assert "4420777" in [request["agi_arg_2"] for request in scripted.answerer.requests]
    assert scripted.asterisk.carrier.legs("4420777") == []


async def test_a_site_that_forgot_the_daemons_address_lets_nobody_through() -> None:
    """Without PBXC_AGI nobody is asked, and nobody is let through."""
    dialplan = "[globals](+)\nPBXC_AGI =\n"
    async with (
        AsteriskInstance(dialplan=dialplan) as forgotten,
        await Answerer().open(forgotten.agi_port) as answerer,
    ):
        answerer.allows("4420777", "lost")
        call = (await forgotten.handset()).call("4420777")
        assert (await call.trace.until_over(10)).final_code == 503
