"""The restore drill: the books are lost in mid-call, and yesterday's copy takes their place."""

import shutil

from pbxcharge.store.verify import verify
from tests.exchange import SECOND, Exchange, exchange, slices_of, timing
from tests.fakes.fake_call import FakeCall


def put_aside(x: Exchange, *ends: str) -> None:
    """Move files of the lost books away: a step of the README."""
    lost = x.site.folder / "lost"
    lost.mkdir(exist_ok=True)
    for end in ends:
        old = x.site.database.with_name(x.site.database.name + end)
        if old.exists():
            old.rename(lost / old.name)


def put_back(x: Exchange) -> None:
    """Lay the copy where the books were: a step of the README."""
    shutil.copy(x.site.folder / "copy.db", x.site.database)


async def talk_to_the_end(x: Exchange, phone: str) -> FakeCall:
    """A call that is charged and recorded."""
    call = await x.talk(phone)
    call.hang_up()
    await x.settled(call)
    return call


async def test_restored_books_go_on_with_the_calls_that_they_know() -> None:
    """Two calls when the copy is made, another call and a top-up after it, then `kill -9`.

    The calls that still run are charged to their end, the one that ended meanwhile for what the
    books had seen of it; what came after the copy is gone, is said to be, and can be given again.
    """
    users = {"alice": "10.00", "bob": "10.00", "carol": "10.00"}
    change = timing(renew_lead_s=20)
    async with exchange(users, plan=slices_of(60), change=change) as x:
        runs, ends = await x.talk("alice"), await x.talk("bob")
        await x.site.run("db", "backup", str(x.site.folder / "copy.db"))
        ends.hang_up()
        await x.settled(ends)
        lost = await talk_to_the_end(x, "carol")
        await x.site.run("topup", "carol", "5.00", "--id", "till-7")
        await x.site.kill()
        put_aside(x, "", "-wal", "-shm")
        put_back(x)
        await x.serve()
        said = await x.site.log.wait("the books were restored from a backup")
        assert said["taken_at"] and "top-ups" in said["hint"]
        runs.hang_up()
        for call in (runs, ends):
            record = await x.settled(call)
            assert record["charge_micros"] == record["billed_s"] * SECOND
        assert x.records(lost) == []
        again = await x.site.ask("topup", "carol", "5.00", "--id", "till-7")
        assert (again["already"], x.balance("carol")) == (False, 15_000_000)
        assert x.held() == []
        assert await x.site.stop() == 0
        assert verify(x.site.database) == []


async def test_log_of_the_lost_books_is_never_mixed_with_the_copy() -> None:
    """Forgotten beside it, it is named and nothing starts; moved away, all is well.

    Seen failing without `refuse_foreign_log`: SQLite mixes the two into a malformed database.
    """
    async with exchange({"alice": "10.00"}) as x:
        await x.site.run("db", "backup", str(x.site.folder / "copy.db"))
        await talk_to_the_end(x, "alice")
        await x.site.kill()
        put_back(x)
        for words in (("serve",), ("topup", "alice", "1"), ("db", "migrate"), ("verify",)):
            assert "pbxcharge.db-wal does not belong" in (await x.site.run(*words, code=69)).err
        put_aside(x, "-wal", "-shm")
        await x.serve()
        assert x.balance("alice") == 10_000_000
        assert verify(x.site.database) == []
