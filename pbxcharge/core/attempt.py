"""An attempt to call, as it was decided: values that never change while the call runs."""

from dataclasses import dataclass

from pbxcharge.core.rating import Rating


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
        call_type: `public` or `emergency`.
        endpoint: the phone that Asterisk authenticated.
        dialled: the string as dialled.
        number: the E.164 number that is rated and dialled; None if there is none.
        account_id: who pays; None if unknown.
        organization_id: the payer's organization.
        setup_at_us: microseconds since the epoch; the zero of the call's line.
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


@dataclass(frozen=True, slots=True)
class PayingLevel:
    """An account that pays for the call, and the wallet it pays from."""

    account_id: str
    wallet_id: str


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
    """

    attempt: Attempt
    levels: tuple[PayingLevel, ...]
    rating: Rating
    rating_id: str
    ring_s: int
    renew_lead_ms: int
