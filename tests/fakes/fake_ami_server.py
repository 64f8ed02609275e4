"""The AMI side of the fake Asterisk: logins, actions and replies, and their faults."""

import asyncio
import re
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from tests.fakes.fake_asterisk import FakeAsterisk

NOT_PERMITTED = {"Originate", "Command", "DBDel", "DBDelTree", "UserEvent", "Redirect"}

SPOOL = "pbxcharge"
_ENDPOINT = re.compile(r"PJSIP_ENDPOINT\(([^,]+),(\w+)\)")
_LINE = re.compile(r"([^,]+),([0-9]+)(?:\((\w+)\))?,([^(]+)\((.*)\)")


class FakeAmiConnection(asyncio.Protocol):
    """One AMI session."""

    def __init__(self, pbx: "FakeAsterisk") -> None:
        self.logged_in = False
        self._pbx = pbx
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast(asyncio.Transport, transport)
        self._pbx.connections.append(self)
        self._pbx.connects += 1
        self.write(b"Asterisk Call Manager/11.0.0\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the session."""
        self.logged_in = False
        self._pbx.connections.remove(self)

    def data_received(self, data: bytes) -> None:
        """Take whole actions; lines end with CRLF or with a bare LF, as Asterisk takes them."""
        *blocks, self._unread = (self._unread + data).replace(b"\r\n", b"\n").split(b"\n\n")
        for block in blocks:
            lines = (line.partition(": ") for line in block.decode().split("\n") if line)
            action = {name: value for name, _, value in lines}
            self._pbx.actions.append(action)
            if not self._pbx.mute:
                self._pbx.loop.call_later(self._pbx.reply_delay_s, self._obey, action)

    def _obey(self, action: dict[str, str]) -> None:
        name = action.get("Action", "")
        if name == "Login":
            self._login(action)
        elif not self.logged_in or name in NOT_PERMITTED:
            self._reply(action, "Error", "Message: Permission denied\r\n")
        elif (handler := getattr(self, f"_on_{name.lower()}", None)) is not None:
            handler(action)
        else:
            self._reply(action, "Error", "Message: Invalid/unknown command\r\n")

    def _reply(self, action: dict[str, str], response: str, body: str) -> None:
        action_id = f"ActionID: {action['ActionID']}\r\n" if "ActionID" in action else ""
        self.write(f"Response: {response}\r\n{action_id}{body}\r\n".encode())

    def _login(self, action: dict[str, str]) -> None:
        pbx = self._pbx
        granted = not pbx.refuse_logins and action.get("Secret") == pbx.secret
        if not granted or action.get("Username") != pbx.username:
            self._reply(action, "Error", "Message: Authentication failed\r\n")
            self._transport.close()
            return
        self.logged_in = True
        self._reply(action, "Success", "Message: Authentication accepted\r\n")
        uptime = f"Uptime: {int(pbx.now() - pbx.booted_at)}\r\nLastReload: 0\r\n"
        if pbx.booted:
            head = "Event: FullyBooted\r\nPrivilege: system,all\r\n"
            self.write(f"{head}{uptime}Status: Fully Booted\r\n\r\n".encode())

    def _on_ping(self, action: dict[str, str]) -> None:
        self._reply(action, "Success", f"Ping: Pong\r\nTimestamp: {self._pbx.now():.6f}\r\n")

    def _on_coresettings(self, action: dict[str, str]) -> None:
        body = "AMIversion: 11.0.0\r\nAsteriskVersion: 22.10.1\r\nSystemName: \r\n"
        self._reply(action, "Success", body)

    def _list(
        self, action: dict[str, str], name: str, message: str, items: list[str], more: str = ""
    ) -> None:
        action_id = action["ActionID"]
        self._reply(action, "Success", f"EventList: start\r\nMessage: {message}\r\n")
        for item in items:
            self.write(f"{item}ActionID: {action_id}\r\n\r\n".encode())
        self.write(
            f"Event: {name}Complete\r\nActionID: {action_id}\r\nEventList: Complete\r\n"
            f"ListItems: {len(items)}\r\n{more}\r\n".encode()
        )

    def _on_status(self, action: dict[str, str]) -> None:
        now, asked = self._pbx.now(), action.get("Variables", "")
        items = [channel.status(now, asked) for channel in self._pbx.channels.values()]
        self._list(
            action, "Status", "Channel status will follow", items, f"Items: {len(items)}\r\n"
        )

    def _on_getvar(self, action: dict[str, str]) -> None:
        if asked := _ENDPOINT.fullmatch(action["Variable"]):
            endpoints = self._pbx.endpoints
            value = endpoints.get(asked[1], endpoints[""]).get(asked[2], "")
            self._reply(action, "Success", f"Variable: {asked[0]}\r\nValue: {value}\r\n")
            return
        channel = self._pbx.channel(action.get("Channel", ""))
        if channel is None:
            self._reply(action, "Error", "Message: No such channel\r\n")
            return
        known = {
            "CHANNEL(pjsip,request_uri)": "" if channel.dialled else f"sip:{channel.exten}@pbx",
            "CHANNEL(pjsip,remote_uri)": f"<sip:{channel.dialled or channel.number}@127.2.0.1>",
        }
        variable = action["Variable"]
        value = known.get(variable, "")
        self._reply(action, "Success", f"Variable: {variable}\r\nValue: {value}\r\n")

    def _on_bridgelist(self, action: dict[str, str]) -> None:
        items = [
            f"Event: BridgeListItem\r\nBridgeUniqueid: {bridge_id}\r\nBridgeType: {kind}\r\n"
            for bridge_id, kind in self._pbx.bridges.items()
        ]
        self._list(action, "BridgeList", "Bridge listing will follow", items)

    def _on_dbgettree(self, action: dict[str, str]) -> None:
        head = f"Event: DBGetTreeResponse\r\nKey: /{action['Family']}/"
        # What products say of phones is written, and never read here.
        entries = self._pbx.spool if action["Family"] == SPOOL else {}
        items = [f"{head}{key}\r\nVal: {text}\r\n" for key, text in entries.items()]
        self._list(action, "DBGetTree", "Result will follow", items)

    def _on_showdialplan(self, action: dict[str, str]) -> None:
        firsts = self._pbx.dialplan.get(action["Context"], {})
        lines = self._pbx.contexts.get(action["Context"], ())
        found = [_LINE.fullmatch(line) for line in lines]
        found += [_LINE.fullmatch(f"{extension},1,{does}") for extension, does in firsts.items()]
        if not found:
            message = f"Did not find context {action['Context']}"
            self._reply(action, "Error", f"Message: {message}\r\n")
            return
        head = f"Event: ListDialplan\r\nContext: {action['Context']}\r\n"
        items = [
            f"{head}Extension: {line[1]}\r\nPriority: {line[2]}\r\n"
            + (f"ExtensionLabel: {line[3]}\r\n" if line[3] else "")
            + f"Application: {line[4]}\r\nAppData: {line[5]}\r\nRegistrar: pbx_config\r\n"
            for line in found
            if line is not None
        ]
        self._list(action, "ShowDialPlan", "DialPlan list will follow", items)

    def _on_channel(self, action: dict[str, str], missing: str, done: str) -> bool:
        found = self._pbx.channel(action.get("Channel", "")) is not None
        message = done if found else missing
        self._reply(action, "Success" if found else "Error", f"Message: {message}\r\n")
        return found

    def _on_absolutetimeout(self, action: dict[str, str]) -> None:
        if float(action.get("Timeout", "0")) <= 0:
            self._reply(action, "Error", "Message: No timeout specified\r\n")
        elif self._on_channel(action, "No such channel", "Timeout Set"):
            self._pbx.arm(self._pbx.must_channel(action["Channel"]), float(action["Timeout"]))

    def _on_hangup(self, action: dict[str, str]) -> None:
        if self._on_channel(action, "No such channel", "Channel Hungup"):
            channel = self._pbx.must_channel(action["Channel"])
            self._pbx.end(channel, cause=int(action.get("Cause", "16")))

    def _on_playdtmf(self, action: dict[str, str]) -> None:
        if self._on_channel(action, "Channel not found", "DTMF successfully queued"):
            uniqueid = self._pbx.must_channel(action["Channel"]).uniqueid
            self._pbx.played.append((uniqueid, action["Digit"]))

    def _on_setvar(self, action: dict[str, str]) -> None:
        if self._on_channel(action, "No such channel", "Variable Set"):
            uniqueid = self._pbx.must_channel(action["Channel"]).uniqueid
            self._pbx.variables[uniqueid, action["Variable"]] = action["Value"]

    def write(self, sent: bytes) -> None:
        """Send, in one piece or byte by byte."""
        if not self._pbx.byte_at_a_time:
            self._transport.write(sent)
            return
        for i in range(len(sent)):
            self._transport.write(sent[i : i + 1])

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()
