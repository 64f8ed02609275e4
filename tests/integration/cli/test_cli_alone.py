"""The commands on books that nobody else uses: what they print, refuse, and leave behind."""

from decimal import Decimal
from pathlib import Path

import pytest

from pbxcharge.store.migrate import newest_version
from tests.fakes.granted_call import granted
from tests.fakes.small_site import talk
from tests.integration.cli.conftest import books, make_site
from tests.site import Site


async def test_a_site_begins_with_its_database(tmp_path: Path) -> None:
    """Before `db migrate` every command says so with 78; migrating twice is harmless."""
    site = make_site(tmp_path / "site")
    past = ("replay", "--from", "2026-01")
    for words in (("balance",), ("topup", "alice", "1"), ("verify",), past):
        refused = await site.run(*words, code=78)
        assert "pbxcharge db migrate" in refused.err
    assert not site.database.exists()
    assert (await site.run("db", "migrate")).out == f"database made, schema {newest_version()}\n"
    assert (await site.run("db", "migrate")).out.startswith("already done")


async def test_accounts_are_added_once(site: Site) -> None:
    """Happy, repeated, and with other content."""
    words = ("account", "add", "bob", "--parent", "acme", "--name", "Bob", "--plan", "retail")
    assert (await site.run(*words)).out == (
        "user bob added, balance 10.00 EUR, balance 2.00 EUR for incoming calls\n"
    )
    again = await site.ask(*words)
    assert (again["done"], again["already"]) == (True, True)
    other = await site.run(*words[:-1], "kiosk", code=1)
    assert "bob exists" in other.err
    assert other.out == ""


async def test_a_refusal_is_json_too(site: Site) -> None:
    """Reason and message, and the exit code stays 1."""
    refused = await site.run("--json", "account", "show", "nobody", code=1)
    assert refused.json == {
        "done": False,
        "reason": "unknown_account",
        "message": "there is no account 'nobody'",
    }


async def test_accounts_are_listed_and_shown(site: Site) -> None:
    """As a table with one line each, and with everything for one of them."""
    listed = (await site.run("account", "list")).out.splitlines()
    assert [line.split()[0] for line in listed] == ["account", "acme", "alice"]
    shown = (await site.ask("account", "show", "alice"))["account"]
    assert shown["wallets"][0]["available"] == "5.00"
    assert shown["extensions"] == [{"endpoint": "alice-1", "number": "101", "account_id": "alice"}]
    assert "5.00 EUR" in (await site.run("account", "show", "alice")).out


async def test_plan_and_status_are_set(site: Site) -> None:
    """Set, repeated, declined, and asked for wrongly."""
    await site.run("account", "set-plan", "alice", "retail")
    again = await site.run("account", "set-plan", "alice", "retail")
    assert again.out.startswith("already done")
    await site.run("account", "set-plan", "alice", "nix", code=1)
    await site.run("account", "set-plan", "alice", code=2)
    await site.run("account", "set-plan", "alice", "retail", "--none", code=2)
    assert (await site.ask("account", "set-plan", "alice", "--none"))["account"]["plan"] is None
    await site.run("account", "set-status", "alice", "suspended")
    await site.run("account", "set-status", "alice", "asleep", code=2)


async def test_extensions_are_added_once(site: Site) -> None:
    """Happy, repeated, a number that is taken."""
    words = ("extension", "add", "alice-2", "--number", "102", "--account", "alice")
    assert (await site.run(*words)).out == "alice-2 is number 102 of alice\n"
    assert (await site.ask(*words))["already"] is True
    taken = ("extension", "add", "alice-3", "--number", "102", "--account", "alice")
    assert "102 is alice-2" in (await site.run(*taken, code=1)).err


async def test_a_top_up_prints_its_id_and_happens_once(site: Site) -> None:
    """With an id of one's own it can be given again; other content is refused."""
    words = ("topup", "alice", "2.50", "--id", "invoice-1")
    first = await site.run(*words)
    assert first.out == "alice:outgoing +2.50 EUR, balance 7.50 EUR, id invoice-1\n"
    again = await site.run(*words)
    assert again.out.startswith("already done: ")
    other = await site.run("topup", "alice", "3", "--id", "invoice-1", code=1)
    assert "is the id of another command" in other.err
    assert (await site.ask("balance", "alice"))["wallets"][0]["balance"] == "7.50"


