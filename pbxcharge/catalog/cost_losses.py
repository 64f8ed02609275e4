"""Prices of a plan that are below what the carrier asks, at each prefix where either changes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any, Final, NamedTuple

from pbxcharge.catalog.cost_charges import Asked, Charged, Loss, asked, can_lose, charged, loss
from pbxcharge.catalog.cost_walk import Layer, has_numbers_of_its_own, outermost, walk
from pbxcharge.catalog.deck import HOUSE, Deck, DeckDefaults
from pbxcharge.core.dialling import Routing
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.price import Rate, RelativeTerms
from pbxcharge.core.tariff import DatedRate, Tariff

SHOWN_MAX: Final = 3

_NOBODY: Final = -1
"""The key of a price of a deck is below zero, that of any other one is not."""
_ANY_COST: Final = ("", 0)
_FIRST_DECK: Final = 5
"""Before it stand exceptions, rows, the plan's own deck, what is barred, and the trunks."""


class LostOn(NamedTuple):
    """Where a price is below its cost: from which prefix on, by which trunk and row of its deck."""

    loss: Loss
    prefix: str
    trunk: str
    deck: str
    place: int


@dataclass(slots=True)
class Losses:
    """What is lost by one price: on how many prefixes, and on which of them most."""

    prefixes: int = 0
    worst: list[LostOn] = field(default_factory=list)

    def add(self, lost: LostOn) -> None:
        """One more prefix."""
        self.prefixes += 1
        if len(self.worst) < SHOWN_MAX or lost.loss > self.worst[-1].loss:
            self.worst = nlargest(SHOWN_MAX, [*self.worst, lost])


@dataclass(frozen=True, slots=True)
class PricedBy:
    """What a price of a plan stands in: `rates`, `exceptions`, `deck` or `relative`.

    Of the first two also the prefix, and from which UTC second on it is in effect.
    """

    table: str
    prefix: str = ""
    from_s: int = 0


OWN_DECK: Final = PricedBy("deck")
OWN_TERMS: Final = PricedBy("relative")


@dataclass(frozen=True, slots=True)
class Buying:
    """By which trunks the site's calls go, and what their carriers ask.

    Args:
        routing: the trunks and routes.
        decks: the decks of the site that can be read.
        is_dialled: whether some number that can be dialled here begins with a prefix.
    """

    routing: Routing
    decks: Mapping[str, Deck]
    is_dialled: Callable[[str], bool]
    _asked: dict[tuple[str, int], Asked | None] = field(default_factory=dict)

    def asked(self, deck: Deck, place: int) -> Asked | None:
        """What the carrier of a deck asks for the calls that are compared, by one of its rows."""
        key = (deck.name, deck.terms_number(place))
        if key not in self._asked:
            self._asked[key] = asked(deck.rate("", place))
        return self._asked[key]


class _Selling(NamedTuple):
    """A price as it is looked up: a key for it, where it stands, and the terms, once wanted.

    `relative` is whether it follows from what the carrier asks.
    """

    key: int
    by: PricedBy
    relative: bool
    terms: Callable[[], Rate | RelativeTerms]


class _Bought(NamedTuple):
    """A trunk that may carry a call, its deck, and the place of that deck among the layers."""

    trunk: str
    deck: Deck
    layer: int


def losses(plan: Plan, call_type: CallType, buying: Buying, at_s: int) -> dict[PricedBy, Losses]:
    """The prices of a plan for public or incoming calls that are below cost at a UTC second.

    A price of 0 is meant to be free, and no loss. What a relative plan asks by its own terms is
    looked at where they can be below cost at all.
    """
    return _Comparison(plan, call_type, buying, at_s).losses()


