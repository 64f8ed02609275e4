"""What a plan says for itself: which wallet pays, and what each begins with."""

from dataclasses import replace

import pytest

from pbxcharge.core.account import WalletKind
from pbxcharge.core.plan import CallType, WalletPolicy
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
