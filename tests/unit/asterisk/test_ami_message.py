"""AMI messages: strict on what comes in, one action out."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.asterisk.ami_fields import microseconds
from pbxcharge.asterisk.ami_message import (
    channel_id,
    format_action,
    parse_message,
    variable_value,
)
from pbxcharge.errors import AmiMalformed, AmiRefused


def test_headers_are_read_with_values_that_have_colons_or_nothing() -> None:
    """Only the first colon ends a name; `Exten:` with nothing after it is empty."""
    headers = parse_message(b"Event: Hangup\r\nExten: \r\nContext:\r\nKey: a: b")
    assert headers == {"Event": "Hangup", "Exten": "", "Context": "", "Key": "a: b"}


def test_variables_of_several_lines_are_kept_in_order() -> None:
    """One line stands for each channel variable."""
    headers = parse_message(b"Event: X\r\nChanVariable: A=1\r\nChanVariable: PBXC_LEG=c")
    assert headers["ChanVariable"] == "A=1\r\nPBXC_LEG=c"


@pytest.mark.parametrize("extra", [b"Uniqueid: 9.9", b"Event: Hangup", b"no header at all"])
def test_doubled_and_malformed_headers_are_refused(extra: bytes) -> None:
    """A line break in a caller's number could forge a second Uniqueid; neither is believed."""
    with pytest.raises(AmiMalformed):
        parse_message(b"Event: Hangup\r\nUniqueid: 1.1\r\n" + extra)


def test_bytes_that_are_no_utf_8_cost_no_event() -> None:
    """They are replaced."""
    assert parse_message(b"Event: X\r\nCallerIDName: J\xfcrgen")["Event"] == "X"


@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_ami_malformed(block: bytes) -> None:
    """Whatever arrives, the answer is headers or AmiMalformed."""
    with suppress(AmiMalformed):
        parse_message(block)


def test_action_is_written_with_its_id() -> None:
    """Header by header, and a blank line."""
    sent = format_action({"Action": "Hangup", "Channel": "PJSIP/a-1", "Cause": 21}, "7")
    assert sent == b"ActionID: 7\r\nAction: Hangup\r\nChannel: PJSIP/a-1\r\nCause: 21\r\n\r\n"


@given(st.text(), st.characters(categories=["Cc"], max_codepoint=127), st.text())
def test_no_value_starts_a_second_header(before: str, control: str, after: str) -> None:
    """A bare LF is enough for Asterisk to begin a new header."""
    with pytest.raises(AmiRefused):
        format_action({"Action": "Setvar", "Value": before + control + after}, "1")


@pytest.mark.parametrize("name", ["", "A b", "A\nB", "A:", "1A"])
def test_bad_header_name_is_refused(name: str) -> None:
    """Names are the program's own; a wrong one is found before it is sent."""
    with pytest.raises(AmiRefused):
        format_action({"Action": "Setvar", name: "x"}, "1")


def test_line_longer_than_asterisk_reads_is_refused() -> None:
    """Asterisk would end the session, and with it everybody's events."""
    with pytest.raises(AmiRefused):
        format_action({"Action": "Setvar", "Value": "x" * 1000}, "1")


@pytest.mark.parametrize("channel", ["PJSIP/alice-0000000a", "1795299460.1", "pbx1-1795299460.1"])
def test_one_channel_is_named_by_name_or_uniqueid(channel: str) -> None:
    """Asterisk takes both."""
    assert channel_id(channel) == channel


@pytest.mark.parametrize("channel", ["", "/", "/.*/", "/^PJSIP/", "alice", "a b", "PJSIP/", "a/\n"])
def test_what_may_name_several_channels_is_refused(channel: str) -> None:
    """Hangup with a pattern would end every call that matches."""
    with pytest.raises(AmiRefused):
        channel_id(channel)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("PBXC_LEG=abc", "abc"),
        ("PBXC_LEG=", None),
        ("PBXC_LEG=(null)", None),
        ("", None),
        ("A=1", None),
        ("XPBXC_LEG=1", None),
        ("A=1\r\nPBXC_LEG=abc\r\nPBXC_LEG=abc", "abc"),
        ("PBXC_LEG=\r\nPBXC_LEG=abc", "abc"),
        ("PBXC_LEG=a=b", "a=b"),
    ],
)
def test_variable_is_found_among_others(text: str, value: str | None) -> None:
    """Empty, `(null)` and absent are the same."""
    assert variable_value(text, "PBXC_LEG") == value


def test_variable_with_two_values_is_refused() -> None:
    """It must not be decided by their order whose call it is."""
    with pytest.raises(AmiMalformed):
        variable_value("PBXC_LEG=a\r\nPBXC_LEG=b", "PBXC_LEG")


@pytest.mark.parametrize(
    ("text", "at_us"),
    [
        ("1795299460.234737", 1795299460234737),
        ("1795299460.000001", 1795299460000001),
        ("1795299460.5", 1795299460500000),
        ("1795299460", 1795299460000000),
        ("0.000000", 0),
    ],
)
def test_time_stamp_is_read_exactly(text: str, at_us: int) -> None:
    """Every microsecond counts; a float would lose some."""
    assert microseconds(text) == at_us


@pytest.mark.parametrize(
    "text", ["", ".5", "x", "1.2345678", "-1.0", "1.-1", "1e9", "1 .0", "٣.0", "9" * 20]
)
def test_what_is_no_time_stamp_is_refused(text: str) -> None:
    """Neither guessed nor rounded."""
    with pytest.raises(AmiMalformed):
        microseconds(text)
