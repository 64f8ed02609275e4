"""The desk: what the routes serve from, in the daemon or in a command on its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import JSONResponse

from pbxcharge.api.documents import Document
from pbxcharge.api.stream import Streams
from pbxcharge.flow.acts import Declined, Done
from pbxcharge.flow.authorize import Prices
from pbxcharge.flow.journal import Journal
from pbxcharge.flow.meter import Meter
from pbxcharge.flow.office import Office
from pbxcharge.store import Queries

Result = TypeVar("Result")

DECLINED = 409


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes serve from.

    Args:
        queries: reads the books.
        prices: the plans in force and the number rules.
        currency: of the site.
        office: the admin acts; None where the books may only be read.
        meter: the live calls; None in a command on its own.
        journal: the live cost log; None in a command on its own.
        streams: the readers of the event stream.
    """

    queries: Queries
    prices: Prices
    currency: str
    office: Office | None = None
    meter: Meter | None = None
    journal: Journal | None = None
    streams: Streams = field(default_factory=Streams)

    def tell(self, event: str, **fields: Any) -> None:
        """Write a line into the live cost log, where there is one."""
        if self.journal is not None:
            self.journal.tell(event, **fields)


def actor(request: Request) -> str:
    """Who asks: `uid:` and the user that the kernel names for the other end of the socket.

    Headers say nothing here, so nobody can write under another name.
    """
    return request.client.host if request.client else "uid:unknown"


def answer(act: Done[Result] | Declined, document: Callable[[Result], Document]) -> JSONResponse:
    """What an act answers: 200 with its result, or 409 with the reason against it."""
    if isinstance(act, Declined):
        return declined(act)
    return JSONResponse({"done": True, "already": act.already, **document(act.result)})


def declined(act: Declined) -> JSONResponse:
    """An act that was declined."""
    return JSONResponse(
        {"done": False, "reason": str(act.refusal), "message": act.message}, status_code=DECLINED
    )
