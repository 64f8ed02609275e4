"""Whose books they are: nobody but their owner touches the files, root included."""

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.fake_asterisk import FakeAsterisk
from tests.integration.cli.conftest import fill, make_site
from tests.site import REPOSITORY, Answer, Site

OWNER, STRANGER = 42_424, 42_425
WAIT_S = 60.0


async def run_as(uid: int, site: Site, *words: str) -> Answer:
    """A command of another user."""
    process = await start_as(uid, site, *words)
    async with asyncio.timeout(WAIT_S):
        out, err = await process.communicate()
    return Answer(process.returncode or 0, out.decode(), err.decode())


async def start_as(uid: int, site: Site, *words: str) -> asyncio.subprocess.Process:
    """A process of another user."""
    runner = (sys.executable, "-m", "tests.fakes.as_user", str(uid))
    return await asyncio.create_subprocess_exec(
        *runner,
        *("--config", str(site.config), *words),
        cwd=REPOSITORY,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.fixture
async def owned(asterisk: FakeAsterisk) -> AsyncIterator[Site]:
    """A site that belongs to a user of its own, as in operation; the tests run as root."""
    assert os.geteuid() == 0, "these tests need root, to be other users"
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory(prefix="pbxcharge-") as folder:
        Path(folder).chmod(0o755)
        site = make_site(Path(folder) / "site", asterisk)
        await fill(site)
        for path in (site.folder, *site.folder.rglob("*")):
            shutil.chown(path, OWNER, OWNER)
        yield site


@contextlib.asynccontextmanager
async def daemon(site: Site) -> AsyncIterator[None]:
    """The daemon, ready, as the user who owns the files."""
    process = await start_as(OWNER, site, "serve")
    assert process.stderr is not None
    said = b""
    try:
        async with asyncio.timeout(WAIT_S):
            while b'"event":"ready"' not in said:
                line = await process.stderr.readline()
                assert line, said.decode()
                said += line
        yield
    finally:
        process.kill()
        await process.wait()


def owners(site: Site) -> set[int]:
    """Whom the files beside the database belong to."""
    return {path.stat().st_uid for path in site.database.parent.iterdir()}


async def test_root_is_told_to_be_the_owner(owned: Site) -> None:
    """With the daemon down; nothing is written and no file is left."""
    past = ("replay", "--from", "2026-01")
    for words in (("topup", "alice", "1"), ("balance",), ("db", "migrate"), ("verify",), past):
        refused = await owned.run("--json", *words, code=1)
        assert refused.json["reason"] == "not_the_owner"
        assert f"belongs to uid {OWNER}: run this as that user" in refused.err
    assert owners(owned) == {OWNER}


async def test_the_owner_acts_under_its_own_name(owned: Site) -> None:
    """Alone, by its user id."""
    done = await run_as(OWNER, owned, "--json", "topup", "alice", "1")
    assert done.json["entry"]["actor"] == f"uid:{OWNER}", done
    assert owners(owned) == {OWNER}


async def test_a_stranger_gets_nowhere(owned: Site) -> None:
    """Neither to the socket nor to the files."""
    refused = await run_as(STRANGER, owned, "topup", "alice", "1")
    assert refused.code == 1
    assert "not use the daemon's socket" in refused.err


async def test_after_a_refused_root_the_daemon_starts_as_its_own_user(owned: Site) -> None:
    """The attempt has left nothing in its way; and through its socket root may act."""
    await owned.run("topup", "alice", "1", code=1)
    async with daemon(owned):
        entry = (await owned.ask("topup", "alice", "1"))["entry"]
        assert (entry["actor"], entry["balance"]) == ("uid:0", "6.00")
        assert owners(owned) == {OWNER}


async def test_a_running_daemon_is_closed_to_strangers(owned: Site) -> None:
    """Its socket is its user's and its group's."""
    async with daemon(owned):
        (owned.folder / "state").chmod(0o755)
        refused = await run_as(STRANGER, owned, "balance")
        assert refused.code == 1
        assert "be of its group" in refused.err
        allowed = await run_as(OWNER, owned, "--json", "balance")
        assert allowed.json["wallets"]


async def test_books_in_an_open_folder_are_their_owners_alone(owned: Site) -> None:
    """Whoever may enter the folder, and not read them, is told to be the owner."""
    async with daemon(owned):
        folder = owned.database.parent
        folder.chmod(0o755)
        assert owned.database.with_name(f"{owned.database.name}-wal").stat().st_size
        refused = await run_as(STRANGER, owned, "verify")
        assert (refused.code, refused.err) == (
            1,
            f"{owned.database} belongs to uid {OWNER}: run this as that user\n",
        )
