"""The end of an account: what it and those below it have ends with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Protocol

from pbxcharge.core.account import Account
from pbxcharge.core.effects import AccountSaved, Effect
from pbxcharge.flow.assigned_records import AssignedRecords
from pbxcharge.flow.assigning import Stamp, all_ended

NOBODY: Final[Mapping[str, Account]] = MappingProxyType({})


class Belongings(Protocol):
    """What accounts have."""

    @property
    def subscriptions(self) -> AssignedRecords:
        """What they were assigned."""
        ...

    async def accounts(self, scope: str | None) -> Sequence[Account]:
        """The accounts of a subtree."""
        ...


async def closing(
    records: Belongings, closed: Account, stamp: Stamp, changed: Mapping[str, Account] = NOBODY
) -> list[Effect]:
    """What is written when an account closes, beside itself.

    Products end, and subscriptions with what that costs; so do those of the accounts below.

    Args:
        records: what is committed: the account is not closed there yet.
        closed: the account as it is from now on.
        stamp: when, and by whom.
        changed: accounts that change in the same transaction, as they are from now on.
    """
    accounts = await records.accounts(closed.account_id)
    names = [account.account_id for account in accounts]
    subscriptions = await records.subscriptions.of_accounts(names)
    effects: list[Effect] = []
    for account in accounts:
        effects += all_ended(account, subscriptions, stamp)
        if account.product is not None:
            left = {**changed, closed.account_id: closed}.get(account.account_id, account)
            bare = replace(left, product=None)
            effects.append(AccountSaved(bare, stamp.at_us, stamp.actor))
    return effects
