"""Reports over the socket: the same answers as alone, whole, and refused with a reason."""

from typing import Any
from unittest.mock import ANY

import pytest

from pbxcharge.api.desk import Desk
from pbxcharge.api.local import LocalApi
from pbxcharge.api.reports import DESTINATIONS_MAX
from pbxcharge.api.table import REPORTS
from pbxcharge.errors import ActDeclined, StorageDown
from pbxcharge.store.report_selects import CALL_COLUMNS
from tests.fakes.recorded_calls import level, refused, talked, write
from tests.integration.api.conftest import PRICES, Served

PATHS = [path for path in REPORTS if path.startswith("/reports/")]
NOVEMBER = {"month": "2026-11", "utc": True}


@pytest.fixture
async def month(served: Served) -> Served:
    """Three calls of alice in November, the last one refused, and one of nobody."""
    records = [
        talked("a1", "2026-11-01T00:00", 60, [level("alice", 100_000), level("acme", 60_000)]),
        talked("a2", "2026-11-03T08:00", 30, [level("alice", 50_001)], call_type="local"),
        refused("r1", "2026-11-05T10:00", "alice", "not_enough_credit"),
        refused("r2", "2026-11-06T10:00", None, "unknown_account"),
    ]
    await write(served.store.writer, records)
    return served


async def test_a_months_calls_come_with_their_sums(month: Served) -> None:
    """Money as decimal text, instants in UTC, every column of a record."""
    answer = await month.client.get("/reports/calls", scope="alice", **NOVEMBER)
    assert [row["call_id"] for row in answer["rows"]] == ["a1", "a2", "r1"]
    first = answer["rows"][0]
    assert list(first) == answer["columns"] == list(CALL_COLUMNS)
    assert (first["charge"], first["setup_at"]) == ("0.10", "2026-11-01T00:00:00.000000Z")
    assert [(one["account_id"], one["charge"]) for one in first["upper_levels"]] == [
        ("acme", "0.06")
    ]
    assert (answer["totals"]["calls"], answer["totals"]["charge"]) == (3, "0.150001")
    assert [(one["call_type"], one["calls"]) for one in answer["by_type"]] == [
        ("local", 1),
        ("public", 2),
    ]
    assert [one["day"][8:] for one in answer["by_day"]] == ["01", "03", "05"]
    assert (answer["cut"], answer["zone"], answer["name"]) == (False, "UTC", "Alice")


async def test_a_list_that_is_cut_says_so_and_its_sums_do_not(month: Served) -> None:
    """The newest calls are left, the sums count all; so it is in lists of sums."""
    answer = await month.client.get("/reports/calls", limit=1, columns="call_id", **NOVEMBER)
    assert (answer["rows"], answer["cut"]) == ([{"call_id": "r2"}], True)
    assert answer["totals"]["calls"] == 4
    one = await month.client.get("/reports/refused", limit=1, **NOVEMBER)
    both = await month.client.get("/reports/refused", limit=2, **NOVEMBER)
    assert (len(one["rows"]), one["cut"], len(both["rows"]), both["cut"]) == (1, True, 2, False)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scope", [None, "acme", "alice"])
async def test_the_daemon_answers_as_a_command_alone_does(
    month: Served, path: str, scope: str | None
) -> None:
    """Sent some rows at a time or not."""
    alone = LocalApi(Desk(month.store.queries, PRICES, "EUR"), "uid:0")
    asked: dict[str, Any] = {"scope": scope, **NOVEMBER}
    over_socket, here = await month.client.get(path, **asked), await alone.get(path, **asked)
    assert over_socket == here | {"made_at": ANY, "columns": list(here["columns"])}
    # Nobody stands below alice, so she has no margin.
    assert bool(over_socket["rows"]) is ((path, scope) != ("/reports/margins", "alice"))


async def test_more_rows_than_are_sent_at_once_are_whole(month: Served) -> None:
    """The last one too."""
    calls = [talked(f"m{n:04}", "2026-10-05", 1, [level("alice", n)]) for n in range(1201)]
    await write(month.store.writer, calls)
    answer = await month.client.get("/reports/calls", month="2026-10", columns="charge", utc=True)
    assert len(answer["rows"]) == 1201
    assert answer["rows"][-1] == {"charge": "0.0012"}
    assert DESTINATIONS_MAX >= len(answer["by_destination"]) == 1


async def test_what_there_is_not_is_declined(month: Served) -> None:
    """An unknown account, a filter that is misspelled."""
    for asked in ({"scope": "nobody"}, {"types": "lokal"}, {"typs": "local"}):
        for path in PATHS:
            with pytest.raises(ActDeclined):
                await month.client.get(path, **asked)


async def test_a_query_plan_comes_in_place_of_the_rows(month: Served) -> None:
    """By the index of the account's calls."""
    answer = await month.client.get("/reports/calls", scope="alice", query_plan=True, **NOVEMBER)
    assert answer["rows"] == []
    assert any("cdr_account" in step for step in answer["query_plans"]["calls"])


async def test_books_that_cannot_be_read_are_said_to_be_down(month: Served) -> None:
    """As everywhere."""
    month.store.path.rename(month.store.path.with_name("elsewhere"))
    with pytest.raises(StorageDown):
        await month.client.get("/reports/refused", **NOVEMBER)
