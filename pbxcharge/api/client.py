"""The client of the local API, over the daemon's socket."""

import json
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pbxcharge.errors import (
    ActDeclined,
    NoAnswer,
    NobodyThere,
    OperatingError,
    OutcomeUnknown,
    StorageDown,
)

# It has a command line of its own, which takes as long to import as all the rest of it, and which
# it does without where that cannot be imported.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
import httpx  # noqa: E402

Document = dict[str, Any]

HEALTH_WITHIN_S = 1.0
ANSWER_WITHIN_S = 5.0
READ_WITHIN_S = 60.0
"""A long list takes its time."""

SILENCE_S = 30.0
"""A living event stream says something, if only an empty line, more often than that."""

IMPORT, IMPORT_WITHIN_S = "/import", 600.0
"""A hundred thousand rows take some time."""

_LONG = ("/plans/apply", "/rerates")
"""Reading many prices takes its time, and so does pricing many calls."""

_BASE = "http://pbxcharge"
_DECLINED, _DOWN = 409, 503


class Client:
    """Asks the API. An act that is declined raises ActDeclined with the reason against it."""

    def __init__(self, path: Path) -> None:
        # There is no TLS on a socket, and reading the certificates of the world takes 50 ms.
        transport = httpx.AsyncHTTPTransport(uds=str(path), verify=False)
        self._http = httpx.AsyncClient(transport=transport, base_url=_BASE)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.aclose()

    async def health(self) -> Document:
        """Who answers there.

        Raises:
            NobodyThere: nobody listens.
            NoAnswer: somebody does, and does not answer.
        """
        return await self._ask("GET", "/health", HEALTH_WITHIN_S)

    async def get(self, path: str, **asked: Any) -> Document:
        """Read something; what is None is not asked for.

        Raises:
            NobodyThere, NoAnswer: as in `health`.
            ActDeclined: there is no such thing.
        """
        params = {name: value for name, value in asked.items() if value is not None}
        return await self._ask("GET", path, READ_WITHIN_S, params=params)

    async def act(self, path: str, **body: Any) -> Document:
        """Change something.

        Raises:
            NobodyThere: nothing was done.
            OutcomeUnknown: the answer was lost; the same act may be given again.
            ActDeclined: nothing was done, and why.
            StorageDown: the books cannot be written.
        """
        try:
            if path == IMPORT:
                return await self._import(**body)
            within_s = READ_WITHIN_S if path in _LONG else ANSWER_WITHIN_S
            return await self._ask("POST", path, within_s, json=body)
        except NoAnswer as error:
            raise OutcomeUnknown(
                "the daemon did not answer; it is not known whether this was done"
            ) from error

    @asynccontextmanager
    async def events(self, **asked: str | None) -> AsyncIterator[AsyncIterator[str]]:
        """The event stream, once it flows: JSON lines, empty ones when nothing happens.

        Args:
            asked: `since` (an instant), `account`, `number`, `event`; what is None does not count.
        """
        params = {name: value for name, value in asked.items() if value is not None}
        timeout = httpx.Timeout(HEALTH_WITHIN_S, read=SILENCE_S)
        try:
            async with self._http.stream(
                "GET", "/events", params=params, timeout=timeout
            ) as response:
                if response.is_error:
                    await response.aread()
                    _checked(response)
                yield response.aiter_lines()
        except httpx.ConnectError as error:
            raise _wrapped(error) from error
        except httpx.TransportError as error:
            raise NoAnswer("the daemon has gone away") from error

    async def _import(self, rows: Iterable[Document], **asked: Any) -> Document:
        """Rows go as JSON lines, so that the daemon can read them as they come."""
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        content = lines.encode()
        return await self._ask("POST", IMPORT, IMPORT_WITHIN_S, params=asked, content=content)

    async def _ask(self, method: str, path: str, within_s: float, **asked: Any) -> Document:
        timeout = httpx.Timeout(within_s, connect=HEALTH_WITHIN_S)
        try:
            return _checked(await self._http.request(method, path, timeout=timeout, **asked))
        except httpx.TransportError as error:
            raise _wrapped(error) from error


def _wrapped(error: httpx.TransportError) -> OperatingError:
    if isinstance(error, httpx.ConnectError):
        return NobodyThere("nobody listens at the daemon's socket")
    return NoAnswer("the daemon does not answer")


def _checked(response: httpx.Response) -> Document:
    try:
        content: Document = response.json()
    except ValueError:
        # uvicorn's own word when too many ask at once.
        raise NoAnswer(f"the daemon turns us away: {response.text[:100]}") from None
    if response.is_success:
        return content
    if response.status_code == _DECLINED:
        raise ActDeclined(content["reason"], content["message"])
    if response.status_code == _DOWN:
        raise StorageDown(content["message"])
    raise OperatingError(f"the API answers {response.status_code}: {response.text[:500]}")
