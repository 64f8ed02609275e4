"""Call detail records: one for every attempt, also those refused, or made without the daemon."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pbxcharge.core.coverage import Coverage, coverage_from_text
from pbxcharge.core.disposition import Disposition

EMERGENCY: Final = "emergency"
"""The type of calls that are free and always connected; those that are priced have a CallType."""


class EndedBy(StrEnum):
    """Who ended an answered call."""

    CALLER = "caller"
    CALLEE = "callee"
    CREDIT = "credit"
    LIMIT = "limit"
    LEASE = "lease"
    OPERATOR = "operator"
    STATUS = "account_status"
    ORPHAN = "orphan"
    PLAN = "plan"
    PRODUCT = "product"
    UNKNOWN = "unknown"


class EndSource(StrEnum):
    """Which witness decided when the call ended, the best one first."""

    EVENT = "event"
    SPOOL = "spool"
    LAST_SEEN = "last_seen"
    PAID_THROUGH = "paid_through"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LevelCharge:
    """What one charged level pays for the call, and by what."""

    account_id: str
    wallet_id: str
    plan: str
    plan_version: str
    prefix: str
    destination: str
    charge_micros: int


@dataclass(frozen=True, slots=True)
class Cdr:
    """The record of one attempt. Instants are microseconds since the epoch, UTC.

    Args:
        call_id: its id, one for each attempt.
        pbx: the machine; Asterisk's own ids clash across machines.
        linkedid: Asterisk's id that groups the calls of one conversation.
        caller_uniqueid: Asterisk's Uniqueid of the channel that asked.
        uniqueid: Asterisk's Uniqueid of the metered leg, if there was one.
        account_id: who pays; empty if nobody is known who would.
        organization_id: the payer's organization.
        call_type: a kind of call, or `emergency`.
        direction: outgoing, or incoming from the public network.
        endpoint: the phone that called, or the trunk that the call came in by.
        dialled: as dialled, or as the trunk sent it.
        number: as rated and dialled on: E.164, or an extension's number.
        disposition: what became of the attempt.
        reason: why it was refused; empty if it was not.
        setup_at_us: when it was asked for.
        answered_at_us: when the metered leg was answered, by Asterisk's time stamps.
        ended_at_us: when it ended, by Asterisk's time stamps.
        talk_s: seconds of talk, from answer to end.
        billed_s: the same in whole blocks, which are what is charged.
        unpaid_s: seconds of talk beyond what was held; nobody is charged for them.
        charge_micros: what the account pays.
        levels: what each charged level pays, the account's own first.
        lines: the lines of the account's own charge, canonical JSON.
        currency: of the site.
        rating_id: what it was priced with: the hash of the plans' terms and rates as stored.
        rule_set: the number of the pricing rules.
        hangup_cause: why the metered leg ended, a number of Q.850.
        ended_by: who ended an answered call.
        end_source: which witness said when the call ended.
        clock: `ok`, or `corrected` if the wall clock moved during the call.
        caller_number: who called from the public network, as far as the trunk said; not verified.
        callee_endpoint: the phone that was called inside the house.
        callee_context: the context of the dialplan that was called instead.
        trunk: who carried the call out of the house or into it, or would have.
        cost_micros: what that carrier asks for the talk that was paid for, by its deck; nothing
            where no deck says.
        deck: the deck that says so.
        deck_version: hash of its content.
        caller_channel: the name of the channel that asked, where it is known.
        slices: the reservations that were granted, as core.slices writes them; empty where they
            were not kept.
        refused_by: the account at whose level the attempt was refused, by its status, plan, limits
            or credit: the payer or one above; nothing where no account decided.
        included_s: billed seconds that the account's own quotas made free.
        coverage: which seconds quotas took something off at each level, by which discount; empty
            for none.
        access: the context of the dialplan, or the access code, by which it came to the daemon;
            empty where that is not known.
        forwarded: whether it went on from an extension that had not dialled it.
        feature: what the payer's products did not grant, of an attempt refused for that.
        revision: how often the call was charged anew; 0 is the record as it was written.
    """

    call_id: str
    pbx: str
    linkedid: str
    caller_uniqueid: str
    uniqueid: str | None
    account_id: str | None
    organization_id: str | None
    call_type: str
    direction: str
    endpoint: str
    dialled: str
    number: str | None
    disposition: Disposition
    reason: str | None
    setup_at_us: int
    answered_at_us: int | None
    ended_at_us: int | None
    talk_s: int
    billed_s: int
    unpaid_s: int
    charge_micros: int
    levels: tuple[LevelCharge, ...]
    lines: str
    currency: str
    rating_id: str | None
    rule_set: int
    hangup_cause: int | None
    ended_by: EndedBy | None
    end_source: EndSource
    clock: str
    caller_number: str = ""
    callee_endpoint: str | None = None
    callee_context: str | None = None
    trunk: str | None = None
    cost_micros: int | None = None
    deck: str | None = None
    deck_version: str | None = None
    caller_channel: str | None = None
    slices: str = ""
    refused_by: str | None = None
    included_s: int = 0
    coverage: str = ""
    access: str = ""
    forwarded: bool = False
    feature: str | None = None
    revision: int = 0

    @property
    def paid_s(self) -> int:
        """Seconds of talk that are charged: 61 s of which 1 s was unpaid are 60."""
        return self.talk_s - self.unpaid_s

    @property
    def covered(self) -> tuple[Coverage, ...]:
        """The coverage of each level; nothing where there was none."""
        return coverage_from_text(self.coverage)


@dataclass(frozen=True, slots=True)
class Revision:
    """A correction of a record: who charged the call anew, when and why, and the record since.

    Args:
        revision: 1, 2, …
        at_us: when.
        actor: by whom.
        note: for people.
        cdr: the record as it would stand if the call had been charged so at once.
        run_id: of the command that did it, which charges a call anew once.
    """

    revision: int
    at_us: int
    actor: str
    note: str
    cdr: Cdr
    run_id: str = ""
