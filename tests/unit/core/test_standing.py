"""Standing: what an account's status and plan mean for its running calls."""

from dataclasses import replace

import pytest

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus, Suspension
from pbxcharge.core.call import Call
from pbxcharge.core.call_events import EndOrdered, RenewalStopped
from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.plan import CallType
from pbxcharge.core.standing import WITHDRAWN, standing
from tests.fakes.granted_call import granted
from tests.fakes.plans import a_plan

ALICE = Account("alice", AccountKind.USER, "acme", "Alice", "wide", AccountStatus.ACTIVE)
ACME = Account("acme", AccountKind.ORGANIZATION, None, "Acme", "wide", AccountStatus.ACTIVE)
PLANS = {"wide": a_plan("wide"), "narrow": replace(a_plan("narrow"), allowed=frozenset())}
NOW_US = 1_790_000_000_000_000
CALL = Call(granted(), 1, 60)
NARROW = [replace(account, plan="narrow") for account in (ALICE, ACME)]


@pytest.mark.parametrize("accounts", [(NARROW[0], ACME), (ALICE, NARROW[1])])
def test_a_plan_without_the_kind_stops_renewals_at_any_level(accounts: tuple[Account, ...]) -> None:
    """The paid slice runs out, and the record says why."""
    assert standing(CALL, accounts, PLANS, NOW_US) == RenewalStopped(EndedBy.PLAN)


@pytest.mark.parametrize("by", [EndedBy.PLAN, EndedBy.STATUS, EndedBy.PRODUCT])
def test_what_was_withdrawn_and_given_back_renews(by: EndedBy) -> None:
    """Only if nobody else of its chain is still in the way."""
    stopped = replace(CALL, stopped=by)
    assert standing(stopped, (ALICE, ACME), PLANS, NOW_US) == RenewalStopped(None)
    suspended = replace(ACME, status=AccountStatus.SUSPENDED)
    expected = None if by is EndedBy.STATUS else RenewalStopped(EndedBy.STATUS)
    assert standing(stopped, (ALICE, suspended), PLANS, NOW_US) == expected


@pytest.mark.parametrize("by", sorted(set(EndedBy) - WITHDRAWN))
def test_what_ends_for_another_reason_is_left_to_it(by: EndedBy) -> None:
    """Credit that ended, or an operator's order, is not taken back by an account."""
    assert standing(replace(CALL, stopped=by), (ALICE, ACME), PLANS, NOW_US) is None


def test_blocked_goes_before_everything() -> None:
    """It ends the call now, whatever the plan says."""
    blocked = replace(NARROW[0], status=AccountStatus.BLOCKED)
    assert standing(CALL, (blocked, ACME), PLANS, NOW_US) == EndOrdered(EndedBy.STATUS)


def test_an_expired_account_renews_nothing_from_that_instant_on() -> None:
    """A microsecond before it still does; nothing is ended at once."""
    alice = replace(ALICE, expires_at_us=NOW_US)
    assert standing(CALL, (alice, ACME), PLANS, NOW_US - 1) is None
    assert standing(CALL, (alice, ACME), PLANS, NOW_US) == RenewalStopped(EndedBy.STATUS)


def test_an_organization_without_funds_renews_nothing() -> None:
    """A fee waits: what is paid is talked, until it is resumed."""
    acme = replace(ACME, suspensions=frozenset({Suspension.NO_FUNDS}))
    assert standing(CALL, (ALICE, acme), PLANS, NOW_US) == RenewalStopped(EndedBy.STATUS)


def test_a_plan_that_is_gone_or_none_changes_nothing() -> None:
    """The call keeps the price that it began with."""
    gone, none = replace(ALICE, plan="gone"), replace(ACME, plan=None)
    assert standing(CALL, (gone, none), PLANS, NOW_US) is None


def test_only_the_kind_of_the_call_counts() -> None:
    """A plan that allows public calls alone ends a local one."""
    attempt = replace(CALL.granted.attempt, call_type=CallType.LOCAL)
    local = replace(CALL, granted=replace(CALL.granted, attempt=attempt))
    assert standing(CALL, (ALICE,), PLANS, NOW_US) is None
    assert standing(local, (ALICE,), PLANS, NOW_US) == RenewalStopped(EndedBy.PLAN)
