"""The subscriptions of one account for tests of what they are charged."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, tzinfo

from pbxcharge.core.billing import Bill, Tab
from pbxcharge.core.billing_preview import Foreseen, Purse, preview
from pbxcharge.core.billing_record import Paying
from pbxcharge.core.holds import Wallet
from pbxcharge.core.instant import utc
from pbxcharge.core.money import format_amount, parse_amount
from pbxcharge.core.period import instant_us
from pbxcharge.core.subscription import Lifetime

ALICE = Paying("alice", "alice:outgoing", UTC)


def a_tab(*lives: Lifetime) -> Tab:
    """Subscriptions a1, a2, … that were never charged."""
    named = {f"a{place}": _named(life, f"a{place}") for place, life in enumerate(lives, 1)}
    return Tab(
        {
            name: Bill(life, life.assignment.starts_at_us, life.activated_us)
            for name, life in named.items()
        }
    )


def a_purse(balance: str, floor: str = "0") -> Purse:
    """Alice's wallet with so much in it."""
    balance_micros, floor_micros = parse_amount(balance), parse_amount(floor)
    return Purse(Wallet("alice:outgoing", "alice", "outgoing", balance_micros, 0, floor_micros))


def foreseen(tab: Tab, balance: str, until: str, zone: tzinfo = UTC) -> list[str]:
    """The calendar with so much in the wallet, one line each: `2026-06-01 fee 30.00 -> 70.00`."""
    lines = preview(tab, ALICE, a_purse(balance), instant_us(until, zone))
    return shown(lines, zone)


def shown(lines: Iterable[Foreseen], zone: tzinfo = UTC) -> list[str]:
    """What is foreseen, by the clocks of a zone."""
    return [_line(one, zone) for one in lines]


def _line(one: Foreseen, zone: tzinfo) -> str:
    at = f"{utc(one.at_us).astimezone(zone):%Y-%m-%d %H:%M}".removesuffix(" 00:00")
    if one.item is None:
        return f"{at} {'suspended' if one.short else 'resumed'}"
    owed = one.item.owed
    amount, balance = format_amount(owed.amount_micros), format_amount(one.balance_micros)
    return f"{at} {one.item.assignment_id} {owed.kind} {amount} -> {balance}"


def _named(life: Lifetime, name: str) -> Lifetime:
    return replace(life, assignment=replace(life.assignment, assignment_id=name))
