"""Values as JSON documents: money as decimal strings, instants as ISO 8601 in UTC."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.authorization import Denial
from pbxcharge.core.call import Call
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.credit import Wallet
from pbxcharge.core.instant import utc
from pbxcharge.core.ledger import Entry
from pbxcharge.core.limits import Activity, Limits
from pbxcharge.core.money import format_amount
from pbxcharge.core.price import charge_micros
from pbxcharge.core.reservation import is_bounded
from pbxcharge.flow.journal import held_micros, paid_through_us

Document = dict[str, Any]


def instant(at_us: int | None) -> str | None:
    """Microseconds since the epoch as text: 0 is 1970-01-01T00:00:00.000000Z."""
    if at_us is None:
        return None
    return utc(at_us).isoformat(timespec="microseconds").replace("+00:00", "Z")


def money(micros: int | None) -> str | None:
    """An amount as decimal text, where there is one."""
    return None if micros is None else format_amount(micros)


def account_document(
    account: Account,
    wallets: Iterable[Wallet],
    extensions: Iterable[Extension],
    currency: str,
) -> Document:
    """An account with its wallets and phones."""
    return {
        "account_id": account.account_id,
        "kind": str(account.kind),
        "parent_id": account.parent_id,
        "name": account.name,
        "plan": account.plan,
        "status": str(account.status),
        "code": account.code,
        "time_zone": account.time_zone,
        "product": account.product,
        "managed_by": account.managed_by,
        "suspended_for": sorted(map(str, account.suspensions)),
        "expires_at": instant(account.expires_at_us),
        "discounts": [own.name for own in account.discounts],
        "wallets": [wallet_document(each, currency) for each in wallets if not each.closed],
        "extensions": [extension_document(extension) for extension in extensions],
    }


def wallet_document(wallet: Wallet, currency: str) -> Document:
    """A wallet: what is in it, what live calls hold of it, what is left; null is no bound."""
    bounded = is_bounded(wallet)
    return {
        "wallet_id": wallet.wallet_id,
        "kind": wallet.kind,
        "currency": currency,
        "balance": format_amount(wallet.balance_micros),
        "held": format_amount(wallet.held_micros),
        "credit_limit": format_amount(-wallet.floor_micros) if bounded else None,
        "available": format_amount(wallet.available_micros) if bounded else None,
        "live_calls": wallet.calls,
    }


def month_document(limit_micros: int, used_micros: int, left_micros: int, from_us: int) -> Document:
    """What an account may spend in a calendar month, and what is charged or held of it."""
    return {
        "from": instant(from_us),
        "limit": format_amount(limit_micros),
        "used": format_amount(used_micros),
        "left": format_amount(left_micros),
    }


def limits_document(limits: Limits, activity: Activity, now_us: int) -> Document:
    """What counts for each limit of an account now, and the limit; null is none."""
    hour, day = activity.hour.sum_at(now_us), activity.day.sum_at(now_us)
    spending = {
        "spend_per_hour": (activity.held_micros + hour, limits.spend_per_hour_micros),
        "spend_per_day": (activity.held_micros + day, limits.spend_per_day_micros),
    }
    starts = activity.starts.sum_at(now_us)
    return {
        "concurrent_calls": {"now": activity.calls, "most": limits.concurrent_calls},
        "calls_per_minute": {"now": starts, "most": limits.calls_per_minute},
        **{
            name: {
                "now": format_amount(now),
                "most": money(most),
            }
            for name, (now, most) in spending.items()
        },
    }


def extension_document(extension: Extension) -> Document:
    """A phone."""
    return {
        "endpoint": extension.endpoint,
        "number": extension.number,
        "account_id": extension.account_id,
    }


def did_document(did: Did) -> Document:
    """A number of the public network."""
    return {
        "number": did.number,
        "account_id": did.account_id,
        "endpoint": did.endpoint,
        "context": did.context,
    }


def entry_document(entry: Entry, currency: str, balance_micros: int | None = None) -> Document:
    """A ledger entry, and the wallet's balance after it, where that is known."""
    return {
        "id": entry.entry_id,
        "at": instant(entry.at_us),
        "wallet_id": entry.wallet_id,
        "kind": str(entry.kind),
        "amount": format_amount(entry.amount_micros),
        "balance": money(balance_micros),
        "currency": currency,
        "call_id": entry.call_id,
        "reverses": entry.reverses,
        "actor": entry.actor,
        "note": entry.note,
    }


def call_document(call: Call, talk_s: int | None, currency: str) -> Document:
    """A call that runs; `talk_s` is None where nobody measures it."""
    granted = call.granted
    attempt, own = granted.attempt, granted.rating.levels[0]
    return {
        "call_id": call.call_id,
        "account_id": attempt.account_id,
        "organization_id": attempt.organization_id,
        "endpoint": attempt.endpoint,
        "number": attempt.number,
        "call_type": str(attempt.call_type),
        "direction": attempt.direction,
        "caller_number": attempt.caller_number,
        "destination": own.rate.destination,
        "type": str(attempt.call_type),
        "phase": str(call.phase),
        "setup_at": instant(attempt.setup_at_us),
        "answered_at": instant(call.answered_at_us),
        "talk_s": talk_s,
        "cost": None if talk_s is None else format_amount(charge_micros(call.own_price, talk_s)),
        "paid_s": call.through_s,
        "paid_through": instant(paid_through_us(call)),
        "held": format_amount(held_micros(call)),
        "currency": currency,
        "warned": call.warned,
        "ends_because": call.stopped and str(call.stopped),
    }


def cdr_document(cdr: Cdr) -> Document:
    """The record of one attempt, without its lines, slices and coverage."""
    document = asdict(cdr)
    for name in ("setup_at", "answered_at", "ended_at"):
        document[name] = instant(document.pop(f"{name}_us"))
    del document["lines"], document["slices"], document["coverage"]
    document["charge"] = format_amount(document.pop("charge_micros"))
    document["cost"] = money(document.pop("cost_micros"))
    for level in document["levels"]:
        level["charge"] = format_amount(level.pop("charge_micros"))
    return document


def denial_document(denial: Denial) -> Document:
    """Why a call would be refused, and what the caller's phone would be told."""
    return {
        "reason": str(denial.reason),
        "refused_by": denial.account_id,
        "number": denial.number,
        "call_type": str(denial.call_type),
        "sip_code": denial.sip_code,
        "feature": denial.feature and str(denial.feature),
        "product": denial.source,
    }


def running_balances(balance_micros: int, newest_first: Sequence[Entry]) -> list[int]:
    """The balance after each entry of one wallet, from the one it has now: 5 after +3, 2 before."""
    after = []
    for entry in newest_first:
        after.append(balance_micros)
        balance_micros -= entry.amount_micros
    return after
