"""Events that a real Asterisk sent become the facts that calls are charged by."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.asterisk.ami_events import EVENT_NAMES, parse_event
from pbxcharge.asterisk.ami_message import parse_message
from pbxcharge.asterisk.events import (
    AttendedTransfer,
    BlindTransfer,
    BridgeEnter,
    Cdr,
    DialBegin,
    DialEnd,
    DialEvent,
    Event,
    FullyBooted,
    Hangup,
    HangupRequest,
    LegAnswered,
    LegCreated,
    LegEvent,
    LegRinging,
    Pickup,
    Shutdown,
    UserEvent,
)
from pbxcharge.errors import AmiMalformed

RECORDINGS = Path(__file__).parents[2] / "recordings"
CALL = "0192f0c1a2b3abcdefghij"


def blocks(name: str) -> list[bytes]:
    """Messages of a recording."""
    raw = (RECORDINGS / f"{name}.ami").read_bytes()
    return [block for block in raw.split(b"\r\n\r\n") if block.startswith(b"Event: ")]


def recorded(name: str) -> list[Event]:
    """Events of a recording."""
    events = [parse_event(parse_message(block)) for block in blocks(name)]
    return [event for event in events if event is not None]


def of_leg(events: list[Event], call_id: str | None = CALL) -> list[str]:
    """Names of the events that are about the metered leg, in order."""
    legs = (LegEvent, DialEvent)
    return [type(e).__name__ for e in events if isinstance(e, legs) and e.call_id == call_id]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("answered", "DialBegin LegRinging LegAnswered DialEnd BridgeEnter Hangup"),
        (
            "callee_hangs_up",
            "DialBegin LegRinging LegAnswered DialEnd BridgeEnter HangupRequest Hangup",
        ),
        ("lease_ends", "DialBegin LegRinging LegAnswered DialEnd BridgeEnter Hangup"),
        ("hung_up_by_ami", "DialBegin LegRinging LegAnswered DialEnd BridgeEnter Hangup"),
        ("caller_gives_up", "DialBegin LegRinging DialEnd Hangup"),
        ("no_answer", "DialBegin LegRinging DialEnd Hangup"),
        ("busy", "DialBegin LegRinging HangupRequest DialEnd Hangup"),
        ("forward_refused", "DialBegin LegRinging HangupRequest DialEnd DialEnd Hangup"),
    ],
)
def test_a_phone_situation_reads_as_it_happened(name: str, expected: str) -> None:
    """What the metered leg went through, and nothing of the caller's leg."""
    assert of_leg(recorded(name)) == expected.split()


def test_talk_time_is_exact_to_the_microsecond() -> None:
    """From the metered leg's answer to its hangup by Asterisk's stamps: 2.396229 s."""
    events = recorded("answered")
    [answer] = [e for e in events if isinstance(e, LegAnswered) and e.call_id == CALL]
    [end] = [e for e in events if isinstance(e, Hangup) and e.call_id == CALL]
    assert (answer.at_us, end.at_us - answer.at_us) == (1795299460541233, 2396229)
    assert (end.uniqueid, end.cause) == ("1795299460.1", 16)


def test_every_field_of_the_answered_call() -> None:
    """One of each kind, field by field."""
    events = recorded("answered")
    caller = ("1795299460.0", "1795299460.0", "PJSIP/alice-00000000", None)
    leg = ("1795299460.1", "1795299460.0", "PJSIP/carrier-00000001", CALL)
    bridge = "37dcb553-6df8-4b11-8e4d-5b05e59333dd"
    dial = (caller[0], caller[2], leg[0], leg[1], leg[2], leg[3])
    assert events == [
        FullyBooted(23),
        LegCreated(1795299460234737, *caller, 4),
        LegCreated(1795299460236913, *leg[:3], None, 0),
        DialBegin(1795299460238892, *dial, "44123@carrier"),
        LegRinging(1795299460240125, *leg, 5),
        LegAnswered(1795299460541233, *leg, 6),
        DialEnd(1795299460543311, *dial, "ANSWER", None),
        LegAnswered(1795299460543372, *caller, 6),
        BridgeEnter(1795299460543770, *leg, 6, bridge, None),
        BridgeEnter(1795299460543920, *caller, 6, bridge, None),
        HangupRequest(1795299462936315, *caller, 6, 16),
        Hangup(1795299462937238, *caller, 6, 16),
        Cdr(1795299462937290, caller[0], caller[2], leg[2], "ANSWERED", 2, 2),
        Hangup(1795299462937462, *leg, 6, 16),
    ]


