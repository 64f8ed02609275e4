"""Money acts: each moves money once, says its balance, and refuses what cannot be."""

import asyncio

import pytest

from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.money import AMOUNT_MAX_MICROS
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.office import Office
from pbxcharge.flow.refunds import Refunding
from pbxcharge.flow.till import MoneyAct, Moved
from pbxcharge.store import Store
from tests.fakes.granted_call import granted
from tests.fakes.small_site import ALICE, talk, two_levels, unanswered

EUR = 1_000_000


def moved(act: MoneyAct) -> Moved:
    """What an act did, which was done."""
    assert isinstance(act, Done), act
    return act.result


def refusal(act: MoneyAct) -> Refusal:
    """Why an act was declined."""
    assert isinstance(act, Declined), act
    return act.refusal


@pytest.fixture
async def rich(office: Office) -> Office:
    """Alice has 10.00."""
    await office.cashier.top_up("payment", "alice", 10 * EUR, "", "uid:0")
    return office


async def test_a_top_up_adds_and_says_the_balance(rich: Office) -> None:
    """2.50 on 10.00 is 12.50; the entry has id, note and actor."""
    done = moved(await rich.cashier.top_up("p-2", "alice", 2_500_000, "cash", "uid:7"))
    assert done.balance_micros == 12_500_000
    assert (done.entry.entry_id, done.entry.note, done.entry.actor) == ("p-2", "cash", "uid:7")


async def test_the_same_id_twice_is_already_done(rich: Office, store: Store) -> None:
    """By whomever, whenever; the balance stays."""
    again = await rich.cashier.top_up("payment", "alice", 10 * EUR, "", "uid:9")
    assert isinstance(again, Done) and again.already
    assert again.result.balance_micros == 10 * EUR
    assert len(await store.queries.ledger("alice")) == 1


@pytest.mark.parametrize(("amount", "note"), [(11 * EUR, ""), (10 * EUR, "other")])
async def test_the_same_id_with_other_content_is_declined(
    rich: Office, amount: int, note: str
) -> None:
    """And the message says whose id it is."""
    act = await rich.cashier.top_up("payment", "alice", amount, note, "uid:0")
    assert refusal(act) is Refusal.ID_TAKEN
    assert isinstance(act, Declined) and "top_up of 10.00 EUR on alice:outgoing" in act.message


async def test_an_adjustment_cannot_take_a_top_ups_id(rich: Office) -> None:
    """An id stands for one command of one kind."""
    act = await rich.cashier.adjust("payment", "alice", 10 * EUR, "x", "uid:0")
    assert refusal(act) is Refusal.ID_TAKEN


@pytest.mark.parametrize("amount", [0, -1])
async def test_a_top_up_of_nothing_or_less_is_declined(rich: Office, amount: int) -> None:
    """Taking away is an adjustment, which needs a reason."""
    act = await rich.cashier.top_up("p-2", "alice", amount, "", "uid:0")
    assert refusal(act) is Refusal.AMOUNT_INVALID


async def test_an_adjustment_may_take_away_also_below_zero(rich: Office) -> None:
    """10.00 less 12.00 is -2.00."""
    done = moved(await rich.cashier.adjust("a-1", "alice", -12 * EUR, "typo", "uid:0"))
    assert done.balance_micros == -2 * EUR


@pytest.mark.parametrize(
    ("amount", "note", "why"),
    [(0, "x", Refusal.AMOUNT_INVALID), (1, " ", Refusal.NOTE_MISSING)],
)
async def test_an_adjustment_needs_an_amount_and_a_reason(
    rich: Office, amount: int, note: str, why: Refusal
) -> None:
    """By name."""
    assert refusal(await rich.cashier.adjust("a-1", "alice", amount, note, "uid:0")) is why


@pytest.mark.parametrize(
    ("account_id", "why"),
    [("nobody", Refusal.UNKNOWN_ACCOUNT), ("acme", Refusal.NO_WALLET)],
)
async def test_money_goes_only_into_a_wallet(office: Office, account_id: str, why: Refusal) -> None:
    """An account without a plan has none."""
    act = await office.cashier.top_up("p-1", account_id, EUR, "", "uid:0")
    assert refusal(act) is why


@pytest.mark.parametrize("entry_id", ["", "charge:x:alice:outgoing", "a b", "x" * 65, "-x"])
async def test_the_systems_own_ids_cannot_be_chosen(office: Office, entry_id: str) -> None:
    """An id like `charge:…` would keep a call from being settled for ever."""
    act = await office.cashier.top_up(entry_id, "alice", EUR, "", "uid:0")
    assert refusal(act) is Refusal.NAME_INVALID


