"""The live cost log: what happens to each call, to the log and to everybody who listens."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pbxcharge.core.call import Call
from pbxcharge.core.money import format_amount
from pbxcharge.core.rate import charge_micros
from pbxcharge.flow.clock import Clock
from pbxcharge.logger import Logger

LISTENERS_MAX = 100
BACKLOG_MAX = 1000

Line = dict[str, Any]


class Listener:
    """One reader of the event stream. A slow one is dropped, never waited for."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Line | None] = asyncio.Queue(BACKLOG_MAX)
        self.dropped = False

    def offer(self, line: Line) -> bool:
        """Hand the reader a line; False if it is too far behind and is let go."""
        if self.queue.full():
            self.dropped = True
            self.queue.get_nowait()
            self.queue.put_nowait(None)
            return False
        self.queue.put_nowait(line)
        return True


class Journal:
    """Tells the life of each call in lines bound to call id and account.

    Every line has `event`, `call_id`, `account`; amounts are decimal strings in the site's
    currency.
    """

    def __init__(self, log: Logger, clock: Clock, currency: str) -> None:
        self._log = log
        self._clock = clock
        self._currency = currency
        self._listeners: list[Listener] = []

    def tell(self, event: str, call: Call | None = None, **fields: Any) -> None:
        """Write one line, and send it to every listener."""
        line = {**(_of_call(call) if call else {}), **fields}
        self._log.info(event, **line)
        if self._listeners:
            self._send({"event": event, "at_us": self._clock.wall_us(), **line})

    def cost(self, micros: int) -> Mapping[str, str]:
        """An amount as the fields of a line."""
        return {"cost": format_amount(micros), "currency": self._currency}

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """Everything that is told from now on, for one reader.

        Raises:
            OverflowError: too many listen already.
        """
        if len(self._listeners) >= LISTENERS_MAX:
            raise OverflowError("too many readers of the event stream")
        listener = Listener()
        self._listeners.append(listener)
        try:
            yield listener
        finally:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def _send(self, line: Line) -> None:
        self._listeners = [listener for listener in self._listeners if listener.offer(line)]


def _of_call(call: Call) -> Line:
    attempt = call.granted.attempt
    return {
        "call_id": attempt.call_id,
        "account": attempt.account_id,
        "number": attempt.number,
    }


def held_micros(call: Call) -> int:
    """What the caller's own level has paid or set aside so far."""
    return charge_micros(call.granted.rating.levels[0].rate, call.through_s)
