"""An attempt to call, as it was decided: values that never change while the call runs."""

from dataclasses import dataclass

from pbxcharge.core.quotas import QuotaWallet
from pbxcharge.core.rating import Rating

OUTGOING, INCOMING = "outgoing", "incoming"


@dataclass(frozen=True, slots=True)
class Leg:
    """A channel of Asterisk: its id, which is never used again, and its name, which may be."""

    uniqueid: str
    channel: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is known of an attempt when it is decided; nothing of it ever changes.

    Args:
        call_id: ours.
        pbx: the machine.
        linkedid: Asterisk's id of the conversation.
        caller: the channel that asked.
        call_type: see CallType; or `emergency`.
        endpoint: the phone that Asterisk authenticated, or the trunk that a call came in by.
        dialled: the string as dialled, or the DID as the trunk sent it.
        number: what is rated and dialled: E.164, inside the house an extension's number; None if
            there is none.
        account_id: who pays; None if unknown.
        organization_id: the payer's organization.
        setup_at_us: microseconds since the epoch; the zero of the call's line.
        direction: `outgoing`, or `incoming` from the public network.
        caller_number: who calls from the public network, as far as the trunk says; empty if not.
        callee_endpoint: the phone that is called inside the house.
        callee_context: the context of the dialplan that is called instead of a phone.
        access: the context of the dialplan, or the access code, by which it came to the daemon.
        forwarded: whether it goes on from an extension that has not dialled it.
    """

    call_id: str
    pbx: str
    linkedid: str
    caller: Leg
    call_type: str
    endpoint: str
    dialled: str
    number: str | None
    account_id: str | None
    organization_id: str | None
    setup_at_us: int
    direction: str = OUTGOING
    caller_number: str = ""
    callee_endpoint: str | None = None
    callee_context: str | None = None
    access: str = ""
    forwarded: bool = False

    @property
    def incoming(self) -> bool:
        """Whether it came from the public network: then the channel that asks is metered."""
        return self.direction == INCOMING

    @property
    def payers_leg(self) -> Leg | None:
        """The channel on which the payer's own phone has dialled; None if somebody else has.

        `PJSIP/alice-0000001a` is alice's. Of a forward it is a Local channel, of a transfer the
        leg that was transferred, of a call from outside the trunk's.
        """
        phone = self.caller.channel.rpartition("-")[0]
        dialled = not self.incoming and phone == f"PJSIP/{self.endpoint}"
        return self.caller if dialled else None


@dataclass(frozen=True, slots=True)
class PayingLevel:
    """An account that pays for the call, and the wallet it pays from.

    Args:
        account_id: the account.
        wallet_id: the wallet.
        time_zone: IANA name of the clocks by which its months begin; empty is UTC.
        quotas: that make its talk cheaper, in the order in which they are used, those of billing
            periods that begin while the call may last included.
        calls_max: so many calls at once, whatever the plan says; None is no limit of its own. It
            counts when the call begins, and is not stored with it.
    """

    account_id: str
    wallet_id: str
    time_zone: str = ""
    quotas: tuple[QuotaWallet, ...] = ()
    calls_max: int | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """An allowed attempt: who pays, what it is priced with, how long it may ring.

    Args:
        attempt: the attempt.
        levels: who pays, in the order of `rating.levels`, the caller's own level first.
        rating: what it is priced with.
        rating_id: the hash under which the rating is stored.
        ring_s: how long the far end may ring.
        renew_lead_ms: a slice is renewed this long before the paid talk ends.
        trunks: over which it may leave the house, in the order in which they are tried; none if it
            does not.
    """

    attempt: Attempt
    levels: tuple[PayingLevel, ...]
    rating: Rating
    rating_id: str
    ring_s: int
    renew_lead_ms: int
    trunks: tuple[str, ...] = ()

    @property
    def ringing_s(self) -> int:
        """How long it may ring on all its ways together: 60 s on two trunks are 120 s."""
        return self.ring_s * max(1, len(self.trunks))
