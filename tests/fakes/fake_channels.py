"""Channels of the fake Asterisk, and the bytes of what it tells about them.

The headers and their order are those of Asterisk 22.10, see tests/recordings; a test compares them.
"""

import asyncio
from dataclasses import dataclass

STATES = {0: "Down", 4: "Ring", 5: "Ringing", 6: "Up"}
CAUSES = {
    0: "Unknown",
    16: "Normal Clearing",
    17: "User busy",
    21: "Call Rejected",
    34: "Circuit/channel congestion",
    127: "Interworking, unspecified",
}


@dataclass(eq=False)
class FakeChannel:
    """One leg of a call, as Asterisk sees it."""

    name: str
    uniqueid: str
    linkedid: str
    context: str
    exten: str
    number: str
    peer: str
    account: str
    state: int
    created_at: float
    leg_variable: str = ""
    answered_variable: str = ""
    dialled: str = ""
    bridge_id: str = ""
    timer: asyncio.TimerHandle | None = None
    hangs_up_at: float = 0.0

    def describe(self, prefix: str = "") -> str:
        """Headers that tell the channel's state."""
        return (
            f"{prefix}Channel: {self.name}\r\n{prefix}ChannelState: {self.state}\r\n"
            f"{prefix}ChannelStateDesc: {STATES[self.state]}\r\n"
            f"{prefix}CallerIDNum: {self.number}\r\n{prefix}CallerIDName: <unknown>\r\n"
            f"{prefix}ConnectedLineNum: {self.peer}\r\n{prefix}ConnectedLineName: <unknown>\r\n"
            f"{prefix}Language: en\r\n{prefix}AccountCode: {self.account}\r\n"
            f"{prefix}Context: {self.context}\r\n{prefix}Exten: {self.exten}\r\n"
            f"{prefix}Priority: 1\r\n{prefix}Uniqueid: {self.uniqueid}\r\n"
            f"{prefix}Linkedid: {self.linkedid}\r\n"
            f"{prefix}ChanVariable: PBXC_LEG={self.leg_variable}\r\n"
        )

    def status(self, now: float, asked: str) -> str:
        """Entry of the list that Status gives, with the variables asked for."""
        known = {"PBXC_LEG": self.leg_variable, "PBXC_ANSWERED": self.answered_variable}
        names = [name for name in asked.split(",") if name]
        variables = "".join(f"Variable: {x}={known.get(x) or '(null)'}\r\n" for x in names)
        return (
            f"Event: Status\r\nPrivilege: Call\r\n{self.describe()}Type: PJSIP\r\nDNID: \r\n"
            f"EffectiveConnectedLineNum: {self.peer}\r\nEffectiveConnectedLineName: <unknown>\r\n"
            f"TimeToHangup: {int(self.hangs_up_at)}\r\nBridgeID: {self.bridge_id}\r\n"
            "Application: AppDial\r\nData: (Outgoing Line)\r\nNativeformats: (ulaw)\r\n"
            "Readformat: ulaw\r\nReadtrans: \r\n"
            "Writeformat: ulaw\r\nWritetrans: \r\nCallgroup: 0\r\nPickupgroup: 0\r\n"
            f"Seconds: {int(now - self.created_at)}\r\n{variables}"
        )


def event(name: str, at: float, body: str, privilege: str = "call,all") -> bytes:
    """Bytes of an event."""
    head = f"Event: {name}\r\nPrivilege: {privilege}\r\nTimestamp: {at:.6f}\r\n"
    return f"{head}{body}\r\n".encode()


def bridge(bridge_id: str, channels: int) -> str:
    """Headers that tell about a bridge."""
    return (
        f"BridgeUniqueid: {bridge_id}\r\nBridgeType: basic\r\n"
        "BridgeTechnology: simple_bridge\r\nBridgeCreator: <unknown>\r\nBridgeName: <unknown>\r\n"
        f"BridgeNumChannels: {channels}\r\nBridgeVideoSourceMode: none\r\n"
    )


def cause_headers(number: int) -> str:
    """Headers of a hangup's cause."""
    return f"Cause: {number}\r\nCause-txt: {CAUSES.get(number, 'Unknown')}\r\n"


def cdr(caller: FakeChannel, dialled: str, disposition: str, talk_s: float) -> str:
    """Headers of Asterisk's own record."""
    return (
        f"AccountCode: {caller.account}\r\nSource: {caller.number}\r\n"
        f"Destination: {caller.exten}\r\nDestinationContext: {caller.context}\r\n"
        f'CallerID: "" <{caller.number}>\r\nChannel: {caller.name}\r\n'
        f"DestinationChannel: {dialled}\r\nLastApplication: Dial\r\nLastData: \r\n"
        "StartTime: 2026-01-01 00:00:00\r\nAnswerTime: \r\nEndTime: 2026-01-01 00:00:00\r\n"
        f"Duration: {int(talk_s)}\r\nBillableSeconds: {int(talk_s)}\r\n"
        f"Disposition: {disposition}\r\nAMAFlags: DOCUMENTATION\r\n"
        f"UniqueID: {caller.uniqueid}\r\nUserField: \r\n"
    )
