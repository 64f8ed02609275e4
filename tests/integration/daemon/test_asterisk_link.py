"""The link to Asterisk: refused, cut, mute, in crumbs, with events lost or doubled; and restarts.

Whatever happens to it, the talk is measured by Asterisk's own stamps, charged once, and nobody
talks unpaid for more than a second.
"""

from typing import Any

import pytest

from tests.exchange import PLAN, SECOND, SLICE_S, UK, Exchange, exchange, slices_of, timing
from tests.fakes.fake_call import FakeCall
from tests.fakes.until import until

OFTEN = timing(status_check_s=1, spool_check_s=1)
LONG = timing(renew_lead_s=4)


def talked_s(x: Exchange, call: FakeCall) -> float:
    """How long the metered leg talked, by Asterisk's clock."""
    assert call.answered_at is not None
    return x.pbx.ended_at[call.metered_leg.uniqueid] - call.answered_at


async def charged_right(x: Exchange, call: FakeCall) -> dict[str, Any]:
    """The record of a call, charged once for every second of its talk that was paid."""
    record = await x.settled(call)
    # A started second counts once it has lasted 100 ms.
    assert -0.15 < record["talk_s"] - talked_s(x, call) < 1
    paid_s = min(record["talk_s"], x.through_s(call))
    assert (record["billed_s"], record["charge_micros"]) == (paid_s, paid_s * SECOND)
    assert record["unpaid_s"] <= 1
    assert x.balance("alice") == 1_000_000 - record["charge_micros"]
    assert x.held() == []
    return record


async def test_wrong_secret_then_the_right_one() -> None:
    """A refused login is said by name and tried again; the secret never stands in the log."""
    async with exchange({"alice": "1.00"}, serve=False) as x:
        secret, x.pbx.secret = x.pbx.secret, "another-secret"
        await x.serve(ready=False)
        refused = await x.site.log.wait("ami_down")
        assert "login refused" in refused["reason"]
        x.pbx.secret = secret
        await x.site.log.wait("ready")
        assert (await x.ask("alice")).verdict["PBXC_VERDICT"] == "ALLOW"
        assert secret not in str(x.site.log.lines)


async def test_secret_stays_out_of_the_most_talkative_log() -> None:
    """At the level debug, with logins, a cut link and a stop: not a trace of it.

    Seen failing with the link's settings logged in AmiLink.connect.
    """

    def debug(settings: dict[str, dict[str, object]]) -> None:
        settings["log"]["level"] = "debug"

    async with exchange({"alice": "1.00"}, change=debug) as x:
        seen = len(x.site.log.lines)
        x.pbx.drop_ami()
        await x.site.log.wait("compared with Asterisk", after=seen)
        await x.site.stop()
        assert x.pbx.secret not in str(x.site.log.lines)


async def test_cut_link_costs_a_live_call_nothing() -> None:
    """Reset and connected again within the lease: the call is renewed and ends by its event."""
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        x.pbx.drop_ami()
        await x.site.log.wait("Asterisk is away, live calls stay on their leases")
        await x.site.log.wait("slice", call_id=call.call_id, paid_s=2 * SLICE_S)
        call.hang_up()
        assert (await charged_right(x, call))["end_source"] == "event"


async def test_end_that_fell_into_a_gap_is_found_in_the_spool() -> None:
    """Hung up while the link was down: the hangup handler wrote when, and that is charged.

    Seen failing without `self._spool.read()` in Recovery._look.
    """
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        x.pbx.drop_ami()
        call.hang_up()
        record = await charged_right(x, call)
        assert (record["end_source"], record["ended_by"]) == ("spool", "caller")


