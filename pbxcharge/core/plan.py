"""Charging plans: the prices and settings that an account's calls are charged by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from pbxcharge.core.account_kinds import WalletKind
from pbxcharge.core.limits import DEFAULT_LIMITS, Limits
from pbxcharge.core.money import AMOUNT_MAX_MICROS, Rounding
from pbxcharge.core.price import Rate, RelativeTerms
from pbxcharge.core.tariff import NO_PREFIXES, Prefixes, RateTable, Tariff
from pbxcharge.core.windows import NO_SCHEDULE, Schedule

UNLIMITED_S: Final = 10**9
"""The longest call where there is no limit: thirty years."""
PRICE_PER_MINUTE_MAX: Final = Fraction(5)
PUBLIC_PREFIX: Final = ""
"""The prefix of terms for public calls whatever their number."""


class PlanKind(StrEnum):
    """How an account pays.

    `prepaid` spends down to zero, or `credit_limit` below it; `postpaid` up to its monthly limit;
    `unlimited` is metered and recorded, and never cut by credit.
    """

    PREPAID = "prepaid"
    POSTPAID = "postpaid"
    UNLIMITED = "unlimited"


class WalletPolicy(StrEnum):
    """Which wallets pay: one for outgoing and one for incoming calls, or one for both."""

    SEPARATE = "separate"
    SHARED = "shared"

    @property
    def kinds(self) -> tuple[WalletKind, ...]:
        """The wallets that are open, the one for fees first."""
        if self is WalletPolicy.SHARED:
            return (WalletKind.SHARED,)
        return (WalletKind.OUTGOING, WalletKind.INCOMING)


class CallType(StrEnum):
    """Kinds of call that a plan may allow; each allowed kind needs prices.

    Calls inside the house have no prefix of their own: what they are priced by is found under a
    pseudo-destination, which begins with an @.
    """

    PUBLIC = "public"
    """To a number outside; the caller pays."""
    LOCAL = "local"
    """To a phone of the same organization; the caller pays."""
    EXTENDED_LOCAL = "extended_local"
    """To a phone of another organization on this PBX; the caller pays."""
    INCOMING = "incoming"
    """From outside to a DID; the DID's owner pays."""


def priced_as(call_type: CallType, number: str, caller_number: str = "") -> str:
    """What a tariff is searched for: the number of a public call, else a pseudo-destination.

    An incoming call from 44 20 7946 0000 is `@incoming:442079460000`, which takes the price of
    `@incoming:44`, or without one that of `@incoming`.
    """
    if call_type is CallType.PUBLIC:
        return number
    if call_type is CallType.INCOMING:
        return f"@{call_type}:{caller_number}"
    return f"@{call_type}"


@dataclass(frozen=True, slots=True)
class Terms:
    """Settings of a plan that a running call obeys, stored with the call.

    Args:
        slice_s: length of one reservation, rounded up to whole blocks when used.
        warn_before_s: the payer hears a warning this long before the cut-off; 0 is never.
        call_max_s: the longest call.
        tolerance_ms: a started second counts once it has lasted this long.
        warn_sound: what the payer hears as the warning; empty is the tone of the dialplan.
        after: the dialplan context in which the caller goes on when the credit has ended; empty
            hangs up.
    """

    slice_s: int = 60
    warn_before_s: int = 10
    call_max_s: int = 4 * 3600
    tolerance_ms: int = 100
    warn_sound: str = ""
    after: str = ""


