"""A call that three levels pay for, over a trunk with a deck; and a window that begins in mid-call.

The carrier's deck asks 0.02 for each begun 2 s. The service provider `reseller` pays 1.5 times that
and 0.01 for each begun 10 s billed, its organization `branch` 1.2 times what `reseller` pays, and
the user 0.04 for each begun 2 s, whatever that costs the others:

    talk    carrier   reseller                     branch           user
     2 s      0.02     0.03 + 1 × 0.01 = 0.04     0.048             0.04
     8 s      0.08     0.12 + 1 × 0.01 = 0.13     0.156             0.16
    10 s      0.10     0.15 + 1 × 0.01 = 0.16     0.192             0.20
    12 s      0.12     0.18 + 2 × 0.01 = 0.20     0.24              0.24
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest_asyncio

from tests.asterisk.metered import Document, Metered, OnTime, PaidCall, Payer, metered_site

DECK = "prefix,destination,price_per_minute,first_s,next_s\n44,United Kingdom,0.60,2,2\n"
RELATIVE = """
name: {name}
type: prepaid
method: relative
relative: {relative}
allow: {{public: yes}}
charging_segments: {{outgoing: 2/2}}
reservation: {{slice_s: 5}}
"""
FIXED = """
name: two-seconds
type: prepaid
allow: {public: yes}
charging_segments: {outgoing: 2/2}
reservation: {slice_s: 5}
prices:
  public: [{destination: United Kingdom, prefixes: [44], price_per_minute: 1.20}]
"""
HOURS = """
name: by-the-hour
type: prepaid
allow: {{public: yes}}
charging_segments: {{outgoing: 2/2}}
reservation: {{slice_s: 5}}
time_windows:
  later: {{days: [mon-sun], from: "{begins}", to: "{ends}"}}
prices:
  public:
    - destination: United Kingdom
      prefixes: [44]
      price_per_minute: 1.20
      windows: {{later: {{price_per_minute: 3.00}}}}
"""
"""0.04 for each begun 2 s, and 0.10 for one that begins in the window."""

FILES = {
    "rates/wholesale.csv": DECK,
    "plans/resale.yaml": RELATIVE.format(
        name="resale", relative="{multiplier: 1.5, adjustment: {amount: 0.01, interval_s: 10}}"
    ),
    "plans/branch.yaml": RELATIVE.format(name="branch", relative="{multiplier: 1.2}"),
    "plans/two-seconds.yaml": FIXED,
}
PHONE = """
accounts:
  - {{account: {user}, parent: {above}, plan: {plan}, time_zone: {zone}}}
extensions:
  - {{endpoint: {endpoint}, number: "{number}", account: {user}}}
"""
TREE = """
accounts:
  - {account: branch, kind: organization, parent: reseller, plan: branch}
  - {account: reseller, kind: service_provider, plan: resale}
  - {account: plain, kind: organization}
"""
KATHMANDU = "Asia/Kathmandu"
"""Five hours and three quarters from UTC: windows are read in the payer's zone, nobody else's."""

BEFORE_S = 6
"""How long before the window's beginning the call is made."""


def dearer_trunk(settings: Any) -> None:
    """The one trunk has a deck."""
    settings["trunks"] = [{"name": "carrier", "deck": "wholesale"}]
    settings["routes"] = []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def levels() -> AsyncIterator[Metered]:
    """A pair with the tree of this file."""
    async with metered_site(settings=dearer_trunk, files=FILES) as metered:
        await bring(metered, "tree", TREE)
        yield metered


async def bring(metered: Metered, name: str, content: str) -> None:
    """Import a file of accounts."""
    file = metered.site.folder / f"{name}.yaml"
    file.write_text(content)
    await metered.site.run("import", str(file), "--apply")


async def user(metered: Metered, above: str, plan: str, zone: str = "UTC") -> Payer:
    """A user with a phone and enough credit."""
    endpoint = metered.asterisk.extension()
    payer = Payer(metered, f"user-{endpoint}", await metered.asterisk.handset(endpoint))
    words = {"user": payer.account_id, "above": above, "plan": plan, "zone": zone}
    await bring(metered, endpoint, PHONE.format(endpoint=endpoint, number=endpoint[3:], **words))
    await payer.top_up("5.00")
    return payer


