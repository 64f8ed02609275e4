"""What Asterisk lists: live channels are evidence, the spool has the ends that nobody saw."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.asterisk.ami_lists import (
    SpoolDeny,
    SpoolEmergency,
    SpoolEnd,
    SpoolUnreadable,
    StatusEntry,
    parse_spool,
    parse_status,
)
from pbxcharge.asterisk.ami_message import parse_message
from pbxcharge.errors import AmiMalformed

RECORDED = (Path(__file__).parents[2] / "recordings" / "answered.ami").read_bytes()
CALL = "0192f0c1a2b3abcdefghij"
KEY = "/pbxcharge/1.1"


def test_recorded_status_shows_the_lease() -> None:
    """The metered leg has its call id and the second at which it ends; the caller has neither."""
    blocks = [b for b in RECORDED.split(b"\r\n\r\n") if b.startswith(b"Event: Status\r")]
    leg, caller = (parse_status(parse_message(block)) for block in blocks)
    assert leg == StatusEntry(
        uniqueid="1795299460.1",
        linkedid="1795299460.0",
        channel="PJSIP/carrier-00000001",
        channel_state=6,
        call_id=CALL,
        hangs_up_at_s=1795299480,
        bridge_id="37dcb553-6df8-4b11-8e4d-5b05e59333dd",
    )
    assert (caller.call_id, caller.hangs_up_at_s) == (None, None)


def test_call_id_is_found_in_either_place() -> None:
    """`Variable` is there because it is asked for, also when manager.conf lacks channelvars."""
    head = {"Uniqueid": "1.1", "Channel": "PJSIP/a-1", "ChannelState": "6"}
    assert parse_status(head | {"Variable": "PBXC_LEG=c"}).call_id == "c"
    assert parse_status(head | {"ChanVariable": "PBXC_LEG=c"}).call_id == "c"


def test_answer_that_the_dialplan_saw_is_read() -> None:
    """`PBXC_ANSWERED` is there from the answer on; `(null)` before."""
    head = {"Uniqueid": "1.1", "Channel": "PJSIP/a-1", "ChannelState": "6"}
    asked = "PBXC_LEG=c\r\nPBXC_ANSWERED="
    assert parse_status(head | {"Variable": asked + "1795302030.356292"}) == StatusEntry(
        "1.1", "", "PJSIP/a-1", 6, "c", None, 1795302030356292
    )
    assert parse_status(head | {"Variable": asked + "(null)"}).answered_at_us is None


@pytest.mark.parametrize("name", ["Uniqueid", "Channel", "ChannelState"])
def test_channel_that_cannot_be_named_is_refused(name: str) -> None:
    """A list with such an entry proves nothing about the legs that are not in it."""
    head = {"Uniqueid": "1.1", "Channel": "PJSIP/a-1", "ChannelState": "6"}
    with pytest.raises(AmiMalformed):
        parse_status({k: v for k, v in head.items() if k != name})


def test_recorded_spool_entry_has_answer_and_end() -> None:
    """Written by the hangup handler of the metered leg."""
    block = next(b for b in RECORDED.split(b"\r\n\r\n") if b.startswith(b"Event: DBGetTreeResp"))
    headers = parse_message(block)
    assert parse_spool(headers["Key"], headers["Val"]) == SpoolEnd(
        uniqueid="1795299460.1",
        call_id=CALL,
        answered_at_us=1795299460541630,
        ended_at_us=1795299462936583,
        cause=16,
        hangup_source="PJSIP/alice-00000000",
    )


def test_the_other_kinds_of_spool_entries() -> None:
    """Unanswered ends, refusals without the daemon, emergency calls."""
    assert parse_spool(KEY, "end|c||2.5|0|") == SpoolEnd("1.1", "c", None, 2500000, 0, "")
    named = parse_spool(KEY, "end|c||2.5|34||PJSIP/carrier-00000002")
    assert isinstance(named, SpoolEnd)
    assert named.channel == "PJSIP/carrier-00000002"
    assert parse_spool(KEY, "deny|alice|44123|1795299815.678485|503") == SpoolDeny(
        "1.1", "alice", "44123", 1795299815678485, 503
    )
    assert parse_spool(KEY, "emergency|alice|112|1.0|1.5|9.000001|16") == SpoolEmergency(
        "1.1", "alice", "112", 1000000, 1500000, 9000001, 16
    )
    assert parse_spool(KEY, "emergency|alice|112|1.0||9.0|") == SpoolEmergency(
        "1.1", "alice", "112", 1000000, None, 9000000, 0
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "end",
        "end||1.0|2.0|16|x",
        "end|c|1.0|2.0|16|x|y|z",
        "end|c|1.0||16|x",
        "end|c|yesterday|2.0|16|x",
        "end|c|1.0|2.0|-1|x",
        "deny|alice|44123|1.0|50x",
        "other|c|1.0|2.0|16|x",
    ],
)
def test_unreadable_entry_is_kept_with_its_reason(text: str) -> None:
    """It is money that somebody has to look at: neither guessed nor thrown away."""
    entry = parse_spool(KEY, text)
    assert isinstance(entry, SpoolUnreadable)
    assert (entry.uniqueid, entry.text, bool(entry.reason)) == ("1.1", text, True)


@given(st.text(), st.text() | st.lists(st.text(max_size=5)).map("|".join))
def test_no_spool_entry_raises(key: str, text: str) -> None:
    """Whatever stands in Asterisk's database, reading the rest goes on."""
    parse_spool(key, text)
    parse_spool(key, "end|" + text)


@given(st.dictionaries(st.sampled_from(["Uniqueid", "Channel", "ChannelState"]), st.text()))
def test_no_status_entry_raises_anything_but_ami_malformed(headers: dict[str, str]) -> None:
    """Whatever the values are."""
    with suppress(AmiMalformed):
        parse_status(headers)
