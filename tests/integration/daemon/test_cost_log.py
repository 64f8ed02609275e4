"""The live cost log: the life of every call in lines that a program can follow."""

from pbxcharge.core.money import format_amount
from tests.exchange import PLAN, UK, exchange

WARNING = PLAN.replace("warn_before_s: 0", "warn_before_s: 4")


async def test_life_of_a_call_is_told_line_by_line() -> None:
    """Authorized, answered, slice, warned, credit raised, extended, settled.

    Every line names the call and the account; `cost` is what is paid so far, at last what it cost.
    """
    async with exchange({"alice": "0.10"}, plan=WARNING) as x:
        call = await x.talk("alice")
        await x.site.log.wait("warned", call_id=call.call_id)
        await x.act("/topups", id="till-1", account_id="alice", amount="0.05")
        await x.site.log.wait("extended", call_id=call.call_id)
        await x.paid(call, 15)
        call.hang_up()
        cost = (await x.settled(call))["charge_micros"]
        told = [line for line in x.site.log.lines if line.get("call_id") == call.call_id]
        assert [line["event"] for line in told] == [
            "authorized", "answered", "slice", "warned", "credit raised", "extended", "settled",
        ]  # fmt: skip
        assert {line["account"] for line in told} == {"alice"}
        assert [line["cost"] for line in told] == [
            "0.05", "0.05", "0.10", "0.10", "0.10", "0.15", format_amount(cost),
        ]  # fmt: skip


async def test_payer_hears_the_warning_and_nobody_else() -> None:
    """The digits of `pbxcwarn` go to the caller's own channel, never to the metered leg."""
    async with exchange({"alice": "0.10"}, plan=WARNING) as x:
        call = await x.talk("alice")
        await x.settled(call)
        assert x.pbx.played == [(call.caller.uniqueid, digit) for digit in "ABCD"]


async def test_refusal_is_told_with_its_reason() -> None:
    """Who, what was dialled, why, what the phone was told; also where the account is unknown."""
    async with exchange({"alice": "0.00"}) as x:
        await x.ask("alice")
        await x.ask("nobody")
        known, unknown = x.site.log.find("refused")
        assert (known["account"], known["dialled"]) == ("alice", UK)
        assert (known["reason"], known["sip_code"]) == ("not_enough_credit", 402)
        assert (unknown["account"], unknown["endpoint"]) == (None, "nobody")
        assert (unknown["reason"], unknown["sip_code"]) == ("unknown_account", 403)


async def test_cut_by_the_daemon_is_told_with_its_reason() -> None:
    """What the daemon itself hangs up is told as `cut`, with who wanted it."""
    async with exchange({"alice": "1.00"}) as x:
        call = await x.talk("alice")
        await x.act("/accounts/status", account_id="alice", status="blocked")
        await x.settled(call)
        (cut,) = x.site.log.find("cut", call_id=call.call_id)
        assert (cut["by"], cut["account"]) == ("account_status", "alice")


async def test_hidden_digits_of_numbers_stay_hidden() -> None:
    """`mask_digits: 4`: no line of the log has the end of a dialled number."""

    def mask(settings: dict[str, dict[str, object]]) -> None:
        settings["log"]["mask_digits"] = 4

    async with exchange({"alice": "0.05"}, change=mask) as x:
        call = await x.talk("alice")
        assert (await x.ask("alice")).sip_code == 402
        call.hang_up()
        await x.settled(call)
        assert x.site.log.find("refused", dialled="0044207946xxxx")
        assert UK not in str(x.site.log.lines)
        assert UK.removeprefix("00") not in str(x.site.log.lines)
