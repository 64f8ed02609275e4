"""One Asterisk for tests: own ports, folders, phones and carrier, the project's own dialplan."""

import asyncio
import itertools
import os
import re
import signal
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.asterisk.harness.carrier import Carrier
from tests.asterisk.harness.handset import Handset
from tests.asterisk.harness.observer import Observer
from tests.asterisk.harness.ports import free_port, give_back
from tests.asterisk.harness.sipp import SippPhone
from tests.asterisk.harness.user_agent import Address

PROJECT = Path(__file__).parents[3]
SITE = Path(__file__).parent / "site"
DIALPLAN = PROJECT / "asterisk-dialplan"
LAB = PROJECT / "script" / "asterisk-lab"
CARRIER_HOST = "127.2.0.1"
SECOND_HOST = "127.2.0.2"
# The number of ext112 would be an emergency number.
EXTENSIONS = [n for n in range(100, 400) if n != 112]
RTP_PORTS = 1000
# Asterisk complains about their absence at every start.
EMPTY = ("acl", "ccss", "cel", "indications", "pjproject", "sorcery", "stasis", "udptl")


class LabFailed(RuntimeError):
    """script/asterisk-lab did not do what it was asked; its own words say why."""


async def lab(*words: str) -> str:
    """Run script/asterisk-lab and return what it prints.

    Whoever interrupts it waits for its end all the same: nobody could end an Asterisk that the
    script has started and not yet written down.

    Raises:
        LabFailed: it ended with an error.
    """
    running = asyncio.create_task(_lab(*words))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


async def _lab(*words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        str(LAB), *words,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # An interrupt at the keyboard reaches every process of the terminal's foreground group.
        start_new_session=True,
    )  # fmt: skip
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise LabFailed(f"asterisk-lab {' '.join(words)}: {errors.decode()}")
    return output.decode().strip()


def phone_host(extension: str) -> str:
    """The address by which Asterisk knows an extension: 127.1.0.100 for ext100."""
    number = int(extension.removeprefix("ext"))
    return f"127.1.{number // 256}.{number % 256}"


def phones_conf(port: int) -> str:
    """Every extension's endpoint, known by its address alone, and called at that port."""
    return "\n".join(
        f"[ext{n}](phone)\naors = ext{n}\n"
        f"[ext{n}]\ntype = aor\ncontact = sip:ext{n}@{phone_host(f'ext{n}')}:{port}\n"
        f"[ext{n}]\ntype = identify\nendpoint = ext{n}\nmatch = {phone_host(f'ext{n}')}\n"
        for n in EXTENSIONS
    )


