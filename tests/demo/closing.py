"""The end: calls, ledger, balances that add up, and how late each cut-off was."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from tests.demo.judging import milliseconds
from tests.demo.world import CutOff, World

BALANCES = {
    "alice": "0.00",  # 0.16 - 0.16
    "bob": "0.00",
    "carol": "0.26",  # 0.30 - 0.04
    "dave": "0.00",  # 0.10 + 0.04 + 0.04 - 0.18
    "erin": "0.00",  # 0.22 - 0.12 - 0.10
    "frank": "0.00",
    "gina": "0.00",  # 0.18 - 0.18
    "hugo": "0.18",  # 0.30 - 0.12
    "ivan": "0.10",
    "judy": "0.08",  # 0.10 - 0.02, for calls that come in
    "ken": "0.26",  # 0.30 - 0.04
    "liam": "0.00",
    "mia": "0.36",  # 1.00 - 0.60 - 0.04
    "nora": "0.26",  # 0.30 - 0.04
    "oscar": "0.06",  # 0.06 + 0.10 - 0.06 - 0.04
    "paula": "0.70",  # 1.00 - 0.30
    "branch": "0.04",  # 0.24 - 0.20
    "quinn": "13.00",  # 2.00 - 1.00, and 10.00 + 2.00 that come with the plan
    "rose": "0.00",
    "reseller": "0.84",  # 1.00 - 0.16
}
# 0.16 + 0.30 + 0.10 + 0.04 + 0.04 + 0.22 + 0.18 + 0.30 + 0.10, 0.10 + 0.30 + 1.00 in (i) to (k),
# 0.30 in (m), 0.06 + 0.10 in (n), 1.00 + 0.24 + 1.00 in (o), 2.00 in (p)
PAID_IN = "7.54"
# 0.16 + 0.04 + 0.18 + 0.12 + 0.10 + 0.18 + 0.12, 0.02 + 0.04 + 0.60 + 0.04 in (i) to (k),
# 0.04 in (m), 0.06 + 0.04 in (n), 0.30 + 0.20 + 0.16 in (o)
CHARGED = "-2.40"
LEFT = "16.14"  # 7.54 - 2.40, and in (p) 12.00 to begin with less a fee of 1.00
# (a) to (e) with one each and two for (e), (f), (g), (h) with Ivan's, (i), two each for (j), (k),
# (m), two for (n), (o), four for (p)
ATTEMPTS = 23


async def books(world: World) -> None:
    """What is in the books in the end, and that it adds up."""
    stage = world.stage
    stage.heading("The calls, the ledger, the balances")
    (last,) = await world.records_of("hugo")
    for words in ("cdr list", f"explain {last['call_id']}", "ledger", "balance", "verify"):
        await world.command(*words.split())
    entries = (await world.get("/ledger", limit=1000))["entries"]
    accounts = (await world.get("/accounts"))["accounts"]
    records = (await world.get("/cdrs", limit=1000))["cdrs"]
    wallets = {one["account_id"]: _in(one["wallets"]) for one in accounts if one["wallets"]}
    for account in sorted(BALANCES.keys() | wallets.keys()):
        own = _total([wallets.get(account, Decimal())])
        stage.check("", f"{account.title()}'s balance", own, BALANCES.get(account))
    stage.check("", "records of attempts", len(records), ATTEMPTS)
    stage.check("", "paid in", _sum(entries, "top_up"), PAID_IN)
    stage.check("", "charged", _sum(entries, "charge"), CHARGED)
    stage.check("", "sum of all balances", _total(wallets.values()), LEFT)


def _sum(entries: Iterable[Mapping[str, Any]], kind: str) -> str:
    return _total(Decimal(entry["amount"]) for entry in entries if entry["kind"] == kind)


def _in(wallets: Iterable[Mapping[str, Any]]) -> Decimal:
    return sum((Decimal(wallet["balance"]) for wallet in wallets), Decimal())


def _total(amounts: Iterable[Decimal]) -> str:
    return f"{sum(amounts, Decimal()):.2f}"


def lateness(world: World) -> None:
    """How late each cut-off was: figures, which decide nothing."""
    world.stage.heading("How late each call was cut off, after the instant up to which it was paid")
    rows = [_row(seen) for seen in sorted(world.cut_offs, key=lambda seen: seen.scene)]
    head = ("call", "paid for", "Asterisk's hangup", "BYE at the other end")
    for cells in [head, *rows]:
        world.stage.printed("{:<12}{:>9}{:>20}{:>23}".format(*cells))
    latest_s = max((seen.ended_at - seen.paid_until for seen in world.cut_offs), default=0.0)
    world.stage.figure(
        "", f"the latest: {milliseconds(latest_s)} (wanted: within 50 ms; unpaid talk at most 1 s)"
    )


def _row(seen: CutOff) -> tuple[str, str, str, str]:
    return (
        f"({seen.scene}) {seen.account}",
        f"{seen.paid_s} s",
        milliseconds(seen.ended_at - seen.paid_until),
        milliseconds(seen.bye_at - seen.paid_until),
    )
