"""What the API answers: documents, refusals, and what it does to running calls."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pbxcharge.core.call import Call, Phase
from pbxcharge.core.cdr import EndedBy
from pbxcharge.errors import ActDeclined, OperatingError, OutcomeUnknown, StorageDown
from tests.fakes.granted_call import LEG, granted
from tests.fakes.small_site import begin, talk
from tests.integration.api.conftest import Served


@pytest.fixture
async def live(served: Served) -> AsyncIterator[Call]:
    """A call of alice that is up: 60 s at 0.01 are paid of her 10.00."""
    await served.client.act("/topups", id="p-1", account_id="alice", amount="10.00")
    now_us = time.time_ns() // 1000
    call = granted("live", setup_at_us=now_us)
    await begin(served.store.writer, call, want_s=60)
    up = Call(call, 1, 60, Phase.UP, LEG, 0, now_us, settled_in=True, armed_s=60)
    served.meter.admit(up, int(time.monotonic() * 1000))
    yield up


async def declined(ask: Any) -> str:
    """Why an act was declined."""
    with pytest.raises(ActDeclined) as refused:
        await ask
    return refused.value.reason


async def test_an_account_is_added_and_read_back(served: Served) -> None:
    """With its wallet, once it has a plan; a repetition says so."""
    bob = {"account_id": "bob", "kind": "user", "parent_id": "acme", "name": "Bob"}
    added = await served.client.act("/accounts", **bob, plan="welcome")
    assert (added["done"], added["already"]) == (True, False)
    again = await served.client.act("/accounts", **bob, plan="welcome")
    assert again["already"] is True
    read = await served.client.get("/account", account_id="bob")
    assert read["account"].items() >= added["account"].items()
    assert read["account"]["wallets"][0]["balance"] == "10.00"


async def test_a_list_has_the_scope_that_was_asked_for(served: Served) -> None:
    """Of acme everybody, of alice herself, of nobody nothing."""
    everybody = await served.client.get("/accounts")
    assert [account["account_id"] for account in everybody["accounts"]] == ["acme", "alice"]
    alone = await served.client.get("/accounts", scope="alice")
    assert [account["account_id"] for account in alone["accounts"]] == ["alice"]
    assert await declined(served.client.get("/accounts", scope="nobody")) == "unknown_account"


@pytest.mark.parametrize("amount", ["1.1234567", "1e3", "NaN", "", "1,5", "9" * 30])
async def test_an_amount_that_is_none_is_declined(served: Served, amount: str) -> None:
    """Nothing is rounded or repaired on the way in."""
    act = served.client.act("/topups", id="p-1", account_id="alice", amount=amount)
    assert await declined(act) == "amount_invalid"


@pytest.mark.parametrize("percent", ["1e99999999", "1/3", "--20", "NaN", "", "-101"])
async def test_a_percentage_that_is_none_is_declined(served: Served, percent: str) -> None:
    """At once: the first one is a number of a hundred million digits, for which calls would wait.

    Seen failing (the daemon hung) with `Fraction` in place of `parse_price`.
    """
    wanted = {"id": "s", "account_id": "alice", "subscription": "rental", "percent": percent}
    assert await declined(served.client.act("/subscriptions", **wanted)) == "amount_invalid"


async def test_a_number_for_an_amount_is_no_amount(served: Served) -> None:
    """JSON's numbers are floats to half the world; money is text."""
    with pytest.raises(OperatingError, match="422"):
        await served.client.act("/topups", id="p-1", account_id="alice", amount=1.5)


async def test_an_unknown_field_is_refused(served: Served) -> None:
    """A mistyped `note` is not lost in silence."""
    with pytest.raises(OperatingError, match="422"):
        await served.client.act("/topups", id="p", account_id="alice", amount="1", nota="x")


async def test_a_ledger_shows_the_balance_after_each_entry(served: Served) -> None:
    """Newest first: 7.50 after -2.50, 10.00 after +10.00."""
    await served.client.act("/topups", id="p-1", account_id="alice", amount="10")
    await served.client.act("/adjustments", id="a", account_id="alice", amount="-2.5", note="x")
    entries = (await served.client.get("/ledger", account_id="alice"))["entries"]
    assert [(entry["amount"], entry["balance"]) for entry in entries] == [
        ("-2.50", "7.50"),
        ("10.00", "10.00"),
    ]


