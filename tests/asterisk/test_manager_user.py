"""The daemon's user on a real Asterisk: sees what it needs, may do what it must, and no more."""

import pytest

from tests.asterisk.conftest import Scripted
from tests.asterisk.harness import FarEnd, Verdict

ONE_CALL = {
    "FullyBooted", "Newchannel", "Newstate", "DialBegin", "DialEnd", "BridgeEnter",
    "HangupRequest", "Hangup", "Cdr",
}  # fmt: skip


async def test_the_filter_lets_through_what_the_daemon_needs_and_nothing_else(
    scripted: Scripted,
) -> None:
    """One call raises about 85 events; the daemon reads a dozen, each kind at least once."""
    number = scripted.asterisk.number()
    async with await scripted.asterisk.manager() as ami:
        call = await scripted.dial(number, FarEnd.answers(), Verdict(call_id="filter"))
        await call.trace.until("200")
        call.hang_up()
        leg = await scripted.asterisk.observer.leg_of("filter")
        await ami.wait_for("Hangup", Uniqueid=leg)
        assert {event.name for event in ami.events} == ONE_CALL


async def test_every_event_of_the_metered_leg_names_its_call(scripted: Scripted) -> None:
    """From DialBegin on; on the caller's leg the variable is empty, since it is not inherited."""
    number = scripted.asterisk.number()
    async with await scripted.asterisk.manager() as ami:
        call = await scripted.dial(number, FarEnd.answers(), Verdict(call_id="named"))
        await call.trace.until("200")
        call.hang_up()
        leg = await scripted.asterisk.observer.leg_of("named")
        await ami.wait_for("Hangup", Uniqueid=leg)
        states = ami.seen("Newstate", Uniqueid=leg) + ami.seen("Hangup", Uniqueid=leg)
        assert {event.call_id for event in states} == {"named"}
        caller = (await ami.wait_for("DialBegin", DestUniqueid=leg))["Uniqueid"]
        assert {e.call_id for e in ami.seen("Newstate", Uniqueid=caller)} == {""}


async def test_lists_are_complete_in_spite_of_the_filter(scripted: Scripted) -> None:
    """State of the legs, written ends and the loaded emergency list: all that a resync reads."""
    async with await scripted.asterisk.manager() as ami:
        await ami.action("Status")
        await ami.wait_for("StatusComplete")
        await ami.action("DBGetTree", Family="pbxcharge")
        await ami.wait_for("DBGetTreeComplete")
        await ami.action("ShowDialPlan", Context="pbxc-emergency")
        await ami.wait_for("ShowDialPlanComplete")
        lines = [(e["Extension"], e["AppData"]) for e in ami.seen("ListDialplan")]
    assert lines == [
        ("112", "pbxc-emergency-call,s,1(112,PJSIP/112@carrier)"),
        ("911", "pbxc-emergency-call,s,1(911,PJSIP/112@carrier)"),
        ("999", "pbxc-emergency-call,s,1(999,PJSIP/112@carrier)"),
    ]


@pytest.mark.parametrize(
    "action",
    [
        {
            "action": "Originate",
            "Channel": "PJSIP/1@carrier",
            "Application": "Echo",
            "Async": "true",
        },
        {"action": "Command", "Command": "core show uptime"},
        {"action": "Reload"},
        {"action": "DBPut", "Family": "pbxcharge", "Key": "1", "Val": "end"},
        {"action": "DBDel", "Family": "pbxcharge", "Key": "1"},
        {"action": "UpdateConfig", "SrcFilename": "a.conf", "DstFilename": "a.conf"},
    ],
    ids=lambda action: str(action["action"]),
)
async def test_a_stolen_secret_dials_runs_and_changes_nothing(
    scripted: Scripted, action: dict[str, str]
) -> None:
    """The user may not originate, run commands, or change configuration and database."""
    async with await scripted.asterisk.manager() as ami:
        assert (await ami.action(**action))["Message"] == "Permission denied"