@pytest.mark.parametrize("note", ["two\nlines", "x" * 501])
async def test_a_note_is_one_line(office: Office, note: str) -> None:
    """It is printed in tables."""
    act = await office.cashier.top_up("p-1", "alice", EUR, note, "uid:0")
    assert refusal(act) is Refusal.NAME_INVALID


async def test_a_balance_stays_within_bounds(rich: Office) -> None:
    """10^12 units on top of 10.00 is more than the books hold."""
    act = await rich.cashier.top_up("p-2", "alice", AMOUNT_MAX_MICROS, "", "uid:0")
    assert refusal(act) is Refusal.OUT_OF_BOUNDS


async def test_a_closed_account_takes_no_top_up_but_a_correction(rich: Office) -> None:
    """What is left must be settled somehow."""
    await rich.provisioning.set_status("alice", AccountStatus.CLOSED, "uid:0")
    act = await rich.cashier.top_up("p-2", "alice", EUR, "", "uid:0")
    assert refusal(act) is Refusal.ACCOUNT_CLOSED
    paid_out = await rich.cashier.adjust("a-1", "alice", -10 * EUR, "paid out", "uid:0")
    assert moved(paid_out).balance_micros == 0


async def test_a_refund_gives_back_the_charge(rich: Office, store: Store) -> None:
    """8 s at 0.01 were 0.08; the entry names the charge and the call."""
    await talk(store.writer, granted("call-1"), 8)
    done = moved(
        await rich.refunds.give_back(Refunding("r-1", "call-1", None, None, "bad line"), "uid:0")
    )
    assert (done.entry.amount_micros, done.balance_micros) == (80_000, 10 * EUR)
    assert done.entry.reverses == f"charge:call-1:{ALICE}"


async def test_of_two_refunds_at_once_only_one_passes(rich: Office, store: Store) -> None:
    """Both ask for all that is left, before either is written; decided in the writer's turn."""
    await talk(store.writer, granted("call-1"), 8)
    acts = await asyncio.gather(
        *(
            rich.refunds.give_back(Refunding(f"r-{n}", "call-1", None, None, ""), "uid:0")
            for n in range(5)
        )
    )
    assert sum(isinstance(act, Done) for act in acts) == 1
    wallet, _ = await store.queries.wallets(["alice"])
    assert wallet.balance_micros == 10 * EUR


async def test_a_refund_too_high_says_what_is_left(rich: Office, store: Store) -> None:
    """0.05 of 0.08 given back leaves 0.03."""
    await talk(store.writer, granted("call-1"), 8)
    await rich.refunds.give_back(Refunding("r-1", "call-1", None, 50_000, ""), "uid:0")
    act = await rich.refunds.give_back(Refunding("r-2", "call-1", None, 40_000, ""), "uid:0")
    assert refusal(act) is Refusal.REFUND_TOO_HIGH
    assert isinstance(act, Declined) and act.message.startswith("0.03 EUR is left")


async def test_each_levels_charge_is_refunded_by_itself(rich: Office, store: Store) -> None:
    """The organization's share goes back to the organization."""
    await rich.provisioning.set_plan("acme", "welcome", "uid:0")
    await talk(store.writer, two_levels("call-1"), 8)
    done = moved(
        await rich.refunds.give_back(Refunding("r-1", "call-1", "acme", None, ""), "uid:0")
    )
    assert (done.entry.wallet_id, done.entry.amount_micros) == ("acme:outgoing", 40_000)


async def test_what_cost_nothing_cannot_be_refunded(rich: Office, store: Store) -> None:
    """An unanswered call, and a level that did not pay."""
    await unanswered(store.writer, granted("unanswered"))
    act = await rich.refunds.give_back(Refunding("r-1", "unanswered", None, None, ""), "uid:0")
    assert refusal(act) is Refusal.NOTHING_CHARGED
    await talk(store.writer, granted("call-1"), 8)
    act = await rich.refunds.give_back(Refunding("r-1", "call-1", "acme", None, ""), "uid:0")
    assert refusal(act) is Refusal.NOTHING_CHARGED


@pytest.mark.parametrize(
    ("call_id", "amount", "why"),
    [("nix", None, Refusal.UNKNOWN_CALL), ("nix", 0, Refusal.AMOUNT_INVALID)],
)
async def test_a_refund_needs_a_call_and_an_amount_above_zero(
    rich: Office, call_id: str, amount: int | None, why: Refusal
) -> None:
    """By name."""
    assert (
        refusal(await rich.refunds.give_back(Refunding("r-1", call_id, None, amount, ""), "uid:0"))
        is why
    )
