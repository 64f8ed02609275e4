"""`replay` of real calls, beside a daemon that meters others and is neither asked nor disturbed."""

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pbxcharge.core.money import parse_amount
from tests.exchange import PLAN, Exchange, exchange

GERMANY = "004930123456"
DEARER = PLAN.replace("price_per_minute: 0.60", "price_per_minute: 1.20")
FRANCE_ALONE = PLAN.replace("prefixes: [44]", "prefixes: [33]")
WITH_GERMANY = f"{PLAN}    - {{destination: Germany, prefixes: [49], price_per_minute: 1}}\n"


async def replayed(x: Exchange, plan: str, code: int = 0, *words: str) -> dict[str, Any]:
    """All calls of the day by another text of the plan."""
    folder = x.site.folder / "new-plans"
    folder.mkdir(exist_ok=True)
    (folder / "seconds.yaml").write_text(plan)
    yesterday = str(date.today() - timedelta(days=1))
    command = ("--json", "replay", "--plans", str(folder), "--from", yesterday, *words)
    found: dict[str, Any] = (await x.site.run(*command, code=code)).json
    return found


async def test_real_calls_are_priced_by_the_other_plan() -> None:
    """Answered, not answered, refused; while another one talks, and it all goes on."""
    async with exchange({"alice": "5", "bob": "5"}) as x:
        talk = await x.talk("alice")
        talk.hang_up()
        charged = (await x.settled(talk))["charge_micros"]
        in_vain = await x.ring("alice")
        in_vain.reject()
        await x.settled(in_vain)
        assert (await x.ask("alice", GERMANY)).ended.is_set()
        live = await x.talk("bob")
        before = contents(x.site.database)
        twice = await replayed(x, DEARER, 1, "--fail-above", "50%")
        refused, let_through = await replayed(x, FRANCE_ALONE), await replayed(x, WITH_GERMANY)
        assert contents(x.site.database) == before
        assert parse_amount(twice["callers"]["after"]) == 2 * charged
        assert refused["would_be_refused"]["no_rate"] == refused["callers"]["calls"]
        assert (let_through["would_be_allowed"], let_through["calls_changed"]) == (1, 0)
        live.hang_up()
        assert (await x.settled(live))["charge_micros"] > 0


def contents(database: Path) -> list[str]:
    """What was charged and what is on record: a live call changes only what is held for it."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as books:
        tables = ("cdr", "cdr_level", "entry", "rating", "account")
        return [str(books.execute(f"SELECT * FROM {table}").fetchall()) for table in tables]
