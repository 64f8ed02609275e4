"""What a changed account means for its calls that run, and for those to come."""

import pytest

from tests.exchange import SECOND, SLICE_S, Exchange, exchange, slices_of, timing
from tests.fakes.fake_call import FakeCall


async def set_status(x: Exchange, account: str, status: str) -> None:
    """As an operator would, through the daemon."""
    await x.act("/accounts/status", account_id=account, status=status)


async def last_slice(x: Exchange, call: FakeCall) -> dict[str, object]:
    """The record of a call that ended at its paid-through instant, and not before."""
    record = await x.settled(call)
    assert call.answered_at is not None
    talked_s = x.pbx.ended_at[call.metered_leg.uniqueid] - call.answered_at
    assert record["billed_s"] == x.through_s(call)
    assert record["billed_s"] <= talked_s + 0.05 < record["billed_s"] + 1
    return record


@pytest.mark.parametrize("account", ["alice", "acme"])
async def test_suspended_in_mid_call_ends_with_the_paid_slice(account: str) -> None:
    """Suspended, itself or its organization: what is paid is talked, no more is paid, next: 403.

    Seen failing without `organization_id` in Meter._accounts.
    """
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        await set_status(x, account, "suspended")
        record = await last_slice(x, call)
        assert (record["billed_s"], record["ended_by"]) == (SLICE_S, "account_status")
        assert not x.pbx.acted("Hangup")
        assert (await x.ask("alice")).sip_code == 403


@pytest.mark.parametrize("account", ["alice", "acme"])
async def test_blocked_in_mid_call_ends_at_once_and_pays_to_that_moment(account: str) -> None:
    """Blocked, itself or its organization: hung up now, and charged for the talk there was."""
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        blocked_at = x.pbx.now()
        await set_status(x, account, "blocked")
        record = await x.settled(call)
        assert (record["ended_by"], record["hangup_cause"]) == ("account_status", 16)
        assert x.pbx.ended_at[call.metered_leg.uniqueid] - blocked_at < 2
        assert record["charge_micros"] == record["billed_s"] * SECOND < SLICE_S * SECOND
        assert x.balance("alice") == 1_000_000 - record["charge_micros"]


async def test_blocked_while_it_rings_ends_and_costs_nothing() -> None:
    """Nobody answered yet: the far end stops ringing, the hold is given back."""
    async with exchange({"alice": "1.00"}) as x:
        call = await x.ring("alice")
        await set_status(x, "alice", "blocked")
        record = await x.settled(call)
        assert (record["disposition"], record["charge_micros"]) == ("NO ANSWER", 0)
        assert (x.held(), x.balance("alice")) == ([], 1_000_000)


async def test_account_that_is_active_again_goes_on_talking() -> None:
    """Suspended and freed within one slice: the caller notices nothing."""
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        await set_status(x, "alice", "suspended")
        await set_status(x, "alice", "active")
        await x.site.log.wait("slice", call_id=call.call_id, paid_s=2 * SLICE_S)
        call.hang_up()
        assert (await x.settled(call))["ended_by"] == "caller"


async def test_account_freed_below_a_suspended_organization_stays_stopped() -> None:
    """The user is active again, its organization is not: no further slice."""
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        await set_status(x, "acme", "suspended")
        await set_status(x, "alice", "suspended")
        await set_status(x, "alice", "active")
        assert (await last_slice(x, call))["billed_s"] == SLICE_S


async def test_account_blocked_while_the_daemon_was_away_is_ended_when_it_is_back() -> None:
    """The status is in the books: the next daemon obeys it for the calls that it takes up.

    Seen failing without `obey` in Daemon.start.
    """
    async with exchange({"alice": "1.00"}, plan=slices_of(20)) as x:
        call = await x.talk("alice")
        await x.site.kill()
        await x.site.run("account", "set-status", "alice", "blocked")
        await x.serve()
        record = await x.settled(call)
        assert (record["ended_by"], record["end_source"]) == ("account_status", "event")
        assert record["charge_micros"] == record["billed_s"] * SECOND < 20 * SECOND


async def test_organization_suspended_while_the_daemon_was_away_pays_no_further_slice() -> None:
    """What was paid is talked; the next daemon does not renew."""
    async with exchange({"alice": "1.00"}, change=timing(renew_lead_s=4), plan=slices_of(12)) as x:
        call = await x.talk("alice")
        await x.site.kill()
        await x.site.run("account", "set-status", "acme", "suspended")
        await x.serve()
        record = await last_slice(x, call)
        assert (record["billed_s"], record["ended_by"]) == (12, "account_status")


async def test_lowered_balance_ends_the_call_at_its_paid_instant() -> None:
    """What is held stays the call's own, also where the balance falls below zero."""
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        wrong = {"account_id": "alice", "amount": "-1.00", "note": "typing error", "id": "fix-1"}
        await x.act("/adjustments", **wrong)
        record = await last_slice(x, call)
        assert (record["billed_s"], record["ended_by"]) == (SLICE_S, "credit")
        assert x.balance("alice") == -SLICE_S * SECOND


async def test_operator_hangs_a_call_up() -> None:
    """`calls hang-up`: ended now, charged to now, and the record says who."""
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        await x.site.run("calls", "hang-up", call.call_id)
        record = await x.settled(call)
        assert record["ended_by"] == "operator"
        assert record["charge_micros"] == record["billed_s"] * SECOND
