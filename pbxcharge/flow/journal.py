"""The live cost log: what happens to each call, to the log, to all who listen, and to the books."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from pbxcharge.core.call import Call
from pbxcharge.core.coverage import Coverage
from pbxcharge.core.ledger import EntryKind
from pbxcharge.core.money import MICROS, format_amount
from pbxcharge.core.price import charge_micros
from pbxcharge.core.pricing import Moment
from pbxcharge.flow.clock import Clock
from pbxcharge.logger import Logger

LISTENERS_MAX = 100
BACKLOG_MAX = 1000
COSTS_KEPT = 10_000

EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "authorized": "the call is allowed, and its first slice is held",
        "refused": "the attempt is not allowed; with an `end_source` without the daemon",
        "emergency": "an emergency call went through, free, at `setup_at_us`",
        "ringing": "the leg that is metered was dialled",
        "answered": "the paid time runs",
        "slice": "one more slice is held",
        "extended": "one more slice is held after the payer was warned: the end is put off",
        "timeout armed": "Asterisk's own timer ends the leg at the paid instant",
        "timeout not armed": "Asterisk did not take that timer; it is set again soon",
        "timeout lost": "the leg was found without its timer; it gets another one",
        "credit exhausted": "not one more block fits: the slice that runs is the last one",
        "warned": "the payer alone was told that the end is near",
        "credit raised": "credit has come for a call in its last slice, which asks for more",
        "transferred": "a phone has transferred the call; who pays for its legs stays the same",
        "taken up": "a daemon that has just started goes on with a call that runs",
        "left alone": "only trunks talk to each other now: the call ends in `ends_in_ms`",
        "trunk failed": "a trunk did not take the call, which goes on by its next one",
        "hangup requested": "somebody hangs up: `by` says which side",
        "hang_up": "an operator ends the call by `calls hang-up`",
        "cut": "the daemon ends the leg: `by` says why",
        "settled": "charged, recorded, and what was held and not used is given back",
        "unauthorized leg": "a leg to a trunk that nobody was granted; it is hung up",
        "plans_in_force": "other plans, prices or decks count from the next call on",
        "rerated": "a settled call was charged anew: `before` and `after` at this level",
        str(EntryKind.INITIAL): "initial credit was granted",
        str(EntryKind.TOP_UP): "credit was topped up",
        str(EntryKind.CHARGE): "a call was charged anew",
        str(EntryKind.FEE): "a subscription was charged",
        str(EntryKind.CREDIT): "a subscription gave back part of its fees",
        str(EntryKind.PENALTY): "a subscription was closed early, and charged for it",
        str(EntryKind.REFUND): "money was given back for a call",
        str(EntryKind.ADJUSTMENT): "a balance was set right by hand",
        str(EntryKind.REVERSAL): "an entry was taken back by another one",
    }
)
"""The name of everything that is told, and what it means."""

Line = Mapping[str, Any]
Fits = Callable[[Line], bool]


class Listener:
    """One reader of the event stream. A slow one is dropped, never waited for.

    Args:
        fits: which lines it wants; the others take no room.
        last_id: of the last line that was told before it began to listen.
    """

    def __init__(self, fits: Fits, last_id: int) -> None:
        self.queue: asyncio.Queue[Line | None] = asyncio.Queue(BACKLOG_MAX)
        self.last_id = last_id
        self.dropped = False
        self._fits = fits

    def offer(self, line: Line) -> bool:
        """Hand the reader a line; False if it is too far behind and is let go."""
        if not self._fits(line):
            return True
        if self.queue.full():
            self.dropped = True
            self.queue.get_nowait()
            self.queue.put_nowait(None)
            return False
        self.queue.put_nowait(line)
        return True


class Journal:
    """Tells the life of each call in lines bound to call id and account.

    Every line has `event_id`, `at_us`, `event`; those of a call `call_id`, `account`,
    `organization`, `number`, and what the call has paid so far as `cost`, a decimal string in the
    site's currency.
    Ids rise from line to line, also over restarts, and are the microsecond of the line or the next
    one that is free.
    """

    def __init__(self, log: Logger, clock: Clock, currency: str) -> None:
        self._log = log
        self._clock = clock
        self._currency = currency
        self._listeners: list[Listener] = []
        self._costs: dict[tuple[str, Moment, int, tuple[Coverage, ...]], Mapping[str, str]] = {}
        self._keep: Callable[[Line], None] = _forget
        self.last_id = 0

    def keep_with(self, keep: Callable[[Line], None], last_id: int) -> None:
        """Give every line to the books, too, whose last one had this id."""
        self._keep = keep
        self.last_id = max(self.last_id, last_id)

    def tell(self, event: str, call: Call | None = None, **fields: Any) -> None:
        """Write one line to the log, send it to every listener, and keep it."""
        line = {**(self._of_call(call) if call else {}), **fields}
        self._log.info(event, **line)
        self._send(event, line)

    def note(self, event: str, call: Call, **fields: Any) -> None:
        """As `tell`, for what the log has only at its level `debug`."""
        line = {**self._of_call(call), **fields}
        self._log.debug(event, **line)
        self._send(event, line)

    def cost(self, micros: int) -> Mapping[str, str]:
        """An amount as the fields of a line."""
        return {"cost": format_amount(micros), "currency": self._currency}

    @contextmanager
    def listen(self, fits: Fits = lambda _: True) -> Iterator[Listener]:
        """Everything that is told from now on and fits, for one reader.

        Raises:
            OverflowError: too many listen already.
        """
        if len(self._listeners) >= LISTENERS_MAX:
            raise OverflowError("too many readers of the event stream")
        listener = Listener(fits, self.last_id)
        self._listeners.append(listener)
        try:
            yield listener
        finally:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def _send(self, event: str, line: Line) -> None:
        at_us = self._clock.wall_us()
        self.last_id = max(self.last_id + 1, at_us)
        sent = {"event_id": self.last_id, "at_us": at_us, "event": event, **line}
        self._keep(sent)
        if self._listeners:
            self._listeners = [each for each in self._listeners if each.offer(sent)]

    def _of_call(self, call: Call) -> dict[str, Any]:
        attempt = call.granted.attempt
        return {
            "call_id": attempt.call_id,
            "account": attempt.account_id,
            "organization": attempt.organization_id,
            "number": attempt.number,
            **self._paid(call),
        }

    def _paid(self, call: Call) -> Mapping[str, str]:
        """What the call has paid so far; the same few seconds of a rate come again and again."""
        key = (call.granted.rating_id, call.moment, call.through_s, call.coverage)
        if key not in self._costs:
            if len(self._costs) >= COSTS_KEPT:
                self._costs.clear()
            self._costs[key] = self.cost(held_micros(call))
        return self._costs[key]


def held_micros(call: Call) -> int:
    """What the caller's own level has paid or set aside so far."""
    return charge_micros(call.own_price, call.through_s)


def paid_through_us(call: Call) -> int | None:
    """The instant up to which an answered call is paid, by Asterisk's clock."""
    return call.answered_at_us and call.answered_at_us + call.through_s * MICROS


def _forget(_: Line) -> None:
    """Where nobody keeps lines."""
