"""From what Asterisk tells about channels to what the calls need to hear."""

from pbxcharge.asterisk.events import (
    AttendedTransfer,
    BlindTransfer,
    BridgeEnter,
    DialBegin,
    Event,
    Hangup,
    HangupRequest,
    LegAnswered,
    LegEvent,
    Pickup,
    UserEvent,
)
from pbxcharge.core.attempt import Leg
from pbxcharge.core.call import Call
from pbxcharge.core.call_events import (
    Answered,
    Bridged,
    CallerGone,
    HangupRequested,
    HungUp,
    LegDialled,
    LegMoved,
)
from pbxcharge.core.cdr import EndedBy, EndSource
from pbxcharge.core.plan import CallType
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.live_call import LiveCall
from pbxcharge.flow.meter import Meter

WANTED = frozenset(
    {
        *("Newchannel", "DialBegin", "Newstate", "BridgeEnter", "HangupRequest", "Hangup"),
        *("BlindTransfer", "AttendedTransfer", "Pickup", "UserEvent", "Cdr"),
    }
)
"""The events that are listened to, by their names in AMI."""
STATE_UP = 6
TIMELY_MS = 2000
"""A call one of whose events came later than this is not measured by the monotonic clock: either
the daemon was away, or the wall clock moved, and nothing here can tell which."""
CALLERS_MAX = 100_000
GOODBYES_MAX = 10_000
GOODBYE_US = 1_000_000
"""A call that ends later than this after somebody left it has ended for another reason."""


