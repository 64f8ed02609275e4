"""The FastAGI wire: strict on what comes in, harmless in what goes out."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.asterisk.agi_protocol import (
    AgiReply,
    AgiRequest,
    AuthorizeRequest,
    BalanceRequest,
    ReplyParser,
    encode_command,
    format_command,
    parse_authorize,
    parse_balance,
    parse_request,
    verdict_command,
)
from pbxcharge.errors import AgiError

RECORDED = (Path(__file__).parents[2] / "recordings" / "authorize.agi").read_bytes()
HEADER = (
    b"agi_network_script: authorize\nagi_channel: PJSIP/a-1\nagi_uniqueid: 1.2\n"
    b"agi_arg_1: alice\nagi_arg_2: 44123\nagi_arg_3: outgoing\nagi_arg_4: 1.2\n"
)


def test_recorded_request_of_asterisk_22_is_read() -> None:
    """What a real Asterisk sends before the Dial becomes the question that is answered."""
    request = parse_request(RECORDED.split(b"\n\n")[0])
    assert (request.script, request.args[:3]) == ("authorize", ("alice", "44123", "outgoing"))
    assert parse_authorize(request) == AuthorizeRequest(
        channel="PJSIP/alice-00000000",
        uniqueid="1795299460.0",
        endpoint="alice",
        number="44123",
        way="outgoing",
        linkedid="1795299460.0",
    )
    assert request.headers["agi_accountcode"] == "alice"


def test_query_is_no_part_of_the_script() -> None:
    """`agi://host/authorize?x=1` asks for `authorize`."""
    assert parse_request(HEADER.replace(b"authorize", b"authorize?x=1")).script == "authorize"


@pytest.mark.parametrize(
    "smuggled",
    [
        b"agi_uniqueid: 9.9\n",
        b"EXEC Dial x\n",
        b"agi_callerid\n",
        b"agi_callerid: a\x00b\n",
        b"agi_callerid: a\rb\n",
        b"AGI_callerid: a\n",
        b"\n",
    ],
)
def test_header_with_anything_odd_is_refused(smuggled: bytes) -> None:
    """A line break in a value would be a second header; nothing of such a header is believed."""
    with pytest.raises(AgiError):
        parse_request(HEADER + smuggled)


@pytest.mark.parametrize("name", [b"agi_network_script", b"agi_channel", b"agi_uniqueid"])
def test_header_without_what_names_the_call_is_refused(name: bytes) -> None:
    """Script, channel and uniqueid must be there and not be empty."""
    lines = [line for line in HEADER.splitlines(True) if not line.startswith(name)]
    with pytest.raises(AgiError):
        parse_request(b"".join(lines))
    with pytest.raises(AgiError):
        parse_request(b"".join(lines) + name + b": \n")


def test_a_latin_1_caller_name_costs_no_call() -> None:
    """Bytes that are no UTF-8 are replaced, not refused."""
    assert parse_request(HEADER + b"agi_calleridname: J\xfcrgen\n").channel == "PJSIP/a-1"


def test_a_comma_in_the_number_is_refused() -> None:
    """Asterisk splits arguments at commas, so what stands in the way's place is none."""
    asked = HEADER.replace(b"agi_arg_4: 1.2\n", b"").replace(b"agi_arg_3", b"agi_arg_4")
    with pytest.raises(AgiError):
        parse_authorize(parse_request(asked + b"agi_arg_3: 5\nagi_arg_5: 1.2\n"))
    with pytest.raises(AgiError):
        parse_authorize(parse_request(HEADER + b"agi_arg_5: x\nagi_arg_6: y\n"))


def test_a_trunk_may_say_who_calls() -> None:
    """The fifth argument of an incoming call, possibly empty."""
    asked = HEADER.replace(b"outgoing", b"incoming")
    known = parse_authorize(parse_request(asked + b"agi_arg_5: +49301234\n"))
    unknown = parse_authorize(parse_request(asked + b"agi_arg_5: \n"))
    assert (known.way, known.caller_number) == ("incoming", "+49301234")
    assert unknown.caller_number == parse_authorize(parse_request(asked)).caller_number == ""


@pytest.mark.parametrize(
    ("channel", "endpoint"),
    [
        ("PJSIP/a-0000001f", "a"),
        ("PJSIP/alice-desk-0000001f", "alice-desk"),
        ("Local/a@pbxc-ring-0000001f;2", ""),
        ("PJSIP/a-1", ""),
    ],
)
def test_who_asks_for_a_balance_is_told_by_its_channel(channel: str, endpoint: str) -> None:
    """Nobody can ask for somebody else: a name as an argument is one argument too many."""
    asked = (
        b"agi_network_script: balance\nagi_uniqueid: 1.2\nagi_channel: " + channel.encode() + b"\n"
    )
    number = b"agi_arg_1: 0049\n"
    assert parse_balance(parse_request(asked)) == BalanceRequest(endpoint, "")
    assert parse_balance(parse_request(asked + number)) == BalanceRequest(endpoint, "0049")
    with pytest.raises(AgiError):
        parse_balance(parse_request(asked + number + b"agi_arg_2: bob\n"))


