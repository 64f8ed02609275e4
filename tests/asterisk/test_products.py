"""What products allow, on a real Asterisk: add-ons that come and go, features, free minutes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest_asyncio

from tests.asterisk.harness import FarEnd
from tests.asterisk.metered import (
    ANSWERS,
    Document,
    Metered,
    Payer,
    eventually,
    instant,
    metered_site,
)
from tests.asterisk.office import allowed_from, forward, office
from tests.asterisk.two_second_plans import HOUSE, block_price

WORLD = """  public:
    - {destination: United Kingdom, prefixes: [44], price_per_minute: 0.60}
    - {destination: Germany, prefixes: [49], price_per_minute: 0.60}"""
FILES = {
    "plans/world.yaml": "\n".join(
        WORLD if line.startswith("  public:") else line.replace("name: house", "name: world")
        for line in HOUSE.splitlines()
    ),
    "products/phones.yaml": """
name: phones
visible_name: Phones
type: main
currency: EUR
managed_by: site
services: [voice_calls]
features: {incoming_calls: yes, call_waiting: no}
usage:
  - {plan: world}
""",
    "products/forwards.yaml": """
name: forwards
visible_name: Forwards
type: add_on
priority: 1
currency: EUR
managed_by: site
services: [voice_calls]
features: {call_forwarding: {enabled: yes, max_targets: 2}}
subscription: forwards
goes_with: [phones]
""",
    "products/minutes.yaml": """
name: minutes
visible_name: Minutes
type: add_on
priority: 2
currency: EUR
managed_by: site
included:
  - {name: first, visible_name: First seconds, amount: 0.02}
goes_with: [phones]
""",
    "subscriptions/forwards.yaml": """
name: forwards
visible_name: Forwards
currency: EUR
managed_by: site
activation_mode: first_use
applied: in_advance
monthly_fee: 3.00
""",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair() -> AsyncIterator[Metered]:
    """A site with products; numbers of Britain are at home."""
    async with office() as asterisk, metered_site(asterisk=asterisk, files=FILES) as pair:
        yield pair


async def owner(pair: Metered, credit: str = "1.00", **more: str) -> Payer:
    """Somebody with the product, whose phone answers."""
    payer = await pair.payer(credit, plan="world", **more)
    payer.phone.usually = ANSWERS
    await pair.site.run("account", "set-product", payer.account_id, "phones")
    return payer


async def refusal(pair: Metered, payer: Payer) -> tuple[Any, ...]:
    """Why an attempt of this user was refused, for want of what, by whose word, and how."""
    told = await pair.site.log.wait("refused", account=payer.account_id)
    return told["reason"], told.get("feature"), told.get("product"), told["sip_code"]


def far_from(payer: Payer) -> str:
    """What colleagues dial for this user's phone."""
    return payer.phone.extension[3:]


async def test_a_forwarded_call_needs_the_add_on(pair: Metered) -> None:
    """Refused without it, 480 for who calls; assigned live, it goes through and is charged.

    The add-on's subscription begins with that first answered call.
    """
    alice, bob = await owner(pair), await owner(pair, "9.00")
    mobile = pair.number()
    pair.asterisk.carrier.plan(mobile, FarEnd.answers(talk_s=2.5))
    await forward(pair, bob, f"00{mobile}:::")
    first = alice.dial(far_from(bob))
    assert (await first.trace.until_over()).final_code == 480
    assert await refusal(pair, bob) == ("feature_missing", "call_forwarding", None, 403)
    await pair.site.run("addon", "assign", bob.account_id, "forwards")
    alice.dial(far_from(bob))
    call = await pair.allowed(mobile)
    cdr = await call.cdr()
    assert await call.talk_is_charged(cdr)
    assert (cdr["account_id"], cdr["forwarded"]) == (bob.account_id, True)

    async def began() -> Document | None:
        path = ("account", "subscriptions", bob.account_id, "--json")
        (found,) = (await pair.site.run(*path)).json["subscriptions"]
        return found if found["first_used_at"] else None

    begun = await eventually(began)
    assert abs(instant(begun["first_used_at"]) - instant(cdr["answered_at"])) < 0.001
    fees = [entry for entry in await bob.ledger() if entry[0] == "fee"]
    assert [kind for kind, _ in fees] == ["fee"]


