"""Where the demonstration is told: narration, the live cost log beside it, and what was checked."""

import asyncio
import itertools
import os
import shutil
import time
from collections.abc import Callable
from typing import Any, TextIO

from tests.site import WAIT_S, Line, Log

BESIDE_FROM_COLUMNS = 150
"""A terminal this wide shows the cost log in a column of its own."""
LEFT_COLUMNS = 76
LEFT_OUT = frozenset({"event", "timestamp", "level", "account", "currency", "number", "call_id"})
"""Fields of a log line that the prefix says already, or that would only make it long."""

GREY, RED, GREEN, BOLD = "2", "31;1", "32", "1"
SCENE_COLOURS = dict(zip("abcdefghijklmnop", itertools.cycle(("36", "33", "35", "34"))))


class Stage:
    """Everything that the demonstration prints, and whether all of it was as expected.

    Args:
        out: where to; colours and columns only on a terminal, and no colours under NO_COLOR.
        on_gone: called once when nobody reads any more.
    """

    def __init__(self, out: TextIO, on_gone: Callable[[], None]) -> None:
        self._out = out
        self._on_gone = on_gone
        self._gone = False
        self._colours = out.isatty() and "NO_COLOR" not in os.environ
        wide = out.isatty() and shutil.get_terminal_size().columns >= BESIDE_FROM_COLUMNS
        self._log_indent = LEFT_COLUMNS if wide else 0
        self._zero_s = time.monotonic()
        self._scenes: dict[str, str] = {}
        self.passed = 0
        self.failed: list[str] = []

    @property
    def elapsed_s(self) -> float:
        """Seconds since the curtain rose."""
        return time.monotonic() - self._zero_s

    # What people read.

    def heading(self, text: str) -> None:
        """A new part."""
        self._write("")
        self._write(self._coloured(text, BOLD))

    def say(self, scene: str, text: str) -> None:
        """One sentence of the story."""
        self._line(scene, text)

    def command(self, words: str, answer: str = "") -> None:
        """A command as typed, and what it printed."""
        self._line("", self._coloured(f"$ pbxcharge {words}", BOLD))
        self.printed(answer)

    def printed(self, text: str) -> None:
        """What a program printed, as it is."""
        for line in text.rstrip().splitlines():
            self._write(f"    {line}")

    def figure(self, scene: str, text: str) -> None:
        """A measurement: shown, not judged."""
        self._line(scene, self._coloured(f"≈ {text}", GREY))

    # The live cost log.

    def cast(self, account: str, scene: str) -> None:
        """Say in which scene an account plays, so that its log lines are shown there."""
        self._scenes[account] = scene

    def log_line(self, line: Line) -> None:
        """A line of the daemon's log, in short."""
        scene = self._scenes.get(str(line.get("account")), "")
        said = [f"{name}={value}" for name, value in line.items() if _shown(name, value)]
        text = f"┊ {line.get('account') or 'daemon':<6} {line['event']}  {' '.join(said)}"
        self._line(scene, self._coloured(text, GREY), indent=self._log_indent)

    # What is judged.

    def check(self, scene: str, what: str, seen: object, expected: object) -> None:
        """What was seen must be exactly what was worked out by hand."""
        self.judge(scene, f"{what}: {seen}", seen == expected, f"expected {expected}")

    def judge(self, scene: str, what: str, fulfilled: bool, expected: str) -> None:
        """Show and count one thing that had to be so."""
        if fulfilled:
            self.passed += 1
            self._line(scene, f"{self._coloured('✓', GREEN)} {what}  ({expected})")
        else:
            self.failed.append(f"({scene}) {what}, {expected}" if scene else f"{what}, {expected}")
            self._line(scene, self._coloured(f"✗ {what}, {expected}", RED))

    def tally(self) -> None:
        """How many things were as expected, and which were not."""
        total = self.passed + len(self.failed)
        self.heading(f"{self.passed} of {total} things were as expected, {self.elapsed_s:.0f} s.")
        for failure in self.failed:
            self._write(self._coloured(f"  ✗ {failure}", RED))

    def _line(self, scene: str, text: str, *, indent: int = 0) -> None:
        mark = self._coloured(f"({scene})", SCENE_COLOURS[scene]) if scene else "   "
        self._write(f"{' ' * indent}{self.elapsed_s:6.2f} {mark} {text}")

    def _coloured(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._colours else text

    def _write(self, text: str) -> None:
        if self._gone:
            return
        try:
            print(text, file=self._out, flush=True)
        except OSError:
            self._gone = True
            self._on_gone()


class ShownLog(Log):
    """The daemon's log, shown on the stage as it is read."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def add(self, raw: bytes) -> None:
        """Take one line, and show it."""
        super().add(raw)
        self._stage.log_line(self.lines[-1])

    async def place(self, met: Callable[[Line], bool], within_s: float = WAIT_S) -> int:
        """Wait for the first line with this property; how many lines came before it.

        Raises:
            TimeoutError: no such line in time.
        """
        seen = 0
        async with asyncio.timeout(within_s):
            while True:
                self._changed.clear()
                for place in range(seen, len(self.lines)):
                    if met(self.lines[place]):
                        return place
                seen = len(self.lines)
                await self._changed.wait()


def _shown(name: str, value: Any) -> bool:
    return name not in LEFT_OUT and value is not None
