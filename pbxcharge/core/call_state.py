"""A granted call as a value: everything that decides what is done about it next."""

from dataclasses import dataclass, replace
from enum import StrEnum

from pbxcharge.core.attempt import Granted, Leg
from pbxcharge.core.call_events import HungUp
from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.coverage import Coverage, of_level
from pbxcharge.core.credit_terms import Reserved
from pbxcharge.core.dialling import endpoint_of
from pbxcharge.core.price import AnyPrice, Price, covered
from pbxcharge.core.pricing import Moment, limit_s, moment, prices
from pbxcharge.core.slices import Slices, with_slice


class Phase(StrEnum):
    """Where a call stands. `ending`: its settlement is on the way."""

    RINGING = "ringing"
    UP = "up"
    ENDING = "ending"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Call:
    """A granted call as it stands.

    Args:
        granted: what never changes.
        step: of the hold, as last confirmed.
        through_s: seconds of talk that are paid for.
        phase: see Phase.
        leg: the metered leg, once seen; of an incoming call it is the channel that asked.
        answered_ms: the answer on the call's line.
        answered_at_us: the answer by Asterisk's clock.
        settled_in: the dialplan has armed the first slice, so that later timeouts stay.
        open_step: the reservation whose outcome is awaited, part of the state before it is asked.
        asked: the last step asked for; a new question gets a new number, so that an outcome that
            comes late or twice is never taken for the answer to another one.
        whole: the open reservation is for a whole slice or nothing.
        ask_again_ms: when the open reservation is repeated, its outcome being unknown.
        raised: credit was raised while the open reservation was on its way.
        short: the last reservation got less than a whole slice: credit is near its end.
        exhausted: the last reservation got nothing; the running slice is the last.
        armed_s: paid talk up to which Asterisk's own timer is known to run.
        arming_s: the timeout that was commanded and not yet confirmed.
        arm_again_ms: when a timeout that Asterisk did not take is (or was) tried again; kept until
            one is taken.
        warned: the payer has heard that the end is near.
        stopped: why no further slice is asked for.
        hung_up_by: the first party that asked for the end.
        hung_up_ms: when it did, on the call's line; None after a restart, which takes longer than
            a hangup.
        ending_as: why the daemon itself ends the call.
        hang_up_ms: when the daemon's own hangup is (next) due.
        after_s: paid talk at whose end the payer's leg was told to go on elsewhere; 0: it was not
            told so; None: that is not known.
        after_again_ms: when it is told again, since Asterisk did not take it.
        alone_until_ms: when a call that is left alone with another trunk leg ends; None while
            somebody of the site is there. Not stored: a restart looks, and begins to count anew.
        trunk: over which it leaves the house, or was tried last.
        unanswered: how the last leg ended that nobody answered, while other trunks were left. Not
            stored: a restart finds it written down.
        caller_gone: the channel that asked has ended, so no other trunk is tried.
        slices: what was held, reservation by reservation.
        coverage: which of the paid seconds quotas take something off, at each level.
    """

    granted: Granted
    step: int
    through_s: int
    phase: Phase = Phase.RINGING
    leg: Leg | None = None
    answered_ms: int | None = None
    answered_at_us: int | None = None
    settled_in: bool = False
    open_step: int | None = None
    asked: int = 0
    whole: bool = False
    ask_again_ms: int | None = None
    raised: bool = False
    short: bool = False
    exhausted: bool = False
    armed_s: int = 0
    arming_s: int | None = None
    arm_again_ms: int | None = None
    warned: bool = False
    stopped: EndedBy | None = None
    hung_up_by: EndedBy | None = None
    hung_up_ms: int | None = None
    ending_as: EndedBy | None = None
    hang_up_ms: int | None = None
    after_s: int | None = 0
    after_again_ms: int | None = None
    alone_until_ms: int | None = None
    trunk: str | None = None
    unanswered: HungUp | None = None
    caller_gone: bool = False
    slices: Slices = ()
    coverage: tuple[Coverage, ...] = ()

    @property
    def call_id(self) -> str:
        """The id of the call."""
        return self.granted.attempt.call_id

    @property
    def limit_s(self) -> int:
        """The longest talk that the plan and a maximum charge with `hang_up` leave."""
        return limit_s(self.granted.rating, self.moment)

    @property
    def moment(self) -> Moment:
        """What is known of its answer, as far as that decides its price."""
        granted = self.granted
        setup_at_us = granted.attempt.setup_at_us
        # While another trunk may follow the one that rings, the dearest of all counts.
        trunk = None if self.trunks_left else self.trunk
        return moment(granted.rating, setup_at_us, self.answered_at_us, trunk)

    @property
    def prices(self) -> tuple[Price, ...]:
        """The price of each charged level, the caller's own first."""
        return prices(self.granted.rating, self.moment)

    @property
    def own_price(self) -> AnyPrice:
        """What the caller's own level is charged by, with what its quotas take off."""
        return covered(self.prices[0], of_level(self.coverage, 0))

    @property
    def paid_ms(self) -> int:
        """The paid-through instant; while it rings, the end of its ring lease."""
        ringing_ms = self.granted.ringing_s * 1000
        start_ms = ringing_ms if self.answered_ms is None else self.answered_ms
        return start_ms + self.through_s * 1000

    @property
    def undialled(self) -> bool:
        """Whether nothing but our own yes says that there is a metered leg.

        Its caller may have been refused after all, since the yes did not reach the dialplan.
        """
        asked_itself = self.leg == self.granted.attempt.caller
        return self.phase is Phase.RINGING and (self.leg is None or asked_itself)

    @property
    def trunks_left(self) -> bool:
        """Whether the dialplan may try another trunk when the leg ends that is there, or was."""
        tried = max(0, self._tried()) + 1
        return self.phase is Phase.RINGING and tried < len(self.granted.trunks)

    def carries(self, leg: Leg) -> bool:
        """Whether a leg is this call's: the one it has, or the next one that it may have."""
        known = self.leg is not None and self.leg.uniqueid == leg.uniqueid
        return known or self.may_take(endpoint_of(leg.channel))

    def may_take(self, trunk: str | None) -> bool:
        """Whether the call may get a leg over this trunk: its first one, or one over a later trunk.

        Trunks are tried in their order, each once. With `carrier` and `second`, a leg over `second`
        takes the place of one over `carrier`, and never the other way round, however late it is
        told.
        """
        if self.leg is None and self.trunk is None:
            return True
        trunks = self.granted.trunks
        later = trunk in trunks and trunks.index(trunk) > self._tried()
        return later and self.phase is Phase.RINGING

    def with_leg(self, leg: Leg) -> "Call":
        """The call with its metered leg, and the trunk that this leg takes."""
        endpoint = endpoint_of(leg.channel)
        trunk = endpoint if endpoint in self.granted.trunks else self.trunk
        return replace(self, leg=leg, trunk=trunk)

    def holding(self, reserved: Reserved, at_ms: int) -> "Call":
        """The call with one more slice in its book, granted at this instant of its line."""
        since_ms = None if self.answered_ms is None else at_ms - self.answered_ms
        return replace(self, slices=with_slice(self.slices, reserved, since_ms))

    def _tried(self) -> int:
        """The place of the last trunk that was tried; before the first one that of none."""
        trunks = self.granted.trunks
        return trunks.index(self.trunk) if self.trunk in trunks else -1

    @property
    def live(self) -> bool:
        """Whether the call still runs, as far as is known."""
        return self.phase in (Phase.RINGING, Phase.UP)


def granted_call(granted: Granted, held: Reserved) -> Call:
    """A call as it begins, with the first slice that is held for it."""
    attempt = granted.attempt
    leg, trunk = (attempt.caller, attempt.endpoint) if attempt.incoming else (None, None)
    call = Call(
        granted,
        held.step,
        held.through_s,
        leg=leg,
        short=held.short,
        trunk=trunk,
        coverage=held.coverage,
    )
    return call.holding(held, 0)


def why_cut(call: Call) -> EndedBy:
    """Why a call ends at its paid-through instant."""
    if call.stopped:
        return call.stopped
    if call.through_s >= call.limit_s:
        return EndedBy.LIMIT
    return EndedBy.CREDIT if call.exhausted else EndedBy.LEASE
