"""Included minutes by the examples of other products; see tests/golden/README.md."""

import json
from datetime import UTC, date
from pathlib import Path
from typing import Any

from pbxcharge.core.allowance import included
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import add_months, billing_calendar
from pbxcharge.core.credit import OpenWallet, Reserved
from pbxcharge.core.measure import Measure
from pbxcharge.core.money import MICROS, format_amount, parse_amount, parse_price
from pbxcharge.core.period import midnight_us
from pbxcharge.core.price import Rate, charge, costs_of, covered
from pbxcharge.core.quotas import QuotaSource, quotas_of
from pbxcharge.core.split import Part, discount_percent, split
from tests.fakes.granted_call import WALLET, granted, reservation
from tests.fakes.memory_engine import MemoryEngine
from tests.fakes.quotas import included as minutes
from tests.fakes.quotas import with_quotas
from tests.fakes.small_site import top_up

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "cases.json").read_text("utf-8"))
CASES = {case["id"]: case for case in GOLDEN["discounts"]}
MAY = midnight_us(date(2026, 5, 1), UTC)


def parts_of(case: dict[str, Any]) -> tuple[Rate, tuple[Part, ...], int]:
    """The call of a case, as the engine covers it: its rate, its parts, its charge."""
    rate = Rate(
        destination="a case",
        prefix="49",
        price_per_minute=parse_price(case["price_per_minute"]),
        first_s=60,
        next_s=60,
    )
    call = with_quotas(granted("a", rates=(rate,)), minutes(case["left_min"] * 60))
    engine = MemoryEngine()
    engine.decide(OpenWallet(WALLET, "alice", "outgoing", 0))
    engine.decide(top_up("t", 100 * MICROS, WALLET))
    held = engine.decide(reservation(call, 1, 60, case["call_min"] * 60))
    assert isinstance(held, Reserved)
    spans, talk_s = held.coverage[0], case["call_min"] * 60
    charged = charge(covered(rate, spans), talk_s).total_micros
    return rate, split(costs_of(rate)[0], spans, talk_s), charged


def test_a_call_is_split_where_the_minutes_end() -> None:
    """2 minutes for nothing, and 6 for 0.60."""
    case = CASES["porta-split-xdr"]
    _, parts, _ = parts_of(case)
    found = [[part.seconds // 60, format_amount(int(part.amount))] for part in parts]
    assert found == case["parts"]


def test_in_one_line_it_is_the_discount_of_all_of_it() -> None:
    """2 of 8 minutes are 25 %, and the price is the same."""
    case = CASES["porta-aggregate-xdr"]
    _, parts, charged = parts_of(case)
    assert discount_percent(parts) == parse_price(case["discount_percent"])
    assert charged == parse_amount(case["cost"])


def test_what_is_left_may_be_used_in_the_months_after() -> None:
    """Twice rolled over, minutes of month 1 end with month 3, and are the first to be used."""
    case = CASES["porta-rollover-limit"]
    quota = included("q", "Q", Measure.SECONDS, 600, rolls_over=case["rolls_over"])
    source = QuotaSource("product", (quota,), 0)
    calendar = billing_calendar(BillingCycle.MONTHLY, date(2026, 1, 1))
    found = quotas_of("alice", [source], "49301", calendar, UTC, MAY, MAY + 1)
    first = found[0].from_us
    last = case["usable_until_end_of_month"]
    assert first == midnight_us(add_months(date(2026, 5, 1), -case["rolls_over"]), UTC)
    assert found[0].until_us == midnight_us(add_months(date(2026, 3, 1), last), UTC)
    assert sorted(found, key=lambda wallet: wallet.until_us) == list(found)
    assert len(found) == 1 + case["rolls_over"]
