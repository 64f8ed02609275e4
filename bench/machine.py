"""What a process has of the machine, and what others take of it meanwhile."""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

TICKS_A_S = os.sysconf("SC_CLK_TCK")
MEBIBYTE = 1024 * 1024
_IDLE, _WAITING, _TAKEN = 3, 4, 7
"""Places in the line of /proc/stat: idle, idle until a disk answers, given to other guests."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Of a process, in MiB: its own, and pages of files, which the system takes back at need."""

    own: float
    of_files: float


class MemoryWatch:
    """Looks at the memory of a process as long as the loop runs."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self.most = self.now()
        self._task = asyncio.create_task(self._watch())

    def now(self) -> Memory:
        """What it has now."""
        fields = dict(line.split(":", 1) for line in self._status.read_text().splitlines())
        own, of_files = (int(fields[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile"))
        return Memory(round(own, 1), round(of_files, 1))

    def close(self) -> Memory:
        """Look once more, and then no more."""
        self._task.cancel()
        return self.now()

    async def _watch(self) -> None:
        while True:
            now = self.now()
            self.most = Memory(max(self.most.own, now.own), max(self.most.of_files, now.of_files))
            await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Use:
    """The seconds of processors so far, each of them counted.

    Args:
        at_s: when, of the monotonic clock.
        used_s: by everybody.
        ours_s: by this process, the one watched, and those that each of them has waited for.
        taken_s: what the host of a virtual machine gave to others.
    """

    at_s: float
    used_s: float
    ours_s: float
    taken_s: float

    @classmethod
    def now(cls, pid: int) -> "Use":
        """Of the machine, this process, and the one with this number."""
        ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        used = sum(ticks) - ticks[_IDLE] - ticks[_WAITING] - ticks[_TAKEN]
        ours = sum(_ticks(one) for one in (pid, os.getpid()))
        return cls(time.monotonic(), used / TICKS_A_S, ours / TICKS_A_S, ticks[_TAKEN] / TICKS_A_S)

    def others_since(self, before: "Use") -> float:
        """How many processors others kept busy since an earlier instant: 0.5 is half of one."""
        used_s, ours_s = self.used_s - before.used_s, self.ours_s - before.ours_s
        return max(0.0, (used_s - ours_s) / (self.at_s - before.at_s))


def _ticks(pid: int) -> int:
    """Of a process and its children that it has waited for."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(word) for word in words[11:15])
