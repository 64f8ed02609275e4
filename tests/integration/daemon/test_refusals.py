"""Refusals of the real daemon: their order, what the phone is told, and the record of each."""

from tests.exchange import PLAN, UK, Exchange, exchange
from tests.fakes.until import until

FORBIDDEN, NO_RATE, INVALID = "00449098790000", "0012125550100", "12"
PLAN_WITH_PREMIUM = (
    PLAN + "    - {destination: Premium, prefixes: [449], status: forbidden}\n"
)  # fmt: skip


async def refusal(x: Exchange, phone: str, number: str = UK) -> tuple[str, int]:
    """The reason in the record of an attempt, and what its phone was told."""
    call = await x.ask(phone, number)
    assert call.sip_code is not None, call.verdict
    told = x.site.log.find("refused", endpoint=phone, dialled=number)[-1]
    # The record is written beside the answer: nobody waits for it, and it never comes twice.
    await until(lambda: x.records(call))
    record = x.record(call)
    assert (record["disposition"], record["charge_micros"]) == ("NOT ALLOWED", 0)
    assert told["reason"] == record["reason"]
    return record["reason"], call.sip_code


def refused_by(x: Exchange) -> list[str | None]:
    """Whose level refused each attempt, by their records, the first one first."""
    found = x.rows("SELECT refused_by FROM cdr ORDER BY setup_at_us")
    return [row["refused_by"] for row in found]


async def test_first_reason_of_the_fixed_order_is_told() -> None:
    """Each row has everything wrong that the later rows have, and is refused for its own reason.

    Seen failing with the number judged before the status in core.authorization.
    """
    async with exchange({"alice": "0.00"}, plan=PLAN_WITH_PREMIUM) as x:
        assert await refusal(x, "nobody", INVALID) == ("unknown_account", 403)
        assert await refusal(x, "alice", UK) == ("not_enough_credit", 402)
        assert await refusal(x, "alice", FORBIDDEN) == ("destination_forbidden", 403)
        assert await refusal(x, "alice", NO_RATE) == ("no_rate", 404)
        assert await refusal(x, "alice", INVALID) == ("number_invalid", 404)
        for status in ("suspended", "blocked", "expired", "closed"):
            await x.act("/accounts/status", account_id="alice", status=status)
            assert await refusal(x, "alice", INVALID) == (f"account_{status}", 403)


async def test_own_status_goes_before_that_of_the_organization() -> None:
    """Itself, then its parents; a suspended organization refuses all its users."""
    async with exchange({"alice": "1.00", "bob": "1.00"}) as x:
        await x.act("/accounts/status", account_id="acme", status="blocked")
        await x.act("/accounts/status", account_id="alice", status="suspended")
        assert await refusal(x, "alice") == ("account_suspended", 403)
        assert await refusal(x, "bob") == ("account_blocked", 403)
        assert refused_by(x) == ["alice", "acme"]


async def test_a_record_says_whose_credit_refused_the_call() -> None:
    """Alice has 1.00; her organization, which pays by a plan of its own, has nothing.

    Seen failing (no account) with the account left out of `refused_cdr` in flow.authorize.
    """
    async with exchange({"alice": "1.00"}) as x:
        await x.act("/accounts/plan", account_id="acme", plan="seconds")
        assert await refusal(x, "alice") == ("not_enough_credit", 402)
        assert await refusal(x, "nobody") == ("unknown_account", 403)
        assert refused_by(x) == ["acme", None]


async def test_books_that_cannot_be_written_go_before_every_other_reason() -> None:
    """While storage is down nothing else is judged: 503 for everybody, with a record later.

    Seen failing with the account judged first in Authorizer._decide.
    """
    async with exchange({"alice": "0.00"}) as x:
        with x.books_locked():
            first = await x.ask("alice")
            await x.site.log.wait("storage down")
            second = await x.ask("nobody", INVALID)
        assert (first.sip_code, second.sip_code) == (503, 503)
        await until(lambda: x.records(first) and x.records(second))
        reasons = [x.record(call)["reason"] for call in (first, second)]
        assert reasons == ["storage_down", "storage_down"]
