"""Quotes: the price of a call that has not been made."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.authorization import Denial, Reason
from pbxcharge.core.circumstances import Circumstances
from pbxcharge.core.credit import Wallet
from pbxcharge.core.limits import IDLE, UNLIMITED, Limits
from pbxcharge.core.money import AMOUNT_MAX_MICROS
from pbxcharge.core.plan import CallType, Terms
from pbxcharge.core.quotation import (
    Bound,
    Credit,
    Quote,
    credit_of,
    level_talk_for,
    quote,
    talk_for,
)
from pbxcharge.core.resolution import Route
from pbxcharge.core.tariff import Prefixes, Tariff
from tests.fakes.granted_call import a_rate
from tests.fakes.plans import a_plan

NOW = Circumstances(1_790_000_000)
GERMANY = Route(CallType.PUBLIC, "4930123456")
ACME = Account("acme", AccountKind.ORGANIZATION, None, "Acme", "wholesale", AccountStatus.ACTIVE)
ALICE = Account("alice", AccountKind.USER, "acme", "Alice", "retail", AccountStatus.ACTIVE)
RETAIL = a_plan("retail")
HALF = Tariff((a_rate(price_per_minute=Fraction(3, 10)),))
WHOLESALE = replace(a_plan("wholesale"), tariffs={CallType.PUBLIC: HALF})
PLANS = {"retail": RETAIL, "wholesale": WHOLESALE}


def quoted(talk_s: int, chain: tuple[Account, ...] = (ALICE, ACME)) -> Quote:
    """A quote that is not refused."""
    answer = quote(GERMANY, talk_s, chain, PLANS, NOW)
    assert isinstance(answer, Quote)
    return answer


def test_every_level_has_its_own_price() -> None:
    """61 s: alice pays 66 s at 0.60 a minute, acme 61 s at 0.30."""
    answer = quoted(61)
    assert [level.account_id for level in answer.levels] == ["alice", "acme"]
    assert [level.charge.total_micros for level in answer.levels] == [660_000, 305_000]
    assert answer.route == GERMANY


def test_a_quote_says_what_must_be_there_to_begin() -> None:
    """The first block of 60 s at 0.60 a minute, however short the call is to be."""
    assert quoted(1).least_micros == 600_000


def test_a_call_that_would_be_cut_before_is_priced_until_then() -> None:
    """With a limit of 2 minutes an hour costs 1.20."""
    short = replace(RETAIL, terms=Terms(call_max_s=120))
    answer = quote(GERMANY, 3600, (ALICE,), {"retail": short}, NOW)
    assert isinstance(answer, Quote)
    assert (answer.talk_s, answer.limit_s) == (120, 120)
    assert answer.levels[0].charge.total_micros == 1_200_000


@pytest.mark.parametrize(
    ("own", "above", "refused"),
    [
        ({"price_per_minute_max": Fraction(59, 100)}, {}, (Reason.PRICE_TOO_HIGH, "alice")),
        ({}, {"price_per_minute_max": Fraction(29, 100)}, (Reason.PRICE_TOO_HIGH, "acme")),
        ({"barred": Prefixes(frozenset({"493"}))}, {}, (Reason.DESTINATION_FORBIDDEN, "alice")),
        ({}, {"barred": Prefixes(frozenset({"49"}))}, (Reason.DESTINATION_FORBIDDEN, "acme")),
    ],
)
def test_what_a_plan_does_not_allow_is_refused_at_its_level(
    own: dict[str, Any], above: dict[str, Any], refused: tuple[Reason, str]
) -> None:
    """Too dear, or a high-risk destination, for the user or for the organization above."""
    plans = {"retail": replace(RETAIL, **own), "wholesale": replace(WHOLESALE, **above)}
    answer = quote(GERMANY, 60, (ALICE, ACME), plans, NOW)
    assert isinstance(answer, Denial)
    assert (answer.reason, answer.account_id) == refused


def test_a_price_as_high_as_the_limit_is_allowed() -> None:
    """0.60 a minute where 0.60 is the most, and any price where there is no limit."""
    for limit in (Fraction(60, 100), None):
        retail = replace(RETAIL, price_per_minute_max=limit)
        assert isinstance(quote(GERMANY, 60, (ALICE,), {"retail": retail}, NOW), Quote)


def test_a_forbidden_number_is_so_before_it_has_no_price() -> None:
    """The organization has no price, the user's plan bars it: destination_forbidden comes first."""
    barred = replace(RETAIL, barred=Prefixes(frozenset({"49"})))
    plans = {"retail": barred, "wholesale": replace(WHOLESALE, tariffs={})}
    answer = quote(GERMANY, 60, (ALICE, ACME), plans, NOW)
    assert isinstance(answer, Denial)
    assert answer.reason is Reason.DESTINATION_FORBIDDEN


