"""Reading AMI: where TCP cuts the bytes changes nothing, and nothing ends the link but its end."""

import asyncio
import re
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.asterisk.ami_message import Headers
from pbxcharge.asterisk.ami_protocol import MESSAGE_BYTES_MAX, LinkProtocol
from pbxcharge.errors import AmiDown, AmiMalformed, AmiNoReply

RECORDED = (Path(__file__).parents[2] / "recordings" / "answered.ami").read_bytes()
USED = 13
"""Events in the recording that are used; not the new channel of the phone, which called us."""


class Receiver:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Headers] = []
        self.errors: list[Exception] = []
        self.lost = 0
        self.unwanted = 0

    def dispatch(self, headers: Headers, received_ns: int) -> None:
        """Keep an event."""
        self.events.append(headers)

    def malformed(self, error: Exception) -> None:
        """Keep an error."""
        self.errors.append(error)

    def unfiltered(self) -> None:
        """Count."""
        self.unwanted += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Count."""
        self.lost += 1


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.aborted = False
        self.paused = 0

    def write(self, sent: bytes) -> None:
        """Keep it."""
        self.written += sent

    def abort(self) -> None:
        """Remember it."""
        self.aborted = True

    def pause_reading(self) -> None:
        """Count."""
        self.paused += 1

    def resume_reading(self) -> None:
        """Do nothing: whoever feeds asks for no leave."""

    def answers(self, sent: bytes) -> bytes:
        """What Asterisk says to the action that is the first, second … on this link."""
        found = re.search(rb"ActionID: (\w+-)", self.written)
        assert found is not None, "nothing was asked"
        return sent.replace(b"ActionID: ", b"ActionID: " + found[1])


def opened() -> tuple[LinkProtocol, Receiver, Wire]:
    """Make a connection without a network; call it in a running loop."""
    receiver, wire = Receiver(), Wire()
    protocol = LinkProtocol(receiver)
    protocol.connection_made(cast(asyncio.Transport, wire))
    return protocol, receiver, wire


def greeted() -> tuple[LinkProtocol, Receiver, Wire]:
    """Make one that is past the greeting."""
    protocol, receiver, wire = opened()
    protocol.data_received(b"Asterisk Call Manager/11.0.0\r\n")
    return protocol, receiver, wire


async def test_every_split_of_a_recorded_session_gives_the_same_events() -> None:
    """Also in the middle of a line end, of the greeting, of a blank line."""
    _, whole, _ = read_in([RECORDED])
    assert len(whole.events) == USED
    for i in range(len(RECORDED)):
        _, receiver, _ = read_in([RECORDED[:i], RECORDED[i:]])
        assert receiver.events == whole.events
        assert receiver.errors == []


async def test_byte_by_byte_gives_the_same_events() -> None:
    """The slowest sender is understood."""
    _, receiver, _ = read_in([RECORDED[i : i + 1] for i in range(len(RECORDED))])
    assert len(receiver.events) == USED
    assert receiver.errors == []


def read_in(chunks: list[bytes]) -> tuple[LinkProtocol, Receiver, Wire]:
    """Feed chunks."""
    opened_now = opened()
    for chunk in chunks:
        opened_now[0].data_received(chunk)
    return opened_now


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"\r\n\r\n", b"Event: Hangup\r\n"])))
def test_random_bytes_raise_nothing(chunks: list[bytes]) -> None:
    """No exception reaches asyncio, which would end the connection."""

    async def feed() -> None:
        protocol, _, _ = greeted()
        for chunk in chunks:
            protocol.data_received(chunk)

    asyncio.run(feed())


async def test_character_that_two_packets_share_is_kept() -> None:
    """A name with an umlaut arrives whole."""
    sent = "Event: UserEvent\r\nName: Jürgen\r\n\r\n".encode()
    protocol, receiver, _ = greeted()
    cut = sent.index("ü".encode()) + 1
    protocol.data_received(sent[:cut])
    protocol.data_received(sent[cut:])
    assert receiver.events == [{"Event": "UserEvent", "Name": "Jürgen"}]


async def test_malformed_message_costs_only_itself() -> None:
    """The events before and after it arrive."""
    protocol, receiver, wire = greeted()
    good = b"Event: Hangup\r\nUniqueid: 1.1\r\n\r\n"
    protocol.data_received(good + b"Event: Hangup\r\nA: 1\r\nA: 2\r\n\r\n" + good)
    assert (len(receiver.events), len(receiver.errors), wire.aborted) == (2, 1, False)


async def test_events_that_nobody_uses_are_not_taken_apart() -> None:
    """Without a filter they are 80 of 85; even malformed ones cost nothing."""
    protocol, receiver, _ = greeted()
    protocol.data_received(b"Event: VarSet\r\nnonsense\r\n\r\n")
    assert (receiver.events, receiver.errors) == ([], [])


async def test_only_wanted_events_are_told_and_always_the_boot() -> None:
    """Who needs fewer events pays for fewer; the link itself needs FullyBooted."""
    receiver = Receiver()
    protocol = LinkProtocol(receiver, {"Hangup"})
    protocol.connection_made(cast(asyncio.Transport, Wire()))
    protocol.data_received(RECORDED)
    assert [event["Event"] for event in receiver.events] == ["FullyBooted", "Hangup", "Hangup"]


async def test_endless_message_ends_the_connection() -> None:
    """Memory is bounded: 1 MiB of an unfinished message is enough."""
    protocol, receiver, wire = greeted()
    for _ in range(MESSAGE_BYTES_MAX // 65536 + 1):
        protocol.data_received(b"x" * 65536)
    assert wire.aborted
    assert isinstance(receiver.errors[0], AmiMalformed)


@pytest.mark.parametrize("sent", [b"SSH-2.0-x\r\n", b"H", b"\r\n", b"Event: Hangup\r\n\r\n"])
async def test_port_that_speaks_something_else_is_left(sent: bytes) -> None:
    """Nothing of it is believed."""
    protocol, receiver, wire = opened()
    protocol.data_received(sent)
    assert (wire.aborted, receiver.events, len(receiver.errors)) == (True, [], 1)


async def test_reply_finds_its_action_whatever_the_order() -> None:
    """Two actions, answered in the other order."""
    protocol, _, wire = greeted()
    first = protocol.send({"Action": "Ping"})
    second = protocol.send({"Action": "Ping"})
    assert wire.written.count(b"Action: Ping\r\n") == 2
    protocol.data_received(wire.answers(b"Response: Success\r\nActionID: 2\r\nN: b\r\n\r\n"))
    protocol.data_received(wire.answers(b"Response: Error\r\nActionID: 1\r\nMessage: a\r\n\r\n"))
    assert (first.result().done, first.result().message) == (False, "a")
    assert second.result().headers["N"] == "b"


async def test_answer_cannot_be_forged_by_whoever_guesses_a_number() -> None:
    """A caller's name may hold a whole answer; it cannot hold what only this link knows.

    Seen failing with `str(self._last_id)` as the id of an action.
    """
    protocol, receiver, wire = greeted()
    ping = protocol.send({"Action": "Ping"})
    protocol.data_received(b"Response: Success\r\nActionID: 1\r\n\r\n")
    assert (ping.done(), receiver.errors) == (False, [])
    protocol.data_received(wire.answers(b"Response: Success\r\nActionID: 1\r\n\r\n"))
    assert ping.result().done
    other, _, other_wire = greeted()
    other.send({"Action": "Ping"})
    assert other_wire.answers(b"ActionID: 1") != wire.answers(b"ActionID: 1")


LIST = b"Response: Success\r\nActionID: 1\r\nEventList: start\r\n\r\n"
ITEM = b"Event: Status\r\nUniqueid: 1.%d\r\nActionID: 1\r\n\r\n"
LIST_END = b"Event: StatusComplete\r\nActionID: 1\r\nEventList: Complete\r\nListItems: 2\r\n\r\n"


async def test_list_is_whole_and_events_between_are_events() -> None:
    """Items belong to the action that asked; an event in between is told at once."""
    protocol, receiver, wire = greeted()
    status = protocol.send({"Action": "Status"}, as_list=True)
    protocol.data_received(
        wire.answers(LIST + ITEM % 1 + b"Event: Hangup\r\nUniqueid: 9.9\r\n\r\n" + ITEM % 2)
    )
    assert not status.done()
    protocol.data_received(wire.answers(LIST_END))
    assert [item["Uniqueid"] for item in status.result().items] == ["1.1", "1.2"]
    assert [event["Uniqueid"] for event in receiver.events] == ["9.9"]


@pytest.mark.parametrize("second", [b"", b"Event: Status\r\nActionID: 1\r\nA: 1\r\nA: 2\r\n\r\n"])
async def test_list_with_a_hole_is_no_list(second: bytes) -> None:
    """A leg that is missing in it would be taken for ended."""
    protocol, _, wire = greeted()
    status = protocol.send({"Action": "Status"}, as_list=True)
    protocol.data_received(wire.answers(LIST + ITEM % 1 + second + LIST_END))
    with pytest.raises(AmiMalformed):
        status.result()


async def test_refused_list_is_answered_at_once() -> None:
    """An error has no list after it."""
    protocol, _, wire = greeted()
    status = protocol.send({"Action": "Status"}, as_list=True)
    protocol.data_received(
        wire.answers(b"Response: Error\r\nActionID: 1\r\nMessage: Permission denied\r\n\r\n")
    )
    assert status.result().message == "Permission denied"


async def test_late_reply_is_forgotten() -> None:
    """An action that was given up leaves nothing behind, and its reply disturbs nobody."""
    protocol, receiver, wire = greeted()
    ping = protocol.send({"Action": "Ping"}, deadline_s=0.01)
    with pytest.raises(AmiNoReply):
        await ping
    protocol.data_received(wire.answers(b"Response: Success\r\nActionID: 1\r\n\r\n"))
    assert (receiver.events, receiver.errors) == ([], [])


async def test_reply_to_a_cancelled_action_disturbs_nobody() -> None:
    """Whoever asked was cancelled meanwhile."""
    protocol, receiver, wire = greeted()
    protocol.send({"Action": "Ping"}).cancel()
    protocol.data_received(wire.answers(b"Response: Success\r\nActionID: 1\r\n\r\n"))
    assert receiver.errors == []


async def test_loss_fails_what_is_open_and_sends_no_more() -> None:
    """Nothing is kept for later."""
    protocol, receiver, wire = greeted()
    ping = protocol.send({"Action": "Ping"})
    protocol.connection_lost(None)
    with pytest.raises(AmiDown):
        await ping
    sent = wire.written
    with pytest.raises(AmiDown):
        protocol.send({"Action": "Ping"})
    assert (wire.written, receiver.lost) == (sent, 1)
