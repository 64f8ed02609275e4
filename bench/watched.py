"""The daemon as it is installed, but for its watch on the loop, which looks 1,000 times a second.

Run as `python -m bench.watched PLACE --config FILE serve`. PLACE gets a line for each time that the
loop came round late: when, how late it was, and how long of it others had the processor.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from pbxcharge import daemon
from pbxcharge.cli.main import app_entry
from pbxcharge.flow.lag import Lateness, LoopLag
from pbxcharge.logger import Logger

EVERY_S = 0.001
LATE_MS = 1.0


def watched(place: Path) -> None:
    """The command `pbxcharge` with the words of this one, its loop watched finely."""
    with place.open("w") as late:

        class FineLag(LoopLag):
            """Keeps every lateness."""

            def __init__(self, log: Logger) -> None:
                super().__init__(log, EVERY_S)

            def note(self, once: Lateness) -> None:
                """As ever, and into the file, which is written some 200 lines at a time."""
                super().note(once)
                if once.late_ms > LATE_MS:
                    late.write(f"{once.at_ns} {once.late_ms:.3f} {once.waited_ms:.3f}\n")

        with patch.object(daemon, "LoopLag", FineLag):
            app_entry()


def late_times(place: Path) -> Iterator[Lateness]:
    """What was written into the file."""
    for line in place.read_text().splitlines():
        at_ns, late_ms, waited_ms = line.split()
        yield Lateness(int(at_ns), float(late_ms), float(waited_ms))


if __name__ == "__main__":
    watched(Path(sys.argv.pop(1)))
