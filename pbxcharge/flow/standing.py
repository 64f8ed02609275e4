"""What a changed status means for the calls that run."""

from collections.abc import Iterable
from typing import Protocol

from pbxcharge.core.account import Account, AccountStatus
from pbxcharge.flow.records import Records


class LiveCalls(Protocol):
    """Who meters the calls."""

    def account_changed(self, account_id: str, status: AccountStatus) -> None:
        """The calls that an account pays for may from now on do more, or less."""
        ...


async def obey(meter: LiveCalls, records: Records, account_ids: Iterable[str]) -> None:
    """Tell calls that were just taken up which of their accounts are stopped.

    The status may have changed while nobody metered them, or in the instant before a crash.
    """
    for account_id in account_ids:
        account = await records.account(account_id)
        if account is not None and account.status is not AccountStatus.ACTIVE:
            meter.account_changed(account_id, account.status)


async def stand(meter: LiveCalls, records: Records, account: Account) -> None:
    """Tell the running calls of an account what it may do now; its status is durable already.

    An account that is active again frees its calls only where nobody else of their chain is
    stopped: so everybody above and below who is not active is told once more.
    """
    meter.account_changed(account.account_id, account.status)
    if account.status is not AccountStatus.ACTIVE:
        return
    above = await records.account(account.parent_id) if account.parent_id else None
    for other in (above, *await records.accounts(account.account_id)):
        if other is not None and other.status is not AccountStatus.ACTIVE:
            meter.account_changed(other.account_id, other.status)
