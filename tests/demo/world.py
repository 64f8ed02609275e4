"""What the scenes play with: customers and their phones, calls, and the public command line."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML

from pbxcharge.api.client import Client
from tests.asterisk.harness import AsteriskInstance, CallTrace, FarEnd, SippCall, SippPhone
from tests.demo.stage import ShownLog, Stage
from tests.site import Site

CALL_WITHIN_S = 60.0
COMMANDS_AT_ONCE = 2
"""The machine may be small, and calls are being measured."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Who pays for calls: in which scene, and what he or she has paid in beforehand."""

    account: str
    scene: str
    credit: str = "0.00"
    phones: int = 1
    plan: str = "kiosk"
    parent: str | None = "acme"
    kind: str = "user"


@dataclass(frozen=True, slots=True)
class CutOff:
    """A call that Asterisk's timer ended; instants are Asterisk's, seconds since 1970.

    `bye_at` is when the far end received its BYE, by this machine's clock.
    """

    scene: str
    account: str
    paid_s: int
    paid_until: float
    ended_at: float
    bye_at: float


@dataclass(slots=True)
class Placed:
    """An answered call: what the phone, the far end and Asterisk's own events show of it.

    `stays_on`: the phone is still connected when this call has ended.
    """

    customer: Customer
    number: str
    sipp: SippCall
    call_id: str
    leg: str
    answered_at: float
    far_end: CallTrace
    stays_on: bool = False