async def test_mute_asterisk_is_noticed_and_its_calls_stay_on_their_leases() -> None:
    """A half-open link: no answer to a ping drops it; meanwhile the leg ends by its own timeout.

    Seen failing without the deadline of the ping in AmiLink.
    """
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        x.pbx.mute = True
        await x.site.log.wait("Asterisk is away, live calls stay on their leases")
        await call.ended.wait()
        x.pbx.mute = False
        record = await charged_right(x, call)
        # The second slice was paid, but Asterisk could not be told of it.
        assert (record["end_source"], x.through_s(call)) == ("spool", 2 * SLICE_S)
        assert SLICE_S <= talked_s(x, call) < SLICE_S + 1


async def test_events_in_single_bytes_are_the_same_events() -> None:
    """However the stream is cut, a call is answered, renewed, and ends by its event."""
    async with exchange({"alice": "1.00"}) as x:
        x.pbx.byte_at_a_time = True
        call = await x.talk("alice")
        await x.site.log.wait("slice", call_id=call.call_id)
        call.hang_up("callee")
        record = await charged_right(x, call)
        assert (record["end_source"], record["ended_by"]) == ("event", "callee")


async def test_events_that_come_twice_count_once() -> None:
    """Answer, hangup and everything between doubled: one record, one charge."""
    async with exchange({"alice": "1.00"}) as x:
        x.pbx.doubled = {"Newstate", "DialBegin", "DialEnd", "BridgeEnter", "HangupRequest"}
        x.pbx.doubled |= {"Hangup", "Newchannel", "Cdr"}
        call = await x.talk("alice")
        call.hang_up()
        assert (await charged_right(x, call))["ended_by"] == "caller"
        assert len(x.rows("SELECT * FROM entry WHERE call_id = ?", call.call_id)) == 1


async def test_lost_hangup_is_found_by_the_next_look() -> None:
    """No Hangup event: the leg is not among the channels, and the spool says when it ended.

    Seen failing without `self._spool.read()` in Recovery._look.
    """
    async with exchange({"alice": "1.00"}, change=OFTEN) as x:
        x.pbx.omitted = {"Hangup", "HangupRequest"}
        call = await x.talk("alice")
        call.hang_up()
        record = await charged_right(x, call)
        assert (record["end_source"], record["ended_by"]) == ("spool", "caller")


async def test_lost_answer_is_found_by_the_next_look() -> None:
    """No Newstate: Status shows the leg with the answer that the dialplan noted; it is renewed.

    Seen failing without the `Answered` of core.recovery.catch_up.
    """
    async with exchange({"alice": "1.00"}, change=OFTEN) as x:
        x.pbx.omitted = {"Newstate"}
        call = await x.talk("alice")
        await x.site.log.wait("slice", call_id=call.call_id, paid_s=2 * SLICE_S)
        call.hang_up()
        await charged_right(x, call)


async def test_lost_answer_of_a_short_call_is_found_in_the_spool() -> None:
    """No Newstate, and the Hangup event says that the leg was up: the spool knows the answer."""
    async with exchange({"alice": "1.00"}) as x:
        x.pbx.omitted = {"Newstate"}
        call = await x.ring("alice")
        call.answer()
        call.hang_up()
        assert (await charged_right(x, call))["end_source"] == "spool"


async def test_asterisk_that_tells_nothing_is_charged_all_the_same() -> None:
    """Not one event of channels: by looking alone the call is renewed, ended and charged."""
    async with exchange({"alice": "1.00"}, change=OFTEN) as x:
        x.pbx.omitted = {"Newchannel", "Newstate", "DialBegin", "DialEnd", "BridgeEnter"}
        x.pbx.omitted |= {"HangupRequest", "Hangup", "Cdr"}
        call = await x.talk("alice")
        await x.site.log.wait("slice", call_id=call.call_id, paid_s=2 * SLICE_S)
        call.hang_up()
        assert (await charged_right(x, call))["end_source"] == "spool"


async def test_lost_timeout_is_set_anew() -> None:
    """A masquerade takes the timeout away without a word: the next look puts it back.

    Seen failing without `armed_s=0` in core.call._seen.
    """
    async with exchange({"alice": "0.10"}, change=OFTEN) as x:
        call = await x.talk("alice")
        await x.paid(call, 2 * SLICE_S)
        x.pbx.disarm(call.metered_leg)
        record = await x.settled(call)
        assert record["billed_s"] == 10
        assert 10 <= talked_s(x, call) < 11


