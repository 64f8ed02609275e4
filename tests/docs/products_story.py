"""The site that docs/products.md tells of: SmartCall and call forwarding, set up and charged.

It follows, heading by heading, the handbook that sets the same up by hand; the daemon runs on a
clock that is moved on from one day of the tale to the next. `python -m tests.docs.products_story`
prints what was typed and what the commands said.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from socket import SOCK_STREAM
from time import time_ns
from typing import Any
from zoneinfo import ZoneInfo

from pbxcharge.api.client import Client
from pbxcharge.errors import ActDeclined
from tests.asterisk.harness.ports import free_port
from tests.docs.story import Said
from tests.exchange import SECRET, a_turn
from tests.fakes.fake_asterisk import FakeAsterisk
from tests.site import REPOSITORY, Site, running

STEPPABLE = REPOSITORY / "tests" / "fakes" / "stepped_clock"
LONDON = ZoneInfo("Europe/London")
ADD_ON, BASIC, FORWARDING = "addon-4711", "smartcall-basic", "call-forwarding"

Found = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Told:
    """What was typed below a heading of the handbook, and what the books then had."""

    said: tuple[Said, ...]
    subscriptions: Found
    charged: Found

    def answer(self, words: str) -> str:
        """What the first command that begins with these words printed."""
        return next(one.printed for one in self.said if one.typed.startswith(words))


class Tale:
    """What was typed so far, and the clock of the daemon."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._clock = site.folder / "step"
        self._said: list[Said] = []
        self.told: dict[str, Told] = {}

    async def serve(self) -> None:
        """Start the daemon on the clock of the tale."""
        path = os.pathsep.join(filter(None, (str(STEPPABLE), os.environ.get("PYTHONPATH"))))
        await self.site.serve(PYTHONPATH=path, STEPPED_CLOCK=str(self._clock))

    def comes(self, moment: str) -> None:
        """It is this moment in London."""
        at = datetime.fromisoformat(moment).replace(tzinfo=LONDON)
        self._clock.write_text(str(int(at.timestamp()) * 10**9 - time_ns()))

    async def night_falls(self, moment: str) -> None:
        """The daemon comes back at this moment, and charges what became due."""
        await self.site.stop()
        self.comes(moment)
        seen = len(self.site.log.lines)
        await self.serve()
        await self.site.log.wait("subscriptions charged", after=seen)

    async def type(self, words: str, *texts: str) -> None:
        """Give a command; `{}` stands for a text with blanks."""
        parts = iter(texts)
        given = [next(parts) if word == "{}" else word for word in words.split()]
        shown = " ".join(f"'{word}'" if " " in word else word for word in given)
        answer = await self.site.run(*given, code=None, within_s=60)
        printed = answer.out + answer.err
        self._said.append(Said(shown, printed.replace(str(self.site.folder), "/etc/pbxcharge")))

    def put(self, *names: str) -> None:
        """Files come into their folders, as the example site has them."""
        for name in names:
            shutil.copy(REPOSITORY / "config" / name, self.site.folder / name)

    async def end(self, heading: str) -> None:
        """What was typed since the last one belongs to this heading."""
        said, self._said = tuple(self._said), []
        subscriptions: Found = []
        charged: Found = []
        api = Client(self.site.folder / "state" / "pbxcharge.sock")
        with suppress(ActDeclined):  # before there is such an account
            answer = await api.get("/account/subscriptions", account_id="carol")
            subscriptions = answer["subscriptions"]
            asked = {"scope": "carol", "kinds": "subscription", "since": "2027-01-01"}
            charged = (await api.get("/xdrs", **asked))["rows"]
        await api.close()
        self.told[heading] = Told(said, subscriptions, charged)


async def initial_configuration(tale: Tale) -> None:
    """Initial configuration."""
    await tale.type("check")


async def subscription_plans(tale: Tale) -> None:
    """Create subscription plans."""
    tale.put("subscriptions/smartcall-basic.yaml", "subscriptions/call-forwarding.yaml")
    await tale.type("plan apply")
    await tale.type("subscription list")
    await tale.type(f"subscription show {BASIC}")


async def main_product(tale: Tale) -> None:
    """Create the main product."""
    tale.put("products/smartcall.yaml")
    await tale.type("plan apply")
    await tale.type("product show smartcall")


async def add_on_product(tale: Tale) -> None:
    """Create an add-on product."""
    tale.put("products/call-forwarding.yaml")
    await tale.type("plan apply")
    await tale.type("product list")


async def account(tale: Tale) -> None:
    """Create an account for this customer and assign the main product to it."""
    await tale.type("account add acme --name {}", "Acme Ltd")
    await tale.type("account add carol --parent acme --name Carol --product smartcall")
    await tale.type("topup carol 20.00 --id invoice-4711")
    await tale.type("account subscriptions carol")


async def add_on(tale: Tale) -> None:
    """Assign the add-on product to an account."""
    tale.comes("2027-04-10T09:00")
    dates = "--from 2027-04-15 --until 2027-10-15"
    await tale.type(f"addon assign carol {FORWARDING} {dates} --id {ADD_ON}")
    await tale.site.log.wait("subscriptions charged")
    await tale.type("account products carol")


async def assignment(tale: Tale) -> None:
    """Check subscription plan assignment."""
    await tale.type("account subscriptions carol")
    await tale.type("bill preview --account carol --months 2")


async def history(tale: Tale) -> None:
    """Review xDR history."""
    await tale.night_falls("2027-04-18T09:00")
    await tale.type("bill run")
    await tale.type("xdr list --account carol --since 2027-03-01")
    await tale.type(f"explain subscription:{ADD_ON}.s:2027-04-01:fee:2027-04-15")
    await tale.type("account subscriptions carol")
    await tale.type("bill preview --account carol --months 1 --close 2027-05-01")


STEPS: tuple[Callable[[Tale], Awaitable[None]], ...] = (
    initial_configuration,
    subscription_plans,
    main_product,
    add_on_product,
    account,
    add_on,
    assignment,
    history,
)


@asynccontextmanager
async def empty_site() -> AsyncIterator[Tale]:
    """The example site with its daemon, before anybody sold SmartCall."""
    with tempfile.TemporaryDirectory(prefix="tale-") as folder:
        pbx = FakeAsterisk(free_port(SOCK_STREAM), secret=SECRET)
        await pbx.start()
        site = Site.make(
            Path(folder), ami_port=pbx.ami_port, agi_port=pbx.agi_port, ami_secret=SECRET
        )
        for file in (*site.folder.glob("products/*"), *site.folder.glob("subscriptions/*")):
            file.unlink()
        tale = Tale(site)
        tale.comes("2027-03-01T09:00")
        try:
            async with running(site), a_turn():
                await tale.serve()
                yield tale
        finally:
            await pbx.stop()


async def tell() -> dict[str, Told]:
    """The whole tale, by headings."""
    async with empty_site() as tale:
        for step in STEPS:
            await step(tale)
            await tale.end((step.__doc__ or "").removesuffix("."))
        return tale.told


def main() -> None:
    """Print it."""
    for heading, told in asyncio.run(tell()).items():
        print(f"## {heading}\n")
        for said in told.said:
            print(f"$ pbxcharge {said.typed}\n{said.printed}")


if __name__ == "__main__":
    main()
