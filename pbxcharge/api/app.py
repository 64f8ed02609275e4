"""The application: every path of the table over HTTP, and what each error is answered with."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from pbxcharge.api.calls import micros
from pbxcharge.api.desk import Desk
from pbxcharge.api.documents import Document
from pbxcharge.api.events import History
from pbxcharge.api.imports import bring, read_rows, written
from pbxcharge.api.models import BODIES, Body
from pbxcharge.api.table import ACTS, READS, REPORTS, Answer
from pbxcharge.api.wanted import wanted
from pbxcharge.errors import ActDeclined, OperatingError, WriteRefused
from pbxcharge.flow.acts import Refusal
from pbxcharge.flow.uncollected import uncollected

DECLINED, DOWN = 409, 503
IMPORT = "/import"


def actor(request: Request) -> str:
    """Who asks: `uid:` and the user that the kernel names for the other end of the socket.

    Headers say nothing here, so nobody can write under another name.
    """
    return request.client.host if request.client else "uid:unknown"


Actor = Annotated[str, Depends(actor)]


def build_app(desk: Desk) -> FastAPI:
    """All questions and acts of the table, and the event stream."""
    # No docs pages: they would send a browser to other machines for their scripts.
    app = FastAPI(title="pbxcharge", docs_url=None, redoc_url=None)
    for path, read in READS.items():
        route = partial(_report, desk, read) if path in REPORTS else partial(read, desk)
        app.get(path, name=path)(route)
    for path, model in BODIES.items():
        app.post(path, name=path)(_acting(desk, ACTS[path], model))
    app.post(IMPORT, name=IMPORT)(partial(_import, desk))
    app.get("/events", name="/events")(partial(_events, desk))
    app.add_exception_handler(ActDeclined, _declined)
    app.add_exception_handler(WriteRefused, _refused)
    app.add_exception_handler(OperatingError, _down)
    return app


def _acting(desk: Desk, act: Answer, model: type[Body]) -> Callable[..., Awaitable[Document]]:
    async def route(body: Body, by: Actor) -> Document:
        return await act(desk, by, **body.model_dump())

    # FastAPI reads a body's form from the annotation.
    route.__annotations__["body"] = model
    return route


async def _import(desk: Desk, request: Request, by: Actor, apply: bool = False) -> Response:
    """Rows as JSON lines; neither they nor the answer are ever handled in one piece."""
    with uncollected():
        document = await bring(desk, by, await read_rows(request.stream()), apply)
    return StreamingResponse(written(document), media_type="application/json")


async def _report(desk: Desk, read: Answer, request: Request) -> Response:
    """Rows are many: they are neither checked again nor written in one piece."""
    with uncollected():
        document = await read(desk, **request.query_params)
    return StreamingResponse(written(document, "rows"), media_type="application/json")


async def _events(
    desk: Desk,
    since: str | None = None,
    account: str | None = None,
    number: str | None = None,
    event: str | None = None,
) -> Response:
    """The live cost log from now on, or from an instant on; only what is asked for."""
    if desk.journal is None or desk.streams.full:
        return JSONResponse({"message": "the event stream has no room"}, DOWN)
    lines_wanted = await wanted(desk, account, number, event)
    history = None if since is None else History.since(desk, lines_wanted, micros(since))
    lines = desk.streams.lines(desk.journal, desk.archive, lines_wanted, history)
    return StreamingResponse(lines, media_type="application/x-ndjson")


def _refusal(reason: str, message: str) -> JSONResponse:
    return JSONResponse({"done": False, "reason": reason, "message": message}, DECLINED)


def _declined(_: Request, error: Exception) -> JSONResponse:
    return _refusal(error.reason if isinstance(error, ActDeclined) else "", str(error))


def _refused(_: Request, error: Exception) -> JSONResponse:
    return _refusal(Refusal.NOT_ALLOWED, str(error))


def _down(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"message": str(error)}, DOWN)
