"""The calls of made-up books: who calls whom, how long, and what came of it.

Each is authorized and settled by the functions that do so for real calls; only Asterisk, the
credit and the disk are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from pbxcharge.catalog.load import Catalog
from pbxcharge.catalog.trunk_offers import trunk_offers
from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.attempt import Attempt, Granted, Leg
from pbxcharge.core.authorization import Denial, Offer, Reason, authorize
from pbxcharge.core.call import Call, Phase
from pbxcharge.core.call_events import HungUp
from pbxcharge.core.cdr import Cdr, EndedBy, EndSource
from pbxcharge.core.circumstances import Circumstances
from pbxcharge.core.disposition import Disposition
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.price import block_end
from pbxcharge.core.rating import Rating, rating_id
from pbxcharge.core.resolution import Route
from pbxcharge.core.settlement import blank_cdr, settle
from pbxcharge.settings import Settings

ACTIVE = AccountStatus.ACTIVE
PLANS_OF_USERS = {"retail": 60, "night": 15, "kiosk": 10, "staff": 15}
KINDS = {
    CallType.PUBLIC: 60,
    CallType.INCOMING: 22,
    CallType.LOCAL: 13,
    CallType.EXTENDED_LOCAL: 5,
}
PREFIXES = {
    **{"4420": 20, "441": 10, "447": 18, "4930": 10, "4915": 6, "33": 8, "1212": 8, "41": 3},
    **{"39": 4, "43": 3, "52": 2, "299": 1, "449": 1, "870": 1, "64": 2, "49800": 1, "34": 2},
}
"""Where people call, by how often; some are forbidden, and some have no price in some plan."""
CAUSES = {16: 70, 19: 16, 17: 9, 34: 5}
"""What became of a call that was allowed, by Asterisk's cause: 16 was answered."""
HOURS = [1, 1, 1, 1, 1, 2, 4, 10, 30, 40, 42, 40, 34, 38, 42, 40, 34, 26, 18, 14, 10, 8, 5, 3]
"""How many calls begin in each hour of the day."""
DAY_S = 86_400
RING_S = 60
LONGEST_S = 3 * 3600


@dataclass(frozen=True, slots=True)
class Tree:
    """The accounts of the books: service providers, their organizations, their users."""

    accounts: tuple[Account, ...]
    chains: tuple[tuple[Account, ...], ...]
    """Of each user: the user, the organization, the service provider."""


@dataclass(frozen=True, slots=True)
class Made:
    """A call as it ended: its record, and the call itself if it was allowed."""

    cdr: Cdr
    call: Call | None = None


def a_tree(users: int, organizations: int, chance: Random) -> Tree:
    """Two service providers; every second organization is billed, some have a zone of their own."""
    kind = AccountKind
    above = [
        Account(name, kind.SERVICE_PROVIDER, None, name.title(), "wholesale", ACTIVE)
        for name in ("north", "south")
    ]
    houses = [
        Account(
            f"org{n:05}", kind.ORGANIZATION, above[n % 2].account_id, f"Organization {n}",
            "organization" if n % 2 else None, ACTIVE, str(10_000 + n),
            "Europe/Berlin" if n % 5 == 0 else None,
        )
        for n in range(organizations)
    ]  # fmt: skip
    plans = chance.choices(list(PLANS_OF_USERS), list(PLANS_OF_USERS.values()), k=users)
    chains = []
    for n, plan in enumerate(plans):
        house = houses[n % organizations]
        user = Account(f"u{n:06}", kind.USER, house.account_id, f"User {n}", plan, ACTIVE)
        chains.append((user, house, above[(n % organizations) % 2]))
    everybody = (*above, *houses, *(chain[0] for chain in chains))
    return Tree(everybody, tuple(chains))


