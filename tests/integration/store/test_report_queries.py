"""What reports read: exact sums, of the scope alone, by indexes."""

import pytest

from pbxcharge.core.period import Period, Piece
from pbxcharge.store import Store
from pbxcharge.store.report_queries import Reports, Wanted
from tests.fakes.recorded_calls import grow, level, refused, talked, us, write

NOVEMBER = Period(us("2026-11-01"), us("2026-12-01"))
PIECES = [Piece(NOVEMBER.from_us, NOVEMBER.until_us, 0)]
TREE = {"prov": None, "org": "prov", "ann": "org", "ben": "org", "other": None, "eve": "other"}


@pytest.fixture
async def month(store: Store) -> Reports:
    """A month of two trees: three levels pay for Ann's calls, Eve's calls are somebody else's."""
    await grow(store.writer, TREE)
    up = [level("org", 60_000), level("prov", 40_000)]
    records = [
        talked("before", "2026-10-31T23:59:59.999999", 60, [level("ann", 900_000)]),
        talked("a1", "2026-11-01T00:00", 60, [level("ann", 100_000), *up], cost_micros=30_000),
        talked("a2", "2026-11-03T08:00", 30, [level("ann", 50_001)], call_type="local", trunk=None),
        talked("b1", "2026-11-03T09:00", 90, [level("ben", 150_000, prefix="49")]),
        talked("e1", "2026-11-04T10:00", 10, [level("eve", 7)]),
        refused("r1", "2026-11-05T10:00", "ann", "not_enough_credit"),
        refused("r2", "2026-11-06T10:00", None, "unknown_account"),
        talked("after", "2026-12-01T00:00", 60, [level("ann", 900_000)]),
    ]
    await write(store.writer, records)
    return Reports(store.path)


async def test_a_list_has_the_calls_of_the_subtree_and_the_period(month: Reports) -> None:
    """The oldest first; the first instant of the month is in it, that of the next is not."""
    async with month.reading() as reading:
        of_org = await reading.calls(Wanted("org", NOVEMBER), ["call_id", "charge"], 100)
        of_site = await reading.calls(Wanted(None, NOVEMBER), ["call_id"], 100)
    assert of_org == [("a1", 100_000), ("a2", 50_001), ("b1", 150_000), ("r1", 0)]
    assert [row[0] for row in of_site] == ["a1", "a2", "b1", "e1", "r1", "r2"]