def test_refused_diversion_names_its_target() -> None:
    """A 302 shows as `forward` on the first DialEnd; the second says how it ended."""
    first, second = (e for e in recorded("forward_refused") if isinstance(e, DialEnd))
    assert (first.forward, first.dial_status) == ("0900", "CANCEL")
    assert (second.forward, second.dial_status) == (None, "BUSY")


def test_blind_transfer_names_the_leg_that_lives_on() -> None:
    """The metered leg goes on and makes a call of its own; the dialled one has its own call id."""
    events = recorded("blind_transfer")
    [transfer] = [e for e in events if isinstance(e, BlindTransfer)]
    assert transfer == BlindTransfer(
        at_us=1795299528084314,
        result="Success",
        transferer_uniqueid="1795299527.18",
        transferee_uniqueid="1795299527.19",
        transferee_call_id=CALL,
        context="pbxc-out",
        extension="44999",
    )
    dialled = [e for e in events if isinstance(e, DialBegin)]
    assert [(e.uniqueid, e.dest_uniqueid) for e in dialled] == [
        ("1795299527.18", "1795299527.19"),
        ("1795299527.19", "1795299528.20"),
    ]


def test_attended_transfer_names_both_legs_that_stay() -> None:
    """Two metered legs are left, bridged to each other."""
    events = recorded("attended_transfer")
    [transfer] = [e for e in events if isinstance(e, AttendedTransfer)]
    assert transfer.transferer_uniqueids == ("1795300315.2", "1795300316.4")
    assert transfer.party_uniqueids == ("1795300315.3", "1795300316.5")
    assert (transfer.party_call_ids, transfer.dest_type) == ((CALL, CALL), "Bridge")
    assert [e.swap_uniqueid for e in events if isinstance(e, BridgeEnter)][-1] == "1795300316.4"


HEAD = {"Timestamp": "1795300316.904746"}
LEG = {
    "Channel": "PJSIP/a-1",
    "ChannelState": "6",
    "ChannelStateDesc": "Up",
    "CallerIDNum": "101",
    "CallerIDName": "<unknown>",
    "Uniqueid": "1.1",
    "Linkedid": "1.0",
}
TARGET = {"TargetUniqueid": "1.2", "TargetChanVariable": "PBXC_LEG=c"}


@pytest.mark.parametrize(
    ("headers", "event"),
    [
        (
            HEAD | LEG | TARGET | {"Event": "Pickup"},
            Pickup(1795300316904746, "1.1", "PJSIP/a-1", "1.2", "c"),
        ),
        ({"Event": "Shutdown", "Restart": "True"} | HEAD, Shutdown(1795300316904746, True)),
        ({"Event": "FullyBooted"}, FullyBooted(0)),
        ({"Event": "VarSet"} | HEAD, None),
        ({"Response": "Success"}, None),
    ],
)
def test_events_that_were_not_recorded(headers: Mapping[str, str], event: Event | None) -> None:
    """Shapes as documented; what nobody uses is None."""
    assert parse_event(headers) == event


def test_user_event_keeps_its_headers() -> None:
    """The dialplan may add what it likes."""
    event = parse_event(HEAD | {"Event": "UserEvent", "UserEvent": "TopUp", "By": "alice"})
    assert isinstance(event, UserEvent)
    assert (event.name, event.uniqueid, event.headers["By"]) == ("TopUp", None, "alice")