NOT_RELATIVE: Final[Mapping[CallType, RelativeTerms]] = MappingProxyType({})
NO_TARIFFS: Final[Mapping[CallType, Tariff]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PlanDeck:
    """A rate deck that public calls are priced by; its version stands for its content.

    `segments` and `rounding` are those of rows that have none of their own.
    """

    name: str
    version: str
    segments: tuple[int, int]
    rounding: tuple[Rounding, int]
    rates: RateTable = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """A charging plan as an admin wrote it.

    Args:
        name: unique on the site at any instant; a later plan of the name takes its place.
        version: hash of the content, so that a CDR names exactly what it was priced by.
        kind: see PlanKind.
        allowed: the call types that may be made.
        tariffs: the prices of each allowed call type.
        initial_credit_micros: granted once per account to its outgoing wallet, ever.
        credit_limit_micros: how far below zero the outgoing balance may be spent.
        terms: what a running call obeys.
        limits: what each account of the plan may do at most.
        price_per_minute_max: the highest price, with surcharge, of any block; None is no limit.
        barred: high-risk destinations that may not be called.
        initial_incoming_micros: granted once per account to its incoming wallet, ever.
        monthly_limit_micros: what a postpaid account may spend in a calendar month of its time
            zone, calls and fees, over all its wallets; None is no limit.
        wallets: which wallets pay.
        owner: the account below which the plan may be assigned; None is the site, so everywhere.
        effective_from_s: UTC second from which on the plan is in force.
        effective_until_s: UTC second from which on it is not; None is for good.
        relative: how the plan sells what the level above charges, for each kind of call; empty
            with the method `fixed`.
        exceptions: prices that win over all others, whatever the length of their prefix.
        schedule: the time windows that the prices know, and the holidays.
        deck: public prices of a rate deck; rows of the plan win over it.
    """

    name: str
    version: str
    kind: PlanKind
    allowed: frozenset[CallType]
    tariffs: Mapping[CallType, Tariff]
    initial_credit_micros: int
    credit_limit_micros: int
    terms: Terms
    limits: Limits = DEFAULT_LIMITS
    price_per_minute_max: Fraction | None = PRICE_PER_MINUTE_MAX
    barred: Prefixes = NO_PREFIXES
    initial_incoming_micros: int = 0
    monthly_limit_micros: int | None = None
    wallets: WalletPolicy = WalletPolicy.SEPARATE
    owner: str | None = None
    effective_from_s: int = 0
    effective_until_s: int | None = None
    relative: Mapping[CallType, RelativeTerms] = field(default_factory=lambda: NOT_RELATIVE)
    exceptions: Mapping[CallType, Tariff] = field(default_factory=lambda: NO_TARIFFS)
    schedule: Schedule = NO_SCHEDULE
    deck: PlanDeck | None = None

    def priced_by(self, call_type: CallType, priced: str, at_s: int) -> Rate | RelativeTerms | None:
        """What prices a call that is authorized at a UTC second; None is `no_rate`.

        An exception, else a price of the plan, else one of its deck, else its relative terms; of
        each the longest prefix. See `priced_as`.
        """
        for table in self._tables(call_type):
            found = table.match(priced, at_s)
            if found is not None:
                return found
        return self.relative.get(call_type)

    def _tables(self, call_type: CallType) -> Iterator[RateTable]:
        for tariffs in (self.exceptions, self.tariffs):
            if call_type in tariffs:
                yield tariffs[call_type]
        if call_type is CallType.PUBLIC and self.deck is not None:
            yield self.deck.rates

    def has_ended(self, at_s: int) -> bool:
        """Whether the plan is in force no more at a UTC second."""
        return self.effective_until_s is not None and self.effective_until_s <= at_s

    @property
    def prices_nothing(self) -> bool:
        """Whether every call is `no_rate`, as with a plan that has ended and has no successor."""
        return not (self.tariffs or self.exceptions or self.relative or self.deck)

    def pays_from(self, call_type: CallType) -> WalletKind:
        """The kind of wallet that pays for a call at the level of this plan."""
        if self.wallets is WalletPolicy.SHARED:
            return WalletKind.SHARED
        return WalletKind.INCOMING if call_type is CallType.INCOMING else WalletKind.OUTGOING

    def initial_micros(self, kind: WalletKind) -> int:
        """The credit that a wallet of this kind begins with; a shared one takes the outgoing."""
        if kind is WalletKind.INCOMING:
            return self.initial_incoming_micros
        return self.initial_credit_micros

    @property
    def account_limits(self) -> Limits:
        """The limits of each account of the plan, that of its calendar month among them."""
        if self.monthly_limit_micros is None:
            return self.limits
        return replace(self.limits, monthly_limit_micros=self.monthly_limit_micros)

    def floor_micros(self, kind: WalletKind) -> int:
        """How low a wallet may be spent: the credit limit is given once, to outgoing calls.

        Postpaid accounts are bounded by their monthly limit instead, unlimited ones by nothing.
        """
        if self.kind is not PlanKind.PREPAID:
            return -AMOUNT_MAX_MICROS
        return 0 if kind is WalletKind.INCOMING else -self.credit_limit_micros
