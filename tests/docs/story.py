"""The small site that the pages tell of: real calls beside the fake Asterisk, and real commands.

`python -m tests.docs.story` prints what was typed and what the commands said, to be shown in a
page. A test runs it, too, and compares the pages with it.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from socket import SOCK_STREAM
from typing import Any
from zoneinfo import ZoneInfo

from pbxcharge.core.money import format_amount
from tests.asterisk.harness.ports import free_port
from tests.exchange import SECRET, Exchange, NotingAsterisk, a_turn
from tests.fakes.fake_call import FakeCall
from tests.fakes.until import until
from tests.site import COMMAND, Site, running

UK, GERMANY, JAPAN, USA = "02079460000", "004930123456", "0081312345678", "0013035550199"
DID, MOBILE = "442079460101", "447700900123"
LEFT_MICROS = 10_000
"""Less than the first block of a call costs: 0.02."""


@dataclass(frozen=True, slots=True)
class Said:
    """A command as a page shows it, and what it printed."""

    typed: str
    printed: str


class Story:
    """What was typed so far, in a site with its daemon."""

    def __init__(self, exchange: Exchange) -> None:
        self.x, self.folder = exchange, exchange.site.folder
        self.said: list[Said] = []
        self.month = f"{datetime.now(ZoneInfo('Europe/London')):%Y-%m}"

    async def type(self, words: str, *texts: str) -> None:
        """Give a command; `{}` stands for a text with blanks. Files are those of the folder."""
        parts = iter(texts)
        given = [next(parts) if word == "{}" else word for word in words.split()]
        shown = " ".join(f"'{word}'" if {" ", "*"} & set(word) else word for word in given)
        paths = [str(self.folder / word) if self._is_file(word) else word for word in given]
        answer = await self.x.site.run(*paths, code=None, within_s=60)
        printed = answer.out + answer.err
        for word in filter(self._is_file, given):
            printed = printed.replace(str(self.folder / word), word)
        self.said.append(Said(shown, printed.replace(str(self.folder), "/etc/pbxcharge")))

    def _is_file(self, word: str) -> bool:
        return word.endswith((".yaml", ".csv", ".db")) or word in ("new-plans", "mediation")

    async def tail(self, account: str) -> None:
        """What the live cost log has of an account, until its last line is there."""
        words = ("tail", "--since", "10m", "--account", account)
        config = str(self.x.site.config)
        process = await asyncio.create_subprocess_exec(
            COMMAND, "--config", config, *words, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        lines: list[str] = []
        async with asyncio.timeout(60):
            while not lines or "number_invalid" not in lines[-1]:
                lines.append((await process.stdout.readline()).decode())
        process.kill()
        await process.wait()
        self.said.append(Said(" ".join(words), "".join(lines)))

    # What happens at the site.

    async def people(self) -> None:
        """An organization, two users with a phone each, a number."""
        await self.type("account add acme --name {}", "Acme Ltd")
        await self.type("account add alice --parent acme --name Alice --plan kiosk")
        await self.type("account add bob --parent acme --name Bob --plan retail")
        await self.type("extension add ext100 --number 101 --account alice")
        await self.type("extension add ext200 --number 102 --account bob")
        await self.type(f"did add {DID} --account bob --endpoint ext200")
        await self.type("topup alice 0.50 --id invoice-4711")

    async def calls(self) -> FakeCall:
        """A call of each of them, one from outside, a busy one, one that nobody answers."""
        call = await self.x.talk("ext100", UK)
        coming = self.x.pbx.place_incoming(DID, MOBILE)
        await coming.authorize()
        coming.dial()
        coming.ring()
        coming.answer()
        await until(lambda: self.x.through_s(call) > 6, guard_s=30)
        await self.type("calls")
        await self.type("balance alice")
        for each, by in ((call, "callee"), (coming, "caller")):
            each.hang_up(by)
            await self.x.settled(each)
        await self._not_answered()
        return call

    async def _not_answered(self) -> None:
        dear = await self.x.talk("ext200", GERMANY)
        dear.hang_up()
        busy = await self.x.ring("ext200", USA)
        busy.reject("BUSY", 17)
        left = await self.x.ring("ext200", "101")
        left.hang_up()
        for each in (dear, busy, left):
            await self.x.settled(each)

    async def refusals(self) -> None:
        """Attempts without a price, without credit, by a suspended account, of no number."""
        await self.x.ask("ext100", JAPAN)
        spent = format_amount(self.x.balance("alice") - LEFT_MICROS)
        await self.type(f"adjust alice -{spent} --note {{}}", "paid out at the desk")
        await self.x.ask("ext100", UK)
        await self.type("account set-status bob suspended")
        await self.x.ask("ext200", UK)
        await self.type("account set-status bob active")
        await self.x.ask("ext100", "12345")
        await until(lambda: len(self.refused()) == 4)

    def refused(self) -> list[dict[str, Any]]:
        """Records of refused attempts."""
        return self.x.rows("SELECT call_id, reason FROM cdr WHERE reason IS NOT NULL")

    async def support(self, call: FakeCall) -> None:
        """What a support person asks."""
        for words in ("account list", "account show alice", "balance acme"):
            await self.type(words)
        await self.type(f"report calls --account bob --month {self.month}")
        columns = "setup_at,number,talk_s,charge"
        await self.type(f"report calls --account bob --csv --columns {columns}")
        await self.type(f"explain {call.call_id}")
        await self.type("cdr list alice --disposition {}", "NOT ALLOWED")
        (poor,) = (row for row in self.refused() if row["reason"] == "not_enough_credit")
        await self.type(f"explain {poor['call_id']}")
        await self.type("report refused --account acme")
        await self.tail("alice")
        await self.type(f"quote alice {UK} 60 --credit 5.00")
        await self.type("topup alice 0.50 --id invoice-4712")
        await self.type("topup alice 0.50 --id invoice-4712")
        await self.type(f"refund {call.call_id} --amount 0.01 --note {{}}", "bad line")
        await self.type("ledger alice --limit 6")

    async def prices(self, call: FakeCall) -> None:
        """A price changes, from the editor to the correction."""
        new, plans = self.folder / "new-plans", self.folder / "plans"
        new.mkdir()
        for file in plans.glob("*.yaml"):
            (new / file.name).write_text(file.read_text())
        kiosk = (plans / "kiosk.yaml").read_text()
        (new / "kiosk.yaml").write_text(kiosk.replace("minute: 0.60", "minut: 0.66"))
        await self.type("plan apply --check new-plans/kiosk.yaml")
        (new / "kiosk.yaml").write_text(kiosk.replace("minute: 0.60", "minute: 0.66"))
        await self.type(f"replay --plans new-plans --from {self.month}")
        await self.type(
            f"replay --plans new-plans --from {self.month} --by account --fail-above 5%"
        )
        await self.type("plan apply --check new-plans/kiosk.yaml")
        await self.type("plan apply new-plans/kiosk.yaml")
        await self.type("plan history kiosk")
        after = await self.x.talk("ext100", UK)
        await until(lambda: self.x.through_s(after) > 6, guard_s=30)
        after.hang_up()
        await self.x.settled(after)
        await self.type(f"explain {after.call_id}")
        await self.type(f"rerate {call.call_id}")
        await self.type(f"rerate {call.call_id} --apply --id fix-1 --note {{}}", "wrong price")

    async def versions(self) -> None:
        """A plan to come, and one that was edited in the folder."""
        retail = self.folder / "plans" / "retail.yaml"
        text = retail.read_text()
        begun = text.replace("type: prepaid ", "effective_from: 2090-12-01\ntype: prepaid ", 1)
        (self.folder / "new-plans" / "retail-to-come.yaml").write_text(begun)
        await self.type("plan apply new-plans/retail-to-come.yaml")
        await self.type("plan history retail")
        edited = text.replace("credit_limit: 0.00", "credit_limit: 5.00")
        retail.write_text(edited.replace("minute: 0.10", "minute: 0.12", 1))
        await self.type("plan diff retail")
        retail.write_text(edited.replace("slice_s: 60", "slice_s: five"))
        await self.type("check")
        retail.write_text(text)

    async def files(self) -> None:
        """Accounts come in, records go out, the books are compared and copied."""
        new = "account,kind,parent,name,plan\ncarol,user,acme,Carol,retail\nbob,,,,kiosk\n"
        (self.folder / "accounts.csv").write_text(new)
        (self.folder / "extensions.csv").write_text("endpoint,number,account\next300,103,carol\n")
        await self.type("import accounts.csv extensions.csv")
        (self.folder / "mediation").mkdir()
        await self.type("cdr export --to mediation")
        await self.type("cdr export --list")
        self._invoice()
        columns = "--number-column CLD --start-column Start --seconds-column Seconds"
        await self.type(
            f"reconcile carrier invoice.csv --trunk carrier {columns} --cost-column Amount "
            f"--time-zone UTC --from {self.month}"
        )
        await self.type("db backup before-the-update.db")
        await self.type("verify")

    def _invoice(self) -> None:
        """The carrier's file: one call is dearer than its deck says, and one is not ours."""
        sql = "SELECT * FROM cdr WHERE trunk = 'carrier' AND disposition = 'ANSWERED'"
        lines = ["CLD,Start,Seconds,Amount"]
        for row in self.x.rows(sql + " AND direction = 'outgoing'"):
            start = datetime.fromtimestamp(row["answered_at_us"] // 10**6, ZoneInfo("UTC"))
            dearer = 10_000 if row["number"].startswith("49") else 0
            cost = format_amount(row["cost_micros"] + dearer)
            lines.append(f"{row['number']},{start:%Y-%m-%d %H:%M:%S},{row['talk_s']},{cost}")
        lines.append(f"442079460115,{self.month}-01 09:00:12,61,0.0183")
        (self.folder / "invoice.csv").write_text("\n".join(lines) + "\n")


@asynccontextmanager
async def small_site() -> AsyncIterator[Story]:
    """The example site beside the fake Asterisk, with its daemon, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="story-") as folder:
        pbx = NotingAsterisk(free_port(SOCK_STREAM))
        pbx.ami_port = free_port(SOCK_STREAM)
        trunks = [{"name": "carrier", "deck": "carrier"}]
        site = Site.make(
            Path(folder),
            ami_port=pbx.ami_port,
            agi_port=pbx.agi_port,
            ami_secret=SECRET,
            change=lambda settings: settings.update(trunks=trunks),
        )
        await pbx.start()
        try:
            async with running(site), a_turn():
                await site.serve()
                yield Story(Exchange(site, pbx))
        finally:
            await pbx.stop()


async def tell() -> list[Said]:
    """The whole story."""
    async with small_site() as story:
        await story.people()
        call = await story.calls()
        await story.refusals()
        await story.support(call)
        await story.prices(call)
        await story.versions()
        await story.files()
        return story.said


def main() -> None:
    """Print it."""
    for said in asyncio.run(tell()):
        print(f"$ pbxcharge {said.typed}\n{said.printed}")


if __name__ == "__main__":
    main()
