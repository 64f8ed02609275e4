"""What accounts do and have done lately, read from the books: the counters of their limits.

Nothing of it is stored by itself: live calls and what they hold are pending holds, the calls of the
last minute the beginnings of holds, and what was spent the charges of the ledger; the fees of
subscriptions count for months alone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import aiosqlite
import orjson

from pbxcharge.core.credit import Hold, Wallet
from pbxcharge.core.limits import DAY, HOUR, IDLE, MINUTE, Activity
from pbxcharge.store.tables import json_list

CORRECTED = "(entry.kind = 'charge' OR entry.counts_at_us IS NOT NULL)"
"""Charges, and what took back those that a correction put others in the place of."""

COLLECTED = "entry.kind IN ('fee', 'credit', 'penalty')"
"""What subscriptions charged and gave back, as the index has it."""

COUNTED_AT = "coalesce(entry.counts_at_us, entry.at_us)"
"""The instant of a charge; of a corrected one that of the call's first, as the index has it."""

STARTS = f"""
SELECT DISTINCT hold.call_id, begun_at_us, wallet.account_id
FROM hold
CROSS JOIN hold_line ON hold_line.call_id = hold.call_id
CROSS JOIN wallet ON wallet.wallet_id = hold_line.wallet_id
WHERE begun_at_us > (SELECT max(begun_at_us) FROM hold) - {2 * MINUTE.length_us}
ORDER BY begun_at_us
"""
"""Every call of the last minute (and of the one before, since some ask a little late), once for
each account that pays."""

STARTS_OF = """
SELECT DISTINCT hold.call_id, begun_at_us
FROM hold
CROSS JOIN hold_line ON hold_line.call_id = hold.call_id
CROSS JOIN wallet ON wallet.wallet_id = hold_line.wallet_id
WHERE begun_at_us > ? AND wallet.account_id = ?
"""
"""The calls of one account since an instant."""

SPENDING = f"""
SELECT
    wallet.account_id, {COUNTED_AT} / {HOUR.bucket_us} * {HOUR.bucket_us}, -sum(amount_micros)
FROM wallet
CROSS JOIN entry ON entry.wallet_id = wallet.wallet_id AND {CORRECTED}
WHERE wallet.account_id IN (SELECT value FROM json_each(?)) AND wallet.kind <> 'allowance'
  AND {COUNTED_AT} > {{since}} - {DAY.length_us + 2 * DAY.bucket_us}
GROUP BY 1, 2
ORDER BY 2
""".format(
    since=f"""(
    SELECT max({COUNTED_AT}) FROM entry
    WHERE entry.wallet_id = wallet.wallet_id AND {CORRECTED}
)"""
)
"""What accounts were charged, minute by minute, in the day before the newest charge of each."""

_MONTH = """
SELECT json_extract(month.value, '$[0]'), json_extract(month.value, '$[1]'), -sum(amount_micros)
FROM json_each(?1) AS month
CROSS JOIN wallet ON wallet.account_id = json_extract(month.value, '$[0]')
    AND wallet.kind <> 'allowance'
"""

MONTHS = f"""
{_MONTH}
CROSS JOIN entry ON entry.wallet_id = wallet.wallet_id AND {CORRECTED}
    AND {COUNTED_AT} >= json_extract(month.value, '$[1]')
GROUP BY 1, 2
UNION ALL
{_MONTH}
CROSS JOIN entry ON entry.wallet_id = wallet.wallet_id AND {COLLECTED}
    AND entry.at_us >= json_extract(month.value, '$[1]')
GROUP BY 1, 2
"""
"""What accounts were charged since instants, for calls and by subscriptions."""


async def read_months(
    connection: aiosqlite.Connection, months: Collection[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """What accounts were charged, each since an instant, over all their wallets."""
    found = dict.fromkeys(months, 0)
    if found:
        asked = orjson.dumps(list(found)).decode()
        for account, from_us, micros in await connection.execute_fetchall(MONTHS, (asked,)):
            found[account, from_us] += micros
    return found


async def read_spending(
    connection: aiosqlite.Connection, account_ids: Collection[str]
) -> dict[str, Activity]:
    """Accounts without live calls and calls of the last minute: only what they were charged."""
    found = dict.fromkeys(account_ids, IDLE)
    if found:
        spent = await connection.execute_fetchall(SPENDING, (json_list(account_ids),))
        for account, at_us, micros in spent:
            found[account] = found[account].charged(at_us, micros)
    return found


async def read_activities(
    connection: aiosqlite.Connection, holds: Iterable[Hold], wallets: Mapping[str, Wallet]
) -> dict[str, Activity]:
    """Every account with live calls, or with calls in the last minute."""
    lines = [
        (hold, line, wallets[line.wallet_id].account_id)
        for hold in holds
        for line in hold.level_lines
    ]
    begun = list(await connection.execute_fetchall(STARTS))
    accounts = {account for *_, account in lines} | {account for *_, account in begun}
    found = await read_spending(connection, accounts)
    for _, at_us, account in begun:
        known = found[account]
        found[account] = replace(known, starts=known.starts.added(at_us, 1))
    for _, line, account in lines:
        found[account] = found[account].held(line.amount_micros)
    for _, account in {(hold.call_id, account) for hold, _, account in lines}:
        known = found[account]
        found[account] = replace(known, calls=known.calls + 1)
    return found


async def read_activity(
    connection: aiosqlite.Connection, account_id: str, wallets: Iterable[Wallet], now_us: int
) -> Activity:
    """What one account does now and has done lately; `wallets` are its own, with what is held."""
    found = (await read_spending(connection, [account_id]))[account_id]
    since_us = now_us - MINUTE.length_us - MINUTE.bucket_us
    starts = found.starts
    for _, at_us in await connection.execute_fetchall(STARTS_OF, (since_us, account_id)):
        starts = starts.added(at_us, 1)
    calls, held_micros = 0, 0
    for wallet in wallets:
        calls, held_micros = calls + wallet.calls, held_micros + wallet.held_micros
    return replace(found, calls=calls, held_micros=held_micros, starts=starts)


def worth_keeping(activities: Mapping[str, Activity]) -> dict[str, Activity]:
    """Those that cannot be read again alone: with live calls, or calls of the last minute."""
    starts = [each.starts.buckets[-1][0] for each in activities.values() if each.starts.buckets]
    now_us = max(starts, default=0) * MINUTE.bucket_us
    return {
        account: activity
        for account, activity in activities.items()
        if activity.calls or activity.starts.sum_at(now_us)
    }
