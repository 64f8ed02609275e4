"""Forwards on a real Asterisk: two calls, each asked for by who pays for it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.asterisk.conftest import Scripted
from tests.asterisk.harness import (
    Answerer,
    AsteriskInstance,
    FarEnd,
    Handset,
    HandsetCall,
    Verdict,
    denial,
)

ANSWERS = FarEnd.answers(after_s=0.2)
LATE_S = 1.0
EARLY_S = 0.003
SITE = """
[office]
include => pbxc-out
include => pbxc-forward-codes
[menu]
exten => _X.,1,Goto(pbxc-ring,ext${EXTEN:-3},1)
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site() -> AsyncIterator[Scripted]:
    """A site whose phones can set their forwards."""
    async with (
        AsteriskInstance(dialplan=SITE, phone_context="office") as instance,
        await Answerer().open(instance.agi_port) as answerer,
    ):
        yield Scripted(instance, answerer)


async def forward(site: Scripted, phone: Handset, value: str) -> None:
    """Write the phone's forwards down: always, busy, no answer, seconds."""
    await site.asterisk.cli(f"database put pbxc-forward {phone.extension} {value}")


async def forwards(site: Scripted, phone: Handset) -> str:
    """What is written down of the phone's forwards."""
    said = await site.asterisk.cli(f"database get pbxc-forward {phone.extension}")
    return said.removeprefix("Value:").strip() if said.startswith("Value:") else ""


async def call_bob(
    site: Scripted, bob: Handset, call_id: str, lease_s: str = "20"
) -> tuple[Handset, HandsetCall]:
    """Alice dials Bob's extension number and is allowed to."""
    alice = await site.asterisk.handset()
    site.answerer.says(bob.extension[3:], Verdict.rings(call_id, bob.extension, lease_s))
    return alice, alice.call(bob.extension[3:])


async def mobile(site: Scripted, verdict: Verdict) -> str:
    """A number outside that answers, and for which this verdict is given."""
    number = site.asterisk.number()
    site.asterisk.carrier.plan(number, ANSWERS)
    site.answerer.says(number, verdict)
    return number


async def lasted_s(site: Scripted, call_id: str) -> float:
    """From the answer of a call's metered leg to its end."""
    observer = site.asterisk.observer
    leg = await observer.leg_of(call_id)
    return await observer.ended(leg) - await observer.answered(leg)


async def test_a_colleagues_phone_is_the_metered_leg(site: Scripted) -> None:
    """Without a forward nothing stands between: 2 s are paid, the colleague's leg lives 2 s."""
    bob = await site.asterisk.handset()
    bob.usually = ANSWERS
    _, call = await call_bob(site, bob, "local-1", "2")
    await call.trace.until_over()
    assert 2 - EARLY_S <= await lasted_s(site, "local-1") < 2 + LATE_S
    leg = await site.asterisk.observer.leg_of("local-1")
    dialled = await site.asterisk.observer.wait_for("DialBegin", DestUniqueid=leg)
    assert dialled["DestChannel"].startswith(f"PJSIP/{bob.extension}-")
    assert (await site.asterisk.spool())[leg][:2] == ["end", "local-1"]


async def test_always_two_questions_and_two_legs(site: Scripted) -> None:
    """Alice is asked for Bob, Bob for the mobile; one linkedid; Bob's phone stays silent."""
    bob = await site.asterisk.handset()
    number = await mobile(site, Verdict("fwd-out", lease_s="2"))
    await forward(site, bob, f"{number}:::")
    alice, call = await call_bob(site, bob, "fwd-in")
    await call.trace.until_over()
    (first,) = site.answerer.asked(bob.extension[3:])
    (second,) = site.answerer.asked(number)
    assert (first["agi_arg_1"], second["agi_arg_1"]) == (alice.extension, bob.extension)
    assert first["agi_arg_4"] == second["agi_arg_4"]
    assert bob.legs(bob.extension) == []
    assert 2 - EARLY_S <= await lasted_s(site, "fwd-out") < 2 + LATE_S
    assert await lasted_s(site, "fwd-in") < 2 + LATE_S
    observer = site.asterisk.observer
    # The far end of the Local channel has inherited the name of the call, and must not bear it.
    bore = {event["Uniqueid"] for event in observer.seen("Hangup") if event.call_id == "fwd-in"}
    assert bore == {await observer.leg_of("fwd-in")}


