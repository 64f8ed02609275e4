"""Who may not call, and what the caller's phone and the books are told."""

import pytest

from tests.asterisk.metered import ANSWERS, Metered
from tests.asterisk.two_second_plans import (
    Money,
)


async def test_no_credit_is_402(metered: Metered) -> None:
    """Payment Required, no call leaves, nothing is held, and the record says why.

    0.01 is not enough for one block of 0.02. Seen failing with a budget in `credit._budget_micros`
    that does not look at what is available.
    """
    payer = await metered.payer("0.01")
    number = metered.number()
    metered.asterisk.carrier.plan(number, ANSWERS)
    call = payer.dial(f"00{number}")
    assert (await call.trace.until_over()).final_code == 402
    assert metered.asterisk.carrier.legs(number) == []
    (cdr,) = await payer.cdrs_when(1)
    assert (cdr["disposition"], cdr["reason"]) == ("NOT ALLOWED", "not_enough_credit")
    assert (cdr["charge"], cdr["number"], cdr["answered_at"]) == ("0.00", number, None)
    assert await payer.money() == Money("0.01", "0.00", "0.01")
    assert await payer.ledger() == [("top_up", "0.01")]


async def test_a_phone_that_nobody_owns_is_403(metered: Metered) -> None:
    """No account, no call, whatever number; the log names the endpoint."""
    phone = await metered.asterisk.handset()
    number = metered.number()
    metered.asterisk.carrier.plan(number, ANSWERS)
    assert (await phone.call(f"00{number}").trace.until_over()).final_code == 403
    told = await metered.site.log.wait("refused", endpoint=phone.name)
    assert told["reason"] == "unknown_account"
    assert metered.asterisk.carrier.legs(number) == []


@pytest.mark.parametrize("status", ["suspended", "blocked", "expired", "closed"])
async def test_an_account_that_is_not_active_is_403(metered: Metered, status: str) -> None:
    """Credit does not help."""
    payer = await metered.payer("1.00")
    await payer.set_status(status)
    call = payer.dial(f"00{metered.number()}")
    assert (await call.trace.until_over()).final_code == 403
    (cdr,) = await payer.cdrs_when(1)
    assert cdr["reason"] == f"account_{status}"


@pytest.mark.parametrize(
    "dialled",
    [
        "0044x20794", "0044&112", "0044,20,1", "0044;20", "0044%2c20", "0044'20", "0044$20",
        "44207946", "00", "0044207946000012345",
    ],
)  # fmt: skip
async def test_what_is_no_number_is_404(metered: Metered, dialled: str) -> None:
    """Letters and signs would be read by the dialplan; the rest fits no rule of the site.

    Seen failing without the dialplan's comparison of lengths: `0044x20794` was called as 44 20794.
    """
    payer = await metered.payer("1.00")
    call = payer.dial(dialled)
    assert (await call.trace.until_over()).final_code == 404
    assert metered.site.log.find("authorized", account=payer.account_id) == []
    assert await payer.money() == Money("1.00", "0.00", "1.00")


async def test_anothers_name_does_not_make_another_pay(metered: Metered) -> None:
    """Who calls with the rich colleague's name as caller ID is asked for credit of his own.

    Seen failing with `CALLERID(num)` for `CHANNEL(endpoint)` in the dialplan's question.
    """
    rich = await metered.payer("1.00")
    poor = await metered.payer(name=rich.phone.name)
    call = poor.dial(f"00{metered.number()}")
    assert (await call.trace.until_over()).final_code == 402
    (cdr,) = await poor.cdrs_when(1)
    assert (cdr["account_id"], cdr["reason"]) == (poor.account_id, "not_enough_credit")
    assert await rich.cdrs() == []
