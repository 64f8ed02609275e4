"""What the live cost log has told: page by page from the books, for those who come later."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import orjson

from pbxcharge.api.calls import micros
from pbxcharge.api.desk import Desk, rows
from pbxcharge.api.documents import Document
from pbxcharge.api.wanted import Wanted, wanted
from pbxcharge.flow.journal import Line
from pbxcharge.store import Queries
from pbxcharge.store.queries import END_OF_TIME_US

SCANNED_MAX = 2000
"""So many lines are looked at in one go: a long search keeps nobody waiting."""


@dataclass(frozen=True, slots=True)
class History:
    """The kept lines that a reader wants, from an instant on.

    Args:
        queries: reads the books.
        wanted: which lines.
        since_us: from this instant on.
        after: and with an id above this one.
    """

    queries: Queries
    wanted: Wanted
    since_us: int
    after: int

    @classmethod
    def since(cls, desk: Desk, wanted: Wanted, since_us: int) -> "History":
        """Everything from an instant on; no line's id lies before its instant."""
        return cls(desk.queries, wanted, since_us, since_us - 1)

    def fits(self, line: Line) -> bool:
        """Whether a line is of this history."""
        return line["at_us"] >= self.since_us and self.wanted.fits(line)

    async def page(
        self, until: int = END_OF_TIME_US, scanned: int = SCANNED_MAX
    ) -> tuple[list[Document], "History", bool]:
        """The next lines, the history that is left, and whether there is more of it now.

        Raises:
            StorageDown: the books cannot be read.
        """
        found = await self.queries.events(self.after, until, scanned)
        lines = [orjson.loads(event.body) for event in found if event.at_us >= self.since_us]
        left = replace(self, after=found[-1].event_id) if found else self
        return [line for line in lines if self.wanted.fits(line)], left, len(found) == scanned

    async def pages(self, until: int) -> AsyncIterator[list[Document]]:
        """Everything up to an id, page by page."""
        left, more = self, True
        while more:
            lines, left, more = await left.page(until)
            yield lines


async def stored_events(
    desk: Desk,
    since: str,
    after: int = 0,
    account: str | None = None,
    number: str | None = None,
    event: str | None = None,
    limit: int = SCANNED_MAX,
) -> Document:
    """The lines that are kept, from an instant on, and where the next page begins (`after`).

    `limit` lines are looked at, not all of which are wanted; `next` is None at the end.
    """
    lines_wanted = await wanted(desk, account, number, event)
    history = History.since(desk, lines_wanted, micros(since))
    history = replace(history, after=max(history.after, after))
    lines, left, more = await history.page(scanned=min(rows(limit), SCANNED_MAX))
    return {"events": lines, "next": left.after if more else None}