async def test_who_called_may_run_out_of_credit_first(site: Scripted) -> None:
    """Alice has paid for 2 s, Bob for 20: both legs end after 2 s, each written down as its own."""
    bob = await site.asterisk.handset()
    number = await mobile(site, Verdict("fwd-long", lease_s="20"))
    await forward(site, bob, f"{number}:::")
    _, call = await call_bob(site, bob, "fwd-short", "2")
    await call.trace.until_over()
    assert 2 - EARLY_S <= await lasted_s(site, "fwd-short") < 2 + LATE_S
    assert await lasted_s(site, "fwd-long") < 2 + LATE_S
    legs = [await site.asterisk.observer.leg_of(call_id) for call_id in ("fwd-short", "fwd-long")]
    spool = await site.asterisk.spool()
    assert [spool[leg][1] for leg in legs] == ["fwd-short", "fwd-long"]


@pytest.mark.parametrize(
    ("phone", "value"),
    [(FarEnd.busy(), ":{}::"), (FarEnd.never_answers(), "::{}:1"), (FarEnd.refuses(480), "::{}:")],
    ids=["busy", "no answer", "away"],
)
async def test_after_the_phone_has_failed(site: Scripted, phone: FarEnd, value: str) -> None:
    """The phone is tried first; then the call goes on to the mobile, and Bob pays for that."""
    bob = await site.asterisk.handset()
    bob.usually = phone
    number = await mobile(site, Verdict(f"then-{bob.extension}", lease_s="1"))
    await forward(site, bob, value.format(number))
    _, call = await call_bob(site, bob, f"first-{bob.extension}")
    await call.trace.until_over()
    assert call.trace.final_code == 200
    assert len(bob.legs(bob.extension)) == 1
    (asked,) = site.answerer.asked(number)
    assert asked["agi_arg_1"] == bob.extension


async def test_busy_is_busy_without_a_forward_for_it(site: Scripted) -> None:
    """Only what has a number is forwarded: the caller hears 486."""
    bob = await site.asterisk.handset()
    bob.usually = FarEnd.busy()
    await forward(site, bob, f"::{site.asterisk.number()}:")
    _, call = await call_bob(site, bob, "just-busy")
    assert (await call.trace.until_over()).final_code == 486


@pytest.mark.parametrize("code", [402, 403, 503])
async def test_a_refused_forward_tells_the_caller_nothing(site: Scripted, code: int) -> None:
    """Bob cannot pay: the forwarded leg is refused, and Alice hears that nobody is there."""
    bob, number = await site.asterisk.handset(), site.asterisk.number()
    site.answerer.says(number, denial(code))
    await forward(site, bob, f"{number}:::")
    _, call = await call_bob(site, bob, f"poor-{code}")
    assert (await call.trace.until_over()).final_code == 480
    assert site.asterisk.carrier.legs(number) == []
    leg = await site.asterisk.observer.leg_of(f"poor-{code}")
    await site.asterisk.observer.ended(leg)
    assert (await site.asterisk.spool())[leg][:3] == ["end", f"poor-{code}", ""]


async def test_a_silent_daemon_forwards_nothing(site: Scripted) -> None:
    """480 for the caller, and the attempt is written down in the name of who would have paid."""
    bob, number = await site.asterisk.handset(), site.asterisk.number()
    site.answerer.dies(number)
    await forward(site, bob, f"{number}:::")
    _, call = await call_bob(site, bob, "silent")
    assert (await call.trace.until_over()).final_code == 480
    entry = next(e for e in (await site.asterisk.spool()).values() if e[2] == number)
    assert entry[:2] == ["deny", bob.extension]


async def test_two_who_forward_to_each_other_come_to_an_end(site: Scripted) -> None:
    """After five forwards the call is given up: 480, and no leg is left."""
    bob, carol = await site.asterisk.handset(), await site.asterisk.handset()
    await forward(site, bob, f"{carol.extension[3:]}:::")
    await forward(site, carol, f"{bob.extension[3:]}:::")
    site.answerer.says(carol.extension[3:], Verdict.rings("loop", carol.extension))
    _, call = await call_bob(site, bob, "loop")
    assert (await call.trace.until_over()).final_code == 480
    asked = [site.answerer.asked(phone.extension[3:]) for phone in (bob, carol)]
    assert list(map(len, asked)) == [3, 3]


async def test_nobodys_calls_are_forwarded_to_the_emergency_services(site: Scripted) -> None:
    """Who calls Bob has not asked for them, whatever Bob's forward says."""
    bob = await site.asterisk.handset()
    before = len(site.asterisk.carrier.legs("112"))
    await forward(site, bob, "112:::")
    _, call = await call_bob(site, bob, "rescue")
    assert (await call.trace.until_over()).final_code == 480
    assert len(site.asterisk.carrier.legs("112")) == before