def test_call_without_caller_channel_is_read() -> None:
    """An Originate dials without one."""
    block = next(b for b in blocks("answered") if b.startswith(b"Event: DialBegin"))
    headers = parse_message(block)
    event = parse_event({k: v for k, v in headers.items() if k.startswith(("Ev", "Time", "Dest"))})
    assert isinstance(event, DialBegin)
    assert (event.uniqueid, event.channel, event.call_id) == (None, None, CALL)


SPOILERS: list[Callable[[dict[str, str]], object]] = [
    lambda headers: headers.pop("Timestamp"),
    lambda headers: headers.update(Timestamp="soon"),
    lambda headers: headers.pop("Uniqueid"),
    lambda headers: headers.update(Uniqueid=""),
    lambda headers: headers.pop("Channel"),
    lambda headers: headers.pop("Linkedid"),
    lambda headers: headers.update(ChannelState="Up"),
    lambda headers: headers.update(ChanVariable="PBXC_LEG=a\r\nPBXC_LEG=b"),
]


@pytest.mark.parametrize("spoil", SPOILERS)
@pytest.mark.parametrize("name", ["Newchannel", "Newstate", "BridgeEnter", "Hangup"])
def test_event_without_what_it_must_have_is_refused(
    name: str, spoil: Callable[[dict[str, str]], object]
) -> None:
    """An event is believed as a whole or not at all."""
    headers = dict(HEAD | LEG | {"Event": name, "Cause": "16", "BridgeUniqueid": "b"})
    assert parse_event(headers) is not None
    spoil(headers)
    with pytest.raises(AmiMalformed):
        parse_event(headers)


SMUGGLED = [
    # What a phone can say of itself is cut after 79 bytes.
    b"x\r\n\r\nEvent: Hangup\r\nTimestamp: 1\r\nChannel: a\r\nChannelState: 6\r\nX: ",
    b"x\r\n\r\nEvent: Newstate\r\nTimestamp: 1\r\nChannel: a\r\nChannelState: 6\r\nX: ",
    b"x\r\nUniqueid: 9.9",
    b"x\r\nChanVariable: PBXC_LEG=0192f0c1a2b3abcdefghij",
    b"x\r\n\r\nResponse: Success\r\nActionID: 1",
]


@pytest.mark.parametrize("smuggled", SMUGGLED)
@pytest.mark.parametrize("name", ["Newchannel", "Newstate", "Hangup", "DialBegin", "DialEnd"])
def test_no_event_can_be_smuggled_in_by_the_name_of_a_caller(name: str, smuggled: bytes) -> None:
    """Asterisk 22 writes a caller's number unescaped: what comes of it is no event, or unharmed.

    Seen failing without `check_genuine`: a phone that called itself the first of these made the
    daemon believe that its call had ended before it was dialled, and talked for nothing.
    """
    assert len(smuggled) <= 79
    head = b"Event: " + name.encode()
    ours = [b for b in blocks("answered") if b.startswith(head) and b"CallerIDNum: alice" in b]
    whole = ours[0].replace(b"CallerIDNum: alice", b"CallerIDNum: " + smuggled)
    pieces = whole.split(b"\r\n\r\n")
    believed: list[Event | None] = []
    for piece in pieces:
        with suppress(AmiMalformed):
            believed.append(parse_event(parse_message(piece)))
    assert [event for event in believed if event is not None] == []


@given(
    st.sampled_from(sorted(EVENT_NAMES)),
    st.dictionaries(
        st.sampled_from([*HEAD, *LEG, *TARGET, "Cause", "ChanVariable", "Result", "DialStatus"]),
        st.text() | st.sampled_from(["1.1", "6", "16", "Success"]),
    ),
)
def test_no_event_raises_anything_but_ami_malformed(name: str, headers: dict[str, str]) -> None:
    """Whatever the values are."""
    with suppress(AmiMalformed):
        parse_event({**headers, "Event": name})
