"""`pbxcharge db backup`: beside the daemon and without it."""

import json

from tests.site import Site


async def test_backup_is_made_beside_the_daemon(served: Site) -> None:
    """What was committed a moment ago is in it, and the daemon goes on."""
    await served.run("topup", "alice", "2")
    copy = served.folder / "copy.db"
    made = await served.ask("db", "backup", str(copy))
    assert (made["done"], made["file"], made["findings"]) == (True, str(copy), [])
    assert copy.stat().st_mode & 0o777 == 0o600
    await served.run("topup", "alice", "1")
    await served.stop()


async def test_backup_is_made_without_the_daemon_and_never_over_a_file(site: Site) -> None:
    """The second one of the same name is refused with 1."""
    copy = site.folder / "copy.db"
    out = (await site.run("db", "backup", str(copy))).out
    assert out.startswith(str(copy)) and "the books in it are right" in out
    refused = await site.run("--json", "db", "backup", str(copy), code=1)
    assert json.loads(refused.out)["reason"] == "backup_exists"


async def test_backup_that_cannot_be_written_says_why(site: Site) -> None:
    """69 for a folder that is not there, 2 for --keep without a folder."""
    nowhere = site.folder / "nowhere" / "copy.db"
    assert "No such file" in (await site.run("db", "backup", str(nowhere), code=69)).err
    await site.run("db", "backup", str(site.folder / "copy.db"), "--keep", "3", code=2)
    kept = await site.ask("db", "backup", str(site.folder), "--keep", "3")
    assert kept["removed"] == []