async def test_a_ledger_of_a_subtree_has_every_wallet(served: Served) -> None:
    """Asked for below acme, alice's entries are among them; acme's own wallet has none."""
    await served.client.act("/topups", id="p-1", account_id="alice", amount="10")
    below = await served.client.get("/ledger", account_id="acme", below=True)
    assert [entry["id"] for entry in below["entries"]] == ["p-1"]
    assert (await served.client.get("/ledger", account_id="acme"))["entries"] == []


async def test_a_running_call_is_shown(served: Served, live: Call) -> None:
    """What is paid and held, and that somebody meters it."""
    answer = await served.client.get("/calls")
    (shown,) = answer["calls"]
    assert answer["metered"] is True
    assert (shown["call_id"], shown["phase"], shown["paid_s"]) == ("live", "up", 60)
    assert (shown["held"], shown["currency"]) == ("0.60", "EUR")


@pytest.mark.parametrize(("scope", "shown"), [("acme", ["live"]), ("alice", ["live"]), ("bob", [])])
async def test_running_calls_are_those_of_a_scope(
    served: Served, live: Call, scope: str, shown: list[str]
) -> None:
    """Of the account and of those below it; an account that is not there is named."""
    await served.client.act("/accounts", account_id="bob", kind="user", parent_id="acme", name="B")
    answer = await served.client.get("/calls", scope=scope)
    assert [call["call_id"] for call in answer["calls"]] == shown
    assert await declined(served.client.get("/calls", scope="nobody")) == "unknown_account"


async def test_a_running_call_is_not_explained_yet(served: Served, live: Call) -> None:
    """Whoever asks is told that it runs, and where to look."""
    with pytest.raises(ActDeclined, match="still runs") as refused:
        await served.client.get("/explain", call_id="live")
    assert refused.value.reason == "unknown_call"


async def test_a_running_call_can_be_hung_up(served: Served, live: Call) -> None:
    """One that is not running cannot."""
    assert (await served.client.act("/calls/hang-up", call_id="live"))["done"]
    assert served.asterisk.hung_up == [LEG.uniqueid]
    assert await declined(served.client.act("/calls/hang-up", call_id="other")) == "call_not_live"


@pytest.mark.parametrize("account_id", ["alice", "acme"])
async def test_a_blocked_account_ends_its_calls(
    served: Served, live: Call, account_id: str
) -> None:
    """The caller's own, and the organization above."""
    await served.client.act("/accounts/status", account_id=account_id, status="blocked")
    assert served.asterisk.hung_up == [LEG.uniqueid]


async def test_a_suspended_account_gets_no_further_slice(served: Served, live: Call) -> None:
    """Until it is active again."""
    await served.client.act("/accounts/status", account_id="alice", status="suspended")
    assert stopped(served) is EndedBy.STATUS
    await served.client.act("/accounts/status", account_id="alice", status="active")
    assert stopped(served) is None


@pytest.mark.parametrize(("first", "then"), [("alice", "acme"), ("acme", "alice")])
async def test_an_active_account_frees_no_call_that_another_stops(
    served: Served, live: Call, first: str, then: str
) -> None:
    """Both suspended, one active again: the other still stops the call."""
    for account_id in (first, then):
        await served.client.act("/accounts/status", account_id=account_id, status="suspended")
    await served.client.act("/accounts/status", account_id=first, status="active")
    assert stopped(served) is EndedBy.STATUS


def stopped(served: Served) -> EndedBy | None:
    """Why the live call gets no further slice."""
    (call,) = served.meter.calls()
    return call.call.stopped


async def test_a_quote_is_priced_by_the_plans_in_force(served: Served) -> None:
    """75 s at 60/6 and 0.60 a minute are 78 s: 0.78."""
    answer = await served.client.get(
        "/quote", account_id="alice", number="004930123456", seconds=75
    )
    (level,) = answer["quote"]["levels"]
    assert (level["charge"], level["billed_s"]) == ("0.78", 78)
    assert [line["amount"] for line in level["lines"]] == ["0.60", "0.18"]


async def test_a_quote_that_would_be_refused_says_why(served: Served) -> None:
    """With the SIP answer."""
    answer = await served.client.get("/quote", account_id="alice", number="0012", seconds=75)
    assert answer["refused"]["reason"] == "number_invalid"
    assert answer["refused"]["sip_code"] == 404


async def test_a_quote_says_how_long_the_credit_lasts(served: Served) -> None:
    """3.00 at 0.60 a minute and 60/6 is 300 s; what was given counts instead of what there is."""
    await served.client.act("/topups", id="p-1", account_id="alice", amount="3.00")
    asked = {"account_id": "alice", "number": "004930123456", "seconds": 60}
    (level,) = (await served.client.get("/quote", **asked))["quote"]["credit"]["levels"]
    assert level == {
        "account_id": "alice",
        "wallet_id": "alice:outgoing",
        "credit": "3.00",
        "source": "wallet",
        "needed_to_begin": "0.60",
        "talk_s": 300,
    }
    given = (await served.client.get("/quote", **asked, credit="0.70"))["quote"]["credit"]
    assert (given["talk_s"], given["levels"][0]["source"]) == (66, "given")


