"""The way to the data: through the daemon, alone, or a clear word why neither goes."""

import asyncio
import json
import os
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from pbxcharge.store import WriterLock
from tests.fakes.fake_asterisk import FakeAsterisk
from tests.fakes.until import until
from tests.integration.cli.conftest import make_site
from tests.site import COMMAND, Site, running


async def balance(site: Site) -> Decimal:
    """Alice's balance, read in whatever way goes."""
    return Decimal((await site.ask("balance", "alice"))["wallets"][0]["balance"])


async def insist(site: Site, *words: str) -> Any:
    """Give a command with an id again and again until it is done; only 69 may come before."""
    for _ in range(20):
        answer = await site.run("--json", *words, code=None)
        if answer.code == 0:
            return answer.json
        assert answer.code == 69, answer
    raise AssertionError(f"{words} was never done")


async def test_a_command_goes_through_the_daemon(served: Site) -> None:
    """It hears of it at once: the live log tells the top-up and who gave it."""
    done = await served.ask("topup", "alice", "2", "--id", "t-1")
    assert done["entry"]["balance"] == "7.00"
    told = await served.log.wait("top_up", id="t-1")
    assert told["actor"] == f"uid:{os.geteuid()}"
    again = await served.run("topup", "alice", "3", "--id", "t-1", code=1)
    assert "is the id of another command" in again.err


async def test_a_call_can_be_watched_hung_up_explained_and_refunded(
    served: Site, asterisk: FakeAsterisk
) -> None:
    """From the list of running calls to the money back, all through the daemon."""
    call = asterisk.place_call("alice-1", "00442079460000")
    assert await call.authorize()
    call.dial()
    call.answer()
    await served.log.wait("answered")
    (running_call,) = (await served.ask("calls"))["calls"]
    assert (running_call["call_id"], running_call["phase"]) == (call.call_id, "up")
    assert call.call_id in (await served.run("calls")).out
    await served.run("calls", "hang-up", call.call_id)
    await served.log.wait("settled")
    await served.run("calls", "hang-up", call.call_id, code=1)
    record = (await served.ask("explain", call.call_id))["cdr"]
    assert (record["ended_by"], record["priced_again"]) == ("operator", "same")
    back = (await served.ask("refund", call.call_id))["entry"]
    assert back["amount"] == record["charge"]
    assert (back["balance"], back["reverses"][:7]) == ("5.00", "charge:")


