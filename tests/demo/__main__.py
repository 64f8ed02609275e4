"""The demonstration: `script/demo` runs it after the set-up.

Exit code 0 if all that was shown was as expected, 1 if not, 128 and the signal's number if it was
interrupted. Whatever happens, it ends what it has started, and nothing else.
"""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from tests.asterisk.harness import AsteriskInstance
from tests.demo import trunk_scenes
from tests.demo.programme import play
from tests.demo.stage import ShownLog, Stage
from tests.demo.world import World
from tests.site import Site, running

FOLDER = Path(os.environ.get("PBXCHARGE_DEMO", ".demo"))
"""The site of the demonstration; it stays, so that its books can be looked at afterwards."""

ADDED = Path(__file__).parent / "site"
"""Plans and a rate deck that the example site does not have."""


class Interruption:
    """The first signal cancels the demonstration; later ones wait for its end like everybody."""

    def __init__(self) -> None:
        self.code: int | None = None
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup and shells that run something in the background have them ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self.happens, 128 + number)

    def happens(self, code: int) -> None:
        """End the demonstration with this exit code."""
        if self.code is None and self._task is not None:
            self.code = code
            self._task.cancel()


async def demonstrate() -> int:
    """All acts; the exit code."""
    interruption = Interruption()
    stage = Stage(sys.stdout, lambda: interruption.happens(128 + signal.SIGPIPE))
    try:
        async with AsteriskInstance() as asterisk:
            log = ShownLog(stage)
            site = _site(asterisk, log)
            async with running(site):
                await play(World(asterisk, site, log, stage))
    except asyncio.CancelledError:
        if interruption.code is None:
            raise
        stage.heading("Interrupted; everything that was started has been ended.")
        return interruption.code
    stage.tally()
    stage.printed(f"The books stay: .venv/bin/pbxcharge -c {FOLDER}/pbxcharge.yaml cdr list")
    return 1 if stage.failed or not stage.passed else 0


def _site(asterisk: AsteriskInstance, log: ShownLog) -> Site:
    # The rest of the folder is written anew; the lock in it belongs to the script.
    shutil.rmtree(FOLDER / "state", ignore_errors=True)
    site = Site.make(
        FOLDER.absolute(),
        ami_port=asterisk.ami_port,
        agi_port=asterisk.agi_port,
        ami_secret=asterisk.ami_secret,
        change=_settings,
    )
    shutil.copytree(ADDED, site.folder, dirs_exist_ok=True)
    site.log = log
    return site


def _settings(settings: Any) -> None:
    """Slices of 6 s are paid 3 s ahead, and the spool is read often, so that nobody has to wait."""
    settings["timing"].update(renew_lead_s=3, spool_check_s=5)
    trunk_scenes.routed(settings)


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(asyncio.run(demonstrate()))