async def test_a_top_up_without_an_id_makes_one(site: Site) -> None:
    """Two of them are two commands."""
    first = (await site.ask("topup", "alice", "1"))["entry"]
    second = (await site.ask("topup", "alice", "1"))["entry"]
    assert first["id"] != second["id"]
    assert (second["amount"], second["balance"], second["currency"]) == ("1.00", "7.00", "EUR")


@pytest.mark.parametrize("amount", ["-5", "-5.25", "0", "1.1234567", "five", "1e3"])
async def test_a_top_up_takes_only_plain_amounts_above_zero(site: Site, amount: str) -> None:
    """Nothing is rounded; what is negative is an adjustment."""
    refused = await site.run("--json", "topup", "alice", amount, code=1)
    assert refused.json["reason"] == "amount_invalid"
    assert (await site.ask("balance", "alice"))["wallets"][0]["balance"] == "5.00"


async def test_an_adjustment_is_signed_and_says_why(site: Site) -> None:
    """Without a note it is a mistake in the command."""
    words = ("adjust", "alice", "-0.75", "--note", "typo")
    entry = (await site.ask(*words))["entry"]
    assert (entry["amount"], entry["note"]) == ("-0.75", "typo")
    await site.run("adjust", "alice", "-0.75", code=2)
    await site.run("adjust", "alice", "1", "--note", " ", code=1)


async def test_a_call_is_explained_and_refunded(site: Site) -> None:
    """8 s at 0.01, in a month that is closed; in part, in full, twice, too much, unknown."""
    async with books(site) as (store, _):
        await talk(store.writer, granted("past"), 8)
    shown = await site.run("explain", "past")
    assert "Priced again from what is stored: the same." in shown.out
    await site.run("refund", "past", code=1)
    late = ("refund", "past", "--closed-month")
    assert (await site.run(*late, "--amount", "0.03")).out.startswith(
        "alice:outgoing +0.03 EUR, balance 4.95 EUR, id refund-"
    )
    full = (*late, "--id", "rest")
    assert (await site.ask(*full))["entry"]["amount"] == "0.05"
    assert (await site.ask(*full))["already"] is True
    assert "0.00 EUR is left" in (await site.run(*late, code=1)).err
    await site.run("refund", "nix", code=1)


async def test_records_are_listed(site: Site) -> None:
    """By account, month and disposition."""
    async with books(site) as (store, _):
        await talk(store.writer, granted("past"), 8)
    in_september = await site.ask("cdr", "list", "acme", "--month", "2026-09")
    assert [cdr["call_id"] for cdr in in_september["cdrs"]] == ["past"]
    assert in_september["cdrs"][0]["charge"] == "0.08"
    assert (await site.ask("cdr", "list", "--month", "2026-10"))["cdrs"] == []
    assert (await site.ask("cdr", "list", "--disposition", "BUSY"))["cdrs"] == []
    await site.run("cdr", "list", "--month", "soon", code=2)
    assert "past" in (await site.run("cdr", "list")).out


async def test_a_ledger_is_read_downwards(site: Site) -> None:
    """The newest entry is the last line, with the balance after it."""
    await site.run("adjust", "alice", "-1", "--note", "why not")
    entries = (await site.ask("ledger", "alice"))["entries"]
    assert [(entry["kind"], entry["balance"]) for entry in entries] == [
        ("top_up", "5.00"),
        ("adjustment", "4.00"),
    ]
    last = (await site.run("ledger")).out.splitlines()[-1]
    assert "why not" in last and "-1.00" in last
    assert len((await site.ask("ledger", "alice", "--limit", "1"))["entries"]) == 1