@pytest.mark.parametrize(("credit", "reason"), [("x", "amount_invalid"), ("-1", "amount_invalid")])
async def test_a_quote_takes_no_credit_that_is_none(
    served: Served, credit: str, reason: str
) -> None:
    """It is refused as every amount is."""
    asked = {"account_id": "alice", "number": "0049301", "seconds": 1, "credit": credit}
    assert await declined(served.client.get("/quote", **asked)) == reason


@pytest.mark.parametrize(
    "at", ["tomorrow", "2026-13-01", "9999-12-31T23:59:59-12:00", "", "1969-12-31"]
)
async def test_a_quote_for_no_instant_is_declined(served: Served, at: str) -> None:
    """A day, or a day and a time, with or without a zone."""
    asked = {"account_id": "alice", "number": "0049301", "seconds": 1, "at": at}
    assert await declined(served.client.get("/quote", **asked)) == "name_invalid"


@pytest.mark.parametrize("after", ["x/y", "/y", "²/y", "9" * 5000 + "/y", "9" * 30 + "/y"])
async def test_a_list_goes_on_from_no_other_place(served: Served, after: str) -> None:
    """What SQLite could not store as an instant is declined like what is no number at all."""
    asked = served.client.get("/rerate", plan="retail", after=after)
    assert await declined(asked) == "name_invalid"


@pytest.mark.parametrize(
    ("first", "last"), [("1", "x"), ("-1", "2"), ("1", "9" * 30), ("1", "10001"), ("2", "1")]
)
async def test_no_more_records_are_read_at_once_than_a_file_has(
    served: Served, first: str, last: str
) -> None:
    """One file at a time, of 10,000 records at most."""
    asked = served.client.get("/exports/content", stream="m", first_seq=first, last_seq=last)
    assert await declined(asked) == "out_of_bounds"


async def test_records_of_no_stream_are_declined(served: Served) -> None:
    """What is missing is named, as for every report."""
    asked = served.client.get("/exports/content", first_seq=1, last_seq=2)
    with pytest.raises(ActDeclined, match="stream: Field required"):
        await asked


async def test_a_record_is_explained(served: Served) -> None:
    """And listed, with its scope."""
    await served.client.act("/topups", id="p-1", account_id="alice", amount="10")
    await talk(served.store.writer, granted("past"), 8)
    record = (await served.client.get("/explain", call_id="past"))["cdr"]
    assert (record["charge"], record["priced_again"]) == ("0.08", "same")
    assert [line["amount"] for line in record["lines"]] == ["0.01", "0.07"]
    listed = await served.client.get("/cdrs", scope="acme")
    assert [cdr["call_id"] for cdr in listed["cdrs"]] == ["past"]
    assert await declined(served.client.get("/explain", call_id="nix")) == "unknown_call"
    assert await declined(served.client.get("/cdrs", scope="nix")) == "unknown_account"


async def test_records_can_be_asked_for_by_time(served: Served) -> None:
    """Set up at the second, from then on and not before."""
    await served.client.act("/topups", id="p-1", account_id="alice", amount="10")
    await talk(served.store.writer, granted("past", setup_at_us=1_790_000_000_000_000), 8)
    at, after = "2026-09-21T14:13:20", "2026-09-21T14:13:21+00:00"
    assert len((await served.client.get("/cdrs", since=at, until=after))["cdrs"]) == 1
    assert (await served.client.get("/cdrs", since=after))["cdrs"] == []
    assert (await served.client.get("/cdrs", until=at))["cdrs"] == []


async def test_a_storage_that_is_down_is_told_as_such(served: Served) -> None:
    """Nothing was done, and the client can tell it from a refusal."""
    await served.store.writer.close()
    with pytest.raises(StorageDown):
        await served.client.act("/topups", id="p-1", account_id="alice", amount="10")


async def test_an_answer_that_is_lost_leaves_the_outcome_unknown(served: Served) -> None:
    """The server takes the request and dies."""
    await served.server.stop()

    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with await asyncio.start_unix_server(die, served.path):
        with pytest.raises(OutcomeUnknown):
            await served.client.act("/topups", id="p-1", account_id="alice", amount="10")
