"""Records of calls as reports meet them: whose, when, how long, for how much, on which levels."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.cdr import Cdr, EndedBy, EndSource, LevelCharge
from pbxcharge.core.credit import OpenWallet
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.effects import AccountSaved, CdrWritten
from pbxcharge.core.money import MICROS
from pbxcharge.core.settlement import blank_cdr
from pbxcharge.store.writer import Writer
from tests.fakes.granted_call import granted

ACTOR = "test"


def us(text: str) -> int:
    """An instant (ISO 8601, UTC) in microseconds since the epoch."""
    at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def level(account_id: str, charge_micros: int, **changes: Any) -> LevelCharge:
    """What an account pays for a call, from its outgoing wallet."""
    blank = LevelCharge(
        account_id, f"{account_id}:outgoing", "basic", "v1", "44", "United Kingdom", charge_micros
    )
    return replace(blank, **changes)


def talked(
    call_id: str, at: str, talk_s: int, levels: Sequence[LevelCharge], **changes: Any
) -> Cdr:
    """The record of an answered call; the first level is the payer."""
    payer = levels[0]
    attempt = replace(
        granted(call_id).attempt, account_id=payer.account_id, setup_at_us=us(at), call_id=call_id
    )
    answered_at_us = us(at) + 5 * MICROS
    record = replace(
        blank_cdr(attempt, "EUR", Disposition.ANSWERED),
        uniqueid=f"leg-{call_id}",
        answered_at_us=answered_at_us,
        ended_at_us=answered_at_us + talk_s * MICROS,
        talk_s=talk_s,
        billed_s=talk_s,
        charge_micros=payer.charge_micros,
        levels=tuple(levels),
        hangup_cause=16,
        ended_by=EndedBy.CALLER,
        end_source=EndSource.EVENT,
        trunk="carrier",
    )
    return replace(record, **changes)


def refused(call_id: str, at: str, account_id: str | None, reason: str, **changes: Any) -> Cdr:
    """The record of an attempt that was not allowed."""
    attempt = replace(
        granted(call_id).attempt, account_id=account_id, setup_at_us=us(at), call_id=call_id
    )
    record = blank_cdr(attempt, "EUR", Disposition.NOT_ALLOWED)
    return replace(record, reason=reason, ended_at_us=us(at), **changes)


async def grow(writer: Writer, parents: dict[str, str | None]) -> None:
    """Accounts below each other, each with an outgoing wallet; parents stand first."""
    wallets = [OpenWallet(f"{name}:outgoing", name, "outgoing", 0) for name in parents]
    saved = [
        AccountSaved(
            Account(name, kind_of(name), parent, name.title(), None, AccountStatus.ACTIVE),
            0,
            ACTOR,
        )
        for name, parent in parents.items()
    ]
    await writer.submit(wallets, saved)


def kind_of(account_id: str) -> AccountKind:
    """Accounts of tests whose names begin with p are providers, with o organizations."""
    kinds = {"p": AccountKind.SERVICE_PROVIDER, "o": AccountKind.ORGANIZATION}
    return kinds.get(account_id[0], AccountKind.USER)


async def write(writer: Writer, records: Sequence[Cdr]) -> None:
    """Put records into the books as they are, without entries; their wallets are there then."""
    levels = {each.wallet_id: each.account_id for record in records for each in record.levels}
    wallets = [OpenWallet(wallet, account, "outgoing", 0) for wallet, account in levels.items()]
    await writer.submit(wallets, [CdrWritten(record) for record in records])
