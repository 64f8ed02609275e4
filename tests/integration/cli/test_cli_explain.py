"""`explain` and `quote` as a support person reads them."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.granted_call import granted
from tests.fakes.small_site import talk
from tests.integration.cli.conftest import books
from tests.site import Site

EXPLAINED = """\
call          past
account       alice of acme
because       its phone alice has dialled
paid by       alice
type          public: to a number outside
from          alice
dialled       004930123456, which is 4930123456 by the site's rules of dialling
trunk         carrier
disposition   ANSWERED
set-up        2026-09-21 14:13:20 UTC, 2026-09-21 15:13:20 Europe/London
answer        2026-09-21 14:13:25 UTC, 2026-09-21 15:13:25 Europe/London
end           2026-09-21 14:13:50 UTC, 2026-09-21 15:13:50 Europe/London
talk          25 s; 25 s in whole blocks
ended by      lease: its paid time was over before more could be held
end known by  event: Asterisk told of the hangup at once
hangup cause  16: a normal end
charge        0.25 EUR

alice pays 0.25 EUR
plan     basic, version v1
price    Germany, prefix 49
asks     0.60 a minute
blocks   1 s first, then 1 s each; a block that has begun is charged whole
rounded  away from zero, 4 decimals
line         seconds of talk  blocks  per minute  amount
first block  0 to 1                1        0.60    0.01
blocks       1 to 25              24        0.60    0.24
total                                               0.25

held ahead of the talk, step by step: what is held is the charge for all talk so far
step  at                        pays the talk to  held of alice
   1  before it rang                        10 s           0.10
   2  5.000 s after the answer              25 s           0.25

wallet          held at last  charged  given back
alice:outgoing          0.25     0.25        0.00

booked (UTC)         wallet          kind    amount  id                          by    note
2026-09-21 14:13:50  alice:outgoing  charge   -0.25  charge:past:alice:outgoing  test

Priced again from what is stored: the same.
"""


@pytest.fixture
async def talked(site: Site) -> AsyncIterator[Site]:
    """Alice has talked for 25 s."""
    async with books(site) as (store, _):
        await talk(store.writer, granted("past"), 25)
    yield site


async def test_a_call_is_explained_when_all_files_of_plans_are_gone(talked: Site) -> None:
    """From what is stored alone: the same words before and after, also by the id of its charge.

    Seen failing with the plans read for `explain`.
    """
    assert (await talked.run("explain", "past")).out == EXPLAINED
    shutil.rmtree(talked.folder / "plans")
    shutil.rmtree(talked.folder / "rates")
    assert (await talked.run("explain", "charge:past:alice:outgoing")).out == EXPLAINED
    assert (await talked.ask("explain", "past"))["cdr"]["priced_again"] == "same"


async def test_a_record_that_was_changed_is_told_with_the_exit_code_1(talked: Site) -> None:
    """Somebody has edited the database."""
    with closing(sqlite3.connect(talked.database, isolation_level=None)) as shell:
        shell.execute("UPDATE cdr_level SET charge_micros = 1")
    changed = await talked.run("explain", "past", code=1)
    assert "it DIFFERS:\n  charge of alice: stored 0.000001, priced again 0.25\n" in changed.out


async def test_a_call_that_nobody_made_is_refused(site: Site) -> None:
    """There is no record of it."""
    assert "there is no record of a call 'nix'" in (await site.run("explain", "nix", code=1)).err


QUOTED = """\
61 s to 442079460000, needed to begin: 0.02 EUR, at most 3600 s

alice pays 0.62 EUR: plan kiosk, United Kingdom, prefix 44, billed 62 s
line         seconds of talk  blocks  per minute  amount
first block  0 to 2                1        0.60    0.02
blocks       2 to 62              30        0.60    0.60
total                                               0.62

credit of   has  by     needs to begin            lasts
alice      1.01  given            0.02  100 s (0:01:40)

the call can last 100 s (0:01:40), then alice has no more
"""


async def test_a_quote_says_how_long_an_amount_can_talk(site: Site) -> None:
    """1.01 at 0.02 for each 2 s is 50 blocks and a rest."""
    words = ("quote", "alice", "02079460000", "61")
    assert (await site.run(*words, "--credit", "1.01")).out == QUOTED
    now = (await site.ask(*words))["quote"]["credit"]
    assert (now["levels"][0]["credit"], now["talk_s"]) == ("5.00", 500)


async def test_a_quote_says_the_price_of_the_night_by_day(site: Site) -> None:
    """A Monday at noon 0.10 a minute, at ten in the evening 0.05; in Berlin it is eleven then."""
    words = ("account", "add", "bob", "--parent", "acme", "--name", "Bob", "--plan", "night")
    await site.run(*words)
    by_day, by_night, elsewhere = [
        (await site.ask("quote", "bob", "004930123456", "60", "--at", at))["quote"]
        for at in ("2026-03-02 12:00", "2026-03-02 22:00", "2026-03-02T23:00+01:00")
    ]
    assert [by_day["levels"][0]["charge"], by_night["levels"][0]["charge"]] == ["0.10", "0.05"]
    assert by_night["levels"][0]["lines"][0]["window"] == "evening"
    assert elsewhere["at"] == by_night["at"]
    assert by_night["at"] == {"local": "2026-03-02 22:00:00", "time_zone": "Europe/London"}


async def test_a_quote_counts_the_plans_of_its_instant(site: Site) -> None:
    """A plan that begins in 2031 is twice as dear; asked for then it counts, now it does not."""
    dearer(site.folder / "plans")
    words = ("quote", "alice", "02079460000", "60")
    assert (await site.ask(*words))["quote"]["levels"][0]["charge"] == "0.60"
    then = await site.ask(*words, "--at", "2031-01-01 12:00")
    assert then["quote"]["levels"][0]["charge"] == "1.20"
    before = await site.ask(*words, "--at", "2030-12-31T23:59:59Z")
    assert before["quote"]["levels"][0]["charge"] == "0.60"


def dearer(plans: Path) -> None:
    """The kiosk from 2031 on."""
    text = (plans / "kiosk.yaml").read_text()
    assert "name: kiosk\n" in text
    text = text.replace("name: kiosk\n", "name: kiosk\neffective_from: 2031-01-01\n")
    (plans / "kiosk-2031.yaml").write_text(
        text.replace("price_per_minute: 0.60", "price_per_minute: 1.20")
    )