async def test_lost_timeout_of_an_incoming_leg_is_set_anew() -> None:
    """The same for the leg that has called us, which is the one that is paid."""
    plan = PLAN.replace("{public: yes}", "{public: yes, incoming: yes}").replace(
        "{outgoing: 1/1}", "{outgoing: 1/1, incoming: 1/1}"
    )
    plan += "  incoming:\n    - {destination: Anybody, price_per_minute: 0.60}\n"
    async with exchange({"alice": "0"}, change=OFTEN, plan=plan) as x:
        await x.act("/dids", number="442079461234", account_id="alice", endpoint="alice")
        await x.act("/topups", account_id="alice", id="in", amount="0.10", wallet="incoming")
        call = x.pbx.place_incoming("442079461234", "15550100")
        assert await call.authorize(), call.verdict
        call.dial()
        call.answer()
        await x.paid(call, 2 * SLICE_S)
        x.pbx.disarm(call.metered_leg)
        record = await x.settled(call)
        assert (record["direction"], record["billed_s"]) == ("incoming", 10)
        assert 10 <= talked_s(x, call) < 11


@pytest.mark.parametrize("moved", ["BlindTransfer", "AttendedTransfer", "Pickup"])
async def test_what_moves_legs_is_followed_by_a_look_at_once(moved: str) -> None:
    """A masquerade takes a timeout along and tells nobody: it is set anew within two seconds.

    The next look by the clock would come half a minute later. Seen failing without `_look_twice`.
    """
    async with exchange({"alice": "1.00"}, plan=slices_of(60)) as x:
        call = await x.talk("alice")
        leg = call.metered_leg
        x.pbx.disarm(leg)
        parts = ("Transferer", "Transferee", "OrigTransferer", "SecondTransferer", "Target")
        told = "".join(leg.describe(part) for part in parts) + leg.describe()
        armed, moved_at = len(x.pbx.armed), x.pbx.now()
        x.pbx.emit(moved, f"Result: Success\r\n{told}DestType: Bridge\r\n")
        await until(lambda: len(x.pbx.armed) > armed)
        assert x.pbx.armed[armed].at - moved_at < 2


async def test_lost_timeout_without_a_look_is_made_good_by_the_daemon() -> None:
    """The second means: one second after the paid instant the daemon itself hangs up.

    Seen failing without HangUp in core.call_due._end.
    """
    async with exchange({"alice": "0.10"}) as x:
        call = await x.talk("alice")
        await x.paid(call, 2 * SLICE_S)
        x.pbx.disarm(call.metered_leg)
        record = await x.settled(call)
        assert 10.9 < talked_s(x, call) < 12
        assert (record["billed_s"], record["ended_by"]) == (10, "credit")
        assert x.balance("alice") == 0


async def test_restarted_asterisk_ends_its_calls_where_they_were_last_seen_alive() -> None:
    """Asterisk was killed with calls up: no event, no spool; the last proof of life decides.

    Seen failing without `_settle_missing` in Recovery.resync.
    """
    async with exchange({"alice": "1.00"}, plan=slices_of(12), change=LONG) as x:
        call = await x.talk("alice")
        proof = "SELECT at_us / 1e6 AS seen_at FROM pbx_seen"
        await until(lambda: x.rows(proof)[0]["seen_at"] > call.answered_at)
        killed_at = x.pbx.now()
        await x.pbx.restart()
        record = await x.settled(call)
        assert (record["end_source"], record["unpaid_s"]) == ("last_seen", 0)
        assert call.answered_at < record["ended_at_us"] / 1e6 <= killed_at
        assert x.balance("alice") == 1_000_000 - record["charge_micros"] < 1_000_000