class Listener:
    """Feeds the meter. Synchronous and cheap: it stands in the AMI connection's path.

    The metered leg is known by its call id, which every event of it carries. The caller's leg is
    known by its Uniqueid, for two things only: who asked for the end, and that nothing was dialled.
    Of a call that came in, the metered leg is the caller's, and the other side any channel of its
    conversation: a phone, or who took the call from a queue.
    """

    def __init__(self, meter: Meter, clock: Clock) -> None:
        self._meter = meter
        self._clock = clock
        self._callers: dict[str, str] = {}
        self._goodbyes: dict[str, HangupRequest] = {}

    def expect_caller(self, uniqueid: str, call_id: str) -> None:
        """The channel that asked for this call."""
        if len(self._callers) >= CALLERS_MAX:
            self._callers.pop(next(iter(self._callers)))
        self._callers[uniqueid] = call_id

    def hear(self, event: Event) -> None:
        """Pass an event on to the call that it is about."""
        if isinstance(event, LegEvent) and not self._is_its_leg(event):
            return
        match event:
            case DialBegin(call_id=str(call_id)):
                self._dialled(event, call_id)
            case LegAnswered(call_id=str(call_id)):
                self._answered(event, call_id)
            case BridgeEnter(call_id=str(call_id)):
                self._meter.feed(call_id, Bridged())
            case BridgeEnter():
                self._joined(event)
            case HangupRequest():
                self._requested(event)
            case Hangup(call_id=str(call_id)):
                self._hung_up(event, call_id)
                self._caller_gone(event)
            case Hangup():
                self._caller_gone(event)
            case Pickup(call_id=str(call_id)):
                self._picked_up(event, call_id)
            case UserEvent(name="PbxchargeEmergency"):
                self._became_emergency(event)
            case BlindTransfer(result="Success"):
                both = (event.transferer_uniqueid, event.transferee_uniqueid or "")
                named = {event.transferee_call_id, *(self._callers.get(leg) for leg in both)}
                self._transferred(named, how="blind", to=event.extension)
            case AttendedTransfer(result="Success"):
                legs = (*event.transferer_uniqueids, *event.party_uniqueids)
                named = {*event.party_call_ids, *(self._callers.get(leg) for leg in legs)}
                self._transferred(named, how="attended")
            case _:
                pass

    def _transferred(self, call_ids: set[str | None], **fields: str) -> None:
        """Nothing changes for a metered leg; whoever draws the call's life wants to know."""
        for call_id in call_ids - {None}:
            self._meter.note(str(call_id), "transferred", **fields)

    def call_of(self, uniqueid: str) -> Call | None:
        """The live call that this channel has asked for last."""
        live = self._meter.get(self._callers.get(uniqueid))
        return live.call if live else None

    def _is_its_leg(self, event: LegEvent) -> bool:
        """False if the call has another leg: this one has only inherited the variable."""
        live = self._meter.get(event.call_id)
        return live is None or live.call.carries(Leg(event.uniqueid, event.channel))

    def _dialled(self, event: DialBegin, call_id: str) -> None:
        live = self._meter.get(call_id)
        if live is not None and live.call.granted.attempt.caller.uniqueid == event.uniqueid:
            self._meter.feed(call_id, LegDialled(Leg(event.dest_uniqueid, event.dest_channel)))

    def _answered(self, event: LegAnswered, call_id: str) -> None:
        if (live := self._meter.get(call_id)) is None:
            return
        at_ms = self._line_ms(live, event.at_us)
        live.continuous = live.continuous and self._is_timely(event.at_us)
        leg = Leg(event.uniqueid, event.channel)
        self._meter.feed(call_id, Answered(leg, at_ms, event.at_us))

    def _picked_up(self, event: Pickup, call_id: str) -> None:
        """Another channel answers in the metered leg's place: no other event tells its answer."""
        if (live := self._meter.get(call_id)) is None:
            return
        leg = Leg(event.uniqueid, event.channel)
        at_ms = self._line_ms(live, event.at_us)
        live.continuous = live.continuous and self._is_timely(event.at_us)
        self._meter.feed(call_id, LegMoved(leg))
        self._meter.feed(call_id, Answered(leg, at_ms, event.at_us))
        # Whether it has taken the timer along is seen at once, and not when the next check is due.
        self._meter.look()

    def _requested(self, event: HangupRequest) -> None:
        """One channel may ask for a call and be another's metered leg, after a transfer."""
        if (asked_id := self._callers.get(event.uniqueid)) is not None:
            self._meter.feed(asked_id, HangupRequested(EndedBy.CALLER))
        if (live := self._meter.get(event.call_id)) is not None:
            incoming = live.call.granted.attempt.incoming
            by = EndedBy.CALLER if incoming else EndedBy.CALLEE
            self._meter.feed(live.call.call_id, HangupRequested(by))
        if len(self._goodbyes) >= GOODBYES_MAX:
            self._goodbyes.pop(next(iter(self._goodbyes)))
        self._goodbyes[event.linkedid] = event

    def _hung_up(self, event: Hangup, call_id: str) -> None:
        if (live := self._meter.get(call_id)) is None:
            return
        answered_ms = live.call.answered_ms
        elapsed_ms = None
        if live.continuous and answered_ms is not None and self._is_timely(event.at_us):
            elapsed_ms = self._line_ms(live, event.at_us) - answered_ms
        # Also where its beginning was missed: from here on it is known that there was a leg.
        self._meter.feed(call_id, LegDialled(Leg(event.uniqueid, event.channel)))
        end = HungUp(
            at_us=event.at_us,
            source=EndSource.EVENT,
            cause=event.cause,
            elapsed_ms=elapsed_ms,
            by=self._who_left(live, event),
            was_up=event.channel_state == STATE_UP,
            uniqueid=event.uniqueid,
        )
        self._meter.feed(call_id, end)

    def _who_left(self, live: LiveCall, end: Hangup) -> EndedBy | None:
        """The callee, if another channel of the conversation asked for the end just before it.

        Inside the house the callee's phone may be another channel than the metered leg. It counts
        at the end only: a phone that declines a call leaves it ringing elsewhere, and one that
        hands it on leaves it talking.
        """
        goodbye = self._goodbyes.pop(end.linkedid, None)
        if goodbye is None or live.call.granted.attempt.call_type == CallType.PUBLIC:
            return None
        just_before = 0 <= end.at_us - goodbye.at_us <= GOODBYE_US
        other = goodbye.uniqueid not in (end.uniqueid, live.call.granted.attempt.caller.uniqueid)
        return EndedBy.CALLEE if just_before and other else None

    def _joined(self, event: BridgeEnter) -> None:
        """A phone talks with a caller from outside: it is this phone's owner who may be warned."""
        if (live := self._meter.get(self._callers.get(event.linkedid))) is not None:
            live.joined(event.uniqueid, event.channel)

    def _became_emergency(self, event: UserEvent) -> None:
        """A paid leg was transferred to an emergency number: its call is over, it talks on."""
        call_id = event.headers.get("Call", "")
        self._meter.feed(
            call_id, HungUp(event.at_us, EndSource.EVENT, 16, by=EndedBy.CALLER, was_up=True)
        )

    def _caller_gone(self, event: Hangup) -> None:
        """A caller who leaves before anything was dialled ends the attempt; later the leg does.

        Between two trunks it is the one that was tried last.
        """
        call_id = self._callers.pop(event.uniqueid, None)
        live = self._meter.get(call_id)
        if call_id is None or live is None:
            return
        if live.gapless or live.call.leg is not None:
            self._meter.feed(call_id, CallerGone())
        if not live.gapless and (live.call.undialled or live.call.trunks_left):
            # A leg may have been dialled, and talked, while nobody listened.
            self._meter.look()
        elif live.call.undialled:
            end = HungUp(at_us=event.at_us, source=EndSource.EVENT, cause=event.cause)
            self._meter.feed(call_id, end)

    def _line_ms(self, live: LiveCall, at_us: int) -> int:
        """The instant of an event on the call's line: now, less the event's age."""
        return max(0, self._meter.line_ms(live) - max(0, self._age_ms(at_us)))

    def _is_timely(self, at_us: int) -> bool:
        return 0 <= self._age_ms(at_us) <= TIMELY_MS

    def _age_ms(self, at_us: int) -> int:
        return (self._clock.wall_us() - at_us) // 1000