@given(st.binary(max_size=400))
def test_random_bytes_raise_nothing_but_the_error_of_this_room(block: bytes) -> None:
    """Whatever a peer sends, the answer is a request or an AgiError."""
    with contextlib.suppress(AgiError):
        assert isinstance(parse_request(block), AgiRequest)


def answers(text: str) -> tuple[list[AgiReply], bool]:
    """Feed lines, and return the answers and whether a hangup was seen."""
    parser = ReplyParser()
    replies = [parser.feed(line) for line in text.splitlines()]
    return [reply for reply in replies if reply is not None], parser.hungup


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("200 result=1", (200, "1", None)),
        ("200 result=0", (200, "0", None)),
        ("200 result=-1", (200, "-1", None)),
        ("200 result=1 (hangup)", (200, "1", "hangup")),
        ('200 result=1 (a"b\\c)', (200, "1", 'a"b\\c')),
        ("200 result=1 ((x,y))", (200, "1", "(x,y)")),
        ("200 result= (timeout)", (200, "", "timeout")),
        ("510 Invalid or unknown command", (510, "", None)),
    ],
)
def test_answers_that_asterisk_gave_are_read(line: str, reply: tuple[object, ...]) -> None:
    """A value in brackets is the value, even when it is the word hangup."""
    [answer], hungup = answers(line)
    assert ((answer.code, answer.result, answer.value), hungup) == (reply, False)


def test_hangup_line_is_no_answer() -> None:
    """HANGUP comes between answers; taken for one, it would shift all later answers by one."""
    [first, second], hungup = answers("HANGUP\n200 result=1\nHANGUP\n200 result=0\n")
    assert (first.result, second.result, hungup) == ("1", "0", True)


def test_usage_of_several_lines_is_one_answer() -> None:
    """What follows a usage text is read in step."""
    usage = "520-Invalid command syntax.  Proper usage follows:\nSets a\n200 result=5\n"
    first, second = answers(usage + "520 End of proper usage.\n200 result=1\n")[0]
    assert (first.code, second.code, second.result) == (520, 200, "1")


def test_trying_is_no_answer() -> None:
    """After `100 … Trying` the answer follows."""
    [answer], _ = answers("100 result=0 Trying...\n200 result=1\n")
    assert answer.code == 200


@pytest.mark.parametrize("line", ["", "hello", "200", "200 result=x", "20 result=1", "HANGUP "])
def test_lines_that_are_no_answer_are_refused(line: str) -> None:
    """An answer that cannot be read ends the session."""
    with pytest.raises(AgiError):
        ReplyParser().feed(line)


def test_endless_usage_is_refused() -> None:
    """A usage text that never ends does not fill the memory."""
    parser = ReplyParser()
    parser.feed("520-Invalid")
    with pytest.raises(AgiError):
        for _ in range(1000):
            parser.feed("x" * 1000)


@given(st.text())
def test_any_line_gives_an_answer_nothing_or_the_error_of_this_room(line: str) -> None:
    """No line of a peer raises anything else."""
    parser = ReplyParser()
    with contextlib.suppress(AgiError):
        parser.feed(line)


def test_command_is_quoted_as_asterisk_unquotes() -> None:
    r"""`a"b\c` arrives as it was."""
    assert format_command("GET VARIABLE", 'a"b\\c') == 'GET VARIABLE "a\\"b\\\\c"'


@given(st.text(), st.characters(categories=["Cc"], max_codepoint=127))
def test_no_control_character_leaves_in_a_command(text: str, control: str) -> None:
    """A line break would start a second command."""
    with pytest.raises(AgiError):
        format_command("GET VARIABLE", text + control)
    with pytest.raises(AgiError):
        encode_command("GET VARIABLE " + text + control)


def test_command_longer_than_asterisk_reads_is_refused() -> None:
    """Asterisk would carry out the first 8,191 bytes of it."""
    with pytest.raises(AgiError):
        encode_command("X" * 8191)
    assert len(encode_command("X" * 8190)) == 8191


def test_verdict_is_one_command_in_order() -> None:
    """All variables arrive in one step or none does."""
    command = verdict_command({"PBXC_DIAL": "PJSIP/44123@carrier", "PBXC_VERDICT": "ALLOW"})
    expected = 'SET VARIABLE "ARRAY(PBXC_DIAL,PBXC_VERDICT)" "PJSIP/44123@carrier,ALLOW"'
    assert command == expected


@pytest.mark.parametrize("value", ["1,2", 'a"b', "a b", "(a)", "a\n", "a\\", "a&b", "${X}", "a'"])
def test_verdict_with_a_value_that_could_change_it_is_refused(value: str) -> None:
    """A comma in PBXC_DIAL would shift every value after it, the verdict too."""
    with pytest.raises(AgiError):
        verdict_command({"PBXC_DIAL": value, "PBXC_VERDICT": "DENY"})


@pytest.mark.parametrize("variables", [{}, {"A,B": "1"}, {"A)": "1"}, {"": "1"}, {"a b": "1"}])
def test_verdict_with_a_bad_name_is_refused(variables: dict[str, str]) -> None:
    """Names are the program's own; a wrong one is found before Asterisk sees it."""
    with pytest.raises(AgiError):
        verdict_command(variables)
