"""What a plan says for itself: which wallet pays, and what each begins with."""

from dataclasses import replace

import pytest

from pbxcharge.core.account_kinds import WalletKind
from pbxcharge.core.money import AMOUNT_MAX_MICROS, MICROS
from pbxcharge.core.plan import CallType, PlanKind, WalletPolicy
from tests.fakes.plans import a_plan

PLAN = a_plan("plan", initial_credit_micros=10_000_000)


@pytest.mark.parametrize("call_type", CallType)
def test_separate_wallets_pay_each_for_its_direction(call_type: CallType) -> None:
    """What comes from outside is paid by the incoming wallet, everything else by the outgoing."""
    incoming = call_type is CallType.INCOMING
    assert PLAN.pays_from(call_type) is (WalletKind.INCOMING if incoming else WalletKind.OUTGOING)


@pytest.mark.parametrize("call_type", CallType)
def test_a_shared_wallet_pays_for_everything(call_type: CallType) -> None:
    """And begins with the credit for outgoing calls."""
    shared = replace(PLAN, wallets=WalletPolicy.SHARED, initial_incoming_micros=2_000_000)
    assert shared.pays_from(call_type) is WalletKind.SHARED
    assert shared.wallets.kinds == (WalletKind.SHARED,)
    assert shared.initial_micros(WalletKind.SHARED) == 10_000_000


def test_what_is_paid_later_is_not_bounded_by_a_balance() -> None:
    """Postpaid and unlimited wallets of either direction may be spent below any credit limit."""
    owing = replace(PLAN, kind=PlanKind.POSTPAID, monthly_limit_micros=50 * MICROS)
    for plan in (owing, replace(PLAN, kind=PlanKind.UNLIMITED)):
        assert {plan.floor_micros(kind) for kind in WalletKind} == {-AMOUNT_MAX_MICROS}
    assert owing.account_limits == replace(PLAN.limits, monthly_limit_micros=50 * MICROS)
    assert PLAN.account_limits == PLAN.limits
