"""Replay: what many past calls would have cost by other files, beside what they did cost.

Every call is told once; what is kept are sums, and the calls that change most.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import heappush, heappushpop
from typing import Final

from pbxcharge.core.denial import Denial, Reason
from pbxcharge.core.repricing import PastCall, PastLevel, Repriced

DECIDED_BY_FILES: Final = frozenset(
    {
        Reason.CALL_TYPE_NOT_ALLOWED,
        Reason.DESTINATION_FORBIDDEN,
        Reason.NO_RATE,
        Reason.PRICE_TOO_HIGH,
    }
)
"""The refusals that other plans and decks may turn into calls; the rest depends on accounts."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A past call, and what its record says now.

    Args:
        call_id: the call.
        call: what prices it. Of a call that was refused the levels are those of today.
        account_id: who was to pay; None if that was nobody.
        destination: as the record names it, at the caller's own level.
        charges_micros: what each level of the call paid.
        cost_micros: what the carrier asked; None where no deck says.
        reason: why it was refused; None if it was allowed.
    """

    call_id: str
    call: PastCall
    account_id: str | None
    destination: str
    charges_micros: tuple[int, ...] = ()
    cost_micros: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """An attempt of the past: the call, if files decide about it, and the endpoint that asked."""

    recorded: Recorded | None
    endpoint: str


@dataclass(slots=True)
class Sums:
    """What some calls cost, and would have cost.

    Args:
        calls: how many.
        before_micros: as recorded.
        after_micros: by the other files.
        refused: how many of them these would have refused.
        ended: how many would have been ended before they were.
    """

    calls: int = 0
    before_micros: int = 0
    after_micros: int = 0
    refused: int = 0
    ended: int = 0

    @property
    def difference_micros(self) -> int:
        """Before 5.00 and after 4.50 it is -0.50."""
        return self.after_micros - self.before_micros

    @property
    def percent(self) -> Fraction | None:
        """The difference in hundredths of what it was: -10; None where it was nothing."""
        if not self.before_micros:
            return None
        return Fraction(100 * self.difference_micros, self.before_micros)

    def add(self, before_micros: int, after_micros: int, refused: bool, ended: bool) -> None:
        """Count a call."""
        self.calls += 1
        self.before_micros += before_micros
        self.after_micros += after_micros
        self.refused += refused
        self.ended += ended

    def merge(self, other: "Sums") -> None:
        """Count all calls of another sum."""
        self.calls += other.calls
        self.before_micros += other.before_micros
        self.after_micros += other.after_micros
        self.refused += other.refused
        self.ended += other.ended


@dataclass(frozen=True, slots=True)
class Change:
    """A call that would have cost something else, or would not have been as it was.

    Args:
        recorded: the call.
        account_id: at whose level the amount changes most.
        before_micros: what this level paid.
        after_micros: what it would have paid.
        refused: why it would have been refused, and at whose level; None if it would not.
        ends_after_s: when it would have been ended; None if it would not.
    """

    recorded: Recorded
    account_id: str
    before_micros: int
    after_micros: int
    refused: Denial | None = None
    ends_after_s: int | None = None

    @property
    def difference_micros(self) -> int:
        """Before 5.00 and after 4.50 it is -0.50."""
        return self.after_micros - self.before_micros


@dataclass(slots=True)
class Replay:
    """The sums of all calls that were told; see `take`.

    Args:
        changes_max: of how many calls it is kept how they change; None keeps all.
        scope: the accounts whose money is looked at; None is everybody's.
        own: what the callers' own levels pay.
        carriers: what the carriers ask.
        accounts: what each account pays, for its own calls and for those of the accounts below it.
        destinations: what the callers' own levels pay, by destination.
        refused: calls that would have been refused, by the reason.
        attempts: calls that were refused for a reason that files decide, by that reason.
        would_be_allowed: how many of these the other files would have let through.
        missing_plans: plans that are not among the other files, by the calls that name them.
        not_priced: calls that no files decide: emergency calls, and those refused for a reason of
            another kind.
    """

    changes_max: int | None = 20
    scope: frozenset[str] | None = None
    own: Sums = field(default_factory=Sums)
    carriers: Sums = field(default_factory=Sums)
    accounts: dict[str, Sums] = field(default_factory=dict)
    destinations: dict[str, Sums] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)
    would_be_allowed: int = 0
    missing_plans: Counter[str] = field(default_factory=Counter)
    not_priced: int = 0
    _changes: list[tuple[int, int, Change]] = field(default_factory=list)
    _changed: int = 0

    def take(self, recorded: Recorded, again: Repriced | Denial) -> None:
        """Count a call, and what it would have been."""
        if recorded.reason is not None:
            self.attempts[recorded.reason] += 1
            self.would_be_allowed += isinstance(again, Repriced)
            return
        told = _told(recorded, again)
        self._add(told)
        if told.changes:
            self._keep(self._change(told))

    def _add(self, told: "_Told") -> None:
        recorded, own = told.recorded, self._own(told)
        if told.refused is not None:
            self.refused[str(told.refused.reason)] += 1
        self.own.add(*own, *told.outcome)
        _sums(self.destinations, recorded.destination).add(*own, *told.outcome)
        for level, was, would_be in self._levels(told):
            _sums(self.accounts, level.account_id).add(was, would_be, *told.outcome)
        if recorded.cost_micros is not None or told.cost_micros is not None:
            was, would_be = recorded.cost_micros or 0, told.cost_micros or 0
            self.carriers.add(was, would_be, *told.outcome)

    def _levels(self, told: "_Told") -> Iterator[tuple[PastLevel, int, int]]:
        """The levels that are looked at: who pays, what it was and would have been."""
        recorded = told.recorded
        levels = zip(recorded.call.levels, recorded.charges_micros, told.after_micros, strict=True)
        return (each for each in levels if self.scope is None or each[0].account_id in self.scope)

    def _own(self, told: "_Told") -> tuple[int, int]:
        """What the caller's own level was, and would have been; nothing if it is out of scope.

        An account without a plan calls at the price of one above it.
        """
        first = told.recorded.call.levels[0].account_id
        if self.scope is not None and first not in self.scope:
            return 0, 0
        return told.recorded.charges_micros[0], told.after_micros[0]

    def changes(self) -> list[Change]:
        """The calls that change, those first whose amount changes most, and of equals the first."""
        ordered = sorted(self._changes, key=lambda kept: (-kept[0], -kept[1]))
        return [change for _, _, change in ordered]

    @property
    def changed(self) -> int:
        """How many calls change."""
        return self._changed

    def _change(self, told: "_Told") -> Change:
        caller = told.recorded.account_id or ""
        levels = ((level.account_id, was, then) for level, was, then in self._levels(told))
        most = max(levels, key=lambda each: abs(each[2] - each[1]), default=(caller, 0, 0))
        return Change(told.recorded, *most, told.refused, told.ends_after_s)

    def _keep(self, change: Change) -> None:
        self._changed += 1
        # The number is the tie-break: two changes are not to be compared, and the first one stays.
        kept = (abs(change.difference_micros), -self._changed, change)
        if self.changes_max is None or len(self._changes) < self.changes_max:
            heappush(self._changes, kept)
        else:
            heappushpop(self._changes, kept)


@dataclass(frozen=True, slots=True)
class Threshold:
    """How much a sum may change: an amount, or hundredths of what it was.

    With 5.00, a sum that goes from 100.00 to 105.01 or to 94.99 passes it; with 2 % one that goes
    to 102.01 does. What was nothing and becomes something passes every percentage.
    """

    amount_micros: int | None = None
    percent: Fraction | None = None

    def passed_by(self, sums: Sums) -> bool:
        """Whether the difference, in either direction, is more than that."""
        difference = abs(sums.difference_micros)
        if self.amount_micros is not None and difference > self.amount_micros:
            return True
        if self.percent is None:
            return False
        return 100 * difference > self.percent * abs(sums.before_micros)


@dataclass(frozen=True, slots=True)
class _Told:
    """A call that was let through, and what the other files say of it."""

    recorded: Recorded
    after_micros: tuple[int, ...]
    cost_micros: int | None = None
    refused: Denial | None = None
    ends_after_s: int | None = None

    @property
    def outcome(self) -> tuple[bool, bool]:
        """Whether it would have been refused, and whether it would have been ended."""
        return self.refused is not None, self.ends_after_s is not None

    @property
    def changes(self) -> bool:
        """Whether anything of it would have been another way."""
        return self.recorded.charges_micros != self.after_micros or any(self.outcome)


def _told(recorded: Recorded, again: Repriced | Denial) -> _Told:
    if isinstance(again, Denial):
        return _Told(recorded, (0,) * len(recorded.charges_micros), refused=again)
    return _Told(recorded, again.charges_micros, again.cost_micros, ends_after_s=again.ends_after_s)


def by_group(accounts: dict[str, Sums], groups: Iterable[tuple[str, str]]) -> dict[str, Sums]:
    """The sums of accounts added up by what each belongs to, given as (account, group)."""
    found: dict[str, Sums] = {}
    for account_id, group in groups:
        _sums(found, group).merge(accounts[account_id])
    return found


def most_changed(sums: dict[str, Sums]) -> Iterator[tuple[str, Sums]]:
    """Names and sums, those first that change most; of equals the larger one, then by name."""
    yield from sorted(
        sums.items(),
        key=lambda it: (-abs(it[1].difference_micros), -it[1].before_micros, it[0]),
    )


def _sums(of: dict[str, Sums], name: str) -> Sums:
    found = of.get(name)
    if found is None:
        found = of[name] = Sums()
    return found
