"""Make the small database of the schema that this release writes.

Run once for each release that adds a migration: `python -m tests.schemas.make`. The file is then
kept, so that every later release is tested on what this one wrote.
"""

import asyncio
from pathlib import Path

from pbxcharge.store.migrate import newest_version
from tests.fakes.small_site import busy_day, open_site


async def make(database: Path) -> None:
    """A busy day of the small site, with one call still open."""
    async with open_site(database) as store:
        await busy_day(store)


def main() -> None:
    """Write the newest schema's database, unless it is kept already."""
    database = Path(__file__).with_name(f"{newest_version():04}.db")
    if database.exists():
        raise SystemExit(f"{database} is kept as it was released; it is not made anew")
    asyncio.run(make(database))
    database.with_name(database.name + ".lock").unlink()
    database.chmod(0o644)


if __name__ == "__main__":
    main()
