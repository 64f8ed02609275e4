"""Calls that go on while the daemon dies, and what must be true of them afterwards."""

import asyncio
from collections.abc import Sequence
from typing import Any

from pbxcharge.store.verify import verify
from tests.exchange import SECOND, UK, Exchange
from tests.fakes.fake_call import FakeCall
from tests.fakes.until import until

STARTED_SECOND_S = 0.15
"""A started second counts once it has lasted 100 ms; the rest is for the stamps of two events."""


async def live(x: Exchange, phone: str = "alice") -> FakeCall:
    """One attempt: if it is let through, it rings, and is answered unless it has ended."""
    call = x.pbx.place_call(phone, UK)
    if await call.authorize():
        call.dial()
        call.ring()
        await asyncio.sleep(0.1)
        if not call.ended.is_set():
            call.answer()
    return call


async def many_talk(x: Exchange, count: int) -> list[FakeCall]:
    """So many calls, whose answers are in the books."""
    calls = await asyncio.gather(*(live(x) for _ in range(count)))
    answered = "SELECT call_id FROM call WHERE answered_at_us IS NOT NULL"
    await until(lambda: len(x.rows(answered)) == count)
    return calls


async def finish(x: Exchange, calls: Sequence[FakeCall]) -> None:
    """Whoever still talks hangs up; every attempt gets its record; the daemon is stopped."""
    for call in calls:
        if not call.ended.is_set():
            call.hang_up()
    await until(lambda: not x.held() and all(x.records(call) for call in calls), 30)
    assert await x.site.stop() == 0


def judge(x: Exchange, calls: Sequence[FakeCall], credit_micros: int, *, seen: bool = True) -> None:
    """Every promise about money that a crash must not break.

    Args:
        x: the exchange, its daemon stopped.
        calls: every attempt that was made.
        credit_micros: what alice had in the beginning.
        seen: Asterisk lived to tell how long each call was; else it is only known at most.
    """
    assert verify(x.site.database) == []
    assert x.held() == []
    assert x.rows("SELECT * FROM call WHERE state = 'open'") == []
    charged = [judge_call(x, call, seen) for call in calls]
    assert x.balance("alice") == credit_micros - sum(charged)
    entries = x.rows("SELECT * FROM entry WHERE kind = 'charge'")
    assert len(entries) == sum(1 for charge in charged if charge)


def judge_call(x: Exchange, call: FakeCall, seen: bool) -> int:
    """What one attempt was charged: once, for its own talk, out of what was held for it."""
    record = x.record(call)
    holds = x.rows("SELECT * FROM hold WHERE call_id = ?", record["call_id"])
    through_s = holds[0]["through_s"] if holds else 0
    if call.answered_at is None:
        assert record["charge_micros"] == 0, record
        return 0
    talked_s = x.pbx.ended_at[call.metered_leg.uniqueid] - call.answered_at
    assert talked_s - through_s <= 1, (talked_s, record)
    assert record["talk_s"] - talked_s <= 1, (talked_s, record)
    if seen:
        assert record["talk_s"] - talked_s >= -STARTED_SECOND_S, (talked_s, record)
    return charged_for_talk(record, through_s)


def charged_for_talk(record: dict[str, Any], through_s: int) -> int:
    """The charge of an answered call: its talk, as far as it was paid."""
    assert record["disposition"] == "ANSWERED", record
    assert record["charge_micros"] == min(record["talk_s"], through_s) * SECOND, record
    assert record["unpaid_s"] <= 1, record
    return int(record["charge_micros"])
