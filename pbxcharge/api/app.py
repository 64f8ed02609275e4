"""The application: routes over a desk, and what each error is answered with."""

import os
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from pbxcharge.api import routes_accounts, routes_calls, routes_money
from pbxcharge.api.desk import Desk, declined
from pbxcharge.api.documents import Document
from pbxcharge.errors import AmountError, OperatingError, WriteRefused
from pbxcharge.flow.acts import Declined, Refusal


def build_app(desk: Desk) -> FastAPI:
    """All routes that this desk can serve; without an office only those that read."""
    # No docs pages: they would send a browser to other machines for their scripts.
    app = FastAPI(title="pbxcharge", docs_url=None, redoc_url=None)
    for routes in (routes_accounts.reading, routes_money.reading, routes_calls.reading):
        app.include_router(routes(desk))
    app.include_router(routes_calls.acting(desk))
    if desk.office is not None:
        app.include_router(routes_accounts.acting(desk, desk.office))
        app.include_router(routes_money.acting(desk, desk.office))
    app.add_exception_handler(AmountError, _amount)
    app.add_exception_handler(WriteRefused, _refused)
    app.add_exception_handler(OperatingError, _down)

    @app.get("/health")
    async def health() -> Document:
        return {
            "version": version("pbxcharge"),
            "pid": os.getpid(),
            "currency": desk.currency,
            "live_calls": None if desk.meter is None else len(desk.meter),
        }

    return app


def _amount(_: Request, error: Exception) -> JSONResponse:
    return declined(Declined(Refusal.AMOUNT_INVALID, str(error)))


def _refused(_: Request, error: Exception) -> JSONResponse:
    return declined(Declined(Refusal.NOT_ALLOWED, str(error)))


def _down(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"message": str(error)}, status_code=503)
