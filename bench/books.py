"""Large books, made up in a short time: a site with accounts, and as many past calls as wanted.

Run as `python -m bench.books FOLDER --calls 1000000 --days 365 --copies 11`. The folder becomes a
copy of the example site; its database is what a daemon would have written, and `pbxcharge verify`
finds nothing in it. The same seed makes the same books.
"""

import argparse
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from bench.book_calls import Callers, Made, Tree, a_tree, did_of
from bench.book_copies import copy_calls
from pbxcharge.core.credit import Hold, HoldLine, HoldState, Wallet
from pbxcharge.core.ledger import Entry, EntryKind
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import Plan
from pbxcharge.core.price import charge_micros
from pbxcharge.site_files import read_files
from pbxcharge.store import tables, writes
from pbxcharge.store.migrate import migrate_alone
from tests.site import Site

ACTOR = "bench"
AT_ONCE = 5_000
TOP_UP_MICROS = 20 * MICROS
FIRST_DAY = date(2026, 1, 1)
"""When the calls begin, where nothing else is said."""
QUICK = ("journal_mode = off", "synchronous = off", "cache_size = -400000", "foreign_keys = off")

Row = tuple[Any, ...]


class Purse:
    """The wallets of everybody: whoever would run dry gets a top-up just before."""

    def __init__(self, tree: Tree, plans: dict[str, Plan]) -> None:
        self._wallets = {
            wallet.wallet_id: wallet
            for account in tree.accounts
            for wallet in _wallets_of(account.account_id, plans.get(account.plan or ""))
        }
        self._balances = dict.fromkeys(self._wallets, 0)
        self._top_ups = 0

    def charged(self, made: Made) -> Iterator[Entry]:
        """The entries of a call; a wallet that has a floor is topped up where it must be."""
        at_us = made.cdr.ended_at_us or 0
        for level in made.cdr.levels:
            amount, wallet_id = level.charge_micros, level.wallet_id
            if not amount:
                continue
            if self._balances[wallet_id] - amount < self._wallets[wallet_id].floor_micros:
                yield self._top_up(wallet_id, made.cdr.setup_at_us, amount)
            self._balances[wallet_id] -= amount
            entry_id = f"charge:{made.cdr.call_id}:{wallet_id}"
            yield Entry(
                entry_id, wallet_id, EntryKind.CHARGE, -amount, at_us, ACTOR, made.cdr.call_id
            )

    def _top_up(self, wallet_id: str, at_us: int, least: int) -> Entry:
        self._top_ups += 1
        amount = max(TOP_UP_MICROS, least)
        self._balances[wallet_id] += amount
        entry_id = f"payment-{self._top_ups}"
        return Entry(entry_id, wallet_id, EntryKind.TOP_UP, amount, at_us, ACTOR, note="cash")

    def rows(self, currency: str) -> list[Row]:
        """Every wallet with what is in it."""
        return [
            tables.wallet_row(wallet.moved(self._balances[name], 0, 0), currency)
            for name, wallet in self._wallets.items()
        ]


def _wallets_of(account_id: str, plan: Plan | None) -> list[Wallet]:
    if plan is None:
        return []
    return [
        Wallet(f"{account_id}:{kind}", account_id, kind, floor_micros=plan.floor_micros(kind))
        for kind in plan.wallets.kinds
    ]


