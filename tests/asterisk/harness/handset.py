"""A phone of our own, for calls that a test steers while they go on, and for what is heard."""

import re

from tests.asterisk.harness import sip
from tests.asterisk.harness.user_agent import Address, Dialog, UserAgent, token


class HandsetCall(Dialog):
    """One call that the phone makes."""

    def __init__(self, agent: "Handset", number: str) -> None:
        super().__init__(agent, number, f"{token()}@{agent.host}")
        self._branch = token()
        self.local = f"<sip:{agent.name}@{agent.host}>;tag={token()}"
        self.remote = f"<sip:{number}@{agent.peer[0]}>"
        self.target = f"sip:{number}@{agent.peer[0]}:{agent.peer[1]}"

    def begin(self) -> None:
        """Send the INVITE."""
        self.cseq = 1
        self.note("INVITE", "INVITE", sent=True)
        self._send_first("INVITE", self.ear.description)

    def _send_first(self, method: str, body: str = "") -> None:
        raw = self._first(method, body)
        self.send(raw)
        self.insist(raw, (method, 1))

    def _first(self, method: str, body: str = "") -> bytes:
        """The INVITE, and what concerns it before there is a dialog: same branch, same number."""
        via = ("Via", self.agent.via(self._branch))
        number = self.trace.number
        start = f"{method} sip:{number}@{self.agent.peer[0]}:{self.agent.peer[1]} SIP/2.0"
        return sip.compose(start, [via, *self.identity(1, method)], body)

    def cancel(self) -> None:
        """Give up while it rings."""
        self.note("CANCEL", "CANCEL", sent=True)
        self._send_first("CANCEL")

    def transfer(self, to: str) -> None:
        """Send the other side to another number and leave (REFER)."""
        host, port = self.agent.peer
        self.request("REFER", ("Refer-To", f"<sip:{to}@{host}:{port}>"))

    def on_response(self, message: sip.SipMessage) -> None:
        """Final answers to the INVITE are acknowledged."""
        super().on_response(message)
        code = message.code or 0
        if message.method == "INVITE" and code >= 200:
            self.remote = message.get("To")
            if code < 300:
                self.target = sip.address_in(message.get("Contact"))
                headers = [("Via", self.agent.via(token())), *self.identity(1, "ACK")]
                self.send(sip.compose(f"ACK {self.target} SIP/2.0", headers))
            else:
                self.send(self._first("ACK"))


class Handset(UserAgent):
    """An extension's phone, known to Asterisk by its address."""

    def __init__(self, extension: str, host: str, peer: Address) -> None:
        super().__init__(extension, host, peer)

    def call(self, number: str) -> HandsetCall:
        """Dial; what becomes of it is in the call's trace.

        Raises:
            ValueError: the number holds what would break the message.
        """
        if re.search(r"[\s<>@]", number):
            raise ValueError(number)
        call = HandsetCall(self, number)
        self.dialogs[call.call_id] = call
        call.begin()
        return call
