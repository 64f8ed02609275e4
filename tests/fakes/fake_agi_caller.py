"""The FastAGI side of the fake Asterisk: asks the daemon, obeys its commands, answers them."""

import asyncio
import re
from collections.abc import Callable
from typing import cast

_ARRAY = re.compile(r'SET VARIABLE "ARRAY\(([A-Z0-9_,]+)\)" "(.*)"')
_SET = re.compile(r'SET VARIABLE "(\w+)" "(.*)"')
_FEATURE = re.compile(r'DATABASE (PUT|DEL) "pbxc-feature" .*')
_DEL = re.compile(r'DATABASE DEL "(\w+)" "([^"]+)"')

HEADER = (
    "agi_network: yes\nagi_network_script: authorize\n"
    "agi_request: agi://127.0.0.1/authorize\nagi_channel: {channel}\nagi_language: en\n"
    "agi_type: PJSIP\nagi_uniqueid: {uniqueid}\nagi_version: 22.10.1\nagi_callerid: {endpoint}\n"
    "agi_calleridname: unknown\nagi_callingpres: 0\nagi_callingani2: 0\nagi_callington: 0\n"
    "agi_callingtns: 0\nagi_dnid: {number}\nagi_rdnis: unknown\nagi_context: pbxc-auth\n"
    "agi_extension: s\nagi_priority: 6\nagi_enhanced: 0.0\nagi_accountcode: {endpoint}\n"
    "agi_threadid: 140674407646912\nagi_arg_1: {endpoint}\nagi_arg_2: {number}\n"
    "agi_arg_3: {way}\nagi_arg_4: {linkedid}\n\n"
)


class FakeAgiCaller(asyncio.Protocol):
    """One session. `variables` has what the daemon set; `closed` is done when it closed."""

    def __init__(self, header: str, delete: Callable[[str], object]) -> None:
        self.variables: dict[str, str] = {}
        self.commands: list[str] = []
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._header = header
        self._delete = delete
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._header.encode())

    def data_received(self, data: bytes) -> None:
        """Obey one command at a time, as Asterisk does."""
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self.commands.append(line.decode())
            self._transport.write(self._obey(line.decode()))

    def _obey(self, command: str) -> bytes:
        if match := _ARRAY.fullmatch(command):
            self.variables.update(zip(match[1].split(","), match[2].split(","), strict=True))
        elif match := _SET.fullmatch(command):
            self.variables[match[1]] = match[2]
        elif match := _DEL.fullmatch(command):
            self._delete(match[2])
        elif not _FEATURE.fullmatch(command):
            return b"510 Invalid or unknown command\n"
        return b"200 result=1\n"

    def hang_up(self) -> None:
        """Say that the caller is gone; Asterisk then closes at the next command."""
        self._transport.write(b"HANGUP\n")
        self._transport.close()

    def abort(self) -> None:
        """Leave at once."""
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Return to the dialplan, which looks at the verdict only."""
        if not self.closed.done():
            self.closed.set_result(None)