class Callers:
    """Makes calls, the first one first, always the same ones from the same seed."""

    def __init__(self, settings: Settings, catalog: Catalog, tree: Tree, chance: Random) -> None:
        self._settings = settings
        self._catalog = catalog
        self._tree = tree
        self._chance = chance
        self._offers = trunk_offers(settings.routing, catalog.decks)
        self._in_force: dict[int, Mapping[str, Plan]] = {}
        self._numbers = [self._number() for _ in range(2_000)]
        # A few call a great deal, most of them little.
        self._weights = [1 / (1 + place % 97) for place in range(len(tree.chains))]

    def calls(self, count: int, from_s: int, days: int) -> Iterator[Made]:
        """So many calls in so many days from a UTC second on."""
        setups = self._setups(count, from_s, days)
        chains = self._chance.choices(self._tree.chains, self._weights, k=count)
        kinds = self._chance.choices(list(KINDS), list(KINDS.values()), k=count)
        for number, (setup_us, chain, kind) in enumerate(zip(setups, chains, kinds, strict=True)):
            yield self._call(number, setup_us, chain, kind)

    def _setups(self, count: int, from_s: int, days: int) -> list[int]:
        """By day more than by night, on weekends fewer; in order."""
        weights = [1 if (from_s // DAY_S + day + 3) % 7 > 4 else 4 for day in range(days)]
        on_days = self._chance.choices(range(days), weights, k=count)
        in_hours = self._chance.choices(range(24), HOURS, k=count)
        return sorted(
            (from_s + day * DAY_S + hour * 3600) * MICROS + self._chance.randrange(3600 * MICROS)
            for day, hour in zip(on_days, in_hours, strict=True)
        )

    def _number(self) -> str:
        (prefix,) = self._chance.choices(list(PREFIXES), list(PREFIXES.values()))
        return prefix + str(self._chance.randrange(10**7, 10**8))[: 12 - len(prefix)]

    def _far_number(self, user: Account, public: bool) -> str:
        """People seldom dial what their plan has no price for."""
        number = self._chance.choice(self._numbers)
        plan = self._plans(0).get(user.plan or "") if public else None
        for _ in range(4):
            if plan is None or plan.priced_by(CallType.PUBLIC, number, 0) is not None:
                break
            number = self._chance.choice(self._numbers)
        return number

    def _call(self, number: int, setup_us: int, chain: Sequence[Account], kind: CallType) -> Made:
        attempt = self._attempt(number, setup_us, chain, kind)
        if self._chance.random() < 0.01:
            return self._refused(attempt, self._chance.choice(list(Reason)[3:]))
        offer = self._offer(attempt, tuple(chain))
        if isinstance(offer, Denial):
            return self._refused(attempt, offer.reason)
        granted = Granted(
            attempt=attempt,
            levels=offer.levels,
            rating=offer.rating,
            rating_id=id_of(offer.rating),
            ring_s=RING_S,
            renew_lead_ms=10_000,
            trunks=tuple(trunk.name for trunk in offer.rating.trunks)
            if kind is CallType.PUBLIC
            else (),
        )
        (cause,) = self._chance.choices(list(CAUSES), list(CAUSES.values()))
        rang_us = self._chance.randrange(MICROS, 20 * MICROS)
        leg = Leg(f"{setup_us // MICROS}.{2 * number + 1}", f"PJSIP/carrier-{number:08x}")
        call = Call(granted, 1, offer.sale.want_s, leg=leg)
        if attempt.incoming:
            call = replace(call, leg=attempt.caller, trunk=attempt.endpoint)
        elif granted.trunks:
            call = replace(call, trunk=granted.trunks[0])
        return self._ended(call, cause, setup_us + rang_us)

    def _ended(self, call: Call, cause: int, at_us: int) -> Made:
        by = self._chance.choice((EndedBy.CALLER, EndedBy.CALLEE))
        if cause == 16:
            setup_us = call.granted.attempt.setup_at_us
            call = replace(
                call,
                phase=Phase.UP,
                answered_at_us=at_us,
                answered_ms=(at_us - setup_us) // 1000,
                hung_up_by=by,
            )
            wished_us = int(min(LONGEST_S, self._chance.expovariate(1 / 150)) * MICROS)
            through_s = min(block_end(call.prices[0], wished_us // MICROS + 1), call.limit_s)
            slices = -(-through_s // call.granted.rating.terms.slice_s)
            call = replace(call, step=max(1, slices), through_s=through_s)
            at_us += min(wished_us, through_s * MICROS)
        end = HungUp(at_us, EndSource.EVENT, cause)
        return Made(settle(call, end, self._settings.site.currency, "bench").cdr, call)

    def _offer(self, attempt: Attempt, chain: tuple[Account, ...]) -> Offer | Denial:
        at_s = attempt.setup_at_us // MICROS
        route = Route(
            CallType(attempt.call_type), attempt.number, attempt.callee_endpoint, None,
            attempt.caller_number,
        )  # fmt: skip
        trunks = self._offers(route, attempt.endpoint)
        asked = Circumstances(at_s, RING_S, trunks, self._zone)
        return authorize(route, chain, self._plans(at_s // 3600), asked)

    def _refused(self, attempt: Attempt, reason: Reason) -> Made:
        blank = blank_cdr(attempt, self._settings.site.currency, Disposition.NOT_ALLOWED)
        return Made(replace(blank, reason=reason, ended_at_us=attempt.setup_at_us))

    def _plans(self, hour: int) -> Mapping[str, Plan]:
        """The plans of an hour: no plan of the example site begins within one."""
        if hour not in self._in_force:
            self._in_force = {hour: self._catalog.in_force(hour * 3600)}
        return self._in_force[hour]

    def _zone(self, name: str | None) -> ZoneInfo:
        return ZoneInfo(name) if name else self._settings.time_zone

    def _attempt(
        self, number: int, setup_us: int, chain: Sequence[Account], kind: CallType
    ) -> Attempt:
        user, chance = chain[0], self._chance
        incoming, public = kind is CallType.INCOMING, kind is CallType.PUBLIC
        far = self._far_number(user, public)
        called = far if public else did_of(user) if incoming else f"{chance.randrange(100, 999)}"
        endpoint = self._settings.routing.trunks[0].name if incoming else user.account_id
        caller = Leg(f"{setup_us // MICROS}.{2 * number}", f"PJSIP/{endpoint}-{number:08x}")
        return Attempt(
            call_id=f"{setup_us // 1000:012x}{number:010x}",
            pbx=self._settings.pbx,
            linkedid=caller.uniqueid,
            caller=caller,
            call_type=kind,
            endpoint=endpoint,
            dialled=f"00{called}" if public else called,
            number=called,
            account_id=user.account_id,
            organization_id=user.parent_id,
            setup_at_us=setup_us,
            direction="incoming" if incoming else "outgoing",
            caller_number=far if incoming else "",
            callee_endpoint=None if public else user.account_id,
        )


def did_of(user: Account) -> str:
    """The number of the public network that reaches a user."""
    return f"4420{int(user.account_id[1:]):08}"


@lru_cache(maxsize=100_000)
def id_of(rating: Rating) -> str:
    """The id of a rating, worked out once."""
    return rating_id(rating.canonical())