def make_books(
    folder: Path,
    calls: int,
    *,
    users: int = 2_000,
    organizations: int = 100,
    from_day: date = FIRST_DAY,
    days: int = 31,
    copies: int = 0,
    seed: int = 1,
) -> Site:
    """A copy of the example site in a folder, with so many calls in its books.

    Args:
        folder: where.
        calls: how many, about, with the copies.
        users: of all organizations together.
        organizations: of two service providers.
        from_day: the first day (UTC).
        days: in how many days the calls are made, with the copies.
        copies: how often the calls of the first days are repeated in the later ones: 11 make a
            year of a month, in a tenth of the time.
        seed: for other books of the same size.
    """
    site = Site.make(folder, ami_port=5038, agi_port=4573, ami_secret="bench", change=_trunks)
    files = read_files(site.config)
    assert files.settings is not None and files.catalog is not None, files.findings
    chance = Random(seed)
    tree = a_tree(users, organizations, chance)
    from_s = int(datetime(from_day.year, from_day.month, from_day.day, tzinfo=UTC).timestamp())
    plans = dict(files.catalog.in_force(from_s))
    callers = Callers(files.settings, files.catalog, tree, chance)
    site.database.parent.mkdir(mode=0o700, exist_ok=True)
    migrate_alone(site.database)
    with closing(sqlite3.connect(site.database, isolation_level=None)) as books:
        for pragma in QUICK:
            books.execute(f"PRAGMA {pragma}")
        books.execute("BEGIN")
        _put_people(books, tree, files.settings.site.currency)
        purse = Purse(tree, plans)
        stretch = max(1, days // (copies + 1))
        _put_calls(books, purse, callers.calls(calls // (copies + 1), from_s, stretch))
        books.executemany(writes.PUT_WALLET, purse.rows(files.settings.site.currency))
        copy_calls(books, copies, stretch * 86_400)
        books.execute("COMMIT")
        books.execute("PRAGMA journal_mode = wal")
    return site


def _trunks(settings: Any) -> None:
    settings["trunks"] = [{"name": "carrier", "deck": "carrier"}, "carrier-two"]


def _put_people(books: sqlite3.Connection, tree: Tree, currency: str) -> None:
    books.execute(writes.PUT_META, ("currency", currency))
    books.executemany(
        writes.PUT_ACCOUNT, (tables.account_row(account, 0, ACTOR) for account in tree.accounts)
    )
    users = [chain[0] for chain in tree.chains]
    phones = ((user.account_id, str(100 + n), user.account_id) for n, user in enumerate(users))
    books.executemany(writes.PUT_EXTENSION, ((*phone, 0, ACTOR) for phone in phones))
    dids = ((did_of(user), user.account_id, user.account_id, None, 0, ACTOR) for user in users)
    books.executemany(writes.PUT_DID, dids)


def _put_calls(books: sqlite3.Connection, purse: Purse, made: Iterable[Made]) -> None:
    """A few thousand at once, so that memory stays small."""
    calls, ratings = iter(made), set[str]()
    while batch := list(islice(calls, AT_ONCE)):
        allowed = [(one, one.call) for one in batch if one.call is not None]
        for _, call in allowed:
            if call.granted.rating_id not in ratings:
                ratings.add(call.granted.rating_id)
                row = tables.rating_row(call.granted.rating_id, call.granted.rating)
                books.execute(writes.PUT_RATING, row)
        books.executemany(writes.PUT_CALL, (tables.call_row(call) for _, call in allowed))
        books.executemany(writes.CLOSE_CALL, ((one.cdr.call_id,) for one, _ in allowed))
        holds = [_hold(one) for one, _ in allowed]
        books.executemany(writes.PUT_HOLD, map(tables.hold_row, holds))
        lines = (row for hold in holds for row in tables.hold_line_rows(hold))
        books.executemany(writes.PUT_HOLD_LINE, lines)
        entries = (entry for one in batch for entry in purse.charged(one))
        books.executemany(writes.ADD_ENTRY, map(tables.entry_row, entries))
        levels = (row for one in batch for row in tables.cdr_level_rows(one.cdr))
        books.executemany(writes.ADD_CDR_LEVEL, levels)
        books.executemany(writes.ADD_CDR, (tables.cdr_row(one.cdr) for one in batch))


def _hold(made: Made) -> Hold:
    """What the call held when it ended: all the talk that was paid for, at every level."""
    call = made.call
    assert call is not None
    granted = call.granted
    charged = any(level.charge_micros for level in made.cdr.levels)
    return Hold(
        call_id=call.call_id,
        step=call.step,
        through_s=call.through_s,
        lines=tuple(
            HoldLine(level.wallet_id, charge_micros(price, call.through_s))
            for level, price in zip(granted.levels, call.prices, strict=True)
        ),
        node=granted.attempt.pbx,
        expires_at_us=made.cdr.ended_at_us or 0,
        state=HoldState.POSTED if charged else HoldState.VOIDED,
        begun_at_us=granted.attempt.setup_at_us,
    )


def main() -> None:
    """Make the books, and say how long it took."""
    parser = argparse.ArgumentParser(prog="python -m bench.books", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--organizations", type=int, default=100)
    parser.add_argument("--from", dest="from_day", type=date.fromisoformat, default=FIRST_DAY)
    parser.add_argument("--days", type=int, default=31)
    parser.add_argument("--copies", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    asked = vars(parser.parse_args())
    begun = time.perf_counter()
    site = make_books(asked.pop("folder"), asked.pop("calls"), **asked)
    size = site.database.stat().st_size // 2**20
    print(f"{site.database}: {size} MiB in {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