async def explained(metered: Metered, call: PaidCall) -> Document:
    """The record, once the call is settled; it prices again to the same, the books are right."""
    await call.told("settled")
    record: Document = (await metered.site.ask("explain", call.call_id))["cdr"]
    assert record["priced_again"] == "same", record["differences"]
    await metered.check_books()
    return record


async def test_an_organization_that_runs_out_ends_the_call_that_its_user_could_pay(
    levels: Metered, on_time: OnTime
) -> None:
    """0.20 of the organization are 10 s (0.192); 12 s would be 0.24. All others have 5.00.

    Seen failing without the adjustment in `price._relative_micros`.
    """
    payer = await user(levels, "branch", "two-seconds")
    for account, credit in (("reseller", "5.00"), ("branch", "0.20")):
        await levels.act("/topups", id=f"{account}-1", account_id=account, amount=credit)
    call = await payer.talk()
    on_time(await call.late_s(10))
    record = await explained(levels, call)
    assert {level["account_id"]: level["charge"] for level in record["levels"]} == {
        payer.account_id: "0.20",
        "branch": "0.192",
        "reseller": "0.16",
    }
    assert (record["ended_by"], record["billed_s"]) == ("credit", 10)
    assert (record["charge"], record["cost"], record["trunk"]) == ("0.20", "0.10", "carrier")
    assert await balance(levels, "branch") == Decimal("0.008")
    assert await balance(levels, "reseller") == Decimal("4.84")
    assert await balance(levels, payer.account_id) == Decimal("4.80")


async def balance(metered: Metered, account: str) -> Decimal:
    """What is in the outgoing wallet, when nothing is held in it any more."""
    found = (await metered.get("/account", account_id=account))["account"]
    wallet = next(each for each in found["wallets"] if each["kind"] == "outgoing")
    assert Decimal(wallet["held"]) == 0
    return Decimal(wallet["balance"])


async def test_a_window_that_begins_in_mid_call_prices_the_blocks_that_begin_in_it(
    levels: Metered,
) -> None:
    """By the clocks of Kathmandu: 0.04 for a block before the minute, 0.10 for one behind it.

    Seen failing with the site's zone in `Prices._zone_of`.
    """
    payer = await user(levels, "plain", "two-seconds", KATHMANDU)
    begins_at = await window(levels)
    await levels.site.run("account", "set-plan", payer.account_id, "by-the-hour")
    # Windows begin at whole minutes: the call is made just before one.
    await asyncio.sleep(max(0.0, begins_at - BEFORE_S - time.time()))
    call = await payer.talk()
    await call.talk_reaches(2 * BEFORE_S + 0.5)
    call.phone.hang_up()
    record = await explained(levels, call)
    starts = range(0, record["billed_s"], 2)
    first_s = math.ceil(datetime.fromisoformat(record["answered_at"]).timestamp())
    later = sum(first_s + start >= begins_at for start in starts)
    assert 0 < later < len(starts)
    charge = Decimal("0.04") * (len(starts) - later) + Decimal("0.10") * later
    assert Decimal(record["charge"]) == charge
    assert {line["window"] for line in record["lines"] if line["window"]} == {"later"}


async def window(metered: Metered) -> int:
    """Put the plan with the window into force; the second at which the window begins."""
    begins_at = (int(time.time()) // 60 + 1) * 60
    if begins_at - time.time() < BEFORE_S + 5:
        begins_at += 60
    local = datetime.fromtimestamp(begins_at, UTC).astimezone(ZoneInfo(KATHMANDU))
    hours = {"begins": f"{local:%H:%M}", "ends": f"{local + timedelta(hours=1):%H:%M}"}
    (metered.site.folder / "plans" / "by-the-hour.yaml").write_text(HOURS.format(**hours))
    await metered.site.run("plan", "apply")
    return begins_at