class AsteriskInstance:
    """An Asterisk of its own, from `async with` to its end.

    dialplan: text added to extensions.conf. global_lines: lines added to its [globals].
    phone_context: where phones dial.
    """

    _serial = itertools.count(1)

    def __init__(
        self, *, dialplan: str = "", global_lines: str = "", phone_context: str = "pbxc-out"
    ) -> None:
        self.name = f"pbxcharge-{os.getpid()}-{next(self._serial)}"
        self.sip_port = free_port(socket.SOCK_DGRAM)
        self.ami_port = free_port(socket.SOCK_STREAM)
        self.agi_port = free_port(socket.SOCK_STREAM)
        self.ami_secret = os.urandom(12).hex()
        self.pid = 0
        self.folder = Path()
        self._rtp_first = free_port(socket.SOCK_DGRAM, width=RTP_PORTS)
        self._dialplan = dialplan
        self._global_lines = global_lines
        self._phone_context = phone_context
        self._carrier_port = free_port(socket.SOCK_DGRAM, CARRIER_HOST)
        self.carrier = Carrier(CARRIER_HOST, self.sip_address)
        self.second_carrier = Carrier(SECOND_HOST, self.sip_address, "second")
        # Each phone has an address of its own, so all have the same port.
        self._phone_port = free_port(socket.SOCK_DGRAM, phone_host("ext100"))
        self._observer: Observer | None = None
        self._phones: list[Handset | SippPhone] = []
        self._extensions = iter(f"ext{n}" for n in EXTENSIONS)
        self._numbers = itertools.count(442_000)

    @property
    def sip_address(self) -> Address:
        """Where phones call."""
        return "127.0.0.1", self.sip_port

    @property
    def observer(self) -> Observer:
        """The unfiltered manager session that watches since the start."""
        assert self._observer is not None, "Asterisk is not running"
        return self._observer

    # --- life ---------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        try:
            self.folder = Path(await lab("dir", self.name))
            self._configure(self.folder / "etc")
            await self.carrier.open(self._carrier_port)
            await self.second_carrier.open(self._carrier_port)
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    def _configure(self, etc: Path) -> None:
        for source in [*DIALPLAN.glob("*.conf"), *SITE.glob("*.conf")]:
            (etc / source.name).write_text(self._filled(source.read_text()))
        for name in EMPTY:
            (etc / f"{name}.conf").touch()
        (etc / "phones.conf").write_text(phones_conf(self._phone_port))
        with (etc / "extensions.conf").open("a") as extensions:
            extensions.write(self._dialplan)

    def _filled(self, text: str) -> str:
        values = {
            "@sip_port@": self.sip_port, "@ami_port@": self.ami_port, "@agi_port@": self.agi_port,
            "@ami_secret@": self.ami_secret,
            "@carrier_host@": CARRIER_HOST, "@second_host@": SECOND_HOST,
            "@carrier_port@": self._carrier_port, "@global_lines@": self._global_lines,
            "@phone_context@": self._phone_context,
            "@rtp_first@": self._rtp_first, "@rtp_last@": self._rtp_first + RTP_PORTS - 1,
        }  # fmt: skip
        return re.sub("|".join(values), lambda found: str(values[found.group()]), text)

    async def start(self) -> None:
        """Start Asterisk and watch it; also again after `stop` or `kill`."""
        self.pid = int(await lab("start", self.name))
        self._observer = await Observer.connect(self.ami_port, "observer", self.ami_secret)

    async def stop(self) -> None:
        """End Asterisk in good order; its database stays for the next start."""
        await self._leave()
        await lab("stop", self.name)

    async def kill(self) -> None:
        """End Asterisk as a crash would: no BYE, no hangup handler."""
        os.kill(self.pid, signal.SIGKILL)
        await self._leave()
        await lab("stop", self.name)

    async def _leave(self) -> None:
        if self._observer is not None:
            await self._observer.close()
            self._observer = None

    async def close(self) -> None:
        """End everything that belongs to this instance and delete its folders."""
        try:
            for phone in self._phones:
                await phone.close()
            await self.carrier.close()
            await self.second_carrier.close()
            await self._leave()
        finally:
            await lab("drop", self.name)
        for port in (
            self.sip_port,
            self.ami_port,
            self.agi_port,
            self._carrier_port,
            self._phone_port,
        ):
            give_back(port)
        give_back(self._rtp_first, RTP_PORTS)

    # --- what a test does with it -------------------------------------------------------------

    async def cli(self, *words: str) -> str:
        """One command on the console, and what it prints."""
        return await lab("cli", self.name, *words)

    async def spool(self) -> dict[str, list[str]]:
        """What the dialplan has written: the fields of each entry, by the channel's Uniqueid."""
        found = re.findall(
            r"^/pbxcharge/(\S+)\s*: (.*?)\s*$", await self.cli("database show pbxcharge"), re.M
        )
        return {key: value.split("|") for key, value in found}

    async def manager(self) -> Observer:
        """A second manager session, with the daemon's rights and the daemon's filter."""
        return await Observer.connect(self.ami_port, "pbxcharge", self.ami_secret)

    def log(self) -> str:
        """Asterisk's own log so far."""
        return (self.folder / "log" / "full.log").read_text()

    def extension(self) -> str:
        """An extension that no other test of this instance uses."""
        return next(self._extensions)

    def number(self) -> str:
        """A number at the carrier that no other test of this instance calls."""
        return f"{next(self._numbers)}0000"

    async def handset(self, extension: str = "", name: str = "") -> Handset:
        """A phone that the test steers; `name` is what it says of itself, if not the truth."""
        extension = extension or self.extension()
        phone = Handset(extension, phone_host(extension), self.sip_address, name)
        self._phones.append(phone)
        return await phone.open(self._phone_port)

    def sipp_phone(self, extension: str = "") -> SippPhone:
        """A phone that SIPp plays."""
        extension = extension or self.extension()
        phone = SippPhone(extension, phone_host(extension), self.sip_address)
        self._phones.append(phone)
        return phone
