"""DIDs by the operator's hand: numbers of the public network that reach this PBX."""

import asyncio

from pbxcharge.core.account import Account, Did
from pbxcharge.core.effects import DidRemoved, DidSaved
from pbxcharge.core.resolution import sent_as
from pbxcharge.flow.acts import Declined, Done, Refusal
from pbxcharge.flow.clock import Clock
from pbxcharge.flow.identity import malformed_did, unknown_account
from pbxcharge.flow.ports import Writer
from pbxcharge.flow.prices import Prices
from pbxcharge.flow.records import Records
from pbxcharge.flow.rules import first, reached


class Numbers:
    """Writes DIDs, one act after the other.

    Args:
        writer: the one writer.
        records: what is committed.
        prices: in force; a DID is written as it is dialled here, or as trunks send it.
        clock: dates the audit trail.
        turn: of everybody who changes accounts.
    """

    def __init__(
        self,
        writer: Writer,
        records: Records,
        prices: Prices,
        clock: Clock,
        turn: asyncio.Lock,
    ) -> None:
        self._writer = writer
        self._records = records
        self._prices = prices
        self._clock = clock
        self._turn = turn

    async def add(self, wanted: Did, actor: str) -> Done[Did] | Declined:
        """Give a user a number; without phone or context it rings the user's only phone.

        Raises:
            StorageDown: nothing was done, or it is not known whether it was.
        """
        async with self._turn:
            number = self._number(wanted.number)
            if declined := first(malformed_did(wanted, number)):
                return declined
            owner = await self._records.account(wanted.account_id)
            if owner is None:
                return unknown_account(wanted.account_id)
            reached = await self._reached(wanted, owner)
            if isinstance(reached, Declined):
                return reached
            did = Did(number or "", wanted.account_id, *reached)
            return await self._declined(did) or await self._save(did, actor)

    async def remove(self, number: str, actor: str) -> Done[Did] | Declined:
        """Take a number away; calls to it are refused from now on, running ones go on."""
        async with self._turn:
            known = await self._records.did(self._number(number) or "")
            if known is None:
                return Declined(Refusal.UNKNOWN_DID, f"{number[:80]!r} is no DID of this site")
            did, _ = known
            removed = DidRemoved(did.number, self._clock.wall_us(), actor)
            await self._writer.submit((), [removed])
            return Done(did)

    def _number(self, written: str) -> str | None:
        return next(iter(sent_as(written, self._prices.numbering)), None)

    async def _reached(
        self, wanted: Did, owner: Account
    ) -> tuple[str | None, str | None] | Declined:
        """The phone or the context that a number reaches."""
        organization = owner.parent_id
        phones = [] if organization is None else await self._records.extensions(organization)
        return reached(wanted, owner, phones)

    async def _declined(self, did: Did) -> Done[Did] | Declined | None:
        known = await self._records.did(did.number)
        if known is None:
            return None
        if known[0] == did:
            return Done(did, already=True)
        other = known[0]
        return Declined(
            Refusal.NUMBER_TAKEN,
            f"{did.number} is {other.account_id}'s and reaches {other.endpoint or other.context}; "
            "remove it first",
        )

    async def _save(self, did: Did, actor: str) -> Done[Did]:
        await self._writer.submit((), [DidSaved(did, self._clock.wall_us(), actor)])
        return Done(did)
