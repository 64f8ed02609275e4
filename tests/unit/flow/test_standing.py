"""Who has a say in a running call: everybody above its payers, also without a plan."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.call import Call
from pbxcharge.core.call_events import CreditRaised, EndOrdered, RenewalStopped
from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.limits import UNLIMITED
from pbxcharge.flow.months import Months
from pbxcharge.flow.standing import review
from tests.fakes.granted_call import granted
from tests.fakes.plans import a_plan

NOW_US = 1_790_000_000_000_000
ACTIVE = AccountStatus.ACTIVE
TELCO = Account("telco", AccountKind.SERVICE_PROVIDER, None, "Telco", None, ACTIVE)
AGENT = Account("agent", AccountKind.SERVICE_PROVIDER, "telco", "Agent", None, ACTIVE)
ACME = Account("acme", AccountKind.ORGANIZATION, "agent", "Acme", None, ACTIVE)
ALICE = Account("alice", AccountKind.USER, "acme", "Alice", "basic", ACTIVE)


@dataclass
class Live:
    """A call that is metered."""

    call: Call


@dataclass
class Meter:
    """One call of alice, and what it is told."""

    told: list[Any] = field(default_factory=list)
    months: Months = field(default_factory=Months)

    def calls(self) -> Iterator[Live]:
        """The one call."""
        return iter([Live(Call(granted(), 1, 10))])

    def feed(self, call_id: str, event: Any) -> None:
        """What it is told."""
        self.told.append(event)


class Records:
    """Accounts as they are now."""

    def __init__(self, *changed: Account) -> None:
        every = (TELCO, AGENT, ACME, ALICE, *changed)
        self.known = {account.account_id: account for account in every}

    async def account(self, account_id: str) -> Account | None:
        """One of them."""
        return self.known.get(account_id)

    async def accounts(self, scope: str) -> list[Account]:
        """The account and those below it, in this one line of them."""
        line = list(self.known.values())
        return line[list(self.known).index(scope) :]


async def told(records: Records, account_id: str | None) -> list[Any]:
    """What the call is told after an account was changed."""
    meter = Meter()
    await review(meter, records, {}, NOW_US, account_id)  # type: ignore[arg-type]
    return meter.told


@pytest.mark.parametrize("above", [TELCO, AGENT, ACME, ALICE])
async def test_whoever_stands_above_a_payer_can_stop_its_calls(above: Account) -> None:
    """A service provider of any height, though it pays for nothing itself.

    Seen failing with only the payers and their organization asked in `review`.
    """
    suspended = Records(replace(above, status=AccountStatus.SUSPENDED))
    assert await told(suspended, above.account_id) == [RenewalStopped(EndedBy.STATUS)]
    blocked = Records(replace(above, status=AccountStatus.BLOCKED))
    assert await told(blocked, None) == [EndOrdered(EndedBy.STATUS)]


async def test_calls_of_others_are_left_alone() -> None:
    """Everybody is active, or the one who is not stands elsewhere."""
    assert await told(Records(), None) == []
    other = replace(TELCO, account_id="other", status=AccountStatus.BLOCKED)
    assert await told(Records(other), "other") == []


async def test_a_call_is_told_when_the_plan_in_force_leaves_it_more_of_a_month() -> None:
    """Postpaid while it runs, then with a higher limit, then prepaid again; each tells it once."""
    meter, basic = Meter(), a_plan("basic")
    for monthly, heard in ((10, 0), (20, 1), (20, 1), (None, 2), (None, 2)):
        plans = {"basic": replace(basic, monthly_limit_micros=monthly)}
        await review(meter, Records(), plans, NOW_US)  # type: ignore[arg-type]
        limits = meter.months.limits(granted().levels[0], UNLIMITED)
        assert limits.monthly_limit_micros == monthly
        assert meter.told == [CreditRaised()] * heard
