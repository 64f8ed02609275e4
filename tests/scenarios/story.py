"""A phone situation as a table of events; what comes out is records and ledger entries.

Each row is an instant in seconds, who, and what they do::

    0.0   a      dials
    2.0   a      answers
    5.0   b      comes in
    30.0  alice  tops up 0.50
    75.0  a      caller hangs up

Calls are single letters and all are alice's; `daemon`, `ami` and `operator` are who they say.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pbxcharge.core.attempt import Granted
from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.ledger import Entry
from pbxcharge.core.limits import UNLIMITED, Limits
from pbxcharge.core.money import format_amount, parse_amount
from pbxcharge.core.plan import CallType, Terms
from pbxcharge.core.price import Rate
from tests.fakes.granted_call import WALLET, granted
from tests.scenarios.simulator import BUSY, NO_ANSWER, Exchange, Line


class Story:
    """Plays a table to its end: until every call is over and settled.

    Args:
        table: the events.
        credit: alice's initial credit.
        rate: what all calls cost; 0.01 a second in blocks of 1 s by default.
        terms: the plan's settings.
        limits: the plan's limits; none by default.
        renew_lead_s: how long before its end a slice is renewed.
        checked: whether the daemon also checks all legs every 30 s.
    """

    def __init__(
        self,
        table: str,
        *,
        credit: str,
        rate: Rate | None = None,
        terms: Terms | None = None,
        limits: Limits = UNLIMITED,
        renew_lead_s: int = 10,
        checked: bool = False,
    ) -> None:
        self.exchange = Exchange()
        self.exchange.open_wallet(WALLET, parse_amount(credit))
        self._rate, self._terms, self._lead_ms = rate, terms, renew_lead_s * 1000
        self._limits = limits
        for row in table.strip().splitlines():
            at_s, who, what = row.split(maxsplit=2)
            self.exchange.run(int(float(at_s) * 1000))
            self._play(who, what)
            if checked and what == "dials":
                self.exchange.check_now_and_then()
        self.exchange.run_out()
        self.exchange.engine.check()

    def record(self, call: str) -> str:
        """The record of a call in one line."""
        cdr = self.line(call).cdr
        if cdr is None:
            refused = self.line(call).refused
            return f"NOT ALLOWED, {refused.why}" if refused else "no record"
        unpaid = f", {cdr.unpaid_s} s unpaid" if cdr.unpaid_s else ""
        told = f"{cdr.disposition} {cdr.talk_s} s, billed {cdr.billed_s} s{unpaid}"
        return f"{told}: {format_amount(cdr.charge_micros)}, by {cdr.ended_by}, {cdr.end_source}"

    @property
    def ledger(self) -> list[str]:
        """Every entry in one line, as they were written."""
        return [_told(entry) for entry in self.exchange.engine.entries.values()]

    @property
    def balance(self) -> str:
        """What alice has left; nothing may be held any more."""
        wallet = self.exchange.engine.wallets[WALLET]
        assert (wallet.held_micros, wallet.calls) == (0, 0)
        return format_amount(wallet.balance_micros)

    def line(self, call: str) -> Line:
        """A call by its letter."""
        return self.exchange.lines[call]

    def ended_s(self, call: str) -> float:
        """When the metered leg ended."""
        ended_ms = self.line(call).ended_ms
        assert ended_ms is not None
        return ended_ms / 1000

    def warned_s(self, call: str) -> list[float]:
        """When the payer was warned."""
        return [at_ms / 1000 for at_ms, _ in self.line(call).warned]

    def _play(self, who: str, what: str) -> None:
        if who == "alice":
            self._alice(what.split())
        elif len(who) == 1:
            self._call(who, what)
        else:
            _WORLD[f"{who} {what}"](self.exchange)

    def _alice(self, words: Sequence[str]) -> None:
        match words:
            case ["tops", "up", amount]:
                self.exchange.post(WALLET, parse_amount(amount))
            case ["loses", amount]:
                self.exchange.post(WALLET, -parse_amount(amount))
            case ["is", status]:
                _STATUS[status](self.exchange)
            case _:
                raise ValueError(words)

    def _call(self, who: str, what: str) -> None:
        if what == "dials":
            self.exchange.dial(self._granted(who))
        elif what == "comes in":
            call = self._granted(who)
            attempt = replace(call.attempt, call_type=CallType.INCOMING, direction="incoming")
            self.exchange.dial(replace(call, attempt=attempt))
        else:
            _CALL[what](self.exchange, self.line(who))

    def _granted(self, who: str) -> Granted:
        return granted(
            who,
            rates=[self._rate] if self._rate else None,
            terms=self._terms,
            limits=self._limits,
            renew_lead_ms=self._lead_ms,
        )


def _told(entry: Entry) -> str:
    call = f" {entry.call_id}" if entry.call_id else ""
    return f"{entry.kind}{call} {format_amount(entry.amount_micros)}"


_CALL: dict[str, Callable[[Exchange, Line], None]] = {
    "answers": Exchange.answer,
    "caller hangs up": lambda exchange, line: exchange.hang_up(line, EndedBy.CALLER),
    "callee hangs up": lambda exchange, line: exchange.hang_up(line, EndedBy.CALLEE),
    "is busy": lambda exchange, line: exchange.fail(line, BUSY),
    "does not answer": lambda exchange, line: exchange.fail(line, NO_ANSWER),
    "loses its timer": Exchange.lose_timer,
}
_STATUS: dict[str, Callable[[Exchange], None]] = {
    "suspended": lambda exchange: exchange.set_renewal(EndedBy.STATUS),
    "active": lambda exchange: exchange.set_renewal(None),
    "blocked": lambda exchange: exchange.order_end(EndedBy.STATUS),
}
_WORLD: dict[str, Callable[[Exchange], None]] = {
    "daemon dies": Exchange.kill_daemon,
    "daemon starts": Exchange.start_daemon,
    "ami breaks": Exchange.break_ami,
    "ami works": Exchange.mend_ami,
    "operator ends all calls": lambda exchange: exchange.order_end(EndedBy.OPERATOR),
}
