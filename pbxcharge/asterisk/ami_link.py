"""The link to one Asterisk: connect, log in, prove that it lives, begin again when it is lost."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from time import monotonic_ns, time_ns
from typing import Any

from panoramisk import Manager

from pbxcharge.asterisk.ami_events import parse_event
from pbxcharge.asterisk.ami_fields import stamped_at
from pbxcharge.asterisk.ami_message import Headers
from pbxcharge.asterisk.ami_protocol import LinkProtocol, Reply
from pbxcharge.asterisk.events import Event, FullyBooted
from pbxcharge.errors import AmiDown, AmiMalformed, AmiRefused, OperatingError
from pbxcharge.logger import Logger

CONNECT_S = 5.0
LOGIN_S = 5.0
BOOT_S = 30.0
"""After the login Asterisk says that it has booted, at once if it has."""

EVENT_LAG_US = 500_000
"""How much older than an answered ping an event may be that is told after it. Asterisk hands events
from thread to thread: 7 of 7,800 came after the answer to a later ping, by at most 22 ms, at 60
calls a second on two busy cores. With a wide margin, since it decides what a lost call costs."""

RETRY_S = (0.2, 0.5, 1.0, 2.0)
"""Never long: while the link is away live calls end at their leases, and a lead is seconds."""
REFUSED_RETRY_S = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
JITTER = 0.2
"""Share by which a wait is shortened at random, so that many clients do not come back together."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Proof of life: all that happened before this instant has been told.

    That is EVENT_LAG_US before a ping that was answered.

    Args:
        monotonic_ns: the instant by the machine's monotonic clock.
        sent_at_us: by its wall clock, microseconds since the epoch.
        asterisk_at_us: by Asterisk's clock, likewise.
    """

    monotonic_ns: int
    sent_at_us: int
    asterisk_at_us: int


def retry_delay_s(failures: int, refused: bool, chance: float) -> float:
    """Wait before the next attempt: 0.2 s after the first failure, 2 s from the fourth on.

    Args:
        failures: in a row, 1 or more.
        refused: the last one was a refused login, which mends itself more seldom.
        chance: 0 to 1, shortens the wait by up to a fifth.
    """
    waits = REFUSED_RETRY_S if refused else RETRY_S
    return waits[min(failures, len(waits)) - 1] * (1 - JITTER * chance)


class AmiLink(Manager):  # type: ignore[misc]  # panoramisk carries no types
    """panoramisk's manager with its life replaced: back-off, deadlines, proof of life.

    Its own connects again every two seconds for ever, does not see that a ping stays unanswered,
    and connects again after it was closed.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        on_up: Callable[[], None],
        on_down: Callable[[], None],
        on_event: Callable[[Event, int], None],
        on_unreadable: Callable[[], None],
        ping_interval_s: float,
        ping_deadline_s: float,
        wanted: Collection[str],
        logger: Logger,
    ) -> None:
        super().__init__(
            host=host,
            port=port,
            username=username,
            secret=secret,
            loop=asyncio.get_running_loop(),
            protocol_factory=lambda: LinkProtocol(self, wanted),
        )
        self.up = False
        self.epoch = 0
        self.last_proof: Proof | None = None
        self.last_failure: OperatingError | None = None
        self.counts: Counter[str] = Counter()
        self._on_up = on_up
        self._on_down = on_down
        self._on_event = on_event
        self._on_unreadable = on_unreadable
        self._logger = logger
        self._ping_interval_s = ping_interval_s
        self._ping_deadline_s = ping_deadline_s
        self._failures = 0
        self._booted = False
        self._drop_reason: OperatingError | None = None
        self._attempt: asyncio.Task[Any] | None = None
        self._stopped = False
        self._timer: asyncio.TimerHandle | None = None

    def _wait(self, delay_s: float, then: Any, *args: object) -> None:
        """Set the one timer of the link: connect, log in, boot, ping or try again."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if self._stopped else self.loop.call_later(delay_s, then, *args)

    def connect(self) -> None:
        """Connect, unless it was closed."""
        if not self._stopped:
            self._attempt = attempt = super().connect()
            self._wait(CONNECT_S, attempt.cancel)

    def connection_made(self, attempt: "asyncio.Task[Any]") -> None:
        """Log in."""
        if attempt.cancelled():
            self._fail(AmiDown("no connection in time"))
        elif (error := attempt.exception()) is not None:
            self._fail(AmiDown(f"no connection: {error}"))
        elif self._stopped:
            attempt.result()[1].close()
        elif not attempt.result()[1].closed:  # else it was lost already, and that is dealt with
            super().connection_made(attempt)
            self.pinger.cancel()  # panoramisk's own; ours begins when Asterisk has booted
            self._wait(LOGIN_S, self.drop, AmiDown("no answer to the login"))

    def login(self, future: "asyncio.Future[Reply]") -> None:
        """Wait until it has booted, or try again much later if it was refused."""
        self.authenticated_future = None
        if future.exception() is not None:
            return  # The connection was lost, or the login's own deadline will end it.
        reply = future.result()
        self.authenticated = reply.done
        if not reply.done:
            self.drop(AmiRefused(f"login refused: {reply.message}"))
        elif self._booted:
            self._come_up()
        else:
            hint = "no FullyBooted event: the AMI user needs read = system"
            self._wait(BOOT_S, self.drop, AmiDown(hint))

    def dispatch(self, headers: Headers, received_ns: int) -> None:
        """Hand an event on; whatever the owner raises costs neither the link nor other events."""
        try:
            event = parse_event(headers)
        except AmiMalformed as error:
            self.malformed(error, headers.get("Event", ""))
            return
        if isinstance(event, FullyBooted) and not self._booted:
            # It may come in one packet with the answer to the login, which is looked at later.
            self._booted = True
            if self.authenticated:
                self._come_up()
        if event is not None:
            try:
                self._on_event(event, received_ns)
            except Exception:
                self.counts["handler_failed"] += 1
                self._logger.error(
                    "ami_handler_failed", event_type=type(event).__name__, exc_info=True
                )

    def _come_up(self) -> None:
        self.up = True
        self.epoch += 1
        self.ping()
        self._on_up()

    def malformed(self, error: Exception, event: str = "") -> None:
        """Count a message that cannot be used, and log ten and then every thousandth."""
        self.counts["malformed"] += 1
        count = self.counts["malformed"]
        if count <= 10 or count % 1000 == 0:
            self._logger.warning("ami_malformed", error=str(error), ami_event=event, count=count)
        if self.up:
            self._on_unreadable()

    def unfiltered(self) -> None:
        """Say once that the filter of manager.conf does nothing, which only costs time."""
        self.counts["unfiltered"] += 1
        if self.counts["unfiltered"] == 1:
            hint = "include the eventfilter lines of pbxcharge-manager.conf; Asterisk 22 knows them"
            self._logger.warning("ami_unfiltered", hint=hint)

    def ping(self) -> None:
        """Ask for a proof of life."""
        sent_ns = monotonic_ns() - EVENT_LAG_US * 1000
        sent_at_us = time_ns() // 1000 - EVENT_LAG_US
        pong = self.protocol.send({"Action": "Ping"}, deadline_s=self._ping_deadline_s)
        pong.add_done_callback(lambda pong: self._ponged(pong, sent_ns, sent_at_us))

    def _ponged(self, pong: "asyncio.Future[Reply]", sent_ns: int, sent_at_us: int) -> None:
        try:
            asterisk_at_us = stamped_at(pong.result().headers) - EVENT_LAG_US
        except OperatingError as error:
            if self.up:
                self.drop(AmiDown(f"ping: {error}"))
        else:
            self.last_proof = Proof(sent_ns, sent_at_us, asterisk_at_us)
            self._wait(self._ping_interval_s, self.ping)

    def drop(self, reason: OperatingError) -> None:
        """Give this connection up and begin again."""
        self._drop_reason = reason
        self.protocol.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Begin again after a while."""
        was_up, self.up = self.up, False
        self.authenticated = self._booted = False
        reason, self._drop_reason = self._drop_reason, None
        if was_up:
            self.epoch += 1
            if not self._stopped:
                self._on_down()
        self._fail(reason or AmiDown(f"connection lost: {exc or 'closed by Asterisk'}"))

    def settled(self) -> None:
        """Forget earlier failures: the link is in use."""
        self._failures = 0
        self.last_failure = None

    def _fail(self, reason: OperatingError) -> None:
        self.last_failure = reason
        self._failures += 1
        refused = isinstance(reason, AmiRefused)
        delay_s = retry_delay_s(self._failures, refused, random.random())  # noqa: S311 - no secret
        self._wait(delay_s, self.connect)
        if not self._stopped:
            log = self._logger.error if refused else self._logger.warning
            log("ami_down", reason=str(reason), failures=self._failures, retry_s=round(delay_s, 1))

    def close(self) -> None:
        """End for good."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if self._attempt is not None:
            self._attempt.cancel()
        if self.protocol is not None:
            self.protocol.close()
