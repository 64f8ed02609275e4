"""`pbxcharge import`: differences first, all or nothing, through the daemon and alone."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from pbxcharge.failpoints import VARIABLE, Failpoint
from tests.fakes.fake_asterisk import FakeAsterisk
from tests.fakes.until import until
from tests.site import COMMAND, Site

MANY = 10_000
MIDDLE = 100_000
"""Bytes that the log of the database has grown by, once the writing has begun."""


def examples(site: Site) -> list[str]:
    """The example files of the site."""
    return [str(path) for path in sorted((site.folder / "import").iterdir())]


def many(site: Site, count: int) -> list[str]:
    """Tables of so many users with a phone each, and their organization."""
    accounts, phones = site.folder / "accounts.csv", site.folder / "extensions.csv"
    users = "".join(f"u{n},big,retail\n" for n in range(count))
    accounts.write_text(f"account,parent,plan\n{users}big,,\n")
    numbers = "".join(f"u{n}-1,{n + 1000},u{n}\n" for n in range(count))
    phones.write_text(f"endpoint,number,account\n{numbers}")
    return [str(phones), str(accounts)]


def counted(site: Site) -> tuple[int, int, int]:
    """Users, phones and entries of the import that are in the books."""
    ours = "GLOB '*u[0-9]*'"
    with sqlite3.connect(site.database) as books:
        return tuple(
            books.execute(f"SELECT count(*) FROM {table} WHERE {name} {ours}").fetchone()[0]
            for table, name in (
                ("account", "account_id"), ("extension", "endpoint"), ("entry", "entry_id")
            )
        )  # fmt: skip


async def test_differences_come_first_and_are_written_when_told(site: Site) -> None:
    """A look changes nothing, --apply does, the second time there is nothing to do."""
    looked = await site.run("import", *examples(site))
    assert "change  account    alice" in looked.out
    assert "name Alice → Alice Adams" in looked.out
    assert "nothing was changed: this was a look" in looked.out
    assert (await site.ask("did", "list"))["dids"] == []
    written = await site.ask("import", *examples(site), "--apply")
    assert (written["done"], written["written"], written["refused"]) == (True, True, 0)
    assert (written["add"], written["change"]) == (19, 2)
    again = await site.run("import", *examples(site), "--apply")
    assert again.out == "nothing to do: 21 are as they are\n"
    await site.run("verify")


async def test_a_refused_file_changes_nothing(site: Site) -> None:
    """Exit code 1; the form's findings and those of the books stand together, each once."""
    table = site.folder / "accounts.csv"
    table.write_text("account,parent,status,plan\nnew,,,\nalice,,asleep,nix\n,acme,,\n")
    refused = await site.run("import", str(table), "--apply", code=1)
    assert f"{table}:3\n  plan: there is no plan 'nix'\n" in refused.err
    assert "3 refused" not in refused.out
    answer = (await site.run("--json", "import", str(table), "--apply", code=1)).json
    assert [(each["line"], each["key"]) for each in answer["findings"]] == [
        (3, "plan"),
        (3, "status"),
        (4, "account"),
    ]
    assert (answer["done"], answer["written"], answer["refused"]) == (False, False, 2)
    assert len((await site.ask("account", "list"))["accounts"]) == 2


async def test_it_goes_through_the_daemon(served: Site) -> None:
    """Who was imported can call at once; initial credit is there, and what a product brings."""
    await served.run("import", *examples(served), "--apply")
    bob = (await served.ask("account", "show", "bob"))["account"]
    assert bob["wallets"][0]["balance"] == "10.00"
    has = (await served.ask("account", "subscriptions", "carol"))["subscriptions"]
    assert [(each["subscription"], each["state"]) for each in has] == [
        ("smartcall-basic", "active")
    ]
    again = await served.ask("import", *examples(served))
    assert (again["done"], again["changes"], again["same"]) == (True, [], 21)


async def test_a_suspended_account_stops_its_running_call(
    served: Site, asterisk: FakeAsterisk
) -> None:
    """An import that changes a status does what set-status does."""
    call = asterisk.place_call("alice-1", "00442079460000")
    assert await call.authorize()
    call.dial()
    call.answer()
    await served.log.wait("answered")
    table = served.folder / "accounts.csv"
    table.write_text("account,status\nalice,blocked\n")
    await served.run("import", str(table), "--apply")
    await served.log.wait("settled", call_id=call.call_id)


async def test_what_is_listed_and_imported_changes_nothing(site: Site) -> None:
    """A listing of all accounts, phones and numbers, as a file."""
    await site.run("import", *examples(site), "--apply")
    accounts = (await site.ask("account", "list"))["accounts"]
    dids = (await site.ask("did", "list"))["dids"]
    phones = [phone for account in accounts for phone in account["extensions"]]
    listing = site.folder / "all.csv"
    columns = (
        "kind",
        "account",
        "parent",
        "name",
        "plan",
        "code",
        "status",
        "endpoint",
        "number",
        "context",
    )
    lines = [
        *(_line(columns, one | {"kind": one["kind"]}) for one in accounts),
        *(_line(columns, one | {"kind": "extension"}) for one in phones),
        *(_line(columns, one | {"kind": "did"}) for one in dids),
    ]
    listing.write_text("\n".join([",".join(columns), *lines]))
    answer = await site.ask("import", str(listing), "--apply")
    assert (answer["changes"], answer["same"]) == ([], len(lines))


def _line(columns: tuple[str, ...], listed: dict[str, Any]) -> str:
    told = listed | {"account": listed["account_id"], "parent": listed.get("parent_id")}
    return ",".join(f'"{told.get(column) or ""}"' for column in columns)


async def test_ten_thousand_accounts_take_seconds(served: Site) -> None:
    """Through the daemon, with their phones and wallets; and again without a change."""
    files = many(served, MANY)
    written = await served.run("import", *files, "--apply", within_s=120)
    assert "20,001 added" in written.out
    assert counted(served) == (MANY, MANY, 2 * MANY)
    again = await served.run("import", *files, "--apply", within_s=120)
    assert again.out == "nothing to do: 20,001 are as they are\n"


@pytest.mark.parametrize("point", [Failpoint.IN_TRANSACTION, Failpoint.AFTER_COMMIT])
@pytest.mark.parametrize("nth", [1, 2])
async def test_killed_alone_it_is_all_or_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, point: Failpoint, nth: int
) -> None:
    """Before and behind the commit; given again, it is done."""
    files = many(site, 50)
    monkeypatch.setenv(VARIABLE, f"{point}:{nth}")
    await site.run("import", *files, "--apply", code=None)
    monkeypatch.delenv(VARIABLE)
    assert counted(site) in ((0, 0, 0), (50, 50, 100))
    await site.run("import", *files, "--apply")
    assert counted(site) == (50, 50, 100)
    await site.run("verify")


async def test_a_daemon_that_is_killed_in_the_middle_leaves_all_or_nothing(served: Site) -> None:
    """As soon as the log of the database grows; the next one finds whole books."""
    files = many(served, 3000)
    log = Path(f"{served.database}-wal")
    before = log.stat().st_size
    importing = await asyncio.create_subprocess_exec(
        COMMAND, "--config", served.config, "import", *files, "--apply",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await until(lambda: log.stat().st_size > before + MIDDLE)
    await served.kill()
    # The command finds nobody any more, and does it again by itself, or says that it cannot tell.
    await importing.wait()
    assert counted(served) in ((0, 0, 0), (3000, 3000, 6000))
    await served.run("import", *files, "--apply")
    assert counted(served) == (3000, 3000, 6000)
    await served.run("verify")
