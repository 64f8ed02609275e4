"""`kill -9` at one transaction of a billing run after the other."""

import asyncio
import os
import shutil
import signal
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pbxcharge.core.billing_period import add_months
from pbxcharge.core.subscription_terms import Applied
from pbxcharge.failpoints import VARIABLE, Failpoint
from pbxcharge.store.verify import verify
from tests.fakes.subscribers import offer, pay_in, subscribe
from tests.fakes.subscriptions import a_plan
from tests.integration.cli.conftest import books, fill, make_site
from tests.site import COMMAND, Site

RUNS_MAX = 20
NTH = 3
"""An answer that nothing fits is a transaction, too, and none that brings a run further."""
LEFT = (
    "SELECT entry_id, amount_micros, at_us FROM entry WHERE actor = 'billing' ORDER BY 1",
    "SELECT * FROM xdr ORDER BY 1",
    "SELECT account_id, at_us, what, reason FROM account_life ORDER BY at_us, what",
    "SELECT assignment_id, waiting FROM bill ORDER BY 1",
)
AHEAD = replace(a_plan("11", applied=Applied.IN_ADVANCE), name="ahead")
LATE = replace(a_plan("1"), name="late")


async def two_months_owed(folder: Path) -> Site:
    """Alice, whose 22.00 do not do for all of this month: she is suspended, and resumes."""
    site = make_site(folder)
    begins = add_months(datetime.now(UTC).date().replace(day=1), -1)
    await fill(site)
    async with books(site) as (store, _):
        await pay_in(store, "17", begins.isoformat())
        for name, plan in (("s1", AHEAD), ("s2", LATE)):
            await offer(store, plan)
            await subscribe(store, plan, begins.isoformat(), name=name)
    return site


async def bill(site: Site, failpoint: str = "") -> int | None:
    """One run of the command, which may be made to die; its exit code."""
    words = ("--config", str(site.config), "bill", "run")
    environment = {**os.environ, VARIABLE: failpoint}
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        COMMAND, *words, env=environment, stdout=quiet, stderr=quiet
    )
    return await asyncio.wait_for(process.wait(), 60)


def left(site: Site) -> list[Any]:
    """Everything that charging has left in the books."""
    with sqlite3.connect(site.database) as database:
        return [database.execute(sql).fetchall() for sql in LEFT]


@pytest.mark.parametrize(
    "point",
    [
        Failpoint.AFTER_COMMIT,
        pytest.param(Failpoint.AFTER_BILLING, marks=pytest.mark.matrix),
        pytest.param(Failpoint.BEFORE_BILLING, marks=pytest.mark.matrix),
        pytest.param(Failpoint.IN_TRANSACTION, marks=pytest.mark.matrix),
    ],
)
async def test_a_run_killed_again_and_again_leaves_what_one_run_does(
    point: Failpoint, tmp_path: Path
) -> None:
    """Nothing is lost and nothing charged twice: entries, records, suspensions, what waits.

    Seen failing with the progress of subscriptions written in a transaction of its own.
    """
    site = await two_months_owed(tmp_path / "site")
    shutil.copytree(tmp_path / "site", tmp_path / "kept")
    assert await bill(site) == 0
    wanted = left(site)
    shutil.rmtree(tmp_path / "site")
    shutil.copytree(tmp_path / "kept", tmp_path / "site")
    codes: list[int | None] = []
    while not codes or codes[-1] == -signal.SIGKILL:
        assert len(codes) < RUNS_MAX
        codes.append(await bill(site, f"{point}:{NTH}"))
    assert codes.count(-signal.SIGKILL) >= 2
    assert codes[-1] == 0
    assert left(site) == wanted
    assert verify(site.database) == []
