"""The daemon's start: in which order its parts come up, and how clearly it says why it cannot."""

import asyncio
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.exchange import PLAN, Exchange, exchange
from tests.fakes.fake_systemd import fake_systemd
from tests.fakes.until import until


def listens(exchanged: Exchange) -> bool:
    """Whether the daemon can be asked for permission to call."""
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", exchanged.pbx.agi_port)) == 0


async def test_calls_are_taken_only_after_the_books_were_compared_with_asterisk() -> None:
    """Before that nobody can ask, and systemd is told nothing; then both at once, calls last.

    Seen failing with `agi.start()` before `_until_compared` in Daemon.start.
    """
    async with exchange({"alice": "1.00"}, serve=False, asterisk=False) as x:
        with fake_systemd(x.site.folder) as systemd:
            await x.serve(ready=False, NOTIFY_SOCKET=systemd.address)
            await x.site.log.wait("ami_down", failures=2)
            assert not listens(x)
            assert "READY=1" not in systemd.listen()
            await x.pbx.start()
            await x.site.log.wait("ready")
            assert listens(x)
            await systemd.wait("READY=1")
        assert x.pbx.acted("Status")
        call = await x.talk("alice")
        call.hang_up()
        assert (await x.settled(call))["disposition"] == "ANSWERED"


async def test_office_is_open_before_asterisk_is_there() -> None:
    """Top-ups and questions do not wait for Asterisk; systemd is told what the daemon waits for."""
    async with exchange({"alice": "1.00"}, serve=False, asterisk=False) as x:
        with fake_systemd(x.site.folder) as systemd:
            await x.serve(ready=False, NOTIFY_SOCKET=systemd.address)
            await x.site.log.wait("ami_down")
            answer = await x.site.ask("topup", "alice", "2.00")
            assert (answer["already"], x.balance("alice")) == (False, 3_000_000)
            assert x.site.log.find("top_up", account="alice")
            await until(lambda: any("STATUS=waiting" in state for state in systemd.listen()))


async def test_daemon_that_waits_for_asterisk_can_be_stopped() -> None:
    """A stop is obeyed also before the daemon ever was ready."""
    async with exchange({"alice": "1.00"}, serve=False, asterisk=False) as x:
        await x.serve(ready=False)
        await x.site.log.wait("ami_down")
        async with asyncio.timeout(5):
            assert await x.site.stop() == 0
        assert not x.site.log.find("ready")


async def test_every_error_of_the_files_is_shown_at_once_and_ends_with_78() -> None:
    """Settings and plans with errors: each with file, line and key, and no daemon."""

    def break_settings(settings: dict[str, dict[str, object]]) -> None:
        settings["timing"]["ring_s"] = 0
        settings["fastagi"]["prot"] = 1

    async with exchange({"alice": "1.00"}, serve=False, change=break_settings) as x:
        answer = await x.site.run("serve", code=78)
        assert "timing.ring_s" in answer.err
        assert "fastagi.prot" in answer.err
        (x.site.folder / "pbxcharge.yaml").write_text("site: {name: Nobody}\n")
        assert "ami" in (await x.site.run("serve", code=78)).err


async def test_broken_plan_keeps_the_daemon_from_starting() -> None:
    """A plan nobody can charge by is found before any call: exit 78, the file and the line."""
    async with exchange({"alice": "1.00"}, serve=False) as x:
        plan = x.site.folder / "plans" / "seconds.yaml"
        broken = plan.read_text().replace("price_per_minute: 0.60", "price: 0.60")
        plan.write_text(broken)
        answer = await x.site.run("serve", code=78)
        line = 1 + broken.partition("price: 0.60")[0].count("\n")
        assert f"seconds.yaml:{line}" in answer.err


async def test_second_daemon_is_told_who_writes_and_harms_nothing() -> None:
    """One writer only: exit 69 with the process that has the lock, and that one goes on."""
    async with exchange({"alice": "1.00"}) as x:
        assert x.site.process is not None
        answer = await x.site.run("serve", code=69)
        assert f"process {x.site.process.pid}" in answer.err
        assert (await x.site.ask("calls"))["metered"]
        assert (await x.ask("alice")).verdict["PBXC_VERDICT"] == "ALLOW"


async def test_newer_database_is_named_and_left_alone() -> None:
    """Books of a later release: both versions are said, nothing is changed."""
    async with exchange({"alice": "1.00"}, serve=False) as x:
        with closing(sqlite3.connect(x.site.database)) as books:
            books.execute("PRAGMA user_version = 99")
        answer = await x.site.run("serve", code=69)
        assert "schema 99" in answer.err
        assert "this release knows up to" in answer.err
        assert x.rows("PRAGMA user_version") == [{"user_version": 99}]


async def test_port_that_is_taken_is_named() -> None:
    """Somebody else listens where Asterisk will ask: exit 69, and the address in one sentence."""
    async with exchange({"alice": "1.00"}, serve=False) as x:
        with socket.create_server(("127.0.0.1", x.pbx.agi_port)):
            answer = await x.site.run("serve", code=69)
        assert f"127.0.0.1:{x.pbx.agi_port}" in answer.err
        assert "Traceback" not in answer.err


async def test_plans_of_nobody_are_told_at_the_start_and_calls_go_on() -> None:
    """The file was edited while nobody ran: the log says where, and alice, who has it, may call.

    Seen failing without `reload.inspect` in Daemon.start.
    """
    async with exchange({"alice": "1.00"}, plan=f"{PLAN.lstrip()}owner: agent\n") as x:
        (found,) = x.site.log.find("finding", key="owner")
        line = len(PLAN.lstrip().splitlines()) + 1
        assert (Path(found["file"]).name, found["line"]) == ("seconds.yaml", line)
        assert "there is no account agent" in found["message"]
        call = await x.talk("alice")
        call.hang_up()
        await x.settled(call)
        await x.site.run("account", "add", "agent", "--kind", "service-provider")
        await x.site.stop()
        await x.serve()
        (found,) = x.site.log.find("finding", key="")
        assert "it charges the accounts alice" in found["message"]
