"""What every scene asks of a call at its end: that it ended in time, and was charged right."""

from datetime import datetime
from typing import Any

from tests.demo.world import CutOff, Placed, World

LATEST_S = 1.0
EARLIEST_S = -0.05
"""An end is judged loosely: not before the paid instant, and at most a second after it."""


async def timely(world: World, call: Placed, paid_s: int) -> CutOff:
    """Wait until Asterisk ends the call, which must be at the instant up to which it was paid."""
    seen = await world.cut_off(call, paid_s)
    late_s = seen.ended_at - seen.paid_until
    world.stage.judge(
        call.customer.scene,
        f"cut off {paid_s} s after the answer: {milliseconds(late_s)} after that instant",
        EARLIEST_S <= late_s <= LATEST_S,
        "expected at it, and at most 1 s later",
    )
    return seen


async def charged(
    world: World,
    call: Placed,
    *,
    talk_s: int,
    charge: str,
    left: str,
    ended_by: str,
    end_source: str = "event",
) -> dict[str, Any]:
    """See the record, the wallet, and that pricing what was stored gives the same again."""
    stage, scene, account = world.stage, call.customer.scene, call.customer.account
    record = await world.settled(call)
    talk = f"{record['talk_s']} s, {record['charge']}"
    stage.check(scene, "talk and charge", talk, f"{talk_s} s, {charge}")
    held = await purse(world, account)
    stage.check(scene, f"{account.title()}'s balance", held, f"{left}, held 0.00")
    end = f"{record['ended_by']}, as told by {record['end_source']}"
    stage.check(scene, "ended by", end, f"{ended_by}, as told by {end_source}")
    stage.check(scene, "priced again from what was stored", record["priced_again"], "same")
    return record


async def purse(world: World, account: str) -> str:
    """What an account's wallet for outgoing calls says: "0.26, held 0.00"."""
    wallet = await world.wallet(account)
    return f"{wallet['balance']}, held {wallet['held']}"


async def records(world: World, account: str, count: int) -> list[dict[str, Any]]:
    """The whole records of so many calls of an account, once all of them are there."""
    found = await world.records_of(account, count)
    return [await world.record(record["call_id"]) for record in found]


def story(record: dict[str, Any]) -> str:
    """Kind, talk and charge of a call: "public, 4 s, 0.04"."""
    return f"{record['call_type']}, {record['talk_s']} s, {record['charge']}"


async def paid_up_to(world: World, call: Placed, paid_s: int) -> int:
    """Wait until so much talk is paid; the place of that line in the log."""
    wanted = {"call_id": call.call_id, "paid_s": paid_s}
    return await world.log.place(
        lambda line: line["event"] in ("slice", "extended") and wanted.items() <= line.items()
    )


def epoch_s(text: str) -> float:
    """An instant in ISO 8601 as seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def milliseconds(seconds: float) -> str:
    """A short time for people: 0.0034 s is 3.4 ms."""
    return f"{seconds * 1000:.1f} ms"
