"""A site with many subscribers whose month is over, made up in a short time."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pbxcharge.core.billing_period import add_months
from pbxcharge.core.money import MICROS
from pbxcharge.core.period import midnight_us
from pbxcharge.core.subscription_terms import Applied, PromotionalRow, SubscriptionPlan
from pbxcharge.core.subscription_text import subscription_body, subscription_version
from pbxcharge.site_files import read_files
from tests.site import Site

ACTOR = "bench"
IN_ORGANIZATION = 20
CREDIT_MICROS = 100 * MICROS
QUICK = ("journal_mode = off", "synchronous = off", "foreign_keys = off")

BASIC = SubscriptionPlan(name="basic", monthly_fee_micros=2_990_000)
PLANS = (
    BASIC,
    replace(BASIC, name="ahead", applied=Applied.IN_ADVANCE),
    replace(
        BASIC,
        name="promoted",
        promotions=(
            PromotionalRow(months=1, monthly_fee_micros=0),
            PromotionalRow(months=5, monthly_fee_micros=1_990_000),
        ),
    ),
)
"""Each subscriber has all of them, since some day of the months before."""


def subscribe_all(site: Site, accounts: int) -> None:
    """So many accounts with three subscriptions each; all are owed since this month began."""
    settings = read_files(site.config).settings
    zone = UTC if settings is None else settings.time_zone
    first = datetime.now(UTC).date().replace(day=1)
    due_us = midnight_us(first, zone)
    starts_us = [midnight_us(add_months(first.replace(day=day), -2), zone) for day in range(1, 28)]
    with closing(sqlite3.connect(site.database)) as books, books:
        for setting in QUICK:
            books.execute(f"PRAGMA {setting}")
        _plans(books)
        books.executemany(
            "INSERT INTO account (account_id, kind, parent_id, name, plan, status, changed_at_us,"
            " changed_by) VALUES (?, ?, ?, ?, ?, 'active', 0, 'bench')",
            _accounts(accounts),
        )
        books.executemany(
            "INSERT INTO wallet (wallet_id, account_id, kind, unit, currency, balance_micros,"
            " floor_micros, closed) VALUES (?, ?, 'outgoing', 'micros', 'EUR', ?, 0, 0)",
            ((f"s{n}:outgoing", f"s{n}", CREDIT_MICROS) for n in range(accounts)),
        )
        books.executemany(
            "INSERT INTO entry (entry_id, wallet_id, kind, amount_micros, at_us, actor, note)"
            " VALUES (?, ?, 'top_up', ?, 0, 'bench', '')",
            ((f"paid-{n}", f"s{n}:outgoing", CREDIT_MICROS) for n in range(accounts)),
        )
        books.executemany(
            "INSERT INTO subscription_assignment VALUES"
            " (?, ?, ?, NULL, 0, '0', ?, ?, NULL, NULL, NULL, 0, 0, 'bench')",
            _assigned(accounts, starts_us),
        )
        books.executemany(
            "INSERT INTO bill VALUES (?, ?, ?, '[]')",
            ((f"s{n}-{plan.name}", due_us - 1, due_us) for n in range(accounts) for plan in PLANS),
        )


def _plans(books: sqlite3.Connection) -> None:
    for plan in PLANS:
        version = subscription_version(plan)
        body = (plan.name, version, subscription_body(plan))
        books.execute("INSERT INTO subscription_version VALUES (?, ?, ?)", body)
        books.execute(
            "INSERT INTO subscription_history (name, version, since_us, actor) VALUES (?, ?, 0, ?)",
            (plan.name, version, ACTOR),
        )


def _accounts(accounts: int) -> Iterator[tuple[Any, ...]]:
    organizations = -(-accounts // IN_ORGANIZATION)
    for n in range(organizations):
        yield (f"so{n}", "organization", None, f"Organization {n}", None)
    for n in range(accounts):
        yield (f"s{n}", "user", f"so{n % organizations}", f"Subscriber {n}", "bench")


def _assigned(accounts: int, starts_us: list[int]) -> Iterator[tuple[Any, ...]]:
    for n in range(accounts):
        at_us = starts_us[n % len(starts_us)]
        for plan in PLANS:
            yield (f"s{n}-{plan.name}", f"s{n}", plan.name, at_us, at_us)


def charged(database: Path) -> tuple[int, int]:
    """How many records of subscriptions there are, and how many subscriptions are still due."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as books:
        (records,) = books.execute("SELECT count(*) FROM xdr").fetchone()
        now_us = int(datetime.now(UTC).timestamp()) * MICROS
        (due,) = books.execute(
            "SELECT count(*) FROM bill WHERE next_at_us <= ?", (now_us,)
        ).fetchone()
    return records, due
