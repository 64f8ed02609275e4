"""What the scenes play with: customers and their phones, calls, and the public command line."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.asterisk.harness import AsteriskInstance, CallTrace, FarEnd, SippCall, SippPhone
from tests.demo.stage import ShownLog, Stage
from tests.site import Site

CALL_WITHIN_S = 60.0
COMMANDS_AT_ONCE = 2
"""The machine may be small, and calls are being measured."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A user who pays for calls: in which scene, and what he or she has paid in beforehand."""

    account: str
    scene: str
    credit: str = "0.00"
    phones: int = 1


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
    """An answered call: what the phone, the far end and Asterisk's own events show of it."""

    customer: Customer
    number: str
    sipp: SippCall
    call_id: str
    leg: str
    answered_at: float
    far_end: CallTrace


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

    async def ask(self, *words: str) -> Any:
        """What a command says as JSON, not shown."""
        async with self._commands:
            return await self.site.ask(*words)

    async def wallet(self, account: str, kind: str = "outgoing") -> dict[str, Any]:
        """One wallet of an account: balance, held, available."""
        wallets = (await self.ask("balance", account))["wallets"]
        (wallet,) = (one for one in wallets if one["kind"] == kind)
        return dict(wallet)

    async def record(self, call_id: str) -> dict[str, Any]:
        """The record of a call, with the lines of its charge priced again."""
        return dict((await self.ask("cdr", "show", call_id))["cdr"])

    async def records_of(
        self, account: str, count: int = 1, within_s: float = 60.0
    ) -> list[dict[str, Any]]:
        """The records of an account's attempts, once there are so many."""
        async with asyncio.timeout(within_s):
            while True:
                if len(found := (await self.ask("cdr", "list", account))["cdrs"]) >= count:
                    return list(found)
                await asyncio.sleep(0.5)

    # Customers and calls.

    async def enrol(self, customer: Customer, *, shown: bool) -> None:
        """Make the account, its phones and its credit by the public command line."""
        account = customer.account
        self.stage.cast(account, customer.scene)
        run = self.command if shown else self.site.run
        await run("account", "add", account, "--parent", "acme", "--name", account.title(),
                  "--plan", "kiosk")  # fmt: skip
        phones = [self.asterisk.sipp_phone() for _ in range(customer.phones)]
        self._phones[account] = phones
        for phone in phones:
            number = phone.extension.removeprefix("ext")
            await run("extension", "add", phone.extension, "--number", number, "--account", account)
        if customer.credit != "0.00":
            await run("topup", account, customer.credit)

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
