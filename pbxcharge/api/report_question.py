"""What may be asked of a report, read from its texts or declined with a sentence."""

from datetime import UTC, tzinfo
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pbxcharge.api.desk import declined, listed
from pbxcharge.core.cdr import EMERGENCY
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.ledger import EntryKind
from pbxcharge.core.period import Period, bounded, instant_us, month_period, this_month
from pbxcharge.core.plan import CallType
from pbxcharge.core.xdr import XdrKind
from pbxcharge.errors import ActDeclined
from pbxcharge.flow.acts import Refusal
from pbxcharge.store.report_queries import Moved, Wanted
from pbxcharge.store.report_selects import CALL_COLUMNS, MARGIN_GROUPS

ROWS_MAX = 20_000
"""Rows of one answer; who needs every call of a site takes an export."""

TYPES = (*map(str, CallType), EMERGENCY)
DIRECTIONS = ("outgoing", "incoming")

CALL, SUBSCRIPTION = "call", "subscription"
_BESIDE = {EntryKind.CHARGE, *(kind.entry_kind for kind in XdrKind)}
KINDS = (CALL, *map(str, XdrKind), *(str(kind) for kind in EntryKind if kind not in _BESIDE))
"""What a movement may be: a call, a charge or credit of a subscription, or another entry."""

Asked = TypeVar("Asked", bound=BaseModel)


class Span(BaseModel):
    """What every question about a time may say."""

    model_config = ConfigDict(extra="forbid")

    scope: str | None = None
    month: str | None = None
    since: str | None = None
    until: str | None = None
    utc: bool = False
    limit: int = Field(10_000, ge=1, le=ROWS_MAX)
    query_plan: bool = False

    def zone(self, site: tzinfo) -> tzinfo:
        """Whose clocks count: the site's, unless UTC is asked for."""
        return UTC if self.utc else site

    def period(self, zone: tzinfo, now_us: int) -> Period:
        """The time: this month where none is asked for.

        Raises:
            ActDeclined: there is no such month or day.
        """
        try:
            if self.month is not None:
                if self.since is not None or self.until is not None:
                    raise ValueError("a month has its own beginning and end")
                return bounded(month_period(self.month, zone))
            month = this_month(zone, now_us)
            since = month.from_us if self.since is None else instant_us(self.since, zone)
            until = month.until_us if self.until is None else instant_us(self.until, zone)
            return bounded(Period(since, until))
        except ValueError as error:
            raise declined(Refusal.NAME_INVALID, str(error)) from None


class Movements(Span):
    """A history of movements; kinds are a text with commas between."""

    kinds: str = ""

    def moved(self, site: tzinfo, now_us: int) -> Moved:
        """Which movements.

        Raises:
            ActDeclined: there is no such month, day or kind.
        """
        kinds: list[str] = []
        for name in among(self.kinds, (*KINDS, SUBSCRIPTION), "kind"):
            kinds += XdrKind if name == SUBSCRIPTION else [name]
        period = self.period(self.zone(site), now_us)
        return Moved(self.scope, period, kinds=tuple(map(str, kinds)))


class Question(Span):
    """A report of a period; lists are texts with commas between."""

    types: str = ""
    direction: str = ""
    dispositions: str = ""
    causes: str = ""
    columns: str = ""
    by: str = "account"

    def wanted(self, site: tzinfo, now_us: int) -> Wanted:
        """Which calls: of this month where no time is asked for.

        Raises:
            ActDeclined: there is no such month, day, type, direction, disposition or cause.
        """
        return Wanted(
            self.scope,
            self.period(self.zone(site), now_us),
            among(self.types, TYPES, "type of call"),
            next(iter(among(self.direction, DIRECTIONS, "direction")), None),
            among(self.dispositions.upper(), tuple(Disposition), "disposition"),
            tuple(int(_cause(text)) for text in listed(self.causes)),
        )

    @property
    def listed(self) -> tuple[str, ...]:
        """The columns of a list of calls, all of them unless some are asked for.

        Raises:
            ActDeclined: there is no such column.
        """
        return among(self.columns, tuple(CALL_COLUMNS), "column") or tuple(CALL_COLUMNS)

    @property
    def group(self) -> str:
        """What margins are told apart by."""
        (group,) = among(self.by, tuple(MARGIN_GROUPS), "grouping") or ("account",)
        return group


def question(asked: dict[str, Any]) -> Question:
    """What was asked of a report, by its names; see `asked_for`."""
    return asked_for(Question, asked)


def asked_for(kind: type[Asked], asked: dict[str, Any]) -> Asked:
    """What was asked, by its names.

    Raises:
        ActDeclined: nothing is called so, or a number is none or out of bounds.
    """
    try:
        return kind.model_validate(asked)
    except ValidationError as error:
        found = error.errors()[0]
        name = ".".join(map(str, found["loc"]))
        raise declined(Refusal.OUT_OF_BOUNDS, f"{name}: {found['msg']}") from None


def among(text: str, known: tuple[str, ...], what: str) -> tuple[str, ...]:
    """The names of a list; for one that is misspelled a report would be empty."""
    for name in listed(text):
        if name not in known:
            raise _unknown(name, what, known)
    return tuple(listed(text))


def _unknown(name: str, what: str, known: tuple[str, ...]) -> ActDeclined:
    message = f"{name!r} is no {what}; known: {', '.join(known)}"
    return declined(Refusal.NAME_INVALID, message)


def _cause(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 127):
        raise declined(Refusal.NAME_INVALID, f"{text!r} is no hangup cause, a number of 0 to 127")
    return text