class _Comparison:
    """One plan, one kind of call, one instant."""

    def __init__(self, plan: Plan, call_type: CallType, buying: Buying, at_s: int) -> None:
        self._public = call_type is CallType.PUBLIC
        self._buying, self._at_s = buying, at_s
        self._exceptions = rows_at(plan.exceptions.get(call_type), at_s)
        self._rows = rows_at(plan.tariffs.get(call_type), at_s)
        self._relative = can_lose(plan.relative.get(call_type))
        self._barred = dict.fromkeys(plan.barred.digits if self._public else (), True)
        self._own: Deck | None = None
        self._defaults = HOUSE
        if self._public and plan.deck is not None:
            self._own = buying.decks.get(plan.deck.name)
            self._defaults = DeckDefaults(*plan.deck.segments, *plan.deck.rounding)
            if self._is_bought_alone():
                # It sells for what it costs: only rows and exceptions can be below that.
                self._own = None
        self._selling: dict[int, _Selling] = {}
        self._charged: dict[tuple[int, str, int], tuple[Charged, ...]] = {}

    def losses(self) -> dict[PricedBy, Losses]:
        """What is lost by each price."""
        layers = self._layers()
        found: dict[PricedBy, Losses] = {}
        for prefix, taken in walk(self._dear(layers)):
            exception, row, own, barred, trunks = taken[:5]
            selling = None if barred or not trunks else self._sold(exception or row, own)
            if selling is not None:
                lost = self._worst(prefix, selling, trunks, taken)
                if lost is not None and len(taken) > _FIRST_DECK:
                    # What was left out of the walk may be nearer than what it went by.
                    exact = [*taken[:_FIRST_DECK], *_longest(prefix, layers[_FIRST_DECK:])]
                    lost = self._worst(prefix, selling, trunks, exact)
                if lost is not None and self._counts(prefix, layers):
                    found.setdefault(selling.by, Losses()).add(lost)
        return found

    def _layers(self) -> list[Layer]:
        """Exceptions, rows, own deck, what is barred, trunks; then each trunk's deck."""
        layers: list[Layer] = [self._exceptions, self._rows]
        layers += [self._around(self._own) if self._own else {}, self._barred]
        names = self._deck_names()
        decks = [self._buying.decks[name] for name in names]
        at = {name: len(layers) + 1 + place for place, name in enumerate(names)}
        trunks = {
            prefix: tuple(_Bought(trunk, self._buying.decks[name], at[name]) for trunk, name in way)
            for prefix, way in self._ways().items()
        }
        return [*layers, trunks, *map(self._around, decks)]

    def _dear(self, layers: list[Layer]) -> list[Layer]:
        """The layers without those rows of the trunks' decks that are below every price.

        Of 500,000 rows that is nearly all. Rows at which a price begins are kept, too.
        """
        lowest = None if self._own or self._relative else self._lowest()
        if lowest is None:
            return layers
        kept = {
            prefix[:end]
            for layer in (layers[0], layers[1], layers[_FIRST_DECK - 1])
            for prefix in layer
            for end in range(len(prefix) + 1)
        }
        decks: list[Layer] = []
        for name, rows in zip(self._deck_names(), layers[_FIRST_DECK:], strict=True):
            deck, dear = self._buying.decks[name], set[int]()
            for number, place in {deck.terms_number(it): it for it in rows.values()}.items():
                costs = self._buying.asked(deck, place) or ()
                if any(cost > low for cost, low in zip(costs, lowest, strict=False)):
                    dear.add(number)
            of = deck.terms_number
            decks.append({it: at for it, at in rows.items() if of(at) in dear or it in kept})
        return [*layers[:_FIRST_DECK], *decks]

    def _lowest(self) -> Asked | None:
        """The lowest price of all for each of the calls; None if some follow from the cost."""
        terms = [row.rate for row in (*self._exceptions.values(), *self._rows.values())]
        rates = [rate for rate in terms if isinstance(rate, Rate)]
        if len(rates) < len(terms):
            return None
        prices = [price for rate in rates for price in charged(rate, lambda: rate)]  # noqa: B023
        micros = zip(*(price.micros for price in prices), strict=True)
        return tuple(min((each for each in talk if each), default=0) for talk in micros)

    def _is_bought_alone(self) -> bool:
        own = self._own.name if self._own else ""
        return self._deck_names() == [own] and self._defaults == HOUSE

    def _deck_names(self) -> list[str]:
        """The decks of the trunks by which calls may go."""
        return sorted({name for ways in self._ways().values() for _, name in ways})

    def _ways(self) -> dict[str, list[tuple[str, str]]]:
        """By prefix, the trunks with a deck that may carry a call, each with its deck's name."""
        routing = self._buying.routing
        if not self._public:
            return {"": self._with_decks(trunk.name for trunk in routing.trunks)}
        return {
            prefix: self._with_decks(way.trunk for way in routing.ways(prefix))
            for prefix in ("", *routing.routes)
        }

    def _with_decks(self, trunks: Iterator[str]) -> list[tuple[str, str]]:
        named = [(trunk, self._buying.routing.deck(trunk)) for trunk in trunks]
        return [(trunk, deck) for trunk, deck in named if deck in self._buying.decks]

    def _around(self, deck: Deck) -> dict[str, int]:
        """The rows of a deck that prices of the plan may have to do with."""
        if self._public and (self._own or self._relative):
            rows = deck.around("", self._at_s).items()
            return {prefix: place for prefix, place in rows if prefix.isdigit()}
        found: dict[str, int] = {}
        for prefix in outermost((*self._exceptions, *self._rows)):
            found |= deck.around(prefix, self._at_s)
        return found

    def _sold(self, row: DatedRate | None, own: int | None) -> _Selling | None:
        """What a number is sold by: an exception or a row, else the deck, else the margin."""
        if row is not None:
            return self._known(id(row), lambda: _selling_row(row, self._exceptions))
        if own is not None and self._own is not None:
            deck, place = self._own, own
            key = _NOBODY - deck.terms_number(place)
            terms = lambda: deck.rate("", place, self._defaults)  # noqa: E731
            return self._known(key, lambda: _Selling(key, OWN_DECK, False, terms))
        margin = self._relative
        if margin is None:
            return None
        return self._known(id(margin), lambda: _of_margin(margin))

    def _known(self, key: int, selling: Callable[[], _Selling]) -> _Selling:
        known = self._selling.get(key)
        if known is None:
            known = self._selling[key] = selling()
        return known

    def _worst(
        self, prefix: str, selling: _Selling, trunks: tuple[_Bought, ...], taken: list[Any]
    ) -> LostOn | None:
        found: LostOn | None = None
        for trunk, deck, layer in trunks:
            place = taken[layer]
            loss = None if place is None else self._judge(selling, deck, place)
            if loss is not None and (found is None or loss > found.loss):
                found = LostOn(loss, prefix, trunk, deck.name, place)
        return found

    def _judge(self, selling: _Selling, deck: Deck, place: int) -> Loss | None:
        """A price against a cost; each is worked out once, however many prefixes have it."""
        cost = self._buying.asked(deck, place)
        if cost is None:
            return None
        # Only what is relative is another price for each cost.
        bought = (deck.name, deck.terms_number(place)) if selling.relative else _ANY_COST
        prices = self._charged.get((selling.key, *bought))
        if prices is None:
            prices = charged(selling.terms(), lambda: deck.rate("", place))
            self._charged[selling.key, *bought] = prices
        return loss(prices, cost)

    def _counts(self, prefix: str, layers: list[Layer]) -> bool:
        """Whether there are numbers that are dialled, and have no longer prefix."""
        if not has_numbers_of_its_own(prefix, layers):
            return False
        return not self._public or self._buying.is_dialled(prefix)


def _selling_row(row: DatedRate, exceptions: Mapping[str, DatedRate]) -> _Selling:
    prefix = row.rate.prefix
    table = "exceptions" if exceptions.get(prefix) is row else "rates"
    relative = isinstance(row.rate, RelativeTerms)
    return _Selling(id(row), PricedBy(table, prefix, row.from_s), relative, lambda: row.rate)


def rows_at(tariff: Tariff | None, at_s: int) -> dict[str, DatedRate]:
    """The rows of a tariff that are in effect, by prefix."""
    if tariff is None:
        return {}
    rows = (*map(DatedRate, tariff.rates), *tariff.dated)
    return {row.rate.prefix: row for row in rows if row.holds(at_s)}


def _of_margin(margin: RelativeTerms) -> _Selling:
    return _Selling(id(margin), OWN_TERMS, True, lambda: margin)


def _longest(prefix: str, layers: list[Layer]) -> Iterator[int | None]:
    """What a number behind a prefix takes of each layer."""
    for layer in layers:
        ends = range(len(prefix), 0, -1)
        yield next((layer[prefix[:end]] for end in ends if prefix[:end] in layer), None)
