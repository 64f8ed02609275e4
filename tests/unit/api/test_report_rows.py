"""Rows of reports as documents."""

import asyncio

from pbxcharge.api.report_rows import row_documents


async def test_others_have_their_turn_after_every_ten_calls() -> None:
    """An authorization needs some twenty turns: by hundreds of calls it would wait for long."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    rows = [("c", 1_300_100)] * 1_000
    found = await row_documents(rows, ("call_id", "charge"))
    task.cancel()
    assert found[-1] == {"call_id": "c", "charge": "1.3001"}
    assert turns >= 100