async def test_the_live_log_can_be_followed(served: Site) -> None:
    """As JSON lines for programs, until the daemon stops."""
    process = await asyncio.create_subprocess_exec(
        COMMAND, "--config", served.config, "tail", "--json", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        lines: list[dict[str, object]] = []
        while not lines:
            await served.ask("topup", "alice", "1")
            try:
                async with asyncio.timeout(0.5):
                    lines.append(json.loads(await process.stdout.readline()))
            except TimeoutError:
                continue
        await served.stop()
        await process.stdout.read()
        assert await process.wait() == 0
    assert (lines[0]["event"], lines[0]["account"]) == ("top_up", "alice")


async def test_the_live_log_is_read_from_some_time_ago(served: Site) -> None:
    """Filtered by the daemon; without it what is stored is read alone, and that is said."""
    for number in ("1", "2"):
        await served.ask("topup", "alice", number, "--id", f"t-{number}")
    process = await asyncio.create_subprocess_exec(
        *(COMMAND, "--config", served.config, "tail", "--since", "10m", "--event", "top-up"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        told = [(await process.stdout.readline()).decode() for _ in range(2)]
        await served.stop()
        assert await process.wait() == 0
    assert ["id=t-1" in told[0], "id=t-2" in told[1]] == [True, True]
    alone = await served.run("tail", "--since", "10m", "--account", "acme", "--json")
    assert [json.loads(line)["id"] for line in alone.out.splitlines()] == ["t-1", "t-2"]
    assert "the daemon does not run" in alone.err
    assert (await served.run("tail", code=69)).out == ""
    assert "neither an age nor" in (await served.run("tail", "--since", "soon", code=2)).err


async def test_running_calls_are_listed_once_where_there_is_no_terminal(
    served: Site, asterisk: FakeAsterisk
) -> None:
    """`--watch` or not: type, from, to, account, state, cost so far, paid through, held."""
    call = asterisk.place_call("alice-1", "00442079460000")
    assert await call.authorize()
    call.dial()
    call.answer()
    await served.log.wait("answered")
    heading, row = (await served.run("calls", "--watch")).out.splitlines()
    assert heading.split()[:6] == ["type", "from", "to", "account", "state", "talk"]
    assert row.split()[:5] == ["public", "alice-1", "442079460000", "alice", "talking"]
    (shown,) = (await served.ask("calls"))["calls"]
    assert (shown["paid_through"] > shown["answered_at"], Decimal(shown["cost"]) >= 0) == (
        True,
        True,
    )
    call.hang_up()


async def test_a_stopped_daemon_is_waited_for_and_named(served: Site) -> None:
    """SIGSTOP: a write gives up after about 3 s with 69 and was not done; reading goes on."""
    served.signal(signal.SIGSTOP)
    began = time.monotonic()
    refused = await served.run("--json", "topup", "alice", "1", code=69)
    assert time.monotonic() - began > 3
    assert "does not answer" in refused.err
    assert refused.json["reason"] == "no_answer"
    read = await served.run("balance", "alice")
    assert "5.00" in read.out
    assert "this is read from the database" in read.err
    served.signal(signal.SIGCONT)
    assert await balance(served) == 5


async def test_a_stopped_daemon_can_be_continued_in_time(served: Site) -> None:
    """Whoever waits is served as soon as it goes on, once."""
    served.signal(signal.SIGSTOP)
    topup = asyncio.create_task(served.ask("topup", "alice", "1"))
    await asyncio.sleep(1.5)
    served.signal(signal.SIGCONT)
    assert (await topup)["entry"]["balance"] == "6.00"


async def test_a_taken_lock_and_nobody_who_answers(site: Site) -> None:
    """As while a daemon starts: the writer waits, and says who holds the lock."""
    with WriterLock.acquire(site.database):
        began = time.monotonic()
        refused = await site.run("topup", "alice", "1", code=69)
        assert time.monotonic() - began > 3
    assert f"is being written by process {os.getpid()}" in refused.err
    assert await balance(site) == 5


async def test_a_lock_that_is_let_go_in_time_is_taken(site: Site) -> None:
    """A command that waits goes on by itself."""
    with WriterLock.acquire(site.database):
        topup = asyncio.create_task(site.ask("topup", "alice", "1"))
        await asyncio.sleep(1.5)
        assert not topup.done()
    assert (await topup)["entry"]["balance"] == "6.00"


async def test_reading_needs_no_lock(site: Site) -> None:
    """Whoever writes meanwhile."""
    with WriterLock.acquire(site.database):
        assert await balance(site) == 5


async def test_two_commands_at_once_are_both_done(site: Site) -> None:
    """One waits for the other, or says that it waited in vain and is given again."""
    await asyncio.gather(*(insist(site, "topup", "alice", "1", "--id", f"t-{n}") for n in range(3)))
    assert await balance(site) == 8


async def test_the_same_command_at_once_is_done_once(site: Site) -> None:
    """Three with one id: one done, two already done."""
    words = ("topup", "alice", "1", "--id", "once")
    answers = await asyncio.gather(*(insist(site, *words) for _ in range(3)))
    assert sorted(answer["already"] for answer in answers) == [False, True, True]
    assert await balance(site) == 6


async def test_commands_are_done_while_the_daemon_starts(served: Site) -> None:
    """Before it holds the lock, while it holds it, and once it listens: each exactly once."""
    await served.stop()
    await served.serve(ready=False)
    topups = [insist(served, "topup", "alice", "1", "--id", f"s-{n}") for n in range(4)]
    await asyncio.gather(*topups)
    await served.log.wait("ready")
    assert await balance(served) == 9


@pytest.mark.parametrize("end", [Site.stop, Site.kill], ids=["stopped", "killed"])
async def test_commands_are_done_while_the_daemon_ends(
    served: Site, end: Callable[[Site], Awaitable[object]]
) -> None:
    """In order or by kill -9: what it took and what it did not take, each exactly once."""
    topups = asyncio.gather(
        *(insist(served, "topup", "alice", "1", "--id", f"e-{n}") for n in range(5))
    )
    await until(lambda: served.log.find("top_up"))
    await end(served)
    await topups
    assert await balance(served) == 10
    assert (await served.run("verify")).out == "the books are right\n"


async def test_a_killed_daemons_socket_does_not_stand_in_the_way(served: Site) -> None:
    """Its file is there, nobody listens: the command acts alone."""
    await served.kill()
    assert (served.folder / "state" / "pbxcharge.sock").is_socket()
    assert (await served.ask("topup", "alice", "1"))["entry"]["balance"] == "6.00"


async def test_a_schema_of_a_newer_release_is_left_alone(site: Site) -> None:
    """Every command says so with 78, also `db migrate`; the version stays."""
    with sqlite3.connect(site.database) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.close()
    for words in (("topup", "alice", "1"), ("balance",), ("db", "migrate")):
        refused = await site.run("--json", *words, code=78)
        assert refused.json["reason"] == "schema_ahead"
        assert f"has schema {version + 1}" in refused.err


async def test_a_schema_of_an_older_release_is_not_migrated_by_the_way(site: Site) -> None:
    """A command names `db migrate`, and changes nothing itself."""
    site.database.unlink()
    site.database.touch(mode=0o600)
    for words in (("topup", "alice", "1"), ("balance",)):
        refused = await site.run(*words, code=78)
        assert "pbxcharge db migrate" in refused.err
    assert site.database.stat().st_size == 0
    await site.run("db", "migrate")
    await site.run("balance")


async def test_books_in_another_currency_are_refused(site: Site) -> None:
    """The settings name another currency than the books are kept in."""
    site.config.write_text(site.config.read_text().replace("currency: EUR", "currency: USD"))
    for words in (("topup", "alice", "1"), ("balance",)):
        assert (await site.run("--json", *words, code=78)).json["reason"] == "wrong_currency"


async def test_migrating_under_a_running_daemon_is_refused(served: Site) -> None:
    """It holds the lock."""
    assert "is being written by process" in (await served.run("db", "migrate", code=69)).err


async def test_a_new_site_is_served_without_a_migration_by_hand(
    asterisk: FakeAsterisk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The daemon makes the database that it needs; commands use it at once."""
    site = make_site(tmp_path_factory.mktemp("new") / "site", asterisk)
    async with running(site):
        await site.serve()
        await site.add_user("bob", "bob-1", credit="3")
        assert (await site.ask("balance", "bob"))["wallets"][0]["balance"] == "3.00"