@pytest.mark.parametrize("value", ["44x7:::", "44&PJSIP/x:::", "44,7:::", '44"7:::'])
async def test_a_forward_that_is_no_number_is_not_followed(site: Scripted, value: str) -> None:
    """What stands in the database is no more trusted than what is dialled."""
    bob = await site.asterisk.handset()
    await forward(site, bob, value.replace('"', '\\"'))
    asked = len(site.answerer.requests)
    _, call = await call_bob(site, bob, f"odd-{bob.extension}")
    assert (await call.trace.until_over()).final_code == 480
    assert len(site.answerer.requests) == asked + 1


async def test_a_302_counts_as_busy_and_its_address_is_not_called(site: Scripted) -> None:
    """The phone names another number; what Bob has set for busy is followed, and nothing else."""
    bob, named = await site.asterisk.handset(), site.asterisk.number()
    site.asterisk.carrier.plan(named, ANSWERS)
    bob.usually = FarEnd.moves(f"sip:{named}@127.0.0.1")
    number = await mobile(site, Verdict("not-302", lease_s="1"))
    await forward(site, bob, f":{number}::")
    _, call = await call_bob(site, bob, "said-302")
    assert (await call.trace.until_over()).final_code == 200
    assert site.asterisk.carrier.legs(named) == []


async def test_a_call_from_outside_is_armed_through_a_forward(site: Scripted) -> None:
    """The mobile answers for Bob: the trunk's incoming leg gets its 2 s at that instant."""
    bob = await site.asterisk.handset()
    number = await mobile(site, Verdict("out-again", lease_s="20"))
    await forward(site, bob, f"{number}:::")
    called = site.asterisk.number()
    site.answerer.says(called, Verdict.rings("from-outside", bob.extension, "2"))
    call = site.asterisk.carrier.call(called)
    await call.trace.until_over()
    assert 2 - EARLY_S <= await lasted_s(site, "from-outside") < 2 + LATE_S
    assert await lasted_s(site, "out-again") < 2 + LATE_S
    (asked,) = site.answerer.asked(number)
    assert asked["agi_arg_1"] == bob.extension


async def test_a_menu_may_ring_an_extension_with_its_forwards(site: Scripted) -> None:
    """The trunk's leg keeps its own lease and its own call while Bob pays for the mobile."""
    bob = await site.asterisk.handset()
    number = await mobile(site, Verdict("menu-out", lease_s="20"))
    await forward(site, bob, f"{number}:::")
    called = site.asterisk.number()[:-3] + bob.extension[3:]
    site.answerer.says(called, Verdict("menu-in", "menu", lease_s="2"))
    call = site.asterisk.carrier.call(called)
    await call.trace.until_over()
    assert 2 - EARLY_S <= await lasted_s(site, "menu-in") < 2 + LATE_S
    (asked,) = site.answerer.asked(number)
    assert asked["agi_arg_1"] == bob.extension
    leg = await site.asterisk.observer.leg_of("menu-in")
    assert (await site.asterisk.spool())[leg][:2] == ["end", "menu-in"]


@pytest.mark.parametrize(
    ("dialled", "before", "after"),
    [
        ("*21*02079460000", "", "02079460000:::"),
        ("*67*+442079460000#", "1:2:3:4", "1:+442079460000:3:4"),
        ("*61*0207*15", "1:2::", "1:2:0207:15"),
        ("*61*0207", "1:2:3:4", "1:2:0207:"),
        ("#21", "1:2:3:4", ":2:3:4"),
        ("#67#", "1:2:3:4", "1::3:4"),
        ("#61", "1:2:3:4", "1:2::"),
        ("#21", "1:::", ""),
        ("#002", "1:2:3:4", ""),
    ],
)
async def test_codes_set_the_phones_own_forwards(
    site: Scripted, dialled: str, before: str, after: str
) -> None:
    """`*21*`, `*67*`, `*61*` and `#`: a tone, and the entry is as dialled."""
    phone = await site.asterisk.handset()
    if before:
        await forward(site, phone, before)
    call = phone.call(dialled.replace("#", "%23"))
    assert (await call.trace.until_over()).final_code == 200
    assert await forwards(site, phone) == after


@pytest.mark.parametrize("dialled", ["*21*112", "*67*911", "*21*44a5", "*21*44,5", "*21*44&5"])
async def test_codes_refuse_what_is_no_number_to_forward_to(site: Scripted, dialled: str) -> None:
    """Emergency numbers and odd signs: refused at once, nothing is written."""
    phone = await site.asterisk.handset()
    call = phone.call(dialled)
    assert (await call.trace.until_over()).final_code == 403
    assert await forwards(site, phone) == ""