async def test_at_the_instant_at_which_an_add_on_expires(pair: Metered) -> None:
    """Attempts in that very second: allowed before the instant, refused from it on, to the µs.

    The call that runs then talks as long as it is paid, and is renewed no more.
    """
    alice, bob = await owner(pair), await owner(pair, "9.00")
    mobile, busy = pair.number(), pair.number()
    pair.asterisk.carrier.plan(mobile, ANSWERS)
    pair.asterisk.carrier.plan(busy, FarEnd.busy())
    ends = datetime.now(UTC) + timedelta(seconds=9)
    words = ("addon", "assign", bob.account_id, "forwards", "--until", ends.isoformat())
    await pair.site.run(*words)
    await forward(pair, bob, f"00{mobile}:::")
    alice.dial(far_from(bob))
    running = await pair.allowed(mobile)
    await running.answered_at()
    await forward(pair, bob, f"00{busy}:::")
    await asyncio.sleep((ends - datetime.now(UTC)).total_seconds() - 0.4)
    for _ in range(8):
        alice.dial(far_from(bob))
        await asyncio.sleep(0.1)
    cdr = await running.cdr()
    assert cdr["ended_by"] == "product"
    assert instant(cdr["ended_at"]) >= ends.timestamp()
    attempts = [cdr for cdr in await bob.cdrs_when(9) if cdr["number"] == busy]
    for attempt in attempts:
        late = datetime.fromisoformat(attempt["setup_at"]) >= ends
        assert attempt["reason"] == ("feature_missing" if late else None), (attempt, ends)
    assert {attempt["reason"] for attempt in attempts} == {None, "feature_missing"}


async def test_international_calls_are_off_and_on(pair: Metered) -> None:
    """A number of another country than the home one is 403; with the feature it is dialled."""
    alice = await owner(pair)
    abroad = pair.number("49")
    pair.asterisk.carrier.plan(abroad, FarEnd.answers(talk_s=1.5))
    refused = alice.dial(f"00{abroad}")
    assert (await refused.trace.until_over()).final_code == 403
    assert (await refusal(pair, alice))[:2] == ("feature_missing", "international_calls")
    await (await alice.talk(FarEnd.answers(talk_s=1.0))).cdr()
    await pair.site.run("feature", "set", alice.account_id, "international_calls", "--on")
    alice.dial(f"00{abroad}")
    call = await pair.allowed(abroad)
    assert await call.talk_is_charged(await call.cdr())


async def test_incoming_calls_are_off(pair: Metered) -> None:
    """A carrier hears 480 and nothing of products; colleagues still reach the phone."""
    alice, bob = await owner(pair), await owner(pair)
    await bob.top_up("1.00", wallet="incoming")
    did = await pair.did(bob)
    await pair.site.run("feature", "set", bob.account_id, "incoming_calls", "--off")
    outside = pair.asterisk.carrier.call(did, "441632960961")
    assert (await outside.trace.until_over()).final_code == 480
    expected = ("feature_missing", "incoming_calls", "override", 480)
    assert await refusal(pair, bob) == expected
    phone = alice.dial(far_from(bob))
    await phone.trace.until("200")
    phone.hang_up()
    await (await allowed_from(pair, alice, "local")).cdr()


async def test_a_phone_without_call_waiting_is_busy(pair: Metered) -> None:
    """Bob talks: Carol hears 486. With call waiting his phone rings a second time.

    What his product says stands in Asterisk's database before the daemon has answered.
    """
    alice, bob, carol = await owner(pair), await owner(pair), await owner(pair)
    first = alice.dial(far_from(bob))
    await first.trace.until("200")
    assert (await carol.dial(far_from(bob)).trace.until_over()).final_code == 486
    said = await pair.asterisk.cli(f"database get pbxc-feature {bob.phone.extension}")
    assert said.strip() == "Value: no:0:no:no::"
    await pair.site.run("feature", "set", bob.account_id, "call_waiting", "--on")

    async def rings() -> bool:
        again = carol.dial(far_from(bob))
        with contextlib.suppress(TimeoutError):
            await again.trace.until("200", 2.0)
            again.hang_up()
            return True
        return False

    await eventually(rings)
    first.hang_up()
    await allowed_from(pair, alice, "local")


async def test_free_talk_runs_out_in_the_middle_of_a_call(pair: Metered) -> None:
    """The first 2 s cost nothing, the rest what it always costs: less by exactly 0.02."""
    alice = await owner(pair)
    await pair.site.run("addon", "assign", alice.account_id, "minutes")
    call = await alice.talk()
    await call.talk_reaches(4.6)
    call.phone.hang_up()
    cdr = await call.cdr()
    left = Decimal(block_price(cdr["talk_s"])) - Decimal("0.02")
    assert (Decimal(cdr["charge"]), cdr["included_s"]) == (left, 2)
    again = await (await alice.talk(FarEnd.answers(talk_s=1.5))).cdr()
    assert (again["charge"], again["included_s"]) == (block_price(again["talk_s"]), 0)


async def test_without_a_product_nothing_is_asked(pair: Metered) -> None:
    """An account with a plan of its own forwards and calls abroad, as ever."""
    alice, bob = await owner(pair), await pair.payer("1.00", plan="world")
    mobile = pair.number("49")
    pair.asterisk.carrier.plan(mobile, FarEnd.answers(talk_s=1.0))
    await forward(pair, bob, f"00{mobile}:::")
    alice.dial(far_from(bob))
    assert (await (await pair.allowed(mobile)).cdr())["account_id"] == bob.account_id