@dataclass(slots=True)
class World:
    """One Asterisk, one site with its daemon, the daemon's log, and the stage."""

    asterisk: AsteriskInstance
    site: Site
    log: ShownLog
    stage: Stage
    cut_offs: list[CutOff] = field(default_factory=list)
    _phones: dict[str, list[SippPhone]] = field(default_factory=dict)
    _commands: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(COMMANDS_AT_ONCE)
    )

    # The command line.

    async def command(self, *words: str) -> str:
        """Type a command, show it with what it prints, and return that."""
        async with self._commands:
            answer = await self.site.run(*words)
        self.stage.command(" ".join(words), answer.out)
        return answer.out

    async def top_up(self, customer: Customer, amount: str) -> None:
        """Pay in while a call runs: at once, whatever other commands wait for their turn."""
        words = ("topup", customer.account, amount)
        answer = await self.site.run(*words)
        self.stage.command(" ".join(words), answer.out)

    # What is not shown is read where the commands read it: many of them at once would only take
    # time from the calls that are measured.

    async def get(self, path: str, **asked: Any) -> dict[str, Any]:
        """Read something from the daemon's socket."""
        client = Client(self.site.folder / "state" / "pbxcharge.sock")
        try:
            return await client.get(path, **asked)
        finally:
            await client.close()

    async def wallet(self, account: str, kind: str = "outgoing") -> dict[str, Any]:
        """One wallet of an account: balance, held, available."""
        wallets = (await self.get("/account", account_id=account))["account"]["wallets"]
        (wallet,) = (one for one in wallets if one["kind"] == kind)
        return dict(wallet)

    async def record(self, call_id: str) -> dict[str, Any]:
        """The record of a call, with the lines of its charge priced again."""
        return dict((await self.get("/explain", call_id=call_id))["cdr"])

    async def records_of(
        self, account: str, count: int = 1, within_s: float = 60.0
    ) -> list[dict[str, Any]]:
        """The records of an account's attempts, oldest first, once there are so many."""
        async with asyncio.timeout(within_s):
            while True:
                if len(found := (await self.get("/cdrs", scope=account))["cdrs"]) >= count:
                    return list(found[::-1])
                await asyncio.sleep(0.2)

    # Customers and calls.

    async def enrol(self, customer: Customer) -> None:
        """Make the account, its phones and its credit, command by command."""
        account = customer.account
        await self.command("account", "add", account, "--parent", str(customer.parent), "--name",
                           account.title(), "--plan", customer.plan)  # fmt: skip
        for phone in self._equip(customer):
            words = ("extension", "add", phone.extension, "--number", _number(phone))
            await self.command(*words, "--account", account)
        if customer.credit != "0.00":
            await self.command("topup", account, customer.credit)

    async def bring(self, name: str, customers: Sequence[Customer]) -> None:
        """Make so many accounts and their phones at once, by a file, and then their credit."""
        phones = [(phone, one.account) for one in customers for phone in self._equip(one)]
        file = self.site.folder / f"{name}.yaml"
        accounts = [_account_row(customer) for customer in customers]
        extensions = [
            {"endpoint": phone.extension, "number": _number(phone), "account": account}
            for phone, account in phones
        ]
        YAML().dump({"accounts": accounts, "extensions": extensions}, file)
        await self.site.run("import", str(file), "--apply")
        for customer in customers:
            if customer.credit != "0.00":
                await self.site.run("topup", customer.account, customer.credit)

    def _equip(self, customer: Customer) -> list[SippPhone]:
        self.stage.cast(customer.account, customer.scene)
        phones = [self.asterisk.sipp_phone() for _ in range(customer.phones)]
        self._phones[customer.account] = phones
        return phones

    def far_end(self, number: str, far_end: FarEnd | None = None) -> None:
        """Somebody lives at this number and picks up, unless told otherwise."""
        self.asterisk.carrier.plan(number, far_end or FarEnd.answers(0.3))

    async def dial(
        self, customer: Customer, dialled: str, *, phone: int = 0, talk_s: float | None = None
    ) -> SippCall:
        """Let SIPp dial on one of the customer's phones; it stays until it is cut off."""
        sipp = self._phones[customer.account][phone]
        self.stage.say(
            customer.scene,
            f"{customer.account.title()} dials {dialled} on {sipp.extension} (SIPp).",
        )
        return await sipp.call(dialled, talk_s=talk_s, within_s=CALL_WITHIN_S)

    async def talk(
        self, customer: Customer, number: str, *, phone: int = 0, talk_s: float | None = None
    ) -> Placed:
        """Dial a British number, as people there do, and wait until somebody answers."""
        self.far_end(number)
        sipp = await self.dial(customer, f"0{number.removeprefix('44')}", phone=phone,
                               talk_s=talk_s)  # fmt: skip
        told = await self.log.wait("authorized", number=number)
        leg = await self.asterisk.observer.leg_of(told["call_id"])
        answered_at = await self.asterisk.observer.answered(leg)
        trace = self.asterisk.carrier.trace(number)
        return Placed(customer, number, sipp, told["call_id"], leg, answered_at, trace)

    async def ended(self, call: Placed) -> float:
        """Wait for the call's end, as the phone and Asterisk tell it; Asterisk's instant."""
        if not call.stays_on:
            await call.sipp.ended(CALL_WITHIN_S)
        return await self.asterisk.observer.ended(call.leg)

    async def settled(self, call: Placed) -> dict[str, Any]:
        """The record of a call, once the daemon has booked it."""
        await self.log.wait("settled", call_id=call.call_id)
        return await self.record(call.call_id)

    async def cut_off(self, call: Placed, paid_s: int) -> CutOff:
        """Wait until Asterisk ends the call, and note how late after the paid instant."""
        ended_at = await self.ended(call)
        bye = await call.far_end.until("BYE")
        seen = CutOff(
            scene=call.customer.scene,
            account=call.customer.account,
            paid_s=paid_s,
            paid_until=call.answered_at + paid_s,
            ended_at=ended_at,
            bye_at=bye.at_epoch_s,
        )
        self.cut_offs.append(seen)
        return seen

    async def armed_until(self, call: Placed, at: float, within_s: float = 5.0) -> None:
        """Wait until Asterisk shows that its own timer ends the call then (it shows seconds)."""
        observer = self.asterisk.observer
        async with asyncio.timeout(within_s):
            while True:
                await observer.action("Status")
                shown = observer.seen("Status", Uniqueid=call.leg)
                if shown and abs(float(shown[-1]["TimeToHangup"]) - at) <= 1:
                    return
                await asyncio.sleep(0.1)


def _number(phone: SippPhone) -> str:
    """Number 100 for ext100."""
    return phone.extension.removeprefix("ext")


def _account_row(customer: Customer) -> dict[str, str]:
    """An account as import files have it."""
    row = {"account": customer.account, "kind": customer.kind, "name": customer.account.title(),
           "plan": customer.plan}  # fmt: skip
    return row | ({"parent": customer.parent} if customer.parent else {})
