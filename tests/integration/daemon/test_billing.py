"""The daemon charges subscriptions by itself, and calls obey what becomes of their account."""

from datetime import UTC, datetime

from pbxcharge.core.subscription_terms import ActivationMode, Applied
from pbxcharge.store import open_store
from tests.exchange import Exchange, exchange
from tests.fakes.recording_logger import RecordingLogger
from tests.fakes.subscribers import offer, subscribe
from tests.fakes.subscriptions import a_plan
from tests.fakes.until import until


async def subscribed(x: Exchange, fee: str, mode: ActivationMode) -> None:
    """Alice has a subscription of so much a month in advance since the 1st of this one."""
    plan = a_plan(fee, applied=Applied.IN_ADVANCE, activation_mode=mode)
    begins = f"{datetime.now(UTC):%Y-%m}-01"
    async with open_store(
        x.site.database, currency="EUR", node="pbx1", log=RecordingLogger()
    ) as store:
        await offer(store, plan)
        await subscribe(store, plan, begins)


def booked(x: Exchange) -> list[int]:
    """What alice was charged for her subscription."""
    return [row["amount_micros"] for row in x.rows("SELECT * FROM xdr WHERE kind = 'fee'")]


async def test_a_fee_that_waits_keeps_calls_out_until_a_top_up() -> None:
    """It is found at the start, the account is suspended; paid, the next call goes through."""
    async with exchange({"alice": "10.00"}, serve=False) as x:
        await subscribed(x, "500", ActivationMode.START_DATE)
        await x.serve()
        await x.site.log.wait("subscriptions charged", suspended=1)
        refused = await x.ask("alice")
        assert refused.ended.is_set()
        assert x.record(refused)["reason"] == "account_suspended"
        await x.act("/topups", id="t1", account_id="alice", amount="600.00")
        await x.site.log.wait("subscriptions charged", resumed=1)
        again = await x.act("/billing/run")
        assert (again["charged"], again["waiting"]["accounts"]) == ([], 0)
        assert booked(x) == [500_000_000]
        call = await x.talk("alice")
        call.hang_up()
        await x.settled(call)


async def test_a_call_that_runs_is_not_renewed_once_a_fee_waits() -> None:
    """The first answered call activates the subscription; what it costs is more than there is."""
    async with exchange({"alice": "10.00"}, serve=False) as x:
        await subscribed(x, "500", ActivationMode.FIRST_USE)
        await x.serve()
        long_one, short_one = await x.talk("alice"), await x.talk("alice")
        short_one.hang_up()
        await x.settled(short_one)
        await x.site.log.wait("subscriptions charged", suspended=1)
        record = await x.settled(long_one)
        assert record["talk_s"] <= 10
        assert booked(x) == []
        used = x.rows("SELECT first_used_at_us FROM subscription_assignment")
        assert used == [{"first_used_at_us": x.record(short_one)["answered_at_us"]}]
        await until(lambda: x.held() == [])
