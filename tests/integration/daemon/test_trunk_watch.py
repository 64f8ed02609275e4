"""No leg leads out of the house without a grant, whatever its variables say, and none is mistaken.

Asterisk's own instants judge: from the leg's beginning to its end.
"""

from tests.exchange import UK, Exchange, exchange, slices_of, timing
from tests.fakes.fake_channels import FakeChannel
from tests.fakes.until import until

OFTEN = timing(status_check_s=1, spool_check_s=1)
WITHIN_S = 1.0


async def ended(x: Exchange, leg: FakeChannel) -> float:
    """How long a leg has lived."""
    await until(lambda: leg.uniqueid in x.pbx.ended_at)
    return x.pbx.ended_at[leg.uniqueid] - leg.created_at


async def test_a_leg_without_a_caller_is_hung_up_at_once() -> None:
    """Originate or a call file: ended, told with where it went, and counted.

    Seen failing without `DialBegin` in TrunkWatch.hear.
    """
    async with exchange({"alice": "1.00"}) as x:
        leg = x.pbx.dial_trunk("PJSIP/4420@carrier")
        assert await ended(x, leg) < WITHIN_S
        told = await x.site.log.wait("unauthorized leg", uniqueid=leg.uniqueid)
        assert (told["trunk"], told["number"], told["count"]) == ("carrier", "4420", 1)


async def test_a_granted_call_and_an_emergency_call_are_untouched() -> None:
    """While legs that nobody was granted are ended beside them."""
    async with exchange({"alice": "1.00", "bob": "0"}, change=OFTEN) as x:
        call = await x.talk("alice")
        rescue = x.pbx.place_call("bob", "112")
        rescue.dial_emergency()
        rescue.answer()
        for _ in range(3):
            await ended(x, x.pbx.dial_trunk("PJSIP/4420@carrier"))
        await until(lambda: len(x.pbx.acted("Status")) >= 4)
        assert not call.ended.is_set()
        assert not rescue.ended.is_set()
        assert len(x.site.log.find("unauthorized leg")) == 3


async def test_an_inherited_variable_is_no_grant() -> None:
    """A second leg with the call id of a running call: ended, and the call's end is not its end.

    Seen failing without `_is_its_leg` in Listener.hear.
    """
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        leg = x.pbx.dial_trunk("PJSIP/442079460000@carrier", call.caller, call.call_id)
        assert await ended(x, leg) < WITHIN_S
        assert not x.site.log.find("settled", call_id=call.call_id)
        call.hang_up()
        assert (await x.settled(call))["disposition"] == "ANSWERED"


async def test_who_was_granted_a_call_may_not_dial_another_number() -> None:
    """The caller's own channel, before its granted leg was dialled: as a 302 would do it."""
    async with exchange({"alice": "1.00"}) as x:
        call = await x.ask("alice")
        leg = x.pbx.dial_trunk("PJSIP/900@carrier", call.caller, call.call_id)
        assert await ended(x, leg) < WITHIN_S
        told = await x.site.log.wait("unauthorized leg")
        assert told["reason"] == "the call was granted to another number"
        call.dial()
        call.answer()
        await x.site.log.wait("answered", call_id=call.call_id)


async def test_a_leg_of_which_nobody_tells_who_dialled_it_is_ended() -> None:
    """No DialBegin comes: within a second all the same."""
    async with exchange({"alice": "1.00"}) as x:
        x.pbx.omitted = {"DialBegin"}
        assert await ended(x, x.pbx.dial_trunk("PJSIP/4420@carrier")) < WITHIN_S


async def test_a_granted_leg_of_which_nobody_tells_who_dialled_it_lives() -> None:
    """Its DialBegin is lost, and it rings for longer than the watchdog waits; then it talks."""
    async with exchange({"alice": "1.00"}, change=OFTEN) as x:
        x.pbx.omitted = {"DialBegin"}
        call = await x.ring("alice")
        await until(lambda: len(x.pbx.acted("Getvar")) >= 4)
        call.answer()
        await x.site.log.wait("answered", call_id=call.call_id)
        assert x.site.log.find("unauthorized leg") == []


async def test_an_emergency_leg_is_known_by_its_number_alone() -> None:
    """Originated, without any variable of ours, and whether its dialling is told or not."""
    async with exchange({"alice": "1.00"}, change=OFTEN) as x:
        told = x.pbx.dial_trunk("PJSIP/112@carrier")
        x.pbx.omitted = {"DialBegin"}
        untold = x.pbx.dial_trunk("PJSIP/112@carrier")
        await until(lambda: len(x.pbx.acted("Status")) >= 4)
        assert {told.uniqueid, untold.uniqueid} <= x.pbx.channels.keys()


async def test_what_the_dialplan_puts_through_as_an_emergency_is_one() -> None:
    """A number that the loaded dialplan still has, though it is no more on the site's list."""
    async with exchange({"alice": "1.00"}, serve=False, change=OFTEN) as x:
        old = "Gosub(pbxc-emergency-call,s,1(110,PJSIP/110@carrier))"
        x.pbx.dialplan["pbxc-emergency"]["110"] = old
        before = x.pbx.dial_trunk("PJSIP/110@carrier")
        await x.serve()
        after = x.pbx.dial_trunk("PJSIP/110@carrier")
        await until(lambda: len(x.pbx.acted("Status")) >= 3)
        assert {before.uniqueid, after.uniqueid} <= x.pbx.channels.keys()


async def test_legs_dialled_while_the_daemon_was_away_are_judged_at_its_start() -> None:
    """The one that nobody was granted is ended; the emergency's and the paid one live.

    Seen failing without `judge` in Recovery._look.
    """
    async with exchange({"alice": "1.00"}, plan=slices_of(60)) as x:
        call = await x.talk("alice")
        await x.site.kill()
        free = x.pbx.dial_trunk("PJSIP/4420@carrier", leg_variable="emergency")
        rescue = x.pbx.dial_trunk("PJSIP/112@carrier")
        await x.serve()
        await x.site.log.wait("unauthorized leg", uniqueid=free.uniqueid)
        await ended(x, free)
        assert {rescue.uniqueid, call.metered_leg.uniqueid} <= x.pbx.channels.keys()


async def test_a_leg_that_pretends_to_be_a_running_call_is_found_at_the_start() -> None:
    """Two legs name one call: the one that the books know lives, and is the one that is charged."""
    async with exchange({"alice": "1.00"}, plan=slices_of(60)) as x:
        call = await x.talk("alice")
        await until(lambda: x.rows("SELECT 1 FROM call WHERE leg_uniqueid IS NOT NULL"))
        await x.site.kill()
        twin = x.pbx.dial_trunk(f"PJSIP/{UK[2:]}@carrier", leg_variable=call.call_id)
        await x.serve()
        await ended(x, twin)
        call.hang_up()
        assert (await x.settled(call))["uniqueid"] == call.metered_leg.uniqueid


async def test_a_leg_that_calls_us_is_no_leg_of_the_watchdog() -> None:
    """An incoming call rings and talks, also across a start of the daemon."""
    async with exchange({"alice": "1.00"}, change=OFTEN) as x:
        incoming = x.pbx.new_channel("carrier", context="from-carrier", exten="442079460001")
        await x.site.kill()
        await x.serve()
        await until(lambda: len(x.pbx.acted("Status")) >= 4)
        assert incoming.uniqueid in x.pbx.channels