async def test_call_on_a_channel_of_an_old_name_is_left_alone() -> None:
    """Names begin again when Asterisk does: an order to end the old call never hits the new one.

    Seen failing with the channel's name in place of its Uniqueid in Meter._hang_up.
    """
    async with exchange({"alice": "1.00", "bob": "1.00"}, plan=slices_of(12), change=LONG) as x:
        old = await x.talk("alice")
        await x.pbx.restart()
        new = await x.talk("bob")
        assert new.metered_leg.name == old.metered_leg.name
        await x.act("/accounts/status", account_id="alice", status="blocked")
        await x.settled(old)
        assert x.pbx.acted("Hangup")
        assert not new.ended.is_set()
        new.hang_up()
        assert (await x.settled(new))["end_source"] == "event"


async def test_operator_may_have_lost_ends_charged_for_all_that_was_paid() -> None:
    """`lost_end: paid_through`: the same call costs its whole slice."""

    def paid_through(settings: dict[str, object]) -> None:
        settings["lost_end"] = "paid_through"

    async with exchange({"alice": "1.00"}, change=paid_through) as x:
        call = await x.talk("alice")
        await x.pbx.restart()
        record = await x.settled(call)
        assert (record["end_source"], record["billed_s"]) == ("paid_through", SLICE_S)
        assert x.balance("alice") == 1_000_000 - SLICE_S * SECOND


async def test_leg_of_no_open_call_is_hung_up() -> None:
    """A metered leg that the books do not know talks for nobody's money: it is ended at a look.

    Seen failing without `_end_strangers`.
    """
    async with exchange({"alice": "1.00"}, change=OFTEN) as x:
        # Dialled while nobody listened: else it would not live until a look.
        x.pbx.omitted = {"Newchannel", "DialBegin"}
        stranger = x.pbx.place_call("alice", UK)
        lease = {"PBXC_LEASE_S": "600", "PBXC_RING_S": "60", "PBXC_RING_LEASE_S": "660"}
        dial = {"PBXC_CALL": "0192f0c1a2b3abcdefghij", "PBXC_DIAL": "PJSIP/4420@carrier"}
        stranger.verdict = {**dial, **lease}
        stranger.dial()
        stranger.answer()
        await stranger.ended.wait()
        assert x.site.log.find("leg of no open call", call_id=stranger.call_id)


async def test_call_that_ends_during_a_look_is_no_stranger() -> None:
    """Settled between the list of channels and the spool: nothing is said, nobody is hung up.

    Seen failing with the strangers looked for after the spool was read.
    """
    async with exchange({"alice": "1.00"}, change=OFTEN) as x:
        call = await x.talk("alice")
        x.pbx.reply_delay_s = 0.3
        before = len(x.pbx.acted("Status"))
        await until(lambda: len(x.pbx.acted("Status")) > before)
        before = len(x.pbx.acted("DBGetTree"))
        await until(lambda: len(x.pbx.acted("DBGetTree")) > before)
        call.hang_up()
        await charged_right(x, call)
        before = len(x.pbx.acted("Status"))
        await until(lambda: len(x.pbx.acted("Status")) > before)
        assert not x.site.log.find("leg of no open call")
        assert not x.site.log.find("check of channels failed")


@pytest.mark.parametrize("credit", ["0.00", "1.00"])
async def test_emergency_call_is_never_touched(credit: str) -> None:
    """No credit, blocked, a daemon that dies and looks anew: the call goes on, and is free."""
    async with exchange({"alice": credit}, change=OFTEN) as x:
        await x.act("/accounts/status", account_id="alice", status="blocked")
        call = x.pbx.place_call("alice", "112")
        call.dial_emergency()
        call.answer()
        await x.site.kill()
        await x.serve()
        await until(lambda: len(x.pbx.acted("Status")) > 4)
        assert not call.ended.is_set()
        call.hang_up()
        await until(lambda: x.records(call))
        record = x.record(call)
        assert (record["call_type"], record["charge_micros"]) == ("emergency", 0)
        assert not x.pbx.acted("Hangup") + x.pbx.acted("AbsoluteTimeout")
