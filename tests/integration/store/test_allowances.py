"""Included minutes in the books: what is kept, what a restart finds, and what `verify` says."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from pbxcharge.core.attempt import Granted
from pbxcharge.core.call_events import HungUp
from pbxcharge.core.cdr import EndSource
from pbxcharge.core.credit import Reserved
from pbxcharge.core.explanation import Verdict, explain
from pbxcharge.core.money import MICROS
from pbxcharge.core.settlement import settle
from pbxcharge.store import Store
from pbxcharge.store.verify import verify
from tests.fakes.granted_call import a_rate, granted
from tests.fakes.quotas import MINUTES, included, with_quotas
from tests.fakes.small_site import (
    ALICE,
    ANSWERED_US,
    PRICE,
    answered,
    begin,
    charge_anew,
    end,
    open_site,
    reserve_for,
    top_up,
)


def a_call(call_id: str) -> Granted:
    """One of Alice's, who has 15 s a month included, at 0.01 a second."""
    return with_quotas(granted(call_id), included(15))


async def talk(store: Store, call_id: str, talk_s: int) -> None:
    """A covered call from end to end: 10 s held at first, then the rest."""
    call = a_call(call_id)
    first = await begin(store.writer, call)
    assert isinstance(first, Reserved)
    up = replace(answered(call, 10), coverage=first.coverage)
    (held,) = await store.writer.submit((reserve_for(call, 2, talk_s),))
    assert isinstance(held, Reserved)
    up = up.holding(first, 0).holding(held, 10_000)
    up = replace(up, step=2, through_s=held.through_s, coverage=held.coverage)
    await end(store.writer, up, talk_s)


async def test_a_covered_call_is_charged_for_the_rest_alone(tmp_path: Path) -> None:
    """Of 25 s 15 are included: 0.10 from the wallet, 15 from the minutes, and `verify` agrees."""
    async with open_site(tmp_path / "site.db") as store:
        await store.writer.submit((top_up("t1", 100 * PRICE),))
        await talk(store, "a", 25)
        (cdr,) = (await store.queries.recharges.records(["a"])).values()
        assert (cdr.charge_micros, cdr.included_s) == (10 * PRICE, 15)
        rating = await store.queries.rating(cdr.rating_id or "")
        assert explain(cdr, rating).verdict is Verdict.SAME
        (wallet,) = (w for w in await store.queries.wallets(["alice"]) if w.kind == "outgoing")
        assert wallet.balance_micros == 90 * PRICE
        assert MINUTES not in {w.wallet_id for w in await store.queries.wallets(["alice"])}
    assert verify(tmp_path / "site.db") == []


async def test_seconds_are_no_money(tmp_path: Path) -> None:
    """Neither the ledger nor what an account has spent of late knows them."""
    async with open_site(tmp_path / "site.db") as store:
        await store.writer.submit((top_up("t1", 100 * PRICE),))
        await talk(store, "a", 25)
        for entries in (
            await store.queries.ledger(None, limit=9),
            await store.queries.ledger("alice", limit=9),
            await store.queries.recharges.entries(["a"]),
        ):
            assert MINUTES not in {entry.wallet_id for entry in entries}
    with closing(sqlite3.connect(tmp_path / "site.db")) as shell:
        stored = "SELECT unit, kind, balance_micros FROM wallet WHERE wallet_id = ?"
        assert shell.execute(stored, (MINUTES,)).fetchone() == ("seconds", "allowance", -15)


async def test_a_call_goes_on_after_a_restart_with_what_was_granted(tmp_path: Path) -> None:
    """What is held of the minutes is known again, and so is where the call got them."""
    path = tmp_path / "site.db"
    async with open_site(path) as store:
        await store.writer.submit((top_up("t1", 100 * PRICE),))
        await begin(store.writer, a_call("a"))
    async with open_site(path, open_wallets=False) as store:
        (call,) = await store.queries.open_calls()
        assert call.granted.levels == a_call("a").levels
        assert [(span.from_s, span.until_s) for span in call.coverage[0]] == [(0, 10)]
        (other,) = await store.writer.submit((reserve_for(a_call("b"), want_s=10),))
        assert isinstance(other, Reserved)
        assert {x.wallet_id: x.amount_micros for x in other.lines} == {ALICE: 5 * PRICE, MINUTES: 5}
        up = replace(call, answered_at_us=ANSWERED_US, answered_ms=5_000)
        booked = settle(up, HungUp(ANSWERED_US + 4 * MICROS, EndSource.SPOOL), "EUR", "recover")
        assert booked.cdr.charge_micros == 0
        charged = {line.wallet_id: line.amount_micros for line in booked.close.charges}
        assert charged == {ALICE: 0, MINUTES: 4}


async def test_a_correction_leaves_the_seconds_that_were_covered(tmp_path: Path) -> None:
    """At 0.008 a second the same 10 s are paid, and no minute is used or given back."""
    async with open_site(tmp_path / "site.db") as store:
        await store.writer.submit((top_up("t1", 100 * PRICE),))
        await talk(store, "a", 25)
        rate = a_rate(price_per_minute=Fraction(48, 100))
        await charge_anew(store, granted("a", rates=(rate,)))
        (cdr,) = (await store.queries.recharges.records(["a"])).values()
        assert (cdr.charge_micros, cdr.included_s) == (8 * PRICE, 15)
    assert verify(tmp_path / "site.db") == []


@pytest.mark.parametrize(
    ("tampered", "code"),
    [
        ("UPDATE hold_line SET amount_micros = 16 WHERE amount_micros = 15", "hold_line_differs"),
        ("UPDATE cdr SET coverage = ''", "allowance_differs"),
        ("UPDATE cdr SET coverage = ''", "price_differs"),
    ],
)
async def test_verify_finds_what_is_not_so(tmp_path: Path, tampered: str, code: str) -> None:
    """What is held, used and written down of minutes belongs together."""
    async with open_site(tmp_path / "site.db") as store:
        await store.writer.submit((top_up("t1", 100 * PRICE),))
        await talk(store, "a", 25)
    with closing(sqlite3.connect(tmp_path / "site.db", isolation_level=None)) as shell:
        shell.execute(tampered)
    assert code in {finding.code for finding in verify(tmp_path / "site.db")}