def test_a_call_that_would_be_refused_is_not_priced() -> None:
    """The reason is that of the authorization itself."""
    suspended = replace(ALICE, status=AccountStatus.SUSPENDED)
    answer = quote(GERMANY, 60, (suspended, ACME), PLANS, NOW)
    assert isinstance(answer, Denial)
    assert answer.reason is Reason.ACCOUNT_SUSPENDED


def test_credit_lasts_in_whole_blocks() -> None:
    """1.00 at 0.01 a second, 60/6, is 96 s; 0.50 of acme at half of that, by the second, 100 s."""
    answer = quoted(60)
    assert talk_for(answer, [1_000_000, None]) == 96
    assert talk_for(answer, [None, 500_000]) == 96
    assert (level_talk_for(answer, 0, 1_000_000), level_talk_for(answer, 1, 500_000)) == (96, 100)


def test_the_level_with_the_least_talk_ends_the_call() -> None:
    """Alice could talk 1000 s, acme 66 s: one block of 60 s and one of 6 s of her own."""
    assert talk_for(quoted(60), [10_000_000, 333_333]) == 66


def test_who_cannot_begin_does_not_talk() -> None:
    """60 s must be there at every level: 0.60 and 0.30; less than nothing is nothing."""
    answer = quoted(60)
    assert [level.least_micros for level in answer.levels] == [600_000, 300_000]
    assert talk_for(answer, [599_999, None]) == talk_for(answer, [None, 299_999]) == 0
    assert talk_for(answer, [-5, None]) == level_talk_for(answer, 0, -5) == 0


def test_credit_without_end_lasts_as_long_as_the_plan_lets_it() -> None:
    """Four hours, where nothing else is said."""
    answer = quoted(60)
    assert talk_for(answer, [None, None]) == level_talk_for(answer, 0, None) == 4 * 3600


def test_a_call_that_costs_nothing_needs_no_credit() -> None:
    """Also where the wallet is below zero."""
    free = replace(
        RETAIL, tariffs={CallType.PUBLIC: Tariff((a_rate(price_per_minute=Fraction(0)),))}
    )
    answer = quote(GERMANY, 60, (ALICE,), {"retail": free}, NOW)
    assert isinstance(answer, Quote)
    assert talk_for(answer, [-1]) == 4 * 3600


def test_the_least_of_wallet_month_and_spending_is_what_can_be_spent() -> None:
    """8.00 in the wallet, 5.00 of the hour, 3.00 of the month: whichever is least bounds it."""
    wallet = Wallet("alice:outgoing", "alice", "outgoing", balance_micros=8_000_000)
    spending = Limits(None, None, spend_per_hour_micros=5_000_000, spend_per_day_micros=None)
    monthly = replace(spending, monthly_limit_micros=3_000_000)
    known = IDLE.with_month(0, 0)
    assert credit_of(wallet, UNLIMITED, IDLE, None, 0) == Credit(8_000_000, Bound.WALLET)
    assert credit_of(wallet, spending, IDLE, None, 0) == Credit(5_000_000, Bound.LIMIT_OF_SPENDING)
    assert credit_of(wallet, monthly, known, 0, 0) == Credit(3_000_000, Bound.MONTHLY_LIMIT)


def test_a_wallet_that_is_never_empty_bounds_nothing_and_none_has_nothing() -> None:
    """An unlimited plan's wallet; an account without the wallet cannot begin a call that costs."""
    endless = Wallet("alice:outgoing", "alice", "outgoing", floor_micros=-AMOUNT_MAX_MICROS)
    assert credit_of(endless, UNLIMITED, IDLE, None, 0) == Credit(None, Bound.NOTHING)
    assert credit_of(None, UNLIMITED, IDLE, None, 0) == Credit(0, Bound.WALLET)
    overdrawn = replace(endless, floor_micros=0, balance_micros=-1)
    assert credit_of(overdrawn, UNLIMITED, IDLE, None, 0) == Credit(0, Bound.WALLET)
