"""A site for tests, demonstration and bench: its files, its real daemon, its command line.

The daemon is the installed command in a process of its own, so that real signals reach it; what it
logs is read line by line, and tests wait for lines, never for time.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

REPOSITORY = Path(__file__).resolve().parent.parent
COMMAND = Path(sys.executable).parent / "pbxcharge"
WAIT_S = 30.0

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass(slots=True)
class Log:
    """The daemon's log so far, and whoever waits for a line of it."""

    lines: list[Line] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, raw: bytes) -> None:
        """Take one line; what is not JSON was not logged by the daemon and is kept as text."""
        try:
            line = json.loads(raw)
        except ValueError:
            line = {"event": "text", "text": raw.decode(errors="replace").rstrip()}
        self.lines.append(line)
        self._changed.set()

    def find(self, event: str, **fields: Any) -> list[Line]:
        """Every line so far with this event and these fields."""
        wanted = {"event": event, **fields}
        return [line for line in self.lines if wanted.items() <= line.items()]

    async def wait(
        self, event: str, *, after: int = 0, within_s: float = WAIT_S, **fields: Any
    ) -> Line:
        """The first line with this event and these fields, of those after the first `after`.

        Raises:
            AssertionError: no such line in time; it shows what was logged instead.
        """
        wanted = {"event": event, **fields}
        try:
            async with asyncio.timeout(within_s):
                while True:
                    self._changed.clear()
                    for line in self.lines[after:]:
                        if wanted.items() <= line.items():
                            return line
                    await self._changed.wait()
        except TimeoutError:
            shown = "\n".join(map(str, self.lines[-30:]))
            raise AssertionError(f"no log line {wanted} within {within_s} s:\n{shown}") from None


class Site:
    """A copy of the example site, changed for one test; made by `Site.make`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "pbxcharge.yaml"
        self.log = Log()
        self.program: tuple[str | Path, ...] = (COMMAND,)
        self.process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    def make(
        cls,
        folder: Path,
        *,
        ami_port: int,
        agi_port: int,
        ami_secret: str,
        change: Callable[[Any], None] = lambda _: None,
    ) -> "Site":
        """The example site in this folder, on these ports.

        Args:
            folder: made if it is missing.
            ami_port: of Asterisk.
            agi_port: where the daemon listens.
            ami_secret: of the AMI user `pbxcharge`.
            change: may change the loaded settings file in place.
        """
        # A daemon may run from the example site itself; its books and secret stay its own.
        own = shutil.ignore_patterns("state", "ami.secret")
        shutil.copytree(REPOSITORY / "config", folder, ignore=own, dirs_exist_ok=True)
        site = cls(folder)
        yaml = YAML()
        settings = yaml.load(site.config)
        settings["ami"]["port"] = ami_port
        settings["dialplan_dir"] = "asterisk"
        settings["fastagi"]["port"] = agi_port
        settings["trunks"], settings["routes"] = ["carrier"], []
        settings["timing"].update(ring_s=20, renew_lead_s=2, status_check_s=30, spool_check_s=60)
        change(settings)
        yaml.dump(settings, site.config)
        secret = folder / "ami.secret"
        secret.write_text(ami_secret + "\n")
        secret.chmod(0o600)
        return site

    def change(self, change: Callable[[Any], None]) -> None:
        """Change the settings in place; a daemon reads them when it starts."""
        yaml = YAML()
        settings = yaml.load(self.config)
        change(settings)
        yaml.dump(settings, self.config)

    @property
    def database(self) -> Path:
        """The books."""
        return self.folder / "state" / "pbxcharge.db"

    # The daemon.

    async def serve(self, *, ready: bool = True, **environment: str) -> None:
        """Start the daemon, and wait until it is ready unless told otherwise."""
        assert self.process is None or self.process.returncode is not None, "it runs already"
        seen = len(self.log.lines)
        self.process = await asyncio.create_subprocess_exec(
            *self.program,
            "--config",
            self.config,
            "serve",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **environment},
        )
        self._reader = asyncio.create_task(self._read(self.process))
        if ready:
            await self.log.wait("ready", after=seen)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for raw in process.stderr:
            self.log.add(raw)

    def signal(self, number: signal.Signals) -> None:
        """Send the daemon a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    async def stop(self) -> int:
        """End the daemon in order; its exit code."""
        self.signal(signal.SIGTERM)
        return await self.gone()

    async def kill(self) -> None:
        """End the daemon as a crash would."""
        self.signal(signal.SIGKILL)
        await self.gone()

    async def gone(self, within_s: float = WAIT_S) -> int:
        """The daemon's exit code, once it is gone and its log is read."""
        assert self.process is not None
        assert self._reader is not None
        async with asyncio.timeout(within_s):
            code = await self.process.wait()
            await self._reader
        return code

    async def close(self) -> None:
        """End whatever still runs."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
                self.process.kill()
            await self.gone()

    # The command line.

    async def run(self, *words: str, code: int | None = 0, within_s: float = WAIT_S) -> Answer:
        """One command of `pbxcharge`; its exit code must be `code` unless that is None."""
        process = await asyncio.create_subprocess_exec(
            COMMAND,
            "--config",
            self.config,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(within_s):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        answer = Answer(process.returncode or 0, out.decode(), err.decode())
        assert code is None or answer.code == code, f"{words}: {answer}"
        return answer

    async def ask(self, *words: str, within_s: float = WAIT_S) -> Any:
        """What a command says, from its JSON."""
        return (await self.run("--json", *words, within_s=within_s)).json

    async def add_user(
        self, user: str, *endpoints: str, credit: str = "", plan: str = "kiosk"
    ) -> None:
        """A user of the organization `acme`, with phones and credit."""
        await self.run("account", "add", "acme", "--kind", "organization", "--name", "Acme")
        await self.run(
            "account", "add", user, "--kind", "user", "--parent", "acme", "--name", user.title(),
            "--plan", plan,
        )  # fmt: skip
        for endpoint in endpoints:
            number = "".join(digit for digit in endpoint if digit.isdigit())
            await self.run("extension", "add", endpoint, "--number", number, "--account", user)
        if credit:
            await self.run("topup", user, credit)


@contextlib.asynccontextmanager
async def running(site: Site) -> AsyncIterator[Site]:
    """A site whose daemon is ended, whatever happens."""
    try:
        yield site
    finally:
        await site.close()