async def test_a_quote_adds_up(site: Site) -> None:
    """75 s at 2/2 and 0.60 a minute are 76 s, 0.76: in the sum and in the lines."""
    quoted = (await site.ask("quote", "alice", "0044207946000", "75"))["quote"]
    (level,) = quoted["levels"]
    assert level["charge"] == "0.76"
    assert sum(Decimal(line["amount"]) for line in level["lines"]) == Decimal("0.76")
    table = (await site.run("quote", "alice", "0044207946000", "75")).out
    assert ["total", "0.76"] in [line.split() for line in table.splitlines()]


async def test_a_quote_that_would_be_refused_is_a_refusal(site: Site) -> None:
    """With reason and SIP code, and exit code 1."""
    refused = await site.run("quote", "alice", "12", code=1)
    assert refused.out == (
        "would be refused by alice: number_invalid: no rule of dialling fits the number; "
        "from outside: it is nobody's (SIP 404)\n"
    )


async def test_an_emergency_call_is_quoted_as_what_it_is(site: Site) -> None:
    """Free, of any length, for everybody: also where plan and rules of dialling know no 112."""
    await site.run("account", "set-status", "alice", "closed")
    quoted = await site.run("quote", "alice", "112")
    assert quoted.out == (
        "60 s to 112 (emergency), needed to begin: 0.00 EUR, of any length\n\n"
        "nobody pays: emergency calls are free and always connected\n"
    )
    outside = await site.run("quote", "alice", "112", "--incoming", code=1)
    assert "account_closed" in outside.out


async def test_what_needs_the_daemon_says_so(site: Site) -> None:
    """Nobody hangs up or tells the live log; stored calls can still be listed."""
    missed = (await site.run("tail", code=69)).err
    assert f"nobody listens at {site.folder / 'state' / 'pbxcharge.sock'}" in missed
    assert "systemctl start pbxcharge" in missed
    await site.run("calls", "hang-up", "x", code=69)
    listed = await site.run("calls", "--json")
    assert listed.json == {"metered": False, "calls": []}


async def test_the_books_are_verified(site: Site) -> None:
    """Right at first; a balance that was changed by hand is found."""
    assert (await site.run("verify")).out == "the books are right\n"
    import sqlite3

    with sqlite3.connect(site.database) as connection:
        connection.execute("UPDATE wallet SET balance_micros = balance_micros + 1")
    connection.close()
    found = await site.run("--json", "verify", code=1)
    assert found.json["right"] is False
    assert found.json["findings"]


async def test_a_command_that_needs_plans_refuses_broken_ones(site: Site) -> None:
    """With 78 and the findings; one that needs none works on."""
    (site.folder / "plans" / "kiosk.yaml").write_text("name: [")
    refused = await site.run("quote", "alice", "0044207946000", code=78)
    assert "kiosk.yaml:1" in refused.err
    await site.run("balance")


async def test_a_site_without_settings_is_bad_configuration(tmp_path: Path) -> None:
    """The file that is meant is named."""
    refused = await Site(tmp_path).run("balance", code=78)
    assert "pbxcharge.yaml" in refused.err


async def test_the_emergency_context_is_written_and_compared(site: Site) -> None:
    """Printed, written, right; another list is found by `check`."""
    text = (await site.run("dialplan", "emergency")).out
    assert "exten => 112,1," in text
    file = site.folder / "emergency.conf"
    await site.run("dialplan", "emergency", "--output", str(file))
    assert file.read_text() == text
    await site.run("check", "--dialplan", str(file))
    file.write_text(text.replace("exten => 112", "exten => 998"))
    found = await site.run("check", "--dialplan", str(file), code=1)
    assert "112 is missing" in found.out and "998 is not on the list" in found.out


async def test_usage_mistakes_end_with_2(site: Site) -> None:
    """An unknown command, a missing argument, an option that does not exist."""
    for words in (("balances",), ("topup", "alice"), ("ledger", "--limit", "0")):
        await site.run(*words, code=2)


async def test_nothing_is_cut_off_in_a_pipe(site: Site) -> None:
    """One row is one line, however long its cells are."""
    note = "a very long note " * 25
    await site.run("adjust", "alice", "1", "--note", note.strip())
    lines = (await site.run("ledger", "alice")).out.splitlines()
    assert len(lines) == 3
    assert note.strip() in lines[-1]
