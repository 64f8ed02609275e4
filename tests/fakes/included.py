"""An exchange whose user has a product with included talk.

One second of talk costs 0.01; the product includes talk for 0.04 in a month, so 4 s.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.assigned_product import AssignedProduct, ProductKind
from pbxcharge.core.effects import AccountSaved, Effect, ProductAssigned
from pbxcharge.store import open_store
from tests.exchange import Exchange, exchange
from tests.fakes.recording_logger import RecordingLogger

FREE_S = 4
PRODUCT = """
name: phones
visible_name: Phones
type: main
currency: EUR
managed_by: site
services: [voice_calls]
usage:
  - {service: voice_calls, plan: seconds}
included:
  - {name: talk, visible_name: SmartMinutes, amount: 0.04}
"""


@asynccontextmanager
async def including(credit: str, *, serve: bool = True) -> AsyncIterator[Exchange]:
    """Alice has the product, and some credit."""
    async with exchange({"alice": credit}, serve=False) as x:
        (x.site.folder / "products" / "phones.yaml").write_text(PRODUCT)
        await assign(x)
        if serve:
            await x.serve()
        yield x


async def assign(x: Exchange) -> None:
    """The product is Alice's main product, since the beginning."""
    user, active = AccountKind.USER, AccountStatus.ACTIVE
    alice = Account("alice", user, "acme", "alice", "seconds", active, product="phones")
    having = AssignedProduct("a-1", "phones", ProductKind.MAIN, 0, None)
    path, log = x.site.database, RecordingLogger()
    async with open_store(path, currency="EUR", node="pbx1", log=log) as store:
        effects: list[Effect] = [
            AccountSaved(alice, 0, "test"),
            ProductAssigned("alice", having, 0, "test"),
        ]
        await store.writer.submit((), effects)
