"""The question `balance` of a menu: what the owner of the phone that asks has, and could talk."""

import asyncio
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from pbxcharge.asterisk.agi_protocol import AgiRequest, BalanceRequest, parse_balance
from pbxcharge.asterisk.agi_session import AgiSession
from pbxcharge.core.account import Account, wallet_id
from pbxcharge.core.attempt import Leg, PayingLevel
from pbxcharge.core.authorization import Denial
from pbxcharge.core.credit import Payer, Refused, Reserve, Reserved
from pbxcharge.core.limits import UNLIMITED
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.price import Rate
from pbxcharge.core.resolution import Way
from pbxcharge.errors import OperatingError
from pbxcharge.flow.announce import decimal
from pbxcharge.flow.authorize import ANSWER_WITHIN_S, Ask
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.ports import Directory, Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.routing import Question
from pbxcharge.flow.zones import month_from_us, zone_name
from pbxcharge.logger import Logger

SCRIPT = "balance"
_FREE = Rate(destination="", prefix="", price_per_minute=Fraction(0), first_s=1, next_s=1)


class Estimator(Protocol):
    """Who says what a call would be told."""

    async def estimate(self, ask: Ask) -> Reserved | Refused | Denial:
        """What this call would get if it were made now."""
        ...


class Teller:
    """Answers `balance`: PBXC_BALANCE, and with a number PBXC_TALK_S; holds nothing.

    The phone that asks hears of its own owner and of nobody else. Whoever is no phone of an
    account, and whoever asks while nobody can say, gets both variables empty.
    """

    def __init__(
        self,
        directory: Directory,
        writer: Writer,
        estimator: Estimator,
        prices: Prices,
        clock: Clock,
        log: Logger,
    ) -> None:
        self._directory = directory
        self._writer = writer
        self._estimator = estimator
        self._prices = prices
        self._clock = clock
        self._log = log

    async def answer(self, request: AgiRequest, session: AgiSession) -> None:
        """Tell Asterisk, in one command.

        Raises:
            AgiError: the request or an answer was malformed.
            AgiHangup: who asked is gone.
        """
        asked = parse_balance(request)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                talk_s, balance = await self._told(asked, request)
        except (OperatingError, TimeoutError) as error:
            self._log.warning("balance not told", endpoint=asked.endpoint, error=str(error))
            talk_s, balance = "", ""
        await session.set_variables({"PBXC_TALK_S": talk_s, "PBXC_BALANCE": balance})

    async def _told(self, asked: BalanceRequest, request: AgiRequest) -> tuple[str, str]:
        found = await self._directory.payer(asked.endpoint) if asked.endpoint else None
        if found is None:
            return "", ""
        _, chain = found
        balance = decimal(await self._available_micros(chain))
        return await self._talk(asked, request) if asked.number else "", balance

    async def _talk(self, asked: BalanceRequest, request: AgiRequest) -> str:
        """Seconds to this number; 0 if the call would be refused, for whatever reason."""
        question = Question(Way.OUTGOING, asked.endpoint, asked.number)
        caller = Leg(request.uniqueid, request.channel)
        outcome = await self._estimator.estimate(Ask(question, request.uniqueid, caller))
        return str(outcome.affordable_s) if isinstance(outcome, Reserved) else "0"

    async def _available_micros(self, chain: tuple[Account, ...]) -> int | None:
        """What the wallet that pays for the phone's calls has: that of the lowest plan above it."""
        for place, account in enumerate(chain):
            plan = self._prices.plans.get(account.plan or "")
            if plan is not None:
                zone = zone_name(chain[place:], str(self._prices.zone))
                return await self._asked_micros(account, plan, zone)
        return None

    async def _asked_micros(self, account: Account, plan: Plan, zone: str) -> int | None:
        """Asked of the engine as a free call that is not made, so that nothing is told twice."""
        now_us = self._clock.wall_us()
        limits = replace(UNLIMITED, monthly_limit_micros=plan.limits.monthly_limit_micros)
        wallet = wallet_id(account.account_id, plan.pays_from(CallType.PUBLIC))
        level = PayingLevel(account.account_id, wallet, zone)
        payer = Payer(wallet, _FREE, limits, month_from_us(level, limits, now_us))
        asked = Reserve(SCRIPT, 1, (payer,), 0, 1, now_us, "", now_us, horizon_s=1, holds=False)
        (outcome,) = await self._writer.submit((asked,))
        assert isinstance(outcome, Reserved | Refused)  # noqa: S101 - what a Reserve answers
        return outcome.own_available_micros
