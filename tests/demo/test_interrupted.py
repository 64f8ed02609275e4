"""The demonstration leaves nothing behind, however it ends."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.site import REPOSITORY

UP_WITHIN_S = 90.0
"""Also where the set-up has to look everything through on a busy machine."""


def _take_interrupts() -> None:
    """Shells have them ignored for what they run in the background, and so has this test then."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.asynccontextmanager
async def _demonstration(folder: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        REPOSITORY / "script" / "demo",
        env={**os.environ, "PBXCHARGE_DEMO": folder},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_take_interrupts,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _until_called(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(UP_WITHIN_S):
        async for line in process.stdout:
            if b"answered" in line:
                return
    raise AssertionError("the demonstration ended before a call was answered")


def _processes_of(folder: str) -> dict[int, str]:
    """Everything on this machine that was started with this folder in its environment, by pid."""
    found = {}
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if folder.encode() in environment.read_bytes():
                words = (environment.parent / "cmdline").read_text().split("\0")
                found[int(environment.parent.name)] = " ".join(words)
    return found


def _mounts() -> list[str]:
    return [line for line in Path("/proc/mounts").read_text().splitlines() if "pbxcharge" in line]


@pytest.mark.parametrize(
    ("number", "whole_terminal"), [(signal.SIGINT, True), (signal.SIGTERM, False)]
)
async def test_an_interrupted_demonstration_leaves_nothing(
    number: signal.Signals, whole_terminal: bool
) -> None:
    """In the middle of calls, interrupted at the keyboard or told to end: all is ended."""
    folder = tempfile.mkdtemp(prefix="pbxcharge-demo-")
    mounts = _mounts()
    try:
        async with _demonstration(folder) as process:
            await _until_called(process)
            assert len(_processes_of(folder)) > 3
            send = os.killpg if whole_terminal else os.kill
            send(process.pid, number)
            async with asyncio.timeout(20):
                output, _ = await process.communicate()
        assert process.returncode == 128 + number, output.decode()
        assert _processes_of(folder) == {}
        assert _mounts() == mounts
    finally:
        for pid in _processes_of(folder):
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder)
